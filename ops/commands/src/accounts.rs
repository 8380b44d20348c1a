//! Accounts with their sign-ins and passkeys, invitations that wait, and tokens. [`decide`] says what
//! a change does to them, or why not; it is pure, so that every rule about people can be tried
//! without a database.

mod change;
mod lookalike;
mod rows;
mod standing;
#[cfg(test)]
mod tests;

pub use change::{
    LONGEST_INVITATION, MOST_ACCOUNTS, MOST_INVITATIONS, MOST_PASSKEYS, MOST_SESSIONS, MOST_TOKENS,
    OWNER_LINK, Outcome, decide, ends_links_of, stands,
};
pub use lookalike::{is_alike, is_reserved};
pub use rows::{
    Account, Invitation, LONGEST_SESSION, LONGEST_UNUSED, Passkey, PasswordHash, Row, SecretHash,
    Session, Token,
};

use domain::{access::Role, id::AccountId, text::folded, time::Timestamp};

/// Everyone who is or was here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Accounts {
    /// By id.
    pub accounts: Vec<Account>,
    /// By id.
    pub passkeys: Vec<Passkey>,
    /// By id.
    pub sessions: Vec<Session>,
    /// By id.
    pub invitations: Vec<Invitation>,
    /// By id.
    pub tokens: Vec<Token>,
}

impl Accounts {
    /// Takes a stored row. One of a kind that is not known here is left out.
    pub fn take(
        &mut self,
        kind: &str,
        body: &[u8],
        seen_at: Option<Timestamp>,
    ) -> Result<(), serde_json::Error> {
        match kind {
            "account" => self.accounts.push(serde_json::from_slice(body)?),
            "passkey" => self.passkeys.push(serde_json::from_slice(body)?),
            "session" => {
                let mut session: Session = serde_json::from_slice(body)?;
                session.seen_at = seen_at.unwrap_or(session.created_at);
                self.sessions.push(session);
            }
            "invitation" => self.invitations.push(serde_json::from_slice(body)?),
            "token" => {
                self.tokens.push(Token { used_at: seen_at, ..serde_json::from_slice(body)? });
            }
            _ => {}
        }
        Ok(())
    }

    /// The rows that a backup carries: not the sign-ins, which would come to life again.
    pub fn lasting(&self) -> Vec<Row> {
        let accounts = self.accounts.iter().cloned().map(Row::Account);
        let passkeys = self.passkeys.iter().cloned().map(Row::Passkey);
        let invitations = self.invitations.iter().cloned().map(Row::Invitation);
        accounts
            .chain(passkeys)
            .chain(invitations)
            .chain(self.tokens.iter().cloned().map(Row::Token))
            .collect()
    }

    /// The account of an id.
    pub fn account(&self, id: AccountId) -> Option<&Account> {
        self.accounts.iter().find(|account| account.id == id)
    }

    /// The open account of a name.
    pub fn named(&self, name: &str) -> Option<&Account> {
        let wanted = folded(name);
        self.accounts
            .iter()
            .find(|account| account.closed_at.is_none() && folded(&account.name) == wanted)
    }

    /// True if there is an owner who can decide who else is here.
    pub fn has_owner(&self) -> bool {
        self.accounts
            .iter()
            .any(|account| account.role == Role::Owner && account.closed_at.is_none())
    }

    /// The invitation of a secret, if it still waits.
    pub fn waiting(&self, hash: SecretHash, now: Timestamp) -> Option<&Invitation> {
        self.invitations
            .iter()
            .find(|one| one.hash == hash && one.ended_at.is_none() && now < one.until)
    }
}
