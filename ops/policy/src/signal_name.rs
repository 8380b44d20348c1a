//! Names of signals in the documents: a name in a collector's namespace must be declared by it.

use domain::signals::Signals;

use crate::markdown_table::nearest;

/// Checks that something can report a signal. Returns what was found and what was expected.
pub(crate) fn check(name: &str, signals: &Signals) -> Result<(), (String, String)> {
    let Some(namespace) = signals.namespace(name).filter(|_| signals.is_undeclared(name)) else {
        return Ok(());
    };
    let expected = match nearest(name, signals.all().iter().map(|info| info.name.as_ref())) {
        Some(near) => format!("a signal that something reports; did you mean '{near}'?"),
        None => {
            let names: Vec<String> =
                signals.names_in(namespace).map(|name| format!("'{name}'")).collect();
            format!(
                "a signal that something reports; those of '{namespace}' are {}",
                names.join(", ")
            )
        }
    };
    Err((format!("unknown signal '{name}'"), expected))
}
