//! Inspections: built-in looks at the host that only read, for people who work on an incident. The
//! list is closed, and a parameter is always something of the incident or of what is watched.

mod outcome;

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{
    name::{BadName, bad, text_type},
    subject::Subject,
};

pub use outcome::{InspectionOutcome, MOST_BYTES, MOST_LINES};

/// The most inspections that an incident offers.
const MOST_OFFERED: usize = 12;
/// With more watched apps than this, an incident that is about none of them offers none of their
/// logs.
const FEW_APPS: usize = 4;

/// A systemd service, such as `nginx.service`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnitName(String);

text_type!(UnitName);

impl FromStr for UnitName {
    type Err = BadName;

    fn from_str(text: &str) -> Result<Self, BadName> {
        const EXPECTED: &str = "the name of a service, such as 'nginx.service'";
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '@' | ':');
        let fits = text.len() <= 100
            && text.starts_with(|c: char| c.is_ascii_alphanumeric())
            && text.strip_suffix(".service").is_some_and(|stem| stem.chars().all(plain));
        if fits { Ok(Self(text.to_owned())) } else { Err(bad(text, "unit", EXPECTED)) }
    }
}

/// One look at the host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Inspection {
    /// The largest folders and files of a disk.
    LargestFolders {
        /// The disk.
        disk: Subject,
    },
    /// Deleted files of a disk that programs still have open.
    DeletedOpenFiles {
        /// The disk.
        disk: Subject,
    },
    /// The processes that use most CPU and most memory.
    TopProcesses,
    /// Ports that programs listen on.
    ListeningSockets,
    /// The last lines of an app's error log.
    AppErrors {
        /// The app.
        app: Subject,
    },
    /// The last warnings and errors of a systemd service.
    UnitErrors {
        /// The service.
        unit: UnitName,
    },
    /// The kernel's lines about memory that ran out.
    OutOfMemory,
    /// Connections and longest queries of the database that Calm Ops uses.
    DatabaseActivity,
}

impl Inspection {
    /// The name of its kind.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::LargestFolders { .. } => "largest_folders",
            Self::DeletedOpenFiles { .. } => "deleted_open_files",
            Self::TopProcesses => "top_processes",
            Self::ListeningSockets => "listening_sockets",
            Self::AppErrors { .. } => "app_errors",
            Self::UnitErrors { .. } => "unit_errors",
            Self::OutOfMemory => "out_of_memory",
            Self::DatabaseActivity => "database_activity",
        }
    }

    /// The whole of it as a field of a form: its kind, and its parameter after a space.
    pub fn key(&self) -> String {
        let kind = self.kind();
        match self {
            Self::LargestFolders { disk: of }
            | Self::DeletedOpenFiles { disk: of }
            | Self::AppErrors { app: of } => format!("{kind} {of}"),
            Self::UnitErrors { unit } => format!("{kind} {unit}"),
            Self::TopProcesses
            | Self::ListeningSockets
            | Self::OutOfMemory
            | Self::DatabaseActivity => kind.to_owned(),
        }
    }

    /// The inspection of a [`Self::key`].
    pub fn from_key(key: &str) -> Option<Self> {
        let (kind, of) = match key.split_once(' ') {
            Some((kind, of)) => (kind, Some(of)),
            None => (key, None),
        };
        let subject = |expected: &str| {
            of?.parse::<Subject>().ok().filter(|subject| subject.kind() == expected)
        };
        match (kind, of) {
            ("largest_folders", _) => Some(Self::LargestFolders { disk: subject("disk")? }),
            ("deleted_open_files", _) => Some(Self::DeletedOpenFiles { disk: subject("disk")? }),
            ("app_errors", _) => Some(Self::AppErrors { app: subject("app")? }),
            ("unit_errors", Some(unit)) => Some(Self::UnitErrors { unit: unit.parse().ok()? }),
            ("top_processes", None) => Some(Self::TopProcesses),
            ("listening_sockets", None) => Some(Self::ListeningSockets),
            ("out_of_memory", None) => Some(Self::OutOfMemory),
            ("database_activity", None) => Some(Self::DatabaseActivity),
            _ => None,
        }
    }
}

/// The things that can be looked at from here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Here {
    /// The name of this host: what is on another one can't be seen from here.
    pub host: String,
    /// The apps that PM2 runs here.
    pub apps: Vec<Subject>,
    /// The services that approved commands for the incident are about.
    pub units: Vec<UnitName>,
    /// True if the database of Calm Ops is a server with connections and queries.
    pub database: bool,
}

/// The inspections that fit the subjects of an incident, the most telling first.
pub fn offered(subjects: &[&Subject], here: &Here) -> Vec<Inspection> {
    let mut offered = Vec::new();
    for subject in subjects {
        // An endpoint or a service has no host, and is seen from here.
        if subject.host().is_none_or(|host| host == here.host) {
            offered.extend(of_subject(subject, here));
        }
    }
    let mut found: Vec<Inspection> = Vec::new();
    for one in offered {
        if !found.contains(&one) {
            found.push(one);
        }
    }
    found.truncate(MOST_OFFERED);
    found
}

fn of_subject(subject: &Subject, here: &Here) -> Vec<Inspection> {
    use Inspection::*;

    let database = here.database.then_some(DatabaseActivity);
    let of = (*subject).clone();
    match subject.kind() {
        "disk" => vec![LargestFolders { disk: of.clone() }, DeletedOpenFiles { disk: of }],
        "app" => vec![AppErrors { app: of }, TopProcesses, OutOfMemory],
        "host" => {
            [TopProcesses, OutOfMemory, ListeningSockets].into_iter().chain(database).collect()
        }
        "endpoint" => {
            let apps = if here.apps.len() <= FEW_APPS { here.apps.as_slice() } else { &[] };
            let apps = apps.iter().map(|app| AppErrors { app: app.clone() });
            let units = here.units.iter().map(|unit| UnitErrors { unit: unit.clone() });
            apps.chain(units).chain([ListeningSockets, TopProcesses]).chain(database).collect()
        }
        "pm2" | "collector" | "network" => vec![TopProcesses, ListeningSockets, OutOfMemory],
        "service" | "database" => database.into_iter().collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subject(text: &str) -> Subject {
        text.parse().unwrap()
    }

    fn here() -> Here {
        Here { host: "web-1".to_owned(), ..Here::default() }
    }

    fn offers(subjects: &[&str], here: &Here) -> Vec<String> {
        let subjects: Vec<Subject> = subjects.iter().map(|text| subject(text)).collect();
        let subjects: Vec<&Subject> = subjects.iter().collect();
        offered(&subjects, here).iter().map(Inspection::key).collect()
    }

    #[test]
    fn an_incident_offers_what_fits_its_subjects_and_nothing_of_another_host() {
        let disk = ["largest_folders disk:/var@web-1", "deleted_open_files disk:/var@web-1"];
        assert_eq!(offers(&["disk:/var@web-1"], &here()), disk);
        assert_eq!(offers(&["disk:/var@web-2", "host:web-2"], &here()), Vec::<String>::new());
        assert_eq!(
            offers(&["app:api@web-1", "app:api@web-1"], &here()),
            ["app_errors app:api@web-1", "top_processes", "out_of_memory"]
        );
        assert_eq!(
            offers(&["host:web-1"], &here()),
            ["top_processes", "out_of_memory", "listening_sockets"]
        );
        assert_eq!(offers(&["service:imports", "x:y"], &here()), Vec::<String>::new());
        let with_database = Here { database: true, ..here() };
        assert_eq!(offers(&["service:imports"], &with_database), ["database_activity"]);
        let apps = |count: usize| {
            (0..count).map(|number| subject(&format!("app:a{number}@web-1"))).collect::<Vec<_>>()
        };
        let unit: UnitName = "nginx.service".parse().unwrap();
        let watched = Here { apps: apps(1), units: vec![unit], ..here() };
        assert_eq!(
            offers(&["endpoint:checkout"], &watched),
            [
                "app_errors app:a0@web-1",
                "unit_errors nginx.service",
                "listening_sockets",
                "top_processes"
            ]
        );
        let many = Here { apps: apps(9), ..here() };
        assert_eq!(offers(&["endpoint:checkout"], &many).len(), 2);
        let all: Vec<String> = (0..99).map(|number| format!("disk:/{number}@web-1")).collect();
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        assert_eq!(offers(&all, &here()).len(), MOST_OFFERED);
    }

    #[test]
    fn a_key_leads_back_to_its_inspection_and_nothing_else_is_one() {
        let one = |text: &str| subject(text);
        for inspection in [
            Inspection::LargestFolders { disk: one("disk:/a b@web-1") },
            Inspection::DeletedOpenFiles { disk: one("disk:/@web-1") },
            Inspection::TopProcesses,
            Inspection::ListeningSockets,
            Inspection::AppErrors { app: one("app:api@web-1") },
            Inspection::UnitErrors { unit: "php8.4-fpm.service".parse().unwrap() },
            Inspection::OutOfMemory,
            Inspection::DatabaseActivity,
        ] {
            assert_eq!(Inspection::from_key(&inspection.key()), Some(inspection.clone()));
            let json = serde_json::to_value(&inspection).unwrap();
            assert_eq!(json["kind"], inspection.kind());
            assert_eq!(serde_json::from_value::<Inspection>(json).unwrap(), inspection);
        }
        for bad in [
            "",
            "top_processes ",
            "top_processes 1",
            "largest_folders",
            "largest_folders /etc",
            "largest_folders app:api@web-1",
            "app_errors disk:/etc@web-1",
            "unit_errors",
            "unit_errors nginx",
            "unit_errors -f.service",
            "unit_errors a b.service",
            "unit_errors ../x.service",
            "read_file /etc/shadow",
        ] {
            assert_eq!(Inspection::from_key(bad), None, "{bad}");
        }
        for bad in [r#"{"kind":"read_file"}"#, r#"{"kind":"largest_folders","disk":"/etc"}"#] {
            assert!(serde_json::from_str::<Inspection>(bad).is_err(), "{bad}");
        }
    }
}
