//! The judgement of mounts and interfaces on the systems that people have: one table, held by lines
//! of real systems.
//!
//! A mount is a disk if something can be written to it, if it is not a part of another disk that
//! is reported itself, and if it does not belong to a single container or session.

/// The classes of file systems.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Class {
    /// Space of its own on this host: judged. Of many, these come first.
    Disk,
    /// Layers over other file systems, which are reported themselves: judged as a container's
    /// root alone.
    Layers,
    /// Answers come from elsewhere and may hang: judged, and asked on a thread of its own.
    Remote,
    /// A program answers that is not known: judged once it had space, as an image never has any.
    Program,
    /// Memory: judged, but small and many. Of many, these come last.
    Memory,
    /// Full from the day it was made: never judged.
    Image,
    /// No storage.
    Nothing,
}

impl Class {
    /// True if questions about it may hang without any fault of this host.
    pub(super) const fn may_hang(self) -> bool {
        matches!(self, Self::Remote | Self::Program)
    }
}

/// The judgement by type of file system. A type that is not named here is a disk, or a program's if
/// it begins with `fuse`.
const FILE_SYSTEMS: &[(Class, &[&str])] = &[
    (
        Class::Nothing,
        &[
            "autofs",
            "binder",
            "binfmt_misc",
            "bpf",
            "cgroup",
            "cgroup2",
            "configfs",
            "cpuset",
            "debugfs",
            "devfs",
            "devpts",
            "devtmpfs",
            "efivarfs",
            "functionfs",
            "fuse.gvfsd-fuse",
            "fuse.lxcfs",
            "fuse.portal",
            "fuse.revokefs-fuse",
            "fusectl",
            "hugetlbfs",
            "mqueue",
            "nfsd",
            "none",
            "nsfs",
            "ocfs2_dlmfs",
            "pipefs",
            "proc",
            "pstore",
            // Memory without a limit of its own.
            "ramfs",
            "resctrl",
            "rootfs",
            "rpc_pipefs",
            "securityfs",
            "selinuxfs",
            "smackfs",
            "sockfs",
            "sysfs",
            "tracefs",
            "xenfs",
        ],
    ),
    (
        Class::Image,
        &[
            "composefs",
            "cramfs",
            "erofs",
            "fuse.archivemount",
            "fuse.cvmfs2",
            "fuse.dwarfs",
            "fuse.erofsfuse",
            "fuse.fuse-archive",
            "fuse.fuse-zip",
            "fuse.fuseiso",
            "fuse.mount-zip",
            "fuse.ratarmount",
            "fuse.snapfuse",
            "fuse.squashfuse",
            "fuse.squashfuse_ll",
            "iso9660",
            "romfs",
            "squashfs",
            "udf",
        ],
    ),
    (
        Class::Layers,
        &[
            "aufs",
            "ecryptfs",
            "fuse.bindfs",
            "fuse.encfs",
            "fuse.fuse-overlayfs",
            "fuse.gocryptfs",
            "fuse.unionfs",
            "fuse.unionfs-fuse",
            "overlay",
            "overlayfs",
            "unionfs",
        ],
    ),
    (Class::Memory, &["tmpfs"]),
    (
        Class::Remote,
        &[
            "9p",
            "afs",
            "beegfs",
            "ceph",
            "cifs",
            "drvfs",
            "fuse.blobfuse2",
            "fuse.ceph-fuse",
            "fuse.gcsfuse",
            "fuse.glusterfs",
            "fuse.grpcfuse",
            "fuse.juicefs",
            "fuse.mergerfs",
            "fuse.mfs",
            "fuse.ntfs-3g",
            "fuse.rclone",
            "fuse.s3fs",
            "fuse.shfs",
            "fuse.sshfs",
            "fuse.vmhgfs-fuse",
            // ntfs-3g and exfat-fuse on a disk of this host.
            "fuseblk",
            "glusterfs",
            "gpfs",
            "lustre",
            "nfs",
            "nfs4",
            "ocfs2",
            "orangefs",
            "prl_fs",
            "smb3",
            "smbfs",
            "vboxsf",
            "virtiofs",
            "vmhgfs",
        ],
    ),
];

/// Memory below these places belongs to one container, pod, service or session, and ends with it.
const OWNED_MEMORY: &[&str] = &[
    "/containers/storage/",
    "/incus/",
    "/lib/kubelet/",
    "/lxd/",
    "/run/containerd/",
    "/run/credentials/",
    "/run/lock/",
    "/run/netns/",
    "/run/secrets/",
    "/run/snapd/",
    "/run/systemd/",
    "/run/user/",
    "/var/lib/docker/",
];

/// Interfaces of containers and virtual machines, of bridges and of tunnels of the kernel: what
/// they carry is counted a second time where it leaves the host.
const INSIDE: &[&str] = &[
    "azv",
    "br-",
    "cali",
    "cilium",
    "cni",
    "docker",
    "dummy",
    "fwbr",
    "fwln",
    "fwpr",
    "flannel",
    "gre0",
    "gretap0",
    "ifb",
    "incusbr",
    "ip6tnl0",
    "kube-",
    "lxc",
    "lxd",
    "nerdctl",
    "nodelocal",
    "ovs-",
    "podman",
    "sit0",
    "tap",
    "tunl0",
    "veth",
    "vif",
    "virbr",
    "vnet",
];

/// The class of a mount, by its type, its place and its source as `/proc/self/mountinfo` names
/// them.
pub(super) fn class(file_system: &str, point: &[u8], source: &str) -> Class {
    let below = |place: &[u8]| {
        point.starts_with(place) && matches!(point.get(place.len()), None | Some(b'/'))
    };
    let named = FILE_SYSTEMS.iter().find(|(_, names)| names.contains(&file_system));
    let by_type = match named {
        Some((class, _)) => *class,
        // An AppImage is mounted by itself, under its own name.
        None if file_system.to_ascii_lowercase().ends_with(".appimage")
            || point.starts_with(b"/tmp/.mount_") =>
        {
            Class::Image
        }
        None if file_system.starts_with("fuse") => Class::Program,
        None => Class::Disk,
    };
    let elsewhere = match by_type {
        Class::Layers => point != b"/",
        Class::Memory => {
            point != b"/dev/shm" && (below(b"/dev") || source == "shm" || is_owned(point))
        }
        _ => false,
    };
    if elsewhere
        || below(b"/proc")
        || below(b"/sys")
        || point == b"/dev"
        || source.starts_with("/dev/mapper/docker-")
        || point.split(|byte| *byte == b'/').any(is_container_id)
    {
        return Class::Nothing;
    }
    by_type
}

fn is_owned(point: &[u8]) -> bool {
    let text = [&String::from_utf8_lossy(point), "/"].concat();
    OWNED_MEMORY.iter().any(|place| text.contains(place))
}

/// Docker, Podman, containerd and CRI-O name containers and layers by 64 hexadecimal digits.
fn is_container_id(part: &[u8]) -> bool {
    part.len() == 64 && part.iter().all(u8::is_ascii_hexdigit)
}

/// True if an interface leads out of the host.
pub(super) fn leads_outside(name: &str) -> bool {
    name != "lo" && !INSIDE.iter().any(|prefix| name.starts_with(prefix))
}

#[cfg(test)]
mod tests;
