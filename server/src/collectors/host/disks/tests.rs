use super::{super::mounts::devices, *};

const LIMIT: Duration = Duration::from_millis(300);

async fn look(disks: &mut Disks, mounts: &str, fstab: &str) -> Found {
    disks.look(devices(mounts), fstab, |_| false, LIMIT).await
}

/// Lines for a folder that is there. Its own numbers are those of another disk: Btrfs is not held
/// against them.
fn mounted(folder: &Path, options: &str, of_mount: &str) -> String {
    format!("90 27 0:99 / {} {of_mount} - btrfs /dev/x {options}\n", folder.display())
}

#[tokio::test]
async fn a_disk_that_turns_read_only_is_told_and_an_image_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let read_only = |found: &Found| {
        let [disk] = &found.disks[..] else { panic!("{found:?}") };
        assert!(disk.space.is_some());
        disk.read_only
    };
    let (rw, ro) = (mounted(folder.path(), "rw", "rw"), mounted(folder.path(), "ro", "ro"));
    // From the beginning: an image, unless fstab wants it otherwise.
    let mut disks = Disks::default();
    assert!(look(&mut disks, &ro, "").await.disks.is_empty());
    let meant = |options: &str| format!("/dev/x {} btrfs {options}", folder.path().display());
    assert_eq!(read_only(&look(&mut disks, &ro, &meant("defaults")).await), Some(true));
    assert!(look(&mut disks, &ro, &meant("ro")).await.disks.is_empty());
    // In this run: by the whole file system, or through this mount alone.
    let here = mounted(folder.path(), "rw", "ro");
    for turned in [&ro, &here] {
        let mut disks = Disks::default();
        assert_eq!(read_only(&look(&mut disks, &rw, "").await), Some(false));
        assert_eq!(read_only(&look(&mut disks, turned, "").await), Some(true));
        // As it is meant to be, such as a disk for copies that is opened for an hour.
        assert_eq!(read_only(&look(&mut disks, turned, &meant("ro")).await), Some(false));
        assert_eq!(read_only(&look(&mut disks, &rw, "").await), Some(false));
        // Unmounted, and mounted to be read: that is another use.
        assert!(look(&mut disks, "", "").await.disks.is_empty());
    }
    // Given to a container to be read.
    let mut disks = Disks::default();
    assert_eq!(read_only(&look(&mut disks, &here, "").await), Some(false));
    // In a run before.
    let mut disks = Disks::default();
    let found = disks.look(devices(&ro), "", |point| point == folder.path(), LIMIT).await;
    assert_eq!(read_only(&found), Some(true));
    // The kernel's own mark.
    let failed = mounted(folder.path(), "rw,emergency_ro", "rw");
    assert_eq!(read_only(&look(&mut Disks::default(), &failed, "").await), Some(true));
}

#[tokio::test]
async fn a_disk_is_named_by_a_folder_and_keeps_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let (file, data) = (folder.path().join("f"), folder.path().join("data"));
    fs::write(&file, "").unwrap();
    fs::create_dir(&data).unwrap();
    let files = mounted(&file, "rw", "rw");
    let mut disks = Disks::default();
    assert!(look(&mut disks, &files, "").await.disks.is_empty(), "single files are no disk");
    let both = files + &mounted(&data, "rw", "rw");
    assert_eq!(look(&mut disks, &both, "").await.disks[0].point, data);
    let shorter = both + &mounted(folder.path(), "rw", "rw");
    assert_eq!(look(&mut disks, &shorter, "").await.disks[0].point, data);
    assert_eq!(look(&mut Disks::default(), &shorter, "").await.disks[0].point, folder.path());
}

#[tokio::test]
async fn what_lies_below_another_mount_is_not_mistaken_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let line = format!("90 27 250:250 / {} rw - ext4 /dev/x rw", folder.path().display());
    assert!(look(&mut Disks::default(), &line, "").await.disks.is_empty());
}

#[tokio::test]
async fn the_limit_leaves_out_small_memory_disks_first_and_counts_them() {
    let line = |n: usize| format!("{n} 27 0:{n} / /nowhere/{n} rw - tmpfs tmpfs rw\n");
    let mut text: String = (100..170).map(line).collect();
    text += "26 1 8:1 / /nowhere/real rw - ext4 /dev/sda1 rw\n";
    let found = look(&mut Disks::default(), &text, "").await;
    assert_eq!(found.left_out_kinds, BTreeMap::from([("tmpfs".to_owned(), 7)]));
    assert_eq!(found.left_out.len(), 7);
    assert!(!found.left_out.contains(&"/nowhere/real".into()));
}

#[tokio::test]
async fn an_unknown_program_is_judged_once_it_had_space() {
    let mut disks = Disks::default();
    let space = |used| Some(Space { total: 100, available: 0, used, inodes_used: None });
    assert!(!disks.has_space("0:67", space(100.0)) && !disks.has_space("0:67", None));
    assert!(disks.has_space("0:67", space(99.0)) && disks.has_space("0:67", space(100.0)));
}

#[tokio::test]
async fn a_question_that_hangs_is_not_asked_twice_and_holds_up_nobody() {
    let (_never, open) = oneshot::channel();
    let mut disks = Disks::default();
    disks.remote.insert("0:60".to_owned(), open);
    let folder = tempfile::tempdir().unwrap();
    let here = mounted(folder.path(), "rw", "rw");
    let both = here.clone() + "35 27 0:60 / /mnt/hangs rw - nfs4 server:/x rw";
    for _ in 0..3 {
        let found = look(&mut disks, &both, "").await;
        let known: Vec<_> = found.disks.iter().map(|disk| disk.space.is_some()).collect();
        assert_eq!(known, [true, false]);
        assert_eq!(disks.remote.len(), 1);
    }
    // Unmounted while the question is open: it stays known, so that it is never asked again beside
    // the first.
    look(&mut disks, &here, "").await;
    assert_eq!(disks.remote.len(), 1);
}
