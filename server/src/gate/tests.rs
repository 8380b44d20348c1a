//! Questions and answers, without a connection.

use std::{num::NonZeroU32, sync::Arc};

use domain::time::Span;
use engine::gate::{Reported, Standing};
use http::{HeaderMap, HeaderValue, StatusCode};
use policy::limits::{Limits, Quota, Rate};

use crate::clock::Clock;

use super::{
    Gatekeeper,
    answer::{Answer, Held, Refusal},
    question::Question,
};

impl Gatekeeper {
    /// Takes a request of an organization, and whether it failed.
    pub(crate) fn take_one(&self, organization: &'static str, failed: bool) {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("x-forwarded-method", "GET"),
            ("x-forwarded-uri", "/"),
            ("x-organization", organization),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        let question = Question::read(&headers).unwrap();
        self.ask(&question);
        self.take_result(&question, Reported { failed, latency: None }, true);
    }
}

fn held() -> Held {
    let count = |count| NonZeroU32::new(count).unwrap();
    let rate = Rate { requests: count(300), per: Span::from_mins(1) };
    let quota = Quota { rate, burst: count(20), at_a_time: None };
    let (retry_after, reset) = (Span::from_millis(2_500), Span::from_millis(3_900));
    let standing = Standing { remaining: 3, retry_after, reset };
    Held { class: "uploads".to_owned(), quota, standing }
}

#[test]
fn what_passes_tells_its_quota() {
    let response = Answer::Passes(Some(held())).respond(None, false, || 0);
    assert_eq!(response.status(), StatusCode::NO_CONTENT);
    assert_eq!(response.headers()["ratelimit-policy"], "\"uploads\";q=20;w=4");
    assert_eq!(response.headers()["ratelimit"], "\"uploads\";r=3;t=4");
    let response = Answer::Passes(None).respond(Some(StatusCode::FORBIDDEN), false, || 0);
    assert_eq!(response.status(), StatusCode::NO_CONTENT);
    assert!(!response.headers().contains_key("ratelimit"));
}

#[test]
fn what_is_refused_is_told_when_to_try_again() {
    let refusal = Refusal::TooMany(held());
    let refused = Answer::Refused(refusal);
    let least = refused.respond(None, false, || 0);
    assert_eq!(
        (least.status(), &least.headers()["retry-after"]),
        (StatusCode::TOO_MANY_REQUESTS, &HeaderValue::from(3))
    );
    let most = refused.respond(Some(StatusCode::FORBIDDEN), true, || u64::MAX);
    assert_eq!(
        (most.status(), &most.headers()["retry-after"]),
        (StatusCode::FORBIDDEN, &HeaderValue::from(5))
    );
    assert_eq!(most.headers()["x-gate-status"], "429");
    assert_eq!(most.headers()["content-type"], "application/problem+json");
    let large = Answer::Refused(Refusal::TooLarge { most: 10 }).respond(None, false, || 0);
    assert_eq!(large.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert!(!large.headers().contains_key("retry-after"));
    let busy = Answer::Refused(Refusal::Busy).respond(None, true, || u64::MAX);
    assert_eq!(
        (busy.status(), &busy.headers()["retry-after"]),
        (StatusCode::SERVICE_UNAVAILABLE, &HeaderValue::from(10))
    );
}

#[test]
fn a_question_names_method_and_target() {
    let mut headers = HeaderMap::new();
    let insert = |headers: &mut HeaderMap, name: &'static str, value: &str| {
        headers.insert(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
    };
    assert_eq!(Question::read(&headers).unwrap_err(), "x-forwarded-method");
    insert(&mut headers, "x-forwarded-method", "GET");
    insert(&mut headers, "x-forwarded-uri", "");
    assert_eq!(Question::read(&headers).unwrap_err(), "x-forwarded-uri");
    insert(&mut headers, "x-forwarded-uri", "/Größe?x");
    insert(&mut headers, "x-content-length", "much");
    let question = Question::read(&headers).unwrap();
    assert_eq!((question.uri, question.host, question.content_length), ("/Größe?x", None, 0));
}

#[test]
fn while_ends_are_missed_nothing_is_refused_for_what_is_under_way() {
    let text = "format: 1\n\n| organization from | pattern |\n|---|---|\n| header | `X-Organization` |\n\n\
        | class | methods | paths | kind | critical | largest body |\n|---|---|---|---|---|---|\n\
        | `w` | POST | `*` | batch | no | - |\n\n\
        | plan | class | rate | burst | at a time | state |\n|---|---|---|---|---|---|\n\
        | `default` | `w` | 1,000/s | 1,000 | 1 | on |\n";
    let limits = Limits::parse("limits.md", text).unwrap();
    let gatekeeper = Gatekeeper::new(Arc::new(limits), Clock::start());
    let mut headers = HeaderMap::new();
    for (name, value) in
        [("x-forwarded-method", "POST"), ("x-forwarded-uri", "/"), ("x-organization", "acme")]
    {
        headers.insert(name, HeaderValue::from_static(value));
    }
    let question = Question::read(&headers).unwrap();
    let passes = || matches!(gatekeeper.ask(&question).0, Answer::Passes(_));
    assert!(passes());
    gatekeeper.take_result(&question, Reported { failed: false, latency: None }, true);
    assert_eq!([passes(), passes()], [true, false]);
    gatekeeper.set_blind(true);
    assert!(passes(), "nobody knows whether the first one has ended");
    gatekeeper.set_blind(false);
    gatekeeper.take_result(&question, Reported { failed: false, latency: None }, true);
    assert!(passes(), "the end of the one in between was missed");
}

#[test]
fn who_is_watched_is_counted_also_beside_many_larger_ones() {
    let text = include_str!("../../../ops/protection/limits.md");
    let limits = Limits::parse("limits.md", text).unwrap();
    let gatekeeper = Gatekeeper::new(Arc::new(limits), Clock::start());
    let ask = |organization: &str| {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("x-forwarded-method", "GET"),
            ("x-forwarded-uri", "/"),
            ("x-organization", organization),
        ] {
            headers.insert(name, HeaderValue::from_str(value).unwrap());
        }
        let question = Question::read(&headers).unwrap();
        assert!(matches!(gatekeeper.ask(&question), (Answer::Passes(_), None)));
    };
    let counted = || {
        ask("small");
        for index in 0..200 {
            ask(&format!("large-{index}"));
            ask(&format!("large-{index}"));
        }
        let (_, window, _) = gatekeeper.take_window();
        let small = window.organizations.into_iter().find(|one| &*one.organization == "small");
        small.map(|one| one.classes.iter().map(|counts| counts.requests).sum::<u64>())
    };
    assert_eq!(counted(), None, "it is among the others");
    gatekeeper.watch("small");
    assert_eq!([counted(), counted()], [Some(1), Some(1)]);
    gatekeeper.unwatch("small");
    assert_eq!(counted(), None);
}
