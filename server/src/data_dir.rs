//! The data directory: made for its owner alone, and file systems on which a SQLite database can be
//! harmed.

use std::{
    fs::DirBuilder,
    io,
    os::unix::fs::{DirBuilderExt as _, PermissionsExt as _},
    path::Path,
};

/// Makes a data directory that only its owner can enter, whatever the umask is. One that exists
/// stays as it is.
pub fn make(data_dir: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(data_dir)
}

/// A warning about a data directory that others on this machine can enter.
pub fn open_to_others(data_dir: &Path) -> Option<String> {
    let mode = std::fs::metadata(data_dir).ok()?.permissions().mode() & 0o777;
    (mode & 0o077 != 0)
        .then(|| wording::error::open_data_dir(&data_dir.display().to_string(), mode))
}

/// The kind of a file system that is reached over a network or through another program, by the
/// number that Linux gives it.
const fn remote(number: i64) -> Option<&'static str> {
    // As the kernel's `linux/magic.h` has them. Some are wider than a signed 32-bit number.
    Some(match number & 0xffff_ffff {
        0x6969 => "NFS",
        0xff53_4d42 | 0xfe53_4d42 | 0x517b => "SMB (CIFS)",
        0x0102_1997 => "9p",
        0x6573_5546 => "FUSE",
        0x6a65_6a62 => "virtiofs",
        0x00c3_6400 => "Ceph",
        0x5346_414f | 0x6b41_4653 => "AFS",
        0x0116_1970 => "GFS2",
        0x7461_636f => "OCFS2",
        0x0bd0_0bd0 => "Lustre",
        0x4750_4653 => "GPFS",
        0x786f_4256 => "a folder shared by VirtualBox",
        _ => return None,
    })
}

/// A warning about the file system under a data directory, if it is one to be warned about. A
/// directory that does not exist yet will lie where its parent does.
#[cfg(target_os = "linux")]
pub fn warning(data_dir: &Path) -> Option<String> {
    let absolute = std::path::absolute(data_dir).ok()?;
    let there = absolute.ancestors().find(|path| path.exists())?;
    #[expect(clippy::useless_conversion, reason = "its type differs from machine to machine")]
    let number = i64::from(rustix::fs::statfs(there).ok()?.f_type);
    remote(number)
        .map(|kind| wording::error::remote_data_dir(&data_dir.display().to_string(), kind))
}

/// Elsewhere nothing is known.
#[cfg(not(target_os = "linux"))]
pub fn warning(_: &Path) -> Option<String> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_data_directory_is_its_owners_alone() {
        let place = tempfile::tempdir().unwrap();
        let (made, wide) = (place.path().join("a/data"), place.path().join("wide"));
        make(&made).unwrap();
        assert_eq!(std::fs::metadata(&made).unwrap().permissions().mode() & 0o777, 0o700);
        assert_eq!(open_to_others(&made), None);
        make(&made).unwrap();
        DirBuilder::new().create(&wide).unwrap();
        std::fs::set_permissions(&wide, std::fs::Permissions::from_mode(0o750)).unwrap();
        make(&wide).unwrap();
        assert!(open_to_others(&wide).unwrap().contains("chmod 700"));
    }

    #[test]
    fn network_file_systems_are_told_from_local_ones() {
        for (number, kind) in [
            (0x6969, Some("NFS")),
            (0xff53_4d42, Some("SMB (CIFS)")),
            (i64::from(0xff53_4d42_u32.cast_signed()), Some("SMB (CIFS)")),
            (0x0102_1997, Some("9p")),
            // ext4, xfs, btrfs, zfs, tmpfs, overlay
            (0xef53, None),
            (0x5846_5342, None),
            (0x9123_683e, None),
            (0x2fc1_2fc1, None),
            (0x0102_1994, None),
            (0x794c_7630, None),
        ] {
            assert_eq!(remote(number), kind, "{number:x}");
        }
        assert_eq!(warning(Path::new("/proc/self/no/such")), None);
    }
}
