//! The reason of what was found, in one sentence.

use domain::{
    actor::Actor,
    reason::{AccessFault, CertificateFault, Excerpt, FailureReason, OwnLimit, RequestPhase},
    text,
};

use crate::humanize;

/// The reason as a sentence.
pub fn sentence(reason: &FailureReason) -> String {
    let clause = clause(reason);
    let mut letters = clause.chars();
    let first = letters.next().map(char::to_uppercase).into_iter().flatten();
    format!("{}.", first.chain(letters).collect::<String>())
}

/// The reason as the part of a sentence, without its full stop. It tells what was seen, so that it
/// also fits where all is over.
pub fn clause(reason: &FailureReason) -> String {
    match reason {
        FailureReason::NameNotFound { name } => {
            let name = shown(name);
            format!("the name '{name}' was not found; check its DNS entry and its spelling")
        }
        FailureReason::NameNotAnswered { name } => {
            let name = shown(name);
            format!("the name '{name}' could not be resolved: its name servers did not answer")
        }
        FailureReason::NeverAsked { address } => format!(
            "{address} is never requested, because it belongs to no single server or could expose credentials; set another address"
        ),
        FailureReason::LeadsInside { address } => format!(
            "a public address redirected to {address} in your own network, which is not followed"
        ),
        FailureReason::Unreachable { address } => {
            format!("{address} was not reachable: there was no route to it")
        }
        FailureReason::Refused { address } => {
            format!("the connection to {address} was refused: nothing was listening there")
        }
        FailureReason::TimedOut { phase, address, after } => timed_out(
            *phase,
            &address.as_ref().map_or_else(|| "it".to_owned(), ToString::to_string),
            &after.to_string(),
        ),
        FailureReason::BrokenOff { phase, address } => broken_off(*phase, address.as_str()),
        FailureReason::NotTls { address } => {
            format!("{address} does not support TLS; it may be an http address")
        }
        FailureReason::TlsFailed { address, problem } => {
            format!("TLS with {address} failed: {}", shown(problem))
        }
        FailureReason::Certificate { host, address: _, fault, detail } => {
            let detail = detail.as_ref().map(|detail| format!(" ({detail})")).unwrap_or_default();
            format!("the certificate for {host} {}{detail}", certificate(*fault))
        }
        FailureReason::NotHttp { address, problem } => {
            format!("{address} answered, but not in HTTP: {}", shown(problem))
        }
        FailureReason::Status { address, status, found } => {
            let meaning = status_meaning(*status);
            let words = if found.is_empty() {
                String::new()
            } else {
                format!("; the answer was: '{}'", shown(found))
            };
            format!("{address} answered with status {status}{meaning}{words}")
        }
        FailureReason::TextMissing { expected, status, found } if found.as_str().is_empty() => {
            let expected = shown(expected);
            format!("the text '{expected}' was missing: the answer (status {status}) was empty")
        }
        FailureReason::TextMissing { expected, status, found } => format!(
            "the text '{}' was missing; the answer (status {status}) was: '{}'",
            shown(expected),
            shown(found)
        ),
        FailureReason::BadRedirect { address, to } => {
            format!("{address} redirected to '{}', which can't be requested", shown(to))
        }
        FailureReason::ManyRedirects { followed } => {
            format!("it redirected more than {followed} times, which browsers treat as a loop")
        }
        FailureReason::Behind { cause } => format!(
            "it can't be checked from here because of {}, so its state is unknown",
            humanize::subject(cause)
        ),
        FailureReason::NotTold { by, why } => {
            format!("{} did not answer: {why}", humanize::subject(by))
        }
        FailureReason::NotClear { by, word } if word.is_empty() => {
            format!("{} gave no status of it", humanize::subject(by))
        }
        FailureReason::NotClear { by, word } => format!(
            "{} gave its status as '{}', which says neither that it works nor that it does not",
            humanize::subject(by),
            shown(word)
        ),
        FailureReason::NotListed { by, others: true } => {
            format!("{} lists other programs, but no longer this one", humanize::subject(by))
        }
        FailureReason::NotListed { by, others: false } => format!(
            "{} no longer lists anything: its list was emptied, or it started without its saved list",
            humanize::subject(by)
        ),
        FailureReason::OtherHost { host, now } => format!(
            "Calm Ops now runs on {} and can't see {} from there",
            humanize::subject(now),
            humanize::subject(host)
        ),
        FailureReason::NothingOutside { tried } => {
            let all = match tried {
                0 => "this host's name servers".to_owned(),
                1 => "1 other address".to_owned(),
                tried => format!("{tried} other addresses"),
            };
            format!(
                "{all} did not answer either, so check this host's own network first; the state of everything behind it is unknown"
            )
        }
        FailureReason::NoRoute { address } => format!(
            "this host has no route to {address}; check its network and its gateway; the state of everything behind it is unknown"
        ),
        FailureReason::NoNameServer { asked: 0 } => {
            "no name server is configured on this host; check /etc/resolv.conf".to_owned()
        }
        FailureReason::NoNameServer { asked } => {
            let none = if *asked == 1 {
                "this host's name server does not answer".to_owned()
            } else {
                format!("none of this host's {asked} name servers answers")
            };
            format!(
                "{none} (DNS); check /etc/resolv.conf; the state of everything that is reached by name is unknown"
            )
        }
        FailureReason::PushesRefused { by, since, place, problem } => {
            let sender = match by {
                Actor::Local => "a program on this machine".to_owned(),
                // Names live outside of what is kept.
                Actor::Token(id) => format!("token {id}"),
                Actor::Account(id) => format!("account {id}"),
                Actor::Agent | Actor::System => "Calm Ops".to_owned(),
            };
            let place = if place.is_empty() { "the body".to_owned() } else { shown(place) };
            format!(
                "readings from {sender} have been rejected since {} ({place}: {}); fix the sender",
                humanize::moment(*since),
                shown(problem)
            )
        }
        FailureReason::OwnLimit { limit } => format!(
            "Calm Ops could not check it, because {}; its state is unknown",
            match limit {
                OwnLimit::Files =>
                    "no more files can be opened; raise the limit of open files (LimitNOFILE= in its unit, or 'ulimit -n')",
                OwnLimit::Ports =>
                    "all ports for connections are in use; check what opens so many on this machine",
                OwnLimit::Memory => "this machine has run out of memory; check what uses so much",
            }
        ),
        FailureReason::Access { what, fault } => access(&shown(what), *fault),
        FailureReason::Told { text } => shown(text),
    }
}

const fn status_meaning(status: u16) -> &'static str {
    match status {
        401 | 407 => ": it requires authentication",
        429 => ": it receives too many requests; visitors may not notice",
        502..=504 => ": a proxy gets no valid answer from the server behind it",
        520..=527 => ": Cloudflare gets no valid answer from the server behind it",
        _ => ", which is unexpected",
    }
}

/// A text from outside as it stands inside a sentence.
fn shown(text: &Excerpt) -> String {
    text::isolated(text.as_str())
}

fn timed_out(phase: RequestPhase, address: &str, after: &str) -> String {
    match phase {
        RequestPhase::Name => format!("looking up the name timed out: no answer within {after}"),
        RequestPhase::Connect => {
            format!("connecting to {address} timed out: no answer within {after}")
        }
        RequestPhase::Tls => format!(
            "the TLS handshake with {address} timed out: connected, but no answer within {after}"
        ),
        RequestPhase::FirstByte => {
            format!("{address} accepted the request but did not answer within {after}")
        }
        RequestPhase::Body => {
            format!("{address} started its answer but did not finish it within {after}")
        }
    }
}

fn broken_off(phase: RequestPhase, address: &str) -> String {
    match phase {
        RequestPhase::Name | RequestPhase::Connect => {
            format!("the connection to {address} was closed")
        }
        RequestPhase::Tls => format!("{address} closed the connection during the TLS handshake"),
        RequestPhase::FirstByte => {
            format!("{address} accepted the request and closed the connection without an answer")
        }
        RequestPhase::Body => {
            format!("{address} closed the connection in the middle of its answer")
        }
    }
}

const fn certificate(fault: CertificateFault) -> &'static str {
    match fault {
        CertificateFault::UnknownIssuer => {
            "is not trusted: its issuer is unknown; renew it, or set 'ca_file' for your own authority"
        }
        CertificateFault::SelfSigned => {
            "is not trusted: it is self-signed; replace it, or set 'ca_file'"
        }
        CertificateFault::IncompleteChain => {
            "is not trusted: the server does not send the full certificate chain; configure it to do so"
        }
        CertificateFault::Expired => "has expired; renew it",
        CertificateFault::NotYetValid => {
            "is not valid yet; check the clocks of this host and of its issuer"
        }
        CertificateFault::WrongName => "is for another name",
        CertificateFault::AuthorityAsServer => {
            "is the certificate of an authority, which a server must not use; let the authority issue one for the server"
        }
        CertificateFault::NotForServers => "was not issued for servers",
        CertificateFault::Revoked => "was revoked by its authority; renew it",
        CertificateFault::Malformed => "is malformed or has an invalid signature",
    }
}

fn access(what: &str, fault: AccessFault) -> String {
    match fault {
        AccessFault::Denied => format!("{what} can't be used: permission denied"),
        AccessFault::Missing => format!("{what} does not exist"),
        AccessFault::Refused => format!("{what} can't be reached: nothing is listening there"),
        AccessFault::TimedOut => format!("{what} did not answer in time"),
        AccessFault::Broken => format!("{what} closed the connection"),
        AccessFault::Other => format!("{what} can't be used"),
    }
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;

    use domain::{
        id::TokenId,
        time::{Span, Timestamp},
    };

    use super::*;

    #[test]
    fn every_reason_is_one_sentence() {
        let address = || "198.51.100.7:443".into();
        let subject = |text: &str| text.parse().unwrap();
        let timed_out = |phase| FailureReason::TimedOut {
            phase,
            address: Some(address()),
            after: Span::from_secs(2),
        };
        let certificate = |fault| FailureReason::Certificate {
            host: "shop.example".into(),
            address: address(),
            fault,
            detail: None,
        };
        for (reason, word) in [
            (FailureReason::NameNotFound { name: "shop.invalid".into() }, "not found"),
            (FailureReason::NameNotAnswered { name: "shop.example".into() }, "name servers"),
            (FailureReason::NeverAsked { address: "0.0.0.0".into() }, "never requested"),
            (FailureReason::Refused { address: address() }, "refused"),
            (FailureReason::Unreachable { address: address() }, "not reachable"),
            (timed_out(RequestPhase::Connect), "within 2 s"),
            (timed_out(RequestPhase::Tls), "TLS"),
            (timed_out(RequestPhase::FirstByte), "accepted the request"),
            (timed_out(RequestPhase::Body), "did not finish"),
            (
                FailureReason::BrokenOff { phase: RequestPhase::Body, address: address() },
                "closed the connection",
            ),
            (certificate(CertificateFault::UnknownIssuer), "issuer"),
            (certificate(CertificateFault::IncompleteChain), "chain"),
            (certificate(CertificateFault::AuthorityAsServer), "authority"),
            (
                FailureReason::Status { address: address(), status: 502, found: "".into() },
                "status 502: a proxy",
            ),
            (
                FailureReason::Status {
                    address: address(),
                    status: 403,
                    found: "Just a moment".into(),
                },
                "'Just a moment'",
            ),
            (
                FailureReason::TextMissing {
                    expected: "Add".into(),
                    status: 200,
                    found: "Sold out".into(),
                },
                "Sold out",
            ),
            (
                FailureReason::PushesRefused {
                    by: Actor::Token(TokenId(3)),
                    since: Timestamp::from_secs(1_790_000_000),
                    place: "/observations/2/value".into(),
                    problem: "expected a number, found a text".into(),
                },
                "Readings from token 3 have been rejected since",
            ),
            (
                FailureReason::access("PM2's socket /x", ErrorKind::PermissionDenied),
                "permission denied",
            ),
            (FailureReason::told("It did not finish within 2 s."), "It did not finish"),
            (FailureReason::NotTold { by: subject("pm2:pm2@a"), why: "refused".into() }, "PM2 on"),
            (
                FailureReason::NotClear { by: subject("digitalocean:api"), word: "new".into() },
                "DigitalOcean gave its status as 'new'",
            ),
            (
                FailureReason::NotClear { by: subject("digitalocean:api"), word: "".into() },
                "DigitalOcean gave no status",
            ),
            (FailureReason::NotListed { by: subject("pm2:pm2@a"), others: true }, "lists other"),
            (FailureReason::NotListed { by: subject("pm2:pm2@a"), others: false }, "emptied"),
            (
                FailureReason::OtherHost { host: subject("host:a"), now: subject("host:b") },
                "now runs on b",
            ),
        ] {
            let text = sentence(&reason);
            assert!(text.contains(word) && text.ends_with('.'), "{text}");
            assert!(!text.contains(". ") && !text.contains("..") && text.len() < 400, "{text}");
            assert!(text.starts_with(|c: char| !c.is_lowercase()), "{text}");
        }
        let found = FailureReason::TextMissing {
            expected: "Add".into(),
            status: 200,
            found: "نفد 3\u{1b}[31m\u{202e}".into(),
        };
        assert!(sentence(&found).ends_with("was: '\u{2068}نفد 3\u{2069}'."), "{found:?}");
    }
}
