//! Disks: which are mounted, and how full they are. A mount whose server is away lets every
//! question about it hang: each such question is asked on a thread of its own, and never a second
//! time while the first is open.

use std::{
    collections::{BTreeMap, HashMap},
    ffi::OsString,
    os::unix::ffi::OsStringExt,
    path::PathBuf,
    thread,
    time::Duration,
};

use tokio::{
    sync::oneshot::{self, error::TryRecvError},
    time::Instant,
};

/// More disks than this are not reported.
pub(super) const MOST: usize = 64;

/// A mounted file system that holds data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mount {
    /// Where it is mounted.
    pub point: PathBuf,
    /// Whether its answers come from somewhere else than this kernel.
    pub remote: bool,
}

/// How full one is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Space {
    /// Its size in bytes.
    pub total: u64,
    /// What a program that is not root's can still use.
    pub available: u64,
    /// Percent in use, as `df` tells it: without what is reserved for root.
    pub used: f64,
    /// Percent of the inodes in use; `None` where the file system has no fixed number.
    pub inodes_used: Option<f64>,
}

const PSEUDO: [&str; 36] = [
    "autofs",
    "binder",
    "binfmt_misc",
    "bpf",
    "cgroup",
    "cgroup2",
    "configfs",
    "cpuset",
    "debugfs",
    "devpts",
    "devtmpfs",
    "efivarfs",
    "fuse.gvfsd-fuse",
    "fuse.lxcfs",
    "fuse.portal",
    "fuse.snapfuse",
    "fusectl",
    "hugetlbfs",
    "mqueue",
    "nfsd",
    "nsfs",
    "proc",
    "pstore",
    "ramfs",
    "resctrl",
    "rpc_pipefs",
    "securityfs",
    "selinuxfs",
    "smackfs",
    "sysfs",
    "tracefs",
    "sockfs",
    "pipefs",
    "none",
    "rootfs",
    "devfs",
];
/// Images are always full.
const IMAGES: [&str; 6] = ["squashfs", "iso9660", "erofs", "cramfs", "romfs", "udf"];
const REMOTE: [&str; 12] = [
    "nfs",
    "nfs4",
    "cifs",
    "smb3",
    "smbfs",
    "9p",
    "ceph",
    "afs",
    "glusterfs",
    "lustre",
    "virtiofs",
    "ocfs2",
];

/// The mounts that are disks, from `/proc/self/mountinfo`: each device once, at its shortest mount
/// point. Whoever takes them takes at most [`MOST`].
pub(super) fn mounts(text: &str) -> Vec<Mount> {
    // Of several mounts on one point only the last can be seen.
    let mut by_point: HashMap<Vec<u8>, (String, Option<Mount>)> = HashMap::new();
    for line in text.lines() {
        if let Some((point, device, mount)) = mount(line) {
            by_point.insert(point, (device, mount));
        }
    }
    let mut by_device: BTreeMap<String, Mount> = BTreeMap::new();
    for (device, mount) in by_point.into_values() {
        let Some(mount) = mount else { continue };
        let key = |mount: &Mount| (mount.point.as_os_str().len(), mount.point.clone());
        match by_device.get(&device) {
            Some(known) if key(known) <= key(&mount) => {}
            _ => {
                by_device.insert(device, mount);
            }
        }
    }
    let mut mounts: Vec<Mount> = by_device.into_values().collect();
    mounts.sort_unstable_by(|a, b| a.point.cmp(&b.point));
    mounts
}

/// Every mount point in `/proc/self/mountinfo`, also of what is no disk.
pub(super) fn points(text: &str) -> Vec<PathBuf> {
    let mut points: Vec<PathBuf> = text
        .lines()
        .filter_map(|line| line.split(' ').nth(4))
        .map(|point| PathBuf::from(OsString::from_vec(unescaped(point))))
        .collect();
    points.sort_unstable();
    points.dedup();
    points
}

/// One line: mount point, device, and the mount if it is one to watch.
fn mount(line: &str) -> Option<(Vec<u8>, String, Option<Mount>)> {
    let (left, right) = line.split_once(" - ")?;
    let mut left = left.split(' ');
    let number = left.nth(2)?;
    let point = unescaped(left.nth(1)?);
    let read_only = left.next()?.split(',').any(|option| option == "ro");
    let mut right = right.split(' ');
    let (kind, source) = (right.next()?, right.next()?);
    // The number is the same for all subvolumes of a file system, the source for all of its bind
    // mounts.
    let device = if source.starts_with("/dev/") { source.to_owned() } else { number.to_owned() };
    let hidden = |prefix: &[u8]| {
        point.starts_with(prefix) && matches!(point.get(prefix.len()), None | Some(b'/'))
    };
    let watched = !PSEUDO.contains(&kind)
        && !IMAGES.contains(&kind)
        && !hidden(b"/proc")
        && !hidden(b"/sys")
        && !hidden(b"/dev/pts")
        // What a container's engine mounts over single files.
        && ![&b"/etc/hosts"[..], b"/etc/hostname", b"/etc/resolv.conf", b"/dev"].contains(&&point[..])
        // The layers of containers lie on a disk that is reported itself; a container's own root is
        // its disk.
        && (kind != "overlay" || point == b"/")
        && !(kind == "tmpfs" && read_only);
    let remote = REMOTE.contains(&kind) || kind.starts_with("fuse");
    let mount =
        watched.then(|| Mount { point: PathBuf::from(OsString::from_vec(point.clone())), remote });
    Some((point, device, mount))
}

/// The kernel writes space, tab, line feed and backslash as a backslash and three octal digits.
fn unescaped(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let mut plain = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let octal = bytes.get(at + 1..at + 4).filter(|digits| {
            byte == b'\\' && digits.iter().all(|digit| (b'0'..=b'7').contains(digit))
        });
        let value = octal.map(|digits| {
            digits.iter().fold(0_u32, |value, digit| value * 8 + u32::from(digit - b'0'))
        });
        match value.and_then(|value| u8::try_from(value).ok()) {
            Some(value) => {
                plain.push(value);
                at += 4;
            }
            None => {
                plain.push(byte);
                at += 1;
            }
        }
    }
    plain
}

/// Asks the kernel; `None` if it is no directory, has no size or gives no answer.
fn space(mount: &Mount) -> Option<Space> {
    if !mount.point.is_dir() {
        return None;
    }
    let told = rustix::fs::statvfs(&mount.point).ok()?;
    let share = |used: u64, all: u64| (all > 0).then(|| used as f64 / all as f64 * 100.0);
    let used = told.f_blocks.saturating_sub(told.f_bfree);
    Some(Space {
        total: told.f_blocks.saturating_mul(told.f_frsize),
        available: told.f_bavail.saturating_mul(told.f_frsize),
        used: share(used, used.saturating_add(told.f_bavail))?,
        inodes_used: share(told.f_files.saturating_sub(told.f_ffree), told.f_files),
    })
}

type Answers = Vec<(PathBuf, Option<Space>)>;

/// The open questions.
#[derive(Debug, Default)]
pub(super) struct Disks {
    /// All disks of this kernel are asked in one go.
    local: Option<oneshot::Receiver<Answers>>,
    /// The others each alone: any of them may hang.
    remote: HashMap<PathBuf, oneshot::Receiver<Answers>>,
}

/// Not one of the runtime's threads: those are waited for when the program stops.
fn ask(mounts: Vec<Mount>) -> Option<oneshot::Receiver<Answers>> {
    let (answer, answers) = oneshot::channel();
    let question = move || {
        let spaces = mounts
            .into_iter()
            .map(|mount| (space(&mount), mount.point))
            .map(|(space, point)| (point, space))
            .collect();
        // Whoever asked may have given up.
        let _ = answer.send(spaces);
    };
    thread::Builder::new().name("disks".to_owned()).stack_size(128 * 1024).spawn(question).ok()?;
    Some(answers)
}

impl Disks {
    /// Asks about all mounts and gives the answers that come within `limit`. What stays open is
    /// heard in a later round.
    pub(super) async fn spaces(&mut self, mounts: &[Mount], limit: Duration) -> Answers {
        let until = Instant::now() + limit;
        self.remote.retain(|point, open| {
            mounts.iter().any(|mount| &mount.point == point)
                || matches!(open.try_recv(), Err(TryRecvError::Empty))
        });
        if self.local.is_none() {
            self.local = ask(mounts.iter().filter(|mount| !mount.remote).cloned().collect());
        }
        for mount in mounts.iter().filter(|mount| mount.remote) {
            if self.remote.len() < MOST
                && !self.remote.contains_key(&mount.point)
                && let Some(open) = ask(vec![mount.clone()])
            {
                self.remote.insert(mount.point.clone(), open);
            }
        }
        let mut spaces = Answers::new();
        if let Some(open) = &mut self.local
            && let Ok(answer) = tokio::time::timeout_at(until, open).await
        {
            self.local = None;
            spaces.extend(answer.unwrap_or_default());
        }
        for mount in mounts.iter().filter(|mount| mount.remote) {
            if let Some(open) = self.remote.get_mut(&mount.point)
                && let Ok(answer) = tokio::time::timeout_at(until, open).await
            {
                self.remote.remove(&mount.point);
                spaces.extend(answer.unwrap_or_default());
            }
        }
        // An answer that was late may be about what is not mounted any more.
        spaces.retain(|(point, _)| mounts.iter().any(|mount| &mount.point == point));
        spaces
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reported(text: &str) -> Vec<String> {
        mounts(text).iter().map(|mount| mount.point.to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn each_device_is_reported_once_at_its_shortest_mount_point() {
        let text = "\
22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw,relatime - ext4 /dev/vda rw
28 27 254:0 /srv/data /data rw - ext4 /dev/vda rw
29 27 0:40 /@home /home/all rw shared:1 - btrfs /dev/sdb1 rw
30 27 0:40 /@logs /logs rw shared:1 - btrfs /dev/sdb1 rw
31 27 7:1 / /snap/core/1 ro - squashfs /dev/loop1 ro
32 27 0:50 / /var/lib/docker/overlay2/x/merged rw - overlay overlay rw
33 27 0:24 / /dev/shm rw - tmpfs tmpfs rw
34 27 0:25 / /run/credentials/x ro - tmpfs none ro
35 27 0:60 / /mnt/share rw - nfs4 server:/x rw";
        assert_eq!(reported(text), ["/", "/dev/shm", "/logs", "/mnt/share"]);
        assert!(
            mounts(text)
                .iter()
                .all(|mount| mount.remote == (mount.point.as_os_str() == "/mnt/share"))
        );
    }

    #[test]
    fn every_mount_point_is_known_also_that_of_what_is_no_disk() {
        let text = "22 27 0:21 / /proc rw - proc proc rw\n30 25 0:28 / /mnt/a\\040b rw - autofs x rw\nbroken";
        assert_eq!(points(text), ["/mnt/a b", "/proc"].map(PathBuf::from));
    }

    #[test]
    fn what_is_mounted_over_is_not_seen() {
        let text =
            "25 24 0:23 / /mnt/a rw - ext4 /dev/sda1 rw\n30 25 0:28 / /mnt/a rw - proc proc rw";
        assert!(reported(text).is_empty());
    }

    #[test]
    fn hostile_mount_points_are_read_as_they_are() {
        assert_eq!(
            reported("25 24 0:23 / /mnt/a\\040b\\012c\\134 rw - ext4 /dev/sda1 rw"),
            ["/mnt/a b\nc\\"]
        );
        assert_eq!(unescaped("\\7 \\999 \\777 \\"), b"\\7 \\999 \\777 \\");
        for broken in ["", " - ", "1 2 3", "1 2 3 4 5 6 - ", "- - - -"] {
            assert!(reported(broken).is_empty(), "{broken}");
        }
    }

    #[tokio::test]
    async fn a_question_that_hangs_is_not_asked_twice_and_holds_up_nobody() {
        let mount = Mount { point: "/mnt/hangs".into(), remote: true };
        let (_never, open) = oneshot::channel();
        let mut disks = Disks::default();
        disks.remote.insert(mount.point.clone(), open);
        let root = Mount { point: "/".into(), remote: false };
        for _ in 0..3 {
            let spaces =
                disks.spaces(&[root.clone(), mount.clone()], Duration::from_millis(300)).await;
            assert_eq!(spaces.len(), 1);
            assert_eq!(disks.remote.len(), 1);
        }
        // Unmounted while the question is open: it stays known, so that it is never asked again
        // beside the first.
        disks.spaces(std::slice::from_ref(&root), Duration::from_millis(300)).await;
        assert_eq!(disks.remote.len(), 1);
    }
}
