//! The sections `[digitalocean]` and `[[managed_database]]` of the configuration.

use std::collections::BTreeMap;

use domain::{signal::Signal, subject::Subject};

use super::{
    account::Selection,
    collector::{AccountCollector, read_token},
    databases::DatabaseCollector,
    inventory::ThingKind,
    settings::{AccountSettings, Database, Settings},
    signals::{API_KIND, DROPLET, DROPLET_DISK, OF_THIS_HOST, SIGNALS},
    watched::Names,
};
use crate::{
    collectors::{
        collector::{Absence, CollectError, Collector, Listing},
        http::ProbeUrl,
        outside::Outside,
        registry::{Context, Declaration, Kind, SourceInfo, Unusable},
    },
    config::{
        ConfigProblem,
        found::{self, Found},
        place::Place,
        section::{Entries, Key, Section, key},
    },
};

const KEYS: &[Key] = &[
    key("digitalocean.token_file", &["CALM_OPS_DIGITALOCEAN_TOKEN_FILE"], None),
    key("digitalocean.tags", &["CALM_OPS_DIGITALOCEAN_TAGS"], None),
    key("digitalocean.droplets", &["CALM_OPS_DIGITALOCEAN_DROPLETS"], None),
    key("digitalocean.watch", &["CALM_OPS_DIGITALOCEAN_WATCH"], None),
    key("digitalocean.budget_percent", &["CALM_OPS_DIGITALOCEAN_BUDGET_PERCENT"], None),
    key("digitalocean.api_url", &["CALM_OPS_DIGITALOCEAN_API_URL"], None),
    key("digitalocean.ca_file", &["CALM_OPS_DIGITALOCEAN_CA_FILE"], None),
];

const ENTRIES: Entries = Entries {
    name: "managed_database",
    what: "a managed database",
    keys: &["name", "url", "user", "password_file", "ca_file"],
    kind: Some(Names::of_kind(ThingKind::Database).kind),
};

/// The address of the API.
const API: &str = "https://api.digitalocean.com";
/// The share of a token in percent, unless another one is set.
const BUDGET_PERCENT: usize = 40;
/// The most tags and numbers.
const MOST: usize = 100;

/// The target of one collector.
#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    /// The account.
    Account(AccountSettings),
    /// A managed database.
    Database(Database),
}

/// DigitalOcean, as the registry knows it.
#[derive(Debug)]
pub struct DigitalOcean;

impl Kind for DigitalOcean {
    const DECLARATION: Declaration =
        Declaration { signals: SIGNALS, keys: KEYS, entries: Some(ENTRIES) };
    const SOURCE: Option<SourceInfo> = Some(SourceInfo {
        label: "DigitalOcean",
        advice: "Write a token with read scopes into a file, and name it as digitalocean.token_file in the configuration.",
    });
    type Settings = Settings;
    type Target = Source;

    fn read(section: &mut Section<'_>) -> Settings {
        let account = account(section);
        let mut databases: Vec<Database> = Vec::new();
        for (keys, place) in section.entries(ENTRIES.name) {
            let Some(database) = database(keys, place, section.problems()) else { continue };
            if databases.iter().any(|other| other.name == database.name) {
                let place = keys.get("name").and_then(Found::place).unwrap_or(place);
                section.problems().push(place.problem(
                    format!("two managed databases have the name '{}'", database.name),
                    "a different name for each managed database".to_owned(),
                ));
            } else {
                databases.push(database);
            }
        }
        Settings { account, databases }
    }

    fn targets(settings: &Settings, _context: &Context) -> Vec<Source> {
        let configured = settings.databases.iter().map(Database::subject).collect();
        let account = settings.account.clone().map(|mut account| {
            account.selection.databases = configured;
            Source::Account(account)
        });
        account
            .into_iter()
            .chain(settings.databases.iter().cloned().map(Source::Database))
            .collect()
    }

    fn name(source: &Source) -> String {
        match source {
            Source::Account(_) => "digitalocean".to_owned(),
            Source::Database(database) => format!("managed-database:{}", database.name),
        }
    }

    fn build(source: &Source, context: &Context) -> Result<Box<dyn Collector>, CollectError> {
        Ok(match source {
            Source::Account(settings) => Box::new(AccountCollector::new(settings, context)?),
            Source::Database(database) => {
                Box::new(DatabaseCollector::new(database.clone(), context.outside.clone())?)
            }
        })
    }

    /// Parts that are not watched any more are gone on purpose.
    fn listings(settings: &Settings, _context: &Context) -> Vec<Listing> {
        let selection = settings.account.as_ref().map(|account| &account.selection);
        let mut kinds = Vec::new();
        if selection.is_none() {
            kinds.push(API_KIND);
        }
        if !selection.is_some_and(|one| one.droplets) {
            kinds.extend([DROPLET, DROPLET_DISK]);
        }
        for kind in ThingKind::ALL {
            if !selection.is_some_and(|one| one.things.contains(&kind)) {
                kinds.push(Names::of_kind(kind).kind);
            }
        }
        // Databases of which only the metrics are read are known all the same.
        let configured = |kind: &'static str| {
            let is_database = kind == Names::of_kind(ThingKind::Database).kind;
            settings.databases.iter().filter(move |_| is_database).map(Database::subject)
        };
        let listing =
            |kind: &'static str| Listing::new(kind, configured(kind).collect(), Absence::Gone);
        kinds.into_iter().map(listing).collect()
    }

    /// The droplet that is this host is one subject with it, which stays.
    fn at_rest(settings: &Settings, context: &Context) -> Vec<(Subject, Signal)> {
        if settings.account.as_ref().is_some_and(|account| account.selection.droplets) {
            return Vec::new();
        }
        let host = Subject::build("host", &context.host, None);
        let signals = OF_THIS_HOST.iter().filter_map(|signal| signal.parse().ok());
        signals.map(|signal| (host.clone(), signal)).collect()
    }

    fn check(settings: &Settings) -> Vec<Unusable> {
        let told = |problem: CollectError| problem.0.trim_end_matches('.').to_owned();
        let account = settings.account.iter().filter_map(|account| {
            let problem = told(read_token(&account.token_file).err()?);
            let value = account.token_file.display().to_string();
            Some(Unusable { problem, key: "token_file", value })
        });
        let databases = settings.databases.iter().filter_map(|database| {
            let built = DatabaseCollector::new(database.clone(), Outside::default());
            let problem = told(built.err()?);
            Some(Unusable { problem, key: "name", value: database.name.clone() })
        });
        account.chain(databases).collect()
    }

    fn counted(settings: &Settings) -> Option<String> {
        let databases = match settings.databases.len() {
            0 => None,
            1 => Some("1 managed database".to_owned()),
            count => Some(format!("{count} managed databases")),
        };
        let account = settings.account.as_ref().map(|_| "a DigitalOcean account".to_owned());
        let both: Vec<String> = [account, databases].into_iter().flatten().collect();
        (!both.is_empty()).then(|| both.join(", "))
    }
}

fn account(section: &mut Section<'_>) -> Option<AccountSettings> {
    let token_file =
        section.value("digitalocean.token_file", None, |found| found::path(found).map(Some));
    let has_token = token_file.is_some();
    let tags = section.value("digitalocean.tags", Vec::new(), with_token(has_token, tags));
    let ids = section.value("digitalocean.droplets", Vec::new(), with_token(has_token, ids));
    let all = (true, ThingKind::ALL.to_vec());
    let (droplets, things) = section.value("digitalocean.watch", all, with_token(has_token, watch));
    let budget = section
        .value("digitalocean.budget_percent", BUDGET_PERCENT, |found| found::count(found, 1, 90));
    let standard: Option<ProbeUrl> = API.parse().ok();
    let api_url =
        section.value("digitalocean.api_url", standard, |found| secure(found).map(Some))?;
    let ca_file = section.value("digitalocean.ca_file", None, |found| found::path(found).map(Some));
    Some(AccountSettings {
        token_file: token_file?,
        selection: Selection { droplets, tags, ids, things, ..Selection::default() },
        budget_percent: u8::try_from(budget).unwrap_or(BUDGET_PERCENT as u8),
        api_url,
        ca_file,
    })
}

/// Everything that is watched needs a token.
fn with_token<T>(
    has_token: bool,
    parse: impl FnOnce(&Found) -> Result<T, String>,
) -> impl FnOnce(&Found) -> Result<T, String> {
    move |found| {
        if has_token {
            return parse(found);
        }
        Err("also digitalocean.token_file, a file with a token of DigitalOcean's API".to_owned())
    }
}

fn tags(found: &Found) -> Result<Vec<String>, String> {
    let fits = |tag: &String| {
        (1..=255).contains(&tag.len())
            && tag.chars().all(|c| c.is_alphanumeric() || matches!(c, ':' | '-' | '_'))
    };
    found
        .list()
        .filter(|tags| tags.len() <= MOST && tags.iter().all(fits))
        .ok_or_else(|| "a list of tags of droplets, such as ['production']".to_owned())
}

fn ids(found: &Found) -> Result<Vec<u64>, String> {
    let list = found.list().filter(|ids| ids.len() <= MOST);
    list.and_then(|ids| ids.iter().map(|id| id.parse().ok()).collect()).ok_or_else(|| {
        "a list of the numbers of droplets in quotes, such as ['3164444']".to_owned()
    })
}

fn watch(found: &Found) -> Result<(bool, Vec<ThingKind>), String> {
    let expected = || "a list of 'droplets', 'load_balancers', 'apps' and 'databases'".to_owned();
    let list = found.list().filter(|list| !list.is_empty()).ok_or_else(expected)?;
    let (mut droplets, mut things) = (false, Vec::new());
    for one in list {
        match (one.as_str(), ThingKind::ALL.into_iter().find(|kind| kind.list() == one)) {
            ("droplets", _) => droplets = true,
            (_, Some(kind)) if !things.contains(&kind) => things.push(kind),
            (_, Some(_)) => {}
            (_, None) => return Err(expected()),
        }
    }
    Ok((droplets, things))
}

/// An address to which a secret may be sent: https, or this machine.
fn secure(found: &Found) -> Result<ProbeUrl, String> {
    let url: Option<ProbeUrl> = found.quoted().and_then(|text| text.parse().ok());
    let is_here = |url: &ProbeUrl| {
        matches!(url.as_url().host_str(), Some("localhost" | "127.0.0.1" | "[::1]"))
    };
    url.filter(|url| url.as_url().scheme() == "https" || is_here(url))
        .ok_or_else(|| "an address that begins with https://, or of this machine".to_owned())
}

fn database(
    keys: &BTreeMap<&'static str, Found>,
    place: &Place,
    problems: &mut Vec<ConfigProblem>,
) -> Option<Database> {
    let before = problems.len();
    let mut value =
        |key: &'static str, expected: &str, parse: &dyn Fn(&Found) -> Option<String>| {
            let Some(found) = keys.get(key) else {
                problems.push(place.problem(
                    format!("{key} of the managed database is missing"),
                    expected.to_owned(),
                ));
                return None;
            };
            let value = parse(found);
            if value.is_none() {
                problems.push(found.problem(key, expected));
            }
            value
        };
    let text = |found: &Found| found.quoted().map(ToOwned::to_owned);
    let is_name = |name: &String| {
        name.len() <= 64
            && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'))
    };
    let name = value("name", "the name of the database cluster, such as 'main'", &|found| {
        text(found).filter(is_name)
    });
    let url = value(
        "url",
        "the address of its metrics, such as 'https://main-do-user-1.db.ondigitalocean.com:9273/metrics'",
        &|found| secure(found).ok().map(|url| url.as_url().as_str().to_owned()),
    );
    let user = value("user", "the user of its metrics", &text);
    let password_file =
        value("password_file", "the path of a file that contains only the password", &text);
    let ca_file = keys.get("ca_file").map(|found| {
        found::path(found).map_err(|expected| problems.push(found.problem("ca_file", &expected)))
    });
    if problems.len() > before {
        return None;
    }
    Some(Database {
        name: name?,
        url: url?.parse().ok()?,
        user: user?,
        password_file: password_file?.into(),
        ca_file: ca_file.and_then(Result::ok),
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use policy::{objectives::Objectives, thresholds::Thresholds};

    use super::*;
    use crate::collectors::{self, findings};

    fn settings(things: &[ThingKind], droplets: bool) -> Settings {
        let account = AccountSettings {
            token_file: "token".into(),
            selection: Selection { droplets, things: things.to_vec(), ..Selection::default() },
            budget_percent: 40,
            api_url: API.parse().unwrap(),
            ca_file: None,
        };
        let main = Database {
            name: "main".to_owned(),
            url: API.parse().unwrap(),
            user: "metrics".to_owned(),
            password_file: "password".into(),
            ca_file: None,
        };
        Settings { account: Some(account), databases: vec![main] }
    }

    #[test]
    fn what_is_not_watched_any_more_is_gone_and_databases_of_the_configuration_are_not() {
        let context = Context::new("calm", Duration::from_secs(5));
        let listed = |settings: &Settings| -> Vec<(&'static str, usize)> {
            let listings = DigitalOcean::listings(settings, &context);
            listings.iter().map(|one| (one.kind, one.subjects.len())).collect()
        };
        assert!(listed(&settings(&ThingKind::ALL, true)).is_empty());
        assert_eq!(
            listed(&settings(&[ThingKind::App], false)),
            [(DROPLET, 0), (DROPLET_DISK, 0), ("load-balancer", 0), ("managed-database", 1)]
        );
        let without = Settings { account: None, ..settings(&[], false) };
        let kinds: Vec<&str> = listed(&without).into_iter().map(|(kind, _)| kind).collect();
        let all =
            [API_KIND, DROPLET, DROPLET_DISK, "load-balancer", "platform-app", "managed-database"];
        assert_eq!(kinds, all);
        // This host stays, and nothing of DigitalOcean is expected of it.
        let at_rest = |settings: &Settings| DigitalOcean::at_rest(settings, &context).len();
        assert_eq!((at_rest(&settings(&[], true)), at_rest(&without)), (0, 2));
    }

    #[test]
    fn a_row_about_a_database_that_is_in_no_section_is_doubtful_unless_the_account_may_have_it() {
        let row = "| managed_database.disk | managed-database:mian | above 80% | - | 5 min | 75% | - | m | - | - |";
        let head = "format: 1\n| signal | subject | warning | critical | for | recovers at | no data after | what it means | runbook | commands |\n|---|---|---|---|---|---|---|---|---|---|\n";
        let thresholds =
            Thresholds::parse("t", &format!("{head}{row}"), collectors::signals()).unwrap();
        let context = Context::new("calm", Duration::from_secs(5));
        let doubtful = |digitalocean: Settings| {
            let mut all = collectors::Settings { digitalocean, ..Default::default() };
            all.pm2.enabled = false;
            findings::compare(&all, &context, &thresholds, &Objectives::default()).doubtful
        };
        assert_eq!(
            doubtful(settings(&[], true)),
            [
                "alerts/thresholds.md, line 4: the row of 'managed_database.disk' for 'managed-database:mian' never alerts: the configuration has no managed database with this name (known: managed-database:main)."
            ]
        );
        assert_eq!(doubtful(settings(&[ThingKind::Database], true)), [""; 0]);
    }

    #[test]
    fn the_account_knows_the_databases_of_the_configuration() {
        let context = Context::new("calm", Duration::from_secs(5));
        let targets = DigitalOcean::targets(&settings(&[], true), &context);
        let Source::Account(account) = &targets[0] else { panic!("{targets:?}") };
        let named: Vec<&str> = account.selection.databases.iter().map(Subject::as_str).collect();
        assert_eq!(named, ["managed-database:main"]);
    }
}
