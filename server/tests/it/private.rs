//! Everything that lies on the disk is for the user of Calm Ops alone, and so is the link for its
//! owner.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    os::unix::fs::MetadataExt,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use crate::program::{Home, PASSWORD, Running, calm_ops};

/// The rights of others at or below a path.
fn open_to_others(path: &Path) -> Vec<String> {
    let meta = fs::symlink_metadata(path).unwrap();
    let own = (meta.mode() & 0o077 != 0).then(|| format!("{:o} {}", meta.mode(), path.display()));
    let below = meta.is_dir().then(|| fs::read_dir(path).unwrap());
    let below =
        below.into_iter().flatten().flat_map(|entry| open_to_others(&entry.unwrap().path()));
    own.into_iter().chain(below).collect()
}

/// The program with a umask that keeps nothing from anyone.
fn careless() -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", "umask 000; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_calm-ops")]);
    command.env_remove("DATABASE_URL");
    command
}

fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < Duration::from_secs(10), "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(30));
    }
}

#[test]
fn everything_that_it_writes_is_its_own_whatever_the_umask_is() {
    let home = Home::new();
    let program = home.start_from(careless(), &[]).unwrap();
    let reserve = home.data().join("reserve");
    until("a reserve", || reserve.exists());
    let (backup, export) = (home.dir.path().join("backup"), home.dir.path().join("export"));
    // A file that was there before, for everyone.
    fs::write(&backup, "old").unwrap();
    fs::set_permissions(&backup, std::os::unix::fs::PermissionsExt::from_mode(0o666)).unwrap();
    for (arguments, file) in [(&["backup"][..], &backup), (&["journal", "export"], &export)] {
        let data = home.data();
        let written = careless().args(arguments).arg(file).arg("--data-dir").arg(&data).output();
        let written = written.unwrap();
        // A backup may refuse to replace a file; then nothing of it is in there.
        let is_kept = fs::read(file).is_ok_and(|text| text == b"old");
        assert!(written.status.success() || is_kept, "{written:?}");
        assert!(is_kept || open_to_others(file).is_empty(), "{:?}", open_to_others(file));
    }
    assert_eq!(open_to_others(&home.data()), [""; 0]);
    drop(program);
    // Documents are for everyone who may read the configuration of this machine.
    let written = careless().arg("init").arg(home.dir.path().join("more")).output().unwrap();
    assert!(written.status.success());
    assert!(!open_to_others(&home.dir.path().join("more")).is_empty());
}

/// The program, about to start with a data directory of its own.
fn serve(home: &Home) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_calm-ops"));
    command.args(["serve", "--listen", "127.0.0.1:0", "--data-dir"]).arg(home.data());
    command.arg("--ops-dir").arg(home.ops()).env_remove("DATABASE_URL").stderr(Stdio::null());
    command
}

/// Starts it with this output, as a service manager whose name it knows.
fn start_into(home: &Home, out: Stdio, err: Stdio) -> std::process::Child {
    serve(home).env("INVOCATION_ID", "a-test").stdout(out).stderr(err).spawn().unwrap()
}

#[test]
fn a_log_gets_no_owner_link_and_a_file_of_ones_own_does() {
    let home = Home::new();
    // As a log of a service manager: another one reads it.
    let mut child = start_into(&home, Stdio::piped(), Stdio::piped());
    let link = home.data().join("owner-link");
    until("the link", || link.exists());
    let meta = fs::metadata(&link).unwrap();
    assert_eq!(meta.mode() & 0o777, 0o600);
    let text = fs::read_to_string(&link).unwrap();
    assert!(text.contains("/join/"), "{text}");
    rustix::process::kill_process(
        rustix::process::Pid::from_child(&child),
        rustix::process::Signal::TERM,
    )
    .unwrap();
    child.wait().unwrap();
    assert!(!link.exists(), "the next start makes another one");
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert!(!said.contains("/join/"), "{said}");
    assert!(said.contains(&format!("cat '{}'", link.display())), "{said}");

    // A program that starts it and reads what it says, as a script does, has the same rights.
    let mut child = serve(&home).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains("/join/")), "no link");
    child.kill().unwrap();
    child.wait().unwrap();
    // But where another program reads it, it may be a logger.
    let log = home.dir.path().join("log");
    let mut logger = Command::new("cat");
    logger.stdin(Stdio::piped()).stdout(fs::File::create(&log).unwrap());
    let mut logger = logger.spawn().unwrap();
    let mut child = serve(&home).stdout(logger.stdin.take().unwrap()).spawn().unwrap();
    until("the log", || fs::read_to_string(&log).unwrap().contains("cat '"));
    assert!(!fs::read_to_string(&log).unwrap().contains("/join/"));
    child.kill().unwrap();
    child.wait().unwrap();
    logger.wait().unwrap();

    let out = home.dir.path().join("out");
    let (file, err) = (fs::File::create(&out).unwrap(), home.dir.path().join("err"));
    let was = fs::metadata(&out).unwrap().mode() & 0o077;
    let mut child = start_into(&home, file.into(), fs::File::create(&err).unwrap().into());
    until("the link", || fs::read_to_string(&out).unwrap().contains("/join/"));
    assert_eq!(fs::metadata(&out).unwrap().mode() & 0o777, 0o600);
    assert_eq!(fs::read_to_string(&err).unwrap().contains("readable only for you"), was != 0);
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn the_file_with_the_owner_link_is_there_as_long_as_the_link_works() {
    let home = Home::new();
    let mut child = start_into(&home, Stdio::null(), Stdio::null());
    let link = home.data().join("owner-link");
    until("the link", || link.exists());
    let made = calm_ops(&["owner-link".as_ref(), "--data-dir".as_ref(), home.data().as_os_str()]);
    assert!(String::from_utf8(made.stdout).unwrap().contains("/join/"));
    until("that it has ended", || !link.exists());
    child.kill().unwrap();
    child.wait().unwrap();
    // What a kill left behind goes at the next start.
    fs::write(&link, "old").unwrap();
    let program: Running = home.start();
    until("that there is an owner", || !link.exists());
    assert!(
        program
            .post(
                "/api/people/sign-in",
                &format!(r#"{{"name":"{}","password":"{PASSWORD}"}}"#, crate::program::OWNER)
            )
            .status
            == 200
    );
}
