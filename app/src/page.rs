//! The overall state, for title, icon and places of every page.

use commands::{protection::Restriction, view::IncidentCard};
use domain::{
    reading::{Reading, Status},
    severity::Severity,
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use wording::generated::is_notice;

/// State that every page knows: the overall state, for the title, the icon and the places.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pulse {
    /// The overall state.
    pub mood: Mood,
    /// Number of active incidents, without a practice.
    pub active: u32,
    /// Time of the last tick.
    pub checked_at: Timestamp,
    /// The restriction by protection; `None` while that is not known.
    pub restriction: Option<Restriction>,
    /// True if the journal begins with generated data.
    #[serde(default)]
    pub is_generated: bool,
}

impl Pulse {
    /// From the active incidents, the readings and the troubles.
    pub(crate) fn of<'a>(
        active: &[IncidentCard],
        readings: impl IntoIterator<Item = &'a Reading>,
        checked_at: Timestamp,
        restriction: Option<Restriction>,
        troubles: &[String],
    ) -> Self {
        Self {
            mood: Mood::of(active, readings),
            active: u32::try_from(active.iter().filter(|card| !card.practice).count())
                .unwrap_or(u32::MAX),
            checked_at,
            restriction,
            is_generated: troubles.iter().any(|one| is_notice(one)),
        }
    }
}

/// The overall state, in one word. Without an incident, what can't be seen outweighs what is past
/// its threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mood {
    /// Nothing needs anyone.
    Calm,
    /// A warning incident is active, or a signal is past its threshold.
    Warning,
    /// Something that is watched can't be seen.
    Blind,
    /// A critical incident is active.
    Critical,
}

impl Mood {
    /// From the active incidents and the readings.
    pub(crate) fn of<'a>(
        active: &[IncidentCard],
        readings: impl IntoIterator<Item = &'a Reading>,
    ) -> Self {
        // A practice alarms nobody who is not notified of it.
        let real = active.iter().filter(|card| !card.practice);
        match real.map(|card| card.severity).max() {
            Some(Severity::Critical) => return Self::Critical,
            Some(Severity::Warning) => return Self::Warning,
            None => {}
        }
        // Before the first reading nothing is known.
        let mut mood = None;
        for reading in readings.into_iter().filter(|one| !one.subject.is_practice()) {
            mood = mood.max(Some(match reading.status {
                Status::Unknown => Self::Blind,
                Status::Warning | Status::Critical => Self::Warning,
                _ if reading.tells_of_refusals() => Self::Warning,
                Status::Healthy | Status::Shown | Status::Watching => Self::Calm,
            }));
        }
        mood.unwrap_or(Self::Blind)
    }

    /// The word, which is also the icon's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Calm => "calm",
            Self::Warning => "warning",
            Self::Critical => "critical",
            Self::Blind => "blind",
        }
    }
}
