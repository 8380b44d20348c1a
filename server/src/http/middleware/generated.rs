//! The mark of generated data on everything that is downloaded from a server whose journal begins
//! with them.

use std::sync::Arc;

use axum::{
    body::{Body, to_bytes},
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use http::{HeaderValue, header};
use wording::generated::MARK;

use crate::{
    http::error::{Kind, Problem},
    service::Service,
};

/// The beginning of the header of a download, before the name of its file.
const DOWNLOAD: &str = "attachment; filename=\"";

/// Marks downloads: the name of each file, and the text of those that are read by people or as tables.
pub async fn mark(State(service): State<Arc<Service>>, request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    if service.is_generated() { marked(response).await } else { response }
}

async fn marked(mut response: Response) -> Response {
    let text = |name, headers: &http::HeaderMap| {
        headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
    };
    let download = text(header::CONTENT_DISPOSITION, response.headers());
    let Some(name) = download.strip_prefix(DOWNLOAD) else { return response };
    if let Ok(renamed) = HeaderValue::from_str(&format!("{DOWNLOAD}generated-{name}")) {
        response.headers_mut().insert(header::CONTENT_DISPOSITION, renamed);
    }
    let kind = text(header::CONTENT_TYPE, response.headers());
    let change: fn(&str) -> String = match kind.split(';').next() {
        Some("text/csv") => with_column,
        Some("text/markdown" | "text/plain") => with_sentence,
        _ => return response,
    };
    let (mut parts, body) = response.into_parts();
    let Ok(bytes) = to_bytes(body, usize::MAX).await else {
        let detail = "The file could not be created. Try again.".to_owned();
        return Problem::new(Kind::Internal, detail).into_response();
    };
    parts.headers.remove(header::CONTENT_LENGTH);
    let changed = change(&String::from_utf8_lossy(&bytes));
    Response::from_parts(parts, Body::from(changed))
}

/// A text with a sentence above it, unless it has that already.
fn with_sentence(text: &str) -> String {
    if text.contains(MARK) {
        return text.to_owned();
    }
    format!("{MARK}\n\n{text}")
}

/// Comma-separated values with a column more. A line break inside of quotes ends no record.
fn with_column(text: &str) -> String {
    let (mut marked, mut is_quoted) = (String::with_capacity(text.len() * 2), false);
    let mut column = ",generated";
    for letter in text.chars() {
        is_quoted ^= letter == '"';
        if letter == '\r' && !is_quoted {
            marked.push_str(std::mem::replace(&mut column, ",yes"));
        }
        marked.push(letter);
    }
    marked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_record_of_a_table_is_marked() {
        let text = "time,name\r\n1,\"a\r\n\"\"b\"\r\n2,c\r\n";
        let marked = "time,name,generated\r\n1,\"a\r\n\"\"b\",yes\r\n2,c,yes\r\n";
        assert_eq!(with_column(text), marked);
    }

    #[test]
    fn a_text_is_marked_once() {
        let marked = with_sentence("# Review\n");
        assert_eq!(marked, format!("{MARK}\n\n# Review\n"));
        assert_eq!(with_sentence(&marked), marked);
    }
}
