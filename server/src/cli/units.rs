//! `calm-ops init --systemd` and `--cron`: the lines by which others start Calm Ops and ask for it.

use std::{
    env,
    io::Write,
    path::{Path, PathBuf, absolute},
};

use super::outcome::Outcome;
use crate::{config::Config, exec::User};

/// The command line of a command of this program with this configuration.
fn line(config: &Config, command: &str) -> Result<String, String> {
    let program = env::current_exe()
        .map_err(|error| format!("the path of this program is not known: {error}"))?;
    let mut parts = vec![program, PathBuf::from(command)];
    match &config.file {
        Some(file) => parts.extend([PathBuf::from("--config"), full(file)?]),
        None => parts.extend(["--listen".into(), config.listen.to_string().into()]),
    }
    parts.iter().map(|part| plain(part)).collect::<Result<Vec<_>, _>>().map(|all| all.join(" "))
}

fn full(path: &Path) -> Result<PathBuf, String> {
    absolute(path).map_err(|error| format!("{} has no full path: {error}", path.display()))
}

/// A path that stands for itself in a unit and in a line of cron, where blanks, `%`, `$` and others
/// mean something.
fn plain(path: &Path) -> Result<String, String> {
    let fine = |c: char| c.is_alphanumeric() || "/._-+@:,=".contains(c);
    path.to_str().filter(|text| text.chars().all(fine)).map(str::to_owned).ok_or_else(|| {
        format!(
            "the path {} can't be used there. Move it to a path of letters, digits and '/._-'",
            path.display()
        )
    })
}

fn print(made: Result<String, String>, out: &mut dyn Write, err: &mut dyn Write) -> Outcome {
    match made {
        Ok(text) => {
            let _ = write!(out, "{text}");
            Outcome::Fine
        }
        Err(problem) => {
            let _ = writeln!(err, "error: {problem}.");
            Outcome::Usage
        }
    }
}

/// Prints a unit of systemd.
pub(super) fn systemd(
    config: &Config,
    user: Option<&str>,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Outcome {
    let unit = || {
        let user = user.map_or_else(User::ours, User::named).map_err(|error| error.to_string())?;
        let (serve, data) = (line(config, "serve")?, plain(&full(&config.data_dir)?)?);
        let (name, documents) = (
            &user.name,
            match &config.ops_dir {
                Some(dir) => format!(" --ops-dir {}", plain(&full(dir)?)?),
                None => String::new(),
            },
        );
        Ok(format!(
            "# Save as /etc/systemd/system/calm-ops.service, then: systemctl enable --now calm-ops
[Unit]
Description=Calm Ops, incident commander
Wants=network-online.target
After=network-online.target
StartLimitIntervalSec=0

[Service]
User={name}
ExecStart={serve} --data-dir {data}{documents}
Restart=always
RestartSec=5
TimeoutStopSec=30
LimitNOFILE=65536

[Install]
WantedBy=multi-user.target
"
        ))
    };
    print(unit(), out, err)
}

/// Prints a line of cron.
pub(super) fn cron(config: &Config, out: &mut dyn Write, err: &mut dyn Write) -> Outcome {
    let lines = line(config, "health").map(|health| {
        format!(
            "# Add with 'crontab -e'. It is silent while Calm Ops is monitoring; otherwise its message goes to MAILTO.
*/5 * * * * {health} >/dev/null
"
        )
    });
    print(lines, out, err)
}
