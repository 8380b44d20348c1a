//! Slows guessing down, and nobody else: strangers by the name that they try and by their address;
//! whoever was here before by what is known of them. What was seen long ago is forgotten, and memory
//! is bounded.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
};

use domain::{
    error::Error,
    id::AccountId,
    text::folded,
    time::{MonotonicTime, Span},
};

use crate::people::known_browser::BrowserId;

/// So many failures cost nothing: people mistype.
const FREE: u32 = 5;
/// The same for all networks of IPv6 that one line may have.
const FREE_BY_SITE: u32 = 50;
/// The longest wait.
const LONGEST: Span = Span::from_secs(300);
/// After this time without a failure all is forgotten.
const FORGET: Span = Span::from_mins(15);
/// The most names, and the most addresses, that are remembered; what has cost nothing yet and
/// failed longest ago is forgotten first.
const MOST: usize = 10_000;

/// Whom a failure counts against.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    Name(String),
    /// An address; of IPv6 the network that one customer gets.
    Address([u8; 8]),
    /// A line of IPv6: up to 65,536 of these networks.
    Site([u8; 6]),
    /// An account, tried from an address where its owner signed in before.
    Place(AccountId, [u8; 8]),
    /// A browser in which the account's owner signed in before.
    Browser(BrowserId),
}

/// Whoever makes a try, as far as that is known before the secret is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guesser<'a> {
    /// Anyone, and the name that is tried, if there is one.
    Stranger(Option<&'a str>),
    /// They come from where the account's owner signed in before.
    FromPlace(AccountId),
    /// They use a browser in which the account's owner signed in before.
    InBrowser(BrowserId),
}

impl Guesser<'_> {
    /// The keys of a failure. Those who were here before are counted apart from strangers at the
    /// same address, and strangers apart from them.
    fn keys(self, address: IpAddr) -> Vec<Key> {
        match self {
            Self::Stranger(name) => name.map(name_key).into_iter().chain(places(address)).collect(),
            Self::FromPlace(account) => vec![Key::Place(account, network_of(address))],
            Self::InBrowser(id) => vec![Key::Browser(id)],
        }
    }
}

fn network(address: IpAddr) -> Key {
    Key::Address(network_of(address))
}

/// An address, or of IPv6 the network that one customer gets: devices change their addresses in it
/// all the time.
pub fn network_of(address: IpAddr) -> [u8; 8] {
    let mut bytes = [0; 8];
    match address.to_canonical() {
        IpAddr::V4(address) => bytes[..4].copy_from_slice(&address.octets()),
        IpAddr::V6(address) => bytes.copy_from_slice(&address.octets()[..8]),
    }
    bytes
}

fn site(address: IpAddr) -> Option<Key> {
    let IpAddr::V6(address) = address.to_canonical() else { return None };
    let mut bytes = [0; 6];
    bytes.copy_from_slice(&address.octets()[..6]);
    Some(Key::Site(bytes))
}

/// The origin of a failure.
fn places(address: IpAddr) -> impl Iterator<Item = Key> {
    [Some(network(address)), site(address)].into_iter().flatten()
}

fn name_key(name: &str) -> Key {
    Key::Name(folded(name).chars().take(100).collect())
}

#[derive(Clone, Copy, Debug)]
struct Failures {
    count: u32,
    last: MonotonicTime,
}

impl Failures {
    /// The time to wait after this many.
    fn wait(self, free: u32) -> Span {
        let Some(over) = self.count.checked_sub(free) else { return Span::ZERO };
        Span::from_secs(1 << over.min(9)).min(LONGEST)
    }
}

impl Key {
    const fn free(&self) -> u32 {
        match self {
            Self::Name(_) | Self::Address(_) | Self::Place(..) | Self::Browser(_) => FREE,
            Self::Site(_) => FREE_BY_SITE,
        }
    }
}

/// See the module.
#[derive(Debug, Default)]
pub struct RateLimit(Mutex<Remembered>);

/// Apart, so that whoever has many addresses does not make a name be forgotten, nor one who was
/// here before.
#[derive(Debug, Default)]
struct Remembered {
    names: HashMap<Key, Failures>,
    places: HashMap<Key, Failures>,
    known: HashMap<Key, Failures>,
}

impl Remembered {
    const fn of(&mut self, key: &Key) -> &mut HashMap<Key, Failures> {
        match key {
            Key::Name(_) => &mut self.names,
            Key::Address(_) | Key::Site(_) => &mut self.places,
            Key::Place(..) | Key::Browser(_) => &mut self.known,
        }
    }
}

impl RateLimit {
    /// Begins a try, if one may be made now. It counts as failed until it has succeeded: otherwise
    /// many at the same instant would all be let through before the first of them has failed.
    pub fn begin(
        &self,
        guesser: Guesser,
        address: IpAddr,
        now: MonotonicTime,
    ) -> Result<(), Error> {
        let keys = guesser.keys(address);
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        keys.iter().try_for_each(|key| wait_for(all.of(key), key, now))?;
        for key in keys {
            count(all.of(&key), key, now);
        }
        Ok(())
    }

    /// Takes back what [`RateLimit::begin`] counted: whoever tried came in. The failures of a name, a
    /// place and a browser are forgotten; those of an address may be others'.
    pub fn succeeded(&self, guesser: Guesser, address: IpAddr) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for key in guesser.keys(address) {
            let is_shared = matches!(key, Key::Address(_) | Key::Site(_));
            match all.of(&key).get_mut(&key) {
                Some(failures) if is_shared => failures.count = failures.count.saturating_sub(1),
                _ => {
                    all.of(&key).remove(&key);
                }
            }
        }
    }
}

/// Refuses while someone has to wait.
fn wait_for(all: &HashMap<Key, Failures>, key: &Key, now: MonotonicTime) -> Result<(), Error> {
    let Some(failures) = all.get(key) else { return Ok(()) };
    let (waited, wait) = (now.since(failures.last), failures.wait(key.free()));
    if waited < wait && waited < FORGET {
        let left = Span::from_micros(wait.as_micros() - waited.as_micros()).as_secs_f64().ceil();
        return Err(Error::Throttled { seconds: left as u32 });
    }
    Ok(())
}

/// Counts a failure.
fn count(all: &mut HashMap<Key, Failures>, key: Key, now: MonotonicTime) {
    if all.len() >= MOST && !all.contains_key(&key) {
        all.retain(|_, failures| now.since(failures.last) < FORGET);
        let least =
            |(key, failures): &(&Key, &Failures)| (failures.count >= key.free(), failures.last);
        if all.len() >= MOST
            && let Some(least) = all.iter().min_by_key(least).map(|(key, _)| key.clone())
        {
            all.remove(&least);
        }
    }
    let failures = all.entry(key).or_insert(Failures { count: 0, last: now });
    if now.since(failures.last) >= FORGET {
        failures.count = 0;
    }
    *failures = Failures { count: failures.count.saturating_add(1), last: now };
}

/// So many sign-ins by passkey one network may begin in [`BEGUN_WITHIN`]: a share of what may be
/// open at all.
const BEGUN: u32 = 50;
/// The same for all networks of IPv6 that one line may have: a share that leaves most of the room
/// to others.
const BEGUN_BY_SITE: u32 = 200;
/// As long as one of them stays open.
const BEGUN_WITHIN: Span = Span::from_mins(5);

/// Bounds what may be begun without a secret, so that nobody takes all the room there is.
#[derive(Debug, Default)]
pub struct Beginnings(Mutex<HashMap<Key, (MonotonicTime, u32)>>);

impl Beginnings {
    /// Counts one more from an address, or of a browser that is known, or says how long to wait.
    pub fn count(
        &self,
        browser: Option<BrowserId>,
        address: IpAddr,
        now: MonotonicTime,
    ) -> Result<(), Error> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // All are looked at before any is counted: what is refused takes no room.
        let shares = match browser {
            Some(browser) => [None, Some((Key::Browser(browser), BEGUN))],
            None => {
                [site(address).map(|site| (site, BEGUN_BY_SITE)), Some((network(address), BEGUN))]
            }
        };
        for (key, most) in shares.iter().flatten() {
            let begun = all
                .get(key)
                .filter(|(since, begun)| now.since(*since) < BEGUN_WITHIN && begun >= most);
            if let Some((since, _)) = begun {
                let left = BEGUN_WITHIN.as_secs_f64() - now.since(*since).as_secs_f64();
                return Err(Error::Throttled { seconds: left.ceil() as u32 });
            }
        }
        for (key, _) in shares.into_iter().flatten() {
            if all.len() >= MOST && !all.contains_key(&key) {
                all.retain(|_, (since, _)| now.since(*since) < BEGUN_WITHIN);
                // Whoever has so many networks is bounded by nothing here, and must not keep others
                // out.
                if all.len() >= MOST
                    && let Some(oldest) =
                        all.iter().min_by_key(|(_, (since, _))| *since).map(|(key, _)| key.clone())
                {
                    all.remove(&oldest);
                }
            }
            let (since, begun) = all.entry(key).or_insert((now, 0));
            if now.since(*since) >= BEGUN_WITHIN {
                (*since, *begun) = (now, 0);
            }
            *begun += 1;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_network_does_not_take_all_the_room() {
        let (begun, here, elsewhere) = (
            Beginnings::default(),
            IpAddr::from([203, 0, 113, 9]),
            IpAddr::from([198, 51, 100, 1]),
        );
        let many = (0..500).filter(|_| begun.count(None, here, at(10)).is_ok()).count();
        assert_eq!(many, BEGUN as usize);
        assert_eq!(begun.count(None, here, at(11)), Err(Error::Throttled { seconds: 299 }));
        assert!(
            begun.count(None, elsewhere, at(11)).is_ok()
                && begun.count(None, here, at(10 + 300)).is_ok()
        );
        let line = |network: u16| IpAddr::from([0x2001, 0xdb8, 1, network, 0, 0, 0, 1]);
        let many =
            (0..500).filter(|network| begun.count(None, line(*network), at(10)).is_ok()).count();
        assert_eq!(many, BEGUN_BY_SITE as usize, "nor one line with many networks");
        for index in 0..u32::try_from(MOST).unwrap() + 500 {
            let _ = begun.count(None, IpAddr::from(index.to_be_bytes()), at(400));
        }
        assert!(begun.0.lock().unwrap().len() <= MOST);
        // What is refused takes no room: one line alone leaves it to others.
        let begun = Beginnings::default();
        for network in 0..u16::MAX {
            let _ = begun.count(None, line(network), at(10));
        }
        assert!(begun.0.lock().unwrap().len() <= BEGUN_BY_SITE as usize + 1);
        assert!(begun.count(None, elsewhere, at(11)).is_ok());
    }

    #[test]
    fn a_device_in_a_network_is_known_though_its_address_changes() {
        let network = |text: &str| network_of(text.parse().unwrap());
        assert_eq!(network("2001:db8:1:2::1"), network("2001:db8:1:2:ffff::9"));
        assert_ne!(network("2001:db8:1:2::1"), network("2001:db8:1:3::1"));
        assert_eq!(network("203.0.113.9"), network("::ffff:203.0.113.9"));
        assert_ne!(network("203.0.113.9"), network("203.0.113.8"));
    }

    fn at(seconds: u64) -> MonotonicTime {
        MonotonicTime::default().plus(Span::from_secs(seconds))
    }

    #[test]
    fn guessing_becomes_slow_and_mistyping_does_not() {
        let (throttle, here) = (RateLimit::default(), IpAddr::from([203, 0, 113, 9]));
        let mut now = 10;
        let mut waits = Vec::new();
        for _ in 0..FREE {
            throttle.begin(Guesser::Stranger(Some("Ada")), here, at(now)).unwrap();
        }
        while waits.len() < 12 {
            let Err(Error::Throttled { seconds }) =
                throttle.begin(Guesser::Stranger(Some("ADA ")), here, at(now))
            else {
                panic!("not throttled")
            };
            waits.push(seconds);
            now += u64::from(seconds);
            throttle.begin(Guesser::Stranger(Some("ada")), here, at(now)).unwrap();
        }
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]);
        assert!(
            throttle
                .begin(Guesser::Stranger(Some("Bob")), IpAddr::from([203, 0, 113, 10]), at(now))
                .is_ok(),
            "others are not held up"
        );
    }

    #[test]
    fn of_many_guesses_at_the_same_instant_only_a_few_are_worked_on() {
        let (throttle, here) = (RateLimit::default(), IpAddr::from([203, 0, 113, 9]));
        let begun = (0..200)
            .filter(|_| throttle.begin(Guesser::Stranger(Some("Ada")), here, at(1)).is_ok())
            .count();
        assert_eq!(begun, FREE as usize);
        let elsewhere = |index: u8| IpAddr::from([198, 51, 100, index]);
        let begun = (0..200)
            .filter(|index| {
                throttle.begin(Guesser::Stranger(Some("Bob")), elsewhere(*index), at(1)).is_ok()
            })
            .count();
        assert_eq!(begun, FREE as usize, "a name is held up wherever they come from");
    }

    #[test]
    fn whoever_comes_in_has_not_failed() {
        let (throttle, here) = (RateLimit::default(), IpAddr::from([203, 0, 113, 9]));
        for name in 0..100 {
            let name = format!("person {name}");
            throttle.begin(Guesser::Stranger(Some(&name)), here, at(1)).unwrap();
            throttle.succeeded(Guesser::Stranger(Some(&name)), here);
        }
        // Coming in oneself does not wipe out the guesses at others from the same address.
        for _ in 0..FREE {
            throttle.begin(Guesser::Stranger(Some("Ada")), here, at(1)).unwrap();
        }
        throttle.succeeded(Guesser::Stranger(Some("person 1")), here);
        throttle.begin(Guesser::Stranger(Some("Bob")), here, at(1)).unwrap();
        assert!(throttle.begin(Guesser::Stranger(Some("Carl")), here, at(1)).is_err());
    }

    #[test]
    fn whoever_was_here_before_is_not_kept_out_by_the_guesses_of_strangers() {
        let (throttle, here, home) =
            (RateLimit::default(), IpAddr::from([203, 0, 113, 9]), IpAddr::from([198, 51, 100, 1]));
        let (stranger, ada, bob) = (Guesser::Stranger(Some("Ada")), AccountId(1), AccountId(2));
        while throttle.begin(stranger, here, at(1)).is_ok() {}
        assert!(throttle.begin(stranger, home, at(1)).is_err(), "the name is held up everywhere");
        for address in [here, home] {
            assert!(throttle.begin(Guesser::FromPlace(ada), address, at(1)).is_ok());
            assert!(throttle.begin(Guesser::InBrowser([1; 16]), address, at(1)).is_ok());
        }
        assert!(throttle.begin(stranger, home, at(2 + 15 * 60)).is_ok(), "it is forgotten");

        // What is known of someone opens nothing: guesses are slowed down there as well, and
        // neither other places nor other browsers with them.
        while throttle.begin(Guesser::FromPlace(ada), here, at(1)).is_ok() {}
        while throttle.begin(Guesser::InBrowser([1; 16]), here, at(1)).is_ok() {}
        assert!(throttle.begin(Guesser::InBrowser([1; 16]), home, at(1)).is_err());
        assert!(throttle.begin(Guesser::FromPlace(ada), home, at(1)).is_ok());
        assert!(throttle.begin(Guesser::FromPlace(bob), here, at(1)).is_ok());
        assert!(throttle.begin(Guesser::InBrowser([2; 16]), here, at(1)).is_ok());
        throttle.succeeded(Guesser::InBrowser([1; 16]), home);
        assert!(throttle.begin(Guesser::InBrowser([1; 16]), here, at(1)).is_ok());
    }

    #[test]
    fn memory_is_bounded() {
        let throttle = RateLimit::default();
        for index in 0..u32::try_from(MOST).unwrap() + 500 {
            throttle
                .begin(
                    Guesser::Stranger(None),
                    IpAddr::from(index.to_be_bytes()),
                    at(u64::from(index)),
                )
                .unwrap();
        }
        let remembered = throttle.0.lock().unwrap();
        assert!(remembered.places.len() <= MOST && remembered.names.is_empty());
    }

    #[test]
    fn a_name_is_not_forgotten_because_of_many_addresses_or_names() {
        let (throttle, here) = (RateLimit::default(), IpAddr::from([203, 0, 113, 9]));
        while throttle.begin(Guesser::Stranger(Some("Ada")), here, at(1)).is_ok() {}
        for index in 0..u32::try_from(MOST).unwrap() + 500 {
            let address = IpAddr::from((0x0a00_0000 + index).to_be_bytes());
            throttle
                .begin(Guesser::Stranger(Some(&format!("person {index}"))), address, at(2))
                .unwrap();
        }
        // She has failed longest ago of all; the others have cost nothing yet.
        let elsewhere = IpAddr::from([198, 51, 100, 1]);
        assert!(throttle.begin(Guesser::Stranger(Some("Ada")), elsewhere, at(1)).is_err());
    }

    #[test]
    fn one_line_with_many_networks_is_slowed_down_as_a_whole() {
        let throttle = RateLimit::default();
        let line = |network: u16| IpAddr::from([0x2001, 0xdb8, 1, network, 0, 0, 0, 1]);
        let begun = (0..5_000)
            .filter(|network| {
                throttle.begin(Guesser::Stranger(None), line(*network), at(1)).is_ok()
            })
            .count();
        assert_eq!(begun, FREE_BY_SITE as usize);
        assert!(throttle.begin(Guesser::Stranger(None), line(6_000), at(1)).is_err());
        assert!(
            throttle
                .begin(
                    Guesser::Stranger(None),
                    IpAddr::from([0x2001, 0xdb8, 2, 0, 0, 0, 0, 1]),
                    at(1)
                )
                .is_ok(),
            "others are not"
        );
    }
}
