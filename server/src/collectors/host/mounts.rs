//! The mounts, from `/proc/self/mountinfo` and `/etc/fstab`. The text is hostile: what does not
//! parse is not there.

use std::{
    collections::{BTreeMap, HashMap},
    ffi::{OsStr, OsString},
    os::unix::ffi::{OsStrExt, OsStringExt},
    path::{Path, PathBuf},
};

use super::judgement::{self, Class};

/// A file system that can be a disk, with all of its mount points.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Device {
    /// The identifier: the same for all bind mounts and subvolumes.
    pub id: String,
    /// Major and minor number, as a file of it has; `None` where files have others.
    pub number: Option<(u32, u32)>,
    /// The class.
    pub class: Class,
    /// The name of its type.
    pub file_system: String,
    /// The places of the mounts, shortest first. Some may be single files.
    pub points: Vec<Point>,
    /// True if the file system as a whole can be written.
    pub writable: bool,
    /// True if the kernel has shut it for writing after an error.
    pub failed: bool,
    /// True if autofs mounts it when it is used, and unmounts it after a while.
    pub comes_and_goes: bool,
}

/// One of the places where a file system is mounted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Point {
    /// The place.
    pub path: PathBuf,
    /// True if it can be written through this mount.
    pub writable: bool,
}

/// The marks that the kernel shows among the options of ext4 after an error, while it still says
/// `rw`.
const FAILED: [&str; 2] = ["emergency_ro", "shutdown"];

struct Line<'a> {
    id: String,
    number: Option<(u32, u32)>,
    class: Class,
    file_system: &'a str,
    mount_writable: bool,
    writable: bool,
    failed: bool,
}

/// The file systems that can be disks, ordered by class and by their shortest mount point.
pub(super) fn devices(text: &str) -> Vec<Device> {
    // Of several mounts on one point only the last can be seen.
    let mut by_point: HashMap<PathBuf, Line<'_>> = HashMap::new();
    for line in text.lines() {
        if let Some((point, line)) = parse(line) {
            by_point.insert(PathBuf::from(OsString::from_vec(point)), line);
        }
    }
    let automounts: Vec<Vec<u8>> = text.lines().filter_map(automount).collect();
    let mut devices: BTreeMap<String, Device> = BTreeMap::new();
    for (path, line) in by_point {
        if matches!(line.class, Class::Nothing | Class::Image) {
            continue;
        }
        let device = devices.entry(line.id.clone()).or_insert_with(|| Device {
            id: line.id,
            number: line.number,
            class: line.class,
            file_system: line.file_system.to_owned(),
            points: Vec::new(),
            writable: line.writable,
            failed: line.failed,
            comes_and_goes: true,
        });
        let point = path.as_os_str().as_bytes();
        device.comes_and_goes &= automounts.iter().any(|folder| is_below(point, folder));
        device.points.push(Point { path, writable: line.mount_writable });
        device.writable &= line.writable;
        device.failed |= line.failed;
    }
    let mut devices: Vec<Device> = devices.into_values().collect();
    for device in &mut devices {
        device.points.sort_unstable_by(|a, b| {
            (a.path.as_os_str().len(), &a.path).cmp(&(b.path.as_os_str().len(), &b.path))
        });
    }
    devices.sort_unstable_by(|a, b| {
        let key =
            |device: &Device| (device.class, device.points.first().map(|point| point.path.clone()));
        key(a).cmp(&key(b))
    });
    devices
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

/// The folder that autofs watches.
fn automount(line: &str) -> Option<Vec<u8>> {
    let (left, right) = line.split_once(" - ")?;
    right.starts_with("autofs ").then(|| left.split(' ').nth(4).map(unescaped))?
}

fn is_below(point: &[u8], folder: &[u8]) -> bool {
    point.starts_with(folder) && matches!(point.get(folder.len()), None | Some(b'/'))
}

fn parse(line: &str) -> Option<(Vec<u8>, Line<'_>)> {
    let (left, right) = line.split_once(" - ")?;
    let mut left = left.split(' ');
    let number = left.nth(2)?;
    let point = unescaped(left.nth(1)?);
    let is_read_only = |options: &str| options.split(',').any(|option| option == "ro");
    let mount_writable = !is_read_only(left.next()?);
    let mut right = right.split(' ');
    let (file_system, source) = (right.next()?, right.next()?);
    let options = right.next().unwrap_or_default();
    let class = judgement::class(file_system, &point, source);
    // The number differs between the subvolumes of a file system, the source does not. Those of
    // programs may all be `/dev/fuse`.
    let by_source = class == Class::Disk && source.starts_with("/dev/");
    let files_have_it = file_system != "btrfs" && !class.may_hang();
    let parsed = number
        .split_once(':')
        .and_then(|(major, minor)| Some((major.parse().ok()?, minor.parse().ok()?)));
    let line = Line {
        id: if by_source { source.to_owned() } else { number.to_owned() },
        number: parsed.filter(|_| files_have_it),
        class,
        file_system,
        mount_writable,
        writable: !is_read_only(options),
        failed: options.split(',').any(|option| FAILED.contains(&option)),
    };
    Some((point, line))
}

/// True if `/etc/fstab` wants a file system to be writable at a place; `None` where it says nothing
/// of it, as where a system made of images has another one there.
pub(super) fn meant_writable(fstab: &str, place: &Path, file_system: &str) -> Option<bool> {
    let mut lines = fstab.lines().filter(|line| !line.trim_start().starts_with('#'));
    lines.find_map(|line| {
        let mut fields = line.split_ascii_whitespace();
        let (source, point) = (fields.next()?, unescaped(fields.next()?));
        if OsStr::from_bytes(&point) != place.as_os_str() {
            return None;
        }
        let types = fields.next()?;
        let fits = types == "auto" || types.split(',').any(|one| one == file_system);
        let class = judgement::class(file_system, &point, source);
        let options = fields.next().unwrap_or("defaults");
        let has = |name: &str| options.split(',').any(|option| option == name);
        // What is put in by hand may well be protected.
        (fits && class != Class::Image && !has("noauto")).then(|| !has("ro"))
    })
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

#[cfg(test)]
mod tests {
    use super::*;

    fn points(text: &str) -> Vec<String> {
        let first = |device: &Device| device.points[0].path.to_string_lossy().into_owned();
        devices(text).iter().map(first).collect()
    }

    #[test]
    fn each_device_is_there_once_with_all_of_its_places() {
        let text = "\
22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw,relatime - ext4 /dev/vda rw
28 27 254:0 /srv/data /data rw - ext4 /dev/vda rw
29 27 0:40 /@home /home/all rw shared:1 - btrfs /dev/sdb1 rw
30 27 0:40 /@logs /logs rw shared:1 - btrfs /dev/sdb1 rw
33 27 0:24 / /dev/shm rw - tmpfs tmpfs rw
35 27 0:60 / /mnt/share rw - nfs4 server:/x rw";
        assert_eq!(points(text), ["/", "/logs", "/mnt/share", "/dev/shm"]);
        let devices = devices(text);
        assert_eq!(devices[0].points[1].path, Path::new("/data"));
        assert_eq!((devices[0].number, devices[1].number), (Some((254, 0)), None));
        assert!(devices.iter().all(|one| one.class.may_hang() == (one.file_system == "nfs4")));
    }

    #[test]
    fn every_mount_point_is_known_also_that_of_what_is_no_disk() {
        let text = "22 27 0:21 / /proc rw - proc proc rw\n30 25 0:28 / /mnt/a\\040b rw - autofs x rw\nbroken";
        assert_eq!(super::points(text), ["/mnt/a b", "/proc"].map(PathBuf::from));
    }

    #[test]
    fn what_is_mounted_only_while_it_is_used_is_told_from_what_stays() {
        let text = "\
27 1 254:0 / / rw,relatime - ext4 /dev/vda rw
40 27 0:50 / /net rw - autofs auto.net rw,fd=6,indirect
41 40 0:60 / /net/files rw - nfs4 files:/x rw
42 27 0:51 / /srv/copies rw - autofs systemd-1 rw,direct
43 42 8:1 / /srv/copies rw - ext4 /dev/sda1 rw
44 27 8:2 / /network rw - ext4 /dev/sda2 rw
45 27 0:61 / /net/home rw - nfs4 files:/home rw
46 27 0:61 / /home rw - nfs4 files:/home rw";
        let passing: Vec<String> = devices(text)
            .iter()
            .filter(|device| device.comes_and_goes)
            .map(|device| device.points[0].path.to_string_lossy().into_owned())
            .collect();
        assert_eq!(passing, ["/srv/copies", "/net/files"]);
    }

    #[test]
    fn what_is_mounted_over_is_not_seen() {
        let text =
            "25 24 0:23 / /mnt/a rw - ext4 /dev/sda1 rw\n30 25 0:28 / /mnt/a rw - proc proc rw";
        assert!(points(text).is_empty());
        // One place, however it is written.
        let text =
            "50 27 8:2 / /data rw - ext4 /dev/sdb1 rw\n51 27 8:3 / //data rw - xfs /dev/sdc1 rw";
        let devices = devices(text);
        assert_eq!(devices.len(), 1);
        assert_eq!(devices[0].file_system, "xfs");
    }

    #[test]
    fn hostile_mount_points_are_read_as_they_are() {
        assert_eq!(
            points("25 24 0:23 / /mnt/a\\040b\\012c\\134 rw - ext4 /dev/sda1 rw"),
            ["/mnt/a b\nc\\"]
        );
        assert_eq!(unescaped("\\7 \\999 \\777 \\"), b"\\7 \\999 \\777 \\");
        for broken in ["", " - ", "1 2 3", "1 2 3 4 5 6 - ", "- - - -"] {
            assert!(points(broken).is_empty(), "{broken}");
        }
    }

    #[test]
    fn an_error_of_the_file_system_is_read_though_the_kernel_says_rw() {
        let state = |options: &str| {
            let line = format!("90 27 7:1 / /data rw,relatime - ext4 /dev/loop1 {options}");
            devices(&line).pop().map(|one| (one.writable, one.failed))
        };
        assert_eq!(state("rw,errors=remount-ro"), Some((true, false)));
        assert_eq!(state("rw,errors=remount-ro,emergency_ro"), Some((true, true)));
        assert_eq!(state("rw,shutdown"), Some((true, true)));
        assert_eq!(state("ro"), Some((false, false)));
        // A folder that was given to a container to read: the file system lives on.
        let given = "700 650 8:1 / /host ro,relatime - ext4 /dev/sda1 rw,errors=remount-ro";
        let host = devices(given).pop().unwrap();
        assert!(host.writable && !host.failed && !host.points[0].writable);
    }

    #[test]
    fn fstab_says_what_is_meant() {
        let fstab = "# <file system> <mount point> <type> <options> <dump> <pass>
UUID=0a3407de / ext4 errors=remount-ro 0 1
/dev/sdb1 /mnt/back\\040up ext4 ro,nofail 0 2
/dev/sr0 /media/cdrom0 udf,iso9660 user,noauto 0 0
/dev/sdc1 /media/stick vfat user,noauto 0 0
/dev/sdd1 /short xfs
UUID=1 none swap sw 0 0";
        let meant = |place: &str, kind: &str| meant_writable(fstab, Path::new(place), kind);
        assert_eq!(meant("/", "ext4"), Some(true));
        assert_eq!(meant("/", "overlay"), None, "the image of the system has taken its place");
        assert_eq!(meant("/mnt/back up", "ext4"), Some(false));
        assert_eq!(meant("/short", "xfs"), Some(true));
        for (unknown, kind) in
            [("/media/cdrom0", "udf"), ("/media/stick", "vfat"), ("/other", "ext4")]
        {
            assert_eq!(meant(unknown, kind), None, "{unknown}");
        }
    }
}
