//! The parameters of a simulation.

use domain::time::Span;
use policy::limits::Organization;

/// The most requests of a run.
const MOST_REQUESTS: f64 = 3e6;
/// The most other organizations.
const MOST_OTHERS: u32 = 100_000;
/// The longest run.
const LONGEST: Span = Span::from_mins(24 * 60);
/// The longest path in bytes: a longer one is in no class of its own.
const LONGEST_PATH: usize = 2_048;

/// The trouble that is simulated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scenario {
    /// The uploads of one organization rise, stay high, and fall.
    UploadSpike,
    /// They go on and off every 10 s.
    Flapping,
    /// An upload spike among very many other organizations.
    OneOfMany,
    /// All organizations rise at once.
    Everybody,
    /// One client sends each request under another invented name.
    ManyNames,
    /// One organization sends bodies slowly and keeps connections busy.
    SlowClients,
    /// A short spike pushes an application over, and clients that try again keep it there.
    RetryStorm,
}

impl Scenario {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::UploadSpike,
        Self::Flapping,
        Self::OneOfMany,
        Self::Everybody,
        Self::ManyNames,
        Self::SlowClients,
        Self::RetryStorm,
    ];

    /// The name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::UploadSpike => "upload-spike",
            Self::Flapping => "flapping",
            Self::OneOfMany => "one-of-many",
            Self::Everybody => "everybody",
            Self::ManyNames => "many-names",
            Self::SlowClients => "slow-clients",
            Self::RetryStorm => "retry-storm",
        }
    }

    /// The parameters where nothing else is said.
    pub fn standard(self) -> Parameters {
        let spike = Parameters {
            scenario: self,
            organization: "acme".to_owned(),
            rate: 50.0,
            others: 5,
            others_rate: 2.0,
            usual_rate: None,
            calm: Span::from_secs(30),
            ramp: Span::from_secs(10),
            hold: Span::from_secs(60),
            after: Span::from_secs(30),
            path: "/upload".to_owned(),
            seed: 1,
        };
        match self {
            Self::UploadSpike | Self::Everybody | Self::ManyNames => spike,
            Self::Flapping => Parameters { ramp: Span::ZERO, ..spike },
            Self::OneOfMany => Parameters { others: 1_000, others_rate: 1.0, ..spike },
            Self::SlowClients => Parameters { rate: 5.0, ..spike },
            Self::RetryStorm => Parameters {
                rate: 100.0,
                others: 6,
                others_rate: 5.0,
                calm: Span::from_secs(10),
                ramp: Span::ZERO,
                hold: Span::from_secs(3),
                after: Span::from_secs(60),
                ..spike
            },
        }
    }
}

/// The parameters of a simulation. Every organization sends its usual traffic all the time; the
/// trouble comes on top of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameters {
    /// The trouble.
    pub scenario: Scenario,
    /// The organization that makes it.
    pub organization: String,
    /// Its rate at the highest, in requests per second; with [`Scenario::Everybody`] that of each.
    pub rate: f64,
    /// The number of other organizations.
    pub others: u32,
    /// The usual rate of each other organization, in requests per second.
    pub others_rate: f64,
    /// The usual rate of the organization that makes the trouble; `None` for that of the others.
    pub usual_rate: Option<f64>,
    /// The time before the trouble.
    pub calm: Span,
    /// The time in which it rises, and in which it falls. While flapping at most half of 10 s.
    pub ramp: Span,
    /// The time between rise and fall; while flapping all of the trouble.
    pub hold: Span,
    /// The time after the trouble.
    pub after: Span,
    /// The path of uploads.
    pub path: String,
    /// The seed of all random numbers.
    pub seed: u64,
}

/// Parameters that make no simulation. The field is the name on the command line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {problem}")]
pub struct BadParameters {
    /// The parameter.
    pub field: &'static str,
    /// The problem, and what is expected.
    pub problem: String,
}

impl Parameters {
    /// The length of the trouble.
    pub fn trouble(&self) -> Span {
        match self.scenario {
            Scenario::Flapping => self.hold,
            _ => self.hold.plus(self.ramp).plus(self.ramp),
        }
    }

    /// The usual requests of all organizations together, per second.
    pub fn usual_load(&self) -> f64 {
        f64::from(self.others) * self.others_rate + self.usual_rate.unwrap_or(self.others_rate)
    }

    /// The length of the run.
    pub fn length(&self) -> Span {
        self.calm.plus(self.trouble()).plus(self.after)
    }

    /// Refuses what is no simulation, or more than one process can do. `requests` is how many it
    /// would have.
    pub(super) fn check(&self, requests: f64) -> Result<(), BadParameters> {
        let bad = |field, problem: String| Err(BadParameters { field, problem });
        let name = &self.organization;
        if Organization::new(name.as_str()).is_none() {
            return bad(
                "--organization",
                format!(
                    "'{name}' is no name of an organization, expected one such as 'acme': at most 100 visible characters without '@'"
                ),
            );
        }
        if name.starts_with("other-") || name.starts_with("invented-") {
            return bad(
                "--organization",
                format!(
                    "'{name}' may be the name of a simulated organization, expected one that does not begin with 'other-' or 'invented-'"
                ),
            );
        }
        if !is_path(&self.path) {
            return bad(
                "--path",
                format!(
                    "'{}' is no path, expected one such as '/upload': from '/', ASCII without spaces and '#', at most {LONGEST_PATH} bytes",
                    self.path
                ),
            );
        }
        if self.others > MOST_OTHERS {
            return bad("--others", format!("{} is more than {MOST_OTHERS}", self.others));
        }
        if self.trouble() == Span::ZERO {
            return bad(
                "--for",
                "the trouble has no length, expected one such as '60s'".to_owned(),
            );
        }
        if self.length() > LONGEST {
            return bad("--for", format!("the run would take {}, at most 24 h", self.length()));
        }
        if requests > MOST_REQUESTS {
            return bad(
                "--rate",
                format!(
                    "the run would have {requests:.0} requests, at most {MOST_REQUESTS:.0}: lower the rates, or make it shorter"
                ),
            );
        }
        Ok(())
    }
}

fn is_path(path: &str) -> bool {
    path.starts_with('/')
        && path.len() <= LONGEST_PATH
        && path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#')
}
