//! Lines of `/proc/self/mountinfo` as real systems show them, each beside its judgement.

use super::{super::mounts::devices, *};

/// The class and whether it can be written; `None` where it is no disk at all.
type Judged = Option<(Class, bool)>;

fn judged(line: &str) -> Judged {
    devices(line).pop().map(|device| (device.class, device.writable && !device.failed))
}

const DISK: Judged = Some((Class::Disk, true));
/// Judged neither by fullness nor as read-only, unless it could be written before.
const READ_ONLY: Judged = Some((Class::Disk, false));
const ROOT_OF_A_CONTAINER: Judged = Some((Class::Layers, true));
const REMOTE: Judged = Some((Class::Remote, true));
const PROGRAM: Judged = Some((Class::Program, true));
const MEMORY: Judged = Some((Class::Memory, true));
const NONE: Judged = None;

const ID: &str = "3f29a0c4b18e4d27a65c90e1f7b3d8426a1c5e0f9b7d2384c6e8a0f1d3b59c72";

#[test]
fn mounts_of_real_systems_are_judged() {
    let shm = format!(
        "530 30 0:55 / /var/lib/docker/containers/{ID}/mounts/shm rw,nosuid,nodev,noexec,relatime shared:290 - tmpfs shm rw,size=65536k,inode64"
    );
    let moved = shm.replace("/var/lib/docker", "/data/engine");
    let podman = format!(
        "612 571 0:71 / /home/dev/.local/share/containers/storage/overlay-containers/{ID}/userdata/shm rw,nosuid,nodev,noexec,relatime - tmpfs shm rw,size=64000k,uid=1000,gid=1000,inode64"
    );
    let containerd = format!(
        "720 30 0:80 / /run/containerd/io.containerd.runtime.v2.task/k8s.io/{ID}/rootfs rw,relatime - overlay overlay rw,lowerdir=/a,upperdir=/b,workdir=/c"
    );
    let zfs_layer = format!(
        "800 30 0:99 / /var/lib/docker/zfs/graph/{ID} rw,relatime - zfs rpool/docker/{ID} rw,xattr,noacl"
    );
    let cases: &[(&str, &str, Judged)] = &[
        (
            "a server",
            "26 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw,errors=remount-ro",
            DISK,
        ),
        (
            "boot",
            "95 26 8:15 / /boot/efi rw,relatime shared:40 - vfat /dev/sda15 rw,fmask=0077,codepage=437",
            DISK,
        ),
        (
            "XFS on LVM",
            "60 1 253:0 / / rw,relatime shared:1 - xfs /dev/mapper/rhel-root rw,attr2,inode64,noquota",
            DISK,
        ),
        (
            "Btrfs",
            "68 1 0:33 /root / rw,relatime shared:1 - btrfs /dev/nvme0n1p3 rw,compress=zstd:1,subvolid=257,subvol=/root",
            DISK,
        ),
        (
            "ZFS",
            "28 1 0:25 / / rw,relatime shared:1 - zfs rpool/ROOT/ubuntu_x1 rw,xattr,posixacl,casesensitive",
            DISK,
        ),
        (
            "ZFS snapshot",
            "900 28 0:130 / /.zfs/snapshot/daily ro,relatime - zfs rpool/ROOT/ubuntu_x1@daily ro,xattr,posixacl",
            READ_ONLY,
        ),
        ("bcachefs", "40 26 0:44 / /data rw,relatime - bcachefs /dev/sdb:/dev/sdc rw", DISK),
        (
            "disk mounted to be read",
            "91 26 7:9 / /mnt/image ro,relatime - ext4 /dev/loop9 ro",
            READ_ONLY,
        ),
        (
            "disk of a host given to a container to be read",
            "700 650 8:1 / /host ro,relatime master:1 - ext4 /dev/sda1 rw",
            DISK,
        ),
        (
            "snap",
            "31 26 7:1 / /snap/core22/1380 ro,nodev,relatime shared:17 - squashfs /dev/loop1 ro,errors=continue",
            NONE,
        ),
        (
            "snap in LXC",
            "380 330 0:77 / /snap/lxd/27037 ro,nosuid,nodev,relatime - fuse.snapfuse snapfuse rw,user_id=0,group_id=0,allow_other",
            NONE,
        ),
        (
            "squashfuse shows rw",
            "381 330 0:78 / /opt/image rw,nosuid,nodev,relatime - fuse.squashfuse squashfuse rw,user_id=0,group_id=0",
            NONE,
        ),
        (
            "AppImage",
            "501 26 0:81 / /tmp/.mount_nvimXk1a ro,nosuid,nodev,relatime - fuse.nvim.appimage nvim.appimage rw,user_id=1000,group_id=1000",
            NONE,
        ),
        (
            "CD",
            "102 26 11:0 / /media/cdrom0 ro,nosuid,nodev,noexec,relatime - iso9660 /dev/sr0 ro,nojoliet,check=s,map=n",
            NONE,
        ),
        (
            "erofs",
            "33 26 7:2 / /usr ro,relatime - erofs /dev/loop2 ro,user_xattr,acl,cache_strategy=readaround",
            NONE,
        ),
        (
            "Fedora composefs root",
            "70 1 0:36 / / ro,relatime shared:1 - overlay composefs ro,seclabel,lowerdir=/run/ostree/.private/cfsroot-lower::/sysroot/ostree/repo/objects,redirect_dir=on,metacopy=on",
            Some((Class::Layers, false)),
        ),
        (
            "Silverblue /var",
            "75 70 0:34 /root/ostree/deploy/fedora/var /var rw,relatime shared:5 - btrfs /dev/vda3 rw,seclabel,compress=zstd:1",
            DISK,
        ),
        (
            "NixOS store",
            "44 27 8:2 /nix/store /nix/store ro,nosuid,nodev,relatime - ext4 /dev/sda2 rw",
            DISK,
        ),
        (
            "root of Docker",
            "1210 1100 0:62 / / rw,relatime master:310 - overlay overlay rw,lowerdir=/var/lib/docker/overlay2/l/A:/var/lib/docker/overlay2/l/B,upperdir=/u,workdir=/w",
            ROOT_OF_A_CONTAINER,
        ),
        (
            "rootless root",
            "300 200 0:63 / / rw,nodev,relatime - fuse.fuse-overlayfs fuse-overlayfs rw,user_id=0,group_id=0",
            ROOT_OF_A_CONTAINER,
        ),
        (
            "layers on a host",
            "440 26 0:50 / /var/lib/docker/overlay2/x/merged rw,relatime - overlay overlay rw,lowerdir=/l",
            NONE,
        ),
        ("shm of a Docker container", &shm, NONE),
        ("shm, the engine moved", &moved, NONE),
        ("shm of Podman", &podman, NONE),
        ("root of a pod", &containerd, NONE),
        ("layer of Docker on ZFS", &zfs_layer, NONE),
        (
            "devicemapper",
            "900 26 253:9 / /var/lib/docker/devicemapper/mnt/x rw - xfs /dev/mapper/docker-8:1-26-ab rw",
            NONE,
        ),
        (
            "secrets of a pod",
            "810 26 0:91 / /var/lib/kubelet/pods/1b4e28ba-2fa1-11d2-883f-0016d3cca427/volumes/kubernetes.io~projected/kube-api-access-x2 rw,relatime - tmpfs tmpfs rw,size=8015232k",
            NONE,
        ),
        (
            "volume of a pod",
            "811 26 259:3 / /var/lib/kubelet/pods/1b4e28ba-2fa1-11d2-883f-0016d3cca427/volumes/kubernetes.io~csi/pvc-7/mount rw,relatime - ext4 /dev/nvme1n1 rw",
            DISK,
        ),
        (
            "volume of Docker",
            "1230 1210 8:1 /var/lib/docker/volumes/pg/_data /var/lib/postgresql/data rw,relatime master:1 - ext4 /dev/sda1 rw",
            DISK,
        ),
        (
            "LXC root on LVM",
            "400 390 253:6 / / rw,relatime - ext4 /dev/mapper/pve-vm--101--disk--0 rw,stripe=16",
            DISK,
        ),
        (
            "LXC /dev",
            "402 400 0:60 / /dev rw,relatime - tmpfs none rw,size=492k,mode=755,uid=100000,gid=100000",
            NONE,
        ),
        (
            "LXC lxcfs",
            "410 401 0:46 /proc/meminfo /proc/meminfo rw,nosuid,nodev,relatime - fuse.lxcfs lxcfs rw,user_id=0,group_id=0,allow_other",
            NONE,
        ),
        (
            "LXD",
            "420 26 0:71 / /var/snap/lxd/common/lxd/shmounts rw,relatime - tmpfs tmpfs rw,size=100k,mode=711",
            NONE,
        ),
        (
            "Docker /dev/shm",
            "1216 1212 0:70 / /dev/shm rw,nosuid,nodev,noexec,relatime - tmpfs shm rw,size=65536k,inode64",
            MEMORY,
        ),
        (
            "/dev/shm",
            "24 22 0:22 / /dev/shm rw,nosuid,nodev shared:4 - tmpfs tmpfs rw,inode64",
            MEMORY,
        ),
        (
            "/run",
            "23 26 0:21 / /run rw,nosuid,nodev,noexec,relatime shared:5 - tmpfs tmpfs rw,size=401268k,mode=755",
            MEMORY,
        ),
        ("/tmp", "35 26 0:34 / /tmp rw,nosuid,nodev shared:11 - tmpfs tmpfs rw,size=16G", MEMORY),
        (
            "a database in memory",
            "36 26 0:90 / /var/lib/postgresql rw,relatime - tmpfs pg rw,size=102400k",
            MEMORY,
        ),
        (
            "session",
            "620 23 0:47 / /run/user/1000 rw,nosuid,nodev,relatime shared:300 - tmpfs tmpfs rw,size=401264k,mode=700,uid=1000",
            NONE,
        ),
        (
            "credentials",
            "34 23 0:25 / /run/credentials/systemd-sysusers.service ro,nosuid,nodev,noexec,relatime - tmpfs tmpfs rw,size=1024k",
            NONE,
        ),
        (
            "locks",
            "37 23 0:26 / /run/lock rw,nosuid,nodev,noexec,relatime - tmpfs tmpfs rw,size=5120k",
            NONE,
        ),
        (
            "Docker hides",
            "1240 1211 0:75 / /sys/firmware ro,relatime - tmpfs tmpfs ro,inode64",
            NONE,
        ),
        (
            "NFS",
            "610 26 0:60 / /mnt/share rw,relatime - nfs4 10.0.0.2:/x rw,vers=4.2,addr=10.0.0.2",
            REMOTE,
        ),
        (
            "NFS to be read",
            "611 26 0:61 / /mnt/iso ro,relatime - nfs4 10.0.0.2:/i ro,vers=4.2",
            Some((Class::Remote, false)),
        ),
        ("Samba", "612 26 0:62 / /mnt/smb rw,relatime - cifs //nas/x rw,vers=3.1.1", REMOTE),
        (
            "NTFS",
            "613 26 8:33 / /mnt/win rw,relatime - fuseblk /dev/sdc1 rw,user_id=0,allow_other,blksize=4096",
            REMOTE,
        ),
        (
            "sshfs",
            "614 26 0:64 / /mnt/far rw,nosuid,nodev,relatime - fuse.sshfs me@far:/ rw,user_id=0",
            REMOTE,
        ),
        (
            "WSL",
            "615 26 0:65 / /mnt/c rw,noatime - 9p C:\\134 rw,dirsync,aname=drvfs;path=C:\\;uid=1000",
            REMOTE,
        ),
        (
            "Proxmox",
            "616 26 0:66 / /etc/pve rw,nosuid,nodev,relatime - fuse /dev/fuse rw,user_id=0,group_id=0",
            PROGRAM,
        ),
        ("an unknown program", "617 26 0:67 / /mnt/new rw,relatime - fuse.newfs newfs rw", PROGRAM),
        (
            "documents of a session",
            "618 620 0:68 / /run/user/1000/doc rw,nosuid,nodev,relatime - fuse.portal portal rw",
            NONE,
        ),
        (
            "proc",
            "22 26 0:20 / /proc rw,nosuid,nodev,noexec,relatime shared:12 - proc proc rw",
            NONE,
        ),
        (
            "cgroup",
            "32 31 0:28 / /sys/fs/cgroup rw,nosuid,nodev,noexec - cgroup2 cgroup2 rw,nsdelegate",
            NONE,
        ),
        ("namespace", "700 23 0:4 net:[4026532278] /run/netns/blue rw - nsfs nsfs rw", NONE),
        (
            "mounted when asked",
            "701 26 0:40 / /mnt/auto rw,relatime - autofs systemd-1 rw,fd=40,timeout=0",
            NONE,
        ),
    ];
    for (name, line, expected) in cases {
        assert_eq!(judged(line), *expected, "{name}: {line}");
    }
}

#[test]
fn real_disks_come_before_small_memory_disks() {
    let text = "\
36 26 0:90 / /a rw,relatime - tmpfs tmpfs rw,size=100k
26 1 8:1 / /z rw,relatime - ext4 /dev/sda1 rw
60 1 0:60 / /b rw,relatime - nfs4 10.0.0.2:/x rw";
    let order: Vec<_> = devices(text).into_iter().map(|device| device.class).collect();
    assert_eq!(order, [Class::Disk, Class::Remote, Class::Memory]);
}

#[test]
fn interfaces_inside_of_the_host_are_left_out() {
    for name in ["eth0", "enp3s0", "bond0", "wg0", "ppp0", "vmbr0", "wlan0", "eth0.10"] {
        assert!(leads_outside(name), "{name}");
    }
    for name in ["lo", "veth12ab", "docker0", "br-1c2d", "fwpr101p0", "tap101i0", "cali1234"] {
        assert!(!leads_outside(name), "{name}");
    }
}
