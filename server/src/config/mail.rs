//! The server for e-mail: `[mail]`.

use std::path::PathBuf;

use super::{layers::Layers, problem::ConfigProblem, secret::Secret, sources::Sources, values};

/// The ways in which the connection to the mail server is kept safe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailTls {
    /// By STARTTLS, and nothing is sent without it.
    Start,
    /// From the first byte.
    Wrapped,
    /// Not at all: for a server on the same machine.
    None,
}

impl MailTls {
    const fn usual_port(self) -> u16 {
        match self {
            Self::Start => 587,
            Self::Wrapped => 465,
            Self::None => 25,
        }
    }
}

/// The server for e-mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// Its name.
    pub server: String,
    /// Its port.
    pub port: u16,
    /// The way in which the connection is kept safe.
    pub tls: MailTls,
    /// With which name and password.
    pub login: Option<(String, Secret)>,
    /// From which address.
    pub from: String,
    /// A file with certificates (PEM) of authorities of one's own, believed beside the public ones.
    pub ca_file: Option<PathBuf>,
}

impl Layers<'_> {
    /// The mail server, if one is named.
    pub(super) fn mail(
        &self,
        sources: &impl Sources,
        problems: &mut Vec<ConfigProblem>,
    ) -> Option<Mail> {
        let tls = self.value(
            "mail.tls",
            MailTls::Start,
            |found| match found.text() {
                "start" => Ok(MailTls::Start),
                "wrapped" => Ok(MailTls::Wrapped),
                "none" => Ok(MailTls::None),
                _ => Err("'start', 'wrapped' or 'none'".to_owned()),
            },
            problems,
        );
        let usual = usize::from(tls.usual_port());
        let port =
            self.value("mail.port", usual, |found| values::count(found, 1, 65_535), problems);
        let server =
            self.value("mail.server", None, |found| values::host_name(found).map(Some), problems);
        let address = "an e-mail address, such as 'calm-ops@example.com'";
        let from = self.value(
            "mail.from",
            None,
            |found| {
                found
                    .text()
                    .parse::<lettre::Address>()
                    .map(|address| Some(address.to_string()))
                    .map_err(|_| address.to_owned())
            },
            problems,
        );
        let ca_file =
            self.value("mail.ca_file", None, |found| values::path(found).map(Some), problems);
        let user = self.value(
            "mail.user",
            None,
            |found| {
                let user = found.quoted().map(|text| Some(text.to_owned()));
                user.ok_or_else(|| "the user of the mail server, such as 'calm-ops'".to_owned())
            },
            problems,
        );
        let password = self.password(sources, problems);
        // What belongs together, told at what was given.
        let told = problems.len();
        let mut missing = |given: &'static str, wanted: &str| {
            if problems.len() == told
                && let Some(found) = self.find(given)
            {
                problems.push(found.problem(given, &format!("also {wanted}")));
            }
        };
        let login = match (user, password, self.find("mail.password_file").is_some()) {
            (Some(user), Some(password), _) => Some((user, password)),
            (Some(_), None, false) => {
                missing("mail.user", "mail.password_file");
                None
            }
            (None, _, true) => {
                missing("mail.password_file", "mail.user");
                None
            }
            _ => None,
        };
        match (server, from) {
            (Some(server), Some(from)) => Some(Mail {
                server,
                port: u16::try_from(port).unwrap_or(tls.usual_port()),
                tls,
                login,
                from,
                ca_file,
            }),
            (Some(_), None) => {
                missing("mail.server", "mail.from: the sender address");
                None
            }
            (None, _) => {
                for given in [
                    "mail.from",
                    "mail.port",
                    "mail.tls",
                    "mail.user",
                    "mail.password_file",
                    "mail.ca_file",
                ] {
                    missing(given, "mail.server: the mail server");
                    if self.find(given).is_some() {
                        break;
                    }
                }
                None
            }
        }
    }

    fn password(
        &self,
        sources: &impl Sources,
        problems: &mut Vec<ConfigProblem>,
    ) -> Option<Secret> {
        let found = self.find("mail.password_file")?;
        let path = match values::path(&found) {
            Ok(path) => path,
            Err(expected) => {
                problems.push(found.problem("mail.password_file", &expected));
                return None;
            }
        };
        match sources.read_file(&path) {
            Ok(text) if !text.trim().is_empty() => Some(Secret::new(text.trim())),
            Ok(_) => {
                problems.push(
                    found.problem("mail.password_file", "a file that contains only the password"),
                );
                None
            }
            Err(error) => {
                problems.push(
                    found.problem(
                        "mail.password_file",
                        &format!("a file that can be read ({error})"),
                    ),
                );
                None
            }
        }
    }
}
