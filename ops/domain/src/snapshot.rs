//! The evidence saved when an incident opens and whenever it escalates: immutable, bounded, and
//! built from an allow-list of fields. There is no field here that could hold a command line, an
//! environment or a payload.

use serde::{Deserialize, Serialize};

use crate::{
    breach::Breach, hash::Head, signal::Signal, subject::Subject, time::Timestamp, unit::Unit,
};

/// One signal around the moment: its recent course.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Course {
    /// About whom.
    pub subject: Subject,
    /// The signal.
    pub signal: Signal,
    /// The unit of the values.
    pub unit: Unit,
    /// Time at which the first point was taken; the others carry seconds after it.
    pub from: Timestamp,
    /// Seconds after `from`, and the value.
    #[cfg_attr(feature = "schema", schema(value_type = Vec<Vec<f64>>))]
    pub points: Vec<(f32, f64)>,
}

/// One process, by name only.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ProcessFact {
    /// The name of the executable as the kernel keeps it: never a command line.
    pub name: String,
    /// Its process id.
    pub pid: u32,
    /// Resident memory in bytes.
    pub memory: u64,
    /// CPU in percent of one core.
    pub cpu: f32,
}

/// One disk.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct DiskFact {
    /// The folder on which it is mounted.
    pub mount: String,
    /// Its size in bytes.
    pub total: u64,
    /// The free space, in bytes.
    pub available: u64,
}

/// A signal whose values were unusual from when the incident began.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Moved {
    /// About whom.
    pub subject: Subject,
    /// The signal.
    pub signal: Signal,
    /// The unit of the values.
    pub unit: Unit,
    /// The median of the time before, at most an hour.
    pub before: f64,
    /// The median from when the incident began.
    pub then: f64,
}

/// The evidence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Snapshot {
    /// Time at which it was taken.
    pub at: Timestamp,
    /// The breaches that held.
    pub breaches: Vec<Breach>,
    /// The signals of the subjects concerned, over the 15 minutes before.
    pub courses: Vec<Course>,
    /// Other signals that moved when the incident began, the most telling first; only of the
    /// snapshot taken when it opened.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub moved: Vec<Moved>,
    /// The processes that used most memory, largest first.
    pub by_memory: Vec<ProcessFact>,
    /// The processes that used most CPU, largest first.
    pub by_cpu: Vec<ProcessFact>,
    /// Every disk.
    pub disks: Vec<DiskFact>,
    /// The last entries of the journal: number, time and kind of its recent entries.
    #[cfg_attr(feature = "schema", schema(value_type = Vec<Vec<serde_json::Value>>))]
    pub journal: Vec<(u64, Timestamp, String)>,
    /// The journal's head before this.
    pub head: Head,
    /// SHA-256 of the thresholds in force, in hexadecimal.
    pub thresholds_sha256: String,
    /// Number of facts that were left out to keep it bounded.
    pub left_out: u32,
}

impl Snapshot {
    /// The same without its long lists: what a timeline and the live stream carry.
    #[must_use]
    pub fn without_body(&self) -> Self {
        Self {
            at: self.at,
            breaches: Vec::new(),
            courses: Vec::new(),
            moved: self.moved.clone(),
            by_memory: Vec::new(),
            by_cpu: Vec::new(),
            disks: Vec::new(),
            journal: Vec::new(),
            head: self.head,
            thresholds_sha256: self.thresholds_sha256.clone(),
            left_out: self.left_out,
        }
    }
}
