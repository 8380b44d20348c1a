//! Tests of the list of channels, and of the settings that each takes and refuses.

use std::collections::BTreeSet;

use commands::notifications::{ChannelKind, Contact, FORM_NAMES, FieldInfo, Input};
use domain::error::{Error, FieldReason};

use super::*;

fn settings(json: &str) -> ChannelSettings {
    serde_json::from_str(json).unwrap()
}

/// The examples of the fields that are wanted.
fn examples(info: &ChannelInfo, wanted: impl Fn(&FieldInfo) -> bool) -> ChannelSettings {
    info.fields
        .iter()
        .filter(|field| wanted(field))
        .fold(ChannelSettings::new(info.kind).unwrap(), |settings, field| {
            settings.with(field.name, field.example.to_owned()).unwrap()
        })
}

/// The field that is wrong; empty if nothing is.
fn wrong_field(settings: &ChannelSettings) -> String {
    match check(settings) {
        Ok(()) => String::new(),
        Err(Error::InvalidField { field, .. }) => field.into_owned(),
        Err(other) => panic!("{other:?}"),
    }
}

#[test]
fn names_are_unique_and_clash_with_no_field_of_the_form() {
    let kinds: BTreeSet<&str> = all().map(|info| info.kind).collect();
    assert_eq!(kinds.len(), CHANNELS.len(), "{kinds:?}");
    for info in all() {
        assert!(ChannelKind::try_from(info.kind.to_owned()).is_ok(), "{}", info.kind);
        let names: BTreeSet<&str> = info.fields.iter().map(|field| field.name).collect();
        assert_eq!(names.len(), info.fields.len(), "{}: {names:?}", info.kind);
        assert!(names.is_disjoint(&BTreeSet::from(FORM_NAMES)), "{}: {names:?}", info.kind);
    }
}

#[test]
fn settings_have_the_fields_that_are_declared() {
    for info in all() {
        let full = examples(info, |_| true);
        assert_eq!(check(&full), Ok(()), "{}", info.kind);
        let is_secret = |field: &FieldInfo| field.input == Input::Secret;
        assert_eq!(destination(&full).has_secret, info.fields.iter().any(is_secret));
        let open = examples(info, |field| field.required || !is_secret(field));
        assert_eq!(check(&open), Ok(()), "{}", info.kind);
        assert_eq!(wrong_field(&full.with("nonsense", "x".to_owned()).unwrap()), "nonsense");
        for field in info.fields {
            let without = examples(info, |other| other.name != field.name);
            let expected = if field.required { field.name } else { "" };
            assert_eq!(wrong_field(&without), expected, "{} without {}", info.kind, field.name);
            if let Some(most) = field.max_length {
                let long = "x".repeat(usize::from(most) + 1);
                let long = without.with(field.name, long).unwrap();
                assert_eq!(wrong_field(&long), field.name, "{}", info.kind);
            }
        }
    }
}

#[test]
fn an_unknown_channel_is_named_with_the_known_ones() {
    let unknown = ChannelSettings::new("pigeon").unwrap();
    let Err(Error::InvalidField { field, reason }) = check(&unknown) else { panic!() };
    assert_eq!(field, "kind");
    assert_eq!(reason, FieldReason::Unknown { known: vec!["ntfy", "mail", "webhook"] });
    // One that was set by another version is still shown.
    assert_eq!(destination(&unknown).place, "pigeon");
}

#[test]
fn what_earlier_versions_stored_is_still_read() {
    for (way, by, place, form, has_secret) in [
        (
            r#"{"kind":"ntfy","server":"https://ntfy.example","topic":"hunter2","token":null}"#,
            "ntfy at",
            "ntfy.example",
            None,
            false,
        ),
        (
            r#"{"kind":"ntfy","server":"https://ntfy.example","topic":"hunter2","token":"hunter2"}"#,
            "ntfy at",
            "ntfy.example",
            None,
            true,
        ),
        (
            r#"{"kind":"webhook","url":"https://a.example/hunter2","form":"chat","secret":null}"#,
            "chat webhook at",
            "a.example",
            Some("chat"),
            false,
        ),
        (
            r#"{"kind":"webhook","url":"https://u:hunter2@a.example/x?hunter2","form":"calm_ops","secret":"hunter2hunter2hunter2"}"#,
            "webhook at",
            "a.example",
            Some("calm_ops"),
            true,
        ),
        (
            r#"{"kind":"mail","address":"ada@example.com"}"#,
            "e-mail to",
            "ada@example.com",
            None,
            false,
        ),
    ] {
        let row = format!(
            r#"{{"id":3,"account":7,"label":"Phone","way":{way},"least":"warning","quiet":null,"enabled":true,"set_at":"2026-11-22T10:00:00.000000Z"}}"#
        );
        let contact: Contact = serde_json::from_str(&row).unwrap();
        let found = destination(&contact.channel);
        assert_eq!((found.by.as_str(), found.place.as_str()), (by, place));
        assert_eq!((found.form.as_deref(), found.has_secret), (form, has_secret));
        assert!(!format!("{contact:?} {found:?}").contains("hunter2"), "{contact:?}");
        // Credentials in an address were never taken.
        let expected = if way.contains("u:hunter2@") { "url" } else { "" };
        assert_eq!(wrong_field(&contact.channel), expected, "{way}");
    }
}

#[test]
fn what_is_wrong_is_told_by_its_field() {
    let mail = |address: &str| {
        ChannelSettings::new("mail").unwrap().with("address", address.to_owned()).unwrap()
    };
    for (address, expected) in [
        ("ada@example.com", ""),
        ("ada", "address"),
        ("a@b@c", "address"),
        ("ada@example.com\r\nBcc: x@y.z", "address"),
        ("a@b.c,d@e.f", "address"),
        ("Ada <a@b.c>", "address"),
    ] {
        assert_eq!(wrong_field(&mail(address)), expected, "{address}");
    }
    let long =
        format!(r#"{{"kind":"webhook","url":"https://a/{}","form":"chat"}}"#, "b".repeat(3_000));
    for (json, expected) in [
        (r#"{"kind":"ntfy","server":"https://ntfy.sh","topic":"calm-ops-8f3k"}"#, ""),
        (r#"{"kind":"ntfy","server":"https://ntfy.sh","topic":"a/b"}"#, "topic"),
        (r#"{"kind":"ntfy","server":"https://ntfy.sh","topic":""}"#, "topic"),
        (r#"{"kind":"ntfy","server":"https://ntfy.sh","topic":"a","token":""}"#, "token"),
        (
            r#"{"kind":"ntfy","server":"https://ntfy.sh","topic":"a","token":"x\r\nHost: y"}"#,
            "token",
        ),
        (r#"{"kind":"ntfy","server":"https://ntfy.sh","topic":"a","token":"päss"}"#, "token"),
        (r#"{"kind":"ntfy","server":"https://ntfy sh","topic":"a"}"#, "server"),
        (r#"{"kind":"ntfy","server":"ftp://ntfy.sh","topic":"a"}"#, "server"),
        (r#"{"kind":"ntfy","server":"https://user:pass@ntfy.sh","topic":"a"}"#, "server"),
        (r#"{"kind":"webhook","url":"https://a/b","form":"chat"}"#, ""),
        (r#"{"kind":"webhook","url":"https://a/b","form":"pigeon"}"#, "form"),
        (r#"{"kind":"webhook","url":"file:///etc/passwd","form":"chat"}"#, "url"),
        (r#"{"kind":"webhook","url":"https://a/b","form":"chat","secret":"short"}"#, "secret"),
        (&long, "url"),
    ] {
        assert_eq!(wrong_field(&settings(json)), expected, "{json}");
    }
}
