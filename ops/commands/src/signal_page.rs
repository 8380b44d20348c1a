//! The history of one signal of one subject over a period, with everything that explains it.

use domain::{
    breach::{Crossing, Guidance},
    change::ReportedChange,
    error::{Error, FieldReason},
    id::IncidentNumber,
    journal::Cursor,
    reading::Reading,
    recommendation::RunOutcome,
    severity::Severity,
    threshold::ThresholdProposal,
    time::{Span, Timestamp},
};
use serde::{Deserialize, Serialize};

use crate::{
    uptime::EndpointUptime,
    view::{BlindSpan, IncidentCard, Series, SeriesPoint},
};

/// The longest period that is answered: hours are kept for two years.
pub const LONGEST_PERIOD: Span = Span::from_mins(LONGEST_DAYS * 24 * 60);
/// The shortest one: below it values can't be told apart from their neighbours.
pub const SHORTEST_PERIOD: Span = Span::from_mins(1);
const LONGEST_DAYS: u64 = 732;

/// A period of time that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    /// So long, up to now.
    Last(Span),
    /// Between two moments.
    Between {
        /// The beginning.
        from: Timestamp,
        /// The end.
        to: Timestamp,
    },
}

impl Period {
    /// Checks that it can be answered; the error names the field of the request that is wrong.
    pub fn check(self) -> Result<(), Error> {
        match self {
            Self::Last(span) if !(SHORTEST_PERIOD..=LONGEST_PERIOD).contains(&span) => {
                let expected = format!("between 1 min and {LONGEST_DAYS} d, such as '24 h'");
                Err(Error::invalid("range", FieldReason::Expected(expected.into())))
            }
            Self::Between { from, to } if from >= to => {
                Err(Error::invalid("from", FieldReason::NotBeforeEnd))
            }
            Self::Between { from, to } if to.since(from) > LONGEST_PERIOD => {
                let expected = format!("at most {LONGEST_DAYS} days before 'to'");
                Err(Error::invalid("from", FieldReason::Expected(expected.into())))
            }
            Self::Last(_) | Self::Between { .. } => Ok(()),
        }
    }

    /// Beginning and end at a time. A period that reaches into the future ends now.
    pub fn bounds(self, now: Timestamp) -> Result<(Timestamp, Timestamp), Error> {
        self.check()?;
        Ok(match self {
            Self::Last(span) => (now.minus(span), now),
            Self::Between { from, to } if from < now => (from, to.min(now)),
            Self::Between { from, to } => (from, to),
        })
    }
}

/// A threshold that applies to the signal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ThresholdRule {
    /// The warning level.
    pub warning: Option<Crossing>,
    /// The critical level.
    pub critical: Option<Crossing>,
    /// The time that the warning level must hold, in seconds.
    pub warning_for_seconds: f64,
    /// The time that the critical level must hold, in seconds.
    pub critical_for_seconds: f64,
    /// The value at which it has recovered, for levels.
    pub recovers_at: Option<f64>,
    /// Meaning, runbook section and commands, as the document has them.
    pub guidance: Guidance,
}

/// The usual range in a part of a period.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct UsualSpan {
    /// Its beginning.
    pub from: Timestamp,
    /// Its end.
    pub to: Timestamp,
    /// The usual value.
    pub value: f64,
    /// The lower end of the range in which nearly all values lie.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// A time at which the signal was past its threshold as part of an incident.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct SignalIncident {
    /// The incident.
    pub card: IncidentCard,
    /// The severity of this signal in it.
    pub severity: Severity,
    /// The time at which the signal went past its threshold.
    pub from: Timestamp,
    /// The time at which it recovered or the incident ended; `None` while it holds.
    pub to: Option<Timestamp>,
}

/// An event near the signal that may explain its values.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum SignalEvent {
    /// An approved command ran.
    Run {
        /// The start.
        at: Timestamp,
        /// The incident that it ran for.
        incident: IncidentNumber,
        /// Its title.
        title: String,
        /// The end; `None` while it runs.
        outcome: Option<RunOutcome>,
    },
    /// A change was reported.
    Change {
        /// The change.
        change: ReportedChange,
    },
}

impl SignalEvent {
    /// The time of the event.
    pub const fn at(&self) -> Timestamp {
        match self {
            Self::Run { at, .. } => *at,
            Self::Change { change } => change.at,
        }
    }
}

/// The history of one signal of one subject over a period, with everything that explains it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct SignalPage {
    /// The journal position at which it was read.
    pub cursor: Cursor,
    /// The values of the period, in steps of equal length, and the levels that apply; a step
    /// without values is left out.
    pub series: Series,
    /// The sentence that explains what is measured; empty for signals that programs send.
    #[serde(default)]
    pub meaning: String,
    /// The beginning of the period.
    pub from: Timestamp,
    /// The end of the period.
    pub to: Timestamp,
    /// The period ends now, so that new values belong to it.
    pub is_current: bool,
    /// The length of a step.
    pub step_seconds: f64,
    /// The same time one week before, moved into the period; only for periods of up to 7 days, and
    /// empty where nothing is known.
    pub week_before: Vec<SeriesPoint>,
    /// The usual ranges in the hours of the period, as it is known now, oldest first; only for
    /// periods of up to 7 days, with gaps where no values came, and empty where the history is too
    /// young.
    #[serde(default)]
    pub usual: Vec<UsualSpan>,
    /// The time zone whose hours of the week count.
    #[serde(default)]
    pub usual_zone: String,
    /// The time of the last tick.
    pub checked_at: Timestamp,
    /// The present reading.
    pub reading: Option<Reading>,
    /// The last time of which there is a value; asked for only if the period has none.
    pub last_at: Option<Timestamp>,
    /// Open proposals for them.
    #[serde(default)]
    pub proposals: Vec<ThresholdProposal>,
    /// The thresholds that apply now.
    pub thresholds: Vec<ThresholdRule>,
    /// Silence for longer than this alerts, in seconds.
    pub no_data_after_seconds: Option<f64>,
    /// The uptime of the endpoint, where the signal says whether it answers.
    #[serde(default)]
    pub uptime: Option<EndpointUptime>,
    /// Incidents of the period in which the signal was past its threshold, newest first.
    pub incidents: Vec<SignalIncident>,
    /// Commands that ran and changes that were reported in the period, newest first.
    pub events: Vec<SignalEvent>,
    /// There are more incidents, commands or changes than are listed.
    pub has_more: bool,
    /// Times of the period in which Calm Ops saw nothing, newest first.
    pub blind: Vec<BlindSpan>,
    /// The reason why this is from memory and incomplete, where it is: a sentence.
    #[serde(default)]
    pub trouble: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_that_can_not_be_answered_names_its_field() {
        let at = Timestamp::from_secs;
        let field = |period: Period| match period.bounds(at(1_000_000)).unwrap_err() {
            Error::InvalidField { field, .. } => field.into_owned(),
            other => panic!("{other:?}"),
        };
        let between = |from, to| Period::Between { from: at(from), to: at(to) };
        assert_eq!(field(between(5, 5)), "from");
        assert_eq!(field(between(6, 5)), "from");
        assert_eq!(field(between(0, 733 * 86_400)), "from");
        assert_eq!(field(Period::Last(Span::ZERO)), "range");
        assert_eq!(field(Period::Last(Span::from_mins(733 * 24 * 60))), "range");
    }

    #[test]
    fn a_period_that_reaches_into_the_future_ends_now() {
        let (at, now) = (Timestamp::from_secs, Timestamp::from_secs(1_000));
        let between = |from, to| Period::Between { from: at(from), to: at(to) };
        assert_eq!(between(900, 2_000).bounds(now), Ok((at(900), now)));
        assert_eq!(between(100, 200).bounds(now), Ok((at(100), at(200))));
        assert_eq!(between(1_500, 2_000).bounds(now), Ok((at(1_500), at(2_000))));
        assert_eq!(Period::Last(Span::from_secs(60)).bounds(now), Ok((at(940), now)));
    }
}
