//! The same on PostgreSQL: a throw-away server with a database for each case.

use std::{
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use server::store::Where;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use crate::{cases, mail, people, support::Place};

struct Server {
    child: Child,
    directory: tempfile::TempDir,
}

/// Where `initdb` and `postgres` are: on PATH, or where Debian puts them.
fn programs() -> PathBuf {
    let on_path = std::env::var_os("PATH").map(|path| std::env::split_paths(&path).collect::<Vec<_>>()).unwrap_or_default();
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().map(|version| version.path().join("bin"));
    let found = on_path.into_iter().chain(versions).find(|dir| dir.join("initdb").is_file() && dir.join("postgres").is_file());
    found.expect("initdb and postgres, on PATH or under /usr/lib/postgresql: install PostgreSQL")
}

/// PostgreSQL refuses to run as root: then it runs as `nobody`.
fn unprivileged(program: &Path, directory: &Path) -> Command {
    if std::fs::metadata("/proc/self").unwrap().uid() != 0 {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups", "--"]).arg(program).current_dir(directory);
    std::os::unix::fs::chown(directory, Some(65_534), Some(65_534)).unwrap();
    command
}

impl Server {
    fn start() -> Self {
        let directory = tempfile::Builder::new().prefix("pg").tempdir_in("/tmp").unwrap();
        std::fs::set_permissions(directory.path(), std::fs::Permissions::from_mode(0o700)).unwrap();
        let (programs, data) = (programs(), directory.path().join("data"));
        let made = unprivileged(&programs.join("initdb"), directory.path())
            .arg("-D")
            .arg(&data)
            .args(["-U", "calm", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions"])
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let mut command = unprivileged(&programs.join("postgres"), directory.path());
        command.arg("-D").arg(&data).arg("-k").arg(directory.path()).args(["-c", "listen_addresses=", "-c", "fsync=off"]);
        let child = command.args(["-c", "shared_buffers=16MB"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        Self { child, directory }
    }

    fn url(&self, database: &str) -> String {
        format!("postgres://calm@localhost/{database}?host={}", self.directory.path().display())
    }

    async fn place(&self, name: &str) -> Place {
        let began = Instant::now();
        let mut connection = loop {
            match PgConnection::connect(&self.url("postgres")).await {
                Ok(connection) => break connection,
                Err(error) => assert!(began.elapsed() < Duration::from_secs(20), "the server did not start: {error}"),
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        };
        // Names of databases have at most 63 letters.
        let name = &name[..name.len().min(60)];
        sqlx::raw_sql(AssertSqlSafe(format!("CREATE DATABASE {name}"))).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        Place { at: Where::Postgres { url: self.url(name) }, directory: tempfile::tempdir().unwrap() }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = rustix::process::kill_process(rustix::process::Pid::from_child(&self.child), rustix::process::Signal::QUIT);
        let began = Instant::now();
        while matches!(self.child.try_wait(), Ok(None)) && began.elapsed() < Duration::from_secs(5) {
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn every_case_holds_on_postgres() {
    let server = Server::start();
    macro_rules! cases {
        ($($module:ident::$case:ident),+ $(,)?) => { $( $module::$case(&server.place(stringify!($case)).await).await; )+ };
    }
    cases!(
        cases::an_incident_reaches_each_way_once,
        cases::what_is_refused_or_not_answered_is_tried_again_and_given_up_in_the_end,
        cases::a_restart_loses_nothing_and_repeats_nothing,
        cases::a_warning_waits_while_it_is_quiet_and_is_dropped_if_it_is_over,
        cases::a_thousand_entries_at_once_call_a_few_times,
        cases::a_redirect_is_not_followed_and_some_addresses_are_never_asked,
        people::a_test_goes_to_oneself_only_and_is_not_journalled,
        people::who_removes_a_contact_or_leaves_is_not_called,
        people::nobody_touches_the_contacts_of_others,
        people::a_call_ends_once,
        mail::a_letter_comes_over_tls_with_the_same_id_each_time,
    );
}
