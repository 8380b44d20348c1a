//! Kinds of values that may stand where a placeholder is, each with a strict grammar.

use serde::Serialize;

use crate::catalogue::violation::{Refused, Rule, refused, shown};

/// The longest name of an app.
const LONGEST_APP: usize = 64;
/// The longest name of a certificate.
const LONGEST_CERTIFICATE: usize = 120;
/// The largest process id that Linux hands out.
const MOST_PID: u64 = 4_194_304;

/// The kind of a placeholder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Kind {
    /// One of the apps seen under PM2 on the host.
    App,
    /// One of the systemd services that the catalogue lists.
    Unit {
        /// In the order of the document.
        of: Vec<String>,
    },
    /// One of the certificates that certbot has on the host.
    Certificate,
    /// A whole number.
    Number {
        /// The least.
        from: u64,
        /// The most.
        to: u64,
        /// From one value to the next.
        step: u64,
        /// The one that is recommended.
        usual: u64,
    },
    /// A query that runs in the database: `PID@STARTED`, the server's process and the start of the
    /// query in microseconds since 1970.
    Query,
}

impl Kind {
    /// As the document writes it.
    pub fn shown(&self) -> String {
        match self {
            Self::App => "an app seen under PM2".into(),
            Self::Unit { of } => format!(
                "one of the units {}",
                of.iter().map(|unit| format!("`{unit}`")).collect::<Vec<_>>().join(", ")
            ),
            Self::Certificate => "a certificate that certbot has".into(),
            Self::Number { from, to, step, usual } => {
                format!("a whole number from {from} to {to} in steps of {step}, usually {usual}")
            }
            Self::Query => "a query that runs now".into(),
        }
    }

    /// Checks whether a value is well formed and allowed by the catalogue; nothing is known here of
    /// what a host has.
    pub fn check(&self, value: &str) -> Result<(), Refused> {
        match self {
            Self::App => app(value),
            Self::Unit { of } => {
                unit(value)?;
                let listed = of.iter().any(|unit| unit == value);
                if listed {
                    Ok(())
                } else {
                    Err(refused(Rule::NotListed, shown(value), format!("one of {}", of.join(", "))))
                }
            }
            Self::Certificate => certificate(value),
            Self::Number { from, to, step, .. } => number(value, *from, *to, *step),
            Self::Query => query(value).map(|_| ()),
        }
    }
}

/// Checks the rule that holds for every value that becomes an argument: it is a name, and nothing
/// else to any program.
fn name(
    value: &str,
    most: usize,
    fits: impl Fn(char) -> bool,
    example: &str,
) -> Result<(), Refused> {
    let no = |rule| Err(refused(rule, shown(value), example));
    if value.is_empty() {
        return no(Rule::ValueEmpty);
    }
    if value.len() > most {
        return no(Rule::ValueLong);
    }
    if value.starts_with('-') {
        return no(Rule::ValueDash);
    }
    if value.contains(['/', '\\']) || value.contains("..") {
        return no(Rule::ValuePath);
    }
    if !value.starts_with(|c: char| c.is_ascii_alphanumeric()) || !value.chars().all(fits) {
        return no(Rule::ValueCharacters);
    }
    Ok(())
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-')
}

/// The name of one app, which PM2 can't take for anything else.
fn app(value: &str) -> Result<(), Refused> {
    const EXPECTED: &str = "the name of one app, such as 'api'";
    name(value, LONGEST_APP, is_name, EXPECTED)?;
    let lower = value.to_ascii_lowercase();
    // PM2 asks JavaScript whether a name is a number, and that takes '0x1f', '1e3' and 'Infinity'
    // for one.
    let digit_like = |c: char| c.is_ascii_hexdigit() || matches!(c, 'x' | 'o' | '.' | '_' | '-');
    let number = value.starts_with(|c: char| c.is_ascii_digit()) && lower.chars().all(digit_like);
    let rule = if lower == "all" {
        Rule::AppAll
    } else if number || matches!(lower.as_str(), "infinity" | "nan") {
        Rule::AppNumber
    } else if [".json", ".yml", ".yaml", ".config."].iter().any(|known| lower.contains(known)) {
        Rule::AppFile
    } else if matches!(
        lower.as_str(),
        "default" | "log" | "startup" | "unstartup" | "completion" | "constructor" | "prototype"
    ) {
        // 'default' is every app of that namespace if no app has the name; PM2 reads 'log' anywhere
        // as 'logs'.
        Rule::AppReserved
    } else {
        return Ok(());
    };
    Err(refused(rule, shown(value), EXPECTED))
}

/// The name of a service, and not one that keeps the machine reachable and alive.
pub(super) fn unit(value: &str) -> Result<(), Refused> {
    const EXPECTED: &str = "the name of a service, such as 'nginx.service'";
    name(value, 100, |c| is_name(c) || c == '@', EXPECTED)?;
    let Some(stem) = value.strip_suffix(".service") else {
        return Err(refused(Rule::UnitService, shown(value), EXPECTED));
    };
    let (before, instance) =
        stem.split_once('@').map_or((stem, None), |(before, instance)| (before, Some(instance)));
    if before.is_empty()
        || instance.is_some_and(|instance| instance.is_empty() || instance.contains('@'))
    {
        return Err(refused(Rule::UnitService, shown(value), EXPECTED));
    }
    if is_protected(before) {
        return Err(refused(
            Rule::UnitProtected,
            shown(value),
            "a service that the machine can do without for a moment",
        ));
    }
    Ok(())
}

fn certificate(value: &str) -> Result<(), Refused> {
    name(
        value,
        LONGEST_CERTIFICATE,
        |c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-'),
        "the name of a certificate, such as 'example.com'",
    )
}

/// A number without sign, leading zeros or separators.
pub(super) fn plain_number(text: &str) -> Option<u64> {
    let plain = !text.is_empty()
        && text.len() <= 18
        && text.bytes().all(|b| b.is_ascii_digit())
        && (text == "0" || !text.starts_with('0'));
    if plain { text.parse().ok() } else { None }
}

fn number(value: &str, from: u64, to: u64, step: u64) -> Result<(), Refused> {
    let expected = || format!("a whole number from {from} to {to} in steps of {step}");
    if value.is_empty() {
        return Err(refused(Rule::ValueEmpty, shown(value), expected()));
    }
    if value.starts_with('-') {
        return Err(refused(Rule::ValueDash, shown(value), expected()));
    }
    let Some(number) = plain_number(value) else {
        return Err(refused(Rule::ValueCharacters, shown(value), expected()));
    };
    let fits = (from..=to).contains(&number) && (number - from).is_multiple_of(step.max(1));
    if fits { Ok(()) } else { Err(refused(Rule::Range, shown(value), expected())) }
}

/// `PID@STARTED`.
pub(super) fn query(value: &str) -> Result<(u32, u64), Refused> {
    const EXPECTED: &str = "a process and when its query started, such as '4711@1790000000000000'";
    if value.is_empty() {
        return Err(refused(Rule::ValueEmpty, shown(value), EXPECTED));
    }
    if value.starts_with('-') {
        return Err(refused(Rule::ValueDash, shown(value), EXPECTED));
    }
    let parts = value
        .split_once('@')
        .and_then(|(pid, started)| Some((plain_number(pid)?, plain_number(started)?)));
    let Some((pid, started)) = parts else {
        return Err(refused(Rule::ValueCharacters, shown(value), EXPECTED));
    };
    match u32::try_from(pid) {
        Ok(pid) if (2..=MOST_PID).contains(&u64::from(pid)) && started > 0 => Ok((pid, started)),
        _ => Err(refused(Rule::Range, shown(value), EXPECTED)),
    }
}

/// True if a service must never be restarted or reloaded: without it the machine may be lost to
/// everyone, or everyone is signed out. The name comes without `.service` and without its instance.
fn is_protected(stem: &str) -> bool {
    const BEGINNINGS: &[&str] = &[
        "systemd",
        "dbus",
        "ssh",
        "dropbear",
        "calm-ops",
        "calm_ops",
        "calmops",
        "polkit",
        "getty",
        "serial-getty",
        "console-getty",
        "container-getty",
        "autovt",
        "debug-shell",
        "initrd",
        "dracut",
        "plymouth",
        "kexec",
        "networkmanager",
        "wpa_supplicant",
        "ifup",
        "iptables",
        "ip6tables",
        "nftables",
        "firewalld",
        "cloud-init",
        "cloud-config",
        "cloud-final",
        "lvm2",
        "mdadm",
        "cryptsetup",
    ];
    const NAMES: &[&str] = &[
        "user",
        "user-runtime-dir",
        "sudo",
        "rescue",
        "emergency",
        "network",
        "networking",
        "network-manager",
        "netplan",
        "ufw",
        "apparmor",
        "auditd",
        "halt-local",
        "rc-local",
        "init",
        "reboot",
        "poweroff",
        "multipathd",
        "iscsid",
        "display-manager",
        "packagekit-offline-update",
    ];
    let stem = stem.to_ascii_lowercase();
    BEGINNINGS.iter().any(|known| stem.starts_with(known)) || NAMES.contains(&stem.as_str())
}
