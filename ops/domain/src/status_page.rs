//! The status page: what people published for customers, word by word. A projection of the journal;
//! nothing on it comes from anywhere else.

pub(crate) mod notice;

use serde::{Deserialize, Serialize};

pub use crate::status_page::notice::{NoticePart, NoticeState};
use crate::{
    actor::Actor,
    id::IncidentNumber,
    journal::{Entry, EventGroup, JournalEvent, StatusPageEvent},
    time::{Span, Timestamp},
};

/// The time that the history goes back.
pub const HISTORY: Span = Span::from_mins(90 * 24 * 60);

/// An update of a notice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct StatusUpdate {
    /// The number of its entry.
    pub number: u64,
    /// The time at which it was published.
    pub at: Timestamp,
    /// The person who published it. Never shown in public.
    pub by: Actor,
    /// The state that it tells.
    pub state: NoticeState,
    /// Its text.
    pub text: String,
}

/// A notice with its updates.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Notice {
    /// The number of the entry that began it.
    pub number: u64,
    /// The incident that it is about, for the team. Never shown in public.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incident: Option<IncidentNumber>,
    /// Its title.
    pub title: String,
    /// The update that began it.
    pub first: StatusUpdate,
    /// Later updates, oldest first.
    pub later: Vec<StatusUpdate>,
}

impl Notice {
    /// The newest update.
    pub fn last(&self) -> &StatusUpdate {
        self.later.last().unwrap_or(&self.first)
    }

    /// Every update, newest first.
    pub fn newest_first(&self) -> impl Iterator<Item = &StatusUpdate> {
        self.later.iter().rev().chain([&self.first])
    }

    /// True until an update tells that it is resolved.
    pub fn is_current(&self) -> bool {
        self.last().state != NoticeState::Resolved
    }
}

/// Everything that is published.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct StatusPage {
    /// Notices, in the order in which they began.
    pub notices: Vec<Notice>,
}

impl StatusPage {
    /// The page after entries, which come in their order.
    pub fn of(entries: &[Entry]) -> Self {
        let mut page = Self::default();
        entries.iter().for_each(|entry| {
            page.take(entry);
        });
        page
    }

    /// Takes an entry; one that was taken before changes nothing, and one that comes late stands where
    /// it belongs. True if the page has changed.
    pub fn take(&mut self, entry: &Entry) -> bool {
        match entry.event.as_ref().map(|event| event.group()) {
            Some(EventGroup::StatusPage(event)) => self.take_event(entry, event),
            Some(EventGroup::Journal(JournalEvent::Redacted { entry, .. })) => self.remove(*entry),
            _ => false,
        }
    }

    fn take_event(&mut self, entry: &Entry, event: StatusPageEvent<'_>) -> bool {
        match event {
            StatusPageEvent::StatusUpdatePublished { incident, part, state, text } => {
                let (number, at, by) = (entry.number, entry.at, entry.actor);
                let update = StatusUpdate { number, at, by, state: *state, text: text.clone() };
                match part {
                    NoticePart::Began { title } => self.begin(*incident, title, update),
                    NoticePart::Followed { notice } => self.follow(*notice, update),
                }
            }
            StatusPageEvent::StatusUpdateWithdrawn { update, .. } => self.remove(*update),
        }
    }

    fn begin(
        &mut self,
        incident: Option<IncidentNumber>,
        title: &str,
        first: StatusUpdate,
    ) -> bool {
        let number = first.number;
        if self.notice(number).is_some() {
            return false;
        }
        let (title, later) = (title.to_owned(), Vec::new());
        let place = self.notices.partition_point(|one| one.number < number);
        self.notices.insert(place, Notice { number, incident, title, first, later });
        true
    }

    fn follow(&mut self, notice: u64, update: StatusUpdate) -> bool {
        let Some(notice) = self.notices.iter_mut().find(|one| one.number == notice) else {
            return false;
        };
        if notice.later.iter().any(|known| known.number == update.number) {
            return false;
        }
        let place = notice.later.partition_point(|known| known.number < update.number);
        notice.later.insert(place, update);
        true
    }

    /// Removes the words of an entry. A notice goes with the update that began it.
    fn remove(&mut self, number: u64) -> bool {
        let count = |page: &Self| -> usize {
            page.notices.iter().map(|notice| 1 + notice.later.len()).sum()
        };
        let before = count(self);
        self.notices.retain(|notice| notice.number != number);
        for notice in &mut self.notices {
            notice.later.retain(|update| update.number != number);
        }
        count(self) != before
    }

    /// A notice by its number.
    pub fn notice(&self, number: u64) -> Option<&Notice> {
        self.notices.iter().find(|notice| notice.number == number)
    }

    /// Notices that are not resolved, the one with the newest update first.
    pub fn current(&self) -> Vec<&Notice> {
        let mut current: Vec<&Notice> =
            self.notices.iter().filter(|notice| notice.is_current()).collect();
        current.sort_by_key(|notice| std::cmp::Reverse((notice.last().at, notice.number)));
        current
    }

    /// Resolved notices whose last update is not older than a moment, the one that began last first.
    pub fn resolved_since(&self, since: Timestamp) -> Vec<&Notice> {
        let is_wanted = |notice: &&Notice| !notice.is_current() && notice.last().at >= since;
        let mut resolved: Vec<&Notice> = self.notices.iter().filter(is_wanted).collect();
        resolved.sort_by_key(|notice| std::cmp::Reverse((notice.first.at, notice.number)));
        resolved
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::Event;

    fn entry(number: u64, event: Event) -> Entry {
        let at = Timestamp::from_secs(i64::try_from(number).unwrap());
        Entry { number, at, actor: Actor::Local, event: Some(event) }
    }

    fn published(number: u64, part: NoticePart, state: NoticeState) -> Entry {
        let text = format!("text {number}");
        entry(number, Event::StatusUpdatePublished { incident: None, part, state, text })
    }

    fn began(number: u64) -> Entry {
        let part = NoticePart::Began { title: format!("title {number}") };
        published(number, part, NoticeState::Investigating)
    }

    fn followed(number: u64, notice: u64, state: NoticeState) -> Entry {
        published(number, NoticePart::Followed { notice }, state)
    }

    fn withdrawn(number: u64, update: u64) -> Entry {
        entry(number, Event::StatusUpdateWithdrawn { update, reason: "wrong".into() })
    }

    fn numbers(notices: &[&Notice]) -> Vec<u64> {
        notices.iter().map(|notice| notice.number).collect()
    }

    #[test]
    fn a_notice_is_current_until_it_is_resolved_and_again_when_that_is_taken_back() {
        let mut page = StatusPage::of(&[
            began(1),
            began(2),
            followed(3, 1, NoticeState::Monitoring),
            followed(4, 1, NoticeState::Resolved),
        ]);
        assert_eq!(numbers(&page.current()), [2]);
        assert_eq!(numbers(&page.resolved_since(Timestamp::from_secs(4))), [1]);
        assert_eq!(numbers(&page.resolved_since(Timestamp::from_secs(5))), [0_u64; 0]);
        let texts: Vec<&str> =
            page.notices[0].newest_first().map(|update| update.text.as_str()).collect();
        assert_eq!(texts, ["text 4", "text 3", "text 1"]);
        assert!(page.take(&withdrawn(5, 4)));
        assert_eq!(numbers(&page.current()), [1, 2]);
        assert_eq!(page.notices[0].last().state, NoticeState::Monitoring);
    }

    #[test]
    fn a_notice_goes_with_its_first_words_and_a_redaction_counts_as_well() {
        let mut page = StatusPage::of(&[began(1), followed(2, 1, NoticeState::Identified)]);
        let redacted = |number, of| {
            entry(
                number,
                Event::Redacted {
                    entry: of,
                    reason: "a name".into(),
                    message: None,
                    step: None,
                    window: None,
                },
            )
        };
        assert!(page.take(&redacted(3, 2)));
        assert_eq!(page.notices[0].later, []);
        assert!(page.take(&redacted(4, 1)));
        assert_eq!(page, StatusPage::default());
        // What follows in a notice that is gone is not shown.
        assert!(!page.take(&followed(5, 1, NoticeState::Resolved)));
        assert!(!page.take(&redacted(6, 5)));
    }

    #[test]
    fn an_entry_that_comes_late_stands_where_it_belongs() {
        let entries = [
            began(1),
            began(2),
            followed(3, 1, NoticeState::Monitoring),
            followed(4, 1, NoticeState::Resolved),
        ];
        let late = [0, 3, 2, 1].map(|index| entries[index].clone());
        assert_eq!(StatusPage::of(&late), StatusPage::of(&entries));
        assert!(!StatusPage::of(&late).notices[0].is_current());
    }

    #[test]
    fn an_entry_that_comes_twice_counts_once() {
        let entries =
            [began(1), followed(2, 1, NoticeState::Identified), began(3), withdrawn(4, 3)];
        let once = StatusPage::of(&entries);
        let mut twice = once.clone();
        entries.iter().for_each(|entry| {
            twice.take(entry);
        });
        assert_eq!(once, twice);
    }
}
