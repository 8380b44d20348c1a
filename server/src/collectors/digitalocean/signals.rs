//! The signals of what runs at DigitalOcean.

use domain::signals::{SignalGroup, SignalInfo};

/// Kind of the subjects of droplets.
pub(crate) const DROPLET: &str = "droplet";
/// Kind of the subjects of droplets' file systems.
pub(crate) const DROPLET_DISK: &str = "droplet-disk";
/// Kind of the subject of the API itself.
pub(crate) const API_KIND: &str = "digitalocean";
/// Signals of the droplet that Calm Ops runs on, which is one subject with this host.
pub(crate) const OF_THIS_HOST: [&str; 2] = ["droplet.up", "droplet.action"];

/// Signals of the account's collector, and of managed databases.
pub const SIGNALS: SignalGroup = SignalGroup {
    namespaces: &["droplet", "load_balancer", "app_platform", "managed_database", "digitalocean"],
    signals: &[
        SignalInfo::new(
            "droplet.up",
            "Active",
            "yes/no",
            "Whether DigitalOcean says that a droplet is active.",
        ),
        SignalInfo::new(
            "droplet.listed",
            "In the account",
            "yes/no",
            "Whether a droplet that was monitored is still in the account.",
        ),
        SignalInfo::new(
            "droplet.action",
            "Action in progress",
            "min",
            "How long the oldest action in progress of a droplet has been running; 0 without one.",
        ),
        SignalInfo::new(
            "droplet.cpu.used",
            "CPU",
            "%",
            "Used time of all processors of a droplet, between two samples.",
        ),
        SignalInfo::new(
            "droplet.cpu.steal",
            "CPU steal",
            "%",
            "Processor time that a droplet's host gave to others.",
        ),
        SignalInfo::new(
            "droplet.memory.used",
            "Memory used",
            "%",
            "Memory of a droplet that programs can't get any more.",
        ),
        SignalInfo::new(
            "droplet.disk.used",
            "Space used",
            "%",
            "Used space of a droplet's file system.",
        ),
        SignalInfo::new(
            "droplet.load.per_core",
            "Load per core",
            "",
            "Load of a droplet over 5 minutes for each of its processors.",
        ),
        SignalInfo::new(
            "load_balancer.up",
            "Active",
            "yes/no",
            "Whether DigitalOcean says that a load balancer is active.",
        ),
        SignalInfo::new(
            "load_balancer.listed",
            "In the account",
            "yes/no",
            "Whether a load balancer that was monitored is still in the account.",
        ),
        SignalInfo::new(
            "load_balancer.healthy",
            "Healthy droplets",
            "%",
            "Droplets behind a load balancer that pass its health check.",
        ),
        SignalInfo::new(
            "load_balancer.errors",
            "Error rate",
            "responses/s",
            "Answers of a load balancer with status 500 and above.",
        ),
        SignalInfo::new("load_balancer.cpu", "CPU", "%", "Used processor time of a load balancer."),
        SignalInfo::new(
            "load_balancer.connections",
            "Connections",
            "",
            "Open connections to a load balancer.",
        ),
        SignalInfo::new(
            "app_platform.up",
            "Deployed",
            "yes/no",
            "Whether an app of App Platform has an active deployment.",
        ),
        SignalInfo::new(
            "app_platform.listed",
            "In the account",
            "yes/no",
            "Whether an app of App Platform that was monitored is still in the account.",
        ),
        SignalInfo::new(
            "app_platform.restarts",
            "Restarts",
            "",
            "Restarts of an app's component since the sample before, of the one that restarted most often.",
        ),
        SignalInfo::new(
            "app_platform.cpu",
            "CPU",
            "%",
            "Used processor time of an app's busiest component.",
        ),
        SignalInfo::new(
            "app_platform.memory",
            "Memory",
            "%",
            "Used memory of an app's component that uses most of its own.",
        ),
        SignalInfo::new(
            "managed_database.up",
            "Online",
            "yes/no",
            "Whether DigitalOcean says that a managed database is online.",
        ),
        SignalInfo::new(
            "managed_database.listed",
            "In the account",
            "yes/no",
            "Whether a managed database that was monitored is still in the account.",
        ),
        SignalInfo::new(
            "managed_database.metrics",
            "Metrics readable",
            "yes/no",
            "Whether the metrics page of a managed database can be read.",
        ),
        SignalInfo::new(
            "managed_database.cpu",
            "CPU",
            "%",
            "Used processor time of a managed database, of its busiest node.",
        ),
        SignalInfo::new(
            "managed_database.memory",
            "Memory",
            "%",
            "Used memory of a managed database, of the node that uses most.",
        ),
        SignalInfo::new(
            "managed_database.disk",
            "Space used",
            "%",
            "Used disk space of a managed database, of its fullest node.",
        ),
        SignalInfo::new(
            "managed_database.connections",
            "Connections used",
            "%",
            "Used connections of a managed database, of those that it allows.",
        ),
        SignalInfo::new(
            "managed_database.replication_lag",
            "Replication lag",
            "s",
            "How far the slowest replica of a managed database is behind.",
        ),
        SignalInfo::new(
            "digitalocean.up",
            "API answers",
            "yes/no",
            "Whether DigitalOcean's API has given an answer in the last minutes.",
        ),
        SignalInfo::new(
            "digitalocean.requests_left",
            "Requests left",
            "%",
            "Requests that the token has left of its limit for an hour, whoever used the others.",
        ),
    ],
};
