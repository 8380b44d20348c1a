//! Reads the tables of the document, whatever their order.

use std::collections::BTreeMap;

use crate::{
    diagnostic::Diagnostic,
    limits::{
        automation::Automation,
        capacity::BatchCapacity,
        cells::{self, Wrong, wrong},
        class::{Class, ClassId, ClassKind, Methods, PathPattern},
        organization::Organization,
        plan::{Limit, LimitState, Override, OwnPlan, Plan, PlanName, Plans},
        quota::Quota,
        source::{HeaderName, HostPattern, KeyPattern, OrganizationSource, SegmentPattern},
    },
    markdown_table::{Cell, MAX_BYTES, Report, Table, bare, is_command_id, is_none, nearest},
};

mod rules;

const SOURCES: &[(&str, bool)] = &[("organization from", true), ("pattern", true)];
const CLASSES: &[(&str, bool)] = &[
    ("class", true),
    ("methods", true),
    ("paths", true),
    ("kind", true),
    ("critical", true),
    ("largest body", true),
];
const PLANS: &[(&str, bool)] = &[
    ("plan", true),
    ("class", true),
    ("rate", true),
    ("burst", true),
    ("at a time", true),
    ("state", true),
];
const ORGANIZATIONS: &[(&str, bool)] = &[("organization", true), ("plan", true), ("until", true)];
const OVERRIDES: &[(&str, bool)] = &[
    ("organization", true),
    ("class", true),
    ("rate", true),
    ("burst", true),
    ("at a time", true),
    ("state", true),
    ("until", true),
];
const CAPACITY: &[(&str, bool)] = &[("batch requests at a time", true), ("state", true)];
const RULES: &[(&str, bool)] = &[("rule", true), ("value", true)];

/// More classes than this are refused: each request is compared with them in turn.
const MAX_CLASSES: usize = 32;
/// More patterns than this in one class are refused.
const MAX_PATHS: usize = 20;

/// The contents of the tables.
#[derive(Debug, Default)]
pub(super) struct Contents {
    pub sources: Vec<OrganizationSource>,
    pub classes: Vec<Class>,
    pub plans: Plans,
    pub batch: Option<BatchCapacity>,
    pub automation: Automation,
}

/// The tables that there are, in the order in which they are read: later ones name what stands in
/// earlier ones.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Sources,
    Classes,
    Plans,
    Organizations,
    Overrides,
    Capacity,
    Rules,
}

impl Kind {
    /// Tells a table by its columns.
    fn of(table: &Table) -> Option<Self> {
        let has = |name: &str| table.head.iter().any(|cell| cell.text.eq_ignore_ascii_case(name));
        match table.head.first()?.text.to_lowercase().as_str() {
            "organization from" => Some(Self::Sources),
            "class" => Some(Self::Classes),
            "plan" => Some(Self::Plans),
            "organization" if has("class") || has("rate") => Some(Self::Overrides),
            "organization" => Some(Self::Organizations),
            "batch requests at a time" => Some(Self::Capacity),
            "rule" => Some(Self::Rules),
            _ => None,
        }
    }

    const fn columns(self) -> &'static [(&'static str, bool)] {
        match self {
            Self::Sources => SOURCES,
            Self::Classes => CLASSES,
            Self::Plans => PLANS,
            Self::Organizations => ORGANIZATIONS,
            Self::Overrides => OVERRIDES,
            Self::Capacity => CAPACITY,
            Self::Rules => RULES,
        }
    }
}

pub(super) fn read(file: &str, text: &str) -> Result<Contents, Vec<Diagnostic>> {
    let mut report = Report::new(file, text);
    if text.len() > MAX_BYTES {
        report.at(0, 1, 1, format!("{} bytes", text.len()), format!("at most {MAX_BYTES} bytes"));
        return Err(report.finish());
    }
    if text.lines().next().map(str::trim_end) != Some("format: 1") {
        let found = "the document does not begin with its format";
        report.at(0, 1, u32::MAX, found, "'format: 1' as the first line");
    }
    let mut reader = Reader { report, contents: Contents::default(), seen: BTreeMap::new() };
    let mut tables = Vec::new();
    for table in reader.report.tables() {
        match Kind::of(&table) {
            Some(kind) => tables.push((kind, table)),
            None => reader.unknown(&table),
        }
    }
    tables.sort_by_key(|(kind, _)| *kind);
    for (kind, table) in &tables {
        reader.table(*kind, table);
    }
    let problems = reader.report.finish();
    if problems.is_empty() { Ok(reader.contents) } else { Err(problems) }
}

/// The cells of one row by column.
struct Row<'t> {
    columns: &'t BTreeMap<&'static str, usize>,
    cells: &'t [Cell],
}

impl<'t> Row<'t> {
    fn get(&self, name: &str) -> Option<&'t Cell> {
        self.columns.get(name).and_then(|&index| self.cells.get(index))
    }
}

struct Reader<'a> {
    report: Report<'a>,
    contents: Contents,
    /// The first place of each row that must stand once.
    seen: BTreeMap<(Kind, String, String), usize>,
}

impl Reader<'_> {
    fn unknown(&mut self, table: &Table) {
        const KNOWN: [&str; 6] = [
            "organization from",
            "class",
            "plan",
            "organization",
            "batch requests at a time",
            "rule",
        ];
        let Some(cell) = table.head.first() else {
            self.report.at(0, 1, 1, "a table without columns", "'| class | \u{2026} |'");
            return;
        };
        let expected = match nearest(&cell.text, KNOWN.into_iter()) {
            Some(name) => format!("a known column; did you mean '{name}'?"),
            None => "'organization from | \u{2026}', 'class | \u{2026}', 'plan | \u{2026}', \
                     'organization | \u{2026}', 'batch requests at a time | state' or 'rule | value'; other \
                     tables belong in a code fence"
                .to_owned(),
        };
        self.report.cell(cell, format!("a table that begins with '{}'", cell.text), expected);
    }

    fn table(&mut self, kind: Kind, table: &Table) {
        let Some(columns) = self.report.columns(table, kind.columns()) else {
            return;
        };
        for cells in &table.rows {
            let row = Row { columns: &columns, cells };
            // A row with a mistake gives nothing; the mistake was told.
            let _ = match kind {
                Kind::Sources => self.source(&row),
                Kind::Classes => self.class(&row),
                Kind::Plans => self.plan(&row),
                Kind::Organizations => self.organization_plan(&row),
                Kind::Overrides => self.exception(&row),
                Kind::Capacity => self.capacity(&row),
                Kind::Rules => self.rule(&row),
            };
        }
    }

    /// The value, or a problem at the cell.
    fn take<T>(&mut self, cell: &Cell, result: Result<T, Wrong>) -> Option<T> {
        result.map_err(|wrong| self.report.cell(cell, wrong.found, wrong.expected)).ok()
    }

    /// Tells a second row of the same.
    fn once(&mut self, kind: Kind, cell: &Cell, key: (&str, &str)) -> Option<()> {
        let (one, two) = key;
        let first = self.seen.insert((kind, one.to_owned(), two.to_owned()), cell.line);
        let Some(first) = first else { return Some(()) };
        let of = if two.is_empty() { String::new() } else { format!(" and '{two}'") };
        let expected = format!("one row; the first is in line {}", first + 1);
        self.report.cell(cell, format!("a second row for '{one}'{of}"), expected);
        None
    }

    fn source(&mut self, row: &Row<'_>) -> Option<()> {
        let (from, pattern) = (row.get("organization from")?, row.get("pattern")?);
        let kinds = [("header", 0), ("host", 1), ("path", 2), ("API key", 3)];
        let kind = self.take(from, cells::word(&from.text, &kinds))?;
        let text = bare(&pattern.text);
        let (source, expected) = match kind {
            0 => (
                HeaderName::new(text).map(OrganizationSource::Header),
                "the name of a header such as '`X-Organization`'",
            ),
            1 => (
                HostPattern::new(text).map(OrganizationSource::Host),
                "a host with a star for one label such as '`*.shop.example`'",
            ),
            2 => (
                SegmentPattern::new(text).map(OrganizationSource::Path),
                "a path that ends with a star for one segment such as '`/o/*/`'",
            ),
            _ => (
                KeyPattern::new(text).map(OrganizationSource::ApiKey),
                "a header, what stands before the key, and '*_...' for the key, such as \
                 '`Authorization: Bearer *_...`'",
            ),
        };
        let found = match &source {
            None => format!("'{text}' is not a pattern of this kind"),
            Some(OrganizationSource::Header(name)) if name.is_secret() => {
                format!("the value of '{text}' is a secret, not a name")
            }
            Some(_) => {
                self.once(Kind::Sources, from, (text, ""))?;
                self.contents.sources.extend(source);
                return Some(());
            }
        };
        self.report.cell(pattern, found, expected);
        None
    }

    fn class(&mut self, row: &Row<'_>) -> Option<()> {
        let name_cell = row.get("class")?;
        let name = self.take(name_cell, name(name_cell, "class"));
        let methods_cell = row.get("methods")?;
        let methods = self.take(methods_cell, methods(&methods_cell.text));
        let paths_cell = row.get("paths")?;
        let paths = self.take(paths_cell, paths(&paths_cell.text));
        let kind_cell = row.get("kind")?;
        let kinds = ClassKind::ALL.map(|kind| (kind.as_str(), kind));
        let kind = self.take(kind_cell, cells::word(&kind_cell.text, &kinds));
        let critical_cell = row.get("critical")?;
        let answers = [("yes", true), ("no", false)];
        let is_critical = self.take(critical_cell, cells::word(&critical_cell.text, &answers));
        let body_cell = row.get("largest body")?;
        let largest_body = self.take(body_cell, cells::size(&body_cell.text));

        let name = name?;
        self.once(Kind::Classes, name_cell, (name, ""))?;
        let place = u8::try_from(self.contents.classes.len()).ok();
        let Some(place) = place.filter(|&place| usize::from(place) < MAX_CLASSES) else {
            let expected = format!("at most {MAX_CLASSES} classes");
            self.report.cell(name_cell, "too many classes", expected);
            return None;
        };
        let class = Class {
            id: ClassId::new(place),
            name: name.to_owned(),
            kind: kind?,
            is_critical: is_critical?,
            largest_body: largest_body?,
            methods: methods?,
            paths: paths?,
        };
        let earlier = self.contents.classes.iter();
        let mut covers = earlier
            .filter(|earlier| earlier.takes_all_paths() && earlier.methods.include(&class.methods));
        if let Some(earlier) = covers.next() {
            let found = format!("no request comes to '{name}'");
            let expected = format!("a row above '{}', which takes all of them", earlier.name);
            self.report.cell(name_cell, found, expected);
        }
        self.contents.classes.push(class);
        Some(())
    }

    fn plan(&mut self, row: &Row<'_>) -> Option<()> {
        let plan_cell = row.get("plan")?;
        let plan = self.take(plan_cell, name(plan_cell, "plan"));
        let class_cell = row.get("class")?;
        let class = self.known_class(class_cell);
        let limit = self.limit(row);
        let plan = plan?;
        self.once(Kind::Plans, plan_cell, (plan, bare(&class_cell.text)))?;
        let plans = &mut self.contents.plans;
        let place = plans.place(plan).unwrap_or_else(|| {
            plans.plans.push(Plan { name: PlanName::new(plan), limits: BTreeMap::new() });
            plans.plans.len() - 1
        });
        plans.plans.get_mut(place)?.limits.insert(class?, limit?);
        Some(())
    }

    fn organization_plan(&mut self, row: &Row<'_>) -> Option<()> {
        let (name_cell, plan_cell) = (row.get("organization")?, row.get("plan")?);
        let organization = self.take(name_cell, organization(bare(&name_cell.text)));
        let plan_name = bare(&plan_cell.text);
        let plan = self.contents.plans.place(plan_name);
        if plan.is_none() {
            let known = self.contents.plans.plans.iter().map(|plan| plan.name.as_str());
            let expected = known_names("plan", plan_name, known);
            self.report.cell(plan_cell, format!("unknown plan '{plan_name}'"), expected);
        }
        let until_cell = row.get("until")?;
        let until = self.take(until_cell, cells::moment(&until_cell.text));
        let organization = organization?;
        self.once(Kind::Organizations, name_cell, (organization.as_str(), ""))?;
        let own = self.contents.plans.organizations.entry(organization.as_str().to_owned());
        own.or_default().plan = Some(OwnPlan { plan: plan?, until: until? });
        Some(())
    }

    fn exception(&mut self, row: &Row<'_>) -> Option<()> {
        let (name_cell, class_cell) = (row.get("organization")?, row.get("class")?);
        let organization = self.take(name_cell, organization(bare(&name_cell.text)));
        let class = self.known_class(class_cell);
        let limit = self.limit(row);
        let until_cell = row.get("until")?;
        let until = self.take(until_cell, cells::moment(&until_cell.text));
        let organization = organization?;
        let class_name = bare(&class_cell.text);
        self.once(Kind::Overrides, name_cell, (organization.as_str(), class_name))?;
        let exception = Override { limit: limit?, until: until? };
        let own = self.contents.plans.organizations.entry(organization.as_str().to_owned());
        own.or_default().overrides.insert(class?, exception);
        Some(())
    }

    fn capacity(&mut self, row: &Row<'_>) -> Option<()> {
        let (count_cell, state_cell) = (row.get("batch requests at a time")?, row.get("state")?);
        let at_a_time = self.take(count_cell, cells::count(&count_cell.text));
        let state = self.state(state_cell);
        self.once(Kind::Capacity, count_cell, ("batch requests at a time", ""))?;
        self.contents.batch = Some(BatchCapacity { at_a_time: at_a_time?, state: state? });
        Some(())
    }

    fn known_class(&mut self, cell: &Cell) -> Option<ClassId> {
        let name = bare(&cell.text);
        let classes = || self.contents.classes.iter();
        if let Some(class) = classes().find(|class| class.name == name) {
            return Some(class.id);
        }
        let expected = known_names("class", name, classes().map(|class| class.name.as_str()));
        self.report.cell(cell, format!("unknown class '{name}'"), expected);
        None
    }

    fn limit(&mut self, row: &Row<'_>) -> Option<Limit> {
        let (rate_cell, burst_cell) = (row.get("rate")?, row.get("burst")?);
        let rate = self.take(rate_cell, cells::rate(&rate_cell.text));
        let burst = self.take(burst_cell, cells::count(&burst_cell.text));
        let at_a_time_cell = row.get("at a time")?;
        let at_a_time = self.take(at_a_time_cell, cells::count_or_none(&at_a_time_cell.text));
        let state_cell = row.get("state")?;
        let state = self.state(state_cell);
        let quota = Quota { rate: rate?, burst: burst?, at_a_time: at_a_time? };
        Some(Limit { state: state?, quota })
    }

    fn state(&mut self, cell: &Cell) -> Option<LimitState> {
        let states = LimitState::ALL.map(|state| (state.as_str(), state));
        self.take(cell, cells::word(&cell.text, &states))
    }
}

fn known_names<'n>(what: &str, name: &str, known: impl Iterator<Item = &'n str> + Clone) -> String {
    if let Some(near) = nearest(name, known.clone()) {
        return format!("a {what} of this document; did you mean '{near}'?");
    }
    let names: Vec<String> = known.take(20).map(|name| format!("'{name}'")).collect();
    if names.is_empty() {
        return format!("a {what} of this document; it has none");
    }
    format!("a {what} of this document, such as {}", names.join(", "))
}

/// The name of a class or a plan.
fn name<'c>(cell: &'c Cell, what: &str) -> Result<&'c str, Wrong> {
    let text = bare(&cell.text);
    if is_command_id(text) {
        return Ok(text);
    }
    wrong(
        format!("'{text}' is not the name of a {what}"),
        "lower-case words joined by '-' or '.', at most 60 characters, such as '`sign-in`'",
    )
}

fn organization(name: &str) -> Result<Organization<'static>, Wrong> {
    match Organization::new(name.to_owned()) {
        Some(name) => Ok(name),
        None => wrong(
            format!("'{name}' is not the name of an organization"),
            "at most 100 visible characters without '@', such as '`acme`'",
        ),
    }
}

fn methods(text: &str) -> Result<Methods, Wrong> {
    if bare(text) == "*" {
        return Ok(Methods::Any);
    }
    let is_method = |name: &str| {
        (1..=30).contains(&name.len())
            && name.bytes().all(|b| b.is_ascii_uppercase() || matches!(b, b'-' | b'_'))
    };
    match cells::list(text).find(|name| is_none(name) || !is_method(name)) {
        Some(name) => wrong(
            format!("'{name}' is not a method"),
            "methods in capitals with commas between them such as 'POST, PUT', or '*'",
        ),
        None => Ok(Methods::Named(cells::list(text).map(str::to_owned).collect())),
    }
}

fn paths(text: &str) -> Result<Vec<PathPattern>, Wrong> {
    if cells::list(text).count() > MAX_PATHS {
        return wrong("too many paths", format!("at most {MAX_PATHS} patterns in a class"));
    }
    let read = |pattern| {
        PathPattern::new(pattern).map_or_else(
            || {
                wrong(
                    format!("'{pattern}' is not a pattern of paths"),
                    "ASCII patterns that begin with '/' or '*', decoded and without '//', '..' \
                     and '?', such as '`/upload*`'",
                )
            },
            Ok,
        )
    };
    cells::list(text).map(read).collect()
}
