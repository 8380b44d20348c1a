//! The sources of an organization's name.

use std::borrow::Cow;

use proptest::prelude::*;

use super::*;

fn sources(rows: &[(&str, &str)]) -> Limits {
    let mut text = String::from("format: 1\n| organization from | pattern |\n|---|---|\n");
    for (from, pattern) in rows {
        text += &format!("| {from} | `{pattern}` |\n");
    }
    read(&text)
}

/// The name in a request, and whether it is borrowed from it.
fn name(limits: &Limits, host: &str, uri: &str, header: (&str, &str)) -> Option<String> {
    let get = |name: &str| (name == header.0).then_some(header.1);
    limits.organization(Some(host), uri, get).map(|found| found.as_str().to_owned())
}

#[test]
fn the_first_place_with_a_name_counts() {
    let limits = sources(&[
        ("header", "X-Organization"),
        ("host", "*.shop.example"),
        ("path", "/o/*/"),
        ("API key", "Authorization: Bearer *_..."),
    ]);
    let of = |host, uri, header| name(&limits, host, uri, header);
    let some = |name: &str| Some(name.to_owned());
    let header = ("x-organization", " Acme Ltd ");
    assert_eq!(of("b.shop.example", "/o/c/", header), some("Acme Ltd"));
    assert_eq!(of("b.shop.example", "/o/c/", ("x-organization", "a@b")), some("b"));
    assert_eq!(of("shop.example", "/o/c/", ("", "")), some("c"));
    assert_eq!(of("", "/p/c/", ("authorization", "Bearer acme_live_5")), some("acme"));
    assert_eq!(of("", "/p/c/", ("authorization", "Basic acme_live_5")), None);
    assert_eq!(sources(&[]).organization(None, "/o/c/", |_| Some("x")), None);
}

#[test]
fn a_host_names_it_in_one_label() {
    let limits = sources(&[("host", "*.Shop.example")]);
    for (host, expected) in [
        ("acme.shop.example", Some("acme")),
        ("ACME.SHOP.EXAMPLE.:8443", Some("acme")),
        ("a-b_1.shop.example:", Some("a-b_1")),
        ("shop.example", None),
        ("x.acme.shop.example", None),
        ("acme.shop.example.evil.example", None),
        ("acme.shop.exampl", None),
        (".shop.example", None),
        ("a b.shop.example", None),
        ("acme.shop.example:80:80", None),
        ("[::1]:80", None),
        ("", None),
    ] {
        assert_eq!(name(&limits, host, "/", ("", "")).as_deref(), expected, "{host}");
    }
}

#[test]
fn a_path_names_it_in_one_segment() {
    let limits = sources(&[("path", "/O/*/")]);
    for (uri, expected) in [
        ("/o/acme", Some("acme")),
        ("/o/acme/x?o=/o/b", Some("acme")),
        ("https://shop.example/o/acme/", Some("acme")),
        ("/O/ACME/", Some("acme")),
        ("/o/Z%C3%9CRICH/", Some("zürich")),
        ("/o/%61cme;v=1/x", Some("acme")),
        ("/o;x/%20acme%20", Some("acme")),
        ("/x/../o//./acme/", Some("acme")),
        ("/%6f%2Facme", Some("acme")),
        ("/o/acme/../../x", Some("acme")),
        ("/o/", None),
        ("/o", None),
        ("/o/?acme", None),
        ("/o/a%40b/", None),
        ("/o/a%00b/", None),
        ("/ox/acme/", None),
        ("//o/acme/", None),
        ("", None),
    ] {
        assert_eq!(name(&limits, "", uri, ("", "")).as_deref(), expected, "{uri}");
    }
}

#[test]
fn a_key_names_it_before_the_secret() {
    let limits = sources(&[("API key", "Authorization: Bearer *_...")]);
    let bare = sources(&[("API key", "X-Api-Key: *_...")]);
    for (value, expected) in [
        ("Bearer acme_s3cr3t", Some("acme")),
        ("bearer  a-1_s_t", Some("a-1")),
        ("Bearer acme", None),
        ("Bearer acme_", None),
        ("Bearer _x", None),
        ("Bearer eyJhbGciOiJIUzI1NiJ9.x_y", None),
        ("Bearer a.b_c", None),
        ("Bearerä acme_x", None),
        ("Beare", None),
    ] {
        assert_eq!(
            name(&limits, "", "/", ("authorization", value)).as_deref(),
            expected,
            "{value}"
        );
    }
    assert_eq!(name(&bare, "", "/", ("x-api-key", "acme_1")).as_deref(), Some("acme"));
    let long = format!("{}_x", "a".repeat(33));
    assert_eq!(name(&bare, "", "/", ("x-api-key", &long)), None);
}

/// True if a name lies in the text that it was taken from.
fn is_part_of(name: &str, text: &str) -> bool {
    let range = text.as_bytes().as_ptr_range();
    range.contains(&name.as_ptr())
}

#[test]
fn a_name_that_is_written_as_it_is_gets_borrowed() {
    let limits = sources(&[
        ("header", "X-Organization"),
        ("host", "*.shop.example"),
        ("path", "/o/*/"),
        ("API key", "X-Api-Key: *_..."),
    ]);
    let (host, uri, value) = ("acme.shop.example:80", "/o/acme/x?y=%", "acme_5");
    for (host, uri, header) in [
        (Some(host), "/", ""),
        (None, uri, ""),
        (None, "/", "x-organization"),
        (None, "/", "x-api-key"),
    ] {
        let get = |name: &str| (name == header).then_some(value);
        let found = limits.organization(host, uri, get).unwrap();
        let places = [host.unwrap_or_default(), uri, value];
        assert!(places.iter().any(|text| is_part_of(found.as_str(), text)), "{header}");
        assert_eq!(Cow::from(found.clone().into_owned().as_str()), found.as_str());
    }
}

const ALL: [(&str, &str); 4] = [
    ("path", "/o/*/"),
    ("host", "*.shop.example"),
    ("API key", "Authorization: Bearer *_..."),
    ("header", "X-Organization"),
];

proptest! {
    #![proptest_config(ProptestConfig { cases: fixtures::cases(256), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_name_has_the_form_of_a_subject(
        host in "([a-cA-C]{0,3}|\\*|\u{e4})\\.shop\\.example(:[0-9]{0,3})?|.{0,20}",
        uri in "/o/[/.%;\\\\a-c0-9A\u{e4}]{0,20}|.{0,20}",
        value in "(Bearer )?[a-zA-Z0-9_@\u{e4} -]{0,50}|.{0,20}",
    ) {
        let limits = sources(&ALL);
        for kept in ["authorization", "x-organization"] {
            let get = |name: &str| (name == kept).then_some(value.as_str());
            if let Some(found) = limits.organization(Some(&host), &uri, get) {
                let subject = found.subject();
                prop_assert_eq!((subject.kind(), subject.name()), ("organization", found.as_str()));
                prop_assert!(found.as_str().chars().count() <= 100);
            }
        }
    }

    #[test]
    fn nothing_behind_the_first_underscore_of_a_key_is_told(name in "[a-z0-9-]{1,32}", secret in "[A-Za-z0-9_]{1,60}") {
        let limits = sources(&[("API key", "Authorization: Bearer *_...")]);
        let value = format!("Bearer {name}_{secret}");
        let found = limits.organization(None, "/", |_| Some(value.as_str()));
        prop_assert_eq!(found, Organization::new(name));
    }

    #[test]
    fn any_encoding_of_a_path_has_its_name(name in "[a-z0-9é]{1,12}", choices in proptest::collection::vec(any::<bool>(), 24)) {
        let limits = sources(&[("path", "/o/*/")]);
        let spelled: String = format!("o/{name}").chars().zip(choices).map(|(c, is_encoded)| {
            let bytes = c.to_string().into_bytes();
            if is_encoded { bytes.iter().map(|byte| format!("%{byte:02X}")).collect() } else { c.to_uppercase().to_string() }
        }).collect();
        let uri = format!("/{spelled}/x");
        prop_assert_eq!(limits.organization(None, &uri, |_| None), Organization::new(name));
    }
}
