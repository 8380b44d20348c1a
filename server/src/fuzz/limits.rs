//! The limits, and what they make of a request: any document is either limits or mistakes with
//! places inside it, and any request has a class and an organization as the document says.

use fixtures::fuzz::Target;
use policy::limits::Limits;

use super::texts;

pub(super) const TARGETS: &[Target] = &[
    Target {
        name: "limits",
        seeds: documents,
        words: &[
            "|",
            "\n",
            "`",
            "| --- | --- |\n",
            "| class |",
            "| plan |",
            "| organization |",
            "| rule | value |\n",
            "header",
            "host",
            "API key",
            "*_...",
            "/upload*",
            "POST, ",
            "10/s",
            "KiB",
            "observe",
            "2026-12-01T08:00:00Z",
            "safe mode",
            "%",
            "-",
            "*",
            "\\|",
            "format: 1\n",
        ],
        check: check_document,
    },
    Target {
        name: "requests",
        seeds: requests,
        words: &[
            "/",
            "//",
            "%2f",
            "%5C",
            "\\",
            "..",
            "/../",
            "/./",
            "%2e",
            "%25",
            ";",
            "?",
            "#",
            "://",
            "/o/",
            "/login",
            "/upload",
            "acme",
            ".shop.example",
            ":80",
            "Bearer ",
            "_",
            "POST",
            "GET",
            "\u{17f}",
            "\u{212a}",
            "%c5%bf",
            "\n",
        ],
        check: check_request,
    },
];

const DOCUMENT: &str = include_str!("../../../ops/protection/limits.md");

fn documents() -> Vec<Vec<u8>> {
    let (head, _) = DOCUMENT.split_once('\n').unwrap_or_default();
    let sections = DOCUMENT.split("\n## ").skip(1);
    let mut all: Vec<Vec<u8>> =
        sections.map(|part| format!("{head}\n## {part}\n").into_bytes()).collect();
    all.extend(texts(&[DOCUMENT, &with_examples()]));
    all
}

/// The document with its examples as rows.
fn with_examples() -> String {
    let examples = DOCUMENT.split("```\n").skip(1).step_by(2);
    examples.fold(DOCUMENT.to_owned(), |all, example| format!("{all}\n{example}"))
}

/// Method, target, host, and the value of every header, a line each.
fn requests() -> Vec<Vec<u8>> {
    texts(&[
        "POST\n/login?next=/\nacme.shop.example\nacme",
        "PUT\n/api/%75pload/7\nACME.shop.example.:8443\nBearer acme_8fK2",
        "GET\nhttps://shop.example/o/acme/orders/\nshop.example\n",
        "POST\n/x/..;/%2e%2e%2fupload//\\y\n[::1]:80\nBearer _",
        "POST\n/%2575pload/\u{17f}%C5%BF%e2%84%aa\n\n\u{e4}",
    ])
}

fn check_document(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    match Limits::parse("limits.md", &text) {
        Ok(limits) => {
            let class = limits.classify("POST", "/upload/1").map(|found| found.class.id);
            assert!(class.is_none_or(|class| limits.class(class).is_some()));
        }
        Err(problems) => {
            assert!(!problems.is_empty());
            for problem in problems {
                assert!(
                    problem.line >= 1 && problem.column >= 1 && problem.width >= 1,
                    "{problem}"
                );
                assert!(problem.line as usize <= text.lines().count() + 1, "{problem}");
            }
        }
    }
}

fn check_request(bytes: &[u8]) {
    thread_local! {
        static LIMITS: Option<Limits> = Limits::parse("limits.md", &with_examples()).ok();
    }
    let text = String::from_utf8_lossy(bytes);
    let mut lines = text.split('\n');
    let mut line = || lines.next().unwrap_or_default();
    let (method, uri, host, value) = (line(), line(), line(), line());
    LIMITS.with(|limits| {
        let Some(limits) = limits else { panic!("the document is not read") };
        if let Some(found) = limits.classify(method, uri) {
            assert!(found.class.methods.contains(method), "{text:?}");
            assert!(found.class.is_critical || !found.is_critical, "{text:?}");
        }
        // A letter that is encoded changes nothing.
        if let Some((before, after)) = uri.split_once("upload") {
            let encoded = format!("{before}up%6Coad{after}");
            let is_in_path = before.starts_with('/') && !before.contains(['?', '%']);
            let is_in_path = is_in_path && uri.len() < 2_000;
            assert!(
                !is_in_path || limits.classify(method, &encoded) == limits.classify(method, uri)
            );
        }
        let header = |_: &str| Some(value);
        for (host, uri) in [(Some(host), uri), (None, uri), (None, "/")] {
            if let Some(found) = limits.organization(host, uri, header) {
                let subject = found.subject();
                assert_eq!((subject.kind(), subject.name()), ("organization", found.as_str()));
            }
        }
    });
}
