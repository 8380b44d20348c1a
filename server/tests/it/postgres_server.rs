//! A throw-away PostgreSQL server, started for a test and stopped at its end.

use std::{
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

/// See the module.
pub struct Server {
    child: Child,
    directory: tempfile::TempDir,
}

/// The folder of `initdb` and `postgres`: on PATH, or where Debian puts them.
fn programs() -> PathBuf {
    let on_path = std::env::var_os("PATH")
        .map(|path| std::env::split_paths(&path).collect::<Vec<_>>())
        .unwrap_or_default();
    let versions = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|version| version.path().join("bin"));
    on_path
        .into_iter()
        .chain(versions)
        .find(|directory| {
            directory.join("initdb").is_file() && directory.join("postgres").is_file()
        })
        .expect("initdb and postgres, on PATH or under /usr/lib/postgresql: install PostgreSQL")
}

/// PostgreSQL refuses to run as root: then it runs as `nobody`.
fn unprivileged(program: &Path, directory: &Path) -> Command {
    if std::fs::metadata("/proc/self").unwrap().uid() != 0 {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command
        .args(["--reuid=65534", "--regid=65534", "--clear-groups", "--"])
        .arg(program)
        .current_dir(directory);
    std::os::unix::fs::chown(directory, Some(65_534), Some(65_534)).unwrap();
    command
}

impl Server {
    /// Starts one with settings of its own, such as `max_connections=60`.
    pub fn start(settings: &[&str]) -> Self {
        let directory = tempfile::Builder::new().prefix("pg").tempdir_in("/tmp").unwrap();
        std::fs::set_permissions(directory.path(), std::fs::Permissions::from_mode(0o700)).unwrap();
        let programs = programs();
        let data = directory.path().join("data");
        let made = unprivileged(&programs.join("initdb"), directory.path())
            .arg("-D")
            .arg(&data)
            .args([
                "-U",
                "calm",
                "-A",
                "trust",
                "-E",
                "UTF8",
                "--locale=C",
                "--no-sync",
                "--no-instructions",
            ])
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let mut command = unprivileged(&programs.join("postgres"), directory.path());
        command
            .arg("-D")
            .arg(&data)
            .arg("-k")
            .arg(directory.path())
            .args(["-c", "listen_addresses="]);
        for setting in settings {
            command.args(["-c", setting]);
        }
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        Self { child, directory }
    }

    /// The address of a database.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://calm@localhost/{database}?host={}", self.directory.path().display())
    }

    /// A connection, as soon as it answers.
    pub async fn connect(&self) -> PgConnection {
        let began = Instant::now();
        loop {
            match PgConnection::connect(&self.url("postgres")).await {
                Ok(connection) => return connection,
                Err(error) => assert!(
                    began.elapsed() < Duration::from_secs(20),
                    "the server did not start: {error}"
                ),
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// The address of an empty database of its own.
    pub async fn fresh(&self, name: &str) -> String {
        // Names of databases have at most 63 letters.
        let name = &name[..name.len().min(60)];
        let mut connection = self.connect().await;
        sqlx::raw_sql(AssertSqlSafe(format!("CREATE DATABASE {name}")))
            .execute(&mut connection)
            .await
            .unwrap();
        connection.close().await.unwrap();
        self.url(name)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = rustix::process::Pid::from_raw(self.child.id().cast_signed())
            .map(|pid| rustix::process::kill_process(pid, rustix::process::Signal::QUIT));
        let began = Instant::now();
        while matches!(self.child.try_wait(), Ok(None)) && began.elapsed() < Duration::from_secs(5)
        {
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
