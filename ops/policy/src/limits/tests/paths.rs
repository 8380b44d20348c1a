//! No spelling of a path gets it into a laxer class.

use proptest::prelude::*;

use super::*;

/// The place of the class of a request, and whether it passes in safe mode; a request without a
/// class comes last.
fn class_of(limits: &Limits, method: &str, uri: &str) -> (usize, bool) {
    limits
        .classify(method, uri)
        .map_or((usize::MAX, false), |found| (found.class.id.index(), found.is_critical))
}

/// Classes `a`, `b`, ... for the method POST, from `paths` and whether they are critical.
fn classes(rows: &[(&str, bool)]) -> Limits {
    let mut text = String::from(
        "format: 1\n| class | methods | paths | kind | critical | largest body |\n|---|---|---|---|---|---|\n",
    );
    for (name, (paths, is_critical)) in ('a'..).zip(rows) {
        let critical = if *is_critical { "yes" } else { "no" };
        text += &format!("| `{name}` | POST | {paths} | batch | {critical} | - |\n");
    }
    read(&text)
}

#[test]
fn a_path_has_the_class_of_its_plain_form() {
    let limits = classes(&[("`/sign-in`", true), ("`/upload*`", false), ("`*`", false)]);
    for (uri, class) in [
        ("/sign-in", (0, true)),
        ("/SIGN-in/", (0, true)),
        ("/%73ign%2Din", (0, true)),
        ("/%53ign-in?a=b#c", (0, true)),
        ("/\u{17f}\u{131}gn-in", (0, true)),
        ("/%C5%BFign-in", (0, true)),
        ("https://shop.example:8443/sign-in", (0, true)),
        ("/sign-ins", (2, false)),
        ("/sign-in/x", (2, false)),
        ("/", (2, false)),
        ("https://shop.example", (2, false)),
        ("/caf%c3%a9", (2, false)),
        ("/100%25", (2, false)),
        ("/a%2Fb", (2, false)),
        ("/a//b/./c", (2, false)),
        // Some see the first of these paths, others the second.
        ("/./sign-in", (0, false)),
        ("/x/../sign-in", (0, false)),
        ("/x/%2e%2E/sign-in", (0, false)),
        ("/sign-in;v=1", (0, false)),
        ("/x/..;/sign-in", (0, false)),
        ("/upload//../x", (1, false)),
        ("/upload/../x", (1, false)),
        ("/upload%2f..%2Fx", (1, false)),
        ("/x/..%5cupload", (1, false)),
        ("/a/../upload/..%2Fx", (1, false)),
        ("/a/../upload//../x", (1, false)),
        ("/a/../upload/..;/x", (1, false)),
        ("/a/../upload//../..%2Fx", (1, false)),
        // Nobody can be sure about these.
        ("//evil/x", (0, false)),
        ("/\\evil/x", (0, false)),
        ("/x%", (0, false)),
        ("/x%2", (0, false)),
        ("/x%zz", (0, false)),
        ("/x%00", (0, false)),
        ("/x%0a", (0, false)),
        ("/x%ff", (0, false)),
        ("/%c0%af", (0, false)),
        ("/%2575pload", (0, false)),
        ("/%25%37%35pload", (0, false)),
        ("/x#/../upload", (0, false)),
        ("x", (0, false)),
        ("", (0, false)),
        ("*", (0, false)),
        ("://x/y", (0, false)),
        ("http:///x", (0, false)),
        ("http://a\\b/x", (0, false)),
    ] {
        assert_eq!(class_of(&limits, "POST", uri), class, "{uri}");
    }
    let long = format!("/{}", "x".repeat(2_050));
    assert_eq!(class_of(&limits, "POST", &long[..2_000]), (2, false));
    assert_eq!(class_of(&limits, "POST", &long), (0, false));
    assert_eq!(class_of(&limits, "GET", &long), (usize::MAX, false));
    let query = format!("/x?{long}{long}{long}{long}%");
    assert_eq!(class_of(&limits, "POST", &query), (2, false));
}

#[test]
fn an_unreadable_path_passes_in_safe_mode_only_where_all_do() {
    assert_eq!(class_of(&classes(&[("`/x`", true), ("`*`", true)]), "POST", "/%"), (0, true));
    assert_eq!(class_of(&classes(&[("`/x`", true), ("`*`", false)]), "POST", "/%"), (0, false));
    assert_eq!(class_of(&classes(&[("`/x`", true)]), "POST", "/%"), (0, false));
    assert_eq!(class_of(&classes(&[("`/x`", true)]), "POST", "/y/../x"), (0, false));
}

#[test]
fn a_path_of_any_length_is_read_in_little_time() {
    let limits = shipped();
    for part in ["/..;//%2f.", "%2e%2e/", "/a/..", "*", "/upload", "%5c", ";", "/;/", "%25"] {
        let uri = format!("/{}", part.repeat(1_000_000 / part.len()));
        limits.classify("POST", &uri);
        limits.classify("POST", &uri[..8_000]);
    }
}

const ROWS: [(&str, bool); 5] = [
    ("`/a`, `/b/*/c`", true),
    ("`/ab*`, `*/k`", false),
    ("`/s/i/*`", true),
    ("`*c*b`", false),
    ("`/b*`", true),
];

/// Names that the patterns are about, and others.
fn names() -> impl Strategy<Value = Vec<String>> {
    let name = prop_oneof![
        4 => "[abckis]{1,3}",
        1 => "[a-zA-Z0-9_~ +&é%-]{1,6}",
    ];
    proptest::collection::vec(name, 0..6)
}

fn encode(c: char, into: &mut String) {
    for byte in c.to_string().bytes() {
        into.push_str(&format!("%{byte:02x}"));
    }
}

/// A path whose letters are encoded or in another case, and which means the same to all servers.
fn spelled(names: &[String], mut choices: impl Iterator<Item = u8>) -> String {
    let mut path = String::new();
    for name in names {
        path.push('/');
        for c in name.chars() {
            match choices.next().unwrap_or_default() % 4 {
                0 => encode(c, &mut path),
                1 if c == 'k' => path.push('\u{212a}'),
                1 if c == 's' => path.push('\u{17f}'),
                1 | 2 if c.is_ascii_alphabetic() => path.push(c.to_ascii_uppercase()),
                _ if c == '%' => path.push_str("%25"),
                _ => path.push(c),
            }
        }
    }
    path + "/"
}

/// A detour that leads back to where it began, for a server that follows it.
const DETOURS: [&str; 10] =
    ["/", "/.", "/%2e", "/x/..", "/x/%2e.", "/x/y/../..", "%2fx%5c..", "\\.", "//x//..", "/..;/.."];

/// A path with detours, and with slashes that are encoded.
fn with_detours(path: &str, mut choices: impl Iterator<Item = u8>) -> String {
    let mut long = String::new();
    for c in path.chars() {
        let choice = choices.next().unwrap_or_default();
        if c == '/' && !long.is_empty() {
            match usize::from(choice % 32) {
                way @ 0..9 => long.push_str(DETOURS[way]),
                9..12 => {
                    long.push_str("%2F");
                    continue;
                }
                _ => {}
            }
        }
        long.push(c);
    }
    long
}

proptest! {
    #![proptest_config(ProptestConfig { cases: fixtures::cases(512), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_encoding_has_the_class_of_the_path(
        names in names(),
        choices in proptest::collection::vec(any::<u8>(), 30),
    ) {
        let limits = classes(&ROWS);
        let plain = spelled(&names, std::iter::repeat(3));
        let other = spelled(&names, choices.into_iter().chain(std::iter::repeat(3)));
        prop_assert_eq!(class_of(&limits, "POST", &plain), class_of(&limits, "POST", &other), "{} {}", plain, other);
        let open = other.trim_end_matches('/');
        if !open.is_empty() {
            prop_assert_eq!(class_of(&limits, "POST", open), class_of(&limits, "POST", &other));
        }
    }

    #[test]
    fn no_detour_leads_to_a_laxer_class(
        names in names(),
        choices in proptest::collection::vec(any::<u8>(), 60),
    ) {
        let limits = classes(&ROWS);
        let plain = spelled(&names, std::iter::repeat(3));
        let other = spelled(&names, choices.iter().copied());
        let other = with_detours(&other, choices.iter().rev().copied());
        let (class, is_critical) = class_of(&limits, "POST", &plain);
        let (other_class, other_is_critical) = class_of(&limits, "POST", &other);
        prop_assert!(other_class <= class, "{plain} {other}");
        prop_assert!(!other_is_critical || is_critical, "{plain} {other}");
    }

    /// Each server has its own normal form: whichever it is, the class is not laxer.
    #[test]
    fn no_server_sees_a_stricter_class(path in "(/|//|%2[fF]|\\\\|\\.\\.|\\.|;|a|b|ab|c|k|%61){0,24}") {
        let limits = classes(&ROWS);
        let path = format!("/{}", path.trim_start_matches(['/', '\\']));
        let (class, is_critical) = class_of(&limits, "POST", &path);
        for server in 0..16 {
            let seen = as_seen(&path, server);
            let (other_class, other_is_critical) = class_of(&limits, "POST", &seen);
            prop_assert!(class <= other_class, "{path} {seen}");
            prop_assert!(!is_critical || other_is_critical, "{path} {seen}");
        }
    }

    #[test]
    fn no_target_panics(method in ".{0,8}", uri in "[/.%;\\\\?#:a-cA-C0-9\u{e4}\u{17f}\u{0}]{0,60}", any in ".{0,60}") {
        let limits = classes(&ROWS);
        for uri in [&uri, &any] {
            limits.classify(&method, uri);
            limits.classify("POST", uri);
        }
    }
}

/// A path as one of 16 kinds of servers understands it, written in names that are plain. The names
/// are kept in lists, so that this is another way to do what is tested.
fn as_seen(path: &str, server: u8) -> String {
    let has = |bit: u8| server & (1 << bit) != 0;
    let mut text = path.replace("%61", "a").replace("%2F", "%2f");
    if has(0) {
        text = text.replace("%2f", "/").replace('\\', "/");
    }
    let mut names: Vec<String> = Vec::new();
    let mut rest = text.split('/').skip(1).peekable();
    while let Some(name) = rest.next() {
        let name = if has(1) { name.split(';').next().unwrap() } else { name };
        match name {
            "." if has(2) => {}
            ".." if has(2) => drop(names.pop()),
            "" if has(3) || rest.peek().is_none() => {}
            _ => names.push(name.to_owned()),
        }
    }
    // What is left of these is a part of a name, and no pattern of the test has one of them.
    let plain = |name: &String| {
        let name = name.replace("%2f", "~").replace(['\\', ';'], "~");
        match name.as_str() {
            "" => "~".to_owned(),
            "." | ".." => "~~".to_owned(),
            _ => name,
        }
    };
    names.iter().map(|name| format!("/{}", plain(name))).collect::<String>() + "/"
}
