//! Input of the recommender: the incidents, and what is known of the host.

use std::collections::{BTreeMap, BTreeSet};

use domain::{incident::Incident, long_query::LongQuery, subject::Subject, time::Timestamp};
use policy::{
    catalogue::{Catalogue, Facts},
    incident_policy::IncidentPolicy,
};

use crate::recommender::track_record::Tracks;

/// Hints from the host: they help to choose among the values that [`Facts`] allow.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hints {
    /// The memory of each app under PM2, in bytes, by its name.
    pub app_memory: BTreeMap<String, u64>,
    /// The number of processes of each app under PM2, by its name.
    pub app_processes: BTreeMap<String, u32>,
    /// Apps under PM2 whose name means more than the one app: a command would act upon others too.
    pub shared_apps: BTreeSet<String>,
    /// Apps under PM2 that nobody wants to run now: jobs, and what someone stopped.
    pub apps_at_rest: BTreeSet<String>,
    /// The log files of each app under PM2, by its name: for each disk, by the path where it is
    /// mounted, how many bytes.
    pub app_logs: BTreeMap<String, BTreeMap<String, u64>>,
    /// Under which host name each endpoint is asked.
    pub endpoint_hosts: BTreeMap<Subject, String>,
    /// The queries that run for long, each by its `PID@STARTED`.
    pub queries: BTreeMap<String, LongQuery>,
}

/// The state that is looked at.
#[derive(Clone, Copy, Debug)]
pub struct Scene<'a> {
    /// The incidents, ordered by number; those that are over are looked at too, as what was offered
    /// for them ends.
    pub incidents: &'a [Incident],
    /// The dependencies.
    pub policy: &'a IncidentPolicy,
    /// The catalogue in force; without one nothing is offered.
    pub catalogue: Option<&'a Catalogue>,
    /// The programs and apps of the host.
    pub facts: &'a Facts,
    /// The hints for choosing.
    pub hints: &'a Hints,
    /// The commands that worked before.
    pub tracks: &'a Tracks,
    /// The name of this host: commands run nowhere else.
    pub host: &'a str,
    /// The time.
    pub now: Timestamp,
}
