//! Readiness: what the team set up, from the roster, the contacts, the journal and the configuration.

use commands::{
    audit::AuditFilter,
    readiness::{Reachability, Readiness, Responder, SignOfLife, responds},
};
use domain::{
    access::{Principal, Role},
    error::Error,
    time::Timestamp,
};

use super::{failure::refuse, inner::Inner};

impl Inner {
    /// Reads whether everything that a crisis needs is set up, and was tried.
    pub(super) async fn readiness(&self, who: &Principal) -> Result<Readiness, Error> {
        let (cursor, _) = self.store.head().await.map_err(refuse)?;
        let at = self.clock.now().wall;
        let known = self.known().await?;
        let calls = self.store.as_calls();
        let contacts = calls.contact_problems().await.map_err(refuse)?;
        let sent = calls.last_sent().await.map_err(refuse)?;
        let open = || known.roster.accounts.iter().filter(|account| responds(account));
        let mut responders: Vec<Responder> = open()
            .map(|account| {
                let own = contacts.iter().filter(|(contact, _)| contact.account == account.id);
                let reachability = Reachability::of(own, &sent, at);
                Responder { name: account.name.clone(), reachability }
            })
            .collect();
        responders.sort_by(|one, other| one.name.cmp(&other.name));
        let approvers = open().filter(|account| account.role >= Role::Approver).count();
        let backups = AuditFilter { kind: Some("backed_up".to_owned()), ..AuditFilter::default() };
        let backup = self.store.as_trail().trail(&backups, 1).await.map_err(refuse)?;
        let set_up = self.set_up.get();
        let sign = set_up.and_then(|set_up| set_up.last_sign.as_ref());
        Ok(Readiness {
            cursor,
            at,
            responders,
            approvers: u32::try_from(approvers).unwrap_or(u32::MAX),
            backup_at: backup.first().map(|(entry, _)| Timestamp::from_micros(entry.at_micros)),
            sign_of_life: sign.map_or(SignOfLife::Off, |last| last.get()),
            links: set_up.is_some_and(|set_up| set_up.links),
            practice: self.practice_state(who).await?,
        })
    }
}
