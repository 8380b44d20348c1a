//! Entries that the palette finds: places, incidents, subjects, signals, sections of the runbook, and
//! settings. Pure.

use leptos_router::location::Url;
use wording::humanize;

use super::matching::{Folded, ranked};
use crate::{
    components::incident_card::headline,
    state::Ops,
    status::{organization_href, signal_href, subject_anchor},
    theme::Theme,
};

/// The most entries that are shown at a time, and the most of one kind.
const MOST: usize = 17;
const MOST_OF_KIND: usize = 5;

/// The kinds of entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A page.
    Place,
    /// An active incident.
    Incident,
    /// A subject.
    Subject,
    /// A signal of a subject.
    Signal,
    /// A section of the runbook.
    Section,
    /// Something to set.
    Setting,
    /// The search of the history.
    History,
}

impl Kind {
    /// Heading above entries of this kind.
    pub(crate) const fn heading(self) -> &'static str {
        match self {
            Self::Place => "Pages",
            Self::Incident => "Active incidents",
            Self::Subject => "Subjects",
            Self::Signal => "Signals",
            Self::Section => "Runbook",
            Self::Setting => "Settings",
            Self::History => "History",
        }
    }
}

/// The effect of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// Leads to a page of the app.
    Page(String),
    /// Leads to a document of its own.
    Document(&'static str),
    /// Sets the theme.
    Theme(Theme),
    /// Lists the shortcuts.
    Shortcuts,
}

/// Something to find.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Entry {
    /// Its kind.
    pub kind: Kind,
    /// The words that people read.
    pub title: String,
    /// Its effect.
    pub target: Target,
    /// The title and what else it is found by.
    words: Folded,
}

impl Entry {
    fn new(kind: Kind, title: String, also: &str, target: Target) -> Self {
        let words = Folded::new(&format!("{title} {also}"));
        Self { kind, title, target, words }
    }

    fn page(kind: Kind, title: String, also: &str, address: impl Into<String>) -> Self {
        Self::new(kind, title, also, Target::Page(address.into()))
    }
}

/// A section of the runbook: heading and anchor.
pub(crate) type Section = (String, String);

/// Everything that can be found, in the order in which it is offered before anything is typed.
pub(crate) fn all(ops: &Ops, sections: &[Section]) -> Vec<Entry> {
    let incidents = ops.active.iter().map(|card| {
        let title = format!("Incident {}: {}", card.number, headline(card));
        let also = format!("{} {}", card.severity, card.cause);
        let address = format!("/ops/incidents/{}", card.number);
        Entry::page(Kind::Incident, title, &also, address)
    });
    let places = [
        ("Health", "status board signals", "/ops/health"),
        ("Incidents", "active alerts", "/ops/incidents"),
        ("Protection", "limits gate safe mode organizations", "/ops/protection"),
        ("Status page", "publish customers notice public", "/ops/status"),
        ("History", "past incidents", "/ops/history"),
        ("Uptime", "availability endpoints checks", "/ops/uptime"),
        ("Stability reports", "weekly summary report", "/ops/reports"),
        ("Prevention steps", "reviews learn tasks", "/ops/prevention"),
        ("Journal", "audit log record", "/ops/journal"),
        ("Runbook", "guide help", "/ops/runbook"),
    ];
    let places = places
        .into_iter()
        .map(|(title, also, address)| Entry::page(Kind::Place, title.to_owned(), also, address));
    let settings = Entry::new(
        Kind::Place,
        "Settings".to_owned(),
        "account password passkeys notifications members tokens sign out",
        Target::Document("/ops/settings"),
    );
    let themes = Theme::ALL.map(|theme| {
        let title = match theme {
            Theme::System => "Theme: follow the system",
            Theme::Light => "Theme: light",
            Theme::Dark => "Theme: dark",
        };
        Entry::new(Kind::Setting, title.to_owned(), "mode colour", Target::Theme(theme))
    });
    let shortcuts =
        Entry::new(Kind::Setting, "Keyboard shortcuts".to_owned(), "keys help", Target::Shortcuts);
    let sections = sections.iter().map(|(heading, anchor)| {
        let address = format!("/ops/runbook#{anchor}");
        Entry::page(Kind::Section, heading.clone(), "runbook", address)
    });
    incidents
        .chain(places)
        .chain([settings])
        .chain(watched(ops))
        .chain(sections)
        .chain(themes)
        .chain([shortcuts])
        .collect()
}

/// The subjects, each once, and their signals.
fn watched(ops: &Ops) -> Vec<Entry> {
    let mut entries = Vec::with_capacity(ops.rows.len() * 2);
    let mut last = None;
    for row in &ops.rows {
        let (subject, signal) = (&row.reading.subject, &row.reading.signal);
        // Rows are ordered by subject.
        if last.replace(subject) != Some(subject) {
            let title = humanize::capital(&humanize::subject(subject));
            let address = match subject.kind() {
                "organization" => organization_href(subject),
                _ => format!("/ops/health#{}", subject_anchor(subject)),
            };
            entries.push(Entry::page(Kind::Subject, title, subject.as_str(), address));
        }
        let title = humanize::signal_of(signal, subject);
        let also = format!("{signal} {subject} threshold");
        entries.push(Entry::page(Kind::Signal, title, &also, signal_href(subject, signal)));
    }
    entries
}

/// Entries of one kind, the best first.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Group {
    /// Their kind.
    pub kind: Kind,
    /// The entries.
    pub entries: Vec<Entry>,
}

/// Entries that match a query, best kind first; its last entry searches all incidents. Before
/// anything is typed: what is offered first.
pub(crate) fn find(entries: &[Entry], query: &str) -> Vec<Group> {
    let folded = Folded::new(query);
    let mut groups: Vec<Group> = Vec::new();
    let mut count = 0;
    for index in ranked(&folded, entries.iter().map(|entry| &entry.words)) {
        let entry = &entries[index];
        if folded.is_empty() && matches!(entry.kind, Kind::Subject | Kind::Signal | Kind::Section) {
            continue;
        }
        let place = groups.iter().position(|group| group.kind == entry.kind);
        let place = place.unwrap_or_else(|| {
            groups.push(Group { kind: entry.kind, entries: Vec::new() });
            groups.len() - 1
        });
        // Before anything is typed all places are offered.
        let is_offered = folded.is_empty() && entry.kind == Kind::Place;
        if groups[place].entries.len() < MOST_OF_KIND || is_offered {
            groups[place].entries.push(entry.clone());
            count += 1;
        }
        if count == MOST {
            break;
        }
    }
    let typed = query.trim();
    if !typed.is_empty() {
        let title = format!("Search all incidents for \u{201c}{typed}\u{201d}");
        let address = format!("/ops/history?text={}", Url::escape(typed));
        let search = Entry::page(Kind::History, title, "", address);
        groups.push(Group { kind: Kind::History, entries: vec![search] });
    }
    groups
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use commands::view::IncidentCard;
    use domain::{id::IncidentNumber, severity::Severity, time::Timestamp};

    use super::*;
    use crate::{sample::reading, state::Row};

    fn ops(names: &[(&str, &str)]) -> Ops {
        let row = |(subject, signal): &(&str, &str)| {
            let mut reading = reading();
            reading.subject = subject.parse().expect("a subject");
            reading.signal = signal.parse().expect("a signal");
            Row { key: format!("{signal} {subject}"), reading, course: Vec::new() }
        };
        Ops { rows: names.iter().map(row).collect(), ..Ops::default() }
    }

    fn card(number: u32, headline: &str) -> IncidentCard {
        IncidentCard {
            id: uuid::Uuid::from_u128(7),
            number: IncidentNumber(number),
            headline: headline.to_owned(),
            severity: Severity::Critical,
            state: domain::lifecycle::State::Detected,
            cause: "app:shop@web-1".parse().expect("a subject"),
            subjects: Vec::new(),
            opened_at: Timestamp::default(),
            updated_at: Timestamp::default(),
            resolved_at: None,
            acknowledged: false,
            resolution_offered: false,
            practice: false,
            awaits_decision: false,
        }
    }

    /// Kind, title and address of everything that a query finds.
    fn found(entries: &[Entry], query: &str) -> Vec<(Kind, String, String)> {
        let entries = find(entries, query).into_iter().flat_map(|group| {
            assert!(group.entries.iter().all(|entry| entry.kind == group.kind));
            group.entries
        });
        let address = |target: Target| match target {
            Target::Page(address) => address,
            Target::Document(address) => address.to_owned(),
            Target::Theme(theme) => theme.name().to_owned(),
            Target::Shortcuts => "shortcuts".to_owned(),
        };
        entries.map(|entry| (entry.kind, entry.title, address(entry.target))).collect()
    }

    fn addresses(entries: &[Entry], query: &str) -> Vec<String> {
        found(entries, query).into_iter().map(|(_, _, address)| address).collect()
    }

    #[test]
    fn everything_is_found_by_what_people_and_programs_call_it() {
        let mut ops = ops(&[
            ("app:shop@web-1", "app.memory"),
            ("app:shop@web-1", "app.up"),
            ("disk:/var@web-1", "disk.used"),
        ]);
        ops.active = vec![card(7, "The app shop is down")];
        let sections = [("An app uses more and more memory".to_owned(), "app-memory".to_owned())];
        let entries = all(&ops, &sections);
        let first = |query: &str| addresses(&entries, query).swap_remove(0);
        for (query, address) in [
            ("health", "/ops/health"),
            ("settings", "/ops/settings"),
            ("incident 7", "/ops/incidents/7"),
            ("SHOP down", "/ops/incidents/7"),
            ("disk:/var@web-1", "/ops/health#subject-disk:/var@web-1"),
            ("app.memory", "/ops/signals/app.memory?subject=app%3Ashop%40web-1"),
            ("uses more", "/ops/runbook#app-memory"),
            ("dark", "dark"),
            ("keyboard", "shortcuts"),
        ] {
            assert_eq!(first(query), address, "{query}");
        }
        let subjects = found(&entries, "shop").into_iter();
        assert_eq!(subjects.filter(|(kind, _, _)| *kind == Kind::Subject).count(), 1, "once");
    }

    #[test]
    fn whatever_is_typed_can_be_searched_in_the_history() {
        let entries = all(&Ops::default(), &[]);
        let none = found(&entries, " 100% <b>&x ");
        let [(Kind::History, title, address)] = none.as_slice() else { panic!("{none:?}") };
        assert_eq!(title, "Search all incidents for “100% <b>&x”");
        assert_eq!(address, "/ops/history?text=100%25%20%3Cb%3E%26x");
    }

    #[test]
    fn before_anything_is_typed_incidents_and_places_are_offered() {
        let mut ops = ops(&[("host:web-1", "host.load")]);
        ops.active = vec![card(9, "b"), card(7, "a")];
        let offered = addresses(&all(&ops, &[("Section".to_owned(), "section".to_owned())]), " ");
        assert_eq!(
            offered,
            [
                "/ops/incidents/9",
                "/ops/incidents/7",
                "/ops/health",
                "/ops/incidents",
                "/ops/protection",
                "/ops/status",
                "/ops/history",
                "/ops/uptime",
                "/ops/reports",
                "/ops/prevention",
                "/ops/journal",
                "/ops/runbook",
                "/ops/settings",
                "system",
                "light",
                "dark",
                "shortcuts"
            ]
        );
    }

    #[test]
    fn one_kind_leaves_room_for_the_others() {
        let names: Vec<String> =
            (0..40).map(|index| format!("service:memory-{index:02}")).collect();
        let names: Vec<(&str, &str)> =
            names.iter().map(|name| (name.as_str(), "queue.depth")).collect();
        let sections = [("Memory is full".to_owned(), "memory".to_owned())];
        let found = found(&all(&ops(&names), &sections), "memory");
        assert!(found.len() <= MOST + 1, "{found:?}");
        for (kind, count) in [(Kind::Signal, 5), (Kind::Subject, 5), (Kind::Section, 1)] {
            assert_eq!(found.iter().filter(|(one, _, _)| *one == kind).count(), count, "{kind:?}");
        }
    }
}
