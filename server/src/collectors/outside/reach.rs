//! The knowledge about the outside, and the judgement whether a failure is this host's own.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use domain::{
    reason::{FailureReason, RequestPhase},
    subject::Subject,
};
use futures::{StreamExt as _, stream::FuturesUnordered};
use tokio::net::TcpStream;

use super::{gateway, names};
use crate::collectors::{
    http::{has_route, is_inside, source, told_address},
    shortage,
};

/// So many addresses are known.
const MOST_KNOWN: usize = 64;
/// So many are asked at once to find out whether the line is lost.
const MOST_ASKED: usize = 6;
/// Time to wait for their answers.
pub(super) const PATIENCE: Duration = Duration::from_secs(2);
/// The interval of finding out whether name servers can tell of the line.
const WITNESS_EVERY: Duration = Duration::from_secs(600);
/// An address that answered within this time proves that the line works.
const FRESH: Duration = Duration::from_secs(60);
/// A judgement holds for this long: several endpoints fail at the same moment.
const HOLDS_FOR: Duration = Duration::from_secs(1);

/// The knowledge about the outside, shared by everyone who asks there.
#[derive(Clone, Debug)]
pub struct Outside(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    subject: Subject,
    state: Mutex<State>,
    /// Held while somebody judges.
    judged: tokio::sync::Mutex<Judged>,
}

#[derive(Debug, Default)]
struct State {
    /// Addresses outside, and when each answered last, if it did.
    known: BTreeMap<SocketAddr, Option<Instant>>,
    /// Names could not be looked up at some time.
    names: bool,
    /// A host name outside, and the name servers' last passing on of a question, where that is all
    /// that can tell whether the line works.
    witness: Option<Witness>,
    /// The reason that nothing outside is reached.
    lost: Option<FailureReason>,
    /// The reason that no name can be looked up.
    nameless: Option<FailureReason>,
}

#[derive(Clone, Debug)]
struct Witness {
    host: String,
    tried_at: Option<Instant>,
    worked_at: Option<Instant>,
}

#[derive(Debug, Default)]
struct Judged {
    line: Option<(Instant, bool)>,
    names: Option<(Instant, Option<FailureReason>)>,
}

impl Default for Outside {
    fn default() -> Self {
        Self::of("localhost")
    }
}

impl Outside {
    /// Begins without knowing anything of the outside of this host.
    pub fn of(host: &str) -> Self {
        Self(Arc::new(Shared {
            subject: Subject::build("line", "outside", Some(host)),
            state: Mutex::default(),
            judged: tokio::sync::Mutex::default(),
        }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// These addresses are about to be asked.
    pub(in crate::collectors) fn tried(&self, addresses: &[SocketAddr]) {
        let mut state = self.state();
        for &address in addresses.iter().filter(|address| !is_own(address.ip())) {
            if state.known.len() >= MOST_KNOWN && !state.known.contains_key(&address) {
                let oldest = state.known.iter().min_by_key(|(_, at)| **at).map(|(&one, _)| one);
                oldest.map(|oldest| state.known.remove(&oldest));
            }
            state.known.entry(address).or_default();
        }
    }

    /// This address answered.
    pub(in crate::collectors) fn reached(&self, peer: SocketAddr) {
        let mut state = self.state();
        if let Some(at) = state.known.get_mut(&peer) {
            *at = Some(Instant::now());
            state.lost = None;
        }
    }

    /// The cause of an endpoint's failure, if this host's own line or names fail.
    pub(in crate::collectors) async fn cause(&self, reason: &FailureReason) -> Option<Subject> {
        let is_lost = match reason {
            FailureReason::NameNotAnswered { .. }
            | FailureReason::TimedOut { phase: RequestPhase::Name, .. } => {
                let nameless = self.is_nameless().await;
                if nameless {
                    // Names may fail because all does.
                    self.is_lost(None).await;
                }
                nameless
            }
            FailureReason::Unreachable { .. }
            | FailureReason::NoRoute { .. }
            | FailureReason::TimedOut { .. }
            | FailureReason::BrokenOff { .. } => {
                let address = told_address(reason)?;
                !is_own(address) && self.is_lost(Some(address)).await
            }
            _ => false,
        };
        is_lost.then(|| self.0.subject.clone())
    }

    /// This name is about to be asked for outside.
    pub(in crate::collectors) fn named(&self, host: &str) {
        let mut state = self.state();
        if state.witness.is_none() && host.contains('.') && host.parse::<IpAddr>().is_err() {
            let host = host.to_owned();
            state.witness = Some(Witness { host, tried_at: None, worked_at: None });
        }
    }

    /// Finds out, while all is well, whether the name servers pass questions on to the outside:
    /// where nothing else can tell whether the line works.
    pub(super) async fn look_for_witness(&self) {
        let due = {
            let state = self.state();
            let is_one = state.known.keys().map(SocketAddr::ip).collect::<BTreeSet<_>>().len() == 1;
            let is_well = state.lost.is_none()
                && state.known.values().flatten().any(|at| at.elapsed() < FRESH);
            let witness = state.witness.clone().filter(|_| is_one && is_well);
            witness.filter(|one| one.tried_at.is_none_or(|at| at.elapsed() >= WITNESS_EVERY))
        };
        let Some(Witness { host, .. }) = due else { return };
        let works = names::pass_on(&host, PATIENCE).await;
        if let Some(witness) = &mut self.state().witness {
            let now = Instant::now();
            (witness.tried_at, witness.worked_at) = (Some(now), works.then_some(now));
        }
    }

    /// True if name servers that passed questions on a while ago do so no more.
    async fn is_cut_off(&self) -> bool {
        let witness = self.state().witness.clone();
        let worked = witness.filter(|one| one.worked_at.is_some());
        match worked {
            Some(witness) => !names::pass_on(&witness.host, PATIENCE).await,
            None => false,
        }
    }

    async fn is_nameless(&self) -> bool {
        let mut judged = self.0.judged.lock().await;
        let fresh = judged.names.as_ref().filter(|(at, _)| at.elapsed() < HOLDS_FOR);
        let nameless = match fresh {
            Some((_, nameless)) => nameless.clone(),
            None => names::failing(PATIENCE).await,
        };
        // Nothing was found out where nothing could be asked.
        if nameless.is_some() && shortage::now().is_some() {
            return self.state().nameless.is_some();
        }
        judged.names = Some((Instant::now(), nameless.clone()));
        let is_nameless = nameless.is_some();
        let mut state = self.state();
        state.names |= is_nameless;
        state.nameless = nameless;
        is_nameless
    }

    /// True if nothing outside answers: asked anew, whatever answered before. `failed` is the
    /// address that does not answer somebody.
    async fn is_lost(&self, failed: Option<IpAddr>) -> bool {
        let mut judged = self.0.judged.lock().await;
        if let Some((_, lost)) = judged.line.filter(|(at, _)| at.elapsed() < HOLDS_FOR) {
            return lost;
        }
        let lost = self.judge(failed).await;
        if lost.is_some() && shortage::now().is_some() {
            return self.state().lost.is_some();
        }
        judged.line = Some((Instant::now(), lost.is_some()));
        let is_lost = lost.is_some();
        self.state().lost = lost;
        is_lost
    }

    async fn judge(&self, failed: Option<IpAddr>) -> Option<FailureReason> {
        let zone = failed.map(is_inside);
        let mut others: Vec<(SocketAddr, Option<Instant>)> = self
            .state()
            .known
            .iter()
            .filter(|(address, _)| Some(address.ip()) != failed)
            .filter(|(address, _)| zone.is_none_or(|zone| is_inside(address.ip()) == zone))
            .map(|(&address, &at)| (address, at))
            .collect();
        // Those that answered last first, and of each host one.
        others.sort_by_key(|(address, at)| (std::cmp::Reverse(*at), *address));
        let mut hosts = Vec::new();
        others.retain(|(address, _)| {
            let new = !hosts.contains(&address.ip());
            hosts.push(address.ip());
            new && !is_own(address.ip())
        });
        others.truncate(MOST_ASKED);
        let tried = u32::try_from(others.len()).unwrap_or(u32::MAX);
        if any_answers(others.iter().map(|(address, _)| *address)).await {
            return None;
        }
        let told = |address: IpAddr| address.to_string().as_str().into();
        if let Some(failed) = failed
            && !has_route(failed)
        {
            // A host without IPv6, or without IPv4, is not one without a line.
            if has_route(other_family(failed)) {
                return None;
            }
            return Some(FailureReason::NoRoute { address: told(failed) });
        }
        if zone != Some(true)
            && let Some(gateway) = gateway::silent()
        {
            return Some(FailureReason::NoRoute { address: told(gateway) });
        }
        if tried > 0 {
            return Some(FailureReason::NothingOutside { tried });
        }
        // Nothing else is watched there. A name server outside tells whether the line works.
        if zone != Some(false) {
            return None;
        }
        let (is_cut_off, tried) = match names::outside(PATIENCE).await {
            Some(answers) => (!answers, 1),
            None => (self.is_cut_off().await, 0),
        };
        is_cut_off.then_some(FailureReason::NothingOutside { tried })
    }

    /// Looks again where something is lost.
    pub(super) async fn look_again(&self) {
        let (lost, nameless) = {
            let state = self.state();
            (state.lost.clone(), state.nameless.is_some())
        };
        if nameless {
            self.is_nameless().await;
        }
        if lost.is_some() {
            let all: Vec<SocketAddr> = self.state().known.keys().copied().collect();
            let routed = match &lost {
                Some(FailureReason::NoRoute { address }) => {
                    address.as_str().parse().is_ok_and(has_route) && gateway::silent().is_none()
                }
                _ => false,
            };
            // A way that is back is enough where nothing else is known that could answer.
            if any_answers(all.into_iter().take(MOST_ASKED)).await
                || (routed && self.state().known.len() < 2)
            {
                self.state().lost = None;
            }
        }
    }

    /// The subject that it is about.
    pub(super) fn subject(&self) -> &Subject {
        &self.0.subject
    }

    /// The reason that nothing outside is reached, or `None` if something is; nothing where nothing
    /// outside is watched.
    pub(super) fn lost(&self) -> Option<Option<FailureReason>> {
        let state = self.state();
        (!state.known.is_empty()).then(|| state.lost.clone())
    }

    /// The reason that no name can be looked up, or `None` if names can; nothing where they always
    /// could.
    pub(super) fn nameless(&self) -> Option<Option<FailureReason>> {
        let state = self.state();
        state.names.then(|| state.nameless.clone())
    }
}

/// True if any of these answers, also by refusing.
async fn any_answers(addresses: impl Iterator<Item = SocketAddr>) -> bool {
    let ask = |address| async move {
        match TcpStream::connect(address).await {
            Ok(_) => true,
            Err(error) => error.kind() == std::io::ErrorKind::ConnectionRefused,
        }
    };
    let mut asked: FuturesUnordered<_> = addresses.map(ask).collect();
    let any = async {
        while let Some(answers) = asked.next().await {
            if answers {
                return true;
            }
        }
        false
    };
    tokio::time::timeout(PATIENCE, any).await.unwrap_or(false)
}

/// An address outside of the other family, of those for documentation.
const fn other_family(of: IpAddr) -> IpAddr {
    match of {
        IpAddr::V4(_) => IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1)),
        IpAddr::V6(_) => IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)),
    }
}

/// True if an address is this host's own.
fn is_own(address: IpAddr) -> bool {
    address.is_loopback() || source(address) == Some(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_failure_is_this_hosts_own_only_where_nothing_else_answers() {
        let outside = Outside::of("web-1");
        // An address of documentation: nobody answers there.
        let silent: SocketAddr = "192.0.2.7:443".parse().unwrap();
        let reason = FailureReason::TimedOut {
            phase: RequestPhase::Connect,
            address: Some(silent.to_string().as_str().into()),
            after: domain::time::Span::from_secs(1),
        };
        outside.tried(&[silent, "192.0.2.8:443".parse().unwrap()]);
        let cause = outside.cause(&reason).await.unwrap();
        assert_eq!(cause.as_str(), "line:outside@web-1");
        outside.look_again().await;
        assert!(matches!(outside.lost(), Some(Some(_))), "{:?}", outside.lost());
        // Whoever answers anywhere outside proves that the line works.
        outside.reached(silent);
        assert_eq!(outside.lost(), Some(None));
        // What is refused, or answered wrongly, is the endpoint's own.
        let refused = FailureReason::Refused { address: silent.to_string().as_str().into() };
        assert_eq!(outside.cause(&refused).await, None);
        // So is all that happens on this host.
        let here =
            FailureReason::BrokenOff { phase: RequestPhase::Body, address: "127.0.0.1:80".into() };
        assert_eq!(outside.cause(&here).await, None);
    }
}
