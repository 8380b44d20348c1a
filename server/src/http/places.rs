//! The limits of connections, readers and requests at a time, and who gives a place up when all are
//! taken: strangers never cost anyone a place who is signed in, and nobody keeps all of them.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{
        Arc, LazyLock, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::Instant,
};

use domain::{
    access::Principal,
    id::{AccountId, TokenId},
};
use tokio::sync::Notify;

use crate::people::{BrowserId, network_of};

/// Connections of members beside those that read the live stream.
const MORE_MEMBERS: usize = 512;
/// The most connections of strangers.
const MOST_STRANGERS: usize = 512;
/// Files for Calm Ops itself: database, documents, notifications, processes and what it measures.
const OWN_FILES: usize = 128;
/// Files for one probe of an endpoint.
const PROBE_FILES: usize = 3;

/// Longer than this, in milliseconds, a stranger's request need not take.
const LONG: u64 = 30_000;

/// Number of places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// Connections of strangers.
    pub strangers: usize,
    /// Connections of those who are signed in, and of trusted proxies.
    pub members: usize,
    /// Readers of the live stream.
    pub streams: usize,
}

impl Room {
    /// As many as were `wanted`, where the limit of open files leaves room for them: some are kept
    /// for Calm Ops itself, which probes `endpoints`. Without a limit `files` is `None`.
    pub fn within(files: Option<u64>, wanted: usize, endpoints: usize) -> Self {
        let files = files.and_then(|files| usize::try_from(files).ok()).unwrap_or(usize::MAX);
        let own = OWN_FILES.saturating_add(endpoints.saturating_mul(PROBE_FILES)).min(files / 2);
        let room = files - own;
        let strangers = MOST_STRANGERS.min(room / 4).max(1);
        let members = wanted.saturating_add(MORE_MEMBERS).min(room - strangers.min(room)).max(1);
        Self {
            strangers,
            members,
            streams: wanted.min(members - MORE_MEMBERS.min(members / 4)).max(1),
        }
    }
}

/// Someone who holds places.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Holder {
    /// Nobody who is known, by their address; of IPv6 the network that one customer gets.
    Stranger([u8; 8]),
    /// A trusted proxy. It stands for many, each of whom is bounded by their requests.
    Proxy,
    /// A browser in which someone has signed in before.
    Browser(BrowserId),
    /// Someone who is signed in.
    Account(AccountId),
    /// A program with a token.
    Token(TokenId),
}

impl Holder {
    /// Of a request: of whoever sends it, and by whatever is known of them.
    pub fn of(caller: &Principal, browser: Option<BrowserId>, from: IpAddr) -> Self {
        match (caller, browser) {
            (Principal::Account { id, .. }, _) => Self::Account(*id),
            (Principal::Token { id, .. }, _) => Self::Token(*id),
            (_, Some(browser)) => Self::Browser(browser),
            _ => Self::stranger(from),
        }
    }

    /// Someone at an address.
    pub fn stranger(from: IpAddr) -> Self {
        Self::Stranger(network_of(from))
    }

    const fn is_stranger(self) -> bool {
        matches!(self, Self::Stranger(_))
    }
}

/// The holder of a place, and what it does at the moment. There is one for each connection and for
/// each reader of the stream, so it is small.
#[derive(Debug, Default)]
pub struct Seat {
    /// Number of requests that are being answered.
    open: AtomicUsize,
    /// True if there was one before.
    any: AtomicBool,
    /// True if the place was given to someone else.
    given_up: AtomicBool,
    /// The time of the last beginning or end, in milliseconds of this program's life.
    since: AtomicU64,
    changed: Notify,
}

impl Seat {
    /// Of something that has not asked yet.
    pub fn new() -> Self {
        Self { since: AtomicU64::new(now()), ..Self::default() }
    }

    /// A request begins.
    pub fn begin(&self) {
        self.any.store(true, Ordering::Relaxed);
        self.open.fetch_add(1, Ordering::Relaxed);
        self.touch();
    }

    /// A request has been answered.
    pub fn end(&self) {
        self.open.fetch_sub(1, Ordering::Relaxed);
        self.touch();
    }

    fn touch(&self) {
        self.since.store(now(), Ordering::Relaxed);
        self.changed.notify_one();
    }

    /// True if a request is being answered.
    pub fn is_busy(&self) -> bool {
        self.open.load(Ordering::Relaxed) > 0
    }

    /// The same, as far as it counts for a holder: nothing that a stranger may do takes long, unless
    /// it is to hold a place.
    fn is_busy_for(&self, holder: Holder) -> bool {
        let elapsed = now().saturating_sub(self.since.load(Ordering::Relaxed));
        self.is_busy() && !(holder.is_stranger() && elapsed > LONG)
    }

    /// True if a request was ever made.
    pub fn has_asked(&self) -> bool {
        self.any.load(Ordering::Relaxed)
    }

    /// True if the place was given to someone else.
    pub fn is_given_up(&self) -> bool {
        self.given_up.load(Ordering::Relaxed)
    }

    /// Waits until something changes. One at a time may wait; whatever changed before is told at
    /// once.
    pub async fn changed(&self) {
        self.changed.notified().await;
    }

    /// Waits until the place is given to someone else.
    pub async fn given_up(&self) {
        while !self.is_given_up() {
            self.changed().await;
        }
    }

    fn give_up(&self) {
        self.given_up.store(true, Ordering::Relaxed);
        self.changed.notify_one();
    }
}

/// Milliseconds of this program's life.
fn now() -> u64 {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    u64::try_from(START.elapsed().as_millis()).unwrap_or(u64::MAX)
}

/// Places of one kind.
#[derive(Debug)]
pub struct Places {
    most: usize,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    is_closed: bool,
    next: u64,
    by: HashMap<u64, (Holder, Arc<Seat>)>,
}

impl Places {
    /// So many.
    pub fn new(most: usize) -> Arc<Self> {
        Arc::new(Self { most, taken: Mutex::default() })
    }

    /// Wakes all who hold one.
    pub fn wake_all(&self) {
        for (_, seat) in self.lock().by.values() {
            seat.changed.notify_one();
        }
    }

    /// Ends all, and takes nobody any more.
    pub fn close(&self) {
        let mut taken = self.lock();
        taken.is_closed = true;
        for (_, (_, seat)) in taken.by.drain() {
            seat.give_up();
        }
    }

    /// Number of taken places.
    pub fn taken(&self) -> usize {
        self.lock().by.len()
    }

    /// Takes a place, if need be from someone who gives it up for this holder; `None` if nobody
    /// does.
    pub fn take(self: &Arc<Self>, holder: Holder, seat: &Arc<Seat>) -> Option<Place> {
        let mut taken = self.lock();
        if taken.is_closed {
            return None;
        }
        if taken.by.len() >= self.most {
            let one = |(key, (holder, seat)): (&u64, &(Holder, Arc<Seat>))| Occupied {
                key: *key,
                holder: *holder,
                is_busy: seat.is_busy_for(*holder),
                since: seat.since.load(Ordering::Relaxed),
            };
            let all: Vec<Occupied> = taken.by.iter().map(one).collect();
            let (_, seat) = taken.by.remove(&gives_up(&all, holder)?)?;
            seat.give_up();
        }
        let key = taken.next;
        taken.next += 1;
        taken.by.insert(key, (holder, Arc::clone(seat)));
        Some(Place { of: Arc::clone(self), key, holder })
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place that is taken, until this is dropped or the place was given to someone else.
#[derive(Debug)]
pub struct Place {
    of: Arc<Places>,
    key: u64,
    holder: Holder,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.of.lock().by.remove(&self.key);
    }
}

/// A place that is taken, as a decision sees it.
#[derive(Clone, Copy, Debug)]
struct Occupied {
    key: u64,
    holder: Holder,
    is_busy: bool,
    since: u64,
}

/// The place that a newcomer gets when all are taken. Strangers give theirs up first; of them
/// whoever holds most, and of theirs what has been idle for longest. Of all others only what is
/// idle, or what whoever holds most has more than the newcomer.
fn gives_up(all: &[Occupied], newcomer: Holder) -> Option<u64> {
    let mut held: HashMap<Holder, usize> = HashMap::new();
    for one in all {
        *held.entry(one.holder).or_default() += 1;
    }
    let own = held.get(&newcomer).copied().unwrap_or_default();
    let may = |one: &&Occupied| match one.holder {
        Holder::Stranger(_) => true,
        Holder::Proxy => !one.is_busy,
        _ => !one.is_busy || held[&one.holder] > own + 1,
    };
    let order = |one: &&Occupied| {
        let (is_stranger, is_idle) = (one.holder.is_stranger(), !one.is_busy);
        let before = is_stranger || is_idle;
        (is_stranger, before, held[&one.holder], is_idle, std::cmp::Reverse((one.since, one.key)))
    };
    all.iter().filter(may).max_by_key(order).map(|one| one.key)
}

/// A connection and its place.
#[derive(Clone, Debug)]
pub struct Connection(Arc<Held>);

#[derive(Debug)]
struct Held {
    seat: Arc<Seat>,
    members: Arc<Places>,
    place: Mutex<Place>,
}

/// All connections.
#[derive(Clone, Debug)]
pub struct Connections {
    strangers: Arc<Places>,
    members: Arc<Places>,
}

impl Connections {
    /// As many as there is room for.
    pub fn new(room: Room) -> Self {
        Self { strangers: Places::new(room.strangers), members: Places::new(room.members) }
    }

    /// Takes a place for a new one: nobody knows yet who it is, unless it is a trusted proxy.
    pub fn take(&self, holder: Holder) -> Option<Connection> {
        let places = if holder.is_stranger() { &self.strangers } else { &self.members };
        let seat = Arc::new(Seat::new());
        let place = Mutex::new(places.take(holder, &seat)?);
        Some(Connection(Arc::new(Held { seat, members: Arc::clone(&self.members), place })))
    }
}

impl Connection {
    /// Its present activity.
    pub fn seat(&self) -> &Seat {
        &self.0.seat
    }

    /// Whoever uses it is known now: it leaves the strangers, if there is a place for it.
    pub fn belongs_to(&self, holder: Holder) {
        let mut place = self.0.place.lock().unwrap_or_else(PoisonError::into_inner);
        if place.holder.is_stranger()
            && !holder.is_stranger()
            && !self.0.seat.is_given_up()
            && let Some(better) = self.0.members.take(holder, &self.0.seat)
        {
            *place = better;
        }
    }
}

/// The most requests that one network of strangers may have open at a time.
const MOST_OF_NETWORK: usize = 32;
/// The most requests of all strangers: what they may take of memory and of the processors.
const MOST_OF_STRANGERS: usize = 256;
/// The most requests of one account, token or browser that is known.
const MOST_OF_MEMBER: usize = 256;

/// Requests that are being answered, counted for each holder. Readers of the stream are not among
/// them once it is open.
#[derive(Clone, Debug, Default)]
pub struct Requests(Arc<Mutex<Counts>>);

#[derive(Debug, Default)]
struct Counts {
    strangers: usize,
    by: HashMap<Holder, usize>,
}

impl Requests {
    /// Counts a request until what is returned is dropped; `None` if there are too many.
    pub fn begin(&self, holder: Holder) -> Option<InFlight> {
        let mut counts = self.lock();
        let own = counts.by.get(&holder).copied().unwrap_or_default();
        let is_free = if holder.is_stranger() {
            own < MOST_OF_NETWORK && counts.strangers < MOST_OF_STRANGERS
        } else {
            own < MOST_OF_MEMBER
        };
        if !is_free {
            return None;
        }
        counts.strangers += usize::from(holder.is_stranger());
        counts.by.insert(holder, own + 1);
        Some(InFlight { all: self.clone(), holder })
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request that is being answered.
#[derive(Debug)]
pub struct InFlight {
    all: Requests,
    holder: Holder,
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let mut counts = self.all.lock();
        counts.strangers -= usize::from(self.holder.is_stranger());
        if let Some(count) = counts.by.get_mut(&self.holder) {
            *count -= 1;
            if *count == 0 {
                counts.by.remove(&self.holder);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stranger(network: u8) -> Holder {
        Holder::stranger(IpAddr::from([203, 0, 113, network]))
    }

    const ADA: Holder = Holder::Account(AccountId(1));
    const BOB: Holder = Holder::Account(AccountId(2));

    /// Places as `(holder, busy)`, the oldest first; which of them a newcomer gets.
    fn given(all: &[(Holder, bool)], newcomer: Holder) -> Option<usize> {
        let one = |(at, &(holder, is_busy)): (usize, &(Holder, bool))| Occupied {
            key: at as u64,
            holder,
            is_busy,
            since: at as u64,
        };
        let all: Vec<Occupied> = all.iter().enumerate().map(one).collect();
        gives_up(&all, newcomer).and_then(|key| usize::try_from(key).ok())
    }

    #[test]
    fn strangers_give_up_first_and_of_them_whoever_holds_most() {
        let (one, other, new) = (stranger(1), stranger(2), stranger(3));
        // The only place of one network stays, though it is older.
        assert_eq!(given(&[(one, false), (other, true), (other, false)], new), Some(2));
        assert_eq!(given(&[(one, false), (other, true), (other, true)], new), Some(1));
        assert_eq!(given(&[(one, true), (one, false), (one, false)], one), Some(1), "its own too");
        assert_eq!(given(&[(ADA, false), (ADA, false), (one, true)], new), Some(2));
        assert_eq!(given(&[(Holder::Proxy, false), (one, true)], BOB), Some(1));
    }

    #[test]
    fn whoever_is_signed_in_gives_up_what_is_idle_and_what_is_more_than_a_share() {
        let new = stranger(3);
        assert_eq!(given(&[(ADA, true), (BOB, false), (ADA, true)], new), Some(1));
        assert_eq!(given(&[(ADA, true), (BOB, true), (ADA, true)], new), Some(0), "more than one");
        assert_eq!(given(&[(ADA, true), (BOB, true)], new), None);
        assert_eq!(given(&[(ADA, true), (ADA, true)], ADA), None, "no turns with oneself");
        assert_eq!(given(&[(ADA, true), (ADA, true), (BOB, true)], BOB), None);
        assert_eq!(given(&[(Holder::Proxy, true), (Holder::Proxy, true)], new), None);
        assert_eq!(given(&[(Holder::Proxy, true), (Holder::Proxy, false)], new), Some(1));
        assert_eq!(given(&[], new), None);
    }

    #[tokio::test]
    async fn a_place_is_free_again_when_it_is_dropped_and_whoever_gives_it_up_is_told() {
        let places = Places::new(2);
        let seats = [(); 3].map(|()| Arc::new(Seat::new()));
        let first = places.take(stranger(1), &seats[0]).unwrap();
        let second = places.take(stranger(1), &seats[1]).unwrap();
        seats[0].begin();
        let third = places.take(stranger(2), &seats[2]).unwrap();
        seats[1].given_up().await;
        assert!(!seats[0].is_given_up() && places.taken() == 2);
        drop(second);
        assert_eq!(places.taken(), 2, "what was given up is nobody else's");
        drop((first, third));
        assert_eq!(places.taken(), 0);
    }

    #[test]
    fn a_stranger_who_takes_long_is_not_busy() {
        let seat = Seat::new();
        seat.begin();
        assert!(seat.is_busy_for(stranger(1)) && seat.is_busy_for(ADA));
        now();
        seat.since.store(now().wrapping_sub(LONG + 1), Ordering::Relaxed);
        assert!(seat.is_busy_for(ADA));
        seat.end();
        assert!(!seat.is_busy_for(ADA));
    }

    #[test]
    fn a_connection_leaves_the_strangers_once_it_is_known() {
        let all = Connections::new(Room { strangers: 1, members: 1, streams: 1 });
        let known = all.take(stranger(1)).unwrap();
        known.belongs_to(ADA);
        assert_eq!((all.strangers.taken(), all.members.taken()), (0, 1));
        known.seat().begin();
        let other = all.take(stranger(1)).unwrap();
        other.belongs_to(BOB);
        assert_eq!(all.strangers.taken(), 1, "there is no place; it stays a stranger");
        let newest = all.take(stranger(2)).unwrap();
        assert!(other.seat().is_given_up() && !known.seat().is_given_up());
        other.belongs_to(ADA);
        known.seat().end();
        drop((known, newest, other));
        assert_eq!((all.strangers.taken(), all.members.taken()), (0, 0));
    }

    #[test]
    fn requests_are_bounded_for_each_and_strangers_as_a_whole() {
        let requests = Requests::default();
        let many = |holder: Holder| -> Vec<InFlight> {
            (0..1_000).map_while(|_| requests.begin(holder)).collect()
        };
        let held = many(stranger(1));
        assert_eq!(held.len(), MOST_OF_NETWORK);
        assert!(requests.begin(stranger(2)).is_some(), "another address");
        let all: Vec<Vec<InFlight>> = (2..100).map(|network| many(stranger(network))).collect();
        assert_eq!(held.len() + all.iter().map(Vec::len).sum::<usize>(), MOST_OF_STRANGERS);
        assert!(requests.begin(stranger(200)).is_none());
        let (ada, browser) = (many(ADA), many(Holder::Browser([1; 16])));
        assert_eq!((ada.len(), browser.len()), (MOST_OF_MEMBER, MOST_OF_MEMBER));
        assert!(requests.begin(BOB).is_some());
        drop((held, all, ada, browser));
        let counts = requests.lock();
        assert!(counts.by.is_empty() && counts.strangers == 0);
    }

    #[test]
    fn there_are_as_many_places_as_the_limit_of_open_files_leaves() {
        let room = |files, wanted| Room::within(files, wanted, 10);
        let all = Room { strangers: 512, members: 20_512, streams: 20_000 };
        assert_eq!(room(None, 20_000), all);
        assert_eq!(room(Some(1 << 20), 20_000), all);
        for (files, wanted) in [(0, 8), (1, 8), (16, 8), (300, 20_000), (1_024, 8), (1 << 20, 8)] {
            let all = room(Some(files), wanted);
            assert!(all.streams <= wanted && all.streams <= all.members, "{files}: {all:?}");
            let own = files.saturating_sub((all.strangers + all.members) as u64);
            assert!(files < 64 || own >= 64.min(files / 2), "{files}: {all:?}");
            assert!(files < 1_000 || own >= 128, "{files}: {all:?}");
        }
    }
}
