//! The access log of a proxy, followed: each line is what `POST /api/gate/report` would have said
//! about its request.
//!
//! While a log is followed, it alone tells results and ends, so that nothing counts twice; a report
//! of the application then adds how long its requests waited, which no proxy knows. An end comes
//! [`EVERY`] late at most: until then its request counts as under way.

pub(crate) mod entry;
mod file;
mod lines;

use std::{sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;

use super::{Gatekeeper, followed::Followed, report};
use entry::Unreadable;
use file::{Follower, Obstacle};
use lines::Line;

/// The pause between two looks.
const EVERY: Duration = Duration::from_millis(50);

/// Follows the access log until it is told to stop; ends at once where none is configured.
pub async fn follow_access_log(gatekeeper: Arc<Gatekeeper>, stop: CancellationToken) {
    let Some(path) = gatekeeper.followed.as_ref().map(|followed| followed.path().to_owned()) else {
        return;
    };
    let mut follower = Follower::new(path);
    loop {
        let gatekeeper = Arc::clone(&gatekeeper);
        let looked = tokio::task::spawn_blocking(move || {
            if let Some(followed) = &gatekeeper.followed {
                look(&mut follower, &gatekeeper, followed);
            }
            follower
        });
        let Ok(next) = looked.await else {
            tracing::error!("the access log of the proxy is no longer followed");
            return;
        };
        follower = next;
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

fn look(follower: &mut Follower, gatekeeper: &Gatekeeper, followed: &Followed) {
    let now = gatekeeper.clock().now().mono;
    let look = follower.look(&mut |at, line| {
        if let Err(why) = take(gatekeeper, line) {
            followed.leave_out_line(|| format!("begins at byte {at}: {why}"), now);
        }
    });
    gatekeeper.set_blind(look.is_blind);
    if look.skipped > 0 {
        gatekeeper.miss_ends(now);
    }
    followed.set_obstacle(look.obstacle.map(told));
    if look.skipped > 0 {
        followed.skip(look.skipped, now);
    }
}

fn take(gatekeeper: &Gatekeeper, line: Line<'_>) -> Result<(), Unreadable> {
    let Line::Whole(bytes) = line else { return Err(Unreadable::TooLong) };
    // Visitors may send any bytes in a target, and nginx writes them as they are.
    let text = String::from_utf8_lossy(bytes);
    if text.trim().is_empty() {
        return Ok(());
    }
    let Some(ended) = entry::read(&text)? else { return Ok(()) };
    let read = report::read(&ended.result).map_err(|wrong| match wrong.field {
        "duration_ms" => Unreadable::Value("request_time"),
        field => Unreadable::Value(field),
    })?;
    report::count(gatekeeper, &ended.result, &read, ended.was_counted);
    Ok(())
}

fn told(obstacle: Obstacle) -> String {
    match obstacle {
        Obstacle::Missing => {
            "is not there, so no results of requests are known. It is read as soon as the proxy writes it: check access_log in the proxy's configuration.".to_owned()
        }
        Obstacle::NoFile => {
            "is no regular file, so no results of requests are known. Have the proxy write its log to a file.".to_owned()
        }
        Obstacle::Unreadable(std::io::ErrorKind::PermissionDenied) => {
            "can't be read by the user of Calm Ops, so no results of requests are known. Add the user to the group of the file (often: usermod -aG adm calm-ops), and start Calm Ops again.".to_owned()
        }
        Obstacle::Unreadable(kind) => {
            format!("can't be read ({kind}), so no results of requests are known. Check the file and its disk.")
        }
    }
}
