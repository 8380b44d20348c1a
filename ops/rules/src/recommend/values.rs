//! The values of a command's placeholders, as far as they can be told.

use super::{LARGE_LOGS, Scene};
use crate::{
    breach::{Breach, BreachKey},
    catalogue::{Command, Does, Kind, Program, Values},
    incident::Incident,
    policy::fits,
    recommendation::Reason,
    words::{Signal, Subject},
};

/// What a command is to act upon.
pub(super) struct Chosen {
    pub(super) values: Values,
    pub(super) subject: Subject,
    pub(super) reason: Option<Reason>,
}

/// Whether commands of this host can act upon what this is about.
pub(super) fn is_here(scene: &Scene<'_>, key: &BreachKey) -> bool {
    key.subject.host().is_none_or(|host| host == scene.host)
}

/// The values for one breach; `None` where one of them can't be told.
pub(super) fn choose(scene: &Scene<'_>, incident: &Incident, breach: &Breach, command: &Command) -> Option<Chosen> {
    let mut values = Values::new();
    let mut subject = None;
    let mut reason = None;
    for placeholder in command.placeholders() {
        let value = match placeholder.kind() {
            Kind::App => {
                let (name, why) = app(scene, incident, breach, &placeholder.choices(scene.facts))?;
                reason = why;
                name
            }
            Kind::Certificate => scene.hints.endpoint_hosts.get(&breach.key.subject)?.clone(),
            Kind::Query => longest_query(scene, &placeholder.choices(scene.facts))?,
            Kind::Unit { of } => only(of)?,
            Kind::Number { .. } => only(&placeholder.choices(scene.facts))?,
        };
        subject = acted_upon(scene, placeholder.kind(), &value).or(subject);
        values = values.with(placeholder.name(), value);
    }
    let subject = subject.unwrap_or_else(|| whole(scene, command));
    Some(Chosen { values, subject, reason })
}

/// What a value names, as a subject: two commands that name the same never run at a time.
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

/// What a command without such a value acts upon.
fn whole(scene: &Scene<'_>, command: &Command) -> Subject {
    match command.does() {
        // The same as for a restart of its unit.
        Does::Program(vector) if vector.program() == Program::Nginx => Subject::build("service", "nginx.service", Some(scene.host)),
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

fn longest_query(scene: &Scene<'_>, choices: &[String]) -> Option<String> {
    let aged = choices.iter().filter_map(|query| Some((*scene.hints.query_ages.get(query)?, std::cmp::Reverse(query))));
    aged.max().map(|(_, std::cmp::Reverse(query))| query.clone())
}

fn app(scene: &Scene<'_>, incident: &Incident, breach: &Breach, choices: &[String]) -> Option<(String, Option<Reason>)> {
    let BreachKey { subject, signal } = &breach.key;
    // A name that Calm Ops had to change to write it as a subject is none of the choices.
    let seen = |subject: &Subject| {
        let here = subject.kind() == "app" && subject.host() == Some(scene.host);
        choices.iter().find(|name| here && *name == subject.name()).cloned()
    };
    match subject.kind() {
        "app" => Some((seen(subject)?, None)),
        "host" if is_memory(signal) => {
            let of = |name: &String| scene.hints.app_memory.get(name).copied().filter(|bytes| *bytes > 0);
            let (bytes, name) = largest(choices, of)?;
            Some((name, "app.memory".parse().ok().map(|signal| Reason::Largest { signal, bytes })))
        }
        "disk" => {
            let of = |name: &String| scene.hints.app_logs.get(name)?.get(subject.name()).copied().filter(|bytes| *bytes >= LARGE_LOGS);
            let (bytes, name) = largest(choices, of)?;
            Some((name, Some(Reason::Largest { signal: signal.clone(), bytes })))
        }
        "endpoint" => Some((behind(scene, incident, subject, seen)?, None)),
        _ => None,
    }
}

fn is_memory(signal: &Signal) -> bool {
    ["host.memory.", "host.swap.", "host.pressure.memory"].iter().any(|known| signal.as_str().starts_with(known))
}

fn largest(choices: &[String], of: impl Fn(&String) -> Option<u64>) -> Option<(u64, String)> {
    let sized = choices.iter().filter_map(|name| Some((of(name)?, std::cmp::Reverse(name))));
    sized.max().map(|(bytes, std::cmp::Reverse(name))| (bytes, name.clone()))
}

/// The app behind an endpoint: the one that it depends on, or the one that is in trouble together with it.
fn behind(scene: &Scene<'_>, incident: &Incident, endpoint: &Subject, seen: impl Fn(&Subject) -> Option<String>) -> Option<String> {
    let rows = scene.policy.dependencies.iter().filter(|row| fits(&row.subject, endpoint.as_str()));
    let mut needed: Vec<String> = rows.filter_map(|row| seen(&row.needs)).collect();
    let mut troubled: Vec<String> = incident.holding().filter_map(|breach| seen(&breach.key.subject)).collect();
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
