//! Addresses: texts inside of them, where a sign-in may lead, and which pages are documents without
//! Wasm.

#[cfg(feature = "ssr")]
/// Address of the page that answers a form. The form may have been sent elsewhere, and the page
/// that comes to life must know where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AnsweredAt(pub String);

/// Address of the page where one signs in.
const SIGN_IN: &str = "/sign-in";
/// Beginning of the address of an invitation; its secret follows.
const JOIN: &str = "/join/";

/// A text as it stands in a path or a query: what is not a letter, a digit or one of `-_.~` is
/// written as its bytes.
pub(crate) fn percent_encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            for digit in [byte >> 4, byte & 15] {
                encoded.push(
                    char::from_digit(u32::from(digit), 16).unwrap_or('0').to_ascii_uppercase(),
                );
            }
        }
    }
    encoded
}

/// An address with the fields of a query that are set.
pub(crate) fn address<'a, 'b>(
    path: &str,
    fields: impl IntoIterator<Item = (&'a str, &'b str)>,
) -> String {
    let set = fields.into_iter().filter(|(_, value)| !value.trim().is_empty());
    let query: Vec<String> =
        set.map(|(name, value)| format!("{name}={}", percent_encode(value))).collect();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{}", query.join("&")) }
}

/// True if an address is one of the pages that show what is watched.
pub fn is_page(path: &str) -> bool {
    path == "/" || path == "/ops" || path.starts_with("/ops/")
}

/// Address that a sign-in leads to: only a page of this server.
pub fn own_page(to: &str) -> &str {
    let fine = is_page(to.split(['?', '#']).next().unwrap_or_default())
        && !to.contains(['\\', '\r', '\n'])
        && to.len() <= 500;
    if fine { to } else { "/" }
}

/// True if a page is for people who are not signed in: a document without places, stream and Wasm.
pub(crate) fn is_entrance(path: &str) -> bool {
    path == SIGN_IN || path.starts_with(JOIN)
}

/// Reason for a sign-in, by the page it leads to; `None` where that says nothing of use.
#[cfg(feature = "ssr")]
pub(crate) fn reason(to: &str) -> Option<String> {
    let path = to.split(['?', '#']).next().unwrap_or_default();
    let number = |text: &str| text.parse::<u32>().ok().filter(|number| *number > 0);
    if let Some(id) = path.strip_prefix("/ops/approve/") {
        let incident = number(id.split_once('-')?.0)?;
        return Some(format!("Sign in to decide about incident {incident}."));
    }
    if let Some(rest) = path.strip_prefix("/ops/incidents/") {
        return match rest.split_once('/') {
            None => Some(format!("Sign in to see incident {}.", number(rest)?)),
            Some((id, "share")) => Some(format!("Sign in to share incident {}.", number(id)?)),
            Some((id, "messages")) => {
                Some(format!("Sign in to see the messages about incident {}.", number(id)?))
            }
            Some((id, "review")) => {
                Some(format!("Sign in to see the review of incident {}.", number(id)?))
            }
            Some(_) => None,
        };
    }
    let sentence = match path {
        "/ops/health" => "Sign in to see the health page.",
        "/ops/incidents" => "Sign in to see the incidents.",
        "/ops/history" => "Sign in to search the history.",
        "/ops/journal" => "Sign in to read the journal.",
        "/ops/protection" => "Sign in to see what is limited.",
        "/ops/prevention" => "Sign in to see the prevention steps.",
        "/ops/reports" => "Sign in to see the stability reports.",
        "/ops/status" => "Sign in to publish on the status page.",
        "/ops/runbook" => "Sign in to read the runbook.",
        "/ops/settings/notifications" => "Sign in to set your notifications.",
        _ if path.starts_with("/ops/signals/") && path.ends_with("/threshold") => {
            "Sign in to change a threshold."
        }
        _ if path.starts_with("/ops/reports/") => "Sign in to see a stability report.",
        _ if path.starts_with("/ops/organizations/") => "Sign in to see an organization.",
        _ if path == "/ops/settings" || path.starts_with("/ops/settings/") => {
            "Sign in to change settings."
        }
        _ => return None,
    };
    Some(sentence.to_owned())
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::*;

    #[test]
    fn a_sign_in_leads_only_to_our_own_pages() {
        for to in ["/", "/ops/health", "/ops/approve/42-1?x=1#y"] {
            assert_eq!(own_page(to), to);
        }
        for to in [
            "//evil.example",
            "https://evil.example",
            "/\\evil.example",
            "/ops\\..\\x",
            "/api/ops/health",
            "",
            "ops",
            "/ops/a\r\nx: y",
        ] {
            assert_eq!(own_page(to), "/", "{to}");
        }
    }

    #[test]
    fn a_sign_in_says_what_it_is_for_and_repeats_nothing_of_the_address() {
        for (to, expected) in [
            ("/ops/approve/42-1?x=1#y", "Sign in to decide about incident 42."),
            ("/ops/incidents/7", "Sign in to see incident 7."),
            ("/ops/incidents/7/share", "Sign in to share incident 7."),
            ("/ops/incidents/7/messages?to=all", "Sign in to see the messages about incident 7."),
            ("/ops/incidents/7/review", "Sign in to see the review of incident 7."),
            ("/ops/prevention", "Sign in to see the prevention steps."),
            ("/ops/signals/x.y/threshold?subject=a%3Ab", "Sign in to change a threshold."),
            ("/ops/reports", "Sign in to see the stability reports."),
            ("/ops/reports/42", "Sign in to see a stability report."),
            ("/ops/settings/tokens?done=revoke", "Sign in to change settings."),
            ("/ops/settings/notifications", "Sign in to set your notifications."),
        ] {
            assert_eq!(reason(to).as_deref(), Some(expected), "{to}");
        }
        for to in [
            "/",
            "",
            "/ops/approve/<b>-1",
            "/ops/approve/1",
            "/ops/incidents/0",
            "/ops/incidents/-1",
            "/ops/incidents/99999999999",
            "/ops/incidents/7/x",
            "/ops/<b>",
        ] {
            assert_eq!(reason(to), None, "{to}");
        }
    }

    #[test]
    fn only_the_entrances_are_documents_without_wasm() {
        assert!(is_entrance("/sign-in") && is_entrance("/join/0f"));
        for path in ["/", "/ops/settings", "/sign-in/x", "/sign-out", "/join"] {
            assert!(!is_entrance(path), "{path}");
        }
    }
}
