//! Disks: how full they are, and whether they can be written. A mount whose server is away lets
//! every question about it hang: each such question is asked on a thread of its own, and never a
//! second time while the first is open.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fs,
    io::{self, ErrorKind},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use domain::reason::FailureReason;
use rustix::io::Errno;
use tokio::{
    sync::oneshot::{self, error::TryRecvError},
    time::Instant,
};

use super::{
    judgement::Class,
    mounts::{self, Device},
};

/// More disks than this are not reported.
const MOST: usize = 64;
/// More places of one file system than this are not looked at.
const MOST_POINTS: usize = 64;

/// The space of one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Space {
    /// Its size in bytes.
    pub total: u64,
    /// Space that a program that is not root's can still use.
    pub available: u64,
    /// Percent in use, as `df` tells it: without what is reserved for root.
    pub used: f64,
    /// Percent of the inodes in use; `None` where the file system has no fixed number.
    pub inodes_used: Option<f64>,
}

/// A disk as a round found it.
#[derive(Debug)]
pub(super) struct Disk {
    /// The place that names it.
    pub point: PathBuf,
    /// The space; `None` if that is not known now.
    pub space: Option<Space>,
    /// True if something that is meant to be written can't be; `None` if that is not known now.
    pub read_only: Option<bool>,
    /// True if this program may not look at a disk of this host.
    pub denied: bool,
    /// The reason that its space is not known, where someone else was to tell it.
    pub why: Option<FailureReason>,
    /// True if it is mounted when it is used, and away in between.
    pub comes_and_goes: bool,
}

/// The disks of a round.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Those that are reported.
    pub disks: Vec<Disk>,
    /// The places of those beyond the limit.
    pub left_out: Vec<PathBuf>,
    /// Number of them by the type of file system.
    pub left_out_kinds: BTreeMap<String, usize>,
}

/// The question about one device, and what came back.
#[derive(Clone, Debug)]
enum Answer {
    /// No place of it is a folder that shows it, or it has no size.
    Nowhere,
    /// Does not tell.
    Unknown(ErrorKind),
    /// The place that names it, and its space.
    Space(PathBuf, Space),
    /// The kernel answers with an error of the device.
    Failed(PathBuf),
}

type Answers = Vec<(String, Answer)>;

/// Open questions, and what is known from the rounds before.
#[derive(Debug, Default)]
pub(super) struct Disks {
    /// The question about all local mounts at once: these do not hang in turn.
    local: Option<oneshot::Receiver<Answers>>,
    remote: HashMap<String, oneshot::Receiver<Answers>>,
    /// The place that names a device: it stays, also when a shorter one is added.
    names: HashMap<String, PathBuf>,
    /// File systems, and places of them, that could be written in this run or in one before.
    written: BTreeSet<(String, Option<PathBuf>)>,
    /// File systems of unknown programs that had space once.
    had_space: BTreeSet<String>,
    /// File systems that gave no answer in time in the last round.
    late: BTreeSet<String>,
}

/// Looks at the places of a device until one shows it.
fn answer(device: &Device, name: Option<&Path>) -> Answer {
    let mut unknown = None;
    // An error of another machine or of a program says nothing of a disk here.
    let fails =
        |error: Option<i32>| error == Some(Errno::IO.raw_os_error()) && !device.class.may_hang();
    let points = device.points.iter().map(|point| point.path.as_path());
    let known = name.into_iter().filter(|name| points.clone().any(|point| point == *name));
    for point in known.chain(points.clone()).take(MOST_POINTS) {
        let data = match fs::metadata(point) {
            Ok(data) => data,
            Err(error) if fails(error.raw_os_error()) => return Answer::Failed(point.to_owned()),
            Err(error) => {
                let is_elsewhere =
                    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory);
                unknown = unknown.or(Some(error.kind()).filter(|_| !is_elsewhere));
                continue;
            }
        };
        // Another mount may lie over a folder above it.
        let number = (rustix::fs::major(data.dev()), rustix::fs::minor(data.dev()));
        if !data.is_dir() || device.number.is_some_and(|expected| expected != number) {
            continue;
        }
        return match rustix::fs::statvfs(point) {
            Ok(told) => {
                space(&told).map_or(Answer::Nowhere, |space| Answer::Space(point.to_owned(), space))
            }
            Err(error) if fails(Some(error.raw_os_error())) => Answer::Failed(point.to_owned()),
            Err(error) => Answer::Unknown(io::Error::from(error).kind()),
        };
    }
    unknown.map_or(Answer::Nowhere, Answer::Unknown)
}

fn space(told: &rustix::fs::StatVfs) -> Option<Space> {
    let share = |used: u64, all: u64| (all > 0).then(|| used as f64 / all as f64 * 100.0);
    let used = told.f_blocks.saturating_sub(told.f_bfree);
    Some(Space {
        total: told.f_blocks.saturating_mul(told.f_frsize),
        available: told.f_bavail.saturating_mul(told.f_frsize),
        used: share(used, used.saturating_add(told.f_bavail))?,
        inodes_used: share(told.f_files.saturating_sub(told.f_ffree), told.f_files),
    })
}

/// Asks about these on a thread of its own; `None` if there can be none.
fn ask(devices: Vec<(Device, Option<PathBuf>)>) -> Option<oneshot::Receiver<Answers>> {
    let (send, answers) = oneshot::channel();
    let question = move || {
        let answers = devices
            .into_iter()
            .map(|(device, name)| {
                let answer = answer(&device, name.as_deref());
                (device.id, answer)
            })
            .collect();
        // Nobody waits any more if the program is about to end.
        let _ = send.send(answers);
    };
    thread::Builder::new().name("disks".to_owned()).stack_size(128 * 1024).spawn(question).ok()?;
    Some(answers)
}

impl Disks {
    /// Judges all file systems, asks about the disks among them, and gives what is known within
    /// `limit`. What stays open is heard in a later round. `was_written` says whether a place was
    /// a disk that could be written in a run before.
    pub(super) async fn look(
        &mut self,
        devices: Vec<Device>,
        fstab: &str,
        was_written: impl Fn(&Path) -> bool,
        limit: Duration,
    ) -> Found {
        self.remember(&devices, &was_written);
        let mut watched: Vec<Device> =
            devices.into_iter().filter(|device| self.is_watched(device, fstab)).collect();
        let mut found = Found::default();
        for device in watched.split_off(watched.len().min(MOST)) {
            *found.left_out_kinds.entry(device.file_system.clone()).or_default() += 1;
            found.left_out.extend(self.name(&device));
        }
        let mut answers: HashMap<String, Answer> =
            self.answers(&watched, limit).await.into_iter().collect();
        let is_late = |device: &&Device| !answers.contains_key(&device.id);
        let late = watched.iter().filter(is_late).map(|device| device.id.clone()).collect();
        for device in watched {
            let answer = answers.remove(&device.id);
            match &answer {
                Some(Answer::Space(point, _) | Answer::Failed(point)) => {
                    self.names.insert(device.id.clone(), point.clone());
                }
                Some(Answer::Nowhere) => continue,
                Some(Answer::Unknown(_)) | None => {}
            }
            let Some(point) = self.name(&device) else { continue };
            let (space, fault) = match answer {
                Some(Answer::Space(_, space)) => (Some(space), None),
                Some(Answer::Unknown(kind)) => (None, Some(kind)),
                // Once may be chance.
                None if self.late.contains(&device.id) => (None, Some(ErrorKind::TimedOut)),
                None => (None, None),
                Some(Answer::Nowhere | Answer::Failed(_)) => (None, None),
            };
            if device.class == Class::Program && !self.has_space(&device.id, space) {
                continue;
            }
            let broken = device.failed || matches!(answer, Some(Answer::Failed(_)));
            // What the mounts say is known even where the device itself does not answer.
            let read_only = broken || self.turned_read_only(&device, &point, fstab);
            let denied = fault == Some(ErrorKind::PermissionDenied);
            let what = || format!("the file system at {}", point.display());
            let why = fault.filter(|_| device.class.may_hang());
            found.disks.push(Disk {
                space,
                read_only: Some(read_only).filter(|_| !denied),
                denied: denied && device.class == Class::Disk,
                why: why.map(|kind| FailureReason::access(&what(), kind)),
                comes_and_goes: device.comes_and_goes,
                point,
            });
        }
        self.late = late;
        found
    }

    /// Keeps what could be written, and forgets what is not mounted any more.
    fn remember(&mut self, devices: &[Device], was_written: &impl Fn(&Path) -> bool) {
        let mounted: BTreeSet<&str> = devices.iter().map(|device| device.id.as_str()).collect();
        self.written.retain(|(id, _)| mounted.contains(id.as_str()));
        self.had_space.retain(|id| mounted.contains(id.as_str()));
        self.names.retain(|id, name| {
            devices.iter().any(|device| {
                &device.id == id && device.points.iter().any(|point| &point.path == name)
            })
        });
        for device in devices {
            let before = device.points.iter().find(|point| was_written(&point.path));
            if device.writable || before.is_some() {
                self.written.insert((device.id.clone(), None));
            }
            if let Some(point) = before {
                self.names.entry(device.id.clone()).or_insert_with(|| point.path.clone());
            }
            for point in device.points.iter().filter(|point| point.writable) {
                self.written.insert((device.id.clone(), Some(point.path.clone())));
            }
        }
    }

    /// True if it is a disk: it can be written, or it was meant to be. What can only be read from
    /// the beginning is an image, and its fullness says nothing.
    fn is_watched(&self, device: &Device, fstab: &str) -> bool {
        let meant = |place| mounts::meant_writable(fstab, place, &device.file_system);
        let was_written =
            |place: Option<&PathBuf>| self.written.contains(&(device.id.clone(), place.cloned()));
        // What a service was given of a memory disk, to read, is not its concern.
        if device.class == Class::Memory {
            return device.points.iter().any(|point| was_written(Some(&point.path)));
        }
        device.failed
            || was_written(None)
            || device.points.iter().any(|point| meant(&point.path) == Some(true))
    }

    fn turned_read_only(&self, device: &Device, point: &Path, fstab: &str) -> bool {
        if mounts::meant_writable(fstab, point, &device.file_system) == Some(false) {
            return false;
        }
        let mount = device.points.iter().find(|one| one.path == point);
        let written = || self.written.contains(&(device.id.clone(), Some(point.to_owned())));
        !device.writable || mount.is_some_and(|mount| !mount.writable) && written()
    }

    fn has_space(&mut self, id: &str, space: Option<Space>) -> bool {
        if space.is_some_and(|space| space.used < 100.0) {
            self.had_space.insert(id.to_owned());
        }
        self.had_space.contains(id)
    }

    /// The place that names a device: the one of the round before, or else the shortest.
    fn name(&self, device: &Device) -> Option<PathBuf> {
        let known = self.names.get(&device.id).cloned();
        known.or_else(|| device.points.first().map(|point| point.path.clone()))
    }

    /// The answers that come within `limit`.
    async fn answers(&mut self, devices: &[Device], limit: Duration) -> Answers {
        let until = Instant::now() + limit;
        let names = &self.names;
        let question = |device: &Device| (device.clone(), names.get(&device.id).cloned());
        self.remote.retain(|id, open| {
            devices.iter().any(|device| &device.id == id)
                || matches!(open.try_recv(), Err(TryRecvError::Empty))
        });
        if self.local.is_none() {
            let local = devices.iter().filter(|device| !device.class.may_hang());
            self.local = ask(local.map(question).collect());
        }
        for device in devices.iter().filter(|device| device.class.may_hang()) {
            if self.remote.len() < MOST
                && !self.remote.contains_key(&device.id)
                && let Some(open) = ask(vec![question(device)])
            {
                self.remote.insert(device.id.clone(), open);
            }
        }
        let mut answers = Answers::new();
        if let Some(open) = &mut self.local
            && let Ok(answer) = tokio::time::timeout_at(until, open).await
        {
            self.local = None;
            answers.extend(answer.unwrap_or_default());
        }
        for device in devices.iter().filter(|device| device.class.may_hang()) {
            if let Some(open) = self.remote.get_mut(&device.id)
                && let Ok(answer) = tokio::time::timeout_at(until, open).await
            {
                self.remote.remove(&device.id);
                answers.extend(answer.unwrap_or_default());
            }
        }
        // An answer that was late may be about a place where it is not mounted any more.
        answers.retain(|(id, answer)| match answer {
            Answer::Space(point, _) | Answer::Failed(point) => devices.iter().any(|device| {
                &device.id == id && device.points.iter().any(|one| &one.path == point)
            }),
            Answer::Nowhere | Answer::Unknown(_) => true,
        });
        answers
    }
}

#[cfg(test)]
mod tests;
