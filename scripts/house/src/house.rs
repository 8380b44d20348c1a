//! The measures of the house: each with its value in the workspace and its limit. A limit is what was
//! reached: it goes down with the value, never up.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt, fs,
    path::{Path, PathBuf},
    thread,
};

use crate::{
    count::{Counts, wide_lines},
    graph::{Cycles, in_cycles},
    read::{self, Sources},
    resolve,
    workspace::{self, Crate},
};

/// Columns of a line of code.
const COLUMNS: usize = 100;

/// Lines of a file.
const LINES: usize = 600;

/// Attributes of pages that others read, each with its reader. Any other `data-*` is private.
const KNOWN_ATTRIBUTES: [(&str, &str); 6] = [
    ("data-head", "style/incident.css, on a narrow screen"),
    ("data-label", "style/protection.css, on a narrow screen"),
    ("data-noscroll", "leptos_router"),
    ("data-reading", "the tests in the browser"),
    ("data-row", "the tests in the browser"),
    ("data-theme", "style/tokens.css"),
];

/// Changes that are made often, by the beginning of their row in the section "How to add" of
/// ARCHITECTURE.md, with the greatest number of files that each may touch.
const CHANGES: [(&str, f64); 4] = [
    ("a collector", 7.0),
    ("a page", 8.0),
    ("a notification channel", 2.0),
    ("an event of the program", 8.0),
];

/// Endings of what is a file or a folder in that section.
const FILES: [&str; 6] = [".rs", ".md", ".toml", ".txt", "/", "README"];

/// One measure.
#[derive(Debug)]
pub struct Measure {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: f64,
    /// The value that may not be passed.
    pub limit: Limit,
    /// Places that count, or some of them.
    pub places: Vec<String>,
}

/// A value that may not be passed.
#[derive(Clone, Copy, Debug)]
pub enum Limit {
    /// The greatest number.
    AtMost(f64),
    /// The smallest number.
    AtLeast(f64),
    /// The greatest share, in percent.
    Percent(f64),
}

impl Measure {
    /// True if the limit is kept.
    pub fn is_kept(&self) -> bool {
        match self.limit {
            Limit::AtMost(limit) | Limit::Percent(limit) => self.value <= limit,
            Limit::AtLeast(limit) => self.value >= limit,
        }
    }

    /// A number of places.
    fn count(name: impl Into<String>, limit: f64, places: Vec<String>) -> Self {
        let value = places.len() as f64;
        Self { name: name.into(), value, limit: Limit::AtMost(limit), places }
    }

    /// The share of `part` in `whole`.
    fn share(
        name: impl Into<String>,
        limit: f64,
        (part, whole): (usize, usize),
        places: Vec<String>,
    ) -> Self {
        let value = 100.0 * part as f64 / whole.max(1) as f64;
        Self { name: name.into(), value, limit: Limit::Percent(limit), places }
    }
}

/// A row of the table.
impl fmt::Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, value, limit, .. } = self;
        match limit {
            Limit::AtMost(limit) => write!(f, "| {name} | {value} | {limit} |"),
            Limit::AtLeast(limit) => write!(f, "| {name} | {value} | at least {limit} |"),
            Limit::Percent(limit) => write!(f, "| {name} | {value:.1}% | {limit}% |"),
        }
    }
}

/// Measures the workspace in a folder.
pub fn measures(root: &Path) -> Result<Vec<Measure>, String> {
    let crates = workspace::crates(root).map_err(|error| error.to_string())?;
    // Syntax trees can't leave their thread.
    let counted = thread::scope(|scope| {
        let started: Vec<_> =
            crates.into_iter().map(|one| scope.spawn(move || count_crate(one))).collect();
        let ended = started.into_iter().map(|thread| match thread.join() {
            Ok(counted) => counted,
            Err(_) => Err("a thread ended early".to_owned()),
        });
        ended.collect::<Result<Vec<_>, _>>()
    })?;
    let path = root.join("ARCHITECTURE.md");
    let text = fs::read_to_string(&path)
        .map_err(|error| format!("{} could not be read: {error}", path.display()))?;
    let mut measures = table(counted);
    measures.extend(CHANGES.map(|(change, limit)| {
        Measure::count(format!("files to touch for {change}"), limit, files_to_touch(&text, change))
    }));
    Ok(measures)
}

/// A crate, as it was counted.
struct Counted {
    folder: String,
    counts: Counts,
    /// The files of the program or library.
    files: usize,
    in_cycles: usize,
    cycles: Vec<String>,
    test_binaries: Vec<String>,
}

/// Counts in all files of a crate.
fn count_crate(Crate { folder, src, others }: Crate) -> Result<Counted, String> {
    let failed = |error| format!("{folder}: {error}");
    let src = read::parse(src).map_err(failed)?;
    let others = read::parse(others).map_err(failed)?;
    let tree = read::read(&src).map_err(failed)?;
    let ties = resolve::ties(&tree);
    let Cycles(cycles) = Cycles::new(&tree, &ties);
    let mut counts = Counts::default();
    let program: BTreeSet<&PathBuf> = tree.files.iter().collect();
    let is_program = |file: &PathBuf| program.contains(file) && folder != "ops/fixtures";
    count_files(&format!("{folder}/src"), &src, is_program, &mut counts);
    count_files(&folder, &others, |_| false, &mut counts);
    let binaries = others.keys().filter(|file| is_test_binary(file));
    Ok(Counted {
        counts,
        files: tree.files.len(),
        in_cycles: in_cycles(&tree, &ties),
        cycles: cycles.concat(),
        test_binaries: binaries.map(|file| format!("{folder}/{}", file.display())).collect(),
        folder,
    })
}

/// Counts in files of a folder.
fn count_files(
    folder: &str,
    sources: &Sources,
    is_program: impl Fn(&PathBuf) -> bool,
    counts: &mut Counts,
) {
    for (file, source) in sources {
        let place = format!("{folder}/{}", file.display());
        counts.add(Counts::of(&place, &source.code, is_program(file)));
        let wide = wide_lines(&source.text, COLUMNS);
        counts.wide_lines.extend(wide.iter().map(|line| format!("{place}:{line}")));
        let lines = source.text.lines().count();
        if lines > LINES {
            counts.long_files.push(format!("{place}: {lines}"));
        }
    }
}

/// True for `tests/x.rs` and `tests/x/main.rs`.
fn is_test_binary(file: &Path) -> bool {
    let parts: Vec<_> = file.iter().collect();
    parts.first().is_some_and(|first| *first == "tests")
        && (parts.len() == 2 || parts.len() == 3 && parts[2] == "main.rs")
}

/// Makes the measures of what was counted.
fn table(crates: Vec<Counted>) -> Vec<Measure> {
    let (mut cycles, mut binaries, mut counts) = (Vec::new(), Vec::new(), Counts::default());
    for one in crates {
        let Counted { folder, files, in_cycles, .. } = one;
        let name = format!("files of {folder} in a module cycle");
        cycles.push(Measure::share(name, 0.0, (in_cycles, files), one.cycles));
        binaries.extend(one.test_binaries);
        counts.add(one.counts);
    }
    let private =
        |(name, _): &&(String, String)| KNOWN_ATTRIBUTES.iter().all(|(known, _)| name != known);
    let attributes = counts.data_attributes.iter().filter(private);
    let attributes = attributes.map(|(name, place)| format!("{place}: {name}")).collect();
    let names = counts.types.iter().map(|(name, _)| name).collect::<BTreeSet<_>>().len();
    let shared = shared(&counts.types);
    let typed = counts.server_functions - counts.pages_as_text.len();
    let mut measures = vec![
        Measure::count(
            "server functions that answer with a page as text",
            0.0,
            counts.pages_as_text,
        ),
        Measure {
            name: "server functions that answer with data".to_owned(),
            value: typed as f64,
            limit: Limit::AtLeast(20.0),
            places: Vec::new(),
        },
        Measure::count("private `data-*` attributes", 0.0, attributes),
    ];
    measures.extend(cycles);
    measures.extend([
        Measure::share(
            "names that several types have, of those that other files see",
            12.0,
            (shared.len(), names),
            shared.iter().map(|(name, places)| format!("{name}: {}", places.join(", "))).collect(),
        ),
        Measure::share(
            "doc comments that begin with a question word or \"It\"",
            1.0,
            (counts.riddles.len(), counts.docs),
            counts.riddles,
        ),
        Measure::count("binaries of integration tests", 7.0, binaries),
        Measure::count("breaches that a test writes out in full", 1.0, counts.breaches),
        Measure::count(format!("files of more than {LINES} lines"), 22.0, counts.long_files),
        Measure::count(
            format!("lines of code with more than {COLUMNS} columns, without their texts"),
            276.0,
            counts.wide_lines,
        ),
    ]);
    measures
}

/// The names that several types have, the most frequent first, with the places of the types.
fn shared(types: &[(String, String)]) -> Vec<(&str, Vec<&str>)> {
    let mut by_name = BTreeMap::<&str, Vec<&str>>::new();
    for (name, place) in types {
        by_name.entry(name).or_default().push(place);
    }
    let mut shared: Vec<_> = by_name.into_iter().filter(|(_, places)| places.len() > 1).collect();
    shared.sort_by_key(|(name, places)| (usize::MAX - places.len(), *name));
    shared
}

/// The files that a row of "How to add" names.
fn files_to_touch(architecture: &str, change: &str) -> Vec<String> {
    let start = format!("| {change} |");
    let row = architecture.lines().find(|line| line.starts_with(&start)).unwrap_or_default();
    let words = row.split(|letter: char| letter.is_whitespace() || "`|;,".contains(letter));
    let files = words.filter(|word| FILES.iter().any(|ending| word.ends_with(ending)));
    let mut files: Vec<_> = files.map(str::to_owned).collect();
    files.sort();
    files.dedup();
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Files by their path.
    type Files<'a> = &'a [(&'a str, &'a str)];

    /// The measures of these crates that pass their limits: folder, `src`, other files.
    fn passed(crates: &[(&str, Files, Files)]) -> Vec<String> {
        let texts = |files: Files| {
            files.iter().map(|(path, text)| (PathBuf::from(path), (*text).to_owned())).collect()
        };
        let crates = crates.iter().map(|(folder, src, others)| {
            let folder = (*folder).to_owned();
            count_crate(Crate { folder, src: texts(src), others: texts(others) }).unwrap()
        });
        let measures = table(crates.collect());
        measures.iter().filter(|one| !one.is_kept()).map(Measure::to_string).collect()
    }

    #[test]
    fn each_limit_can_be_passed() {
        let few = "| server functions that answer with data | 0 | at least 20 |";
        assert_eq!(passed(&[("a", &[("lib.rs", "")], &[])]), [few]);
        let a = "mod b; pub struct A; pub struct C(b::B);
            #[server] pub async fn page() -> Result<String, Problem> {}
            /// What it is.
            fn f() { view! { <p data-at=1 data-row=2></p> } }";
        let b = "pub struct B(crate::A); pub struct C;";
        let test =
            "fn breach() -> Breach { Breach { level: 1 } } fn other() { Breach { level: 1 }; }";
        let found = passed(&[("a", &[("lib.rs", a), ("b.rs", b)], &[("tests/it.rs", test)])]);
        assert_eq!(
            found,
            [
                "| server functions that answer with a page as text | 1 | 0 |",
                few,
                "| private `data-*` attributes | 1 | 0 |",
                "| files of a in a module cycle | 100.0% | 0% |",
                "| names that several types have, of those that other files see | 33.3% | 12% |",
                "| doc comments that begin with a question word or \"It\" | 100.0% | 1% |",
                "| breaches that a test writes out in full | 2 | 1 |",
            ],
        );
    }

    #[test]
    fn test_binaries_are_told_by_their_paths() {
        for (path, is) in [
            ("tests/a.rs", true),
            ("tests/it/main.rs", true),
            ("tests/it/other.rs", false),
            ("examples/a.rs", false),
        ] {
            assert_eq!(is_test_binary(Path::new(path)), is, "{path}");
        }
    }

    #[test]
    fn files_are_read_from_the_table() {
        let table = "| a page | `routes/x.rs`, `<Route>` in `lib.rs`; `a/` | README, `lib.rs` |";
        assert_eq!(files_to_touch(table, "a page"), ["README", "a/", "lib.rs", "routes/x.rs"]);
        assert_eq!(files_to_touch(table, "an event"), [""; 0]);
    }
}
