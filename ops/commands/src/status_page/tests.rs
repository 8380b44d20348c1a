use domain::{actor::Actor, journal::Entry, time::Span};
use proptest::prelude::*;

use super::*;

fn at(day: i64, hour: i64) -> Timestamp {
    Timestamp::from_secs(day * 86_400 + hour * 3_600)
}

fn page(events: Vec<(Timestamp, Event)>) -> StatusPage {
    let entries: Vec<Entry> = (1..)
        .zip(events)
        .map(|(number, (at, event))| Entry { number, at, actor: Actor::Local, event: Some(event) })
        .collect();
    StatusPage::of(&entries)
}

fn notice(state: NoticeState) -> Event {
    publish_notice(Some(IncidentNumber(77_123)), state, "Uploads fail", "We look.\nSoon more.")
        .unwrap()
}

fn follows(notice: u64, state: NoticeState) -> Event {
    let part = NoticePart::Followed { notice };
    Event::StatusUpdatePublished { incident: None, part, state, text: "Over.".into() }
}

#[test]
fn titles_and_texts_are_bounded_and_hide_nothing() {
    let publish = |title: &str, text: &str| {
        publish_notice(None, NoticeState::Investigating, title, text).map(|_| ())
    };
    assert_eq!(publish(&"t".repeat(120), &"x".repeat(4_000)), Ok(()));
    for (title, text) in [
        (&*"t".repeat(121), "x"),
        ("", "x"),
        (" \n", "x"),
        ("a\u{202e}b", "x"),
        ("t", ""),
        ("t", "a\u{200b}b"),
        ("t", &"x".repeat(4_001)),
    ] {
        assert!(matches!(publish(title, text), Err(Error::InvalidField { .. })), "{title} {text}");
    }
}

#[test]
fn only_what_is_published_gets_updates_and_is_withdrawn() {
    let page = page(vec![
        (at(1, 0), notice(NoticeState::Investigating)),
        (at(1, 1), notice(NoticeState::Resolved)),
    ]);
    assert!(publish_update(&page, 1, NoticeState::Identified, "Found.").is_ok());
    let unknown = |number| Error::NotFound(Entity::StatusNotice(number));
    assert_eq!(publish_update(&page, 3, NoticeState::Resolved, "x").unwrap_err(), unknown(3));
    assert_eq!(withdraw(&page, 3, None, "x").unwrap_err(), unknown(3));
    assert_eq!(
        withdraw(&page, 1, Some(2), "x").unwrap_err(),
        Error::NotFound(Entity::StatusUpdate(2)),
        "an update of another notice"
    );
    assert!(withdraw(&page, 1, None, " ").is_err(), "without a reason");
    let event = withdraw(&page, 2, None, "wrong notice").unwrap();
    assert_eq!(event, Event::StatusUpdateWithdrawn { update: 2, reason: "wrong notice".into() });
}

#[test]
fn the_public_sees_no_incident_nobody_and_no_number() {
    let page = page(vec![(at(1, 0), notice(NoticeState::Investigating))]);
    let public = PublicStatusPage::new("Status", &page, &[], at(2, 0));
    let json = serde_json::to_string(&public).unwrap();
    for hidden in ["77123", "incident", "local", "number", "\"by\""] {
        assert!(!json.contains(hidden), "{hidden}: {json}");
    }
    assert!(json.contains("Uploads fail") && json.contains("We look.\\nSoon more."), "{json}");
}

#[test]
fn the_history_tells_every_day_once() {
    let page = page(vec![
        (at(100, 5), notice(NoticeState::Investigating)),
        (at(101, 2), follows(1, NoticeState::Resolved)),
        (at(103, 9), notice(NoticeState::Monitoring)),
    ]);
    let gap =
        |from: Timestamp, seconds| PublicGap { from, to: from.plus(Span::from_secs(seconds)) };
    let gaps = [gap(at(103, 1), 59), gap(at(102, 1), 300), gap(at(100, 7), 60)];
    let public = PublicStatusPage::new("Status", &page, &gaps, at(104, 12));
    assert_eq!(public.current.len(), 1);
    let told: Vec<String> = public
        .days()
        .iter()
        .map(|part| match part {
            HistoryPart::Day(day) => {
                let number = day.day.as_micros() / DAY;
                format!("{number}: {} {} {}", day.notices.len(), day.current, day.gaps.len())
            }
            HistoryPart::Quiet { from, to } => {
                format!("{}-{}", from.as_micros() / DAY, to.as_micros() / DAY)
            }
        })
        .collect();
    assert_eq!(told, ["104-104", "103: 0 1 0", "102: 0 0 1", "101-101", "100: 1 0 1", "14-99"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(fixtures::cases(256)))]

    /// Each day of the history is in exactly one part, whatever was published when.
    #[test]
    fn no_day_is_lost_or_told_twice(
        begun in proptest::collection::vec((0_i64..120, 0_i64..24, any::<bool>()), 0..12),
        stops in proptest::collection::vec((0_i64..120, 0_i64..24, 0_u64..400_000), 0..6),
        now in 95_i64..130,
    ) {
        let mut begun = begun;
        begun.sort_unstable();
        let events = begun.iter().map(|&(day, hour, is_over)| {
            let state = if is_over { NoticeState::Resolved } else { NoticeState::Identified };
            (at(day.min(now), hour), notice(state))
        });
        let page = page(events.collect());
        let gaps: Vec<PublicGap> = stops
            .iter()
            .map(|&(day, hour, long)| {
                let from = at(day.min(now), hour);
                PublicGap { from, to: from.plus(Span::from_secs(long)) }
            })
            .collect();
        let public = PublicStatusPage::new("Status", &page, &gaps, at(now, 23));
        let mut days = Vec::new();
        let (mut notices, mut current) = (0, 0);
        for part in public.days() {
            match part {
                HistoryPart::Day(day) => {
                    days.push(day.day.as_micros() / DAY);
                    notices += day.notices.len();
                    current += day.current;
                }
                HistoryPart::Quiet { from, to } => {
                    prop_assert!(from <= to);
                    days.extend((from.as_micros() / DAY..=to.as_micros() / DAY).rev());
                }
            }
        }
        prop_assert_eq!(days, (now - 90..=now).rev().collect::<Vec<_>>());
        prop_assert_eq!(notices, public.past.len());
        let began = public.current.iter().filter(|one| one.began_at >= public.since);
        prop_assert_eq!(current, began.count());
    }
}
