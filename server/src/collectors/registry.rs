//! The registry: what a kind of collector declares, and the list of all of them.

use std::{
    collections::{BTreeMap, BTreeSet},
    convert::Infallible,
    fmt::Debug,
    sync::Arc,
    time::Duration,
};

use domain::{signal::Signal, signals::SignalGroup, subject::Subject};

use super::{
    collector::{CollectError, Collector, Listing},
    digitalocean::InForce,
    outside::Outside,
    pm2::seen::Seen,
};
use crate::{
    config::section::{Entries, Key, Section},
    gate::Gatekeeper,
};

/// Signals and configuration of a kind of collector.
#[derive(Clone, Copy, Debug)]
pub struct Declaration {
    /// Its signals, and the namespaces that it owns.
    pub signals: SignalGroup,
    /// Its keys that stand once. They take effect at the next start.
    pub keys: &'static [Key],
    /// Its section that can stand several times. Without keys it takes effect when the file is
    /// saved.
    pub entries: Option<Entries>,
}

impl Declaration {
    /// Signals without a configuration.
    pub const fn of(signals: SignalGroup) -> Self {
        Self { signals, keys: &[], entries: None }
    }

    /// True if a change of the file takes effect without a restart. Keys can also be set by the
    /// environment and by flags, which are read once.
    pub(crate) const fn is_reloadable(&self) -> bool {
        self.keys.is_empty() && self.entries.is_some()
    }
}

/// A kind of collector on the page of sources.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SourceInfo {
    /// Its name for people, of one collector: `Endpoint`.
    pub label: &'static str,
    /// The way to add one, in a sentence that names the keys of the configuration.
    pub advice: &'static str,
}

/// A kind of collector.
pub trait Kind {
    /// Its signals and its configuration.
    const DECLARATION: Declaration;

    /// Its name on the page of sources; `None` where no collector ever runs.
    const SOURCE: Option<SourceInfo> = None;

    /// The values of its section of the configuration; the default holds without one.
    type Settings: Clone + Debug + Default + PartialEq + Eq;

    /// The target of one collector, such as an endpoint.
    type Target: Clone + Debug + PartialEq;

    /// Reads its section.
    fn read(section: &mut Section<'_>) -> Self::Settings;

    /// The targets: a collector for each.
    fn targets(settings: &Self::Settings, context: &Context) -> Vec<Self::Target>;

    /// The name of the collector of a target, as in `collector:host`.
    fn name(target: &Self::Target) -> String;

    /// Builds the collector of a target.
    fn build(target: &Self::Target, context: &Context) -> Result<Box<dyn Collector>, CollectError>;

    /// The time that the target may take to answer, where a person set that.
    fn patience(_target: &Self::Target) -> Option<Duration> {
        None
    }

    /// Every subject of the kinds of which the configuration knows all: what was reported once and
    /// is not in it is gone for good reason.
    fn listings(_settings: &Self::Settings, _context: &Context) -> Vec<Listing> {
        Vec::new()
    }

    /// Series that nothing reports with this configuration, of subjects that others report too:
    /// their silence is meant.
    fn at_rest(_settings: &Self::Settings, _context: &Context) -> Vec<(Subject, Signal)> {
        Vec::new()
    }

    /// The errors that `calm-ops check` finds beyond the form of the values.
    fn check(_settings: &Self::Settings) -> Vec<Unusable> {
        Vec::new()
    }

    /// The targets, counted for people: `2 endpoints`.
    fn counted(_settings: &Self::Settings) -> Option<String> {
        None
    }
}

/// Signals that no collector brings, because the monitor itself reports them.
pub trait Declared {
    /// The signals.
    const SIGNALS: SignalGroup;
}

impl<T: Declared> Kind for T {
    const DECLARATION: Declaration = Declaration::of(T::SIGNALS);
    type Settings = ();
    type Target = Infallible;

    fn read(_section: &mut Section<'_>) {}

    fn targets((): &(), _context: &Context) -> Vec<Infallible> {
        Vec::new()
    }

    fn name(target: &Infallible) -> String {
        match *target {}
    }

    fn build(target: &Infallible, _context: &Context) -> Result<Box<dyn Collector>, CollectError> {
        match *target {}
    }
}

/// The parts that collectors need.
#[derive(Clone, Debug)]
pub struct Context {
    /// The name of this host.
    pub host: String,
    /// The interval of looks unless their section says otherwise.
    pub interval: Duration,
    /// The knowledge about the outside of this host.
    pub outside: Outside,
    /// The place where PM2's apps are told to those who carry out commands.
    pub apps: Seen,
    /// Disks that could be written in the run before.
    pub written_disks: Arc<BTreeSet<Subject>>,
    /// The numbers of subjects in the run before, of which others may have the name too.
    pub numbers: Arc<BTreeMap<Subject, u64>>,
    /// The counts of the gate, where there is one.
    pub gatekeeper: Option<Arc<Gatekeeper>>,
    /// The thresholds in force, for a collector that looks closest where one is near.
    pub thresholds: InForce,
}

impl Context {
    /// Begins with what nobody knows yet.
    pub fn new(host: &str, interval: Duration) -> Self {
        let outside = Outside::of(host);
        Self {
            host: host.to_owned(),
            interval,
            outside,
            apps: Seen::default(),
            written_disks: Arc::default(),
            numbers: Arc::default(),
            gatekeeper: None,
            thresholds: InForce::default(),
        }
    }
}

/// A value of the configuration that has the right form and can't be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unusable {
    /// The reason, in a sentence without its full stop.
    pub problem: String,
    /// Its key.
    pub key: &'static str,
    /// The value as it is written in the file.
    pub value: String,
}

/// Lists the kinds of collectors as `module: Kind`, and makes what the program needs of all of
/// them: `DECLARATIONS`, `Settings` with a field for each, and `Target`.
macro_rules! collectors {
    ($($module:ident: $kind:ident,)*) => {
        /// The declarations of all kinds of collectors.
        pub const DECLARATIONS: &[registry::Declaration] =
            &[$(<$module::$kind as registry::Kind>::DECLARATION),*];

        /// The settings of every kind of collector.
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        pub struct Settings {
            $(
                #[doc = concat!("Settings of `", stringify!($module), "`.")]
                pub $module: <$module::$kind as registry::Kind>::Settings,
            )*
        }

        impl Settings {
            /// Reads every section.
            pub(crate) fn read(section: &mut crate::config::section::Section<'_>) -> Self {
                Self { $($module: <$module::$kind as registry::Kind>::read(section)),* }
            }

            /// Reads the sections that take effect without a restart; the others stay.
            pub(crate) fn reload(
                &self,
                section: &mut crate::config::section::Section<'_>,
            ) -> Self {
                Self {
                    $($module: if <$module::$kind as registry::Kind>::DECLARATION.is_reloadable() {
                        <$module::$kind as registry::Kind>::read(section)
                    } else {
                        self.$module.clone()
                    }),*
                }
            }

            /// The targets: a collector for each.
            pub fn targets(&self, context: &registry::Context) -> Vec<Target> {
                let mut targets = Vec::new();
                $(targets.extend(
                    <$module::$kind as registry::Kind>::targets(&self.$module, context)
                        .into_iter()
                        .map(Target::$kind),
                );)*
                targets
            }

            /// Every subject of the kinds of which the configuration knows all.
            pub fn listings(&self, context: &registry::Context) -> Vec<Listing> {
                let mut listings = Vec::new();
                $(listings.extend(
                    <$module::$kind as registry::Kind>::listings(&self.$module, context),
                );)*
                listings
            }

            /// The kinds of collectors that people can add and that watch nothing.
            pub fn absent(&self, context: &registry::Context) -> Vec<registry::SourceInfo> {
                let mut absent = Vec::new();
                $(
                    let targets =
                        <$module::$kind as registry::Kind>::targets(&self.$module, context);
                    let source = <$module::$kind as registry::Kind>::SOURCE;
                    absent.extend(source.filter(|_| targets.is_empty()));
                )*
                absent
            }

            /// Series that nothing reports, of subjects that others report too.
            pub fn at_rest(
                &self,
                context: &registry::Context,
            ) -> Vec<(domain::subject::Subject, domain::signal::Signal)> {
                let mut series = Vec::new();
                $(series.extend(
                    <$module::$kind as registry::Kind>::at_rest(&self.$module, context),
                );)*
                series
            }

            /// The values of the right form that can't be used.
            pub fn check(&self) -> Vec<registry::Unusable> {
                let mut unusable = Vec::new();
                $(unusable.extend(<$module::$kind as registry::Kind>::check(&self.$module));)*
                unusable
            }

            /// The targets, counted for people.
            pub fn counted(&self) -> Vec<String> {
                let mut counted = Vec::new();
                $(counted.extend(<$module::$kind as registry::Kind>::counted(&self.$module));)*
                counted
            }
        }

        /// The target of one collector.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Target {
            $(
                #[doc = concat!("A target of `", stringify!($module), "`.")]
                $kind(<$module::$kind as registry::Kind>::Target),
            )*
        }

        impl Target {
            /// The name of its collector, as in `collector:host`.
            pub fn name(&self) -> String {
                match self {
                    $(Self::$kind(target) => <$module::$kind as registry::Kind>::name(target),)*
                }
            }

            /// The time that the target may take to answer, where a person set that.
            pub fn patience(&self) -> Option<std::time::Duration> {
                match self {
                    $(Self::$kind(target) => {
                        <$module::$kind as registry::Kind>::patience(target)
                    })*
                }
            }

            /// The name of its kind on the page of sources.
            pub fn source(&self) -> Option<registry::SourceInfo> {
                match self {
                    $(Self::$kind(_) => <$module::$kind as registry::Kind>::SOURCE,)*
                }
            }

            /// The signals that its collector declares.
            pub fn signals(&self) -> domain::signals::SignalGroup {
                match self {
                    $(Self::$kind(_) => {
                        <$module::$kind as registry::Kind>::DECLARATION.signals
                    })*
                }
            }

            /// Builds its collector.
            pub fn build(
                &self,
                context: &registry::Context,
            ) -> Result<Box<dyn Collector>, CollectError> {
                match self {
                    $(Self::$kind(target) => {
                        <$module::$kind as registry::Kind>::build(target, context)
                    })*
                }
            }
        }
    };
}

pub(super) use collectors;
