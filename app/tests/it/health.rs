//! The health page for a few and for many subjects: each has one tile and one card, and they tell the
//! same.

use commands::{
    day::{DayRun, DayState, Days, SubjectDay},
    view::{Health, Overview, Readings},
};
use domain::reading::{Reading, Status};

use crate::pages::{at, health, page_of};

const STATUSES: [Status; 7] = [
    Status::Healthy,
    Status::Healthy,
    Status::Critical,
    Status::Watching,
    Status::Unknown,
    Status::Shown,
    Status::Warning,
];

fn reading(name: usize, signal: &str, status: Status) -> Reading {
    Reading {
        unit: "jobs".parse().unwrap(),
        at: at(0),
        status,
        warning: Some(2_000.0),
        critical: Some(3_000.0),
        ..fixtures::reading(&format!("service:job-{name:03}"), signal, 12.0)
    }
}

/// So many subjects with two signals each, one of them in each status by turns.
fn many(subjects: usize, status: impl Fn(usize) -> Status) -> Health {
    let readings: Vec<Reading> = (0..subjects)
        .flat_map(|name| {
            let healthy = reading(name, "job.errors", Status::Healthy);
            let other = reading(name, "job.value", status(name));
            let shown = Status::Shown == other.status;
            [
                Reading { status: if shown { Status::Shown } else { healthy.status }, ..healthy },
                other,
            ]
        })
        .collect();
    let runs = vec![
        DayRun { state: DayState::Healthy, slots: 27 },
        DayRun { state: DayState::Critical, slots: 1 },
        DayRun { state: DayState::Healthy, slots: 20 },
    ];
    let day = |name: usize| SubjectDay {
        subject: format!("service:job-{name:03}").parse().unwrap(),
        runs: runs.clone(),
    };
    let days = Days { from: at(-24 * 3_600), subjects: (0..subjects).map(day).collect() };
    let base = health(0);
    Health {
        now: Readings { readings, troubles: Vec::new(), ..base.now },
        sparklines: Vec::new(),
        overview: Overview { days, ..Overview::default() },
        ..base
    }
}

/// The text between two others; the first of the parts that have it.
fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    text.split(before).nth(1).and_then(|rest| rest.split(after).next()).unwrap()
}

/// Status and name of each tile, in their order.
fn tiles(html: &str) -> Vec<(String, String)> {
    let strip = between(html, "class=\"tiles", "</ul>");
    let of = |tile: &str| {
        let status = between(tile, "class=\"tile mark ", "\"").to_owned();
        (status, between(tile, "title=\"", "\"").to_owned())
    };
    strip.split("<a ").skip(1).map(of).collect()
}

/// Status and heading of each card, in their order.
fn cards(html: &str) -> Vec<(String, String)> {
    let of = |card: &str| {
        let status = between(card, "class=\"group is-", "\"").to_owned();
        (status, between(card, "aria-labelledby=\"", "\"").to_owned())
    };
    let sections = html.split("<section ").skip(1);
    sections.filter(|card| card.contains("class=\"group is-")).map(of).collect()
}

#[tokio::test]
async fn every_subject_has_one_tile_and_one_card_that_tell_the_same() {
    for count in [5, 200] {
        let html =
            page_of(many(count, |name| STATUSES[name % STATUSES.len()]), "/ops/health").await;
        let (tiles, cards) = (tiles(&html), cards(&html));
        assert_eq!((tiles.len(), cards.len()), (count, count));
        for ((tile, title), (card, id)) in tiles.iter().zip(&cards) {
            assert_eq!(tile, card, "{title}");
            let name = title.split(':').next().unwrap();
            assert_eq!(*id, format!("subject-service:{name}"));
            assert_eq!(html.matches(&format!("id=\"{id}\"")).count(), 1);
            assert_eq!(html.matches(&format!("href=\"#{id}\"")).count(), 1);
            let word = if tile == "shown" { "no threshold" } else { tile };
            let word = if tile == "unknown" { "no data" } else { word };
            assert_eq!(*title, format!("{name}: {word}"));
        }
        let rank = |status: &str| {
            ["critical", "warning", "unknown"].iter().position(|one| *one == status).unwrap_or(3)
        };
        assert!(tiles.iter().is_sorted_by_key(|(status, _)| rank(status)), "{tiles:?}");
        // What is equally bad keeps its order.
        for pair in tiles.windows(2).filter(|pair| rank(&pair[0].0) == rank(&pair[1].0)) {
            assert!(pair[0].1 < pair[1].1, "{pair:?}");
        }
        let critical = tiles.iter().filter(|(status, _)| status == "critical").count();
        assert_eq!(html.matches("class=\"group is-critical").count(), critical);
        // The sentence says nothing else, and each bar is told in words.
        assert!(html.contains("No data from job-004") && !html.contains("All calm."), "{count}");
        let told =
            "title=\"Last 24 hours: critical from 23:30 UTC to 00:00 UTC, otherwise healthy\"";
        let plain = "title=\"Last 24 hours: critical from 23:30 UTC to 00:00 UTC, otherwise data received\"";
        assert_eq!(html.matches(told).count() + html.matches(plain).count(), count);
        assert_eq!(html.matches("class=\"tiles dense\"").count(), usize::from(count == 200));
    }
}

#[tokio::test]
async fn a_healthy_subject_takes_one_line_and_one_in_trouble_is_open() {
    let html = page_of(many(3, |name| STATUSES[name]), "/ops/health").await;
    let card = |name: &str| {
        let from = html.find(&format!("aria-labelledby=\"subject-service:{name}\"")).unwrap();
        let rest = &html[from..];
        rest[..rest.find("</section>").unwrap()].to_owned()
    };
    let well = card("job-000");
    assert!(well.contains("2 healthy") && !well.contains(" open"), "{well}");
    let bad = card("job-002");
    assert!(bad.contains("1 critical, 1 healthy") && bad.contains("1 more signal"), "{bad}");
    let fold = bad.split("<details").find(|one| one.contains("class=\"subject\"")).unwrap();
    assert!(fold.split('>').next().unwrap().contains(" open"), "{bad}");
    // Every row leads to its signal, also those that are folded away.
    for (card, name) in [(well, "job-000"), (bad, "job-002")] {
        for signal in ["job.errors", "job.value"] {
            let href = format!("href=\"/ops/signals/{signal}?subject=service%3A{name}\"");
            assert_eq!(card.matches(&href).count(), 1, "{card}");
        }
    }
}

#[tokio::test]
async fn the_address_narrows_what_is_shown_without_wasm() {
    let page = async |query: &str| {
        page_of(many(20, |name| STATUSES[name % STATUSES.len()]), &format!("/ops/health{query}"))
            .await
    };
    let names = |html: &str| -> Vec<String> {
        let found = tiles(html);
        assert_eq!(found.len(), cards(html).len());
        found.into_iter().map(|(_, title)| title).collect()
    };
    assert_eq!(names(&page("").await).len(), 20);
    let one = page("?q=JOB-007").await;
    assert_eq!(names(&one), ["job-007: healthy"]);
    assert!(one.contains("value=\"JOB-007\""), "what was typed stands there");
    let problems = page("?q=&kind=&host=&status=problems").await;
    assert_eq!(names(&problems).len(), 8);
    assert!(problems.contains("name=\"status\" value=\"problems\" checked"), "{problems}");
    let nothing = page("?kind=disk").await;
    assert_eq!(names(&nothing), [""; 0]);
    assert!(nothing.contains("No subject matches.") && nothing.contains("href=\"/ops/health\""));
    // Hostile text stays text, and the sentence is about everything whatever is shown.
    let hostile = page("?q=%3Cscript%3Ealert(1)%3C%2Fscript%3E&status=%22%3E").await;
    assert!(!hostile.contains("<script>alert") && hostile.contains("No data from job-004"));
}

#[tokio::test]
async fn a_day_that_is_not_known_yet_is_not_drawn_as_healthy() {
    let mut unknown = many(3, |_| Status::Healthy);
    unknown.overview.days = Days::default();
    let html = page_of(unknown, "/ops/health").await;
    assert_eq!(html.matches("title=\"Last 24 hours: not known yet\"").count(), 3);
    let paths = || html.split("<path").skip(1).map(|path| path.split('>').next().unwrap());
    assert!(!paths().any(|path| path.contains("class=\"healthy\"")), "{html}");
}
