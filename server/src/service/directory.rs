//! The directory: everyone who is here, with what is looked up in it for every request.

use std::collections::HashMap;

use commands::{
    accounts::{Account, Accounts, SecretHash, Session, Token, is_reserved},
    view,
};
use domain::{
    access::Principal,
    actor::{Actor, Names},
};

/// The roster with what is looked up in it.
#[derive(Debug)]
pub struct Known {
    /// Everyone.
    pub roster: Accounts,
    /// The names of everyone.
    pub names: Names,
    sessions: HashMap<SecretHash, usize>,
    tokens: HashMap<SecretHash, usize>,
    pub(super) version: u64,
    pub(super) seen: u64,
}

impl Known {
    /// Looks up in this roster.
    pub fn new(roster: Accounts, version: u64, seen: u64) -> Self {
        let mut names = Names::default();
        // A name from before it was kept for Calm Ops stands for nobody: the number does.
        let own = roster.accounts.iter().filter(|one| !is_reserved(&one.name));
        names.0.extend(own.map(|one| (Actor::Account(one.id), one.name.clone())));
        names.0.extend(
            roster
                .tokens
                .iter()
                .map(|one| (Actor::Token(one.id), format!("The program \"{}\"", one.label))),
        );
        let sessions =
            roster.sessions.iter().enumerate().map(|(place, one)| (one.hash, place)).collect();
        let tokens =
            roster.tokens.iter().enumerate().map(|(place, one)| (one.hash, place)).collect();
        Self { roster, names, sessions, tokens, version, seen }
    }

    /// The sign-in of a token, with its account, if both are open.
    pub fn session(&self, hash: SecretHash) -> Option<(&Session, &Account)> {
        let session = self.roster.sessions.get(*self.sessions.get(&hash)?)?;
        let account = self.roster.account(session.account)?;
        (session.ended_at.is_none() && account.closed_at.is_none()).then_some((session, account))
    }

    /// The API token of a secret, if it was not ended.
    pub fn token(&self, hash: SecretHash) -> Option<&Token> {
        self.roster.tokens.get(*self.tokens.get(&hash)?).filter(|token| token.ended_at.is_none())
    }

    /// The reader, if it is a person who signed in.
    pub fn reader(&self, caller: &Principal) -> Option<view::Viewer> {
        let Principal::Account { id, role, recently_authenticated, .. } = caller else {
            return None;
        };
        let name = self.names.of(Actor::Account(*id));
        Some(view::Viewer {
            account: *id,
            name,
            role: *role,
            recently_authenticated: *recently_authenticated,
        })
    }
}
