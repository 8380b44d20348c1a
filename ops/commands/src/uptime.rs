//! Uptime: how often each endpoint answered as expected over a day, a week, a month and a quarter.

use domain::{
    journal::Cursor,
    report::MaintenanceProbes,
    subject::Subject,
    time::{Span, Timestamp},
};
use serde::{Deserialize, Serialize};

/// The periods that are told, in days.
pub const PERIODS: [u32; 4] = [1, 7, 30, 90];

/// Number of times that an endpoint answered in a period. What was not seen, and maintenance, are
/// apart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct UptimePeriod {
    /// Its length in days: 1, 7, 30 or 90.
    pub days: u32,
    /// Its beginning, which is a full hour.
    pub from: Timestamp,
    /// Its end.
    pub to: Timestamp,
    /// The number of probes outside of maintenance; 0 means that nothing is known.
    pub asked: u64,
    /// Those of them that were answered as expected.
    pub answered: u64,
    /// The part of the period of which no probe tells, outside of maintenance, in microseconds. A
    /// step of five minutes with a probe holds to its end, and where probes are rarer, for the usual
    /// distance between them after it, for an hour at most.
    pub unseen: Span,
    /// The part of the period in maintenance windows, which is in none of the other numbers.
    pub maintenance: Option<MaintenanceProbes>,
}

/// The uptime of an endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct EndpointUptime {
    /// The endpoint.
    pub endpoint: Subject,
    /// The periods up to now, the shortest first.
    pub periods: Vec<UptimePeriod>,
}

/// The uptime of all endpoints.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct UptimePage {
    /// The journal position at which it was read.
    pub cursor: Cursor,
    /// The time at which it was counted; for all readers once a minute.
    pub at: Timestamp,
    /// The endpoints that were probed in the last 90 days: those that were not seen at all, then the
    /// least available ones first.
    pub endpoints: Vec<EndpointUptime>,
    /// The number of endpoints beyond those that are counted.
    pub left_out: u32,
}
