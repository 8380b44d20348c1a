//! Input that the pages read from outside, for any bytes.

use commands::command::Command;
use domain::id::IncidentNumber;
use fixtures::fuzz::{Target, assert_shown};

use crate::{
    actions::{Sent, SettingsForm},
    address::percent_encode,
    components::markdown,
    problem::Problem,
    routes::{history::Search, journal::AuditSearch},
    theme::Theme,
    urlencoded::Form,
};

/// The parsers of this crate.
pub const TARGETS: &[Target] = &[
    Target {
        name: "guide",
        seeds: guides,
        words: &[
            "# ",
            "\n## ",
            "[a](",
            "![",
            "](",
            ")",
            "<",
            ">",
            "<script>",
            "<!--",
            "-->",
            "javascript:",
            "https://",
            "| - |",
            "```",
            "**",
            "~~",
            "&lt;",
            "&#x3c;",
            "\n\n",
            "\n    ",
            "\n- ",
            "[^1]",
            "{#",
        ],
        check: check_guide,
    },
    Target {
        name: "form",
        seeds: forms,
        words: &[
            "&",
            "=",
            "+",
            "%",
            "%25",
            "%c3%a4",
            "%ff",
            "what=",
            "text=",
            "place=",
            "chosen[]=",
            "?",
        ],
        check: check_form,
    },
    Target {
        name: "theme",
        seeds: themes,
        words: &["calm_theme", "=", ";", " ", "dark", "light", "system", "\"", "\t", ","],
        check: check_theme,
    },
];

fn texts(all: &[&str]) -> Vec<Vec<u8>> {
    all.iter().map(|text| text.as_bytes().to_vec()).collect()
}

fn guides() -> Vec<Vec<u8>> {
    let sections = include_str!("../../ops/runbooks/when-things-break.md").split("\n## ");
    let mut all: Vec<Vec<u8>> = sections.take(4).map(|one| one.as_bytes().to_vec()).collect();
    all.extend(texts(&[
        "format: 1\n\n# A\n\n<script>alert(1)</script>\n\n[a](javascript:alert(1)) <javascript:alert(1)>\n",
        "## <b onmouseover=x>\n\n<!-- <img src=x onerror=alert(1)> -->\n\n[a]: https://a.example 'b'\n\n[a] ![b](x)\n",
        "| a | `b` |\n| :-: | --- |\n| 1 \\| 2 | <i>3</i> |\n\n1. one\n   - two\n\n> quoted\n\n---\n```sh\nls <x>\n```\n",
        "# A\n# A\n# a\n# a-1\n# `A`\n~~no~~ **yes** _so_ https://a.example &amp; &#60;\n",
    ]));
    all
}

fn check_guide(bytes: &[u8]) {
    let page = markdown::render(&String::from_utf8_lossy(bytes));
    let mut rest = page.html.as_str();
    while let Some(at) = rest.find('<') {
        let tag = &rest[at + 1..];
        let end = tag.find('>').unwrap_or_else(|| panic!("an open tag: {tag:.80}"));
        check_tag(&tag[..end]);
        rest = &tag[end..];
    }
    let mut anchors: Vec<&str> = page.contents.iter().map(|(_, _, slug)| slug.as_str()).collect();
    anchors.sort_unstable();
    assert!(anchors.windows(2).all(|pair| pair[0] != pair[1]), "two anchors of one name");
}

/// Asserts that a tag is one that a guide may have, with the attributes that it may have.
#[track_caller]
fn check_tag(tag: &str) {
    const ELEMENTS: [&str; 25] = [
        "p",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "ul",
        "ol",
        "li",
        "a",
        "code",
        "pre",
        "em",
        "strong",
        "del",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "hr",
        "br",
        "blockquote",
    ];
    let bare = tag.strip_prefix('/').unwrap_or(tag);
    let bare = bare.strip_suffix('/').unwrap_or(bare).trim_end();
    let (name, mut attributes) = bare.split_once(' ').unwrap_or((bare, ""));
    assert!(ELEMENTS.contains(&name), "<{tag}>");
    while !attributes.is_empty() {
        let (key, rest) = attributes.split_once("=\"").unwrap_or_else(|| panic!("<{tag}>"));
        let (value, rest) = rest.split_once('"').unwrap_or_else(|| panic!("<{tag}>"));
        let start = value.trim_start().to_ascii_lowercase();
        assert!(
            match (name, key) {
                ("a", "href") =>
                    ["https://", "http://", "#"].iter().any(|fine| start.starts_with(fine)),
                ("a", "title") | ("ol", "start") => true,
                ("code", "class") => value.starts_with("language-"),
                ("th" | "td", "style") => value.starts_with("text-align: "),
                (_, "id") => name.starts_with('h'),
                _ => false,
            },
            "<{tag}>"
        );
        attributes = rest.trim_start();
    }
}

fn forms() -> Vec<Vec<u8>> {
    let binding = "07".repeat(32);
    let approve = format!("what=approve&place=1&binding={binding}&seen=pm2+reload+api");
    let mut all = texts(&[
        "what=comment&text=It+is+%C3%A4lter+%26+%22b%22%0D%0Asecond",
        "what=inspect&inspection=largest_folders+disk%3A%2Fvar%40web-1",
        "what=token&fields[label]=ci&chosen[]=ingest&chosen%5B%5D=read&fields%5Bdays%5D=30",
        "what=retire-missing&missing=disk%3A%2F*&missing=app%3Aapi%40web-1",
        "what=begin&subjects=host%3Aweb-1%0D%0Aapp%3A*&minutes=60&reason=x",
        "what=contact&fields[kind]=webhook&fields[url]=https%3A%2F%2Fhooks.example%2Fx&fields[from]=22%3A00&fields[zone]=Europe%2FBerlin",
        "?text=disk+%26&severity=critical&subject=host%3A&from=2026-11-22&to=2026-11-23&offset=60&before=40",
        "?to=%20&offset=-120",
        "?group=decisions&actor=account%3A7&kind=commented&incident=7&from=2026-11-22T14:05&to=2026-11-22&offset=-120&verify=now",
        "a=1&a=2",
        "text=%zz&=&&b",
    ]);
    all.push(approve.into_bytes());
    all
}

fn check_form(bytes: &[u8]) {
    match Form::read(bytes) {
        Ok(form) => {
            let pair =
                |(name, value)| format!("{}={}", percent_encode(name), percent_encode(value));
            let of_settings = SettingsForm::read(&form);
            assert!(of_settings.step().is_none_or(|step| step.name() == form.get("what")));
            let printed = form.iter().map(pair).collect::<Vec<_>>().join("&");
            assert_eq!(Form::read(printed.as_bytes()), Ok(form));
        }
        Err(error) => assert_shown(&wording::error::sentence(&error), 200),
    }
    let number = IncidentNumber(7);
    match Form::read(bytes)
        .map_err(Problem::from)
        .and_then(|form| Sent::read(&form).command(number))
    {
        Ok(command) => assert!(is_about(&command, number), "{command:?}"),
        Err(problem) => assert_shown(&problem.sentence, 300),
    }
    let query = String::from_utf8_lossy(bytes);
    if let Ok(search) = Search::read(&query) {
        let address = search.address(&search.before);
        let again = address.strip_prefix("/ops/history").map(Search::read);
        let found = again.and_then(Result::ok).map(|again| again.address(&again.before));
        assert_eq!(found, Some(address));
    }
    if let Ok(seek) = AuditSearch::read(&query) {
        let address = seek.address(&seek.before);
        let again = address.strip_prefix("/ops/journal").map(AuditSearch::read);
        let found = again.and_then(Result::ok).map(|again| again.address(&again.before));
        assert_eq!(found, Some(address));
        if let Err(problem) = seek.filter() {
            assert_shown(&problem.sentence, 300);
        }
    }
}

fn themes() -> Vec<Vec<u8>> {
    texts(&["calm_theme=dark", "calm_session_a1=07; calm_theme=light; b=2", "calm_theme=; x"])
}

/// A theme is found only where its cookie stands whole.
fn check_theme(bytes: &[u8]) {
    let theme = Theme::of_cookies([bytes]);
    if let Some(name) = theme.attribute() {
        let text = String::from_utf8_lossy(bytes);
        assert!(text.contains(&format!("calm_theme={name}")), "{name} in {text:?}");
    }
}

/// True if the form is about the incident that the address names.
fn is_about(command: &Command, number: IncidentNumber) -> bool {
    match command {
        Command::Acknowledge(one) => one.incident == number,
        Command::Comment(one) => one.incident == number,
        Command::RunInspection(one) => one.incident == number,
        Command::Resolve(one) => one.incident == number,
        Command::Reopen(one) => one.incident == number,
        Command::Approve(one) => one.recommendation.incident == number,
        Command::Decline(one) => one.recommendation.incident == number,
        Command::CancelRun(one) => one.recommendation.incident == number,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn no_input_breaks_a_rule() {
        fixtures::fuzz::walk(super::TARGETS, 500);
    }
}
