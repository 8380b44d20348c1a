//! One process and its group: started, watched, ended.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io,
    os::{
        fd::{AsFd, AsRawFd, OwnedFd},
        unix::{
            fs::{DirBuilderExt, PermissionsExt},
            process::{CommandExt, ExitStatusExt},
        },
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use rustix::{
    io::Errno,
    pipe::{PipeFlags, fcntl_setpipe_size, pipe_with},
    process::{
        Pid, PidfdFlags, Signal, WaitId, WaitIdOptions, kill_process, kill_process_group,
        pidfd_open, pidfd_send_signal, waitid,
    },
};
use tokio_util::sync::CancellationToken;

use super::{
    plan::Plan,
    program,
    report::Exit,
    rule::{Refusal, Rule},
    user::Way,
};
use crate::umask;

/// The pause between two looks for the end of a group.
const LOOK: Duration = Duration::from_millis(40);
/// Room for a program that goes on after Calm Ops was killed.
const PIPE: usize = 1024 * 1024;

/// Held while a file that will be executed is open for writing, and while a process begins: a copy
/// of that descriptor in a process that is just being started would make the kernel refuse to
/// execute the file.
static LAUNCH: Mutex<()> = Mutex::new(());

/// Set when Calm Ops stops in good order: what runs then is neither ended nor tidied up, just as
/// after a kill.
pub(super) type Leaving = Arc<AtomicBool>;

/// The place of one run: removed when dropped.
#[derive(Debug)]
pub(super) struct Place(PathBuf, Leaving);

impl Place {
    fn make(all: &Path, leaving: &Leaving) -> io::Result<Self> {
        let place = Self(all.join(format!("run-{}", uuid::Uuid::now_v7())), Arc::clone(leaving));
        make_dir(&place.0, 0o700)?;
        Ok(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.1.load(Ordering::Acquire) {
            return;
        }
        if let Err(error) = fs::remove_dir_all(&self.0) {
            tracing::warn!(place = %self.0.display(), %error, "the working directory of a run could not be removed");
        }
    }
}

/// Makes a directory with exactly this mode, whatever the umask is.
fn make_dir(path: &Path, mode: u32) -> io::Result<()> {
    DirBuilder::new().mode(0o700).create(path)?;
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}

/// A process that runs, with the ends of its pipes and its place.
pub(super) struct Started {
    pub(super) leader: Leader,
    pub(super) out: OwnedFd,
    pub(super) err: OwnedFd,
    pub(super) place: Place,
}

/// Starts it. Blocks for about a millisecond.
pub(super) fn start(plan: &Plan, all: &Path, leaving: &Leaving) -> Result<Started, Refusal> {
    plan.look_again()?;
    let place = Place::make(all, leaving).and_then(|place| {
        let work = place.0.join("work");
        // Through sudo we cannot give it away; the program may stand in it, and see that it is
        // empty.
        make_dir(&work, if plan.way == Way::Sudo { 0o755 } else { 0o700 })?;
        if plan.way == Way::Setpriv {
            std::os::unix::fs::chown(&work, Some(plan.user.uid), Some(plan.user.gid))?;
        }
        Ok(place)
    });
    let place = place.map_err(|error| {
        Refusal::new(
            Rule::WorkingDirectory,
            format!("its working directory could not be created: {error}"),
        )
    })?;

    let launch = |error: io::Error| {
        Refusal::new(
            Rule::Launch,
            format!("{} could not be started: {error}", plan.program.display()),
        )
    };
    let mut vector = plan.vector();
    let lock = LAUNCH.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(hash) = &plan.sha256 {
        let content = program::read_hashed(&plan.program, hash)?;
        if plan.way == Way::Direct {
            let copy = place.0.join(plan.program.file_name().unwrap_or_default());
            program::write_copy(&copy, &content).map_err(launch)?;
            vector[0] = copy.to_string_lossy().into_owned();
        }
    }
    // Descriptors that we were started with, or that a library left open, are not for the program.
    close_fds::set_fds_cloexec_threadsafe(3, &[]);
    let (out, out_theirs) = pipe().map_err(launch)?;
    let (err, err_theirs) = pipe().map_err(launch)?;
    let mut command = Command::new(&vector[0]);
    command
        .args(&vector[1..])
        .env_clear()
        .envs(plan.environment())
        .current_dir(place.0.join("work"));
    command.stdin(Stdio::null()).stdout(out_theirs).stderr(err_theirs).process_group(0);
    umask::restore_for(&mut command);
    let mut tries = 0;
    let child = loop {
        match command.spawn() {
            // Somebody else's new process still holds the copy open.
            Err(error) if error.kind() == io::ErrorKind::ExecutableFileBusy && tries < 20 => {
                tries += 1;
                std::thread::sleep(Duration::from_millis(2));
            }
            child => break child.map_err(launch)?,
        }
    };
    drop(lock);
    let leader = Leader::of(child, plan.way, Arc::clone(leaving));
    Ok(Started { leader, out, err, place })
}

/// Our end to read, and theirs to write.
///
/// Theirs can be read as well: the pipe then has a reader as long as the program lives, so that the
/// death of Calm Ops does not kill a `pm2 reload` by SIGPIPE at its next word. It can write 1 MiB
/// more until it has to wait.
fn pipe() -> io::Result<(OwnedFd, File)> {
    let (ours, write_only) = pipe_with(PipeFlags::CLOEXEC)?;
    let _ = fcntl_setpipe_size(&ours, PIPE);
    let both = OpenOptions::new()
        .read(true)
        .write(true)
        .open(format!("/proc/self/fd/{}", ours.as_raw_fd()));
    Ok((ours, both.unwrap_or_else(|_| File::from(write_only))))
}

/// The first process of a group. Its number stays taken until [`Leader::reap`], so a signal can
/// never hit a stranger.
pub(super) struct Leader {
    child: Option<Child>,
    group: Pid,
    ended: CancellationToken,
    way: Way,
    leaving: Leaving,
}

impl Leader {
    fn of(child: Child, way: Way, leaving: Leaving) -> Self {
        let group = Pid::from_child(&child);
        let ended = CancellationToken::new();
        let told = ended.clone().drop_guard();
        // A thread that sleeps in the kernel, for as long as the process lives: exact, and without
        // a descriptor to register.
        tokio::task::spawn_blocking(move || {
            let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
            while matches!(waitid(WaitId::Pid(group), options), Err(Errno::INTR)) {}
            drop(told);
        });
        Self { child: Some(child), group, ended, way, leaving }
    }

    pub(super) fn pid(&self) -> u32 {
        self.group.as_raw_nonzero().get().unsigned_abs()
    }

    /// Waits for its end without taking notice of it.
    pub(super) async fn exited(&self) {
        self.ended.cancelled().await;
    }

    fn has_exited(&self) -> bool {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
        !matches!(waitid(WaitId::Pid(self.group), options), Ok(None) | Err(Errno::INTR))
    }

    /// Ends the whole group, and whoever left it but still holds our pipes: politely, and after
    /// `grace` not.
    pub(super) async fn end(&self, pipes: [u64; 2], grace: Duration) {
        let strays =
            tokio::task::spawn_blocking(move || find_strays(pipes)).await.unwrap_or_default();
        let _ = kill_process_group(self.group, Signal::TERM);
        for stray in &strays {
            let _ = pidfd_send_signal(stray, Signal::TERM);
        }
        if self.gone(pipes, grace, !strays.is_empty()).await {
            return;
        }
        if self.way == Way::Sudo && !self.has_exited() {
            // sudo hands on what it can catch, which SIGKILL is not. On SIGALRM, its own time
            // limit, it ends the command for good.
            let _ = kill_process(self.group, Signal::ALARM);
            self.gone(pipes, grace, false).await;
        }
        let _ = kill_process_group(self.group, Signal::KILL);
        for stray in
            tokio::task::spawn_blocking(move || find_strays(pipes)).await.unwrap_or_default()
        {
            let _ = pidfd_send_signal(stray, Signal::KILL);
        }
        self.gone(pipes, Duration::from_secs(1), false).await;
    }

    /// Waits until no process of the group is left, at most so long.
    async fn gone(&self, pipes: [u64; 2], most: Duration, with_strays: bool) -> bool {
        let since = Instant::now();
        let group = self.group;
        loop {
            let left = tokio::task::spawn_blocking(move || {
                has_members(group) || (with_strays && !find_strays(pipes).is_empty())
            })
            .await;
            if !left.unwrap_or(true) {
                return true;
            }
            if since.elapsed() >= most {
                return false;
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// True if anything of the group still runs.
    pub(super) fn has_company(&self) -> bool {
        has_members(self.group)
    }

    /// The end, if it has ended. From now on its number is free.
    pub(super) fn reap(mut self) -> Option<Exit> {
        let status = self.child.as_mut()?.try_wait().ok()??;
        self.child = None;
        match (status.code(), status.signal()) {
            (Some(code), _) => Some(Exit::Code(code)),
            (None, Some(signal)) => Some(Exit::Signal(signal)),
            (None, None) => None,
        }
    }
}

impl Drop for Leader {
    fn drop(&mut self) {
        let Some(mut child) = self.child.take() else { return };
        if self.leaving.load(Ordering::Acquire) {
            return;
        }
        // The runtime ends, or something failed: nobody is left to be polite.
        let _ = match self.way {
            Way::Sudo => kill_process(self.group, Signal::ALARM),
            Way::Direct | Way::Setpriv => kill_process_group(self.group, Signal::KILL),
        };
        std::thread::spawn(move || child.wait());
    }
}

/// The kernel's number of a pipe.
pub(super) fn number_of(pipe: &OwnedFd) -> u64 {
    rustix::fs::fstat(pipe.as_fd()).map(|stat| stat.st_ino).unwrap_or_default()
}

fn processes() -> impl Iterator<Item = Pid> {
    let all = fs::read_dir("/proc").into_iter().flatten().flatten();
    all.filter_map(|entry| Pid::from_raw(entry.file_name().to_str()?.parse().ok()?))
}

/// True if a process of this group is alive; one that has ended and was not waited for is not.
fn has_members(group: Pid) -> bool {
    let group = group.as_raw_nonzero().to_string();
    processes().any(|pid| {
        let Ok(stat) = fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())) else {
            return false;
        };
        // The name may hold anything, brackets too: what follows the last one counts.
        let mut fields =
            stat.rsplit_once(')').map(|(_, rest)| rest).unwrap_or_default().split_whitespace();
        let state = fields.next();
        fields.nth(1) == Some(&group) && !matches!(state, Some("Z" | "X"))
    })
}

/// Processes that can write to our pipes, wherever they went: a child that made a session of its
/// own is in no group of ours.
fn find_strays(pipes: [u64; 2]) -> Vec<OwnedFd> {
    let ours = rustix::process::getpid();
    let found = processes().filter(|pid| *pid != ours && writes_to(*pid, pipes));
    // Only after the descriptor is ours the number cannot become another process: look again.
    let sure = found.filter_map(|pid| Some((pid, pidfd_open(pid, PidfdFlags::empty()).ok()?)));
    sure.filter(|(pid, _)| writes_to(*pid, pipes)).map(|(_, fd)| fd).collect()
}

fn writes_to(pid: Pid, pipes: [u64; 2]) -> bool {
    let names = pipes.map(|pipe| format!("pipe:[{pipe}]"));
    let process = format!("/proc/{}", pid.as_raw_nonzero());
    let Ok(open) = fs::read_dir(format!("{process}/fd")) else { return false };
    open.flatten().any(|entry| {
        let ours = fs::read_link(entry.path())
            .is_ok_and(|to| names.iter().any(|name| to.as_os_str() == name.as_str()));
        ours && fs::read_to_string(format!(
            "{process}/fdinfo/{}",
            entry.file_name().to_string_lossy()
        ))
        .is_ok_and(|info| {
            let flags = info
                .lines()
                .find_map(|line| line.strip_prefix("flags:"))
                .map(str::trim)
                .unwrap_or_default();
            u32::from_str_radix(flags, 8).is_ok_and(|flags| flags & 0o3 != 0)
        })
    })
}
