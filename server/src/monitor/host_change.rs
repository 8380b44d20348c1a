//! The host that Calm Ops runs on, held against the one that it ran on before. One that was only
//! renamed goes on under its new name. Another one is another one: how the former is doing is not
//! known from then on, until it is watched again or a person retires it.

use std::{collections::BTreeSet, fs};

use domain::{reason::FailureReason, subject::Subject};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::{
    collectors::host,
    monitor::{ingest::Core, known_subjects::is_kept_elsewhere},
};

/// A host by its name, and by what stays when it is renamed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownHost {
    /// Its name.
    pub name: String,
    /// A hash of the machine's id.
    #[serde(default)]
    pub(super) machine: Option<String>,
    /// A hash of the id that the kernel had since its start: a container that is made anew gets
    /// another name, and no id of its own.
    #[serde(default)]
    pub(super) boot: Option<String>,
}

/// The ids themselves are nobody's business.
pub(super) fn hashed(id: &str) -> String {
    let digest = Sha256::digest(format!("calm-ops {}", id.trim()));
    digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

impl KnownHost {
    /// This host.
    pub fn here(name: &str) -> Self {
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok();
        Self {
            name: host::clean_name(name),
            machine: host::host_id().as_deref().map(hashed),
            boot: boot.as_deref().map(hashed),
        }
    }

    pub(super) fn is_machine_of(&self, other: &Self) -> bool {
        let same = |one: &Option<String>, other: &Option<String>| one.is_some() && one == other;
        same(&self.machine, &other.machine) || same(&self.boot, &other.boot)
    }
}

/// The sentence about a host that was renamed.
pub fn renamed(from: &str, to: &str) -> String {
    format!(
        "This host was renamed from {from} to {to}. Its data continues under the new name; earlier incidents and charts keep the old one."
    )
}

/// The sentence about a host that is not watched any more.
pub(super) fn elsewhere(former: &str, here: &str) -> String {
    format!(
        "Calm Ops now runs on {here} and no longer sees {former}, so the state of {former} is unknown. If {former} no longer exists, retire it. If {here} is the same host, set host_name to {former}."
    )
}

impl Core {
    /// Takes what collectors of other hosts reported for unseen.
    pub fn leave_others(&mut self, here: &str) {
        let now = Subject::build("host", here, None);
        let others: Vec<Subject> = self.others(here).cloned().collect();
        for subject in others {
            let Some(host) = subject.host() else { continue };
            let host = Subject::build("host", host, None);
            let why = FailureReason::OtherHost { host, now: now.clone() };
            self.miss_all(&subject, None, Some(&why));
        }
    }

    /// The other hosts of which something is expected.
    pub fn other_hosts(&self, here: &str) -> BTreeSet<String> {
        self.others(here).filter_map(Subject::host).map(str::to_owned).collect()
    }

    fn others(&self, here: &str) -> impl Iterator<Item = &Subject> {
        let is_other = move |subject: &&Subject| {
            is_kept_elsewhere(subject) && subject.host().is_some_and(|host| host != here)
        };
        self.collected.subjects().iter().filter(is_other)
    }
}
