//! The documents that are policy: read at start, looked at again every two seconds, and put in
//! force only when they are right.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use commands::view::{Document, DocumentState};
use domain::{
    journal::Event, message::MessageAudience, protection::AllowedMeasure, time::Timestamp,
};
use policy::{
    catalogue::{Catalogue, OwnScript},
    diagnostic::Diagnostic,
    limits::Limits,
    messages::{MessageTemplate, message_document},
    objectives::Objectives,
    report_template::{REPORT_TEMPLATE, ReportTemplate},
    thresholds::Thresholds,
};
use sha2::{Digest, Sha256};
use similar::{ChangeTag, TextDiff};

use crate::{collectors, embedded};

/// The thresholds' path inside the documents' directory.
pub const THRESHOLDS: &str = "alerts/thresholds.md";
/// The calm guide's.
pub const GUIDE: &str = "runbooks/when-things-break.md";
/// The agent's flow.
pub const FLOW: &str = "agent/flow.md";

/// The approved commands.
pub const COMMANDS: &str = "runbooks/recovery.commands.md";

/// The service-level objectives.
pub const OBJECTIVES: &str = "alerts/objectives.md";

/// The limits of organizations.
pub const LIMITS: &str = "protection/limits.md";

/// Folder in the data directory with the versions in force.
pub const IN_FORCE: &str = "in-force";

/// Every document that must be there.
pub const ALL: [&str; 10] = [
    THRESHOLDS,
    OBJECTIVES,
    GUIDE,
    FLOW,
    COMMANDS,
    LIMITS,
    message_document(MessageAudience::Affected),
    message_document(MessageAudience::All),
    message_document(MessageAudience::Internal),
    REPORT_TEMPLATE,
];

/// True if a missing document is replaced by the built-in one: documents of one's own from before
/// there were these still start.
fn may_be_missing(name: &str) -> bool {
    matches!(name, OBJECTIVES | REPORT_TEMPLATE)
        || MessageAudience::ALL.into_iter().any(|audience| message_document(audience) == name)
}

/// The largest document, in bytes.
const LARGEST: u64 = 512 * 1024;
/// The longest difference that is journalled, in bytes.
const LONGEST_DIFFERENCE: usize = 8 * 1024;

/// The reasons for which the documents can't be used at start.
#[derive(Debug, thiserror::Error)]
pub enum BadDocuments {
    /// A file can't be read.
    #[error("{path}: {source}. {advice}", path = path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The next step.
        advice: &'static str,
        /// The error of the system.
        source: io::Error,
    },
    /// A document holds mistakes.
    #[error("{}", problems.iter().map(Diagnostic::to_string).collect::<Vec<_>>().join("\n\n"))]
    Wrong {
        /// All of them.
        problems: Vec<Diagnostic>,
    },
}

#[derive(Clone, Debug)]
struct InForce {
    text: String,
    sha256: String,
    since: Timestamp,
    /// True if the file is missing, so that this is the built-in one.
    is_built_in: bool,
    refused: Option<Refused>,
}

/// A version that is not in force.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Refused {
    sha256: String,
    /// The first error.
    error: String,
    /// The line that it is on.
    line: Option<u32>,
    /// The problem there, in a few words.
    found: String,
}

/// A document that is right.
enum Parsed {
    Thresholds(Box<Thresholds>),
    Catalogue(Catalogue),
    Limits(Box<Limits>),
    Objectives(Objectives),
    Text,
}

/// See the module.
#[derive(Debug)]
pub struct Documents {
    dir: Option<PathBuf>,
    /// The folder of the versions in force, so that a change made while Calm Ops did not run is
    /// told with its difference.
    kept: PathBuf,
    in_force: BTreeMap<&'static str, InForce>,
    thresholds: Arc<Thresholds>,
    /// The last good version; it is in force only while no newer one is refused.
    catalogue: Arc<Catalogue>,
    limits: Arc<Limits>,
    objectives: Arc<Objectives>,
    scripts: Vec<OwnScript>,
    misfits: Vec<Diagnostic>,
}

impl Documents {
    /// Reads all of them from `dir`, or the built-in ones. Returns the events that tell which
    /// versions are new.
    pub fn load(
        dir: Option<&Path>,
        kept: &Path,
        now: Timestamp,
    ) -> Result<(Self, Vec<Event>), BadDocuments> {
        Self::load_with(dir, kept, &[], now)
    }

    /// The same; `scripts` are those that the host's own configuration lists, for commands to name.
    pub fn load_with(
        dir: Option<&Path>,
        kept: &Path,
        scripts: &[OwnScript],
        now: Timestamp,
    ) -> Result<(Self, Vec<Event>), BadDocuments> {
        let mut in_force = BTreeMap::new();
        let mut problems = Vec::new();
        let (mut thresholds, mut catalogue, mut limits) = (None, None, None);
        let mut objectives = Arc::default();
        let mut events = Vec::new();
        for name in ALL {
            let (text, is_built_in) = read_or_built_in(dir, name)?;
            match check(name, &text, scripts) {
                Ok(Parsed::Thresholds(parsed)) => thresholds = Some(Arc::new(*parsed)),
                Ok(Parsed::Catalogue(parsed)) => catalogue = Some(Arc::new(parsed)),
                Ok(Parsed::Limits(parsed)) => limits = Some(Arc::new(*parsed)),
                Ok(Parsed::Objectives(parsed)) => objectives = Arc::new(parsed),
                Ok(Parsed::Text) => {}
                Err(found) => problems.extend(found),
            }
            let sha256 = sha256(&text);
            let before = fs::read_to_string(kept.join(name)).unwrap_or_default();
            if before != text {
                events.push(in_force_event(name, &sha256, &before, &text));
            }
            in_force.insert(name, InForce { text, sha256, since: now, is_built_in, refused: None });
        }
        match (thresholds, catalogue, limits) {
            (Some(thresholds), Some(catalogue), Some(limits)) if problems.is_empty() => {
                let misfits = misfits(&in_force, &thresholds, &catalogue, &limits);
                let (dir, kept, scripts) =
                    (dir.map(Path::to_owned), kept.to_owned(), scripts.to_vec());
                let mut documents = Self {
                    dir,
                    kept,
                    in_force,
                    thresholds,
                    catalogue,
                    limits,
                    objectives,
                    scripts,
                    misfits,
                };
                documents.join();
                Ok((documents, events))
            }
            _ => Err(BadDocuments::Wrong { problems }),
        }
    }

    /// The thresholds in force.
    pub fn thresholds(&self) -> &Arc<Thresholds> {
        &self.thresholds
    }

    /// The objectives in force.
    pub fn objectives(&self) -> &Arc<Objectives> {
        &self.objectives
    }

    /// Tells the thresholds what each objective counts.
    fn join(&mut self) {
        let joined = (*self.thresholds).clone().with_objectives(&self.objectives);
        self.thresholds = Arc::new(joined);
    }

    /// The limits in force.
    pub fn limits(&self) -> &Arc<Limits> {
        &self.limits
    }

    /// The approved commands. Unlike with the other documents there are none while the newest
    /// version is refused: what somebody meant to take away must not run because of a mistake
    /// beside it.
    pub fn catalogue(&self) -> Option<Arc<Catalogue>> {
        let refused = self.in_force.get(COMMANDS).is_none_or(|known| known.refused.is_some());
        (!refused).then(|| Arc::clone(&self.catalogue))
    }

    /// The place where the newest version of the approved commands is wrong, in a sentence, as long
    /// as that keeps all of them from running.
    pub fn without_catalogue(&self) -> Option<String> {
        let Refused { line, found, .. } = self.in_force.get(COMMANDS)?.refused.as_ref()?;
        let place =
            line.map_or_else(|| COMMANDS.to_owned(), |line| format!("{COMMANDS}, line {line}"));
        Some(format!("No recovery command runs until {COMMANDS} is fixed. {place}: {found}."))
    }

    /// Notes on disk which versions are in force; called when the journal has taken the events that
    /// say so.
    pub fn keep(&self) {
        for (name, document) in &self.in_force {
            let path = self.kept.join(name);
            let written = path
                .parent()
                .map_or(Ok(()), fs::create_dir_all)
                .and_then(|()| fs::write(&path, &document.text));
            if let Err(error) = written {
                tracing::warn!(document = name, %error, "the version in force could not be saved in the data directory");
            }
        }
    }

    /// Looks whether a document changed. Returns what to journal; the thresholds in force may be
    /// others afterwards.
    pub fn look(&mut self, now: Timestamp) -> Vec<Event> {
        let Some(dir) = self.dir.clone() else { return Vec::new() };
        let (mut events, mut changed) = (Vec::new(), false);
        for name in ALL {
            let Some(known) = self.in_force.get_mut(name) else { continue };
            let outcome = match read_or_built_in(Some(&dir), name) {
                Ok((text, is_built_in)) if text == known.text => {
                    (known.is_built_in, known.refused) = (is_built_in, None);
                    continue;
                }
                // Whoever replaces a folder takes it away for a moment: what was in force stays so.
                Ok((_, true)) if !known.is_built_in => Err(Refused {
                    sha256: String::new(),
                    error: format!(
                        "{name} is not there any more. Restart Calm Ops to use the built-in one"
                    ),
                    line: None,
                    found: "it is not there any more".to_owned(),
                }),
                Ok((text, is_built_in)) => check(name, &text, &self.scripts)
                    .map(|parsed| (parsed, text.clone(), is_built_in))
                    .map_err(|problems| {
                        let first = problems.first();
                        let error = first
                            .map_or_else(|| "it can't be read".to_owned(), Diagnostic::to_string);
                        let found = first.map_or_else(
                            || "it can't be read".to_owned(),
                            |first| first.found.clone(),
                        );
                        Refused {
                            sha256: sha256(&text),
                            error,
                            line: first.map(|first| first.line),
                            found,
                        }
                    }),
                Err(error) => Err(Refused {
                    sha256: String::new(),
                    error: error.to_string(),
                    line: None,
                    found: "it can't be read".to_owned(),
                }),
            };
            match outcome {
                Ok((parsed, text, is_built_in)) => {
                    let sha256 = sha256(&text);
                    events.push(in_force_event(name, &sha256, &known.text, &text));
                    *known = InForce { text, sha256, since: now, is_built_in, refused: None };
                    match parsed {
                        Parsed::Thresholds(thresholds) => self.thresholds = Arc::new(*thresholds),
                        Parsed::Catalogue(catalogue) => self.catalogue = Arc::new(catalogue),
                        Parsed::Limits(limits) => self.limits = Arc::new(*limits),
                        Parsed::Objectives(read) => self.objectives = Arc::new(read),
                        Parsed::Text => {}
                    }
                    changed = true;
                }
                Err(refused) => {
                    let Refused { sha256, error, .. } = refused.clone();
                    if known.refused.as_ref() != Some(&refused) {
                        known.refused = Some(refused);
                        events.push(Event::DocumentRefused {
                            name: name.to_owned(),
                            sha256,
                            error,
                        });
                    }
                }
            }
        }
        if changed {
            self.join();
            self.misfits = misfits(&self.in_force, &self.thresholds, &self.catalogue, &self.limits);
        }
        events
    }

    /// Rows that are right by themselves and do not fit together: a section of the guide or a
    /// command is named that is not there.
    pub fn misfits(&self) -> &[Diagnostic] {
        &self.misfits
    }

    /// Missing documents for which the built-in ones are in force, each in a sentence.
    pub fn missing(&self) -> Vec<String> {
        let Some(dir) = &self.dir else { return Vec::new() };
        let missing = self.in_force.iter().filter(|(_, document)| document.is_built_in);
        let tell = |(name, _): (&&str, &InForce)| {
            format!(
                "{name} is not in {}, so the built-in one is used. 'calm-ops init DIR' writes the documents that are missing.",
                dir.display()
            )
        };
        missing.map(tell).collect()
    }

    /// The states for the pages.
    pub fn states(&self) -> Vec<DocumentState> {
        let state = |(name, document): (&&str, &InForce)| DocumentState {
            name: (*name).to_owned(),
            sha256: document.sha256.clone(),
            since: document.since,
            error: document.refused.as_ref().map(|refused| refused.error.clone()),
        };
        self.in_force.iter().map(state).collect()
    }

    /// Their texts.
    pub fn texts(&self) -> Vec<Document> {
        self.in_force
            .iter()
            .map(|(name, document)| Document {
                name: (*name).to_owned(),
                markdown: document.text.clone(),
            })
            .collect()
    }
}

/// The newest version of the approved commands, by itself: the commands of a server that runs are
/// these, whatever became of the other documents since it was started.
pub fn catalogue(dir: Option<&Path>, scripts: &[OwnScript]) -> Result<Catalogue, BadDocuments> {
    let text = read(dir, COMMANDS)?;
    Catalogue::parse(COMMANDS, &text, scripts, collectors::signals()).map_err(|refusals| {
        BadDocuments::Wrong { problems: refusals.into_iter().map(Diagnostic::from).collect() }
    })
}

/// The newest version of the limits, by itself.
pub fn limits(dir: Option<&Path>) -> Result<Limits, BadDocuments> {
    let text = read(dir, LIMITS)?;
    Limits::parse(LIMITS, &text).map_err(|problems| BadDocuments::Wrong { problems })
}

fn misfits(
    in_force: &BTreeMap<&'static str, InForce>,
    thresholds: &Thresholds,
    catalogue: &Catalogue,
    limits: &Limits,
) -> Vec<Diagnostic> {
    let text = |name: &str| in_force.get(name).map_or("", |document| document.text.as_str());
    let at = |line: u32, found: String, expected: String| {
        let row = text(THRESHOLDS).lines().nth(line.saturating_sub(1) as usize).unwrap_or_default();
        let row: String = row.chars().take(200).collect();
        let width = u32::try_from(row.chars().count().clamp(1, 80)).unwrap_or(80);
        Diagnostic {
            file: THRESHOLDS.to_owned(),
            line,
            column: 1,
            width,
            text: row,
            found,
            expected,
        }
    };
    let rows = thresholds.rows();
    let sections: Vec<String> =
        text(GUIDE).lines().filter_map(|line| line.strip_prefix('#')).map(anchor).collect();
    let named = rows.iter().map(|row| (row.line, row.guidance.runbook.as_str()));
    let sections_missing = named
        .filter(|(_, section)| {
            !section.is_empty() && !sections.iter().any(|known| known == section)
        })
        .map(|(line, section)| {
            let found = format!("the runbook section '{section}' does not exist in {GUIDE}");
            at(line, found, format!("one of {}", sections.join(", ")))
        });
    let ids = rows.iter().flat_map(|row| row.guidance.commands.iter().map(|id| (row.line, id)));
    let commands_missing = ids.filter(|(_, id)| catalogue.get(id).is_none()).map(|(line, id)| {
        let known: Vec<&str> =
            catalogue.commands().iter().map(policy::catalogue::Command::id).collect();
        at(
            line,
            format!("the command '{id}' does not exist in {COMMANDS}"),
            format!("one of {}", known.join(", ")),
        )
    });
    let classes: Vec<&str> = limits.classes().iter().map(|class| class.name.as_str()).collect();
    let measured = rows.iter().flat_map(|row| {
        row.guidance.measures.iter().filter_map(|measure| match measure {
            AllowedMeasure::Limit { class, .. } => Some((row.line, class.as_str())),
            AllowedMeasure::SafeMode => None,
        })
    });
    let classes_missing =
        measured.filter(|(_, class)| !classes.contains(class)).map(|(line, class)| {
            let found = format!("the class '{class}' of a measure does not exist in {LIMITS}");
            at(line, found, format!("one of {}", classes.join(", ")))
        });
    let unworkable = rows.iter().filter_map(|row| {
        let why = row.unworkable(collectors::signals())?;
        let found = format!("this row of '{}' can't work: {why}", row.signal);
        Some(at(
            row.line,
            found,
            "thresholds that the signal can reach, from both sides".to_owned(),
        ))
    });
    let mut found: Vec<Diagnostic> =
        sections_missing.chain(commands_missing).chain(classes_missing).chain(unworkable).collect();
    found.sort_by_key(|problem| problem.line);
    found
}

/// Checks one document by its name; what rules are made from comes back as such.
fn check(name: &str, text: &str, scripts: &[OwnScript]) -> Result<Parsed, Vec<Diagnostic>> {
    let first = text.lines().next().unwrap_or_default();
    let whole = |found: &str, expected: &str| {
        Err(vec![Diagnostic {
            file: name.to_owned(),
            line: 1,
            column: 1,
            width: u32::try_from(first.chars().count().clamp(1, 80)).unwrap_or(80),
            text: first.chars().take(200).collect(),
            found: found.to_owned(),
            expected: expected.to_owned(),
        }])
    };
    if name == THRESHOLDS {
        let thresholds = Thresholds::parse(name, text, collectors::signals())?;
        // A file that is only half saved must not end every incident.
        if thresholds.rows().is_empty() {
            let expected = "a table of thresholds; 'calm-ops init DIR' writes an example";
            return whole("there is no threshold, so there would never be an alert", expected);
        }
        return Ok(Parsed::Thresholds(Box::new(thresholds)));
    }
    if name == OBJECTIVES {
        return Objectives::parse(name, text).map(Parsed::Objectives);
    }
    if name == LIMITS {
        return Limits::parse(name, text).map(|limits| Parsed::Limits(Box::new(limits)));
    }
    if let Some(audience) =
        MessageAudience::ALL.into_iter().find(|one| message_document(*one) == name)
    {
        MessageTemplate::parse(audience, name, text, collectors::signals())?;
        return Ok(Parsed::Text);
    }
    if name == REPORT_TEMPLATE {
        return ReportTemplate::parse(name, text).map(|_| Parsed::Text);
    }
    if name == COMMANDS {
        let read = Catalogue::parse(name, text, scripts, collectors::signals());
        return read
            .map(Parsed::Catalogue)
            .map_err(|refusals| refusals.into_iter().map(Diagnostic::from).collect());
    }
    if first.trim_end() == "format: 1" {
        return Ok(Parsed::Text);
    }
    whole("the document does not begin with its format", "the first line to be 'format: 1'")
}

/// Text of a document, and whether it is the built-in one because the file is missing where it may
/// be.
pub fn read_or_built_in(dir: Option<&Path>, name: &str) -> Result<(String, bool), BadDocuments> {
    let is_missing = may_be_missing(name)
        && dir.is_some_and(|dir| {
            // A link that leads nowhere is there, and wrong.
            fs::symlink_metadata(dir.join(name))
                .is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
        });
    Ok((read(dir.filter(|_| !is_missing), name)?, is_missing))
}

/// Text of a document in `dir`, or of the built-in one.
pub fn read(dir: Option<&Path>, name: &str) -> Result<String, BadDocuments> {
    let Some(dir) = dir else {
        return embedded::document(name).map(std::borrow::Cow::into_owned).ok_or_else(|| BadDocuments::Unreadable {
            path: name.into(),
            advice: "This program was built without its documents. Build it again with 'make dist'.",
            source: io::ErrorKind::NotFound.into(),
        });
    };
    let path = dir.join(name);
    let unreadable = |advice| {
        let path = path.clone();
        move |source| BadDocuments::Unreadable { path, advice, source }
    };
    let size = fs::metadata(&path)
        .map_err(unreadable("'calm-ops init DIR' writes the documents that are missing."))?
        .len();
    if size > LARGEST {
        return Err(unreadable("A document can have at most 512 KiB.")(
            io::ErrorKind::FileTooLarge.into(),
        ));
    }
    fs::read_to_string(&path).map_err(unreadable("It must be readable UTF-8 text."))
}

fn in_force_event(name: &str, sha256: &str, before: &str, after: &str) -> Event {
    Event::DocumentInForce {
        name: name.to_owned(),
        sha256: sha256.to_owned(),
        difference: difference(before, after),
    }
}

/// The lines that went (`-`) and came (`+`); empty when all of it is new.
fn difference(before: &str, after: &str) -> String {
    if before.is_empty() {
        return String::new();
    }
    let mut lines = String::new();
    for change in TextDiff::from_lines(before, after).iter_all_changes() {
        let sign = match change.tag() {
            ChangeTag::Equal => continue,
            ChangeTag::Delete => '-',
            ChangeTag::Insert => '+',
        };
        let line = change.value().trim_end();
        if lines.len() + line.len() > LONGEST_DIFFERENCE {
            lines.push_str("(more lines changed)\n");
            break;
        }
        lines.push(sign);
        lines.push_str(line);
        lines.push('\n');
    }
    lines
}

/// The difference of two versions of a document as a patch (unified format).
pub fn patch(name: &str, before: &str, after: &str) -> String {
    /// Lines around a change.
    const CONTEXT: usize = 3;
    TextDiff::from_lines(before, after)
        .unified_diff()
        .context_radius(CONTEXT)
        .header(&format!("a/{name}"), &format!("b/{name}"))
        .to_string()
}

/// The anchor of a heading, as the pages make it.
fn anchor(heading: &str) -> String {
    let kept = heading.trim_start_matches('#').trim().to_lowercase();
    kept.chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}

fn sha256(text: &str) -> String {
    domain::hash::Hash(Sha256::digest(text.as_bytes()).into()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_names_the_lines() {
        assert_eq!(difference("a\nb\nc\n", "a\nx\nc\n"), "-b\n+x\n");
        assert_eq!(difference("", "a\n"), "");
    }

    #[test]
    fn a_bad_edit_leaves_the_last_good_version_in_force() {
        let dir = tempfile::tempdir().unwrap();
        for name in ALL {
            fs::create_dir_all(dir.path().join(name).parent().unwrap()).unwrap();
            fs::write(dir.path().join(name), &*embedded::document(name).unwrap()).unwrap();
        }
        let kept = tempfile::tempdir().unwrap();
        let (mut documents, events) =
            Documents::load(Some(dir.path()), kept.path(), Timestamp::default()).unwrap();
        assert_eq!(events.len(), ALL.len());
        documents.keep();
        let sha256 = documents.thresholds().sha256().to_owned();
        fs::write(
            dir.path().join(THRESHOLDS),
            "format: 1\n\n| signal | nonsense |\n|---|---|\n| a | b |\n",
        )
        .unwrap();
        assert!(matches!(
            &documents.look(Timestamp::from_secs(1))[..],
            [Event::DocumentRefused { .. }]
        ));
        assert!(
            documents.look(Timestamp::from_secs(2)).is_empty(),
            "the same bad edit is told once"
        );
        fs::write(dir.path().join(THRESHOLDS), "format: 1\n\n# Half saved\n").unwrap();
        assert!(
            matches!(&documents.look(Timestamp::from_secs(2))[..], [Event::DocumentRefused { error, .. }] if error.contains("there is no threshold"))
        );
        assert_eq!(documents.thresholds().sha256(), sha256);
        assert!(
            documents
                .states()
                .iter()
                .any(|state| state.name == THRESHOLDS && state.error.is_some())
        );
        let guide = documents.texts().into_iter().find(|text| text.name == GUIDE).unwrap().markdown;
        fs::write(dir.path().join(GUIDE), format!("{guide}\n## Shorter\n")).unwrap();
        assert!(
            matches!(&documents.look(Timestamp::from_secs(3))[..], [Event::DocumentInForce { difference, .. }] if difference.contains("+## Shorter"))
        );
        assert_eq!(documents.misfits(), []);
        fs::write(dir.path().join(GUIDE), "format: 1\n\n# Nothing\n").unwrap();
        documents.look(Timestamp::from_secs(4));
        let missing = documents.misfits().first().unwrap();
        assert!(
            missing.line > 1 && missing.found.ends_with(&format!("does not exist in {GUIDE}")),
            "{missing}"
        );
        fs::write(dir.path().join(GUIDE), format!("{guide}\n## Shorter\n")).unwrap();
        documents.look(Timestamp::from_secs(5));
        assert_eq!(documents.misfits(), []);
        fs::write(
            dir.path().join(THRESHOLDS),
            embedded::document(THRESHOLDS).unwrap().replacen(
                "`journal-vacuum`",
                "`no-such-command`",
                1,
            ),
        )
        .unwrap();
        documents.look(Timestamp::from_secs(6));
        let missing = documents.misfits().first().unwrap();
        assert!(
            missing.line > 1
                && missing.found
                    == format!("the command 'no-such-command' does not exist in {COMMANDS}"),
            "{missing}"
        );
        let (_, events) = Documents::load(None, kept.path(), Timestamp::default()).unwrap();
        assert!(events.is_empty(), "what is in force already is not told again");
    }

    #[test]
    fn documents_from_before_there_were_templates_still_start() {
        let (dir, kept) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        for name in ALL.into_iter().filter(|name| !may_be_missing(name)) {
            fs::create_dir_all(dir.path().join(name).parent().unwrap()).unwrap();
            fs::write(dir.path().join(name), &*embedded::document(name).unwrap()).unwrap();
        }
        let load = || Documents::load(Some(dir.path()), kept.path(), Timestamp::default());
        let (mut documents, _) = load().unwrap();
        assert_eq!(documents.missing().len(), 5);
        let name = message_document(MessageAudience::All);
        assert!(documents.missing().iter().any(|told| told.starts_with(&format!("{name} is not"))));
        assert!(documents.look(Timestamp::from_secs(1)).is_empty());
        // A file that is there and wrong is an error, and a right one is in force.
        fs::create_dir_all(dir.path().join(name).parent().unwrap()).unwrap();
        fs::write(dir.path().join(name), "format: 1\n").unwrap();
        assert!(matches!(
            &documents.look(Timestamp::from_secs(2))[..],
            [Event::DocumentRefused { .. }]
        ));
        assert!(matches!(load(), Err(BadDocuments::Wrong { .. })));
        fs::write(dir.path().join(name), &*embedded::document(name).unwrap()).unwrap();
        assert!(documents.look(Timestamp::from_secs(3)).is_empty());
        assert_eq!(documents.missing().len(), 4);
        // Every other document must be there.
        fs::remove_file(dir.path().join(GUIDE)).unwrap();
        assert!(matches!(load(), Err(BadDocuments::Unreadable { .. })));
    }

    #[test]
    fn while_the_newest_commands_are_wrong_there_are_none() {
        let dir = tempfile::tempdir().unwrap();
        for name in ALL {
            fs::create_dir_all(dir.path().join(name).parent().unwrap()).unwrap();
            fs::write(dir.path().join(name), &*embedded::document(name).unwrap()).unwrap();
        }
        let kept = tempfile::tempdir().unwrap();
        let load = || Documents::load(Some(dir.path()), kept.path(), Timestamp::default());
        let (mut documents, _) = load().unwrap();
        let version = documents.catalogue().unwrap().version().to_owned();
        let good = embedded::document(COMMANDS).unwrap().into_owned();
        let line = good
            .lines()
            .position(|line| line.starts_with("| runs | `pm2 reload {app}` |"))
            .unwrap()
            + 1;
        fs::write(
            dir.path().join(COMMANDS),
            good.replacen(
                "| runs | `pm2 reload {app}` |",
                "| runs | `pm2 reload {app}; reboot` |",
                1,
            ),
        )
        .unwrap();
        assert!(
            matches!(&documents.look(Timestamp::from_secs(1))[..], [Event::DocumentRefused { name, .. }] if name == COMMANDS)
        );
        assert_eq!(documents.catalogue(), None);
        assert!(
            documents.without_catalogue().unwrap().contains(&format!("{COMMANDS}, line {line}: ")),
            "{:?}",
            documents.without_catalogue()
        );
        assert!(matches!(load(), Err(BadDocuments::Wrong { .. })), "at start it stops the program");
        fs::write(dir.path().join(COMMANDS), &good).unwrap();
        documents.look(Timestamp::from_secs(2));
        assert_eq!(
            (documents.catalogue().unwrap().version(), documents.without_catalogue()),
            (&*version, None)
        );
        fs::write(dir.path().join(COMMANDS), format!("{good}\nOne more line.\n")).unwrap();
        assert!(
            matches!(&documents.look(Timestamp::from_secs(3))[..], [Event::DocumentInForce { difference, .. }] if difference.contains("+One more line."))
        );
        assert_ne!(documents.catalogue().unwrap().version(), version);
    }
}
