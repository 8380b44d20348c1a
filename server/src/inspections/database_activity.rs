//! The activity of the database server of Calm Ops: connections by their state, and what has been
//! running longest, without the values in it.

use domain::inspection::InspectionOutcome;

use super::look::{LONGEST, Looked, Turn};
use crate::store::{Activity, Store};

/// Looks.
pub(super) async fn look(store: &dyn Store, turn: Turn) -> Looked {
    let asked = tokio::time::timeout(LONGEST, store.activity()).await;
    drop(turn);
    match asked {
        Ok(Ok(Some(activity))) => Ok(told(&activity)),
        Ok(Ok(None)) => {
            Err("The database of Calm Ops is a file: it has no connections.".to_owned())
        }
        Ok(Err(error)) => {
            tracing::warn!(%error, "the activity of the database could not be read");
            Err("The database did not tell what it does; the log of Calm Ops has the details."
                .to_owned())
        }
        Err(_) => Err("The database did not answer in time.".to_owned()),
    }
}

fn told(activity: &Activity) -> InspectionOutcome {
    let all: i64 = activity.connections.iter().map(|(_, count)| count).sum();
    let mut lines = vec![format!("{all} connections of at most {}", activity.most)];
    for (state, count) in &activity.connections {
        lines.push(format!("{count:>7}  {state}"));
    }
    lines.extend([String::new(), "Longest of this database".to_owned()]);
    let none = activity.sessions.is_empty().then(|| "   none".to_owned());
    lines.extend(none);
    for session in &activity.sessions {
        let query = &session.query;
        let waits = if session.waits_for.is_empty() {
            String::new()
        } else {
            format!(", waits for {}", session.waits_for)
        };
        let application = if query.application.is_empty() {
            String::new()
        } else {
            format!(" by {}", query.application)
        };
        let text = if query.text.is_empty() { "(not shown to Calm Ops)" } else { &query.text };
        lines.push(format!(
            "{:>9}  {} ({}{waits}) as {}{application}: {text}",
            query.running_for.to_string(),
            session.pid,
            session.state,
            query.user
        ));
    }
    let hidden = activity.sessions.iter().any(|session| session.query.text.is_empty());
    let notes = hidden.then(|| {
        "Queries of other users are shown only to members of the role pg_read_all_stats.".to_owned()
    });
    InspectionOutcome::table(lines, notes.into_iter().collect())
}
