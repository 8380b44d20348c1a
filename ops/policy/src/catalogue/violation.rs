//! The rules that refuse: each has a name and a sentence, and every refusal names the one that it
//! is about.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::diagnostic::Diagnostic;

macro_rules! rules {
    ($($(#[doc = $doc:literal])+ $rule:ident $name:literal $sentence:literal,)+) => {
        /// The rules that refuse something.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Rule {
            $($(#[doc = $doc])+ $rule,)+
        }

        impl Rule {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$rule),+];

            /// The name that is shown, stored and searched for.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$rule => $name),+ }
            }

            /// The rule in a sentence.
            pub const fn sentence(self) -> &'static str {
                match self { $(Self::$rule => $sentence),+ }
            }
        }
    };
}

rules! {
    /// The document isn't written as its top describes.
    Form "form" "The document is written as its top describes.",
    /// Something in the document isn't visible to people who read it.
    Hidden "hidden" "Nothing in the document is hidden from people who read it.",
    /// More of something than is allowed.
    Bounds "bounds" "Everything has a maximum size.",
    /// A text for people that isn't one.
    Words "words" "People read these words: plain text, short, without hidden characters.",
    /// An id that isn't one, or that stands twice.
    Identity "identity" "Each command has an id of its own.",
    /// A name of a signal that isn't one.
    SignalName "signal" "Signals are named exactly.",
    /// A duration outside of its bounds.
    Duration "duration" "Durations are within their bounds.",

    /// Something that isn't an argument vector: separators, quotes or spaces that only a shell
    /// would understand.
    NoShell "no-shell" "There is no shell: words with one space between them, and nothing else.",
    /// Characters that aren't plain ASCII.
    PlainCharacters "plain-characters" "Only visible ASCII characters.",
    /// A shell or an interpreter.
    Interpreter "interpreter" "No shells and no interpreters.",
    /// A program that deletes, overwrites or stops machines.
    Destructive "destructive" "Nothing that deletes data, writes files or stops a machine.",
    /// A program that changes the user.
    Privilege "privilege" "The user is set in its own row; no program changes it.",
    /// A variable in front of the program.
    Environment "environment" "No environment variables: a run gets a minimal environment.",
    /// A path instead of a program's name.
    ByName "by-name" "Programs are written by name; their paths are in the code.",
    /// A program that isn't on the list.
    ClosedList "closed-list" "Programs are a closed list in the code.",
    /// A subcommand that isn't on the list of its program.
    Subcommand "subcommand" "Each program has a closed list of subcommands.",
    /// A flag that isn't in the grammar.
    Flag "flag" "No flags beyond those of the grammar.",
    /// More or fewer arguments than the grammar has.
    Arguments "arguments" "As many arguments as the grammar has.",
    /// A literal where a placeholder belongs.
    NeedsPlaceholder "needs-placeholder" "The target is a placeholder, so that it is checked on each run.",
    /// A placeholder that isn't well formed, isn't declared, isn't used, or stands where none may.
    Placeholder "placeholder" "Placeholders are declared once, used once, and only where the grammar has one.",
    /// A placeholder of another kind than belongs there.
    PlaceholderKind "placeholder-kind" "A placeholder has the kind that its place requires.",
    /// A number below the floor or above the ceiling.
    Range "range" "Numbers stay within the range that is safe.",
    /// A check that acts.
    CheckLooks "check-looks" "A check only looks.",
    /// A command that only looks.
    CommandActs "command-acts" "A command changes something; what only looks is a check.",
    /// A reload without the check that belongs to it.
    NeedsCheck "needs-check" "nginx is restarted or reloaded only after 'nginx -t'.",
    /// A script that the host's configuration doesn't list, or that has parameters.
    Script "script" "A script runs only where the host's own configuration lists its path and hash, without arguments.",
    /// A built-in that runs as somebody.
    BuiltIn "built-in" "Built-ins are a closed list, and Calm Ops runs them itself.",
    /// A user's name that isn't one.
    User "user" "The user is Calm Ops itself or a plain user name.",
    /// High risk with one approver.
    TwoApprovers "two-approvers" "High risk needs two approvers.",
    /// Neither a command that undoes it, nor a reason why there is none.
    Undo "undo" "Each command says which other one undoes it, or why none can.",

    /// A program that the host doesn't have at one of its known places.
    Absent "absent" "The program is at one of its known places on this host.",
    /// A placeholder without a value.
    ValueMissing "value-missing" "Every placeholder has a value.",
    /// A value for no placeholder.
    ValueUnknown "value-unknown" "There are values for the command's placeholders, and no others.",
    /// An empty value.
    ValueEmpty "value-empty" "A value isn't empty.",
    /// A value that is too long.
    ValueLong "value-long" "A value has a maximum length.",
    /// A value that begins with a dash.
    ValueDash "value-dash" "A value never begins with '-': it would be a flag.",
    /// A value with a path separator or `..`.
    ValuePath "value-path" "A value is a name, never a path.",
    /// A value with other characters than its kind has.
    ValueCharacters "value-characters" "A value has only the characters of its kind.",
    /// `all`.
    AppAll "app-all" "One app at a time: PM2 takes 'all' as every app.",
    /// A name that PM2 reads as a number.
    AppNumber "app-number" "PM2 takes a number as the id of another process.",
    /// A name that PM2 reads as a file.
    AppFile "app-file" "PM2 reads what looks like a configuration file and starts what is in it.",
    /// A name that means something else to PM2.
    AppReserved "app-reserved" "Some words mean something else to PM2.",
    /// A unit that isn't a service.
    UnitService "unit-service" "Only services: a name that ends with '.service', written out.",
    /// A unit that must never be touched.
    UnitProtected "unit-protected" "What keeps the machine reachable and alive is never touched.",
    /// A value that isn't on the catalogue's list.
    NotListed "not-listed" "The value is one of those that the catalogue lists.",
    /// A value that wasn't seen.
    NotSeen "not-seen" "The value was seen on this host a moment ago.",
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for Rule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// Something in the catalogue that is refused: by which rule, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Refusal {
    pub(super) rule: Rule,
    pub(super) problem: Diagnostic,
}

impl Refusal {
    /// The rule.
    pub const fn rule(&self) -> Rule {
        self.rule
    }

    /// The place, with the rule's sentence in what was expected.
    pub const fn problem(&self) -> &Diagnostic {
        &self.problem
    }
}

impl From<Refusal> for Diagnostic {
    fn from(refusal: Refusal) -> Self {
        refusal.problem
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.problem.fmt(f)
    }
}

/// A value, or a fact about a host, that is refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{found}: {expected} ({rule}: {})", rule.sentence())]
pub struct Refused {
    /// By which rule.
    pub rule: Rule,
    /// The finding, shortened and escaped.
    pub found: String,
    /// The expectation.
    pub expected: String,
}

/// The finding at a place within a text, counted in characters.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Wrong {
    pub rule: Rule,
    /// From the text's beginning; `None` means all of it.
    pub place: Option<(usize, usize)>,
    pub found: String,
    pub expected: String,
}

pub(super) fn wrong(rule: Rule, found: impl Into<String>, expected: impl Into<String>) -> Wrong {
    Wrong { rule, place: None, found: found.into(), expected: expected.into() }
}

impl Wrong {
    pub(super) fn at(self, from: usize, width: usize) -> Self {
        Self { place: Some((from, width)), ..self }
    }
}

pub(super) fn refused(
    rule: Rule,
    found: impl Into<String>,
    expected: impl Into<String>,
) -> Refused {
    Refused { rule, found: found.into(), expected: expected.into() }
}

/// A hostile text as it may be shown: shortened, in quotes, escaped.
pub(super) fn shown(text: &str) -> String {
    let short: String = text.chars().take(60).collect();
    let more = if text.chars().nth(60).is_some() { "\u{2026}" } else { "" };
    let escaped: String = short
        .chars()
        .flat_map(|c| {
            if c.is_ascii() { c.escape_debug().to_string() } else { c.escape_default().to_string() }
                .chars()
                .collect::<Vec<_>>()
        })
        .collect();
    format!("'{escaped}{more}'")
}
