//! Readiness: whether what a crisis needs is set up, and was tried.

use std::collections::BTreeMap;

use domain::{
    access::Role,
    id::ContactId,
    journal::Cursor,
    time::{Span, Timestamp},
};
use serde::{Deserialize, Serialize};

use crate::{accounts::Account, notifications::Contact, practice::PracticeState};

/// A contact counts as tried for so long after a message was taken.
pub const TRIED_WITHIN: Span = Span::from_mins(90 * 24 * 60);
/// A backup is recent for so long.
pub const BACKUP_WITHIN: Span = Span::from_mins(7 * 24 * 60);
/// The fewest members who can approve: some commands need two approvals.
pub const FEWEST_APPROVERS: u32 = 2;

/// The ways to reach a member, by the best of their contacts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Reachability {
    /// A message was taken lately, and none failed after it.
    Tried,
    /// No message was sent by any of their contacts lately.
    NotTried,
    /// The last message by each contact that was tried could not be sent.
    Failing {
        /// The reason, as a sentence.
        problem: String,
    },
    /// No contact is switched on.
    NoContact,
}

impl Reachability {
    /// The reachability by contacts of one member. Each comes with the problem of the last try, if
    /// that failed; `sent` tells when a message was sent by a contact last.
    pub fn of<'a>(
        contacts: impl Iterator<Item = &'a (Contact, Option<String>)>,
        sent: &BTreeMap<ContactId, Timestamp>,
        now: Timestamp,
    ) -> Self {
        let enabled: Vec<_> = contacts.filter(|(contact, _)| contact.enabled).collect();
        if enabled.is_empty() {
            return Self::NoContact;
        }
        let is_tried = |(contact, problem): &&&(Contact, Option<String>)| {
            problem.is_none()
                && sent.get(&contact.id).is_some_and(|&sent| {
                    contact.calls_since.is_none_or(|since| sent >= since.at)
                        && now.since(sent) <= TRIED_WITHIN
                })
        };
        if enabled.iter().any(|one| is_tried(&one)) {
            return Self::Tried;
        }
        let problem = enabled.iter().find_map(|(_, problem)| problem.clone());
        problem.map_or(Self::NotTried, |problem| Self::Failing { problem })
    }
}

/// A member who responds to incidents, and whether they can be reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Responder {
    /// Their name.
    pub name: String,
    /// Their reachability.
    #[serde(flatten)]
    pub reachability: Reachability,
}

/// Signs of life to an address of the team's choice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum SignOfLife {
    /// No address is configured.
    #[default]
    Off,
    /// None was sent since the start.
    NotSent,
    /// The last try was taken.
    Sent {
        /// The time.
        at: Timestamp,
    },
    /// The last try failed.
    Failing,
}

/// The needs of a crisis, and how they stand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Readiness {
    /// The journal position at which it was read.
    pub cursor: Cursor,
    /// The time.
    pub at: Timestamp,
    /// Members who respond, by name.
    pub responders: Vec<Responder>,
    /// Members who can approve commands.
    pub approvers: u32,
    /// The last backup by `calm-ops backup` that is known.
    pub backup_at: Option<Timestamp>,
    /// Signs of life.
    pub sign_of_life: SignOfLife,
    /// True if notifications link to their incident: `public_url` is set.
    pub links: bool,
    /// The last practice, and what the next one needs.
    pub practice: PracticeState,
}

/// Topics that are checked, in the order in which they are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadinessTopic {
    /// Everyone who responds can be reached.
    Contacts,
    /// Enough members can approve.
    Approvers,
    /// A backup was made lately.
    Backup,
    /// Somebody is told when Calm Ops itself is down.
    SignOfLife,
    /// Notifications lead to the page.
    Links,
    /// The team practised lately.
    Practice,
}

impl ReadinessTopic {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Contacts,
        Self::Approvers,
        Self::Backup,
        Self::SignOfLife,
        Self::Links,
        Self::Practice,
    ];
}

/// True if someone responds to incidents.
pub fn responds(account: &Account) -> bool {
    account.closed_at.is_none() && account.role >= Role::Responder
}

impl Readiness {
    /// True if a topic is ready. What is not known is not ready.
    pub fn is_ready(&self, topic: ReadinessTopic) -> bool {
        match topic {
            ReadinessTopic::Contacts => {
                !self.responders.is_empty()
                    && self.responders.iter().all(|one| one.reachability == Reachability::Tried)
            }
            ReadinessTopic::Approvers => self.approvers >= FEWEST_APPROVERS,
            ReadinessTopic::Backup => {
                self.backup_at.is_some_and(|at| self.at.since(at) <= BACKUP_WITHIN)
            }
            ReadinessTopic::SignOfLife => matches!(self.sign_of_life, SignOfLife::Sent { .. }),
            ReadinessTopic::Links => self.links,
            ReadinessTopic::Practice => self.practice.is_ready(self.at),
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::{actor::Actor, id::AccountId, severity::Severity};

    use super::*;
    use crate::{
        notifications::{CallsSince, ChannelSettings},
        practice::{LastPractice, PracticeSteps},
    };

    fn at(days: u64) -> Timestamp {
        Timestamp::from_secs(1_795_000_000).plus(Span::from_mins(days * 24 * 60))
    }

    fn contact(id: u32, enabled: bool) -> Contact {
        Contact {
            id: ContactId(id),
            account: AccountId(1),
            label: "Phone".to_owned(),
            channel: ChannelSettings::new("ntfy").unwrap(),
            least: Severity::Warning,
            quiet: None,
            enabled,
            reports: Default::default(),
            set_at: at(10),
            calls_since: Some(CallsSince { at: at(10), entry: 7 }),
        }
    }

    #[test]
    fn only_a_message_that_was_taken_lately_proves_a_contact() {
        let now = at(120);
        let of = |contacts: &[(Contact, Option<String>)], sent: &[(u32, Timestamp)]| {
            let sent = sent.iter().map(|(id, sent)| (ContactId(*id), *sent)).collect();
            Reachability::of(contacts.iter(), &sent, now)
        };
        let fine = at(119);
        assert_eq!(of(&[], &[]), Reachability::NoContact);
        assert_eq!(of(&[(contact(1, false), None)], &[(1, fine)]), Reachability::NoContact);
        assert_eq!(of(&[(contact(1, true), None)], &[]), Reachability::NotTried);
        assert_eq!(of(&[(contact(1, true), None)], &[(1, fine)]), Reachability::Tried);
        // By another contact, too long ago, and from before it led elsewhere.
        for one in [(2, fine), (1, at(29)), (1, at(9))] {
            assert_eq!(of(&[(contact(1, true), None)], &[one]), Reachability::NotTried);
        }
        let broken = (contact(1, true), Some("It did not answer in time.".to_owned()));
        let failing = Reachability::Failing { problem: "It did not answer in time.".to_owned() };
        assert_eq!(of(std::slice::from_ref(&broken), &[(1, fine)]), failing);
        let two = [broken, (contact(2, true), None)];
        assert_eq!(of(&two, &[(1, fine)]), failing, "nothing is known of the other one");
        assert_eq!(of(&two, &[(2, fine)]), Reachability::Tried);
    }

    #[test]
    fn nothing_is_ready_that_is_not_known_to_be() {
        let mut readiness = Readiness {
            cursor: Cursor::default(),
            at: at(30),
            responders: Vec::new(),
            approvers: 1,
            backup_at: None,
            sign_of_life: SignOfLife::NotSent,
            links: false,
            practice: PracticeState::default(),
        };
        let ready =
            |readiness: &Readiness| ReadinessTopic::ALL.map(|topic| readiness.is_ready(topic));
        assert_eq!(ready(&readiness), [false; 6]);
        let reachability = Reachability::Tried;
        readiness.responders = vec![Responder { name: "One".to_owned(), reachability }];
        readiness.approvers = 2;
        readiness.backup_at = Some(at(23));
        readiness.sign_of_life = SignOfLife::Sent { at: at(30) };
        readiness.links = true;
        assert_eq!(ready(&readiness), [true, true, true, true, true, false]);
        let took = Some(Span::from_secs(40));
        let steps =
            PracticeSteps { acknowledged: took, approved: took, ..PracticeSteps::default() };
        let last = LastPractice { at: at(1), by: Actor::Local, incident: None, steps };
        readiness.practice.last = Some(last);
        assert_eq!(ready(&readiness), [true; 6]);
        readiness.backup_at = Some(at(22));
        let reachability = Reachability::NotTried;
        readiness.responders.push(Responder { name: "Two".to_owned(), reachability });
        readiness.sign_of_life = SignOfLife::Failing;
        assert_eq!(ready(&readiness), [false, true, false, false, true, true]);
    }
}
