//! The lists of an account: droplets, actions, load balancers, apps, databases. A list that is not
//! whole is none: what is missing in it would be taken for gone.

use std::net::IpAddr;

use serde::{Deserialize, de::DeserializeOwned};

use domain::time::Timestamp;

/// Things on one page of a list: the most that DigitalOcean gives.
pub(crate) const PAGE: usize = 200;

/// The reason an answer can't be used: how a sentence goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unreadable(pub String);

impl Unreadable {
    /// With a reason of one's own.
    pub(crate) fn new(problem: &str) -> Self {
        Self(problem.to_owned())
    }

    /// Because of what JSON's parser found; without the text itself.
    pub(crate) fn of(error: &serde_json::Error) -> Self {
        let (line, column) = (error.line(), error.column());
        Self(if error.is_eof() {
            "it ends too early".to_owned()
        } else {
            format!("it can't be read at line {line}, column {column}")
        })
    }
}

/// One page of a list.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Page<T> {
    /// The items on it.
    pub items: Vec<T>,
    /// The number of items on all pages, where that is told.
    pub total: Option<usize>,
    /// True if another page follows.
    pub has_next: bool,
}

/// A droplet.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Droplet {
    /// Its number.
    pub id: u64,
    /// Its name, which others may have too.
    pub name: String,
    /// Its standing.
    pub standing: Standing,
    /// Its processors.
    pub processors: u32,
    /// Its memory and disk, in the units of the list.
    pub size: (u64, u64),
    /// Its tags.
    pub tags: Vec<String>,
    /// Its public addresses.
    pub addresses: Vec<IpAddr>,
}

/// The standing of something, as DigitalOcean tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Runs.
    Up,
    /// Does not.
    Down,
    /// Nobody can say, or not yet: its status is this word, such as `new`.
    Unclear(String),
}

impl Standing {
    fn unclear(word: &str) -> Self {
        Self::Unclear(word.chars().take(LONGEST_WORD).collect())
    }
}

/// The longest word for a status that is kept.
const LONGEST_WORD: usize = 40;

/// An action of a droplet.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Action {
    /// Its number.
    pub id: u64,
    /// The droplet that it is about.
    pub droplet: u64,
    /// Its kind, such as `resize`.
    pub kind: String,
    /// Time at which it began, while it is in progress.
    pub began: Option<Timestamp>,
}

/// A load balancer, an app or a managed database.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Thing {
    /// Its number.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its standing.
    pub standing: Standing,
}

/// Kinds of things that an account lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum ThingKind {
    /// Load balancers.
    LoadBalancer,
    /// Apps of App Platform.
    App,
    /// Managed databases.
    Database,
}

impl ThingKind {
    /// All of them.
    pub(crate) const ALL: [Self; 3] = [Self::LoadBalancer, Self::App, Self::Database];

    /// The name of the list, in its path and its answer.
    pub(crate) const fn list(self) -> &'static str {
        match self {
            Self::LoadBalancer => "load_balancers",
            Self::App => "apps",
            Self::Database => "databases",
        }
    }

    /// The meaning of its word for a status.
    fn standing(self, word: &str) -> Standing {
        match (self, word) {
            (Self::LoadBalancer, "active") | (Self::App, "ACTIVE") => Standing::Up,
            (Self::LoadBalancer, "errored") | (Self::App, "ERROR" | "CANCELED") => Standing::Down,
            // It goes on answering while it is changed.
            (Self::Database, "online" | "resizing" | "migrating" | "forking") => Standing::Up,
            _ => Standing::unclear(word),
        }
    }
}

#[derive(Default, Deserialize)]
struct Links {
    #[serde(default)]
    pages: Option<Pages>,
}

#[derive(Default, Deserialize)]
struct Pages {
    #[serde(default)]
    next: Option<String>,
}

#[derive(Default, Deserialize)]
struct Meta {
    #[serde(default)]
    total: Option<usize>,
}

#[derive(Deserialize)]
struct RawDroplet {
    id: u64,
    name: String,
    #[serde(default)]
    status: String,
    #[serde(default)]
    vcpus: u32,
    #[serde(default)]
    memory: u64,
    #[serde(default)]
    disk: u64,
    #[serde(default)]
    tags: Option<Vec<String>>,
    #[serde(default)]
    networks: Networks,
}

#[derive(Default, Deserialize)]
struct Networks {
    #[serde(default)]
    v4: Vec<RawAddress>,
    #[serde(default)]
    v6: Vec<RawAddress>,
}

#[derive(Deserialize)]
struct RawAddress {
    #[serde(default)]
    ip_address: String,
    #[serde(default, rename = "type")]
    kind: String,
}

#[derive(Deserialize)]
struct RawAction {
    #[serde(default)]
    id: u64,
    status: String,
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    started_at: Option<String>,
    #[serde(default)]
    resource_id: Option<u64>,
    #[serde(default)]
    resource_type: String,
}

#[derive(Deserialize)]
struct RawThing {
    id: String,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    spec: Option<Spec>,
    #[serde(default)]
    active_deployment: Option<Deployment>,
    #[serde(default)]
    in_progress_deployment: Option<Deployment>,
    #[serde(default)]
    pending_deployment: Option<Deployment>,
}

#[derive(Deserialize)]
struct Spec {
    name: String,
}

#[derive(Deserialize)]
struct Deployment {
    #[serde(default)]
    phase: Option<String>,
}

/// Reads a page of droplets.
pub(crate) fn droplets(body: &[u8]) -> Result<Page<Droplet>, Unreadable> {
    Ok(page::<RawDroplet>(body, "droplets")?.map(droplet))
}

/// Reads an answer about one droplet.
pub(crate) fn one_droplet(body: &[u8]) -> Result<Droplet, Unreadable> {
    one::<RawDroplet>(body, "droplet").map(droplet)
}

fn droplet(raw: RawDroplet) -> Droplet {
    Droplet {
        id: raw.id,
        standing: match raw.status.as_str() {
            "active" => Standing::Up,
            "off" | "archive" => Standing::Down,
            word => Standing::unclear(word),
        },
        processors: raw.vcpus,
        size: (raw.memory, raw.disk),
        tags: raw.tags.unwrap_or_default(),
        addresses: raw
            .networks
            .v4
            .iter()
            .chain(&raw.networks.v6)
            .filter(|one| one.kind == "public")
            .filter_map(|one| one.ip_address.parse().ok())
            .collect(),
        name: raw.name,
    }
}

/// The newest actions.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Actions {
    /// Those of droplets.
    pub of_droplets: Vec<Action>,
    /// True if the list names nothing at all, which says nothing.
    pub is_empty: bool,
}

/// Reads the newest actions, those that are over too.
pub(crate) fn actions(body: &[u8]) -> Result<Actions, Unreadable> {
    let page = page::<RawAction>(body, "actions")?;
    let is_empty = page.items.is_empty();
    Ok(Actions { of_droplets: page.items.into_iter().filter_map(action).collect(), is_empty })
}

/// Reads an answer about one action; `None` where it is not one of a droplet.
pub(crate) fn one_action(body: &[u8]) -> Result<Option<Action>, Unreadable> {
    one::<RawAction>(body, "action").map(action)
}

fn action(raw: RawAction) -> Option<Action> {
    let began = raw.started_at.and_then(|text| text.parse().ok());
    let began = began.filter(|_| raw.status == "in-progress");
    let droplet = raw.resource_id.filter(|_| raw.resource_type == "droplet")?;
    Some(Action { id: raw.id, droplet, kind: raw.kind, began })
}

/// Reads a page of things of a kind.
pub(crate) fn things(kind: ThingKind, body: &[u8]) -> Result<Page<Thing>, Unreadable> {
    Ok(page::<RawThing>(body, kind.list())?.map(|raw| thing(kind, raw)))
}

/// Reads an answer about one thing.
pub(crate) fn one_thing(kind: ThingKind, body: &[u8]) -> Result<Thing, Unreadable> {
    let name = match kind {
        ThingKind::LoadBalancer => "load_balancer",
        ThingKind::App => "app",
        ThingKind::Database => "database",
    };
    one::<RawThing>(body, name).map(|raw| thing(kind, raw))
}

fn thing(kind: ThingKind, raw: RawThing) -> Thing {
    let standing = match kind {
        ThingKind::App => {
            let first = raw.in_progress_deployment.or(raw.pending_deployment);
            match raw.active_deployment.or(first) {
                Some(deployment) => kind.standing(&deployment.phase.unwrap_or_default()),
                None => Standing::Down,
            }
        }
        ThingKind::LoadBalancer | ThingKind::Database => {
            kind.standing(&raw.status.unwrap_or_default())
        }
    };
    let name = raw.name.or(raw.spec.map(|spec| spec.name));
    Thing { standing, name: name.unwrap_or_else(|| raw.id.clone()), id: raw.id }
}

/// Reads an answer that has one thing under a name.
fn one<T: DeserializeOwned>(body: &[u8], name: &str) -> Result<T, Unreadable> {
    let mut answer: serde_json::Map<String, serde_json::Value> =
        serde_json::from_slice(body).map_err(|error| Unreadable::of(&error))?;
    let value = answer.remove(name).ok_or_else(|| Unreadable(format!("it has no {name}")))?;
    serde_json::from_value(value).map_err(|_| Unreadable(format!("its {name} can't be read")))
}

impl<T> Page<T> {
    fn map<U>(self, change: impl FnMut(T) -> U) -> Page<U> {
        let items = self.items.into_iter().map(change).collect();
        Page { items, total: self.total, has_next: self.has_next }
    }
}

/// Reads one page. Without its list it is none, and with more on it than can be it is not either.
fn page<T: DeserializeOwned>(body: &[u8], list: &str) -> Result<Page<T>, Unreadable> {
    let mut answer: serde_json::Map<String, serde_json::Value> =
        serde_json::from_slice(body).map_err(|error| Unreadable::of(&error))?;
    let mut part = |name: &str| answer.remove(name).filter(|value| !value.is_null());
    let links: Links = part("links")
        .map_or_else(|| Ok(Links::default()), serde_json::from_value)
        .map_err(|error| Unreadable::of(&error))?;
    let meta: Meta = part("meta")
        .map_or_else(|| Ok(Meta::default()), serde_json::from_value)
        .map_err(|error| Unreadable::of(&error))?;
    let is_null = answer.get(list).is_some_and(serde_json::Value::is_null);
    let items = match answer.remove(list).filter(|_| !is_null) {
        Some(items) => serde_json::from_value::<Vec<T>>(items)
            .map_err(|_| Unreadable(format!("an entry of its list of {list} can't be read")))?,
        // DigitalOcean leaves out some lists where they are empty, and says so.
        None if is_null || meta.total == Some(0) => Vec::new(),
        None => return Err(Unreadable(format!("it has no list of {list}"))),
    };
    if items.len() > PAGE {
        return Err(Unreadable(format!("its list of {list} is longer than a page")));
    }
    Ok(Page { items, total: meta.total, has_next: links.pages.and_then(|one| one.next).is_some() })
}

/// Pages of a list that are read one after another, until it is whole.
#[derive(Clone, Debug)]
pub(crate) struct Reading<T> {
    items: Vec<T>,
    page: u32,
}

/// The most pages that are read of a list.
const MOST_PAGES: u32 = 50;

impl<T> Default for Reading<T> {
    fn default() -> Self {
        Self { items: Vec::new(), page: 1 }
    }
}

impl<T> Reading<T> {
    /// The page that is read next, from 1.
    pub(crate) const fn page(&self) -> u32 {
        self.page
    }

    /// Takes the page that was asked for. The whole list, once it is there; a list that changed
    /// while it was read, or ends early, is read again.
    pub(crate) fn take(&mut self, page: Page<T>) -> Result<Option<Vec<T>>, Unreadable> {
        self.items.extend(page.items);
        if page.has_next && self.page < MOST_PAGES {
            self.page += 1;
            return Ok(None);
        }
        let items = std::mem::take(self).items;
        let is_whole = !page.has_next && page.total.is_none_or(|total| total == items.len());
        let problem = "its list is not whole";
        if is_whole { Ok(Some(items)) } else { Err(Unreadable::new(problem)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DROPLETS: &str = r#"{"droplets":[
        {"id":3164444,"name":"web-1","status":"active","vcpus":2,"tags":["production"],"memory":1024,
         "networks":{"v4":[{"ip_address":"10.0.0.2","type":"private"},
                           {"ip_address":"203.0.113.7","type":"public"}],"v6":[]}},
        {"id":3164445,"name":"web-2","status":"melted"}],
        "links":{"pages":{"next":"https://api.digitalocean.com/v2/droplets?page=2","last":"x"}},
        "meta":{"total":3}}"#;

    #[test]
    fn droplets_are_read_with_what_is_needed_of_them() {
        let page = droplets(DROPLETS.as_bytes()).unwrap();
        assert!(page.has_next && page.total == Some(3));
        let [one, two] = &page.items[..] else { panic!("{page:?}") };
        assert_eq!((one.id, one.name.as_str(), one.processors), (3_164_444, "web-1", 2));
        assert_eq!(one.addresses, ["203.0.113.7".parse::<IpAddr>().unwrap()]);
        assert_eq!(one.size, (1_024, 0));
        assert_eq!((&one.standing, &two.standing), (&Standing::Up, &Standing::unclear("melted")));
        let alone = one_droplet(br#"{"droplet":{"id":7,"name":"web-7","status":"off"}}"#).unwrap();
        assert_eq!((alone.id, alone.standing), (7, Standing::Down));
    }

    #[test]
    fn a_list_without_its_entries_is_none() {
        for half in ["", "{}", "[]", &DROPLETS[..300], r#"{"meta":{"total":3}}"#] {
            assert!(droplets(half.as_bytes()).is_err(), "{half}");
        }
        assert!(droplets(br#"{"droplets":[{"name":"x"}]}"#).is_err());
        let empty = things(ThingKind::App, br#"{"links":{},"meta":{"total":0}}"#).unwrap();
        assert!(empty.items.is_empty());
    }

    #[test]
    fn only_actions_of_droplets_count_and_only_some_are_in_progress() {
        let Actions { of_droplets: all, is_empty } = actions(
            br#"{"actions":[
                {"id":1,"status":"in-progress","type":"resize","started_at":"2026-11-28T20:01:08Z",
                 "resource_id":7,"resource_type":"droplet"},
                {"id":2,"status":"completed","type":"resize","started_at":"2026-11-28T20:01:08Z",
                 "resource_id":7,"resource_type":"droplet"},
                {"id":3,"status":"in-progress","type":"attach","started_at":"2026-11-28T20:01:08Z",
                 "resource_id":null,"resource_type":"volume"}]}"#,
        )
        .unwrap();
        assert_eq!((all.len(), is_empty), (2, false));
        assert_eq!((all[0].droplet, all[0].kind.as_str()), (7, "resize"));
        assert!(all[0].began.is_some() && all[1].began.is_none());
        assert!(actions(br#"{"actions":[]}"#).unwrap().is_empty);
        let over = br#"{"action":{"id":1,"status":"completed","resource_id":7,"resource_type":"droplet"}}"#;
        assert_eq!(one_action(over).unwrap().map(|one| (one.id, one.began)), Some((1, None)));
    }

    #[test]
    fn what_serves_is_told_by_the_words_of_each_kind() {
        let standing =
            |kind, body: &str| things(kind, body.as_bytes()).unwrap().items.remove(0).standing;
        let balancer = |status: &str| {
            let body = format!(r#"{{"load_balancers":[{{"id":"a","status":"{status}"}}]}}"#);
            standing(ThingKind::LoadBalancer, &body)
        };
        assert_eq!((balancer("active"), balancer("errored")), (Standing::Up, Standing::Down));
        assert_eq!(balancer("odd"), Standing::Unclear("odd".to_owned()));
        assert_eq!(balancer(&"x".repeat(99)), Standing::Unclear("x".repeat(LONGEST_WORD)));
        let app = r#"{"apps":[{"id":"a","spec":{"name":"shop"},"active_deployment":{"phase":"ACTIVE"}}]}"#;
        assert_eq!(standing(ThingKind::App, app), Standing::Up);
        let read = things(ThingKind::App, app.as_bytes()).unwrap();
        assert_eq!(read.items[0].name, "shop");
        let creating = r#"{"databases":[{"id":"a","name":"main","status":"creating"}]}"#;
        let creating = standing(ThingKind::Database, creating);
        assert_eq!(creating, Standing::Unclear("creating".to_owned()));
    }

    #[test]
    fn an_app_that_was_never_deployed_does_not_run_unless_it_is_being_deployed() {
        let app = |deployments: &str| {
            let body = format!(r#"{{"app":{{"id":"a","spec":{{"name":"shop"}}{deployments}}}}}"#);
            one_thing(ThingKind::App, body.as_bytes()).unwrap().standing
        };
        assert_eq!(app(""), Standing::Down);
        assert_eq!(app(r#","active_deployment":null"#), Standing::Down);
        let building = app(r#","in_progress_deployment":{"phase":"BUILDING"}"#);
        assert_eq!(building, Standing::Unclear("BUILDING".to_owned()));
        let pending = app(r#","pending_deployment":{"phase":"PENDING_BUILD"}"#);
        assert_eq!(pending, Standing::Unclear("PENDING_BUILD".to_owned()));
        let both =
            r#","active_deployment":{"phase":"ACTIVE"},"in_progress_deployment":{"phase":"ERROR"}"#;
        assert_eq!(app(both), Standing::Up);
    }

    #[test]
    fn a_list_is_whole_when_its_last_page_came_and_nothing_is_missing() {
        let page = |items: &[u8], has_next, total| Page { items: items.to_vec(), total, has_next };
        let mut reading = Reading::default();
        assert_eq!(reading.take(page(&[1, 2], true, Some(3))), Ok(None));
        assert_eq!(reading.page(), 2);
        assert_eq!(reading.take(page(&[3], false, Some(3))), Ok(Some(vec![1, 2, 3])));
        assert_eq!(reading.page(), 1);
        assert!(reading.take(page(&[1], false, Some(3))).is_err());
        assert_eq!(reading.take(page(&[], false, Some(0))), Ok(Some(Vec::new())));
    }
}
