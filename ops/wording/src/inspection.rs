//! Inspections: how they are called, what they read, and how one is told.

use domain::{
    actor::Actor,
    inspection::{Inspection, InspectionOutcome},
    text::isolated,
};

use crate::humanize;

/// The object that is looked at, as it stands in a sentence: `the largest folders of the disk /var
/// on web-1`.
pub fn object(inspection: &Inspection) -> String {
    match inspection {
        Inspection::LargestFolders { disk } => {
            format!("the largest folders of {}", humanize::subject(disk))
        }
        Inspection::DeletedOpenFiles { disk } => {
            format!("deleted files still open on {}", humanize::subject(disk))
        }
        Inspection::TopProcesses => "the top processes".to_owned(),
        Inspection::ListeningSockets => "the listening sockets".to_owned(),
        Inspection::AppErrors { app } => {
            format!("the last error lines of {}", humanize::subject(app))
        }
        Inspection::UnitErrors { unit } => {
            format!("the last error lines of {}", isolated(unit.as_str()))
        }
        Inspection::OutOfMemory => "the kernel's out-of-memory lines".to_owned(),
        Inspection::DatabaseActivity => "the connections and queries of the database".to_owned(),
    }
}

/// The same as the heading of what was seen: `Largest folders of the disk /var on web-1`.
pub fn title(inspection: &Inspection) -> String {
    let object = object(inspection);
    let bare = object.strip_prefix("the ").unwrap_or(&object);
    let mut chars = bare.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// The source of its facts, as a sentence.
pub const fn reads(inspection: &Inspection) -> &'static str {
    match inspection {
        Inspection::LargestFolders { .. } => {
            "Sizes and names of folders and files. No file is opened."
        }
        Inspection::DeletedOpenFiles { .. } => {
            "Which files programs have open: deleted ones keep their space."
        }
        Inspection::TopProcesses => {
            "CPU over one second, memory, user and program of each process. Arguments are left out."
        }
        Inspection::ListeningSockets => "Ports that are open on this host, and by which program.",
        Inspection::AppErrors { .. } => "The end of the error log that PM2 keeps for it.",
        Inspection::UnitErrors { .. } => "Warnings and errors of the service in the system log.",
        Inspection::OutOfMemory => {
            "The kernel's log: which program was killed when memory ran out."
        }
        Inspection::DatabaseActivity => {
            "Connections by state, and what has been running longest. Values in queries are left out."
        }
    }
}

/// The sentence of a timeline, and why it failed where it did.
pub(crate) fn told(
    inspection: &Inspection,
    outcome: &InspectionOutcome,
    actor: Actor,
    who: &str,
) -> (String, Option<String>) {
    let object = object(inspection);
    let is_person = actor.is_person();
    match outcome {
        InspectionOutcome::Seen { .. } if is_person => (format!("{who} looked at {object}."), None),
        InspectionOutcome::Seen { .. } => (format!("Saved {object}."), None),
        InspectionOutcome::Failed { why } => {
            let sentence = if is_person {
                format!("{who} tried to look at {object}:")
            } else {
                format!("Could not save {object}:")
            };
            (sentence, Some(why.clone()))
        }
    }
}
