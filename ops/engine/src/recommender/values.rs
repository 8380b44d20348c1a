//! The values of a command's placeholders, as far as they can be told.

use domain::{
    breach::{Breach, BreachKey},
    incident::Incident,
    reason::Remedy,
    recommendation::Reason,
    signal::Signal,
    subject::Subject,
};
use policy::{
    catalogue::{Command, Does, Kind, Placeholder, Program, Values},
    pattern::matches,
};

use crate::recommender::scene::Scene;

/// Log files that are smaller than this are not what fills a disk.
pub const LARGE_LOGS: u64 = 100 * 1024 * 1024;

/// The values on which a command is to act.
#[derive(Clone)]
pub(super) struct Chosen {
    pub(super) values: Values,
    pub(super) subject: Subject,
    pub(super) reason: Option<Reason>,
}

/// True if commands of this host can act upon what this is about.
pub(super) fn is_here(scene: &Scene<'_>, key: &BreachKey) -> bool {
    key.subject.host().is_none_or(|host| host == scene.host)
}

/// The values for one breach; more than one where the catalogue lists several units, none where a
/// value can't be told.
pub(super) fn choose(
    scene: &Scene<'_>,
    incident: &Incident,
    breach: &Breach,
    command: &Command,
) -> Vec<Chosen> {
    let mut all =
        vec![Chosen { values: Values::new(), subject: whole(scene, command), reason: None }];
    for placeholder in command.placeholders() {
        let choices = choices(scene, incident, breach, command, placeholder);
        let with = |one: &Chosen| {
            let (one, name) = (one.clone(), placeholder.name());
            choices.iter().map(move |(value, reason)| Chosen {
                values: one.values.clone().with(name, value.clone()),
                subject: acted_upon(scene, placeholder.kind(), value)
                    .unwrap_or_else(|| one.subject.clone()),
                reason: reason.clone().or_else(|| one.reason.clone()),
            })
        };
        all = all.iter().flat_map(with).collect();
    }
    all
}

/// True if a command may act upon a value: upon an app only where its name means nothing else, and
/// where it is started anew only if it is meant to run.
pub(super) fn may_act(scene: &Scene<'_>, command: &Command, kind: &Kind, value: &str) -> bool {
    !matches!(kind, Kind::App)
        || !(scene.hints.shared_apps.contains(value)
            || restarts(command) && scene.hints.apps_at_rest.contains(value))
}

/// True if a command ends processes of an app and starts them again.
pub(super) fn restarts(command: &Command) -> bool {
    let Does::Program(vector) = command.does() else { return false };
    let first = || vector.arguments().first()?.literal();
    vector.program() == Program::Pm2 && matches!(first(), Some("restart" | "reload"))
}

/// True if the reason of a failure speaks against a command.
pub(super) fn is_ruled_out(command: &Command, remedy: Remedy) -> bool {
    match remedy {
        Remedy::Any => false,
        Remedy::Settings => {
            let Does::Program(vector) = command.does() else { return false };
            restarts(command) || vector.program() == Program::Systemctl
        }
        Remedy::None => true,
    }
}

/// The values of one placeholder that may help with a breach, each with what speaks for it.
fn choices(
    scene: &Scene<'_>,
    incident: &Incident,
    breach: &Breach,
    command: &Command,
    placeholder: &Placeholder,
) -> Vec<(String, Option<Reason>)> {
    match placeholder.kind() {
        Kind::App => {
            let mut choices = placeholder.choices(scene.facts);
            choices.retain(|name| may_act(scene, command, placeholder.kind(), name));
            Vec::from_iter(app(scene, incident, breach, &choices))
        }
        Kind::Certificate => scene
            .hints
            .endpoint_hosts
            .get(&breach.key.subject)
            .map(|host| (host.clone(), None))
            .into_iter()
            .collect(),
        Kind::Query => Vec::from_iter(longest_query(scene, &placeholder.choices(scene.facts))),
        // Which of them it is can't be told from here: a person chooses.
        Kind::Unit { of } => of.iter().map(|unit| (unit.clone(), None)).collect(),
        Kind::Number { usual, .. } => vec![(usual.to_string(), None)],
    }
}

/// The subject of a value: two commands that name the same never run at a time.
fn acted_upon(scene: &Scene<'_>, kind: &Kind, value: &str) -> Option<Subject> {
    let kind = match kind {
        Kind::App => "app",
        Kind::Unit { .. } => "service",
        Kind::Certificate => "certificate",
        Kind::Query => "query",
        Kind::Number { .. } => return None,
    };
    Some(Subject::build(kind, value, Some(scene.host)))
}

/// The subject of a command without such a value.
fn whole(scene: &Scene<'_>, command: &Command) -> Subject {
    match command.does() {
        // The same as for a restart of its unit.
        Does::Program(vector) if vector.program() == Program::Nginx => {
            Subject::build("service", "nginx.service", Some(scene.host))
        }
        // Nothing real waits for it.
        Does::Program(_) if command.changes_nothing() => domain::practice::subject(),
        Does::Program(_) | Does::BuiltIn(..) => Subject::build("host", scene.host, None),
        Does::Script(script) => Subject::build("script", script.name(), Some(scene.host)),
    }
}

fn only(choices: &[String]) -> Option<String> {
    match choices {
        [one] => Some(one.clone()),
        _ => None,
    }
}

fn longest_query(scene: &Scene<'_>, choices: &[String]) -> Option<(String, Option<Reason>)> {
    let aged = choices.iter().filter_map(|id| Some((scene.hints.queries.get(id)?, id)));
    let (query, id) = aged.max_by_key(|(query, id)| (query.running_for, std::cmp::Reverse(*id)))?;
    Some((id.clone(), Some(Reason::LongQuery { query: query.clone() })))
}

fn app(
    scene: &Scene<'_>,
    incident: &Incident,
    breach: &Breach,
    choices: &[String],
) -> Option<(String, Option<Reason>)> {
    let BreachKey { subject, signal } = &breach.key;
    // A name that Calm Ops had to change to write it as a subject is none of the choices.
    let seen = |subject: &Subject| {
        let here = subject.kind() == "app" && subject.host() == Some(scene.host);
        choices.iter().find(|name| here && *name == subject.name()).cloned()
    };
    match subject.kind() {
        "app" => Some((seen(subject)?, None)),
        "host" if is_memory(signal) => {
            let of = |name: &String| {
                scene.hints.app_memory.get(name).copied().filter(|bytes| *bytes > 0)
            };
            let (bytes, name) = largest(choices, of)?;
            Some((name, "app.memory".parse().ok().map(|signal| Reason::Largest { signal, bytes })))
        }
        "disk" => {
            let of = |name: &String| {
                scene
                    .hints
                    .app_logs
                    .get(name)?
                    .get(subject.name())
                    .copied()
                    .filter(|bytes| *bytes >= LARGE_LOGS)
            };
            let (bytes, name) = largest(choices, of)?;
            Some((name, Some(Reason::Largest { signal: signal.clone(), bytes })))
        }
        "endpoint" => Some((behind(scene, incident, subject, seen)?, None)),
        _ => None,
    }
}

fn is_memory(signal: &Signal) -> bool {
    ["host.memory.", "host.swap.", "host.pressure.memory"]
        .iter()
        .any(|known| signal.as_str().starts_with(known))
}

fn largest(choices: &[String], of: impl Fn(&String) -> Option<u64>) -> Option<(u64, String)> {
    let sized = choices.iter().filter_map(|name| Some((of(name)?, std::cmp::Reverse(name))));
    sized.max().map(|(bytes, std::cmp::Reverse(name))| (bytes, name.clone()))
}

/// The app behind an endpoint: the one that it depends on, or the one that is in trouble together
/// with it.
fn behind(
    scene: &Scene<'_>,
    incident: &Incident,
    endpoint: &Subject,
    seen: impl Fn(&Subject) -> Option<String>,
) -> Option<String> {
    let rows =
        scene.policy.dependencies.iter().filter(|row| matches(&row.subject, endpoint.as_str()));
    let mut needed: Vec<String> = rows.filter_map(|row| seen(&row.needs)).collect();
    let mut troubled: Vec<String> =
        incident.holding().filter_map(|breach| seen(&breach.key.subject)).collect();
    for names in [&mut needed, &mut troubled] {
        names.sort();
        names.dedup();
    }
    if needed.is_empty() {
        return only(&troubled);
    }
    only(&needed).or_else(|| {
        // Of several it is the one that is in trouble.
        needed.retain(|name| troubled.contains(name));
        only(&needed)
    })
}
