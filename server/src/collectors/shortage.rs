//! Limits of this program and this machine that keep it from measuring: files, ports, memory. Where
//! one is reached nothing was measured, and nothing is known of what was to be looked at.

use std::{
    io,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use domain::reason::{FailureReason, OwnLimit};
use rustix::{
    fs::{Mode, OFlags},
    io::Errno,
};

/// The log says it so often at most.
const LOGGED_EVERY: Duration = Duration::from_secs(60);
/// So many files must be free for a round.
const FILES: usize = 4;

/// The limit that an error comes from, if it comes from one. The log tells it.
pub fn of(error: &io::Error) -> Option<OwnLimit> {
    let limit = match Errno::from_io_error(error)? {
        Errno::MFILE | Errno::NFILE => OwnLimit::Files,
        Errno::ADDRNOTAVAIL => OwnLimit::Ports,
        Errno::NOBUFS | Errno::NOMEM => OwnLimit::Memory,
        _ => return None,
    };
    log(limit, error);
    Some(limit)
}

/// The reason that nothing can be measured at the moment, if no files can be opened.
pub fn now() -> Option<FailureReason> {
    let open = || {
        let flags = OFlags::RDONLY | OFlags::CLOEXEC;
        rustix::fs::open("/dev/null", flags, Mode::empty()).map_err(io::Error::from)
    };
    let files: Result<Vec<_>, _> = (0..FILES).map(|_| open()).collect();
    let limit = files.err().and_then(|error| of(&error))?;
    Some(FailureReason::OwnLimit { limit })
}

fn log(limit: OwnLimit, error: &io::Error) {
    static LOGGED: Mutex<Option<Instant>> = Mutex::new(None);
    let mut logged = LOGGED.lock().unwrap_or_else(PoisonError::into_inner);
    if logged.is_some_and(|at| at.elapsed() < LOGGED_EVERY) {
        return;
    }
    *logged = Some(Instant::now());
    tracing::warn!(
        %error,
        ?limit,
        "Calm Ops has reached a limit of this machine, so some readings are missing. Raise the limit of open files with LimitNOFILE= in the unit, or with 'ulimit -n'"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_told_from_a_failure_of_what_is_asked() {
        let told = |errno: Errno| of(&io::Error::from(errno));
        assert_eq!(told(Errno::MFILE), Some(OwnLimit::Files));
        assert_eq!(told(Errno::NFILE), Some(OwnLimit::Files));
        assert_eq!(told(Errno::ADDRNOTAVAIL), Some(OwnLimit::Ports));
        assert_eq!(told(Errno::NOBUFS), Some(OwnLimit::Memory));
        for errno in [Errno::CONNREFUSED, Errno::TIMEDOUT, Errno::NETUNREACH, Errno::NOENT] {
            assert_eq!(told(errno), None, "{errno}");
        }
        assert_eq!(of(&io::Error::other("words")), None);
        assert_eq!(now(), None);
    }
}
