//! Requests to DigitalOcean's API: their paths, and the scopes that a token needs for them.

use super::inventory::{PAGE, ThingKind};

/// Something of an account that is asked about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Item {
    /// A droplet.
    Droplet(u64),
    /// Anything else.
    Thing(ThingKind, String),
}

impl Item {
    /// Its kind; `None` for droplets.
    pub(crate) const fn kind(&self) -> Option<ThingKind> {
        match self {
            Self::Droplet(_) => None,
            Self::Thing(kind, _) => Some(*kind),
        }
    }
}

/// A metric of the monitoring API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Metric {
    /// Seconds of a droplet's processors in each mode.
    Cpu,
    /// All memory of a droplet.
    MemoryTotal,
    /// Memory that a droplet's programs can still get.
    MemoryAvailable,
    /// Sizes of a droplet's file systems.
    DiskSize,
    /// Free space of a droplet's file systems.
    DiskFree,
    /// The load of a droplet over five minutes.
    Load,
    /// Health checks of a load balancer's droplets.
    HealthChecks,
    /// Connections to a load balancer.
    Connections,
    /// Use of a load balancer's processors.
    BalancerCpu,
    /// Answers of a load balancer by status.
    Responses,
    /// Use of processors by an app's components.
    AppCpu,
    /// Use of memory by an app's components.
    AppMemory,
    /// Restarts of an app's components.
    AppRestarts,
}

impl Metric {
    /// Its path below `/v2/monitoring/metrics/`.
    const fn path(self) -> &'static str {
        match self {
            Self::Cpu => "droplet/cpu",
            Self::MemoryTotal => "droplet/memory_total",
            Self::MemoryAvailable => "droplet/memory_available",
            Self::DiskSize => "droplet/filesystem_size",
            Self::DiskFree => "droplet/filesystem_free",
            Self::Load => "droplet/load_5",
            Self::HealthChecks => "load_balancer/droplets_health_checks",
            Self::Connections => "load_balancer/frontend_connections_current",
            Self::BalancerCpu => "load_balancer/frontend_cpu_utilization",
            Self::Responses => "load_balancer/frontend_http_responses",
            Self::AppCpu => "apps/cpu_percentage",
            Self::AppMemory => "apps/memory_percentage",
            Self::AppRestarts => "apps/restart_count",
        }
    }

    /// True if it is a size of memory or disks, or a part of one.
    pub(crate) const fn is_of_size(self) -> bool {
        self.size().is_some() || matches!(self, Self::MemoryTotal | Self::DiskSize)
    }

    /// The size that it is a part of.
    pub(crate) const fn size(self) -> Option<Self> {
        match self {
            Self::MemoryAvailable => Some(Self::MemoryTotal),
            Self::DiskFree => Some(Self::DiskSize),
            _ => None,
        }
    }

    /// True if it comes from DigitalOcean's agent on the droplet.
    pub(crate) const fn needs_agent(self) -> bool {
        matches!(
            self,
            Self::MemoryTotal
                | Self::MemoryAvailable
                | Self::DiskSize
                | Self::DiskFree
                | Self::Load
        )
    }
}

/// A request.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Call {
    /// A page of the list of droplets.
    Droplets,
    /// The newest actions.
    Actions,
    /// An action in progress that is not among the newest any more.
    Action(u64),
    /// A page of a list.
    Things(ThingKind),
    /// The question whether something that a list does not name any more is gone.
    Confirm(Item),
    /// A metric.
    Metric(Item, Metric),
}

impl Call {
    /// The scope of a token that it needs.
    pub(crate) const fn scope(&self) -> &'static str {
        match self {
            Self::Droplets | Self::Confirm(Item::Droplet(_)) => "droplet:read",
            Self::Actions | Self::Action(_) => "actions:read",
            Self::Things(kind) | Self::Confirm(Item::Thing(kind, _)) => match kind {
                ThingKind::LoadBalancer => "load_balancer:read",
                ThingKind::App => "app:read",
                ThingKind::Database => "database:read",
            },
            Self::Metric(..) => "monitoring:read",
        }
    }

    /// Its path and query: of a list this page, of a metric the samples of this window in seconds
    /// since 1970. Everything that comes from answers is encoded.
    pub(crate) fn path(&self, page: u32, (start, end): (i64, i64)) -> String {
        match self {
            Self::Droplets => format!("/v2/droplets?page={page}&per_page={PAGE}"),
            Self::Actions => format!("/v2/actions?page=1&per_page={PAGE}"),
            Self::Action(id) => format!("/v2/actions/{id}"),
            Self::Things(kind) => format!("/v2/{}?page={page}&per_page={PAGE}", kind.list()),
            Self::Confirm(Item::Droplet(id)) => format!("/v2/droplets/{id}"),
            Self::Confirm(Item::Thing(kind, id)) => {
                format!("/v2/{}/{}", kind.list(), encoded(id))
            }
            Self::Metric(item, metric) => {
                let of = match item {
                    Item::Droplet(id) => format!("host_id={id}"),
                    Item::Thing(ThingKind::App, id) => format!("app_id={}", encoded(id)),
                    Item::Thing(_, id) => format!("lb_id={}", encoded(id)),
                };
                let path = metric.path();
                format!("/v2/monitoring/metrics/{path}?{of}&start={start}&end={end}")
            }
        }
    }
}

fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_those_of_the_api_and_nothing_of_an_answer_gets_out_of_its_place() {
        let path = |call: Call| call.path(2, (100, 220));
        assert_eq!(path(Call::Droplets), "/v2/droplets?page=2&per_page=200");
        assert_eq!(
            path(Call::Metric(Item::Droplet(7), Metric::Cpu)),
            "/v2/monitoring/metrics/droplet/cpu?host_id=7&start=100&end=220"
        );
        let odd = Item::Thing(ThingKind::App, "a/../b&x=1#".to_owned());
        assert_eq!(path(Call::Confirm(odd.clone())), "/v2/apps/a%2F..%2Fb%26x%3D1%23");
        assert_eq!(
            path(Call::Metric(odd, Metric::AppCpu)),
            "/v2/monitoring/metrics/apps/cpu_percentage?app_id=a%2F..%2Fb%26x%3D1%23&start=100&end=220"
        );
    }
}
