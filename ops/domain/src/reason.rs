//! FailureReason: why something was found as it was, such as an endpoint that is down. It travels with an
//! observation to the breach and the incident; `wording::reason` makes the sentence.

use std::{fmt, io::ErrorKind};

use serde::{Deserialize, Deserializer, Serialize};

use crate::{
    actor::Actor,
    redact,
    subject::Subject,
    text,
    time::{Span, Timestamp},
};

/// The longest excerpt, in characters.
pub const LONGEST_EXCERPT: usize = 160;

/// A text from outside inside a reason: one short line, without secrets and without characters that
/// hide or turn the text around them.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "schema", schema(value_type = String))]
#[serde(into = "String")]
pub struct Excerpt(String);

impl Excerpt {
    /// Takes the beginning of a text.
    pub fn new(text: &str) -> Self {
        // Enough that a secret is seen whole before it is cut.
        let begin: String = text.chars().take(LONGEST_EXCERPT * 16).collect();
        Self::short(&redact::text(&begin))
    }

    fn short(text: &str) -> Self {
        let plain: String = text::plain(text)
            .chars()
            .filter(|c| !text::is_unprintable(*c) && !text::is_invisible(*c))
            .collect();
        Self(text::clip(&text::shown(&plain), LONGEST_EXCERPT))
    }

    /// True if there is no text.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for Excerpt {
    fn from(text: String) -> Self {
        Self::new(&text)
    }
}

impl From<&str> for Excerpt {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

/// Secrets were removed when it was taken. Doing it once more would carry all patterns of secrets
/// into what browsers load.
impl<'de> Deserialize<'de> for Excerpt {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self::short(&text))
    }
}

impl From<Excerpt> for String {
    fn from(excerpt: Excerpt) -> Self {
        excerpt.0
    }
}

impl fmt::Display for Excerpt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A part of a request over the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum RequestPhase {
    /// Looking up the name.
    Name,
    /// Connecting.
    Connect,
    /// The TLS handshake.
    Tls,
    /// Waiting for the head of the answer.
    FirstByte,
    /// Reading the answer.
    Body,
}

/// The faults of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum CertificateFault {
    /// No known authority issued it.
    UnknownIssuer,
    /// Issued by itself.
    SelfSigned,
    /// The server does not send the certificate of its issuer.
    IncompleteChain,
    /// Expired.
    Expired,
    /// Begins later.
    NotYetValid,
    /// For other names.
    WrongName,
    /// An authority's own.
    AuthorityAsServer,
    /// Must not be used by a server.
    NotForServers,
    /// Revoked.
    Revoked,
    /// Its signature or form is wrong.
    Malformed,
}

/// A limit of Calm Ops itself, or of the machine that it runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum OwnLimit {
    /// Open files.
    Files,
    /// Ports for connections.
    Ports,
    /// Memory, or threads.
    Memory,
}

/// The reasons for which a file or a local socket can't be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum AccessFault {
    /// Permission is denied.
    Denied,
    /// Does not exist.
    Missing,
    /// Nobody listens there.
    Refused,
    /// Does not answer in time.
    TimedOut,
    /// Broke off.
    Broken,
    /// Something else.
    Other,
}

impl From<ErrorKind> for AccessFault {
    fn from(kind: ErrorKind) -> Self {
        match kind {
            ErrorKind::PermissionDenied => Self::Denied,
            ErrorKind::NotFound => Self::Missing,
            ErrorKind::ConnectionRefused => Self::Refused,
            ErrorKind::TimedOut | ErrorKind::WouldBlock => Self::TimedOut,
            ErrorKind::BrokenPipe
            | ErrorKind::ConnectionReset
            | ErrorKind::ConnectionAborted
            | ErrorKind::NotConnected
            | ErrorKind::StaleNetworkFileHandle
            | ErrorKind::UnexpectedEof => Self::Broken,
            _ => Self::Other,
        }
    }
}

/// Measures on a host that a failure leaves room for, the widest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Remedy {
    /// All: a program may hang or be gone.
    Any,
    /// Settings and certificates may be read anew; a program that answers is not ended.
    Settings,
    /// None: the cause lies elsewhere, or it is not known how it is doing.
    None,
}

/// The reasons for which something was found as it was.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(tag = "because", rename_all = "snake_case")]
pub enum FailureReason {
    /// A name does not exist.
    NameNotFound {
        /// The name.
        name: Excerpt,
    },
    /// The name servers of a name gave no answer about it.
    NameNotAnswered {
        /// The name.
        name: Excerpt,
    },
    /// An address is one that is never asked.
    NeverAsked {
        /// The address.
        address: Excerpt,
    },
    /// A public endpoint redirects into a network of one's own.
    LeadsInside {
        /// To which address.
        address: Excerpt,
    },
    /// No way leads to an address.
    Unreachable {
        /// The address.
        address: Excerpt,
    },
    /// A connection was refused.
    Refused {
        /// By which address and port.
        address: Excerpt,
    },
    /// Time was over.
    TimedOut {
        /// In which part.
        phase: RequestPhase,
        /// The address and port that were asked, if it came so far.
        address: Option<Excerpt>,
        /// After how long.
        after: Span,
    },
    /// A connection was ended early.
    BrokenOff {
        /// In which part.
        phase: RequestPhase,
        /// By which address and port.
        address: Excerpt,
    },
    /// The server does not speak TLS.
    NotTls {
        /// The address and port.
        address: Excerpt,
    },
    /// TLS failed in another way.
    TlsFailed {
        /// With which address and port.
        address: Excerpt,
        /// The problem.
        problem: Excerpt,
    },
    /// A certificate is not believed.
    Certificate {
        /// For which host.
        host: Excerpt,
        /// At which address and port.
        address: Excerpt,
        /// The fault.
        fault: CertificateFault,
        /// More, such as the names that it is for.
        detail: Option<Excerpt>,
    },
    /// The answer is not HTTP.
    NotHttp {
        /// From which address and port.
        address: Excerpt,
        /// The problem, and its place.
        problem: Excerpt,
    },
    /// The status is not an expected one.
    Status {
        /// From which address and port.
        address: Excerpt,
        /// The status that came.
        status: u16,
        /// The beginning of the answer; empty if nothing came.
        #[serde(default, skip_serializing_if = "Excerpt::is_empty")]
        found: Excerpt,
    },
    /// The expected text is missing.
    TextMissing {
        /// The expected text.
        expected: Excerpt,
        /// The status of the answer.
        status: u16,
        /// The beginning of what came instead; empty if nothing came.
        found: Excerpt,
    },
    /// A redirect leads to what can't be asked.
    BadRedirect {
        /// From which address and port.
        address: Excerpt,
        /// The destination.
        to: Excerpt,
    },
    /// Redirects don't end.
    ManyRedirects {
        /// So many were followed.
        followed: u32,
    },
    /// Can't be seen, as something else fails that is a problem of its own.
    Behind {
        /// The cause that fails.
        cause: Subject,
    },
    /// Nothing outside of this host can be reached.
    NothingOutside {
        /// So many addresses were tried; none where only name servers could tell.
        tried: u32,
    },
    /// This host has no route to the outside.
    NoRoute {
        /// To which address.
        address: Excerpt,
    },
    /// No name server of this host answers.
    NoNameServer {
        /// So many were asked.
        asked: u32,
    },
    /// Pushes about it are refused.
    PushesRefused {
        /// The program or person that pushes.
        #[cfg_attr(feature = "schema", schema(value_type = String))]
        by: Actor,
        /// Since when.
        since: Timestamp,
        /// The place in the body; empty for all of it.
        place: Excerpt,
        /// The problem there.
        problem: Excerpt,
    },
    /// Calm Ops could not look, as it has reached a limit.
    OwnLimit {
        /// The limit.
        limit: OwnLimit,
    },
    /// A file or a local socket can't be used.
    Access {
        /// The resource, such as `PM2's socket /home/app/.pm2/rpc.sock`.
        what: Excerpt,
        /// The reason.
        fault: AccessFault,
    },
    /// Whoever tells how it is doing gives no answer.
    NotTold {
        /// The subject.
        by: Subject,
        /// The reason.
        why: Excerpt,
    },
    /// A word for its state that says neither that it works nor that it does not.
    NotClear {
        /// The subject that tells it.
        by: Subject,
        /// The word; empty if there was none.
        word: Excerpt,
    },
    /// Whoever lists it does so no more.
    NotListed {
        /// The subject.
        by: Subject,
        /// True if others are still listed there.
        others: bool,
    },
    /// Its host is not watched any more: Calm Ops runs on another one.
    OtherHost {
        /// The host that is not watched.
        host: Subject,
        /// The one that is.
        now: Subject,
    },
    /// Anything else, in the words of whoever saw it: a sentence without its full stop.
    Told {
        /// The sentence.
        text: Excerpt,
    },
}

impl FailureReason {
    /// A file or a local socket that can't be used.
    pub fn access(what: &str, kind: ErrorKind) -> Self {
        Self::Access { what: what.into(), fault: kind.into() }
    }

    /// The sentence of whoever saw it.
    pub fn told(sentence: &str) -> Self {
        Self::Told { text: sentence.trim().trim_end_matches('.').into() }
    }

    /// The other failure that is the cause, if that is known.
    pub const fn cause(&self) -> Option<&Subject> {
        match self {
            Self::Behind { cause } | Self::OtherHost { host: cause, .. } => Some(cause),
            _ => None,
        }
    }

    /// Measures on a host that it leaves room for.
    pub const fn remedy(&self) -> Remedy {
        match self {
            Self::Refused { .. }
            | Self::TimedOut {
                phase:
                    RequestPhase::Connect
                    | RequestPhase::Tls
                    | RequestPhase::FirstByte
                    | RequestPhase::Body,
                ..
            }
            | Self::BrokenOff { .. }
            | Self::Status { status: 500.., .. }
            | Self::TextMissing { .. }
            | Self::Access { .. }
            | Self::NotListed { .. }
            | Self::Told { .. } => Remedy::Any,
            Self::NotTls { .. }
            | Self::TlsFailed { .. }
            | Self::Certificate { .. }
            | Self::NotHttp { .. }
            | Self::Status { .. }
            | Self::BadRedirect { .. }
            | Self::ManyRedirects { .. } => Remedy::Settings,
            Self::NameNotFound { .. }
            | Self::NameNotAnswered { .. }
            | Self::TimedOut { phase: RequestPhase::Name, .. }
            | Self::NeverAsked { .. }
            | Self::LeadsInside { .. }
            | Self::Unreachable { .. }
            | Self::Behind { .. }
            | Self::NothingOutside { .. }
            | Self::NoRoute { .. }
            | Self::NoNameServer { .. }
            | Self::NotTold { .. }
            | Self::NotClear { .. }
            | Self::OwnLimit { .. }
            | Self::OtherHost { .. }
            | Self::PushesRefused { .. } => Remedy::None,
        }
    }

    /// True if nothing says that it fails, and it is only not clear how it is doing.
    pub const fn is_open(&self) -> bool {
        matches!(self, Self::NotClear { .. })
    }

    /// True if it only explains silence: what was heard before is not in doubt.
    pub const fn is_about_silence(&self) -> bool {
        matches!(self, Self::PushesRefused { .. })
    }

    /// True if it is of the same kind, whatever its details are.
    pub fn is_like(&self, other: &Self) -> bool {
        let detail = |reason: &Self| match reason {
            Self::TimedOut { phase, .. } | Self::BrokenOff { phase, .. } => Some(*phase as u16),
            Self::Certificate { fault, .. } => Some(*fault as u16),
            Self::Access { fault, .. } => Some(*fault as u16),
            Self::OwnLimit { limit } => Some(*limit as u16),
            Self::Status { status, .. } => Some(*status),
            _ => None,
        };
        let sender = |reason: &Self| match reason {
            Self::PushesRefused { by, .. } => Some(*by),
            _ => None,
        };
        std::mem::discriminant(self) == std::mem::discriminant(other)
            && detail(self) == detail(other)
            && sender(self) == sender(other)
    }

    /// The place where it failed, if whatever fails there in the same way fails for the same cause:
    /// a host, or a server on it. A status says so only where a proxy speaks for what is behind it.
    pub fn place(&self) -> Option<&str> {
        match self {
            // Other ports of the host don't answer either. On this machine each is a program of its
            // own.
            Self::Unreachable { address }
            | Self::Refused { address }
            | Self::TimedOut { phase: RequestPhase::Connect, address: Some(address), .. } => {
                let (host, _) = address.as_str().rsplit_once(':')?;
                let own = host.starts_with("127.") || host == "[::1]";
                Some(if own { address.as_str() } else { host })
            }
            Self::TimedOut { address: Some(address), .. }
            | Self::BrokenOff { address, .. }
            | Self::NotTls { address }
            | Self::TlsFailed { address, .. }
            | Self::Certificate { address, .. }
            | Self::NotHttp { address, .. }
            | Self::Status { address, status: 500.., .. } => Some(address.as_str()),
            Self::NameNotFound { name } | Self::NameNotAnswered { name } => Some(name.as_str()),
            // What this host lacks, it lacks for all of them.
            Self::NoRoute { .. } => Some("no route"),
            Self::OwnLimit { .. } => Some("own limit"),
            // One sender is to be corrected, whatever it sends.
            Self::PushesRefused { .. } => Some("pushes"),
            Self::NotTold { by, .. } | Self::NotListed { by, .. } => Some(by.as_str()),
            _ => None,
        }
    }

    /// True if two things fail for one cause: at the same place in the same way.
    pub fn shares_cause(&self, other: &Self) -> bool {
        self.is_like(other) && self.place().is_some_and(|place| other.place() == Some(place))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_is_one_short_line_without_secrets() {
        let excerpt = Excerpt::new("a\n\tb \u{202e}c\u{200b} password=hunter2 \u{7}");
        assert!(!excerpt.as_str().contains("hunter2"), "{excerpt}");
        assert!(excerpt.as_str().starts_with("a b c"), "{excerpt}");
        assert_eq!(Excerpt::new(&"x".repeat(9_000)).as_str().chars().count(), LONGEST_EXCERPT);
        // What is read back is held to the same.
        let read: Excerpt = serde_json::from_str(&format!("\"{}\"", "y ".repeat(500))).unwrap();
        assert_eq!(read.as_str().chars().count(), LONGEST_EXCERPT);
    }

    #[test]
    fn one_cause_is_the_same_failure_at_the_same_place() {
        let refused = |address: &str| FailureReason::Refused { address: address.into() };
        let silent = |phase, address: &str| FailureReason::TimedOut {
            phase,
            address: Some(address.into()),
            after: Span::from_secs(2),
        };
        let status = |address: &str, status| FailureReason::Status {
            address: address.into(),
            status,
            found: "".into(),
        };
        let (one, other) = ("198.51.100.7:443", "198.51.100.7:8443");
        let pushed = |by, problem: &str| FailureReason::PushesRefused {
            by,
            since: Timestamp::default(),
            place: "".into(),
            problem: problem.into(),
        };
        let listed =
            |by: &str, others| FailureReason::NotListed { by: by.parse().unwrap(), others };
        for (a, b, shared) in [
            (refused(one), refused(other), true),
            (refused(one), refused("198.51.100.8:443"), false),
            (refused("127.0.0.1:1"), refused("127.0.0.1:2"), false),
            (refused("[::1]:1"), refused("[::1]:1"), true),
            (silent(RequestPhase::Connect, one), silent(RequestPhase::Connect, other), true),
            (silent(RequestPhase::Connect, one), refused(one), false),
            (silent(RequestPhase::FirstByte, one), silent(RequestPhase::FirstByte, other), false),
            (silent(RequestPhase::FirstByte, one), silent(RequestPhase::FirstByte, one), true),
            (silent(RequestPhase::FirstByte, one), silent(RequestPhase::Body, one), false),
            (status(one, 502), status(one, 502), true),
            (status(one, 502), status(one, 503), false),
            (status(one, 404), status(one, 404), false),
            (FailureReason::told("x."), FailureReason::told("x"), false),
            (pushed(Actor::Local, "a"), pushed(Actor::Local, "b"), true),
            (pushed(Actor::Local, "a"), pushed(Actor::System, "a"), false),
            (listed("pm2:pm2@a", true), listed("pm2:pm2@a", true), true),
            (listed("pm2:pm2@a", true), listed("pm2:pm2@b", true), false),
        ] {
            assert_eq!(a.shares_cause(&b), shared, "{a:?} {b:?}");
        }
    }

    #[test]
    fn a_stored_reason_reads_back() {
        let reason = FailureReason::access("PM2's socket /x/rpc.sock", ErrorKind::PermissionDenied);
        let text = serde_json::to_string(&reason).unwrap();
        assert_eq!(
            text,
            r#"{"because":"access","what":"PM2's socket /x/rpc.sock","fault":"denied"}"#
        );
        assert_eq!(serde_json::from_str::<FailureReason>(&text).unwrap(), reason);
    }
}
