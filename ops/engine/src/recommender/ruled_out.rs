//! A command against which the reason of a failure speaks is not recommended.

use domain::{
    breach::Breach,
    reason::{CertificateFault, FailureReason, RequestPhase},
    severity::Severity,
};
use policy::incident_policy::Dependency;

use super::{tests::Story, *};
use crate::agent::tests::breach;

fn down(reason: FailureReason) -> Breach {
    let breach = breach("endpoint:shop", "endpoint.up", Severity::Critical, 0);
    Breach { reason: Some(reason), ..breach }
}

fn story(reason: FailureReason) -> Story {
    let mut story = Story::new(&[down(reason)]);
    story.policy.dependencies =
        vec![Dependency { subject: "endpoint:*".into(), needs: "app:api@web-1".parse().unwrap() }];
    story
}

fn refused() -> FailureReason {
    FailureReason::Refused { address: "192.0.2.7:443".into() }
}

fn expired() -> FailureReason {
    FailureReason::Certificate {
        host: "shop.example".into(),
        address: "192.0.2.7:443".into(),
        fault: CertificateFault::Expired,
        detail: None,
    }
}

fn not_found() -> FailureReason {
    FailureReason::NameNotFound { name: "shop.example".into() }
}

#[test]
fn only_what_a_reason_leaves_room_for_is_offered() {
    let address = || "192.0.2.7:443".into();
    let all = ["nginx -s reload", "pm2 restart api", "systemctl restart nginx.service"];
    let behind = FailureReason::Behind { cause: "line:outside@web-1".parse().unwrap() };
    for (reason, offered) in [
        (refused(), &all[..]),
        (FailureReason::Status { address: address(), status: 502, found: "".into() }, &all[..]),
        (FailureReason::BrokenOff { phase: RequestPhase::Body, address: address() }, &all[..]),
        (expired(), &all[..1]),
        (FailureReason::Status { address: address(), status: 404, found: "".into() }, &all[..1]),
        (FailureReason::ManyRedirects { followed: 20 }, &all[..1]),
        (not_found(), &[]),
        (FailureReason::NameNotAnswered { name: "shop.example".into() }, &[]),
        (FailureReason::NeverAsked { address: "0.0.0.0".into() }, &[]),
        (behind, &[]),
    ] {
        let mut story = story(reason.clone());
        story.tick(0);
        let shown = story.offered();
        assert_eq!(shown.len(), offered.len(), "{reason:?}: {shown:?}");
        for one in offered {
            assert!(shown.iter().any(|shown| shown.ends_with(one)), "{reason:?}: {shown:?}");
        }
    }
}

#[test]
fn an_offer_ends_when_the_reason_speaks_against_it() {
    let mut story = story(refused());
    story.tick(0);
    assert_eq!(story.offered().len(), 3);
    let change = |story: &mut Story, reason| {
        let incident = story.incidents[0].number;
        let event = Event::BreachChanged { incident, breach: Box::new(down(reason)) };
        assert!(story.apply(&event, Actor::Agent, 60));
    };
    change(&mut story, expired());
    let events = story.tick(61);
    let ruled_out = |event: &Event| {
        matches!(event, Event::RecommendationWithdrawn { why: Withdrawn::RuledOut, .. })
    };
    assert!(events.len() == 2 && events.iter().all(ruled_out), "{events:?}");
    assert_eq!(story.offered(), ["/usr/sbin/nginx -s reload"]);
    change(&mut story, not_found());
    story.tick(62);
    assert!(story.offered().is_empty());
}
