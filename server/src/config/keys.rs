//! The keys: one table for the file, the environment and the flags.

use domain::text::{clip, shown};

use super::{
    problem::ConfigProblem,
    script,
    section::{Entries, Key, key},
};
use crate::collectors::DECLARATIONS;

/// The keys that belong to no collector.
const KEYS: &[Key] = &[
    key("listen", &["CALM_OPS_LISTEN"], Some("--listen")),
    key("public_url", &["CALM_OPS_PUBLIC_URL"], Some("--public-url")),
    key("trusted_proxies", &["CALM_OPS_TRUSTED_PROXIES"], None),
    key("hsts", &["CALM_OPS_HSTS"], None),
    key("tls.certificate", &["CALM_OPS_TLS_CERTIFICATE"], None),
    key("tls.key", &["CALM_OPS_TLS_KEY"], None),
    key("auth.recent_sign_in", &["CALM_OPS_AUTH_RECENT_SIGN_IN"], None),
    key("data_dir", &["CALM_OPS_DATA_DIR"], Some("--data-dir")),
    key("ops_dir", &["CALM_OPS_OPS_DIR"], Some("--ops-dir")),
    // No flag: a command line is seen by everyone on the machine.
    key("database_url", &["CALM_OPS_DATABASE_URL", "DATABASE_URL"], None),
    key("database_url_file", &["CALM_OPS_DATABASE_URL_FILE"], None),
    key("host_name", &["CALM_OPS_HOST_NAME"], None),
    key("product", &["CALM_OPS_PRODUCT"], None),
    key("review.issue_url", &["CALM_OPS_REVIEW_ISSUE_URL"], None),
    key("reports.time_zone", &["CALM_OPS_REPORTS_TIME_ZONE"], None),
    key("reports.daily", &["CALM_OPS_REPORTS_DAILY"], None),
    key("reports.monthly", &["CALM_OPS_REPORTS_MONTHLY"], None),
    key("interval", &["CALM_OPS_INTERVAL"], Some("--interval")),
    key("allowed_hosts", &["CALM_OPS_ALLOWED_HOSTS"], None),
    key("log.level", &["CALM_OPS_LOG_LEVEL"], Some("--log-level")),
    key("log.format", &["CALM_OPS_LOG_FORMAT"], Some("--log-format")),
    key(
        "notifications.allowed_internal_hosts",
        &["CALM_OPS_NOTIFICATIONS_ALLOWED_INTERNAL_HOSTS"],
        None,
    ),
    key("notifications.escalate_after", &["CALM_OPS_NOTIFICATIONS_ESCALATE_AFTER"], None),
    // No flag: whoever knows the address can send in its name.
    key("heartbeat.url", &["CALM_OPS_HEARTBEAT_URL"], None),
    key("heartbeat.interval", &["CALM_OPS_HEARTBEAT_INTERVAL"], None),
    key("mail.server", &["CALM_OPS_MAIL_SERVER"], None),
    key("mail.port", &["CALM_OPS_MAIL_PORT"], None),
    key("mail.tls", &["CALM_OPS_MAIL_TLS"], None),
    key("mail.user", &["CALM_OPS_MAIL_USER"], None),
    key("mail.password_file", &["CALM_OPS_MAIL_PASSWORD_FILE"], None),
    key("mail.from", &["CALM_OPS_MAIL_FROM"], None),
    key("mail.ca_file", &["CALM_OPS_MAIL_CA_FILE"], None),
    key("status.title", &["CALM_OPS_STATUS_TITLE"], None),
    key("status.directory", &["CALM_OPS_STATUS_DIRECTORY"], None),
    key("limits.series", &["CALM_OPS_LIMITS_SERIES"], None),
    key("limits.push_bytes", &["CALM_OPS_LIMITS_PUSH_BYTES"], None),
    key("limits.push_observations", &["CALM_OPS_LIMITS_PUSH_OBSERVATIONS"], None),
    key("limits.streams", &["CALM_OPS_LIMITS_STREAMS"], None),
];

/// Keys that were renamed: old and new name.
const RENAMED: &[(&str, &str)] = &[
    ("sign_in.fresh_for", "auth.recent_sign_in"),
    ("call.inside", "notifications.allowed_internal_hosts"),
];

/// The new name of a key that was renamed.
pub(super) fn renamed(old: &str) -> Option<&'static str> {
    RENAMED.iter().find(|(name, _)| *name == old).map(|(_, new)| *new)
}

/// True if all keys of a section were renamed, so that it is not known any more.
pub(super) fn is_former_section(name: &str) -> bool {
    RENAMED.iter().any(|(old, _)| old.split_once('.').is_some_and(|(section, _)| section == name))
}

/// The variable that sets a key.
fn variable(key: &str) -> String {
    format!("CALM_OPS_{}", key.to_uppercase().replace('.', "_"))
}

/// Every key that stands once: those of the collectors come last.
pub(super) fn all() -> impl Iterator<Item = &'static Key> {
    KEYS.iter().chain(DECLARATIONS.iter().flat_map(|declared| declared.keys))
}

/// The sections that stand once, such as `log`.
pub(super) fn sections() -> Vec<&'static str> {
    let mut sections: Vec<&str> =
        all().filter_map(|key| key.name.split_once('.')).map(|(section, _)| section).collect();
    sections.dedup();
    sections
}

/// The sections that can stand several times.
pub(super) fn entries() -> impl Iterator<Item = Entries> {
    DECLARATIONS.iter().filter_map(|declared| declared.entries).chain([script::ENTRIES])
}

/// The known name that is most like another, if one is like it at all.
pub(super) fn nearest<'a>(wrong: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    known
        .map(|name| (strsim::jaro_winkler(&wrong.to_lowercase(), &name.to_lowercase()), name))
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, name)| name)
}

/// Returns the problem with a variable that looks like ours and is not.
pub(super) fn unknown_variable(name: &str) -> Option<ConfigProblem> {
    let known = || all().flat_map(|key| key.variables).copied().chain(["CALM_OPS_CONFIG"]);
    if known().any(|variable| variable == name) {
        return None;
    }
    if let Some((_, new)) = RENAMED.iter().find(|(old, _)| variable(old) == name) {
        let new = variable(new);
        return Some(ConfigProblem::sentence(format!(
            "the environment variable {name} has a new name: set {new} instead."
        )));
    }
    let name = &clip(name, 100);
    let (name, near) = (shown(name), nearest(name, known()));
    let hint = match near {
        Some(near) => format!("did you mean {near}?"),
        None => "see calm-ops.example.toml for all of them.".to_owned(),
    };
    Some(ConfigProblem::sentence(format!("the environment variable {name} is unknown: {hint}")))
}
