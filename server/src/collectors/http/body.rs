//! The body of an answer: read until the expected text is found, it ends, or it has been long
//! enough; and how it begins, for people.

use std::time::Duration;

use bytes::Bytes;
use domain::reason::Excerpt;
use http_body_util::BodyExt as _;
use hyper::{
    Response,
    body::{Body as _, Incoming},
    header,
};

use super::decoded::Decoder;

/// So much of an answer is read.
const MOST_BYTES: usize = 1024 * 1024;
/// So much of its beginning is kept.
const KEPT: usize = 8 * 1024;

/// An answer while it is read.
#[derive(Debug, Default)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// Does not say how long it will be.
    is_open_ended: bool,
    /// A stream, as it says of itself: it goes on as long as somebody listens.
    is_stream: bool,
    beginning: Vec<u8>,
    decoder: Decoder,
}

/// The reasons for which the body of an answer can't be read.
#[derive(Debug)]
pub(super) enum Unread {
    /// Broke off, or its parts can't be told apart.
    Broken(hyper::Error),
    /// Not compressed in this way, as the answer says.
    OtherCoding(&'static str),
}

/// Types of content that go on as long as somebody listens.
const STREAMS: [&str; 5] = [
    "text/event-stream",
    "multipart/x-mixed-replace",
    "application/x-ndjson",
    "application/stream+json",
    "application/grpc",
];

impl Answer {
    pub(super) fn new(response: &Response<Incoming>) -> Self {
        let kind = response.headers().get(header::CONTENT_TYPE);
        let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let is_open_ended = response.body().size_hint().exact().is_none();
        let is_stream = is_open_ended
            && (STREAMS.iter().any(|one| kind.starts_with(one))
                || kind.starts_with("audio/")
                || kind.starts_with("video/"));
        Self {
            status: response.status().as_u16(),
            is_open_ended,
            is_stream,
            beginning: Vec::new(),
            decoder: Decoder::of(response.headers()),
        }
    }

    /// True if it may stay open for good without anything being wrong.
    pub(super) const fn may_stay_open(&self) -> bool {
        self.is_open_ended
    }

    /// True if there is nothing more to wait for once the status was seen.
    pub(super) const fn ends_with_its_head(&self, expected: Option<&str>) -> bool {
        self.is_stream && expected.is_none()
    }

    /// Reads it; whether it holds the text, if one is expected.
    pub(super) async fn read(
        &mut self,
        mut body: Incoming,
        expected: Option<&str>,
    ) -> Result<bool, Unread> {
        let wanted = expected.map(written).unwrap_or_default();
        let longest = wanted.iter().map(Vec::len).max().unwrap_or_default();
        let mut length = 0;
        let mut seen: Vec<u8> = Vec::new();
        while let Some(frame) = body.frame().await {
            let Ok(data) = frame.map_err(Unread::Broken)?.into_data() else { continue };
            let room = MOST_BYTES - length;
            let mut data = self
                .decoder
                .take(&data, room)
                .map_err(|_| Unread::OtherCoding(self.decoder.name()))?;
            data.truncate(room);
            length += data.len();
            self.keep(&data);
            if longest > 0 {
                seen.extend_from_slice(&data);
                let holds = |text: &Vec<u8>| seen.windows(text.len()).any(|window| window == text);
                if wanted.iter().any(holds) {
                    return Ok(true);
                }
                // The text may begin in this part and end in the next.
                seen.drain(..seen.len().saturating_sub(longest - 1));
            }
            if length == MOST_BYTES {
                break;
            }
        }
        Ok(longest == 0)
    }

    /// Reads how it begins, for people; for as long as it may take. What is in the way of it is
    /// left.
    pub(super) async fn begin(&mut self, mut body: Incoming, patience: Duration) {
        let read = async {
            while self.beginning.len() < KEPT
                && let Some(Ok(frame)) = body.frame().await
            {
                let Ok(data) = frame.into_data() else { continue };
                let Ok(data) = self.decoder.take(&data, KEPT) else { return };
                self.keep(&data);
            }
        };
        let _ = tokio::time::timeout(patience, read).await;
    }

    fn keep(&mut self, data: &[u8]) {
        let room = KEPT.saturating_sub(self.beginning.len());
        self.beginning.extend(data.iter().take(room));
    }

    /// The beginning, as a reader of the page sees it, without these secrets.
    pub(super) fn excerpt(&self, secrets: &[&str]) -> Excerpt {
        let text = String::from_utf8_lossy(&self.beginning).replace('\0', "");
        without(&visible(&text), secrets)
    }
}

/// A text as pages write it: in UTF-8, in Latin-1, and in UTF-16 of both orders.
fn written(text: &str) -> Vec<Vec<u8>> {
    let mut all = vec![text.as_bytes().to_vec()];
    if !text.is_ascii() {
        all.extend(text.chars().map(|c| u8::try_from(c).ok()).collect::<Option<Vec<u8>>>());
    }
    for order in [u16::to_le_bytes, u16::to_be_bytes] {
        all.push(text.encode_utf16().flat_map(order).collect());
    }
    all
}

/// The beginning of a text without these secrets, neither as it came nor as it is shown.
pub(super) fn without(text: &str, secrets: &[&str]) -> Excerpt {
    let shown = Excerpt::new(&hidden(text, secrets));
    let again = hidden(shown.as_str(), secrets);
    if again == shown.as_str() { shown } else { Excerpt::new(&again) }
}

fn hidden(text: &str, secrets: &[&str]) -> String {
    let mut text = text.to_owned();
    for secret in secrets.iter().filter(|secret| secret.len() >= 4) {
        text = text.replace(secret, "[not shown]");
    }
    text
}

/// The visible parts of a text that may be HTML: its title, then its words without tags, scripts
/// and styles.
fn visible(text: &str) -> String {
    if !text.trim_start().starts_with('<') {
        return text.to_owned();
    }
    let mut shown = String::new();
    let mut rest = text;
    while let Some(open) = rest.find('<') {
        shown.push_str(&rest[..open]);
        shown.push(' ');
        let tag = &rest[open..];
        let end = ["script", "style", "!--"].into_iter().find_map(|name| {
            let begins = tag.get(1..=name.len()).is_some_and(|own| own.eq_ignore_ascii_case(name));
            begins.then_some(match name {
                "script" => "</script",
                "style" => "</style",
                _ => "-->",
            })
        });
        let inside = end.map_or(Some(0), |end| find_ignoring_case(tag, end));
        let close = inside.and_then(|from| tag[from..].find('>').map(|at| from + at + 1));
        rest = close.map_or("", |close| &tag[close..]);
    }
    shown.push_str(rest);
    shown
}

/// The place of an ASCII text in another, whatever the size of its letters.
fn find_ignoring_case(text: &str, wanted: &str) -> Option<usize> {
    let mut windows = text.as_bytes().windows(wanted.len());
    // The first bytes are those of the tag itself.
    windows.position(|window| window.eq_ignore_ascii_case(wanted.as_bytes()))
}

/// The body of a request.
pub(super) fn sent(body: Option<&str>) -> http_body_util::Full<Bytes> {
    http_body_util::Full::new(body.map(|body| Bytes::from(body.to_owned())).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn excerpt(body: &str, secrets: &[&str]) -> String {
        let mut answer = Answer::default();
        answer.keep(body.as_bytes());
        answer.excerpt(secrets).as_str().to_owned()
    }

    #[test]
    fn a_text_is_known_in_the_usual_codes() {
        let [utf8, latin, little, big] = &written("Käse")[..] else { panic!("four") };
        assert_eq!((utf8.as_slice(), latin.as_slice()), ("Käse".as_bytes(), &b"K\xe4se"[..]));
        assert_eq!(little, b"K\0\xe4\0s\0e\0");
        assert_eq!(big, b"\0K\0\xe4\0s\0e");
        assert_eq!(written("ok").len(), 3);
        assert_eq!(written("\u{20ac}").len(), 3);
    }

    #[test]
    fn what_came_instead_is_told_as_it_is_read_without_secrets() {
        for (body, told) in [
            ("Sold out", "Sold out"),
            (
                "<!DOCTYPE html><html><head><title>502 Bad Gateway</title>\
                 <STYLE>a{b:c}</STYLE><script>if (a<b) {}</script></head>\
                 <!-- <b>no</b> --><body><h1>Sorry</h1>\n<hr>nginx</body></html>",
                "502 Bad Gateway Sorry nginx",
            ),
            ("<p>cut in a tag <scr", "cut in a tag"),
            ("{\"you sent\": \"Bearer hunter2\"}", "{\"you sent\": \"[not shown]\"}"),
            ("a < b", "a < b"),
            ("", ""),
        ] {
            assert_eq!(excerpt(body, &["Bearer hunter2"]), told);
        }
        assert!(excerpt(&"x".repeat(100_000), &[]).chars().count() <= 160);
    }
}
