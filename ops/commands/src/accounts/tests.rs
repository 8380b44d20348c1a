use std::collections::BTreeSet;

use domain::{
    access::{AuthMethod, Principal, Scope},
    error::{Error, FieldReason},
    id::{PasskeyId, SessionId, TokenId},
    journal::Event,
};

use super::*;
use crate::account_change::{
    AccountChange, AddPasskey, CreateToken, EndSession, Invite, Join, MakeOwnerLink, RemovePasskey,
    RevokeToken, SetClosed, SetPassword, SetRole, SignIn, WithdrawInvitation,
};

mod properties;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_secs(seconds)
}

fn hash(byte: u8) -> SecretHash {
    SecretHash([byte; 32])
}

fn password() -> PasswordHash {
    PasswordHash("$argon2id$x".into())
}

fn person(id: u32, role: Role) -> Principal {
    Principal::Account {
        id: AccountId(id),
        role,
        session: SessionId(1),
        recently_authenticated: true,
    }
}

fn put<T, K: Ord>(all: &mut Vec<T>, one: T, key: impl Fn(&T) -> K) {
    all.retain(|old| key(old) != key(&one));
    all.push(one);
    all.sort_by_key(key);
}

/// A roster on which changes are carried out, as the store does.
struct House {
    roster: Accounts,
    now: i64,
}

impl House {
    #[expect(
        clippy::needless_pass_by_value,
        reason = "a test writes its change where it asks for it"
    )]
    fn change(&mut self, caller: &Principal, change: AccountChange) -> Result<Vec<Event>, Error> {
        let outcome = decide(&self.roster, caller, &change, at(self.now))?;
        for row in outcome.rows {
            match row {
                Row::Account(one) => put(&mut self.roster.accounts, one, |one| one.id),
                Row::Passkey(one) => put(&mut self.roster.passkeys, one, |one| one.id),
                Row::NoSession(id) => self.roster.sessions.retain(|one| one.id != id),
                Row::NoPasskey(id) => self.roster.passkeys.retain(|one| one.id != id),
                Row::Session(one) => put(&mut self.roster.sessions, one, |one| one.id),
                Row::Invitation(one) => put(&mut self.roster.invitations, one, |one| one.id),
                Row::Token(one) => put(&mut self.roster.tokens, one, |one| one.id),
            }
        }
        Ok(outcome.events)
    }

    fn sign_in(&mut self, account: u32, secret: u8) -> Result<Vec<Event>, Error> {
        let (agent, address) = ("Firefox".to_owned(), "127.0.0.1".to_owned());
        let change = AccountChange::SignIn(SignIn {
            account: AccountId(account),
            by: AuthMethod::Password,
            hash: hash(secret),
            agent,
            address,
            used: None,
            instead_of: None,
            unfamiliar: false,
        });
        self.change(&Principal::System, change)
    }

    /// With an owner and a viewer.
    fn new() -> Self {
        let mut house = Self { roster: Accounts::default(), now: 100 };
        house
            .change(
                &Principal::System,
                AccountChange::MakeOwnerLink(MakeOwnerLink { hash: hash(1) }),
            )
            .unwrap();
        house.join(1, "Owner").unwrap();
        house
            .change(
                &person(1, Role::Owner),
                AccountChange::Invite(Invite { role: Role::Viewer, hash: hash(2) }),
            )
            .unwrap();
        house.join(2, "Viewer").unwrap();
        house
    }

    fn join(&mut self, secret: u8, name: &str) -> Result<Vec<Event>, Error> {
        self.change(
            &Principal::System,
            AccountChange::Join(Join {
                hash: hash(secret),
                name: name.to_owned(),
                password: password(),
            }),
        )
    }

    fn open(&self) -> Vec<u32> {
        self.roster
            .sessions
            .iter()
            .filter(|one| one.ended_at.is_none())
            .map(|one| one.id.0)
            .collect()
    }
}

#[test]
fn an_invitation_is_used_once_and_ends() {
    let mut house = House::new();
    assert_eq!(
        house.roster.accounts.iter().map(|one| one.role).collect::<Vec<_>>(),
        [Role::Owner, Role::Viewer]
    );
    assert!(matches!(house.join(1, "Second"), Err(Error::NotFound(_))), "used");
    let owner = person(1, Role::Owner);
    house
        .change(&owner, AccountChange::Invite(Invite { role: Role::Approver, hash: hash(3) }))
        .unwrap();
    house.now += 15 * 24 * 3600;
    assert!(matches!(house.join(3, "Late"), Err(Error::NotFound(_))), "over");
    house
        .change(&owner, AccountChange::Invite(Invite { role: Role::Approver, hash: hash(4) }))
        .unwrap();
    let id = house.roster.invitations.last().unwrap().id;
    house
        .change(&owner, AccountChange::WithdrawInvitation(WithdrawInvitation { invitation: id }))
        .unwrap();
    assert!(matches!(house.join(4, "Nobody"), Err(Error::NotFound(_))), "taken back");
}

#[test]
fn sign_ins_that_are_long_over_leave_and_no_number_is_used_twice() {
    let mut house = House::new();
    for secret in [11, 12, 13] {
        house.sign_in(1, secret).unwrap();
    }
    house
        .change(
            &Principal::Account {
                id: AccountId(1),
                role: Role::Owner,
                session: SessionId(1),
                recently_authenticated: true,
            },
            AccountChange::EndSession(EndSession { session: SessionId(3) }),
        )
        .unwrap();
    house.now += 59 * 24 * 3600;
    house.sign_in(1, 14).unwrap();
    assert_eq!(house.roster.sessions.len(), 4);
    house.now += 2 * 24 * 3600;
    house.sign_in(1, 15).unwrap();
    assert_eq!(house.roster.sessions.iter().map(|one| one.id.0).collect::<Vec<_>>(), [4, 5]);
}

#[test]
fn a_new_owner_link_ends_the_one_before() {
    let mut house = House { roster: Accounts::default(), now: 0 };
    house
        .change(&Principal::System, AccountChange::MakeOwnerLink(MakeOwnerLink { hash: hash(1) }))
        .unwrap();
    house
        .change(&Principal::System, AccountChange::MakeOwnerLink(MakeOwnerLink { hash: hash(2) }))
        .unwrap();
    assert!(house.join(1, "One").is_err());
    house.join(2, "Two").unwrap();
    assert!(house.roster.has_owner());
}

#[test]
fn names_are_checked_and_no_two_look_alike() {
    let mut house = House::new();
    house
        .change(
            &person(1, Role::Owner),
            AccountChange::Invite(Invite { role: Role::Viewer, hash: hash(9) }),
        )
        .unwrap();
    for name in ["", "  ", "OWNER", " owner ", "a\u{202e}b", "a\u{7}", &"x".repeat(61)] {
        assert!(matches!(house.join(9, name), Err(Error::InvalidField { .. })), "{name:?}");
    }
    house.join(9, "  Zoë   Example ").unwrap();
    for typed in ["zoë example", " Zoë   Example", "Zoë\u{a0}Example"] {
        assert_eq!(
            house.roster.named(typed).map(|one| one.name.as_str()),
            Some("Zoë Example"),
            "{typed:?}"
        );
    }
}

#[test]
fn the_last_owner_stays() {
    let mut house = House::new();
    let owner = person(1, Role::Owner);
    assert!(
        house
            .change(
                &owner,
                AccountChange::SetRole(SetRole { account: AccountId(1), role: Role::Viewer })
            )
            .is_err()
    );
    assert!(
        house
            .change(
                &owner,
                AccountChange::SetClosed(SetClosed { account: AccountId(1), closed: true })
            )
            .is_err()
    );
    house
        .change(
            &owner,
            AccountChange::SetRole(SetRole { account: AccountId(2), role: Role::Owner }),
        )
        .unwrap();
    house
        .change(&owner, AccountChange::SetClosed(SetClosed { account: AccountId(1), closed: true }))
        .unwrap();
    assert!(house.roster.named("Owner").is_none(), "who is gone does not sign in");
    assert!(house.sign_in(1, 7).is_err());
    let other = person(2, Role::Owner);
    assert!(
        house
            .change(
                &other,
                AccountChange::SetRole(SetRole { account: AccountId(2), role: Role::Viewer })
            )
            .is_err()
    );
    house
        .change(
            &other,
            AccountChange::SetClosed(SetClosed { account: AccountId(1), closed: false }),
        )
        .unwrap();
    house.sign_in(1, 7).unwrap();
}

#[test]
fn a_new_password_ends_what_else_is_named() {
    use domain::access::Foothold::{self, Contacts, Passkeys, Tokens};
    // How many passkeys, invitations that wait and tokens of one's own are left, and whether the
    // contacts end.
    let left = |end: &[Foothold]| {
        let mut house = House::new();
        let (one, other) = (person(1, Role::Owner), person(2, Role::Owner));
        let to_owner = SetRole { account: AccountId(2), role: Role::Owner };
        house.change(&one, AccountChange::SetRole(to_owner)).unwrap();
        for (who, byte) in [(&one, 40), (&other, 50)] {
            let (label, key) = ("x".to_owned(), vec![byte]);
            let passkey = AddPasskey {
                label: label.clone(),
                credential: key.clone(),
                key: key.clone(),
                state: key,
            };
            house.change(who, AccountChange::AddPasskey(passkey)).unwrap();
            let invite = Invite { role: Role::Viewer, hash: hash(byte) };
            house.change(who, AccountChange::Invite(invite)).unwrap();
            let (scopes, hash) = ([Scope::Read].into(), hash(byte + 1));
            let token = CreateToken { label, scopes, until: None, hash };
            house.change(who, AccountChange::CreateToken(token)).unwrap();
        }
        let set = SetPassword { password: password(), end: end.iter().copied().collect() };
        let outcome =
            decide(&house.roster, &one, &AccountChange::SetPassword(set.clone()), at(house.now));
        let contacts = outcome.unwrap().contacts_of;
        house.change(&one, AccountChange::SetPassword(set)).unwrap();
        let roster = &house.roster;
        let count = |own: u32| {
            let by = Some(AccountId(own));
            let open = |ended: Option<Timestamp>, made_by| ended.is_none() && made_by == by;
            (
                roster.passkeys.iter().filter(|one| Some(one.account) == by).count(),
                roster.invitations.iter().filter(|one| open(one.ended_at, one.made_by)).count(),
                roster.tokens.iter().filter(|one| open(one.ended_at, one.made_by)).count(),
            )
        };
        assert_eq!(count(2), (1, 1, 1), "nothing of others ends");
        (count(1), contacts)
    };
    let own = Some(AccountId(1));
    assert_eq!(left(&[]), ((1, 1, 1), None));
    assert_eq!(left(&[Passkeys]), ((0, 1, 1), None));
    assert_eq!(left(&[Tokens]), ((1, 0, 0), None));
    assert_eq!(left(&[Contacts]), ((1, 1, 1), own));
    assert_eq!(left(&[Passkeys, Contacts, Tokens]), ((0, 0, 0), own));
}

#[test]
fn closing_an_account_or_setting_a_password_ends_its_sign_ins() {
    let mut house = House::new();
    for secret in 10..13 {
        house.sign_in(2, secret).unwrap();
    }
    assert_eq!(house.open(), [1, 2, 3]);
    let this = Principal::Account {
        id: AccountId(2),
        role: Role::Viewer,
        session: SessionId(2),
        recently_authenticated: true,
    };
    house
        .change(
            &this,
            AccountChange::SetPassword(SetPassword { password: password(), end: BTreeSet::new() }),
        )
        .unwrap();
    assert_eq!(house.open(), [2], "the one that set it stays");
    house
        .change(
            &person(1, Role::Owner),
            AccountChange::SetClosed(SetClosed { account: AccountId(2), closed: true }),
        )
        .unwrap();
    assert!(house.open().is_empty());
}

#[test]
fn only_the_owner_ends_the_sign_ins_of_others() {
    let mut house = House::new();
    house.sign_in(1, 20).unwrap();
    house.sign_in(2, 21).unwrap();
    let end = |id| AccountChange::EndSession(EndSession { session: SessionId(id) });
    assert!(matches!(house.change(&person(2, Role::Viewer), end(1)), Err(Error::NotFound(_))));
    house.change(&person(2, Role::Viewer), end(2)).unwrap();
    assert!(house.change(&person(2, Role::Viewer), end(2)).is_err(), "ended already");
    house.sign_in(2, 22).unwrap();
    house.change(&person(1, Role::Owner), end(3)).unwrap();
}

#[test]
fn the_oldest_sign_in_ends_when_there_are_too_many() {
    let mut house = House::new();
    for secret in 0..=u8::try_from(MOST_SESSIONS).unwrap() {
        house.now += 1;
        house.sign_in(1, secret).unwrap();
    }
    assert_eq!((house.open().len(), house.open()[0]), (MOST_SESSIONS, 2));
}

#[test]
fn a_sign_in_takes_the_place_of_the_one_that_the_browser_had() {
    let mut house = House::new();
    for (account, secret) in [(1, 20), (1, 21), (2, 22)] {
        house.sign_in(account, secret).unwrap();
    }
    let again = |account, secret, instead_of| {
        AccountChange::SignIn(SignIn {
            account: AccountId(account),
            by: AuthMethod::Password,
            hash: hash(secret),
            agent: String::new(),
            address: String::new(),
            used: None,
            instead_of,
            unfamiliar: false,
        })
    };
    let events = house.change(&Principal::System, again(1, 23, Some(hash(20)))).unwrap();
    assert_eq!(events[0], Event::SignedOut { account: AccountId(1), session: SessionId(1) });
    assert_eq!(house.open(), [2, 3, 4]);
    house.change(&Principal::System, again(1, 24, Some(hash(22)))).unwrap();
    assert_eq!(house.open(), [2, 4, 5], "also someone else's, which the browser forgets");
    house.change(&Principal::System, again(1, 25, Some(hash(99)))).unwrap();
    assert_eq!(house.open(), [2, 4, 5, 6], "one that is not known changes nothing");
}

#[test]
fn a_sign_in_is_open_until_it_is_ended_too_old_or_unused() {
    let mut house = House::new();
    house.sign_in(1, 20).unwrap();
    let session = house.roster.sessions[0].clone();
    let day = 24 * 3600;
    let seen = session.seen_at;
    assert!(
        session.is_open(seen, at(100 + 14 * day)) && !session.is_open(seen, at(101 + 14 * day))
    );
    let used = at(100 + 30 * day);
    assert!(session.is_open(used, used) && !session.is_open(used, at(101 + 30 * day)));
    assert!(!Session { ended_at: Some(at(101)), ..session }.is_open(seen, at(102)));
}

#[test]
fn links_end_with_whoever_may_not_share_any_more() {
    let (account, other) = (AccountId(7), AccountId(8));
    for (event, ends) in [
        (Event::AccountClosed { account, closed: true }, Some(account)),
        (Event::AccountClosed { account, closed: false }, None),
        (Event::RoleChanged { account: other, role: Role::Viewer }, Some(other)),
        (Event::RoleChanged { account: other, role: Role::Responder }, None),
        (Event::PasswordSet { account }, None),
    ] {
        assert_eq!(ends_links_of(&event), ends, "{event:?}");
    }
}

#[test]
fn tokens_have_scopes_an_end_and_a_bound() {
    let mut house = House::new();
    let owner = person(1, Role::Owner);
    let token = |scopes: &[Scope], until| {
        let scopes = scopes.iter().copied().collect();
        AccountChange::CreateToken(CreateToken {
            label: "imports".into(),
            scopes,
            until,
            hash: hash(5),
        })
    };
    assert!(house.change(&owner, token(&[], None)).is_err());
    assert!(
        house.change(&owner, token(&[Scope::Read], Some(at(50)))).is_err(),
        "it would be over already"
    );
    for _ in 0..MOST_TOKENS {
        house.change(&owner, token(&[Scope::Ingest], None)).unwrap();
    }
    assert!(matches!(house.change(&owner, token(&[Scope::Ingest], None)), Err(Error::Conflict(_))));
    house.change(&owner, AccountChange::RevokeToken(RevokeToken { token: TokenId(1) })).unwrap();
    assert!(
        house
            .change(&owner, AccountChange::RevokeToken(RevokeToken { token: TokenId(1) }))
            .is_err()
    );
    house.change(&owner, token(&[Scope::Ingest], None)).unwrap();
}

#[test]
fn an_owner_who_leaves_leaves_no_way_in_behind() {
    for change in [
        AccountChange::SetClosed(SetClosed { account: AccountId(2), closed: true }),
        AccountChange::SetRole(SetRole { account: AccountId(2), role: Role::Responder }),
    ] {
        let mut house = House::new();
        let (owner, leaving) = (person(1, Role::Owner), person(2, Role::Owner));
        house
            .change(
                &owner,
                AccountChange::SetRole(SetRole { account: AccountId(2), role: Role::Owner }),
            )
            .unwrap();
        for (who, invitation, token) in [(&owner, 3, 5), (&leaving, 4, 6)] {
            house
                .change(
                    who,
                    AccountChange::Invite(Invite { role: Role::Owner, hash: hash(invitation) }),
                )
                .unwrap();
            let scopes: BTreeSet<Scope> = [Scope::Respond].into();
            house
                .change(
                    who,
                    AccountChange::CreateToken(CreateToken {
                        label: "x".into(),
                        scopes,
                        until: None,
                        hash: hash(token),
                    }),
                )
                .unwrap();
        }
        house.change(&owner, change).unwrap();
        assert!(matches!(house.join(4, "Back again"), Err(Error::NotFound(_))));
        let valid: Vec<u32> = house
            .roster
            .tokens
            .iter()
            .filter(|one| one.ended_at.is_none())
            .map(|one| one.id.0)
            .collect();
        assert_eq!(valid, [1], "what the other owner made stays");
        house.join(3, "Invited by the other").unwrap();
    }
}

#[test]
fn it_is_known_since_when_someone_has_their_role_and_their_password() {
    let mut house = House::new();
    let since = |house: &House| house.roster.account(AccountId(2)).unwrap().role_since();
    assert_eq!(since(&house), house.roster.account(AccountId(2)).unwrap().created_at);
    let owner = person(1, Role::Owner);
    for change in [
        AccountChange::SetRole(SetRole { account: AccountId(2), role: Role::Approver }),
        AccountChange::SetClosed(SetClosed { account: AccountId(2), closed: true }),
        AccountChange::SetClosed(SetClosed { account: AccountId(2), closed: false }),
    ] {
        house.now += 100;
        let closes = matches!(change, AccountChange::SetClosed(SetClosed { closed: true, .. }));
        house.change(&owner, change).unwrap();
        assert_eq!(since(&house), at(house.now - if closes { 100 } else { 0 }));
    }
    house.now += 100;
    house
        .change(
            &person(2, Role::Approver),
            AccountChange::SetPassword(SetPassword { password: password(), end: BTreeSet::new() }),
        )
        .unwrap();
    assert_eq!(house.roster.account(AccountId(2)).unwrap().password_since, Some(at(house.now)));
}

#[test]
fn passkeys_are_ones_own() {
    let mut house = House::new();
    let add = |credential: u8| {
        AccountChange::AddPasskey(AddPasskey {
            label: "phone".into(),
            credential: vec![credential],
            key: vec![1],
            state: vec![2],
        })
    };
    house.change(&person(1, Role::Owner), add(1)).unwrap();
    assert!(
        matches!(house.change(&person(2, Role::Viewer), add(1)), Err(Error::Conflict(_))),
        "a credential is one person's"
    );
    assert!(
        house
            .change(
                &person(2, Role::Viewer),
                AccountChange::RemovePasskey(RemovePasskey { passkey: PasskeyId(1) })
            )
            .is_err()
    );
    let sign_in = |account| {
        AccountChange::SignIn(SignIn {
            account: AccountId(account),
            by: AuthMethod::Passkey,
            hash: hash(3),
            agent: String::new(),
            address: String::new(),
            used: Some((PasskeyId(1), vec![3])),
            instead_of: None,
            unfamiliar: false,
        })
    };
    assert!(house.change(&Principal::System, sign_in(2)).is_err(), "it is someone else's");
    house.change(&Principal::System, sign_in(1)).unwrap();
    assert_eq!(
        (house.roster.passkeys[0].state.clone(), house.roster.passkeys[0].used_at),
        (vec![3], Some(at(100)))
    );
    house
        .change(
            &person(1, Role::Owner),
            AccountChange::RemovePasskey(RemovePasskey { passkey: PasskeyId(1) }),
        )
        .unwrap();
    assert!(house.roster.passkeys.is_empty());
}

#[test]
fn what_is_secret_is_not_shown_by_accident() {
    let shown = format!(
        "{:?}",
        AccountChange::Join(Join {
            hash: hash(77),
            name: "A".into(),
            password: PasswordHash("very-secret".into())
        })
    );
    assert!(!shown.contains("77") && !shown.contains("very-secret"), "{shown}");
}

#[test]
fn nobody_takes_the_name_of_somebody_else_or_of_calm_ops() {
    let mut house = House::new();
    let owner = person(1, Role::Owner);
    let invite = Invite { role: Role::Viewer, hash: hash(3) };
    house.change(&owner, AccountChange::Invite(invite)).unwrap();
    let reason = |error| match error {
        Error::InvalidField { reason, .. } => reason,
        other => panic!("{other:?}"),
    };
    let close = SetClosed { account: AccountId(2), closed: true };
    house.change(&owner, AccountChange::SetClosed(close)).unwrap();
    for (name, why) in [
        ("Calm Ops", FieldReason::NameReserved),
        ("С\u{430}lm Ops", FieldReason::NameReserved),
        ("0wner", FieldReason::NameTaken),
        ("Vi\u{435}w", FieldReason::MixedScripts),
        ("viewer\u{ad}", FieldReason::HiddenCharacter('\u{ad}')),
        ("VIEWER.", FieldReason::NameTaken),
    ] {
        assert_eq!(reason(house.join(3, name).unwrap_err()), why, "{name}");
    }
    let label = |house: &mut House, label: &str| {
        let (scopes, label) = (BTreeSet::from([Scope::Read]), label.to_owned());
        let change = CreateToken { label, scopes, until: None, hash: hash(9) };
        house.change(&owner, AccountChange::CreateToken(change))
    };
    assert_eq!(reason(label(&mut house, "Calm-Ops CI").unwrap_err()), FieldReason::NameReserved);
    label(&mut house, "monitor").unwrap();
    assert_eq!(reason(label(&mut house, "owner").unwrap_err()), FieldReason::NameTaken);
    label(&mut house, "deploy").unwrap();
    house.join(3, "Ada").unwrap();
}
