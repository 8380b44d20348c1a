//! The team's own scripts that approved commands may start: `[[script]]` in the file.

use std::collections::BTreeMap;

use policy::catalogue::OwnScript;

use super::{found::Found, place::Place, problem::ConfigProblem, section::Entries};

/// The sections of scripts.
pub(super) const ENTRIES: Entries =
    Entries { name: "script", what: "a script", keys: KEYS, kind: None };

const KEYS: &[&str] = &["name", "path", "sha256"];

fn sample(key: &str) -> &'static str {
    match key {
        "name" => "name = \"clear-cache\"",
        "path" => "path = \"/opt/team/clear-cache\"",
        _ => "sha256 = \"...\" with the 64 digits that 'sha256sum FILE' prints",
    }
}

pub(super) fn read(
    keys: &BTreeMap<&'static str, Found>,
    place: &Place,
    problems: &mut Vec<ConfigProblem>,
) -> Option<OwnScript> {
    let mut whole = true;
    for key in KEYS.iter().filter(|key| !keys.contains_key(**key)) {
        whole = false;
        problems.push(place.problem(
            format!("a script without '{key}'"),
            format!("a line such as: {}", sample(key)),
        ));
    }
    if !whole {
        return None;
    }
    let text = |key: &str| keys.get(key).map_or("", Found::text);
    match OwnScript::new(text("name"), text("path"), text("sha256")) {
        Ok(script) => Some(script),
        Err(refused) => {
            problems
                .push(place.problem(format!("a script with {}", refused.found), refused.expected));
            None
        }
    }
}
