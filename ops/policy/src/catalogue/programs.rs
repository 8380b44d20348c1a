//! The closed list: every program that can ever be started, where it may be, and exactly which
//! arguments it may get. A catalogue chooses from this list; it can't add to it.

use std::{collections::BTreeMap, fmt};

use serde::Serialize;

use crate::{
    catalogue::{
        kind::{Kind, plain_number},
        violation::{Rule, Wrong, shown, wrong},
    },
    markdown_table::nearest,
};

/// A program that a command may start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Program {
    /// The process manager of Node.js programs.
    Pm2,
    /// The reverse proxy.
    Nginx,
    /// systemd's services.
    Systemctl,
    /// systemd's log.
    Journalctl,
    /// Certificates of Let's Encrypt and others.
    Certbot,
    /// The program that does nothing and succeeds: the command of a practice.
    True,
}

impl Program {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Pm2, Self::Nginx, Self::Systemctl, Self::Journalctl, Self::Certbot, Self::True];

    /// As the catalogue names it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pm2 => "pm2",
            Self::Nginx => "nginx",
            Self::Systemctl => "systemctl",
            Self::Journalctl => "journalctl",
            Self::Certbot => "certbot",
            Self::True => "true",
        }
    }

    /// Every place where it may be, the likeliest first. A host takes the first one that is there.
    /// PATH is never asked.
    pub const fn candidates(self) -> &'static [&'static str] {
        match self {
            Self::Pm2 => &["/usr/bin/pm2", "/usr/local/bin/pm2"],
            Self::Nginx => &[
                "/usr/sbin/nginx",
                "/usr/bin/nginx",
                "/usr/local/sbin/nginx",
                "/usr/local/nginx/sbin/nginx",
            ],
            Self::Systemctl => &["/usr/bin/systemctl", "/bin/systemctl"],
            Self::Journalctl => &["/usr/bin/journalctl", "/bin/journalctl"],
            Self::Certbot => &["/usr/bin/certbot", "/snap/bin/certbot", "/usr/local/bin/certbot"],
            Self::True => &["/usr/bin/true", "/bin/true"],
        }
    }

    /// Every argument vector that is allowed, without the program itself.
    const fn forms(self) -> &'static [Form] {
        use Slot::{App, Certificate, Unit};
        use Token::{Number, Slot as Any, Word};
        match self {
            Self::Pm2 => {
                const {
                    &[
                        Form::acts(&[Word("reload"), Any(App)]),
                        Form::acts(&[Word("restart"), Any(App)]),
                        Form::acts(&[Word("flush"), Any(App)]),
                    ]
                }
            }
            Self::Nginx => {
                const { &[Form::looks(&[Word("-t")]), Form::acts(&[Word("-s"), Word("reload")])] }
            }
            Self::Systemctl => {
                const {
                    &[
                        Form::acts(&[Word("restart"), Any(Unit)]),
                        Form::acts(&[Word("reload"), Any(Unit)]),
                    ]
                }
            }
            // What is kept is never less than 100 MB or two days: it is the evidence of what
            // happened.
            Self::Journalctl => {
                const {
                    &[
                        Form::acts(&[Number {
                            before: "--vacuum-size=",
                            after: "M",
                            least: 100,
                            most: 1_000_000,
                        }]),
                        Form::acts(&[Number {
                            before: "--vacuum-size=",
                            after: "G",
                            least: 1,
                            most: 1_000,
                        }]),
                        Form::acts(&[Number {
                            before: "--vacuum-time=",
                            after: "d",
                            least: 2,
                            most: 3_650,
                        }]),
                    ]
                }
            }
            Self::Certbot => {
                const {
                    &[
                        Form::acts(&[Word("renew")]),
                        Form::acts(&[Word("renew"), Word("--cert-name"), Any(Certificate)]),
                    ]
                }
            }
            Self::True => const { &[Form::acts(&[])] },
        }
    }

    fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|program| program.name() == name)
    }
}

/// The actions that Calm Ops carries out by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum BuiltIn {
    /// Cancels one query in the PostgreSQL database that Calm Ops stores in; its session stays.
    QueryCancel,
}

impl BuiltIn {
    /// As the catalogue names it, after `built-in:`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::QueryCancel => "query-cancel",
        }
    }

    const fn form(self) -> &'static Form {
        match self {
            Self::QueryCancel => &const { Form::acts(&[Token::Slot(Slot::Query)]) },
        }
    }
}

/// The purpose of a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// Changes something: a command.
    Acts,
    /// Only looks: a check.
    Looks,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Slot {
    App,
    Unit,
    Certificate,
    Query,
}

impl Slot {
    const fn takes(self, kind: &Kind) -> bool {
        matches!(
            (self, kind),
            (Self::App, Kind::App)
                | (Self::Unit, Kind::Unit { .. })
                | (Self::Certificate, Kind::Certificate)
                | (Self::Query, Kind::Query)
        )
    }

    /// As a person would write its row.
    const fn example(self) -> &'static str {
        match self {
            Self::App => "a placeholder that is 'an app seen under PM2'",
            Self::Unit => "a placeholder that is 'one of the units `nginx.service`'",
            Self::Certificate => "a placeholder that is 'a certificate that certbot has'",
            Self::Query => "a placeholder that is 'a query that runs now'",
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Token {
    /// Exactly this.
    Word(&'static str),
    /// A placeholder and nothing else.
    Slot(Slot),
    /// A number, written out or a placeholder, between two fixed texts.
    Number { before: &'static str, after: &'static str, least: u64, most: u64 },
}

/// One argument vector that is allowed.
#[derive(Clone, Copy, Debug)]
struct Form {
    role: Role,
    tokens: &'static [Token],
}

impl Form {
    const fn acts(tokens: &'static [Token]) -> Self {
        Self { role: Role::Acts, tokens }
    }

    const fn looks(tokens: &'static [Token]) -> Self {
        Self { role: Role::Looks, tokens }
    }
}

/// A piece of an argument.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Stands there as it is.
    Literal(String),
    /// The value of this placeholder stands there.
    Placeholder(String),
}

/// One argument: its parts without anything between them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Argument(pub(super) Vec<Part>);

impl Argument {
    /// Its parts.
    pub fn parts(&self) -> &[Part] {
        &self.0
    }

    /// Its text, where no placeholder is in it.
    pub fn literal(&self) -> Option<&str> {
        match self.0.as_slice() {
            [Part::Literal(text)] => Some(text),
            _ => None,
        }
    }
}

/// An argument of a text, with its place.
#[derive(Debug)]
pub(super) struct Word {
    from: usize,
    raw: String,
    argument: Argument,
}

impl Word {
    fn wrong(&self, rule: Rule, found: impl Into<String>, expected: impl Into<String>) -> Wrong {
        wrong(rule, found, expected).at(self.from, self.raw.len())
    }
}

/// A program and its arguments, of the closed list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Vector {
    pub(super) program: Program,
    pub(super) arguments: Vec<Argument>,
}

impl Vector {
    /// The program.
    pub const fn program(&self) -> Program {
        self.program
    }

    /// Its arguments, without the program itself.
    pub fn arguments(&self) -> &[Argument] {
        &self.arguments
    }
}

/// Splits a text into arguments. Whatever a shell would do with it is refused.
pub(super) fn words(text: &str) -> Result<Vec<Word>, Wrong> {
    const EXPECTED: &str = "a program of the list and its arguments, such as `pm2 reload {app}`";
    const MOST_ARGUMENTS: usize = 8;
    if text.len() > 200 {
        return Err(wrong(Rule::Bounds, format!("{} bytes", text.len()), "at most 200 bytes"));
    }
    if let Some(at) = text.chars().position(|c| !(c.is_ascii_graphic() || c == ' ')) {
        return Err(
            wrong(Rule::PlainCharacters, "a character that isn't plain ASCII", EXPECTED).at(at, 1)
        );
    }
    let is_plain = |c: char| {
        c.is_ascii_alphanumeric()
            || matches!(c, ' ' | '-' | '_' | '.' | '/' | '=' | ':' | '@' | '{' | '}')
    };
    if let Some((at, c)) = text.chars().enumerate().find(|&(_, c)| !is_plain(c)) {
        return Err(wrong(Rule::NoShell, format!("'{c}'"), EXPECTED).at(at, 1));
    }
    let mut words = Vec::new();
    let mut from = 0;
    for raw in text.split(' ') {
        if raw.is_empty() {
            return Err(wrong(
                Rule::NoShell,
                "words without exactly one space between them",
                EXPECTED,
            )
            .at(from, 1));
        }
        words.push(Word {
            from,
            raw: raw.to_owned(),
            argument: argument(raw).map_err(|wrong| wrong.at(from, raw.len()))?,
        });
        from += raw.len() + 1;
    }
    if words.len() > MOST_ARGUMENTS {
        return Err(wrong(
            Rule::Bounds,
            format!("{} words", words.len()),
            format!("at most {MOST_ARGUMENTS}"),
        ));
    }
    Ok(words)
}

/// True if a text may name a placeholder.
pub(super) fn is_placeholder(name: &str) -> bool {
    name.len() <= 30
        && name.split('-').all(|word| {
            word.starts_with(|c: char| c.is_ascii_lowercase())
                && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        })
}

fn argument(raw: &str) -> Result<Argument, Wrong> {
    let bad = || {
        wrong(
            Rule::Placeholder,
            format!("{} isn't well formed", shown(raw)),
            "'{app}': lower-case letters between braces",
        )
    };
    let mut parts = Vec::new();
    let mut rest = raw;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, left) = after.split_once('}').ok_or_else(bad)?;
        if before.contains('}') || !is_placeholder(name) {
            return Err(bad());
        }
        if !before.is_empty() {
            parts.push(Part::Literal(before.to_owned()));
        }
        parts.push(Part::Placeholder(name.to_owned()));
        rest = left;
    }
    if rest.contains('}') {
        return Err(bad());
    }
    if !rest.is_empty() {
        parts.push(Part::Literal(rest.to_owned()));
    }
    Ok(Argument(parts))
}

/// The action of a command, or its check.
#[derive(Debug)]
pub(super) enum What {
    Vector(Vector),
    Script(String),
    BuiltIn(BuiltIn, Argument),
}

/// Holds words against the closed list.
pub(super) fn command(words: &[Word], kinds: &BTreeMap<String, Kind>) -> Result<What, Wrong> {
    let (what, role) = known(words, kinds)?;
    match role {
        Role::Acts => Ok(what),
        Role::Looks => {
            Err(wrong(Rule::CommandActs, "a command that only looks", "'check' is the row for it"))
        }
    }
}

/// A vector that only looks, without placeholders.
pub(super) fn check(words: &[Word]) -> Result<Vector, Wrong> {
    match known(words, &BTreeMap::new())? {
        (What::Vector(vector), Role::Looks) => Ok(vector),
        _ => Err(wrong(Rule::CheckLooks, "a check that acts", "`nginx -t`, or '-'")),
    }
}

/// True if it restarts or reloads nginx, which a mistake in its configuration would stop.
pub(super) fn needs_check(vector: &Vector, kinds: &BTreeMap<String, Kind>) -> bool {
    match vector.program {
        Program::Nginx => true,
        Program::Systemctl => {
            kinds.values().any(|kind| matches!(kind, Kind::Unit { of } if of.iter().any(|unit| unit.eq_ignore_ascii_case("nginx.service"))))
        }
        Program::Pm2 | Program::Journalctl | Program::Certbot | Program::True => false,
    }
}

fn known(words: &[Word], kinds: &BTreeMap<String, Kind>) -> Result<(What, Role), Wrong> {
    let Some((first, rest)) = words.split_first() else {
        return Err(wrong(
            Rule::NoShell,
            "nothing",
            "a program of the list and its arguments, such as `pm2 reload {app}`",
        ));
    };
    let name = first.raw.as_str();
    if name.contains('{') {
        return Err(first.wrong(
            Rule::Placeholder,
            "a placeholder in place of the program",
            list(),
        ));
    }
    if let Some(script) = name.strip_prefix("script:") {
        return match rest.first() {
            None => Ok((What::Script(script.to_owned()), Role::Acts)),
            Some(word) => Err(word.wrong(
                Rule::Script,
                shown(&word.raw),
                "a script without arguments, such as `script:clear-cache`",
            )),
        };
    }
    if let Some(built_in) = name.strip_prefix("built-in:") {
        if built_in != BuiltIn::QueryCancel.name() {
            return Err(first.wrong(Rule::BuiltIn, shown(name), "`built-in:query-cancel {query}`"));
        }
        let built_in = BuiltIn::QueryCancel;
        fits(built_in.form(), rest, kinds).map_err(|(_, wrong)| {
            wrong.unwrap_or_else(|| short(first, "`built-in:query-cancel {query}`"))
        })?;
        return match rest.first() {
            Some(word) => Ok((What::BuiltIn(built_in, word.argument.clone()), Role::Acts)),
            None => Err(short(first, "`built-in:query-cancel {query}`")),
        };
    }
    let program = Program::named(name).ok_or_else(|| unlisted(first))?;
    let mut best: Option<(usize, Option<Wrong>)> = None;
    for form in program.forms() {
        match fits(form, rest, kinds) {
            Ok(()) => {
                let arguments = rest.iter().map(|word| word.argument.clone()).collect();
                return Ok((What::Vector(Vector { program, arguments }), form.role));
            }
            Err((far, wrong)) if best.as_ref().is_none_or(|(most, _)| far > *most) => {
                best = Some((far, wrong));
            }
            Err(_) => {}
        }
    }
    let told = best.and_then(|(_, wrong)| wrong);
    Err(told.unwrap_or_else(|| short(first, &forms(program))))
}

fn short(first: &Word, expected: &str) -> Wrong {
    first.wrong(Rule::Arguments, format!("too few arguments for {}", shown(&first.raw)), expected)
}

fn list() -> String {
    let names: Vec<&str> = Program::ALL.into_iter().map(Program::name).collect();
    format!("one of {}, or 'script:NAME'", names.join(", "))
}

/// The forms of a program as a person would write them.
fn forms(program: Program) -> String {
    let one = |form: &Form| {
        let mut text = program.name().to_owned();
        for token in form.tokens {
            text.push(' ');
            match token {
                Token::Word(word) => text.push_str(word),
                Token::Slot(Slot::App) => text.push_str("{app}"),
                Token::Slot(Slot::Unit) => text.push_str("{unit}"),
                Token::Slot(Slot::Certificate) => text.push_str("{certificate}"),
                Token::Slot(Slot::Query) => text.push_str("{query}"),
                Token::Number { before, after, least, .. } => {
                    text.push_str(&format!("{before}{least}{after}"));
                }
            }
        }
        format!("`{text}`")
    };
    program.forms().iter().map(one).collect::<Vec<_>>().join(", ")
}

/// Compares words with a form; where they do not fit, tells how many of them did, and what is wrong
/// with the next (`None`: it is missing).
fn fits(
    form: &Form,
    words: &[Word],
    kinds: &BTreeMap<String, Kind>,
) -> Result<(), (usize, Option<Wrong>)> {
    for (place, token) in form.tokens.iter().enumerate() {
        let word = words.get(place).ok_or((place * 3, None))?;
        one(*token, word, kinds).map_err(|(near, wrong)| (place * 3 + near, Some(wrong)))?;
    }
    match words.get(form.tokens.len()) {
        None => Ok(()),
        Some(word) if word.raw.starts_with('-') => Err((
            form.tokens.len() * 3,
            Some(word.wrong(Rule::Flag, shown(&word.raw), "nothing more")),
        )),
        Some(word) => Err((
            form.tokens.len() * 3,
            Some(word.wrong(Rule::Arguments, shown(&word.raw), "nothing more")),
        )),
    }
}

/// Compares a word with a token. The number, below 3, tells how nearly it is so.
fn one(token: Token, word: &Word, kinds: &BTreeMap<String, Kind>) -> Result<(), (usize, Wrong)> {
    match token {
        Token::Word(text) if word.argument.literal() == Some(text) => Ok(()),
        Token::Word(text) => {
            let rule = if word.raw.starts_with('-') { Rule::Flag } else { Rule::Subcommand };
            Err((
                0,
                word.wrong(rule, shown(&word.raw), format!("`{text}` or another form of the list")),
            ))
        }
        Token::Slot(slot) => match word.argument.0.as_slice() {
            [Part::Placeholder(name)] => match kinds.get(name) {
                Some(kind) if slot.takes(kind) => Ok(()),
                Some(kind) => Err((
                    2,
                    word.wrong(
                        Rule::PlaceholderKind,
                        format!("'{{{name}}}' is {}", kind.shown()),
                        slot.example(),
                    ),
                )),
                None => Err((
                    2,
                    word.wrong(
                        Rule::Placeholder,
                        format!("'{{{name}}}' has no row"),
                        slot.example(),
                    ),
                )),
            },
            [Part::Literal(text)] => {
                let rule = if text.starts_with('-') { Rule::Flag } else { Rule::NeedsPlaceholder };
                Err((2, word.wrong(rule, shown(text), slot.example())))
            }
            _ => Err((
                2,
                word.wrong(
                    Rule::Placeholder,
                    format!("{} isn't only a placeholder", shown(&word.raw)),
                    slot.example(),
                ),
            )),
        },
        Token::Number { before, after, least, most } => {
            number(word, kinds, before, after, (least, most))
        }
    }
}

fn number(
    word: &Word,
    kinds: &BTreeMap<String, Kind>,
    before: &str,
    after: &str,
    (least, most): (u64, u64),
) -> Result<(), (usize, Wrong)> {
    let example = format!("`{before}{least}{after}` or more, at most {most}{after}");
    if let Some(text) = word.argument.literal() {
        let Some(rest) = text.strip_prefix(before) else {
            let rule = if text.starts_with('-') { Rule::Flag } else { Rule::Subcommand };
            return Err((0, word.wrong(rule, shown(text), example)));
        };
        // Another form may have this unit: then that one is nearer.
        let near = 1 + usize::from(rest.ends_with(after));
        return match rest.strip_suffix(after).and_then(plain_number) {
            Some(number) if (least..=most).contains(&number) => Ok(()),
            _ => Err((near, word.wrong(Rule::Range, shown(text), example))),
        };
    }
    match word.argument.0.as_slice() {
        [Part::Literal(one), Part::Placeholder(name), Part::Literal(two)]
            if one == before && two == after =>
        {
            match kinds.get(name) {
                Some(Kind::Number { from, to, .. }) if *from >= least && *to <= most => Ok(()),
                Some(Kind::Number { from, to, .. }) => {
                    Err((2, word.wrong(Rule::Range, format!("from {from} to {to}"), example)))
                }
                Some(kind) => Err((
                    2,
                    word.wrong(
                        Rule::PlaceholderKind,
                        format!("'{{{name}}}' is {}", kind.shown()),
                        "a whole number",
                    ),
                )),
                None => Err((
                    2,
                    word.wrong(
                        Rule::Placeholder,
                        format!("'{{{name}}}' has no row"),
                        "a row that says which numbers",
                    ),
                )),
            }
        }
        _ => Err((
            0,
            word.wrong(
                Rule::Placeholder,
                format!("a placeholder in {}", shown(&word.raw)),
                example,
            ),
        )),
    }
}

/// A program that isn't on the list: by which rule is the reader told that best?
fn unlisted(word: &Word) -> Wrong {
    const INTERPRETERS: [&str; 36] = [
        "sh", "bash", "dash", "zsh", "ksh", "fish", "csh", "tcsh", "busybox", "env", "xargs",
        "nohup", "setsid", "timeout", "nice", "python", "perl", "ruby", "node", "nodejs", "npm",
        "npx", "php", "lua", "awk", "gawk", "sed", "expect", "psql", "mysql", "sqlite3", "ssh",
        "docker", "kubectl", "make", "watch",
    ];
    const DESTRUCTIVE: [&str; 28] = [
        "rm", "rmdir", "unlink", "shred", "dd", "mkfs", "mv", "cp", "tee", "truncate", "find",
        "chmod", "chown", "kill", "killall", "pkill", "reboot", "shutdown", "halt", "poweroff",
        "init", "umount", "fdisk", "parted", "wipefs", "dropdb", "curl", "wget",
    ];
    const PRIVILEGE: [&str; 7] = ["sudo", "su", "doas", "pkexec", "runuser", "setpriv", "chroot"];
    let name = word.raw.as_str();
    let base = name.rsplit('/').next().unwrap_or(name).to_ascii_lowercase();
    let stem = base
        .split(['.', '-'])
        .next()
        .unwrap_or_default()
        .trim_end_matches(|c: char| c.is_ascii_digit());
    let is = |known: &[&str]| known.contains(&base.as_str()) || known.contains(&stem);
    let rule = if name.contains('=') {
        Rule::Environment
    } else if is(&INTERPRETERS) {
        Rule::Interpreter
    } else if is(&DESTRUCTIVE) {
        Rule::Destructive
    } else if is(&PRIVILEGE) {
        Rule::Privilege
    } else if name.contains('/') {
        Rule::ByName
    } else {
        Rule::ClosedList
    };
    let near = nearest(&base, Program::ALL.into_iter().map(Program::name));
    let expected = match (rule, near) {
        (Rule::ClosedList, Some(near)) => format!("{}; did you mean '{near}'?", list()),
        _ => list(),
    };
    word.wrong(rule, shown(name), expected)
}

impl fmt::Display for Argument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in self.parts() {
            match part {
                Part::Literal(text) => f.write_str(text)?,
                Part::Placeholder(name) => write!(f, "{{{name}}}")?,
            }
        }
        Ok(())
    }
}

/// As the document writes it, with the program's name and its placeholders.
impl fmt::Display for Vector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.program.name())?;
        self.arguments.iter().try_for_each(|argument| write!(f, " {argument}"))
    }
}
