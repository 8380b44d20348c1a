//! Names, numbers and times that stand in addresses, bodies, documents and settings: what is read
//! is what is printed, and what is refused is told in a sentence.

use std::{
    fmt::{Debug, Display},
    str::FromStr,
};

use commands::notifications::{DayTime, Zone};
use domain::{
    access::{Role, Scope},
    actor::Actor,
    hash::Hash,
    id::RecommendationId,
    journal::Cursor,
    lifecycle::State,
    maintenance::SubjectPattern,
    severity::Severity,
    signal::Signal,
    subject::Subject,
    time::{Span, Timestamp},
    unit::Unit,
};
use fixtures::fuzz::{Target, assert_shown};

use super::texts;
use crate::{
    collectors::http::{ProbeUrl, Statuses},
    http::client_info::Network,
};

pub(super) const TARGETS: &[Target] = &[Target {
    name: "names",
    seeds,
    words: &[
        ":", "-", ".", "/", "@", "*", "+", "T", "Z", ",", " min", " h", " s", "ms", "host:",
        "account:", "::1", "http://", "https://", "Europe/", "00", "2026", "99",
    ],
    check,
}];

fn seeds() -> Vec<Vec<u8>> {
    texts(&[
        "1:42",
        "42-1",
        "host:web-1",
        "disk:/var lib@web-1",
        "app:*@web-1",
        "host.memory.used",
        "requests/s",
        "account:7",
        "token:3",
        "agent",
        "2026-11-22T10:00:00.123457Z",
        "2026-02-29T23:59:60+14:00",
        "4 min 10 s",
        "1.5 h",
        "250 ms",
        "22:00",
        "Europe/Berlin",
        "4004 min",
        "-03:30",
        "critical",
        "mitigating",
        "owner",
        "push",
        "10.0.0.0/8",
        "::ffff:10.0.0.1/96",
        "200-299,404",
        "https://shop.example:8443/health?key=hunter2",
        "07070707070707070707070707070707070707070707070707070707070707ff",
    ])
}

fn check(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    same::<Cursor>(&text);
    same::<RecommendationId>(&text);
    same::<Subject>(&text);
    same::<SubjectPattern>(&text);
    same::<Signal>(&text);
    same::<Unit>(&text);
    same::<Actor>(&text);
    same::<Timestamp>(&text);
    rounded::<Span>(&text);
    same::<DayTime>(&text);
    same::<Zone>(&text);
    same::<Severity>(&text);
    same::<State>(&text);
    same::<Role>(&text);
    refused::<Scope>(&text);
    same::<Network>(&text);
    same::<Hash>(&text);
    refused::<Statuses>(&text);
    if let Some(url) = refused::<ProbeUrl>(&text) {
        let url = url.as_url();
        assert!(matches!(url.scheme(), "http" | "https") && url.host().is_some(), "{url}");
        assert!(url.username().is_empty() && url.password().is_none(), "{url}");
        assert_eq!(
            url.as_str().parse::<ProbeUrl>().map(|again| again.as_url().clone()),
            Ok(url.clone())
        );
    }
}

/// The value, or `None` and a sentence that can be shown.
fn refused<T: FromStr<Err: Display>>(text: &str) -> Option<T> {
    // Control characters are told by their numbers, which takes more room.
    text.parse().map_err(|error: T::Err| assert_shown(&error.to_string(), 800)).ok()
}

/// Tries a value that is rounded for people: read again, it is printed the same.
fn rounded<T: FromStr<Err: Display> + Display>(text: &str) {
    let Some(value) = refused::<T>(text) else { return };
    let printed = value.to_string();
    match printed.parse::<T>() {
        Ok(again) => assert_eq!(again.to_string(), printed, "{text:?}"),
        Err(error) => panic!("{text:?} is printed as {printed:?}: {error}"),
    }
}

fn same<T: FromStr<Err: Display> + Display + Debug + PartialEq>(text: &str) {
    let Some(value) = refused::<T>(text) else { return };
    let printed = value.to_string();
    assert_shown(&printed, 1_000);
    match printed.parse::<T>() {
        Ok(again) => assert_eq!(again, value, "{text:?} is printed as {printed:?}"),
        Err(error) => panic!("{text:?} is printed as {printed:?}: {error}"),
    }
}
