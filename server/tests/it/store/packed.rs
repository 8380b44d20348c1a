//! History that is over is packed, on every store: nobody who reads can tell.

use std::time::Duration;

use domain::{
    signal::Signal,
    subject::Subject,
    time::{Span, Timestamp},
};
use server::store::{Archive, Bucket, HeardSlot, Rollup, RollupStep, StoredSeries};

use crate::store::{
    cases::{histories, rollup},
    support::Place,
};

const DAY: u64 = 24 * 60;
const OFTEN: &str = "service:imports";
const ONCE: &str = "service:mail";

/// The beginning of a day, three days before [`now`].
fn first() -> Timestamp {
    Timestamp::from_secs(20_717 * 86_400)
}

fn after(minutes: u64) -> Timestamp {
    first().plus(Span::from_mins(minutes))
}

fn now() -> Timestamp {
    after(3 * DAY + 600)
}

fn minute(subject: &str, at: u64) -> Rollup {
    let mean = if at.is_multiple_of(5) { 0.1 * at as f64 } else { (at as f64).sqrt() };
    Rollup { count: 12, ..rollup(subject, RollupStep::Minute, after(at), mean) }
}

/// A service that reports all the time and one that did for an hour of the first day.
async fn fill(store: &dyn Archive) {
    let often = (0..3 * DAY + 600).step_by(7).map(|at| minute(OFTEN, at));
    let once = (60..100).map(|at| minute(ONCE, at));
    let hours = (0..70 * 24).step_by(5).map(|hour| {
        rollup(OFTEN, RollupStep::Hour, now().minus(Span::from_mins(60 * hour)), hour as f64)
    });
    store.write_rollups(&often.chain(once).chain(hours).collect::<Vec<_>>()).await.unwrap();
}

#[derive(Debug, PartialEq)]
struct Readings {
    rollups: Vec<Vec<Rollup>>,
    buckets: Vec<Vec<Bucket>>,
    series: Vec<Option<StoredSeries>>,
    older: Vec<Vec<(Subject, Signal)>>,
    heard: Vec<HeardSlot>,
    usual: Vec<(Subject, Signal, f64)>,
}

/// Everything that is read of history.
async fn readings(store: &dyn Archive) -> Readings {
    let signal = "queue.depth".parse().unwrap();
    let ranges = [
        (Timestamp::from_secs(0), now()),
        (after(700), after(2 * DAY + 11)),
        (after(70), after(71)),
        (after(2 * DAY), now()),
    ];
    let (mut rollups, mut buckets, mut series) = (Vec::new(), Vec::new(), Vec::new());
    for subject in [OFTEN, ONCE, "service:unknown"] {
        let subject = subject.parse().unwrap();
        for step in [RollupStep::Minute, RollupStep::Hour] {
            for (from, to) in ranges {
                rollups.push(store.rollups(&subject, &signal, step, from, to).await.unwrap());
                for width in [1, 45, 7 * DAY] {
                    let width = Span::from_mins(width);
                    let found =
                        store.as_past().buckets(&subject, &signal, step, (from, to), width).await;
                    buckets.push(found.unwrap());
                }
            }
        }
        series.push(store.as_past().series(&subject, &signal).await.unwrap());
    }
    let mut older = Vec::new();
    for at in [0, 1, 60, 61, 5 * DAY] {
        older.push(store.older_series(after(at), 9).await.unwrap());
    }
    let heard = store.heard(after(30), after(2 * DAY + 30)).await.unwrap();
    let usual = store.usual(now().minus(Span::from_mins(7 * DAY))).await.unwrap();
    Readings { rollups, buckets, series, older, heard, usual }
}

/// The number of values, of minutes alone.
async fn count(store: &dyn Archive) -> u64 {
    let (subject, signal) = (OFTEN.parse().unwrap(), "queue.depth".parse().unwrap());
    let found = store.rollups(&subject, &signal, RollupStep::Minute, first(), now()).await.unwrap();
    assert!(found.windows(2).all(|pair| pair[0].start < pair[1].start));
    found.iter().map(|one| u64::from(one.count)).sum()
}

pub async fn packing_changes_nothing_that_is_read(place: &Place) {
    let store = place.open().await;
    fill(&*store).await;
    let before = readings(&*store).await;
    assert_eq!(before.usual.len(), 2, "{:?}", before.usual);
    let mut packed = 0;
    loop {
        let more = store.as_past().pack(now(), 2).await.unwrap();
        if more == 0 {
            break;
        }
        packed += more;
        assert_eq!(readings(&*store).await, before);
    }
    let [often, once] = &histories(&*store).await[..] else { panic!("two series") };
    let steps = |step| often.blocks.iter().filter(|block| block.step == step).count();
    assert_eq!((steps(RollupStep::Minute), once.blocks.len(), once.rollups.len()), (2, 1, 0));
    assert_eq!(u32::try_from(often.blocks.len() + 1).unwrap(), packed);
    // Yesterday and today stay rows; hours as long as what is usual is learned from them.
    let oldest = |step| often.rollups.iter().find(|one| one.step == step).unwrap().start;
    assert!(oldest(RollupStep::Minute) >= after(2 * DAY));
    assert!(oldest(RollupStep::Hour) < now().minus(Span::from_mins(8 * DAY)));
    assert!(steps(RollupStep::Hour) >= 1);

    // What comes late is added to what is packed, in a minute of its own and in one that is there.
    let late = [Rollup { count: 3, ..minute(OFTEN, 8) }, Rollup { max: 1e9, ..minute(OFTEN, 7) }];
    store.write_rollups(&late).await.unwrap();
    let with_late = readings(&*store).await;
    let expected = before.rollups[0].len() + 1;
    assert_eq!(with_late.rollups[0].len(), expected);
    let joined = &with_late.rollups[0][1];
    assert_eq!((joined.start, joined.count, joined.max), (after(7), 24, 1e9));
    assert_eq!(store.as_past().pack(now(), 9).await.unwrap(), 1);
    assert_eq!(readings(&*store).await, with_late);
    assert_eq!(histories(&*store).await[0].blocks.len(), often.blocks.len());

    // A block goes when its last roll-up is older than it is kept.
    let kept = |days: u64| after(DAY - 1).plus(Span::from_mins(days * DAY));
    assert_eq!(store.prune(kept(90).minus(Span::from_mins(10))).await.unwrap(), 1, "of `once`");
    let last = before.rollups[0].iter().rfind(|one| one.start < after(DAY)).unwrap().start;
    assert_eq!(store.prune(last.plus(Span::from_mins(90 * DAY))).await.unwrap(), 0);
    assert_eq!(store.prune(last.plus(Span::from_mins(90 * DAY + 1))).await.unwrap(), 1);
    let left = readings(&*store).await;
    assert_eq!(left.rollups[0][0].start.as_micros() / 86_400_000_000, 20_718);
}

pub async fn what_is_written_as_blocks_is_read_like_rows(place: &Place) {
    let store = place.open().await;
    let minutes: Vec<Rollup> = (0..2 * DAY).step_by(7).map(|at| minute(OFTEN, at)).collect();
    let others: Vec<Rollup> = (60..100).map(|at| minute(ONCE, at)).collect();
    store.write_packed(&[minutes.clone(), others.clone()].concat()).await.unwrap();
    let read = async |subject: &str| {
        let (subject, signal) = (subject.parse().unwrap(), "queue.depth".parse().unwrap());
        store.rollups(&subject, &signal, RollupStep::Minute, first(), now()).await.unwrap()
    };
    assert_eq!((read(OFTEN).await, read(ONCE).await), (minutes.clone(), others));
    let [often, once] = &histories(&*store).await[..] else { panic!("two series") };
    assert_eq!((often.blocks.len(), often.rollups.len(), once.blocks.len()), (2, 0, 1));
    // A period that is there already is refused, with everything beside it.
    let new: Vec<Rollup> = (2 * DAY..2 * DAY + 9).map(|at| minute(OFTEN, at)).collect();
    assert!(store.write_packed(&[new, minutes[..3].to_vec()].concat()).await.is_err());
    assert_eq!(read(OFTEN).await, minutes);
    // What comes late goes into its block.
    store.write_rollups(&[minute(OFTEN, 3)]).await.unwrap();
    let with_late = read(OFTEN).await;
    assert_eq!(with_late.len(), minutes.len() + 1);
    assert_eq!(store.as_past().pack(now(), 9).await.unwrap(), 1);
    assert_eq!(read(OFTEN).await, with_late);
}

pub async fn packing_that_is_cut_off_loses_and_doubles_nothing(place: &Place) {
    let store = place.open().await;
    fill(&*store).await;
    let mut expected = count(&*store).await;
    for turn in 0..12 {
        // Always something to do, in a day that may be packed.
        store.write_rollups(&[minute(OFTEN, 10 + turn)]).await.unwrap();
        expected += 12;
        let within = Duration::from_micros(300 * turn * turn);
        let (_, seen) = tokio::join!(
            tokio::time::timeout(within, store.as_past().pack(now(), 9)),
            count(&*store)
        );
        assert_eq!((seen, count(&*store).await), (expected, expected), "turn {turn}");
    }
    while store.as_past().pack(now(), 9).await.unwrap() > 0 {}
    assert_eq!(count(&*store).await, expected);
    let blocks = histories(&*store).await.remove(0).blocks;
    assert_eq!(blocks.iter().filter(|one| one.step == RollupStep::Minute).count(), 2);
}

/// A question that nobody waits for any more, as its time limit is over, leaves its connection as it
/// was: another one that used it would see a state that is long over, or write into a change that
/// nobody ends.
pub async fn what_is_cut_off_leaves_no_transaction_open(place: &Place) {
    let store = place.open().await;
    fill(&*store).await;
    for turn in 0..150 {
        let within = Duration::from_micros(20 * turn);
        let cut_off = tokio::time::timeout(within, store.series_history(0)).await;
        assert!(cut_off.is_err() || cut_off.unwrap().is_ok());
        store.series_history(0).await.unwrap();
        let changed = tokio::time::timeout(within, store.as_past().pack(first(), 1)).await;
        assert!(changed.is_err() || changed.unwrap().is_ok());
        store.series_history(0).await.unwrap();
    }
}

pub async fn a_damaged_block_is_named_and_stops_no_other(place: &Place) {
    let store = place.open().await;
    fill(&*store).await;
    while store.as_past().pack(now(), 9).await.unwrap() > 0 {}
    let harm = "UPDATE rollup_block SET body = X'01' WHERE series = (SELECT id FROM series WHERE subject = 'service:mail')";
    place.attack(harm, &harm.replace("X'", "'\\x")).await.unwrap();
    let (subject, signal) = (ONCE.parse().unwrap(), "queue.depth".parse().unwrap());
    let read = store.rollups(&subject, &signal, RollupStep::Minute, first(), now()).await;
    assert_eq!(read.unwrap(), [], "its values are a gap");
    let saved = histories(&*store).await;
    let known = |name: &str| saved.iter().find(|one| one.subject.as_str() == name).unwrap();
    assert!(known(ONCE).blocks.is_empty() && !known(OFTEN).blocks.is_empty(), "{saved:?}");
    let before = count(&*store).await;
    store.write_rollups(&[minute(ONCE, 3), minute(OFTEN, 9)]).await.unwrap();
    assert_eq!(store.as_past().pack(now(), 9).await.unwrap(), 1);
    assert_eq!(count(&*store).await, before + 12);
}
