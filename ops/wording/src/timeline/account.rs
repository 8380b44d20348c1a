//! Accounts, sign-ins, invitations and tokens, told.

use domain::{
    access::AuthMethod,
    actor::{Actor, Names},
    id::{AccountId, TokenId},
    journal::AccountEvent,
};

use super::told::{Told, told};

/// Tells what happened to an account.
pub(super) fn tell(event: AccountEvent<'_>, actor: Actor, names: &Names) -> Told {
    let who = names.of(actor);
    let account = |id: &AccountId| names.of(Actor::Account(*id));
    // Its name begins a sentence elsewhere.
    let program =
        |id: &TokenId| names.of(Actor::Token(*id)).replacen("The program", "the program", 1);
    told(match event {
        AccountEvent::OwnerLinkMade => "A link for an owner was made on this machine.".into(),
        AccountEvent::AccountCreated { account: id, role, .. } => {
            format!("{} joined as {role}.", account(id))
        }
        AccountEvent::RoleChanged { account: id, role } => {
            format!("{who} made {} {}.", account(id), role.one())
        }
        AccountEvent::AccountClosed { account: id, closed: true } => {
            format!("{who} closed the account of {}.", account(id))
        }
        AccountEvent::AccountClosed { account: id, closed: false } => {
            format!("{who} opened the account of {} again.", account(id))
        }
        AccountEvent::SignedIn { account: id, by, unfamiliar, .. } => {
            let how = match by {
                AuthMethod::Password => "a password",
                AuthMethod::Passkey => "a passkey",
            };
            let new =
                if *unfamiliar { ", from a place and in a browser that were new" } else { "" };
            format!("{} signed in with {how}{new}.", account(id))
        }
        AccountEvent::SignedOut { account: id, .. } => {
            format!("A sign-in of {} was ended.", account(id))
        }
        AccountEvent::PasswordSet { account: id } => format!("{} set a password.", account(id)),
        AccountEvent::PasskeyAdded { account: id, .. } => {
            format!("{} added a passkey.", account(id))
        }
        AccountEvent::PasskeyRemoved { account: id, .. } => {
            format!("{} removed a passkey.", account(id))
        }
        AccountEvent::Invited { role, .. } => format!("{who} invited someone as {role}."),
        AccountEvent::InvitationWithdrawn { .. } => format!("{who} took an invitation back."),
        AccountEvent::TokenCreated { token, scopes, .. } => {
            let scopes: Vec<&str> = scopes.iter().map(|scope| scope.as_str()).collect();
            format!("{who} made a token for {} ({}).", program(token), scopes.join(", "))
        }
        AccountEvent::TokenRevoked { token } => {
            format!("{who} ended the token of {}.", program(token))
        }
    })
}
