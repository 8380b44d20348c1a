//! Declared signals: what collectors report, with label, unit and meaning, and the namespaces that
//! collectors own.

use std::{borrow::Cow, sync::OnceLock};

use serde::{Deserialize, Serialize};

use crate::unit::Unit;

/// A signal as its collector declares it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignalInfo {
    /// Name, such as `host.memory.used`.
    pub name: Cow<'static, str>,
    /// Short name for people: `Memory used`.
    pub label: Cow<'static, str>,
    /// Unit as it is written; empty for a plain number.
    pub unit: Cow<'static, str>,
    /// One sentence on what is measured.
    pub meaning: Cow<'static, str>,
}

impl SignalInfo {
    /// Declares a signal.
    pub const fn new(
        name: &'static str,
        label: &'static str,
        unit: &'static str,
        meaning: &'static str,
    ) -> Self {
        Self {
            name: Cow::Borrowed(name),
            label: Cow::Borrowed(label),
            unit: Cow::Borrowed(unit),
            meaning: Cow::Borrowed(meaning),
        }
    }
}

/// The signals of one collector, in the order in which they are shown, and the namespaces that it
/// owns.
#[derive(Clone, Copy, Debug, Default)]
pub struct SignalGroup {
    /// Namespaces without their dot: `disk` owns every name that begins with `disk.`.
    pub namespaces: &'static [&'static str],
    /// Declared signals.
    pub signals: &'static [SignalInfo],
}

impl SignalGroup {
    /// The declaration of a name.
    pub fn get(&self, name: &str) -> Option<&'static SignalInfo> {
        self.signals.iter().find(|info| info.name == name)
    }
}

/// Every declared signal, in order, and every owned namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signals {
    signals: Vec<SignalInfo>,
    namespaces: Vec<Cow<'static, str>>,
}

impl Signals {
    /// No declared signals: every name is a pushed signal.
    pub const fn none() -> Self {
        Self { signals: Vec::new(), namespaces: Vec::new() }
    }

    /// Puts the declarations of collectors together, in their order.
    pub fn of(groups: impl IntoIterator<Item = SignalGroup>) -> Self {
        let mut all = Self::none();
        for SignalGroup { namespaces, signals } in groups {
            all.signals.extend_from_slice(signals);
            all.namespaces.extend(namespaces.iter().map(|&name| Cow::Borrowed(name)));
        }
        all
    }

    /// The same without the sentences on what is measured, which most readers don't show.
    #[must_use]
    pub fn without_meanings(&self) -> Self {
        let mut all = self.clone();
        all.signals.iter_mut().for_each(|info| info.meaning = Cow::Borrowed(""));
        all
    }

    /// All of them, in order.
    pub fn all(&self) -> &[SignalInfo] {
        &self.signals
    }

    /// The declaration of a name.
    pub fn get(&self, name: &str) -> Option<&SignalInfo> {
        self.signals.iter().find(|info| info.name == name)
    }

    /// The unit of a declared signal.
    pub fn unit(&self, name: &str) -> Option<Unit> {
        self.get(name).and_then(|info| info.unit.parse().ok())
    }

    /// The place of a name in the order; undeclared names come after all others.
    pub fn position(&self, name: &str) -> usize {
        let place = self.signals.iter().position(|info| info.name == name);
        place.unwrap_or(self.signals.len())
    }

    /// The namespace in which a name lies, if a collector owns it.
    pub fn namespace(&self, name: &str) -> Option<&str> {
        let (first, _) = name.split_once('.')?;
        self.namespaces.iter().find(|owned| *owned == first).map(AsRef::as_ref)
    }

    /// True if a name lies in an owned namespace and is not declared: nothing can ever report it.
    pub fn is_undeclared(&self, name: &str) -> bool {
        self.namespace(name).is_some() && self.get(name).is_none()
    }

    /// The declared names of a namespace, in order.
    pub fn names_in<'a>(&'a self, namespace: &'a str) -> impl Iterator<Item = &'a str> {
        self.signals
            .iter()
            .map(|info| info.name.as_ref())
            .filter(move |name| name.split_once('.').is_some_and(|(first, _)| first == namespace))
    }
}

static NONE: Signals = Signals::none();
static DECLARED: OnceLock<&'static Signals> = OnceLock::new();

/// Declares the signals of this program, once, at its start: sentences and the order of readings
/// use them. Later calls change nothing.
pub fn declare(signals: &'static Signals) {
    DECLARED.get_or_init(|| signals);
}

/// The signals that were declared at the program's start; none before.
pub fn declared() -> &'static Signals {
    DECLARED.get().copied().unwrap_or(&NONE)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DISK: SignalGroup = SignalGroup {
        namespaces: &["disk"],
        signals: &[
            SignalInfo::new("disk.used", "Space used", "%", "Share of the space that is used."),
            SignalInfo::new("disk.available", "Space available", "B", "Space that is left."),
        ],
    };
    const APP: SignalGroup = SignalGroup {
        namespaces: &["app", "pm2"],
        signals: &[SignalInfo::new("app.up", "Running", "yes/no", "Whether it runs.")],
    };

    #[test]
    fn declared_names_have_unit_label_and_order() {
        let signals = Signals::of([DISK, APP]);
        assert_eq!(signals.unit("disk.available"), Some(Unit::Bytes));
        assert_eq!(signals.unit("queue.depth"), None);
        assert_eq!(signals.get("app.up").unwrap().label, "Running");
        let places = ["disk.used", "disk.available", "app.up", "queue.depth"];
        assert_eq!(places.map(|name| signals.position(name)), [0, 1, 2, 3]);
        let sent = serde_json::to_string(&signals).unwrap();
        assert_eq!(serde_json::from_str::<Signals>(&sent).unwrap(), signals);
    }

    #[test]
    fn only_names_inside_an_owned_namespace_must_be_declared() {
        let signals = Signals::of([DISK, APP]);
        for (name, undeclared) in [
            ("disk.used", false),
            ("disk.bogus", true),
            ("pm2.up", true),
            ("disk", false),
            ("disks.used", false),
            ("queue.depth", false),
            ("queue.disk.used", false),
        ] {
            assert_eq!(signals.is_undeclared(name), undeclared, "{name}");
        }
        assert_eq!(signals.names_in("disk").collect::<Vec<_>>(), ["disk.used", "disk.available"]);
        assert!(!Signals::none().is_undeclared("disk.bogus"));
    }
}
