//! Whatever people do, in whatever order: some things about them always hold.

use std::collections::BTreeSet;

use domain::{
    access::{AuthMethod, Foothold, Principal, Scope},
    authorization::authorize,
    error::Error,
    id::{InvitationId, PasskeyId, SessionId, TokenId},
    journal::Event,
};
use proptest::prelude::*;

use super::*;
use crate::account_change::{
    AccountChange, AddPasskey, CreateToken, EndSession, Invite, Join, MakeOwnerLink, RemovePasskey,
    RevokeToken, SetClosed, SetPassword, SetRole, SignIn, WithdrawInvitation,
};

/// The caller: an account by its place, with the role that it has, or one that it may have had when
/// the request came in.
#[derive(Clone, Debug)]
struct Asks {
    account: u32,
    had: Option<Role>,
    session: u32,
}

fn roles() -> impl Strategy<Value = Role> {
    prop::sample::select(Role::ALL.to_vec())
}

fn secrets() -> impl Strategy<Value = SecretHash> {
    (1..12_u8).prop_map(hash)
}

fn changes() -> impl Strategy<Value = AccountChange> {
    let ids = || 1..6_u32;
    prop_oneof![
        1 => secrets().prop_map(|hash| AccountChange::MakeOwnerLink(MakeOwnerLink { hash })),
        6 => (secrets(), "[aAbB ]{0,3}").prop_map(|(hash, name)| AccountChange::Join(Join { hash, name, password: password() })),
        4 => (roles(), secrets()).prop_map(|(role, hash)| AccountChange::Invite(Invite { role, hash })),
        1 => ids().prop_map(|id| AccountChange::WithdrawInvitation(WithdrawInvitation { invitation: InvitationId(id) })),
        4 => (ids(), roles()).prop_map(|(id, role)| AccountChange::SetRole(SetRole { account: AccountId(id), role })),
        4 => (ids(), any::<bool>()).prop_map(|(id, closed)| AccountChange::SetClosed(SetClosed { account: AccountId(id), closed })),
        6 => (ids(), secrets()).prop_map(|(id, hash)| AccountChange::SignIn(SignIn {
            account: AccountId(id),
            by: AuthMethod::Password,
            hash,
            agent: String::new(),
            address: String::new(),
            used: None,
            instead_of: None,
            unfamiliar: false,
        })),
        2 => ids().prop_map(|id| AccountChange::EndSession(EndSession { session: SessionId(id) })),
        1 => prop::sample::subsequence(Foothold::ALL.to_vec(), 0..=3).prop_map(|end| {
            let end = end.into_iter().collect();
            AccountChange::SetPassword(SetPassword { password: password(), end })
        }),
        2 => (0..4_u8).prop_map(|id| AccountChange::AddPasskey(AddPasskey { label: "key".into(), credential: vec![id], key: vec![], state: vec![] })),
        1 => ids().prop_map(|id| AccountChange::RemovePasskey(RemovePasskey { passkey: PasskeyId(id) })),
        1 => secrets().prop_map(|hash| AccountChange::CreateToken(CreateToken { label: "t".into(), scopes: [Scope::Read].into(), until: None, hash })),
        1 => ids().prop_map(|id| AccountChange::RevokeToken(RevokeToken { token: TokenId(id) })),
    ]
}

fn asks() -> impl Strategy<Value = Asks> {
    (1..6_u32, prop::option::weighted(0.2, roles()), 1..8_u32)
        .prop_map(|(account, had, session)| Asks { account, had, session })
}

impl House {
    /// As the service does it: what a change needs is asked for first.
    fn ask(&mut self, asks: &Asks, change: AccountChange) -> Result<Vec<Event>, Error> {
        let need = change.permission();
        let id = AccountId(asks.account);
        let role = asks
            .had
            .or_else(|| self.roster.account(id).map(|account| account.role))
            .unwrap_or(Role::Viewer);
        let person = Principal::Account {
            id,
            role,
            session: SessionId(asks.session),
            recently_authenticated: true,
        };
        let caller =
            if authorize(&Principal::System, need).is_ok() { Principal::System } else { person };
        authorize(&caller, need)?;
        self.change(&caller, change)
    }

    fn check(&self) {
        let Accounts { accounts, passkeys, sessions, tokens, .. } = &self.roster;
        assert!(self.roster.has_owner(), "the last owner is gone: {accounts:?}");
        let names: BTreeSet<_> = accounts.iter().map(|one| folded(&one.name)).collect();
        assert_eq!(names.len(), accounts.len(), "two are called the same: {accounts:?}");
        for account in accounts {
            let open = sessions
                .iter()
                .filter(|one| one.account == account.id && one.ended_at.is_none())
                .count();
            assert!(
                open <= MOST_SESSIONS && (open == 0 || account.closed_at.is_none()),
                "{account:?} has {open} sign-ins"
            );
        }
        let credentials: BTreeSet<_> = passkeys.iter().map(|one| &one.credential).collect();
        assert_eq!(credentials.len(), passkeys.len(), "a passkey has two owners");
        assert!(passkeys.len() <= MOST_PASSKEYS * accounts.len() && tokens.len() <= MOST_TOKENS);
    }
}

proptest! {
    #[test]
    fn there_is_always_an_owner_and_nobody_who_is_gone_is_signed_in(all in prop::collection::vec((asks(), changes()), 1..120)) {
        let mut house = House::new();
        for (asks, change) in all {
            house.now += 60;
            // A refusal is as good as an answer: what counts is what is left.
            let _ = house.ask(&asks, change);
            house.check();
        }
    }

    #[test]
    fn whoever_was_closed_signed_out_or_demoted_changes_nothing_any_more(change in changes(), how in 0..3_u8) {
        let mut house = House::new();
        let owner = person(1, Role::Owner);
        house.change(&owner, AccountChange::SetRole(SetRole { account: AccountId(2), role: Role::Owner })).unwrap();
        house.sign_in(2, 50).unwrap();
        let session = SessionId(house.open()[0]);
        let gone = Principal::Account { id: AccountId(2), role: Role::Owner, session, recently_authenticated: true };
        match how {
            0 => house.change(&owner, AccountChange::SetClosed(SetClosed { account: AccountId(2), closed: true })),
            1 => house.change(&owner, AccountChange::EndSession(EndSession { session })),
            _ => house.change(&owner, AccountChange::SetRole(SetRole { account: AccountId(2), role: Role::Approver })),
        }.unwrap();
        let before = house.roster.clone();
        prop_assert!(house.change(&gone, change).is_err());
        prop_assert_eq!(before, house.roster);
    }
}
