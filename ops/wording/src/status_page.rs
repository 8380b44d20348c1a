//! Words of the status page that are not published by anyone: labels, and sentences about the page
//! itself.

use domain::status_page::NoticeState;

/// A state, as a label.
pub const fn notice_state(state: NoticeState) -> &'static str {
    match state {
        NoticeState::Investigating => "Investigating",
        NoticeState::Identified => "Identified",
        NoticeState::Monitoring => "Monitoring",
        NoticeState::Resolved => "Resolved",
    }
}

/// The first sentence: how many notices are current. It never says that all is well, as nobody said
/// so.
pub fn lead(current: usize) -> String {
    match current {
        0 => "No incident is published right now.".to_owned(),
        1 => "1 incident is published right now.".to_owned(),
        many => format!("{many} incidents are published right now."),
    }
}

/// The folder for static files can't be written.
pub fn not_written(directory: &str, why: &str) -> String {
    format!(
        "The status page in {directory} could not be written: {why}. Visitors may see an older one. Calm Ops tries again every few seconds."
    )
}
