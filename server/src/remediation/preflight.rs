//! From a recommendation to what would be executed now, or why nothing is. Everything is made anew
//! from the catalogue in force and from what the host has at this moment; the recommendation is
//! only compared with it.

use std::path::{Path, PathBuf};

use domain::{actor::Actor, incident::Incident, recommendation::Recommendation};
use policy::catalogue::{
    Action, BoundCommand, Catalogue, Command, Facts, OwnPm2, Program, RunAs, Values, quoted,
};

use crate::{
    collectors::host::host_name,
    config::Config,
    exec::{Builder, Plan, Refusal, User, Way},
};

/// The place of commands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The name of this host, as recommendations give it.
    pub host: String,
    /// The home of the PM2 that is watched.
    pub pm2_home: Option<PathBuf>,
    /// The place of PM2's program by this host's configuration.
    pub pm2: Option<OwnPm2>,
}

impl Place {
    /// This host, as the configuration and the environment of this program have it. The server and
    /// the commands beside it come here.
    pub fn here(config: &Config) -> Self {
        Self {
            host: config.host_name.clone().unwrap_or_else(host_name),
            pm2_home: config.collectors.pm2.home_here(),
            pm2: config.collectors.pm2.program.clone(),
        }
    }
}

/// The command that would be carried out.
#[derive(Debug)]
pub(super) enum Ready {
    /// A process.
    Process(Box<Plan>),
    /// One query of the database is cancelled.
    QueryCancel { pid: u32, started: u64 },
}

impl Ready {
    /// Exactly what would be executed, in lines for people.
    pub(super) fn describe(&self) -> String {
        match self {
            Self::Process(plan) => plan.describe().to_string(),
            Self::QueryCancel { pid, .. } => format!(
                "  built-in     query-cancel\n  process      {pid} of the database of Calm Ops\n  only if      it still runs the same query\n  effect       the query ends, its session stays"
            ),
        }
    }
}

/// The command that would be executed now, if all of it is still as it was recommended.
pub(super) fn ready(
    catalogue: Option<&Catalogue>,
    facts: &Facts,
    place: Option<&Place>,
    one: &Recommendation,
) -> Result<Ready, String> {
    let catalogue = catalogue
        .ok_or("The approved commands have an error, so nothing runs until it is fixed.")?;
    let place = place.ok_or("This program does not run commands.")?;
    if place.host != one.host {
        return Err(format!("It is for the host {}, but this is {}.", one.host, place.host));
    }
    let command = catalogue
        .get(&one.command)
        .ok_or_else(|| format!("The approved command {} no longer exists.", one.command))?;
    let values: Values =
        one.values.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
    let filled = command
        .fill(&values, facts)
        .map_err(|refused| format!("It does not fit this host any more: {refused}"))?;
    let changed = changed(command, &filled, one);
    if !changed.is_empty() {
        return Err(format!(
            "Something has changed since it was recommended: {}.",
            changed.join("; ")
        ));
    }
    if catalogue.version() != one.catalogue {
        let (now, then) = (short(catalogue.version()), short(&one.catalogue));
        return Err(format!(
            "The approved commands have changed from version {then} to {now} since it was recommended. This command is still the same."
        ));
    }
    match filled.action() {
        Action::QueryCancel { pid, started } => {
            Ok(Ready::QueryCancel { pid: *pid, started: *started })
        }
        Action::Program { program, argv } => plan(&filled, Some(*program), argv, None, place),
        Action::Script { argv, sha256, .. } => plan(&filled, None, argv, Some(sha256), place),
    }
}

/// The differences from the recommendation, each with how it is and how it was.
fn changed(command: &Command, filled: &BoundCommand, one: &Recommendation) -> Vec<String> {
    let check = |argv: Option<&[String]>| argv.map_or_else(|| "none".to_owned(), quoted);
    let mut changed = Vec::new();
    let mut look = |same: bool, what: &str, now: String, then: String| {
        if !same {
            changed.push(if now == then {
                what.to_owned()
            } else {
                format!("{what} ({now}, it was {then})")
            });
        }
    };
    let same = filled.argv() == one.argv && filled.to_string() == one.shown;
    look(same, "what is executed", filled.to_string(), one.shown.clone());
    look(
        filled.check() == one.check.as_deref(),
        "its check",
        check(filled.check()),
        check(one.check.as_deref()),
    );
    look(
        filled.user().to_string() == one.user,
        "the user that it runs as",
        filled.user().to_string(),
        one.user.clone(),
    );
    look(
        filled.time_limit() == one.time_limit,
        "its time limit",
        filled.time_limit().to_string(),
        one.time_limit.to_string(),
    );
    look(
        command.risk() == one.risk,
        "its risk",
        command.risk().as_str().to_owned(),
        one.risk.as_str().to_owned(),
    );
    let (now, then) = (command.approval(), one.approval);
    look(now == then, "who may approve it", now.as_str().to_owned(), then.as_str().to_owned());
    look(
        command.blast_radius() == one.blast_radius,
        "its blast radius",
        command.blast_radius().to_owned(),
        one.blast_radius.clone(),
    );
    changed
}

/// Enough of a version to tell two apart.
fn short(version: &str) -> &str {
    version.get(..12).unwrap_or(version)
}

/// Checks that everyone who is needed said yes to exactly what there is now. `lost` are those who
/// may not approve any more.
pub(super) fn approved(
    incident: &Incident,
    one: &Recommendation,
    lost: &[Actor],
) -> Result<(), String> {
    if one.approvals.iter().any(|given| lost.contains(&given.by)) {
        return Err(
            "An approver no longer has the role, or has changed their password since.".to_owned()
        );
    }
    let binding = one.binding(incident);
    let mut people: Vec<_> = one
        .approvals
        .iter()
        .filter(|given| given.binding == binding && matches!(given.by, Actor::Account(_)))
        .map(|given| given.by)
        .collect();
    people.sort_unstable();
    people.dedup();
    if people.len() < usize::from(one.approval.people()) {
        return Err("It has changed since it was approved.".to_owned());
    }
    Ok(())
}

fn plan(
    filled: &BoundCommand,
    program: Option<Program>,
    argv: &[String],
    sha256: Option<&str>,
    place: &Place,
) -> Result<Ready, String> {
    let said = |refusal: Refusal| format!("It can't be executed: {refusal}.");
    let user = match filled.user() {
        RunAs::CalmOps => User::ours().map_err(said)?,
        RunAs::User(name) => User::named(name.as_str()).map_err(said)?,
    };
    let begin = |argv: &[String]| -> Result<Builder, String> {
        let (path, arguments) = argv.split_first().ok_or("There is nothing to execute.")?;
        Ok(Plan::of(path)
            .args(arguments.iter().cloned())
            .user(&user.name)
            .time_limit(filled.time_limit()))
    };
    let mut builder = begin(argv)?;
    // sudo lets no variable through that its lines do not name, and ours name none.
    let sudo = Way::to(&user) == Way::Sudo;
    match program {
        Some(Program::Pm2) => {
            let home = place.pm2_home.as_deref().filter(|home| **home != user.home.join(".pm2"));
            builder = match home {
                Some(home) if sudo => return Err(unreachable_home(home, &user)),
                Some(home) => builder.env("PM2_HOME", home.to_string_lossy()),
                None => builder,
            };
            if !sudo {
                builder = builder.env("NO_COLOR", "1").with_programs_beside();
            }
        }
        Some(Program::Systemctl | Program::Journalctl) if !sudo => {
            builder = builder.env("SYSTEMD_COLORS", "0");
        }
        Some(
            Program::Nginx
            | Program::Systemctl
            | Program::Journalctl
            | Program::Certbot
            | Program::True,
        )
        | None => {}
    }
    if let Some(sha256) = sha256 {
        builder = builder.sha256(bytes(sha256).ok_or("The hash of the script can't be read.")?);
    }
    if let Some(check) = filled.check() {
        builder = builder.check(begin(check)?.finish().map_err(said)?);
    }
    Ok(Ready::Process(Box::new(builder.finish().map_err(said)?)))
}

fn unreachable_home(home: &Path, user: &User) -> String {
    format!(
        "PM2 lives in {}, which sudo does not pass on to {}. Let the command run as Calm Ops, or move PM2 to the user's own .pm2.",
        home.display(),
        user.name
    )
}

fn bytes(hexadecimal: &str) -> Option<[u8; 32]> {
    hexadecimal.parse::<domain::hash::Hash>().ok().map(|hash| hash.0)
}
