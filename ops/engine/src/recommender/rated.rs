//! Ratings of past recommendations: they move the order of the next ones, within bounds.

use domain::{
    id::IncidentNumber, journal::Event, recommendation::Reason, review::Rating, severity::Severity,
};

use crate::{
    agent::tests::{at, breach},
    recommender::tests::Story,
};

const RESTART: &str = "/usr/bin/pm2 restart api";
const RELOAD: &str = "/usr/bin/pm2 reload api";

fn rate(story: &mut Story, incident: u32, command: &str, signal: &str, rating: Rating) {
    let event = Event::RecommendationRated {
        incident: IncidentNumber(incident),
        place: 1,
        command: command.into(),
        signal: signal.parse().unwrap(),
        rating,
    };
    story.tracks.take(&event, at(-9_000));
}

fn story() -> Story {
    Story::new(&[breach("app:api@web-1", "app.memory", Severity::Warning, 0)])
}

fn prove(story: &mut Story, command: &str, times: u32) {
    for _ in 0..times {
        let event = Event::RunProved {
            incident: IncidentNumber(9),
            place: 1,
            command: command.into(),
            subject: "app:api@web-1".parse().unwrap(),
            worked: true,
            counts: true,
        };
        story.tracks.take(&event, at(-9_000));
    }
}

#[test]
fn what_fixed_it_before_comes_first_and_says_how_often() {
    let mut story = story();
    rate(&mut story, 3, "pm2-restart", "app.memory", Rating::Fixed);
    rate(&mut story, 4, "pm2-restart", "app.memory", Rating::Wrong);
    // The same person, or another one, changed their mind: the last rating counts.
    rate(&mut story, 4, "pm2-restart", "app.memory", Rating::Fixed);
    rate(&mut story, 5, "pm2-restart", "app.memory", Rating::OneStepShort);
    story.tick(0);
    assert_eq!(story.offered(), [RESTART, RELOAD]);
    let reasons = &story.incidents[0].recommendations[0].reasons;
    assert!(matches!(reasons[0], Reason::Rated { fixed: 2, of: 3, .. }), "{reasons:?}");
    assert!(matches!(reasons[1], Reason::Helps { .. }), "{reasons:?}");
}

#[test]
fn a_rating_for_another_signal_says_nothing() {
    let mut story = story();
    rate(&mut story, 3, "pm2-restart", "app.restarts", Rating::Fixed);
    story.tick(0);
    assert_eq!(story.offered(), [RELOAD, RESTART]);
}

#[test]
fn what_was_wrong_is_ranked_lower_and_never_hidden() {
    let mut story = story();
    for incident in 2..200 {
        rate(&mut story, incident, "pm2-reload", "app.memory", Rating::Wrong);
    }
    story.tick(0);
    assert_eq!(story.offered(), [RESTART, RELOAD]);
}

#[test]
fn ratings_never_outweigh_a_long_record() {
    let mut story = story();
    prove(&mut story, "pm2-reload", 20);
    for incident in 2..200 {
        rate(&mut story, incident, "pm2-reload", "app.memory", Rating::Wrong);
        rate(&mut story, incident + 500, "pm2-restart", "app.memory", Rating::RightArea);
    }
    story.tick(0);
    assert_eq!(story.offered(), [RELOAD, RESTART]);
}

/// Notes in which similar incidents a command helped.
fn helped(story: &mut Story, command: &str, incidents: &[u32]) {
    helped_signal(story, command, "app.memory", incidents);
}

fn helped_signal(story: &mut Story, command: &str, signal: &str, incidents: &[u32]) {
    let of = (command.to_owned(), signal.parse().unwrap());
    let helped = |number: &u32| (IncidentNumber(*number), [of.clone()].into());
    story.tracks.take_helped(IncidentNumber(1), incidents.iter().map(helped).collect());
}

#[test]
fn what_helped_in_a_similar_incident_comes_first_and_names_it() {
    let mut story = story();
    helped(&mut story, "pm2-restart", &[12, 7]);
    story.tick(0);
    assert_eq!(story.offered(), [RESTART, RELOAD]);
    let reasons = &story.incidents[0].recommendations[0].reasons;
    let twelve = Reason::HelpedBefore { incident: IncidentNumber(12) };
    assert_eq!(reasons[0], twelve, "{reasons:?}");
    let reasons = &story.incidents[0].recommendations[1].reasons;
    assert!(!reasons.iter().any(|one| matches!(one, Reason::HelpedBefore { .. })), "{reasons:?}");
}

#[test]
fn a_rating_counts_more_than_similar_incidents_and_so_does_a_run() {
    let mut rating = story();
    helped(&mut rating, "pm2-restart", &[12, 11, 10]);
    rate(&mut rating, 3, "pm2-reload", "app.memory", Rating::Fixed);
    rating.tick(0);
    assert_eq!(rating.offered(), [RELOAD, RESTART]);
    let mut run = story();
    helped(&mut run, "pm2-restart", &[12, 11, 10]);
    prove(&mut run, "pm2-reload", 1);
    run.tick(0);
    assert_eq!(run.offered(), [RELOAD, RESTART]);
}

#[test]
fn what_helped_elsewhere_is_not_offered_where_the_catalogue_does_not_offer_it() {
    let mut plain = story();
    plain.tick(0);
    let mut told = story();
    helped(&mut told, "clear-tmp", &[12, 11]);
    told.tick(0);
    assert_eq!(told.offered(), plain.offered());
    // Nor does another incident count.
    let mut other = story();
    let restarted = ("pm2-restart".to_owned(), "app.memory".parse().unwrap());
    other.tracks.take_helped(IncidentNumber(2), vec![(IncidentNumber(12), [restarted].into())]);
    other.tick(0);
    assert_eq!(other.offered(), plain.offered());
}

#[test]
fn what_helped_another_signal_says_nothing() {
    let mut plain = story();
    plain.tick(0);
    let mut other = story();
    helped_signal(&mut other, "pm2-restart", "app.restarts", &[12, 11]);
    other.tick(0);
    assert_eq!(other.offered(), plain.offered());
    let reasons = other.incidents[0].recommendations.iter().flat_map(|one| &one.reasons);
    assert_eq!(reasons.filter(|one| matches!(one, Reason::HelpedBefore { .. })).count(), 0);
}
