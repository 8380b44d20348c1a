use domain::reading::Status;
use proptest::prelude::*;

use super::*;

fn reading(subject: u8, signal: u8, value: f64, status: u8) -> Reading {
    let (subject_name, signal) = (format!("service:s{subject:03}"), format!("queue.depth{signal}"));
    Reading {
        unit: "jobs".parse().unwrap(),
        at: Timestamp::from_secs(i64::from(subject)),
        status: [Status::Healthy, Status::Watching, Status::Critical][usize::from(status % 3)],
        stale_since: (status == 7).then(|| Timestamp::from_secs(5)),
        usual: (status > 4).then_some(value / 3.0),
        critical: Some(5_000.0),
        limit_in_seconds: (status > 8).then_some(value.abs() * 77.7),
        ..fixtures::reading(&subject_name, &signal, value)
    }
}

fn readings() -> impl Strategy<Value = Readings> {
    let row = (0..12u8, 0..3u8, -1e7..1e7f64, 0..10u8);
    let troubles = prop::collection::vec("[a-c]", 0..2);
    (prop::collection::vec(row, 0..20), troubles, 0..3u32, 0..3u32).prop_map(
        |(rows, troubles, left_out, withheld)| {
            let mut readings: Vec<Reading> =
                rows.iter().map(|(a, b, c, d)| reading(*a, *b, *c, *d)).collect();
            readings.sort_by(|a, b| key(a).cmp(&key(b)));
            readings.dedup_by(|a, b| key(a) == key(b));
            let checked_at = Timestamp::from_secs(1_000);
            Readings { version: 1, checked_at, readings, troubles, left_out, withheld }
        },
    )
}

/// All that a page shows of the readings: what is sent in fewer digits, and when values came, is
/// left out.
fn shown(readings: &Readings) -> Readings {
    let at = Timestamp::default();
    let rows = readings.readings.iter().map(|reading| Reading { at, ..coarse(reading) }).collect();
    Readings { readings: rows, ..readings.clone() }
}

proptest! {
    #[test]
    fn a_difference_that_is_carried_out_leads_to_the_later_version(
        old in readings(), new in readings(),
    ) {
        let new = Readings { version: 2, checked_at: Timestamp::from_secs(1_005), ..new };
        let change = ReadingsChange::between(&old, &new);
        let sent: ReadingsChange =
            serde_json::from_str(&serde_json::to_string(&change).unwrap()).unwrap();
        let mut page = old;
        prop_assert!(sent.apply(&mut page));
        prop_assert_eq!(shown(&page), shown(&new));
        // What is not of the version before is refused, with nothing changed.
        let kept = page.clone();
        prop_assert!(!sent.apply(&mut page));
        prop_assert_eq!(kept, page);
    }

    #[test]
    fn a_hostile_difference_is_refused_or_carried_out_and_never_breaks_a_page(
        old in readings(),
        removed in prop::collection::vec(0..30u32, 0..4),
        added in prop::collection::vec(0..30u32, 0..4),
        values in prop::collection::vec((0..30u32, 0.0..9.0f64), 0..4),
    ) {
        let added = added.into_iter().map(|at| (at, reading(99, 1, 1.0, 0))).collect();
        let change = ReadingsChange { version: 2, removed, added, values, ..Default::default() };
        let mut page = old.clone();
        if !change.apply(&mut page) {
            prop_assert_eq!(old, page);
        }
    }

    #[test]
    fn rounding_keeps_the_significant_digits(value in -1e15..1e15f64, digits in 1..7) {
        let near = rounded(value, digits);
        prop_assert!((near - value).abs() <= value.abs() * 10f64.powi(1 - digits));
    }
}

#[test]
fn what_does_not_change_is_not_sent() {
    let old = Readings {
        version: 4,
        checked_at: Timestamp::from_secs(10),
        readings: vec![reading(1, 1, 12.345_678, 6), reading(2, 1, 7.0, 0)],
        troubles: vec!["x".into()],
        left_out: 0,
        withheld: 0,
    };
    let mut new = Readings { version: 5, ..old.clone() };
    new.readings[0].value += 1e-7;
    new.readings[1].value = 8.0;
    let change = ReadingsChange::between(&old, &new);
    assert_eq!(
        serde_json::to_string(&change).unwrap(),
        r#"{"version":5,"checked_at":"1970-01-01T00:00:10.000000Z","values":[[1,8.0]]}"#
    );
}

#[test]
fn events_are_told_apart_by_name_and_one_of_a_later_version_is_an_error() {
    let decode = serde_json::from_str::<StreamEvent>;
    let hello = decode(r#"{"event":"hello","data":{"cursor":"1:42"}}"#).unwrap();
    assert_eq!(hello, StreamEvent::Hello { cursor: Cursor { epoch: 1, number: 42 } });
    let card = Overview::default();
    let text = serde_json::to_string(&StreamEvent::Overview(card.clone())).unwrap();
    assert_eq!(decode(&text).unwrap(), StreamEvent::Overview(card));
    for odd in [r#"{"event":"of-a-later-version","data":{}}"#, r#"{"event":"hello"}"#, "null", ""] {
        assert!(decode(odd).is_err(), "{odd}");
    }
}
