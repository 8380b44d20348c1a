//! The files of the kernel, for any bytes: what does not parse is not there, and what does is within
//! its bounds.

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    os::unix::ffi::OsStrExt as _,
    path::{Path, PathBuf},
};

use fixtures::fuzz::{Target, assert_shown};

use super::{clean_name, container::Surroundings, files, measures, mounts};
use crate::fuzz::texts;

pub(crate) const TARGETS: &[Target] = &[
    Target {
        name: "mountinfo",
        seeds: mountinfos,
        words: &[
            "\n",
            " ",
            " - ",
            "\\040",
            "\\134",
            "\\377",
            "\\400",
            "/",
            "ro",
            "rw",
            ",",
            "ext4",
            "autofs",
            "nfs4",
            "fuse.",
            "btrfs",
            "overlay",
            "/dev/sda1",
            "8:1",
            "emergency_ro",
            "\0",
        ],
        check: check_mountinfo,
    },
    Target {
        name: "proc",
        seeds: procs,
        words: &[
            "\n",
            " ",
            ":",
            "(",
            ")",
            "cpu ",
            "cpu0",
            "MemTotal:",
            "MemAvailable:",
            " kB",
            "some avg10=",
            "eth0:",
            "0-3",
            "max",
            "18446744073709551615",
            "inf",
            "usage_usec ",
            "size 4 ",
        ],
        check: check_proc,
    },
    Target {
        name: "control-group",
        seeds: groups,
        words: &[
            "\0",
            "\n",
            " ",
            "max",
            "0-3,8",
            ",",
            "-",
            "usage_usec ",
            "inactive_file ",
            "18446744073709551615",
            "1e308",
        ],
        check: check_group,
    },
];

fn mountinfos() -> Vec<Vec<u8>> {
    texts(&[
        "22 27 0:21 / /proc rw,relatime - proc proc rw\n27 1 254:0 / / rw,relatime - ext4 /dev/vda rw,errors=remount-ro\n28 27 254:0 /srv/data /data rw - ext4 /dev/vda rw\n\0/dev/vda / ext4 defaults 0 1\n",
        "29 27 0:40 /@home /home/all rw shared:1 - btrfs /dev/sdb1 rw\n30 27 0:40 /@logs /var/my\\040logs ro shared:1 - btrfs /dev/sdb1 rw,emergency_ro\n",
        "616 26 0:66 / /etc/pve rw,nosuid - fuse /dev/fuse rw,user_id=0\n40 27 0:50 / /net rw - autofs /etc/auto.net rw,indirect\n41 40 0:51 / /net/nas rw - nfs4 nas:/x rw,vers=4.2,addr=10.0.0.9\n",
        "1240 1211 0:75 / /snap/core/1 ro,nodev - squashfs /dev/loop1 ro\n50 27 8:2 / /data rw - ext4 /dev/sdb1 rw\n51 27 8:3 / //data rw - xfs /dev/sdc1 rw\n\0# comment\nUUID=x /data xfs ro,noauto 0 0\n",
        "410 401 0:46 /proc/meminfo /proc/meminfo rw,nosuid,nodev,relatime - fuse.lxcfs lxcfs rw,user_id=0,allow_other\n401 400 0:99 / / rw,relatime - overlay overlay rw,lowerdir=/var/lib/docker/l/A:/var/lib/docker/l/B,upperdir=/x/diff,workdir=/x/work\n420 401 0:5 / /dev/shm rw,nosuid - tmpfs shm rw,size=65536k\n430 401 254:1 /var/lib/docker/containers/0a/hosts /etc/hosts rw - ext4 /dev/vda1 rw,discard\n",
    ])
}

fn check_mountinfo(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let (mountinfo, fstab) = text.split_once('\0').unwrap_or((&text, ""));
    let all: BTreeSet<PathBuf> = mounts::points(mountinfo).into_iter().collect();
    assert!(all.len() <= mountinfo.lines().count());
    let mut seen = BTreeSet::new();
    for device in mounts::devices(mountinfo) {
        assert!(!device.points.is_empty());
        for point in device.points {
            assert!(all.contains(&point.path) && seen.insert(point.path.clone()), "{point:?}");
            let line = format!("1 0 8:1 / {} rw - ext4 /dev/x rw", escaped(&point.path));
            assert_eq!(mounts::points(&line).first(), Some(&point.path), "{line:?}");
            let _ = mounts::meant_writable(fstab, &point.path, &device.file_system);
        }
    }
}

/// A place as the kernel writes it.
fn escaped(path: &Path) -> String {
    path.as_os_str().as_bytes().iter().fold(String::new(), |mut text, byte| {
        match byte {
            b'!'..=b'~' if *byte != b'\\' => text.push(char::from(*byte)),
            byte => drop(write!(text, "\\{byte:03o}")),
        }
        text
    })
}

fn procs() -> Vec<Vec<u8>> {
    texts(&[
        "Inter-|   Receive  |  Transmit\n face |bytes    packets\n  eth0:5000 3 0 0 0 0 0 0 700 2 0 0 0 0 0 0\n    lo: 10 1 0 0 0 0 0 0 10 1 0 0 0 0 0 0\n",
        "42 (a) R (evil) Z 1 42 42 0 -1 4194304 100 0 0 0 7 5 0 0 20 0 1 0 900 1000000 321 184467 1 1 0",
        "MemTotal:       33554432 kB\nMemFree:         1572864 kB\nMemAvailable:    1887436 kB\nSwapTotal:       2097148 kB\nSwapFree:         104857 kB\nHugePages_Total:       8\nHugepagesize:       2048 kB\nsize 4 27917287424\nc_min 4 1073741824\n",
        "MemTotal: 1000 kB\nMemFree: 100 kB\nBuffers: 50 kB\nCached: 300 kB\nShmem: 50 kB\n",
        "cpu  500 0 7 200 1 0 0 500 0 0\ncpu0 0\ncpu1 0\nintr 5\n\0cpu  950 0 9 250 0 0 3 600 950 0\ncpu0 0\n",
        "0.52 0.58 0.59 1/467 12345\n",
        "519\t0\t2076\n",
        "some avg10=12.50 avg60=1.00 avg300=0.00 total=5\nfull avg10=3.00\n",
        "web-1.example\n",
        "1 (systemd) S 0 1 1 0 -1 4194560 12345 678901 12 345 250 610 9000 4000 20 0 1 0 5 172000000 3100 18446744073709551615 1 1 0 0 0 0 671173123 4096 1260 0 0 0 17 1 0 0 0 0 0 0 0 0 0 0 0 0 0\n",
        "cpu  4705 150 1120 16250 520 0 175 25 0 0\ncpu0 2352 75 560 8125 260 0 87 12 0 0\nintr 1462898 57 9 0 0\nctxt 2345678\nbtime 1795341600\nprocesses 5142\nprocs_running 2\n",
    ])
}

fn check_proc(bytes: &[u8]) {
    const GIB: u64 = 1 << 30;
    let text = String::from_utf8_lossy(bytes);
    let is_share = |share: f64| (-0.001..=100.001).contains(&share);
    assert!(files::traffic(&text).len() <= text.lines().count());
    assert!(files::open_files(&text).is_none_or(is_share));
    assert!(files::pressure(&text).is_none_or(is_share));
    if let Some(stat) = files::stat(&text) {
        assert_shown(&files::shown_name(stat.name), 256);
    }
    for limit in [None, Some((GIB, 3 * GIB)), Some((0, 0)), Some((u64::MAX, 5))] {
        for arc in [None, Some(&*text)] {
            let memory = measures::memory(&text, arc, limit);
            assert!(memory.is_none_or(|it| it.available <= it.total), "{memory:?}");
        }
    }
    let (before, now) = text.split_once('\0').unwrap_or((&text, &text));
    if let (Some(before), Some(now)) = (measures::ticks(before), measures::ticks(now)) {
        assert!(before.processors >= 1);
        let shares = measures::shares(&before, &now);
        assert!(shares.is_none_or(|it| is_share(it.used) && is_share(it.steal)), "{shares:?}");
    }
    assert!(measures::load(&text).is_none_or(f64::is_finite));
    assert_shown(&clean_name(&text), 256);
}

fn groups() -> Vec<Vec<u8>> {
    texts(&[
        "1073741824\n\x00536870912\n\0inactive_file 1000\nactive_file 5\nslab_reclaimable 7\n\x00200000 100000\n\0usage_usec 5000000\nuser_usec 1\n\x000-3,8\n",
        "max\n\x005\n\0\0max 100000\n\0usage_usec 1\n\x000\n",
    ])
}

fn check_group(bytes: &[u8]) {
    const FILES: [&str; 6] = [
        "memory.max",
        "memory.current",
        "memory.stat",
        "cpu.max",
        "cpu.stat",
        "cpuset.cpus.effective",
    ];
    thread_local! {
        static FOLDER: Option<tempfile::TempDir> = tempfile::tempdir().ok();
    }
    FOLDER.with(|folder| {
        let Some(folder) = folder else { return };
        let parts = bytes.split(|byte| *byte == 0).chain(std::iter::repeat(&[][..]));
        for (name, part) in FILES.iter().zip(parts) {
            let _ = std::fs::write(folder.path().join(name), part);
        }
        let (root, group) = (folder.path().to_owned(), Some(String::new()));
        let around = Surroundings { root, first_processes: false, first_groups: false, group };
        let container = around.container();
        for (count, spent) in [container.cpu, container.limit(4)].into_iter().flatten() {
            assert!(count > 0.0 && spent >= 0.0 && spent.is_finite(), "{container:?}");
        }
        assert!(container.processors.is_none_or(|(count, _)| count > 0));
    });
}
