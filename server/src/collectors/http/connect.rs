//! Connections as browsers make them: the name is looked up, and its addresses race (RFC 8305), so
//! that one which swallows everything delays no other.

use std::{
    collections::HashMap,
    io::{self, ErrorKind},
    net::{IpAddr, SocketAddr, ToSocketAddrs, UdpSocket},
    thread,
    time::{Duration, Instant},
};

use domain::{
    reason::{FailureReason, OwnLimit, RequestPhase},
    time::Span,
};
use futures::{StreamExt as _, stream::FuturesUnordered};
use rustix::io::Errno;
use tokio::{net::TcpStream, sync::oneshot};
use url::Host;

use super::{ProbeUrl, addresses};
use crate::collectors::shortage;

/// So many addresses of a name are tried.
const MOST_ADDRESSES: usize = 6;
/// So many names may be looked up at once, where looking up hangs.
const MOST_LOOKUPS: usize = 4;
/// The head start of an address before the next one is tried beside it.
const HEAD_START: Duration = Duration::from_millis(250);

/// Names that are being looked up. The system's resolver cannot be stopped; a name is never asked
/// for twice at once.
#[derive(Debug, Default)]
pub(super) struct Lookups(HashMap<String, oneshot::Receiver<io::Result<Vec<SocketAddr>>>>);

impl Lookups {
    pub(super) async fn addresses(
        &mut self,
        url: &ProbeUrl,
    ) -> Result<Vec<SocketAddr>, FailureReason> {
        let port = url.as_url().port_or_known_default().unwrap_or(80);
        let name = match url.as_url().host() {
            Some(Host::Ipv4(address)) => return Ok(vec![(address, port).into()]),
            Some(Host::Ipv6(address)) => return Ok(vec![(address, port).into()]),
            Some(Host::Domain(name)) => name.to_owned(),
            None => return Err(FailureReason::NameNotFound { name: "".into() }),
        };
        self.named(&name, port).await.map_err(|error| not_named(&name, &error))
    }

    async fn named(&mut self, name: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        let key = format!("{name}:{port}");
        if !self.0.contains_key(&key) {
            self.0.retain(|_, open| open.is_empty() && !open.is_terminated());
            if self.0.len() >= MOST_LOOKUPS {
                return Err(io::Error::other("earlier names are still being looked up"));
            }
            let (answer, open) = oneshot::channel();
            let name = name.to_owned();
            let look_up = move || {
                let addresses =
                    (name.as_str(), port).to_socket_addrs().map(|all| in_turn(all.collect()));
                // Whoever asked may have given up.
                let _ = answer.send(addresses);
            };
            // Not one of the runtime's threads: those are waited for when the program stops.
            thread::Builder::new()
                .name("names".to_owned())
                .stack_size(256 * 1024)
                .spawn(look_up)
                .map_err(|_| io::Error::from(Errno::NOMEM))?;
            self.0.insert(key.clone(), open);
        }
        let Some(open) = self.0.get_mut(&key) else { return Err(ErrorKind::NotFound.into()) };
        let addresses = open.await;
        self.0.remove(&key);
        addresses.map_err(io::Error::other)?
    }
}

/// The resolver's texts for a name that does not exist, or has no address: of glibc, and of musl.
/// Its error has no kind.
const NO_SUCH_NAME: [&str; 5] = [
    "Name or service not known",
    "No address associated with",
    "Name does not resolve",
    "Name has no usable address",
    "nodename nor servname",
];

fn not_named(name: &str, error: &io::Error) -> FailureReason {
    if let Some(limit) = shortage::of(error) {
        return FailureReason::OwnLimit { limit };
    }
    let text = error.to_string();
    let name = name.into();
    if NO_SUCH_NAME.iter().any(|known| text.contains(known)) {
        FailureReason::NameNotFound { name }
    } else {
        // The resolver says nothing of files that it could not open.
        shortage::now().unwrap_or(FailureReason::NameNotAnswered { name })
    }
}

/// The two families in turn, beginning with the one that the system prefers.
fn in_turn(all: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let first_family = all.first().is_some_and(SocketAddr::is_ipv6);
    let (first, second): (Vec<_>, Vec<_>) =
        all.into_iter().partition(|address| address.is_ipv6() == first_family);
    let mut turns = Vec::new();
    let (mut first, mut second) = (first.into_iter(), second.into_iter());
    loop {
        let pair = [first.next(), second.next()];
        if pair == [None, None] || turns.len() >= MOST_ADDRESSES {
            return turns;
        }
        turns.extend(pair.into_iter().flatten());
    }
}

/// Connects to the address that answers first. All must be allowed: a name with a forbidden one
/// among them is a trick. Those that failed are noted: also where time is over before the last one
/// has.
pub(super) async fn connect(
    all: &[SocketAddr],
    is_forbidden: impl Fn(IpAddr) -> bool,
    limit: Duration,
    failures: &mut Vec<FailureReason>,
) -> Result<TcpStream, FailureReason> {
    for address in all {
        let told = || address.ip().to_string().as_str().into();
        if addresses::is_refused(address.ip()) {
            return Err(FailureReason::NeverAsked { address: told() });
        }
        if is_forbidden(address.ip()) {
            return Err(FailureReason::LeadsInside { address: told() });
        }
    }
    let began = Instant::now();
    let mut waiting = all.iter().copied();
    let mut attempts = FuturesUnordered::new();
    let race = async {
        loop {
            if let Some(next) = waiting.next() {
                attempts.push(async move { (next, TcpStream::connect(next).await) });
            }
            let more = waiting.len() > 0;
            tokio::select! {
                ended = attempts.next() => match ended {
                    Some((_, Ok(stream))) => return Some(stream),
                    Some((address, Err(error))) => {
                        failures.push(not_connected(address, &error, rounded(began.elapsed())));
                    }
                    None => return None,
                },
                () = tokio::time::sleep(HEAD_START), if more => {}
            }
        }
    };
    let raced = tokio::time::timeout(limit, race).await;
    if let Ok(Some(stream)) = raced {
        return Ok(stream);
    }
    Err(most_telling(all, failures, rounded(began.elapsed())))
}

/// The reason that none of these addresses could be reached; those that have not failed gave no
/// answer. Of several reasons the one that tells most, and among equals that of the first address
/// by its number, so that it stays the same.
pub(super) fn most_telling(
    addresses: &[SocketAddr],
    failures: &[FailureReason],
    after: Span,
) -> FailureReason {
    let silent = |address: Option<&SocketAddr>| FailureReason::TimedOut {
        phase: RequestPhase::Connect,
        address: address.map(|address| address.to_string().as_str().into()),
        after,
    };
    let has_failed = |address: &&SocketAddr| {
        failures.iter().any(|reason| told_address(reason) == Some(address.ip()))
    };
    let waiting =
        addresses.iter().find(|address| !has_failed(address)).map(|one| silent(Some(one)));
    failures
        .iter()
        .cloned()
        .chain(waiting)
        .max_by_key(|reason| (telling(reason), std::cmp::Reverse(told_address(reason))))
        .unwrap_or_else(|| silent(None))
}

/// Whoever refuses tells more than who does not answer, and that more than no way at all; least
/// tells that this host has none.
const fn telling(reason: &FailureReason) -> u8 {
    match reason {
        FailureReason::Refused { .. } => 4,
        FailureReason::BrokenOff { .. } => 3,
        FailureReason::TimedOut { .. } => 2,
        FailureReason::Unreachable { .. } => 1,
        _ => 0,
    }
}

fn not_connected(to: SocketAddr, error: &io::Error, after: Span) -> FailureReason {
    let address = to.to_string().as_str().into();
    match (error.kind(), shortage::of(error)) {
        (ErrorKind::ConnectionRefused, _) => FailureReason::Refused { address },
        (ErrorKind::TimedOut, _) => {
            FailureReason::TimedOut { phase: RequestPhase::Connect, address: Some(address), after }
        }
        (ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted, _) => {
            FailureReason::BrokenOff { phase: RequestPhase::Connect, address }
        }
        (_, Some(limit @ (OwnLimit::Files | OwnLimit::Memory))) => {
            FailureReason::OwnLimit { limit }
        }
        // No address of this family, no network: that is this host's, and says nothing of the other.
        _ if !has_route(to.ip()) => {
            FailureReason::NoRoute { address: to.ip().to_string().as_str().into() }
        }
        (_, Some(limit)) => FailureReason::OwnLimit { limit },
        // A route that swallows or forbids, a local filter.
        _ => FailureReason::Unreachable { address },
    }
}

/// A time as it is told: to a tenth of a second.
pub(super) fn rounded(time: Duration) -> Span {
    let tenths = (time.as_millis() + 50) / 100;
    Span::from_millis(u64::try_from(tenths * 100).unwrap_or(u64::MAX))
}

/// The address of this host from which a packet to this one would leave. Nothing is sent.
pub(crate) fn source(to: IpAddr) -> Option<IpAddr> {
    let any: SocketAddr = if to.is_ipv4() { ([0, 0, 0, 0], 0).into() } else { ([0; 8], 0).into() };
    let socket = UdpSocket::bind(any).ok()?;
    socket.connect((to, 9)).ok()?;
    socket.local_addr().ok().map(|own| own.ip())
}

/// True if this host has a way to an address, as far as it knows itself.
pub(crate) fn has_route(to: IpAddr) -> bool {
    source(to).is_some()
}

/// The address of a reason's text.
pub(crate) fn told_address(reason: &FailureReason) -> Option<IpAddr> {
    let address = match reason {
        FailureReason::Unreachable { address }
        | FailureReason::Refused { address }
        | FailureReason::BrokenOff { address, .. }
        | FailureReason::TimedOut { address: Some(address), .. } => address,
        FailureReason::NoRoute { address } => return address.as_str().parse().ok(),
        _ => return None,
    };
    address.as_str().parse::<SocketAddr>().ok().map(|address| address.ip())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_does_not_exist_is_told_from_one_that_nobody_answers_for() {
        let reason = |text: &str| {
            let text = format!("failed to lookup address information: {text}");
            not_named("a.example", &io::Error::other(text))
        };
        for text in ["Name or service not known", "No address associated with hostname"] {
            assert_eq!(reason(text), FailureReason::NameNotFound { name: "a.example".into() });
        }
        for text in ["Temporary failure in name resolution", "Try again", "System error"] {
            assert_eq!(reason(text), FailureReason::NameNotAnswered { name: "a.example".into() });
        }
    }

    #[test]
    fn families_take_turns() {
        let of = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect();
        let all: Vec<SocketAddr> = of(&["[::1]:1", "[::2]:1", "[::3]:1", "1.1.1.1:1", "1.1.1.2:1"]);
        let turns: Vec<SocketAddr> =
            of(&["[::1]:1", "1.1.1.1:1", "[::2]:1", "1.1.1.2:1", "[::3]:1"]);
        assert_eq!(in_turn(all), turns);
        assert!(in_turn(Vec::new()).is_empty());
    }

    #[test]
    fn of_several_addresses_the_most_telling_failure_is_told() {
        let (v4, v6) = ("198.51.100.7:443", "[2001:db8::7]:443");
        let all: Vec<SocketAddr> = [v6, v4].map(|text| text.parse().unwrap()).into();
        let after = Span::from_secs(2);
        let no_route = || FailureReason::NoRoute { address: "2001:db8::7".into() };
        let unreachable = || FailureReason::Unreachable { address: v6.into() };
        let refused = || FailureReason::Refused { address: v4.into() };
        let silent = |address: &str| FailureReason::TimedOut {
            phase: RequestPhase::Connect,
            address: Some(address.into()),
            after,
        };
        for (failures, told) in [
            (vec![], silent(v6)),
            // The one that is still waited for is silent, whatever this host lacks.
            (vec![no_route()], silent(v4)),
            (vec![unreachable()], silent(v4)),
            (
                vec![no_route(), FailureReason::Unreachable { address: v4.into() }],
                FailureReason::Unreachable { address: v4.into() },
            ),
            (vec![refused()], refused()),
            (vec![refused(), no_route()], refused()),
        ] {
            assert_eq!(most_telling(&all, &failures, after), told);
        }
        assert_eq!(most_telling(&all[..1], &[no_route()], after), no_route());
        let both =
            ["198.51.100.8:443", v4].map(|one| FailureReason::Refused { address: one.into() });
        assert_eq!(most_telling(&all, &both, after), refused());
    }

    #[tokio::test]
    async fn who_refuses_is_told_before_who_cannot_be_reached() {
        let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let open = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let nowhere: SocketAddr = "[2001:db8::1]:443".parse().unwrap();
        let limit = Duration::from_secs(2);
        let failed =
            connect(&[nowhere, closed], |_| false, limit, &mut Vec::new()).await.unwrap_err();
        assert_eq!(failed, FailureReason::Refused { address: closed.to_string().as_str().into() });
        // What does not answer, or has no way to it, keeps nobody from the one that works.
        let began = Instant::now();
        let all = [nowhere, "192.0.2.1:9".parse().unwrap(), open.local_addr().unwrap()];
        connect(&all, |_| false, limit, &mut Vec::new()).await.unwrap();
        assert!(began.elapsed() < Duration::from_millis(1_500));
    }
}
