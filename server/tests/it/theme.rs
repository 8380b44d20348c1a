//! The theme that a reader chose, from the form to the next document.

use crate::program::{Answer, Home, Running};

fn choose(program: &Running, body: &str) -> Answer {
    let kind = "Content-Type: application/x-www-form-urlencoded\r\n";
    program.request("POST", "/theme", kind, body).unwrap()
}

/// The tag of the document's root, and its `color-scheme`.
fn root(program: &Running, cookie: &str) -> (String, String) {
    let cookie = format!("Cookie: {}{cookie}\r\nAccept: text/html\r\n", program.cookie);
    let page = program.request("GET", "/ops/runbook", &cookie, "").unwrap();
    assert_eq!(page.status, 200, "{page:?}");
    let after = |start: &str| {
        let rest = page.body.split_once(start).unwrap_or_else(|| panic!("{start}: {page:?}")).1;
        rest.split('>').next().unwrap().to_owned()
    };
    (after("<html "), after("name=\"color-scheme\" "))
}

#[test]
fn the_document_comes_in_the_theme_that_was_chosen() {
    let home = Home::new();
    let program = home.start();
    let (html, meta) = root(&program, "");
    assert!(!html.contains("data-theme") && meta.contains("light dark"), "{html} {meta}");
    for (theme, scheme) in [("dark", "\"dark\""), ("light", "\"light\"")] {
        let answer = choose(&program, &format!("theme={theme}&to=%2Fops%2Fincidents%3Fa%3D1"));
        assert_eq!(answer.status, 303, "{answer:?}");
        assert!(answer.head.contains("location: /ops/incidents?a=1\r\n"), "{answer:?}");
        assert!(answer.head.contains("SameSite=Lax"), "{answer:?}");
        let (html, meta) = root(&program, &format!("; {}", answer.cookie()));
        assert!(html.contains(&format!("data-theme=\"{theme}\"")), "{html}");
        assert!(meta.contains(scheme), "{meta}");
    }
    let answer = choose(&program, "theme=system&to=/ops/health");
    assert_eq!(answer.cookie(), "calm_theme=");
    assert!(answer.head.contains("Max-Age=0"), "{answer:?}");
}

#[test]
fn a_theme_leads_to_no_other_site_and_no_other_value_gets_into_a_document() {
    let home = Home::new();
    let program = home.start();
    for to in ["https://evil.example/", "//evil.example", "/\\evil.example", "/sign-out", ""] {
        let answer = choose(&program, &format!("theme=dark&to={to}"));
        assert_eq!(answer.status, 303, "{to}: {answer:?}");
        assert!(answer.head.contains("location: /\r\n"), "{to}: {answer:?}");
    }
    for theme in ["", "blue", "Dark", "dark%22%20onload=x"] {
        let answer = choose(&program, &format!("theme={theme}&to=/ops/health"));
        assert_eq!(answer.status, 422, "{theme}: {answer:?}");
        assert!(answer.body.contains("must be system, light or dark"), "{answer:?}");
        assert!(!answer.head.contains("set-cookie"), "{answer:?}");
    }
    for cookie in ["; calm_theme=dark\" onload=\"x", "; calm_theme=blue", "; calm_theme=DARK"] {
        let (html, _) = root(&program, cookie);
        assert!(!html.contains("data-theme") && !html.contains("onload"), "{cookie}: {html}");
    }
}
