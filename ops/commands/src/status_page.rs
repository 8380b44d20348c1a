//! The status page as it is published and shown: what people may publish, what the public sees, and
//! the history day by day.

use std::collections::BTreeMap;

use domain::{
    actor::Names,
    error::{Entity, Error, FieldReason},
    id::IncidentNumber,
    input::{checked, unreadable},
    journal::{Cursor, Event},
    status_page::{HISTORY, Notice, NoticePart, NoticeState, StatusPage},
    text::plain,
    time::Timestamp,
};
use serde::{Deserialize, Serialize};

/// The longest title of a notice, in characters.
pub const LONGEST_TITLE: usize = 120;
/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;
/// Time without the program that is told: below a minute both times read alike.
const SHORTEST_GAP: i64 = 60_000_000;

/// The title of a notice as it is kept: one line.
fn checked_title(title: &str) -> Result<String, Error> {
    let title = plain(title);
    let length = title.chars().count();
    let reason = if title.is_empty() {
        FieldReason::Empty
    } else if length > LONGEST_TITLE {
        FieldReason::TooLong { most: LONGEST_TITLE, length }
    } else if let Some(reason) = unreadable(&title) {
        reason
    } else {
        return Ok(title);
    };
    Err(Error::invalid("title", reason))
}

/// Publishes a notice.
pub fn publish_notice(
    incident: Option<IncidentNumber>,
    state: NoticeState,
    title: &str,
    text: &str,
) -> Result<Event, Error> {
    let part = NoticePart::Began { title: checked_title(title)? };
    let text = checked("text", text, true)?.unwrap_or_default();
    Ok(Event::StatusUpdatePublished { incident, part, state, text })
}

/// Publishes an update of a notice.
pub fn publish_update(
    page: &StatusPage,
    notice: u64,
    state: NoticeState,
    text: &str,
) -> Result<Event, Error> {
    let known = page.notice(notice).ok_or(Error::NotFound(Entity::StatusNotice(notice)))?;
    let text = checked("text", text, true)?.unwrap_or_default();
    let part = NoticePart::Followed { notice };
    Ok(Event::StatusUpdatePublished { incident: known.incident, part, state, text })
}

/// Withdraws an update of a notice, or all of it.
pub fn withdraw(
    page: &StatusPage,
    notice: u64,
    update: Option<u64>,
    reason: &str,
) -> Result<Event, Error> {
    let known = page.notice(notice).ok_or(Error::NotFound(Entity::StatusNotice(notice)))?;
    let reason = checked("reason", reason, true)?.unwrap_or_default();
    let update = update.unwrap_or(notice);
    if !known.newest_first().any(|one| one.number == update) {
        return Err(Error::NotFound(Entity::StatusUpdate(update)));
    }
    Ok(Event::StatusUpdateWithdrawn { update, reason })
}

/// The status page as the team sees it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct StatusPageView {
    /// The journal position that it is of.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub cursor: Cursor,
    /// Time at which it was read.
    pub checked_at: Timestamp,
    /// Everything that is published.
    #[serde(flatten)]
    pub page: StatusPage,
    /// Names of those who published it.
    pub names: Names,
    /// True if the reader may publish and withdraw.
    pub may_publish: bool,
}

/// An update, as everyone sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct PublicUpdate {
    /// The time at which it was published.
    pub at: Timestamp,
    /// The state that it tells.
    pub state: NoticeState,
    /// Its text, plain.
    pub text: String,
}

/// A notice, as everyone sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct PublicNotice {
    /// Its title, plain.
    pub title: String,
    /// The state that its newest update tells.
    pub state: NoticeState,
    /// The time at which it began.
    pub began_at: Timestamp,
    /// Its updates, newest first.
    pub updates: Vec<PublicUpdate>,
}

impl From<&Notice> for PublicNotice {
    fn from(notice: &Notice) -> Self {
        let updates = notice.newest_first().map(|update| PublicUpdate {
            at: update.at,
            state: update.state,
            text: update.text.clone(),
        });
        Self {
            title: notice.title.clone(),
            state: notice.last().state,
            began_at: notice.first.at,
            updates: updates.collect(),
        }
    }
}

/// A time in which nothing could be published.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct PublicGap {
    /// Its beginning.
    pub from: Timestamp,
    /// Its end.
    pub to: Timestamp,
}

/// The status page, as everyone sees it: what people published, and nothing else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct PublicStatusPage {
    /// Its title.
    pub title: String,
    /// True if the journal begins with generated data; left out if not.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub generated: bool,
    /// Time at which it was written.
    pub as_of: Timestamp,
    /// The beginning of the history, 90 days before.
    pub since: Timestamp,
    /// Notices that are not resolved, the one with the newest update first.
    pub current: Vec<PublicNotice>,
    /// Resolved notices of the history, the one that began last first.
    pub past: Vec<PublicNotice>,
    /// Times of the history, of a minute or more, in which nothing could be published; newest first.
    pub gaps: Vec<PublicGap>,
}

impl PublicStatusPage {
    /// Returns the public part of the page. `gaps` are those that are known, in any order.
    pub fn new(title: &str, page: &StatusPage, gaps: &[PublicGap], as_of: Timestamp) -> Self {
        let since = as_of.minus(HISTORY);
        let is_told = |gap: &&PublicGap| {
            gap.to >= since
                && gap.to.as_micros().saturating_sub(gap.from.as_micros()) >= SHORTEST_GAP
        };
        let mut gaps: Vec<PublicGap> = gaps.iter().filter(is_told).copied().collect();
        gaps.sort_unstable_by_key(|gap| std::cmp::Reverse((gap.from, gap.to)));
        Self {
            title: title.to_owned(),
            generated: false,
            as_of,
            since,
            current: page.current().into_iter().map(Into::into).collect(),
            past: page.resolved_since(since).into_iter().map(Into::into).collect(),
            gaps,
        }
    }

    /// The history, newest first. Days on which no notice and no gap began are told together; days are those
    /// of UTC.
    pub fn days(&self) -> Vec<HistoryPart<'_>> {
        let day = |at: Timestamp| at.max(self.since).as_micros().div_euclid(DAY);
        let mut told: BTreeMap<i64, HistoryDay<'_>> = BTreeMap::new();
        let empty = |number: i64| HistoryDay {
            day: Timestamp::from_micros(number.saturating_mul(DAY)),
            notices: Vec::new(),
            current: 0,
            gaps: Vec::new(),
        };
        let (first, last) = (day(self.since), day(self.as_of));
        for notice in &self.past {
            let number = day(notice.began_at);
            told.entry(number).or_insert_with(|| empty(number)).notices.push(notice);
        }
        for notice in self.current.iter().filter(|notice| notice.began_at >= self.since) {
            let number = day(notice.began_at);
            told.entry(number).or_insert_with(|| empty(number)).current += 1;
        }
        for gap in &self.gaps {
            let number = day(gap.from);
            told.entry(number).or_insert_with(|| empty(number)).gaps.push(*gap);
        }
        let mut parts = Vec::new();
        let mut next = last;
        for (number, one) in told.into_iter().rev() {
            if number < next {
                parts.push(HistoryPart::quiet(number + 1, next));
            }
            parts.push(HistoryPart::Day(one));
            next = next.min(number - 1);
        }
        if first <= next {
            parts.push(HistoryPart::quiet(first, next));
        }
        parts
    }
}

/// A day of the history with something to tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryDay<'a> {
    /// Its beginning, in UTC.
    pub day: Timestamp,
    /// Resolved notices that began on it.
    pub notices: Vec<&'a PublicNotice>,
    /// Notices that began on it and are current.
    pub current: usize,
    /// Gaps that began on it.
    pub gaps: Vec<PublicGap>,
}

/// A part of the history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HistoryPart<'a> {
    /// A day with something to tell.
    Day(HistoryDay<'a>),
    /// Days in a row on which no notice began.
    Quiet {
        /// The beginning of the first one, in UTC.
        from: Timestamp,
        /// The beginning of the last one, in UTC.
        to: Timestamp,
    },
}

impl HistoryPart<'_> {
    fn quiet(first: i64, last: i64) -> Self {
        let at = |day: i64| Timestamp::from_micros(day.saturating_mul(DAY));
        Self::Quiet { from: at(first), to: at(last) }
    }
}

#[cfg(test)]
mod tests;
