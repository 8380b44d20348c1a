//! The present limits, looked up for the requests of a run before it begins.

use domain::time::Timestamp;
use engine::simulation::Purpose;
use policy::limits::{LimitState, Limits, NamedPlans};

use super::request::Requests;

/// The limit of the trouble, if there is one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rules {
    /// The rate that passes, in requests per second, where that limit is on.
    pub limit: Option<f64>,
    /// Reasons why limits can't act, as sentences.
    pub notes: Vec<String>,
}

impl Rules {
    /// The document can't be read.
    pub fn unknown(why: &str) -> Self {
        Self { limit: None, notes: vec![format!("limits.md can't be read: {why}.")] }
    }

    /// Looks up class, organization and limit of the trouble.
    pub fn of(limits: &Limits, requests: &Requests, now: Timestamp) -> Self {
        let (method, path) = requests.line(Purpose::Trouble);
        let mut rules = Self::default();
        let class = limits.classify(method.as_str(), path).map(|found| found.class);
        if class.is_none() {
            rules.notes.push(format!(
                "limits.md has no class for {method} {path}, so the trouble is never limited."
            ));
        }
        let name = requests.organization();
        let host = requests.host(name);
        let header = |header: &str| (header == "x-organization").then_some(name);
        let organization = limits.organization(host.as_deref(), path, header);
        let organization = match organization {
            Some(organization) => organization,
            // A proxy may take the name from elsewhere, and it is what counts then.
            None if !requests.target().is_gate() => return rules,
            None => {
                rules.notes.push(
                    "limits.md finds no organization in these requests, so nothing is limited. It looks at a header other than X-Organization, or at the host: see --host."
                        .to_owned(),
                );
                return rules;
            }
        };
        let limit = class
            .and_then(|class| limits.limit(NamedPlans::default(), &organization, class.id, now));
        rules.limit = limit
            .filter(|limit| limit.state == LimitState::On)
            .map(|limit| limit.quota.rate.per_second());
        rules
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        gate::{GateAddress, Settings},
        simulate::{request::HostPattern, target::Target},
    };

    fn rules(document: &str, path: &str, host: Option<&str>) -> Rules {
        let listen = Some(GateAddress::Tcp("127.0.0.1:3001".parse().unwrap()));
        let target = Target::gate(&Settings { listen, ..Settings::default() }).unwrap();
        let host = host.map(|host| HostPattern::read(host).unwrap());
        let requests = Requests::new(target, "acme", path, host).unwrap();
        let limits = Limits::parse("limits.md", document).unwrap();
        Rules::of(&limits, &requests, Timestamp::default())
    }

    #[test]
    fn a_limit_that_is_on_is_found_and_what_keeps_it_from_acting_is_told() {
        let document = include_str!("../../../ops/protection/limits.md");
        assert_eq!(rules(document, "/upload", None), Rules::default(), "it is only observed");
        let on = document.replace("| 5/s | 20 | 10 | observe |", "| 5/s | 20 | 10 | on |");
        assert_eq!(rules(&on, "/upload", None), Rules { limit: Some(5.0), notes: Vec::new() });
        let by_host = on.replace("| header | `X-Organization` |", "| host | `*.shop.example` |");
        let told = rules(&by_host, "/upload", None).notes;
        assert!(told[0].contains("--host"), "{told:?}");
        assert_eq!(rules(&by_host, "/upload", Some("*.shop.example")).limit, Some(5.0));
        let no_class =
            on.replace("| `writes` | POST, PUT, PATCH, DELETE | `*` |", "| `writes` | PUT | `*` |");
        let told = rules(&no_class, "/elsewhere", None).notes;
        assert!(told[0].contains("no class for POST /elsewhere"), "{told:?}");
    }
}
