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
        AccountEvent::OwnerLinkMade => {
            "A sign-up link for an owner was created on this machine.".into()
        }
        AccountEvent::AccountCreated { account: id, role, .. } => {
            format!("{} joined as {role}.", account(id))
        }
        AccountEvent::RoleChanged { account: id, role } => {
            format!("{who} made {} {}.", account(id), role.one())
        }
        AccountEvent::AccountClosed { account: id, closed: true } => {
            format!("{who} deactivated the account of {}.", account(id))
        }
        AccountEvent::AccountClosed { account: id, closed: false } => {
            format!("{who} reactivated the account of {}.", account(id))
        }
        AccountEvent::SignedIn { account: id, by, unfamiliar, .. } => {
            let how = match by {
                AuthMethod::Password => "a password",
                AuthMethod::Passkey => "a passkey",
            };
            let new = if *unfamiliar { ", from a new place and a new browser" } else { "" };
            format!("{} signed in with {how}{new}.", account(id))
        }
        AccountEvent::SignedOut { account: id, .. } => {
            format!("{} was signed out on one device.", account(id))
        }
        AccountEvent::PasswordSet { account: id } => format!("{} set a password.", account(id)),
        AccountEvent::PasskeyAdded { account: id, .. } => {
            format!("{} added a passkey.", account(id))
        }
        AccountEvent::PasskeyRemoved { account: id, .. } => {
            format!("{} removed a passkey.", account(id))
        }
        AccountEvent::Invited { role, .. } => format!("{who} invited someone as {role}."),
        AccountEvent::InvitationWithdrawn { .. } => format!("{who} withdrew an invitation."),
        AccountEvent::TokenCreated { token, scopes, .. } => {
            let scopes: Vec<&str> = scopes.iter().map(|scope| scope.as_str()).collect();
            format!("{who} created a token for {} ({}).", program(token), scopes.join(", "))
        }
        AccountEvent::TokenRevoked { token } => {
            format!("{who} revoked the token of {}.", program(token))
        }
    })
}
