use std::collections::BTreeSet;

use domain::{
    access::{AuthMethod, Principal, Role, Scope},
    journal::{Entry, Event},
};

use super::*;
use crate::{
    account_change::{
        AccountChange, AddPasskey, CreateToken, EndSession, Invite, Join, MakeOwnerLink,
        RevokeToken, SetClosed, SetPassword, SetRole, SignIn,
    },
    accounts::{PasswordHash, Row, SecretHash, decide},
};

/// Rows and journal, as the store writes both.
#[derive(Default)]
struct Team {
    rows: Accounts,
    record: AccessRecord,
    number: u64,
}

const fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds * 1_000_000)
}

const fn person(id: u32, role: Role) -> Principal {
    Principal::Account {
        id: AccountId(id),
        role,
        session: SessionId(0),
        recently_authenticated: true,
    }
}

fn set<R, K: PartialEq>(rows: &mut Vec<R>, row: R, key: impl Fn(&R) -> K) {
    rows.retain(|one| key(one) != key(&row));
    rows.push(row);
}

impl Team {
    fn change(&mut self, caller: &Principal, change: &AccountChange) {
        let decided = at(1_000 + i64::try_from(self.number).unwrap() * 60);
        let outcome = decide(&self.rows, caller, change, decided).unwrap();
        for row in outcome.rows {
            match row {
                Row::Account(row) => set(&mut self.rows.accounts, row, |one| one.id),
                Row::Passkey(row) => set(&mut self.rows.passkeys, row, |one| one.id),
                Row::Session(row) => set(&mut self.rows.sessions, row, |one| one.id),
                Row::Invitation(row) => set(&mut self.rows.invitations, row, |one| one.id),
                Row::Token(row) => set(&mut self.rows.tokens, row, |one| one.id),
                Row::NoPasskey(id) => self.rows.passkeys.retain(|one| one.id != id),
                Row::NoSession(id) => self.rows.sessions.retain(|one| one.id != id),
            }
        }
        let actor = caller.actor().unwrap_or(domain::actor::Actor::System);
        for event in outcome.events {
            self.number += 1;
            // A change may have waited before it was journalled.
            let at = decided.plus(Span::from_secs(5));
            self.record.take(&Entry { number: self.number, at, actor, event: Some(event) });
        }
    }

    fn full() -> Self {
        let mut team = Self::default();
        let hash = |byte| SecretHash([byte; 32]);
        let password = || PasswordHash("secret".to_owned());
        let join = |byte, name: &str| {
            let (hash, name, password) = (hash(byte), name.to_owned(), password());
            AccountChange::Join(Join { hash, name, password })
        };
        let sign_in = |account, byte| {
            AccountChange::SignIn(SignIn {
                account: AccountId(account),
                by: AuthMethod::Password,
                hash: hash(byte),
                agent: String::new(),
                address: String::new(),
                used: None,
                instead_of: None,
                unfamiliar: false,
            })
        };
        let token = |byte, until| {
            let scopes = BTreeSet::from([Scope::Ingest]);
            let hash = hash(byte);
            AccountChange::CreateToken(CreateToken { label: "t".into(), scopes, until, hash })
        };
        let (system, owner) = (Principal::System, person(1, Role::Owner));
        let link = |byte| AccountChange::MakeOwnerLink(MakeOwnerLink { hash: hash(byte) });
        let role =
            |account, role| AccountChange::SetRole(SetRole { account: AccountId(account), role });
        let invite = |role, byte| AccountChange::Invite(Invite { role, hash: hash(byte) });
        let closed = |closed| AccountChange::SetClosed(SetClosed { account: AccountId(2), closed });
        let key =
            AddPasskey { label: "phone".into(), credential: vec![1], key: vec![2], state: vec![3] };
        let changes = [
            (&system, link(1)),
            (&system, link(2)),
            (&system, join(2, "Owner")),
            (&system, sign_in(1, 10)),
            (&owner, invite(Role::Viewer, 3)),
            (&owner, invite(Role::Owner, 4)),
            (&system, join(3, "Viewer")),
            (&system, sign_in(2, 11)),
            (&system, sign_in(2, 12)),
            (&owner, role(2, Role::Approver)),
            (&owner, token(20, None)),
            (&owner, token(21, Some(at(1_000_000)))),
            (&owner, AccountChange::RevokeToken(RevokeToken { token: TokenId(1) })),
            (&owner, AccountChange::AddPasskey(key)),
            (&owner, AccountChange::EndSession(EndSession { session: SessionId(2) })),
            (
                &owner,
                AccountChange::SetPassword(SetPassword {
                    password: password(),
                    end: BTreeSet::new(),
                }),
            ),
            (&owner, closed(true)),
            (&owner, closed(false)),
            (&system, link(5)),
            (&system, sign_in(2, 13)),
        ];
        for (caller, change) in changes {
            team.change(caller, &change);
        }
        team
    }

    fn differences(&self) -> Vec<Difference> {
        self.record.differences(&StoredAccess { accounts: self.rows.clone(), ..<_>::default() })
    }
}

#[test]
fn what_was_decided_is_what_the_journal_says() {
    let team = Team::full();
    assert_eq!(team.differences(), []);
    assert_eq!(team.record.restrict(&team.rows), team.rows);
    assert_eq!(team.record.untold(), 0);
}

#[test]
fn a_foreign_hand_is_found_and_changes_nothing() {
    type Hand = (&'static str, fn(&mut Accounts));
    let hands: [Hand; 17] = [
        ("role", |all| all.accounts[1].role = Role::Owner),
        ("opened", |all| all.accounts[1].closed_at = Some(at(1))),
        ("role since", |all| all.accounts[1].role_since = None),
        ("password since", |all| all.accounts[0].password_since = None),
        ("account", |all| {
            let forged = Account { id: AccountId(9), ..all.accounts[0].clone() };
            all.accounts.push(forged);
        }),
        ("no account", |all| drop(all.accounts.pop())),
        ("scopes", |all| all.tokens[1].scopes.extend([Scope::Respond])),
        ("token's end", |all| all.tokens[0].until = None),
        ("revived token", |all| all.tokens[1].ended_at = None),
        ("token's maker", |all| all.tokens[1].made_by = None),
        ("token", |all| {
            let forged = Token { id: TokenId(9), ..all.tokens[1].clone() };
            all.tokens.push(forged);
        }),
        ("session's owner", |all| {
            for one in &mut all.sessions {
                one.account = AccountId(3 - one.account.0);
            }
        }),
        ("revived session", |all| all.sessions.iter_mut().for_each(|one| one.ended_at = None)),
        ("proved again", |all| all.sessions.iter_mut().for_each(|one| one.proved_at = at(900_000))),
        ("passkey's owner", |all| all.passkeys[0].account = AccountId(2)),
        ("revived invitation", |all| all.invitations[0].ended_at = None),
        ("invitation's role", |all| {
            all.invitations.iter_mut().for_each(|one| one.role = Role::Owner);
        }),
    ];
    for (name, hand) in hands {
        let team = Team::full();
        let mut changed = Team { rows: team.rows.clone(), ..Team::full() };
        hand(&mut changed.rows);
        assert_ne!(changed.differences(), [], "{name}");
        let allowed = changed.record.restrict(&changed.rows);
        let settled = Team { rows: allowed, ..Team::full() };
        let left = settled.differences();
        assert!(left.iter().all(|one| one.problem == Problem::Missing), "{name}: {left:?}");
    }
}

#[test]
fn sign_ins_that_are_over_may_be_forgotten() {
    let mut team = Team::full();
    team.rows.sessions.retain(|one| one.ended_at.is_none());
    assert_eq!(team.differences(), []);
    team.rows.sessions.clear();
    assert!(team.differences().iter().all(|one| one.problem == Problem::Missing));
    let later = at(1_000).plus(FORGOTTEN).plus(FORGOTTEN);
    let entry = Entry {
        number: 1_000,
        at: later,
        actor: domain::actor::Actor::System,
        event: Some(Event::Stopped),
    };
    team.record.take(&entry);
    assert_eq!(team.differences(), []);
}

#[test]
fn what_older_entries_do_not_tell_is_counted_and_not_called_different() {
    let mut team = Team::full();
    let event = Event::TokenCreated { token: TokenId(3), scopes: vec![Scope::Read], expiry: None };
    let actor = domain::actor::Actor::Account(AccountId(1));
    team.record.take(&Entry { number: 99, at: at(5_000), actor, event: Some(event) });
    let row = Token {
        id: TokenId(3),
        scopes: BTreeSet::from([Scope::Read]),
        created_at: at(5_000),
        until: Some(at(9_000)),
        ended_at: None,
        ..team.rows.tokens[0].clone()
    };
    team.rows.tokens.push(row);
    assert_eq!((team.differences(), team.record.untold()), (vec![], 1));
}

#[test]
fn an_entry_about_access_without_its_content_is_named() {
    let mut team = Team::full();
    team.record.take_removed(100, "role_changed");
    team.record.take_removed(101, "commented");
    assert_eq!((team.record.removed(), team.record.number()), (&[100][..], 101));
}

#[test]
fn every_kind_about_accounts_and_links_is_looked_at() {
    for kind in KINDS {
        assert!(Event::KINDS.contains(kind), "{kind}");
    }
    let about = |kind: &&&str| {
        [
            "account", "token", "passkey", "invit", "sign", "share", "contact", "owner", "role",
            "password",
        ]
        .iter()
        .any(|word| kind.contains(word))
    };
    for kind in Event::KINDS.iter().filter(about) {
        assert!(KINDS.contains(kind), "{kind}");
    }
}
