//! The monitor's state as it is kept across restarts.

use std::collections::{BTreeMap, BTreeSet};

use commands::maintenance::WithheldLists;
use domain::subject::Subject;
use engine::evaluate::SavedState;
use serde::{Deserialize, Serialize};

use crate::{baselines::WithheldHours, monitor::host_change::KnownHost};

/// The monitor's state as it is kept in the database.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Kept {
    /// The rules' state.
    pub engine: SavedState,
    /// The subjects that collectors speak for.
    #[serde(default)]
    pub collected: BTreeSet<Subject>,
    /// The numbers of those of which others may have the name too.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub numbers: BTreeMap<Subject, u64>,
    /// The alerts that the open maintenance windows withhold.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub withheld: WithheldLists,
    /// Hours of breaches that were in no incident.
    #[serde(default, skip_serializing_if = "WithheldHours::is_empty")]
    pub withheld_hours: WithheldHours,
    /// The host that is watched.
    #[serde(default)]
    pub host: Option<KnownHost>,
}

impl Kept {
    /// Goes on here: what is known of this machine under a former name gets the present one.
    /// Returns that former name.
    pub fn move_to(&mut self, here: &KnownHost) -> Option<String> {
        let before = self.host.replace(here.clone())?;
        if before.name == here.name || !before.is_machine_of(here) {
            return None;
        }
        let renamed = |subject: &Subject| subject.on_renamed_host(&before.name, &here.name);
        self.engine.rename(renamed);
        self.withheld.values_mut().for_each(|list| list.rename(renamed));
        self.withheld_hours.rename(renamed);
        let collected = std::mem::take(&mut self.collected);
        self.collected = collected.into_iter().map(|one| renamed(&one).unwrap_or(one)).collect();
        Some(before.name)
    }
}

#[cfg(test)]
mod tests {
    use commands::maintenance::WithheldList;

    use super::*;
    use crate::monitor::host_change::hashed;

    fn known(name: &str, machine: Option<&str>, boot: Option<&str>) -> KnownHost {
        KnownHost { name: name.into(), machine: machine.map(hashed), boot: boot.map(hashed) }
    }

    fn kept(host: Option<KnownHost>) -> Kept {
        let texts = ["host:a", "disk:/data@a", "app:api@ab", "endpoint:a"];
        let collected = texts.iter().map(|text| text.parse().unwrap()).collect();
        let mut withheld_hours = WithheldHours::default();
        let breach = fixtures::breach().on("disk:/data@a").build();
        withheld_hours.note(&[&breach], fixtures::at(0));
        let mut list = WithheldList::default();
        list.update(&[&breach], fixtures::at(0));
        Kept { host, collected, withheld: [(7, list)].into(), withheld_hours, ..Kept::default() }
    }

    fn names(kept: &Kept) -> Vec<&str> {
        kept.collected.iter().map(Subject::as_str).collect()
    }

    #[test]
    fn only_the_same_machine_goes_on_under_another_name() {
        let old = known("a", Some("m"), Some("b"));
        let before = ["app:api@ab", "disk:/data@a", "endpoint:a", "host:a"];
        for (host, here, former) in [
            (Some(old.clone()), known("new", Some("m"), Some("x")), Some("a")),
            (Some(old.clone()), known("new", None, Some("b")), Some("a")),
            (Some(old.clone()), known("new", Some("other"), Some("x")), None),
            (Some(known("a", None, None)), known("new", None, None), None),
            (Some(old), known("a", Some("other"), None), None),
            (None, known("new", Some("m"), None), None),
        ] {
            let mut kept = kept(host);
            assert_eq!(kept.move_to(&here).as_deref(), former, "{here:?}");
            assert_eq!(kept.host.as_ref(), Some(&here));
            let hours = serde_json::to_string(&kept.withheld_hours).unwrap();
            assert_eq!(hours.contains("disk:/data@new"), former.is_some(), "{hours}");
            let withheld = kept.withheld[&7].breaches[0].subject.host();
            assert_eq!(withheld, Some(if former.is_some() { "new" } else { "a" }));
            if former.is_some() {
                assert_eq!(
                    names(&kept),
                    ["app:api@ab", "disk:/data@new", "endpoint:a", "host:new"]
                );
            } else {
                assert_eq!(names(&kept), before);
            }
        }
    }
}
