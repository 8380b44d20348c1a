//! The files that the browser loads beside the pages: script, Wasm, style sheet, icons. All of it
//! lies inside the program, compressed when it was built; a request only picks the variant. A build
//! without optimization reads the files from `target/site/light` instead.

use std::{borrow::Cow, fmt::Write as _, sync::LazyLock};

use axum::{
    Router,
    body::Body,
    extract::Path,
    http::{HeaderMap, HeaderValue, Response, StatusCode, header},
    routing::get,
};
use bytes::Bytes;
use rust_embed::RustEmbed;
use serde::Deserialize;

#[derive(RustEmbed)]
#[cfg_attr(debug_assertions, folder = "../target/site/light")]
#[cfg_attr(not(debug_assertions), folder = "../target/site/dist")]
struct Site;

/// The names that the build gave them. Without a built browser's part the pages still work, only
/// not live.
pub fn names() -> app::Assets {
    static NAMES: LazyLock<app::Assets> = LazyLock::new(read_names);
    NAMES.clone()
}

fn read_names() -> app::Assets {
    #[derive(Deserialize)]
    struct Manifest {
        js: String,
        wasm: String,
        css: String,
    }
    let manifest = file("manifest.json")
        .and_then(|(bytes, _)| serde_json::from_slice::<Manifest>(&bytes).ok());
    manifest.map_or_else(app::Assets::default, |Manifest { js, wasm, css }| app::Assets {
        js: format!("/pkg/{js}"),
        wasm: format!("/pkg/{wasm}"),
        css: format!("/pkg/{css}"),
    })
}

/// Serves `/pkg/*`, `/icons/*`, `/favicon.ico` and `/robots.txt`.
pub fn router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route(
            "/pkg/{*path}",
            get(|Path(path): Path<String>, headers: HeaderMap| async move {
                serve(&format!("pkg/{path}"), &headers)
            }),
        )
        .route(
            "/icons/{*path}",
            get(|Path(path): Path<String>, headers: HeaderMap| async move {
                serve(&format!("icons/{path}"), &headers)
            }),
        )
        .route(
            "/favicon.ico",
            get(|headers: HeaderMap| async move { serve("icons/calm.svg", &headers) }),
        )
        .route("/robots.txt", get(robots))
}

/// Nothing here is for search engines but the status page. A shared page says so itself, and has to be read for that:
/// what may not even be read can still be listed by its address, which is its secret. Previews in a
/// chat want to read it too.
async fn robots() -> Response<Body> {
    let mut response =
        Response::new(Body::from("User-agent: *\nAllow: /share/\nAllow: /status\nDisallow: /\n"));
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}

/// A file with its hash.
fn file(path: &str) -> Option<(Bytes, [u8; 32])> {
    let rust_embed::EmbeddedFile { data, metadata } = Site::get(path)?;
    let bytes = match data {
        Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        Cow::Owned(bytes) => Bytes::from(bytes),
    };
    Some((bytes, metadata.sha256_hash()))
}

/// Answers with a file, in the smallest form that the browser takes.
fn serve(path: &str, headers: &HeaderMap) -> Response<Body> {
    // The compressed variants have no address of their own.
    let found = content_type(path).and_then(|kind| Some((kind, file(path)?)));
    let Some((kind, (plain, hash))) = found else { return not_found() };
    let (encoding, body) = variants(headers)
        .find_map(|(encoding, extension)| {
            Some((Some(encoding), file(&format!("{path}{extension}"))?.0))
        })
        .unwrap_or((None, plain));

    let mut tag = String::from("\"");
    for byte in &hash[..12] {
        let _ = write!(tag, "{byte:02x}");
    }
    let _ = write!(
        tag,
        "{}\"",
        encoding.map_or("", |encoding| if encoding == "br" { "-br" } else { "-gz" })
    );

    let mut answer = Response::builder()
        .header(header::VARY, "accept-encoding")
        .header(
            header::CACHE_CONTROL,
            if is_named_by_content(path) {
                "public, max-age=31536000, immutable"
            } else {
                "no-cache"
            },
        )
        .header(header::ETAG, &tag);
    if is_known(headers, &tag) {
        return answer
            .status(StatusCode::NOT_MODIFIED)
            .body(Body::empty())
            .unwrap_or_else(|_| not_found());
    }
    if let Some(encoding) = encoding {
        answer = answer.header(header::CONTENT_ENCODING, encoding);
    }
    answer
        .header(header::CONTENT_TYPE, kind)
        .header(header::X_CONTENT_TYPE_OPTIONS, "nosniff")
        .header(header::CONTENT_LENGTH, body.len())
        .body(Body::from(body))
        .unwrap_or_else(|_| not_found())
}

fn not_found() -> Response<Body> {
    let mut response = Response::new(Body::from("There is nothing at this address.\n"));
    *response.status_mut() = StatusCode::NOT_FOUND;
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// The types of the files that are served; nothing else is.
fn content_type(path: &str) -> Option<&'static str> {
    Some(match path.rsplit_once('.')?.1 {
        "js" => "text/javascript; charset=utf-8",
        "wasm" => "application/wasm",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "webmanifest" => "application/manifest+json",
        _ => return None,
    })
}

/// `calm-ops.0123456789abcdef.js`, and what a crate brings along, whose folder bears a hash.
fn is_named_by_content(path: &str) -> bool {
    let Some(name) = path.strip_prefix("pkg/") else { return false };
    let hash = name.split('.').nth(1).unwrap_or_default();
    name.starts_with("snippets/")
        || (name.split('.').count() == 3
            && hash.len() == 16
            && hash.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// The compressed forms that the browser takes, the smallest first: `accept-encoding`, and how the
/// file ends.
fn variants(headers: &HeaderMap) -> impl Iterator<Item = (&'static str, &'static str)> {
    let accepted: Vec<String> = texts(headers, header::ACCEPT_ENCODING);
    let weight = |name: &str| {
        accepted.iter().find_map(|item| {
            let mut parts = item.split(';').map(str::trim);
            let same = parts.next().is_some_and(|given| given.eq_ignore_ascii_case(name));
            // `q=0` is a no, however many digits it has.
            let refused = parts.any(|part| {
                part.strip_prefix("q=").is_some_and(|q| q.parse::<f32>().is_ok_and(|q| q <= 0.0))
            });
            same.then_some(!refused)
        })
    };
    let any = weight("*").unwrap_or(false);
    let takes = ["br", "gzip"].map(|name| weight(name).unwrap_or(any));
    [("br", ".br"), ("gzip", ".gz")]
        .into_iter()
        .zip(takes)
        .filter_map(|(variant, taken)| taken.then_some(variant))
}

/// True if the browser has exactly this already.
pub(in crate::http) fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    texts(headers, header::IF_NONE_MATCH)
        .iter()
        .any(|known| known == "*" || known.trim_start_matches("W/") == tag)
}

/// A header's items, over all its lines.
fn texts(headers: &HeaderMap, name: header::HeaderName) -> Vec<String> {
    let lines = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    lines
        .flat_map(|line| line.split(','))
        .map(|item| item.trim().to_owned())
        .filter(|item| !item.is_empty())
        .take(32)
        .collect()
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;
    use tower::ServiceExt;

    use super::*;

    fn headers(name: header::HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_str(value).unwrap())])
    }

    #[test]
    fn the_smallest_form_that_the_browser_takes_is_picked() {
        let picked = |value: &str| {
            variants(&headers(header::ACCEPT_ENCODING, value))
                .map(|(name, _)| name)
                .collect::<Vec<_>>()
        };
        assert_eq!(picked("gzip, deflate, br, zstd"), ["br", "gzip"]);
        assert_eq!(picked("gzip"), ["gzip"]);
        assert_eq!(picked("br;q=0, gzip;q=0.5"), ["gzip"]);
        assert_eq!(picked("br;q=0.000, *"), ["gzip"]);
        assert_eq!(picked("*;q=0"), [""; 0]);
        assert_eq!(picked("identity"), [""; 0]);
        assert_eq!(variants(&HeaderMap::new()).count(), 0);
    }

    #[test]
    fn only_what_is_named_by_its_content_is_kept_for_ever() {
        assert!(is_named_by_content("pkg/calm-ops.0123456789abcdef.wasm"));
        assert!(is_named_by_content("pkg/snippets/leptos-1234/inline0.js"));
        for path in [
            "pkg/calm-ops.js",
            "icons/favicon.svg",
            "pkg/calm-ops.0123456789abcdeg.js",
            "icons/a.0123456789abcdef.svg",
        ] {
            assert!(!is_named_by_content(path), "{path}");
        }
    }

    #[test]
    fn a_known_tag_is_recognised_weak_or_in_a_list() {
        for value in ["\"a-br\"", "W/\"a-br\"", "\"b\", \"a-br\"", "*"] {
            assert!(is_known(&headers(header::IF_NONE_MATCH, value), "\"a-br\""), "{value}");
        }
        assert!(!is_known(&headers(header::IF_NONE_MATCH, "\"a\""), "\"a-br\""));
    }

    #[tokio::test]
    async fn what_is_not_there_is_not_found_and_nothing_outside_is_reached() {
        for path in [
            "/pkg/none.js",
            "/pkg/../manifest.json",
            "/pkg/%2e%2e/manifest.json",
            "/pkg/..%2f..%2f..%2fCargo.toml",
            "/pkg/%00.js",
            "/icons//etc/passwd.svg",
            "/pkg/calm-ops.js.br",
        ] {
            let request = axum::http::Request::get(path).body(Body::empty()).unwrap();
            let response = router::<()>().oneshot(request).await.unwrap();
            assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
        }
    }

    #[tokio::test]
    async fn search_engines_are_sent_away() {
        let request = axum::http::Request::get("/robots.txt").body(Body::empty()).unwrap();
        let response = router::<()>().oneshot(request).await.unwrap();
        assert_eq!(
            &response.into_body().collect().await.unwrap().to_bytes()[..],
            b"User-agent: *\nAllow: /share/\nAllow: /status\nDisallow: /\n"
        );
    }

    #[tokio::test]
    async fn what_the_build_left_is_served_with_its_type_its_tag_and_compressed() {
        // Without a built browser's part there is nothing to serve; the browser tests see it served
        // by the release.
        let names = names();
        let Some((plain, _)) = file(names.js.trim_start_matches('/')) else { return };
        let get = |encoding: &'static str, tag: &str| {
            let request = axum::http::Request::get(&names.js)
                .header("accept-encoding", encoding)
                .header("if-none-match", tag);
            router::<()>().oneshot(request.body(Body::empty()).unwrap())
        };
        let response = get("br", "").await.unwrap();
        assert_eq!(response.headers()[header::CONTENT_TYPE], "text/javascript; charset=utf-8");
        assert_eq!(response.headers()[header::CONTENT_ENCODING], "br");
        assert_eq!(
            response.headers()[header::CACHE_CONTROL],
            "public, max-age=31536000, immutable"
        );
        let tag = response.headers()[header::ETAG].to_str().unwrap().to_owned();
        assert!(response.into_body().collect().await.unwrap().to_bytes().len() < plain.len());
        assert_eq!(get("br", &tag).await.unwrap().status(), StatusCode::NOT_MODIFIED);
        let response = get("identity", &tag).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK, "another form has another tag");
        assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), plain);
    }
}
