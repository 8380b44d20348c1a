//! The answer to INFO: what a Redis says of itself, and the values that this comes to.

use std::{collections::BTreeMap, time::Duration};

use super::signals::{
    BEHIND, CONNECTIONS, EVICTIONS, LAG, LINKED, MEMORY_SIZE, MEMORY_USED, REJECTED,
};

/// The most lines that are looked at.
const MOST_LINES: usize = 20_000;
/// The longest word that is kept or told.
const LONGEST_WORD: usize = 64;
/// The least time between two looks that a rate is told of.
pub(super) const LEAST_TIME: Duration = Duration::from_secs(1);

const NO_LIMIT: &str = "no memory limit (maxmemory) is set, so only the memory size is known";
const NO_REPLICA: &str = "no replica is connected to it any more";
const COPYING: &str = "its replicas are still copying its data";
const NEVER_LINKED: &str = "it has not been connected to its primary since it started";

/// The fields of an answer.
#[derive(Debug)]
pub(super) struct Info<'a>(BTreeMap<&'a str, &'a str>);

/// The values of an answer.
#[derive(Debug, Default, PartialEq)]
pub(super) struct InfoValues {
    /// Values by signal.
    pub known: Vec<(&'static str, f64)>,
    /// Signals that it does not tell, and why.
    pub unknown: Vec<(&'static str, &'static str)>,
    /// Signals of the other role in replication.
    pub at_rest: Vec<&'static str>,
}

impl<'a> Info<'a> {
    /// Takes the fields of an answer; headings and lines of another form are left out.
    pub(super) fn read(text: &'a str) -> Self {
        Self(text.lines().take(MOST_LINES).filter_map(|line| line.split_once(':')).collect())
    }

    /// True if the answer is that of a Redis that holds data.
    pub(super) fn is_of_data(&self) -> bool {
        self.number("used_memory").is_some()
    }

    /// True if it is that of a Sentinel, which watches others.
    pub(super) fn is_of_sentinel(&self) -> bool {
        self.text("redis_mode") == "sentinel"
    }

    /// The progress in words while it loads its data.
    pub(super) fn loading(&self) -> Option<String> {
        (self.text("loading") == "1").then(|| match self.number("loading_loaded_perc") {
            Some(percent) => format!("{:.0}% is done", percent.min(100.0)),
            None => "it has just begun".to_owned(),
        })
    }

    /// Version, role and what happens when its memory is full, for the page of sources.
    pub(super) fn description(&self) -> String {
        let word = |key| word(self.text(key));
        let replicas: u64 = self.text("connected_slaves").parse().unwrap_or(0);
        let role = match (self.text("role"), replicas) {
            ("slave", _) => "a replica".to_owned(),
            ("master", 0) => "without replicas".to_owned(),
            ("master", 1) => "a primary with 1 replica".to_owned(),
            ("master", count) => format!("a primary with {count} replicas"),
            _ => "in an unknown role".to_owned(),
        };
        let (version, policy) = (word("redis_version"), word("maxmemory_policy"));
        let policy = if policy.is_empty() { "not known".to_owned() } else { policy };
        format!("Version {version}, {role}. Eviction policy: {policy}.")
    }

    /// The values that an answer has by itself.
    pub(super) fn values(&self) -> InfoValues {
        let mut values = InfoValues::default();
        self.memory(&mut values);
        let connections = self.number("connected_clients").zip(self.number("maxclients"));
        if let Some((open, most)) = connections.filter(|(_, most)| *most > 0.0) {
            values.known.push((CONNECTIONS, open / most * 100.0));
        }
        match self.text("role") {
            "slave" => self.replica(&mut values),
            "master" => self.primary(&mut values),
            _ => {}
        }
        values.known.retain(|(_, value)| value.is_finite());
        values
    }

    /// Its share is that by which Redis itself decides to evict: without buffers of replicas and of
    /// the append-only file.
    fn memory(&self, values: &mut InfoValues) {
        let Some(used) = self.number("used_memory") else { return };
        values.known.push((MEMORY_SIZE, used));
        let not_counted = self.number("mem_not_counted_for_evict").unwrap_or(0.0);
        match self.number("maxmemory").filter(|limit| *limit > 0.0) {
            Some(limit) => {
                let counted = (used - not_counted).max(0.0);
                values.known.push((MEMORY_USED, counted / limit * 100.0));
            }
            None => values.unknown.push((MEMORY_USED, NO_LIMIT)),
        }
    }

    fn replica(&self, values: &mut InfoValues) {
        let is_linked = self.text("master_link_status") == "up";
        values.known.push((LINKED, f64::from(u8::from(is_linked))));
        let silent =
            if is_linked { "master_last_io_seconds_ago" } else { "master_link_down_since_seconds" };
        match self.number(silent) {
            Some(seconds) => values.known.push((LAG, seconds)),
            None => values.unknown.push((LAG, NEVER_LINKED)),
        }
        values.at_rest.push(BEHIND);
    }

    fn primary(&self, values: &mut InfoValues) {
        values.at_rest.push(LINKED);
        let offset = self.number("master_repl_offset").unwrap_or(0.0);
        let slowest = self
            .online_replicas()
            .map(|(lag, confirmed)| (lag, (offset - confirmed).max(0.0)))
            .reduce(|one, other| (one.0.max(other.0), one.1.max(other.1)));
        if let Some((lag, behind)) = slowest {
            values.known.extend([(LAG, lag), (BEHIND, behind)]);
        } else {
            let has_some = self.number("connected_slaves").is_some_and(|count| count > 0.0);
            let why = if has_some { COPYING } else { NO_REPLICA };
            values.unknown.extend([(LAG, why), (BEHIND, why)]);
        }
    }

    /// Seconds since each replica confirmed what it has, and how far that reaches. One that still
    /// copies all data confirms nothing.
    fn online_replicas(&self) -> impl Iterator<Item = (f64, f64)> {
        let of_replica = |(key, value): (&&str, &&'a str)| {
            let number: &str = key.strip_prefix("slave")?;
            let is_replica = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
            is_replica.then_some(*value)
        };
        self.0.iter().filter_map(of_replica).filter_map(|value| {
            let fields: BTreeMap<&str, &str> =
                value.split(',').filter_map(|field| field.split_once('=')).collect();
            let field = |key: &str| fields.get(key).and_then(|text| number(text));
            let is_online = fields.get("state").is_some_and(|state| *state == "online");
            field("lag").zip(field("offset")).filter(|_| is_online)
        })
    }

    fn text(&self, key: &str) -> &'a str {
        self.0.get(key).copied().unwrap_or_default()
    }

    fn number(&self, key: &str) -> Option<f64> {
        number(self.text(key))
    }
}

/// A number that is not below zero: Redis writes -1 for what it does not know.
fn number(text: &str) -> Option<f64> {
    text.parse().ok().filter(|number: &f64| number.is_finite() && *number >= 0.0)
}

/// A word as it may be shown.
fn word(text: &str) -> String {
    let is_fine = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    text.chars().filter(is_fine).take(LONGEST_WORD).collect()
}

/// Counters of a Redis since its start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Counters {
    /// Another one after each start.
    run: String,
    evicted: Option<u64>,
    rejected: Option<u64>,
}

impl Counters {
    /// The counters of an answer.
    pub(super) fn of(info: &Info<'_>) -> Self {
        let count = |key| info.text(key).parse().ok();
        Self {
            run: word(info.text("run_id")),
            evicted: count("evicted_keys"),
            rejected: count("rejected_connections"),
        }
    }

    /// Rates per minute since an earlier look. A counter that began anew, by a start or by CONFIG
    /// RESETSTAT, has none.
    pub(super) fn rates_since(&self, before: &Self, elapsed: Duration) -> Vec<(&'static str, f64)> {
        if self.run != before.run || elapsed < LEAST_TIME {
            return Vec::new();
        }
        let rate = |now: Option<u64>, before: Option<u64>| {
            Some(now?.checked_sub(before?)? as f64 * 60.0 / elapsed.as_secs_f64())
        };
        [
            (EVICTIONS, rate(self.evicted, before.evicted)),
            (REJECTED, rate(self.rejected, before.rejected)),
        ]
        .into_iter()
        .filter_map(|(signal, value)| Some((signal, value?)))
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const STANDALONE: &str = "# Server\r\nredis_version:7.0.15\r\nredis_mode:standalone\r\nrun_id:39a4\r\n\r\n# Clients\r\nconnected_clients:20\r\nmaxclients:80\r\n# Memory\r\nused_memory:950\r\nmaxmemory:1000\r\nmaxmemory_policy:noeviction\r\nmem_not_counted_for_evict:50\r\n# Stats\r\nrejected_connections:0\r\nevicted_keys:7\r\n# Replication\r\nrole:master\r\nconnected_slaves:0\r\nmaster_repl_offset:0\r\n";

    fn values(text: &str) -> InfoValues {
        Info::read(text).values()
    }

    #[test]
    fn a_redis_by_itself_has_memory_and_connections() {
        let found = values(STANDALONE);
        let known = [(MEMORY_SIZE, 950.0), (MEMORY_USED, 90.0), (CONNECTIONS, 25.0)];
        assert_eq!(found.known, known);
        assert_eq!(found.unknown, [(LAG, NO_REPLICA), (BEHIND, NO_REPLICA)]);
        assert_eq!(found.at_rest, [LINKED]);
        let info = Info::read(STANDALONE);
        assert!(info.is_of_data() && !info.is_of_sentinel() && info.loading().is_none());
        let told = "Version 7.0.15, without replicas. Eviction policy: noeviction.";
        assert_eq!(info.description(), told);
    }

    #[test]
    fn without_a_limit_the_share_is_unknown_and_the_size_is_told() {
        let found = values("used_memory:950\nmaxmemory:0\n");
        assert_eq!(found.known, [(MEMORY_SIZE, 950.0)]);
        assert_eq!(found.unknown, [(MEMORY_USED, NO_LIMIT)]);
        assert!(values("maxmemory:100\n").known.is_empty(), "nothing is known of its use");
    }

    #[test]
    fn a_primary_tells_of_its_slowest_replica_that_is_online() {
        let primary = |replicas: &str| {
            let head = "role:master\nconnected_slaves:3\nmaster_repl_offset:5000\n";
            values(&format!("{head}{replicas}"))
        };
        let found = primary(
            "slave0:ip=10.0.0.2,port=6379,state=online,offset=4990,lag=1\nslave1:ip=10.0.0.3,port=6379,state=online,offset=1000,lag=0\nslave2:ip=10.0.0.4,port=6379,state=wait_bgsave,offset=0,lag=0\n",
        );
        assert_eq!(found.known, [(LAG, 1.0), (BEHIND, 4_000.0)]);
        assert_eq!(found.at_rest, [LINKED]);
        let copying = primary("slave0:ip=10.0.0.4,port=6379,state=wait_bgsave,offset=0,lag=0\n");
        assert_eq!(copying.unknown, [(LAG, COPYING), (BEHIND, COPYING)]);
        // A replica that is ahead of the moment at which the primary told its own place.
        let ahead = primary("slave0:state=online,offset=5001,lag=0\n");
        assert_eq!(ahead.known, [(LAG, 0.0), (BEHIND, 0.0)]);
        for odd in
            ["slave0:state=online", "slave_priority:100", "slaves:state=online,offset=1,lag=1"]
        {
            assert!(primary(odd).known.is_empty(), "{odd}");
        }
    }

    #[test]
    fn a_replica_tells_how_long_it_heard_nothing() {
        let replica = |rest: &str| values(&format!("role:slave\n{rest}"));
        let linked = replica("master_link_status:up\nmaster_last_io_seconds_ago:3\n");
        assert_eq!(linked.known, [(LINKED, 1.0), (LAG, 3.0)]);
        assert_eq!(linked.at_rest, [BEHIND]);
        let lost = replica(
            "master_link_status:down\nmaster_last_io_seconds_ago:-1\nmaster_link_down_since_seconds:90\n",
        );
        assert_eq!(lost.known, [(LINKED, 0.0), (LAG, 90.0)]);
        let never = replica(
            "master_link_status:down\nmaster_last_io_seconds_ago:-1\nmaster_link_down_since_seconds:-1\n",
        );
        assert_eq!(never.known, [(LINKED, 0.0)]);
        assert_eq!(never.unknown, [(LAG, NEVER_LINKED)]);
    }

    #[test]
    fn what_is_loading_is_told_with_its_progress() {
        let loading = |text| Info::read(text).loading();
        let told = loading("loading:1\nloading_loaded_perc:42.31\n");
        assert_eq!(told.as_deref(), Some("42% is done"));
        assert_eq!(loading("loading:1\n").as_deref(), Some("it has just begun"));
        assert_eq!(loading("loading:0\nasync_loading:1\n"), None);
    }

    #[test]
    fn rates_are_differences_and_a_counter_that_began_anew_has_none() {
        let counters = |run: &str, evicted: u64, rejected: u64| {
            let text =
                format!("run_id:{run}\nevicted_keys:{evicted}\nrejected_connections:{rejected}\n");
            Counters::of(&Info::read(&text))
        };
        let (before, half) = (counters("a", 100, 0), Duration::from_secs(30));
        let rates = counters("a", 150, 1).rates_since(&before, half);
        assert_eq!(rates, [(EVICTIONS, 100.0), (REJECTED, 2.0)]);
        // Started again: whatever it counts now says nothing about the time between.
        assert!(counters("b", 5_000, 9).rates_since(&before, half).is_empty());
        // Its statistics were reset.
        assert_eq!(counters("a", 3, 0).rates_since(&before, half), [(REJECTED, 0.0)]);
        // Two looks at once, as a person asks for them.
        let soon = Duration::from_millis(200);
        assert!(counters("a", 101, 0).rates_since(&before, soon).is_empty());
    }

    #[test]
    fn hostile_words_are_not_shown() {
        let text = format!("redis_version:<b>\u{202e}7{}\nrole:x\n", "9".repeat(500));
        let told = Info::read(&text).description();
        assert!(told.starts_with("Version b79") && told.len() < 200, "{told}");
        assert!(told.contains("unknown role") && told.ends_with("not known."), "{told}");
    }

    proptest! {
        #[test]
        fn any_text_comes_to_values_that_can_be_told(
            text in "(role:(master|slave)\n)?((slave[0-9]|used_memory|maxmemory|[a-z_]{1,9}):(-?[0-9]{1,30}|inf|NaN|state=online,offset=[0-9]{1,25},lag=[0-9]{1,9}|.{0,9})\r?\n){0,12}"
        ) {
            let info = Info::read(&text);
            for (signal, value) in info.values().known {
                prop_assert!(value.is_finite() && value >= 0.0, "{} {}", signal, value);
            }
            prop_assert!(info.description().len() < 300);
        }

        #[test]
        fn no_rate_is_below_zero_or_above_what_was_counted(
            before in any::<u64>(), now in any::<u64>(), millis in 0_u64..1_000_000
        ) {
            let counters = |count| Counters {
                run: "a".to_owned(), evicted: Some(count), rejected: None,
            };
            let elapsed = Duration::from_millis(millis);
            for (_, rate) in counters(now).rates_since(&counters(before), elapsed) {
                prop_assert!((0.0..=now as f64 * 60.0).contains(&rate));
            }
        }
    }
}
