//! The plan of an execution: one argument vector with everything around it, checked.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use domain::time::Span;
use serde::Serialize;

use super::{
    program,
    rule::{Refusal, Rule},
    user::{SETPRIV, SUDO, User, Way},
};

/// The folders where programs look for others.
pub const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// The variables that a command may ask for.
pub const VARIABLES: &[&str] = &["NO_COLOR", "PM2_HOME", "SYSTEMD_COLORS", "SYSTEMD_PAGER"];
/// The longest time that anything runs.
pub const LONGEST: Span = Span::from_secs(3600);

const MOST_ARGUMENTS: usize = 64;
const LONGEST_ARGUMENT: usize = 4096;
const DEFAULT_OUTPUT: usize = 256 * 1024;
const OUTPUT: std::ops::RangeInclusive<usize> = 4 * 1024..=4 * 1024 * 1024;

/// One argument vector that may be executed, with its user, environment and limits. Only
/// [`Plan::of`] makes one, so that one that exists has passed every rule; what may have changed on
/// the disk since is looked at again at the start.
#[derive(Clone, Debug)]
pub struct Plan {
    pub(super) program: PathBuf,
    pub(super) arguments: Vec<String>,
    pub(super) user: User,
    pub(super) way: Way,
    pub(super) variables: Vec<(String, String)>,
    pub(super) beside: bool,
    pub(super) time_limit: Span,
    pub(super) output_limit: usize,
    pub(super) sha256: Option<[u8; 32]>,
    pub(super) check: Option<Box<Plan>>,
}

/// A plan in the making.
#[derive(Clone, Debug)]
pub struct Builder {
    program: PathBuf,
    arguments: Vec<String>,
    user: Option<String>,
    way: Option<Way>,
    variables: Vec<(String, String)>,
    beside: bool,
    time_limit: Span,
    output_limit: usize,
    sha256: Option<[u8; 32]>,
    check: Option<Plan>,
}

impl Plan {
    /// Begins a plan for the program at this absolute path: as our own user, one minute, 256 KiB of
    /// output.
    pub fn of(program: impl Into<PathBuf>) -> Builder {
        Builder {
            program: program.into(),
            arguments: Vec::new(),
            user: None,
            way: None,
            variables: Vec::new(),
            beside: false,
            time_limit: Span::from_secs(60),
            output_limit: DEFAULT_OUTPUT,
            sha256: None,
            check: None,
        }
    }

    /// The user who runs it.
    pub fn user(&self) -> &User {
        &self.user
    }

    /// Looks at the disk again, which may have changed since the plan was made.
    pub(super) fn look_again(&self) -> Result<(), Refusal> {
        let for_other = self.sha256.is_some() && self.way != Way::Direct;
        program::check(&self.program, self.user.uid, for_other)?;
        match self.way {
            Way::Direct => Ok(()),
            Way::Sudo => program::check(Path::new(SUDO), 0, true),
            Way::Setpriv => program::check(Path::new(SETPRIV), 0, true),
        }
    }

    /// The whole vector as the kernel gets it.
    pub fn vector(&self) -> Vec<String> {
        let mut vector: Vec<String> = match self.way {
            Way::Direct => Vec::new(),
            Way::Sudo => {
                let mut vector = [SUDO, "-n", "-u", &self.user.name].map(str::to_owned).to_vec();
                // sudo makes its own environment; a variable that it does not allow stops it,
                // instead of being lost in silence.
                vector.extend(self.variables.iter().map(|(name, value)| format!("{name}={value}")));
                vector.push("--".to_owned());
                vector
            }
            Way::Setpriv => {
                let (uid, gid) = (self.user.uid.to_string(), self.user.gid.to_string());
                [SETPRIV, "--reuid", &uid, "--regid", &gid, "--init-groups", "--"]
                    .map(str::to_owned)
                    .to_vec()
            }
        };
        vector.push(self.program.to_string_lossy().into_owned());
        vector.extend(self.arguments.iter().cloned());
        vector
    }

    pub(super) fn environment(&self) -> Vec<(String, String)> {
        let mut path = PATH.to_owned();
        if self.beside
            && let Some(directory) = self.program.parent()
        {
            path = format!("{path}:{}", directory.display());
        }
        let home = self.user.home.to_string_lossy().into_owned();
        let mut all = vec![
            ("PATH".to_owned(), path),
            ("HOME".to_owned(), home),
            ("LANG".to_owned(), "C.UTF-8".to_owned()),
        ];
        all.extend(self.variables.iter().cloned());
        all
    }

    /// Exactly what would be executed, for people. Nothing is executed.
    pub fn describe(&self) -> Description {
        Description {
            command: self.vector().iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" "),
            program: self.program.clone(),
            arguments: self.arguments.clone(),
            user: self.user.name.clone(),
            way: self.way,
            environment: self.environment(),
            directory: "an empty directory of its own, removed afterwards".to_owned(),
            time_limit: self.time_limit,
            output_limit: self.output_limit,
            sha256: self.sha256.map(|hash| hash.iter().map(|byte| format!("{byte:02x}")).collect()),
            check: self.check.as_ref().map(|check| Box::new(check.describe())),
        }
    }
}

impl Builder {
    /// Adds one argument, passed on as it is.
    #[must_use]
    pub fn arg(mut self, argument: impl Into<String>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<T: Into<String>>(mut self, arguments: impl IntoIterator<Item = T>) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// Runs as this user.
    #[must_use]
    pub fn user(mut self, name: impl Into<String>) -> Self {
        self.user = Some(name.into());
        self
    }

    /// Goes another way to another user: root where there is no `setpriv` goes through `sudo`.
    #[must_use]
    pub fn way(mut self, way: Way) -> Self {
        self.way = Some(way);
        self
    }

    /// Passes a variable of [`VARIABLES`].
    #[must_use]
    pub fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.variables.push((name.into(), value.into()));
        self
    }

    /// Lets the program find others that lie beside it, after all fixed directories: `node` beside
    /// a `pm2` of its own installation. The directory has passed the same rules as the program.
    /// Through `sudo` it has no effect.
    #[must_use]
    pub fn with_programs_beside(mut self) -> Self {
        self.beside = true;
        self
    }

    /// Ends it after this time.
    #[must_use]
    pub fn time_limit(mut self, limit: Span) -> Self {
        self.time_limit = limit;
        self
    }

    /// Keeps at most this many bytes of output: the head and the tail.
    #[must_use]
    pub fn output_limit(mut self, bytes: usize) -> Self {
        self.output_limit = bytes;
        self
    }

    /// Executes the file only if it has this SHA-256.
    ///
    /// As our own user a private copy of exactly the bytes that were hashed is executed, so no
    /// exchange in between can matter (and a script sees the copy's place in `$0`). For another
    /// user nobody but root may be able to change the file or what leads to it; with `sudo`, put
    /// the same `sha256:` before the path in the sudoers file, which makes `sudo` compare as well.
    #[must_use]
    pub fn sha256(mut self, hash: [u8; 32]) -> Self {
        self.sha256 = Some(hash);
        self
    }

    /// Executes this first, by the same rules; it must end with 0.
    #[must_use]
    pub fn check(mut self, check: Plan) -> Self {
        self.check = Some(check);
        self
    }

    /// The plan, if no rule refuses it.
    pub fn finish(self) -> Result<Plan, Refusal> {
        let refuse = |rule, sentence: String| Err(Refusal::new(rule, sentence));
        let user = self.user.as_deref().map_or_else(User::ours, User::named)?;
        let way = match self.way {
            Some(way) if Way::to(&user) != Way::Direct && way != Way::Direct => way,
            _ => Way::to(&user),
        };
        if self.arguments.len() > MOST_ARGUMENTS {
            return refuse(
                Rule::PlainArguments,
                format!("{} are too many arguments", self.arguments.len()),
            );
        }
        for argument in &self.arguments {
            if argument.len() > LONGEST_ARGUMENT
                || domain::redact::clean(argument) != *argument
                || argument.contains('\t')
            {
                let shown: String = argument.chars().take(40).collect();
                return refuse(
                    Rule::PlainArguments,
                    format!("the argument {shown:?} is too long or contains invisible characters"),
                );
            }
        }
        for (place, (name, value)) in self.variables.iter().enumerate() {
            let plain =
                |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '-' | '_' | '@');
            let twice = self.variables[..place].iter().any(|(other, _)| other == name);
            let is_path = name.ends_with("_HOME");
            let odd_path =
                is_path && (!value.starts_with('/') || value.split('/').any(|part| part == ".."));
            if !VARIABLES.contains(&name.as_str())
                || twice
                || value.len() > 512
                || !value.chars().all(plain)
                || odd_path
                || (!is_path && value.contains('/'))
            {
                return refuse(
                    Rule::KnownVariable,
                    format!(
                        "the variable {name:?} is not one of {} or has an invalid value",
                        VARIABLES.join(", ")
                    ),
                );
            }
        }
        if self.time_limit == Span::ZERO || self.time_limit > LONGEST {
            return refuse(
                Rule::TimeLimit,
                format!("the time limit {} is not between 0 and 1 h", self.time_limit),
            );
        }
        if !OUTPUT.contains(&self.output_limit) {
            return refuse(
                Rule::OutputLimit,
                format!(
                    "the output limit of {} bytes is not between 4 KiB and 4 MiB",
                    self.output_limit
                ),
            );
        }
        if self.check.as_ref().is_some_and(|check| check.check.is_some()) {
            return refuse(Rule::OneCheck, "a check has no check of its own".to_owned());
        }
        if self.beside && self.program.to_string_lossy().contains(':') {
            return refuse(
                Rule::AbsolutePath,
                "a directory with a colon cannot be searched for programs".to_owned(),
            );
        }
        let plan = Plan {
            program: self.program,
            arguments: self.arguments,
            user,
            way,
            variables: self.variables,
            beside: self.beside,
            time_limit: self.time_limit,
            output_limit: self.output_limit,
            sha256: self.sha256,
            check: self.check.map(Box::new),
        };
        plan.look_again()?;
        if let Some(hash) = &plan.sha256 {
            program::read_hashed(&plan.program, hash)?;
        }
        Ok(plan)
    }
}

/// The description of a plan. Its text is what a person reads before saying yes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Description {
    /// The whole vector in one line, each word quoted as a shell would need it. No shell reads it.
    pub command: String,
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// The user who runs it.
    pub user: String,
    /// The way to become that user.
    pub way: Way,
    /// The whole environment.
    pub environment: Vec<(String, String)>,
    /// The folder in which it runs.
    pub directory: String,
    /// The time after which it is ended.
    pub time_limit: Span,
    /// Number of bytes of output that are kept.
    pub output_limit: usize,
    /// The only hash that its file may have.
    pub sha256: Option<String>,
    /// The check that is executed before it.
    pub check: Option<Box<Description>>,
}

impl fmt::Display for Description {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(check) = &self.check {
            writeln!(f, "First this check, which has to exit with code 0:\n{check}\nThen:")?;
        }
        writeln!(f, "  command      {}", self.command)?;
        writeln!(f, "  program      {}", quoted(&self.program.to_string_lossy()))?;
        for (place, argument) in self.arguments.iter().enumerate() {
            writeln!(f, "  argument {:<3} {}", place + 1, quoted(argument))?;
        }
        writeln!(f, "  user         {}", self.user)?;
        for (name, value) in &self.environment {
            writeln!(f, "  environment  {name}={}", quoted(value))?;
        }
        writeln!(f, "  directory    {}", self.directory)?;
        if let Some(hash) = &self.sha256 {
            writeln!(f, "  only if      its SHA-256 is {hash}")?;
        }
        writeln!(f, "  time limit   {}", self.time_limit)?;
        write!(f, "  output kept  {} KiB", self.output_limit / 1024)
    }
}

fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_@%+=:,./-".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}
