use commands::status_page::{publish_notice, publish_update, withdraw};
use domain::{
    actor::Actor,
    id::{AccountId, IncidentNumber},
    journal::{Entry, Event},
    status_page::{NoticeState, StatusPage},
    time::Span,
};
use proptest::prelude::*;

use super::*;

const NOW: i64 = 1_796_000_000;

/// A page after events that follow each other by an hour, the last of them now.
fn page(events: &[Event]) -> StatusPage {
    let first = NOW - 3_600 * i64::try_from(events.len()).unwrap();
    let entries: Vec<Entry> = (1_u64..)
        .zip(events)
        .map(|(number, event)| Entry {
            number,
            at: Timestamp::from_secs(first + 3_600 * i64::try_from(number).unwrap()),
            actor: Actor::Account(AccountId(4_711)),
            event: Some(event.clone()),
        })
        .collect();
    StatusPage::of(&entries)
}

fn document(page: &StatusPage, gaps: &[PublicGap]) -> String {
    let public = PublicStatusPage::new("Example <status>", page, gaps, Timestamp::from_secs(NOW));
    status_page(&public, "default-src 'none'")
}

fn notice(state: NoticeState, title: &str, text: &str) -> Event {
    publish_notice(Some(IncidentNumber(77_123)), state, title, text).unwrap()
}

#[test]
fn a_page_of_generated_data_says_so() {
    let page = page(&[]);
    assert!(!document(&page, &[]).contains("generated data"));
    let public = PublicStatusPage::new("Status", &page, &[], Timestamp::from_secs(NOW));
    let html = status_page(&PublicStatusPage { generated: true, ..public }, "default-src 'none'");
    assert!(html.contains("generated data that did not happen"), "{html}");
}

#[test]
fn an_empty_page_claims_nothing() {
    let html = document(&StatusPage::default(), &[]);
    assert!(html.contains("No incident is published right now."), "{html}");
    assert!(html.contains("As of <time datetime=\"2026-11-30"), "{html}");
    assert!(html.contains("1 Sep to 30 Nov: no new notices."), "{html}");
    assert!(html.contains("<h1>Example &lt;status&gt;</h1>"), "{html}");
    let (_, body) = html.split_once("</style>").unwrap();
    for word in ["perational", "healthy", "<script", "href="] {
        assert!(!body.contains(word), "{word}");
    }
}

#[test]
fn current_notices_come_first_and_the_history_shows_its_gaps() {
    let page = page(&[
        notice(NoticeState::Resolved, "Mail was late", "It is over."),
        notice(NoticeState::Investigating, "Uploads fail", "We look.\nhttps://example.com"),
    ]);
    let from = Timestamp::from_secs(NOW - 2 * 86_400);
    let gap = PublicGap { from, to: from.plus(Span::from_secs(180)) };
    let html = document(&page, &[gap]);
    let at = |word: &str| html.find(word).unwrap_or_else(|| panic!("{word}: {html}"));
    assert!(at("1 incident is published right now.") < at("Uploads fail"));
    assert!(at("Uploads fail") < at("The last 90 days"));
    assert!(at("The last 90 days") < at("Mail was late"));
    assert!(at("Mail was late") < at("Nothing could be published here from"));
    assert!(html.contains("We look.\nhttps://example.com</p>"), "no link is made");
    assert!(!html.contains("77123") && !html.contains("4711"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(fixtures::cases(128)))]

    /// Whatever is published stands there word by word; what was withdrawn or redacted does not.
    #[test]
    fn the_page_shows_exactly_what_is_published(
        words in proptest::collection::vec("[a-zA-Z<>&\"'/ =]{0,40}", 1..6),
        fates in proptest::collection::vec(0_u8..3, 6),
    ) {
        let mut events = Vec::new();
        let mut kept = Vec::new();
        for (index, (word, fate)) in words.iter().zip(&fates).enumerate() {
            let text = format!("q{index}z<b>{word}</b>\nend");
            let number = u64::try_from(events.len()).unwrap() + 1;
            let title = format!("t{index}z<i>");
            events.push(notice(NoticeState::Identified, &title, &text));
            let update = format!("u{index}z{word}.");
            events.push(publish_update(&page(&events), number, NoticeState::Resolved, &update).unwrap());
            match fate {
                0 => kept.extend([title, text, update]),
                1 => events.push(withdraw(&page(&events), number, None, "secretreason").unwrap()),
                _ => {
                    kept.extend([title, text]);
                    events.push(Event::Redacted { entry: number + 1, reason: "secretreason".into(), message: None, step: None, window: None });
                }
            }
        }
        let html = document(&page(&events), &[]);
        for words in &kept {
            prop_assert!(html.contains(&escape(words)), "{} is missing", words);
        }
        for index in 0..words.len() {
            let is_kept = |sign: char| kept.iter().any(|words| words.starts_with(&format!("{sign}{index}z")));
            for sign in ['t', 'q', 'u'] {
                prop_assert_eq!(html.contains(&format!("{sign}{index}z")), is_kept(sign));
            }
        }
        prop_assert!(!html.contains("secretreason") && !html.contains("77123"));
        prop_assert!(!html.contains("<b>q") && !html.contains("<i>"));
    }
}
