//! Markdown of a document, rendered. What the document holds is hostile until proven otherwise: raw
//! HTML is shown as text, and only links to the web and within the page stay links.

use std::collections::HashMap;

use pulldown_cmark::{CowStr, Event, HeadingLevel, Options, Parser, Tag, TagEnd, html};

use leptos::prelude::*;

/// A document, rendered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rendered {
    /// Its text, without anything that could act.
    pub html: String,
    /// Its headings: level, text, anchor.
    pub contents: Vec<(u8, String, String)>,
}

/// The text of a document.
#[component]
pub(crate) fn Markdown(of: Rendered) -> impl IntoView {
    view! { <div class="prose" inner_html=of.html></div> }
}

/// The anchor that GitHub would give a heading. `taken` holds those that there are, each with how
/// often it was wanted again.
fn slug(text: &str, taken: &mut HashMap<String, u64>) -> String {
    let kept = text.trim().to_lowercase();
    let kept = kept.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    let base: String = kept.map(|c| if c == ' ' { '-' } else { c }).collect();
    let mut free = base.clone();
    let mut again = taken.get(&base).copied().unwrap_or(0);
    while taken.contains_key(&free) {
        again += 1;
        free = format!("{base}-{again}");
    }
    taken.insert(base, again);
    taken.insert(free.clone(), 0);
    free
}

/// True if a link may lead there.
fn is_harmless(target: &str) -> bool {
    let start: String = target.trim().chars().take(8).collect::<String>().to_lowercase();
    start.starts_with("https://") || start.starts_with("http://") || start.starts_with('#')
}

const fn number(level: HeadingLevel) -> u8 {
    match level {
        HeadingLevel::H1 => 1,
        HeadingLevel::H2 => 2,
        HeadingLevel::H3 => 3,
        HeadingLevel::H4 => 4,
        HeadingLevel::H5 => 5,
        HeadingLevel::H6 => 6,
    }
}

/// The text of the heading that begins at the first of these events.
fn heading_text(events: &[Event<'_>]) -> String {
    let inside = events.iter().take_while(|event| !matches!(event, Event::End(TagEnd::Heading(_))));
    inside
        .filter_map(|event| {
            if let Event::Text(text) | Event::Code(text) = event {
                Some(text.as_ref())
            } else {
                None
            }
        })
        .collect()
}

/// Leaves out the line that says which format the document has: it is for the machine.
fn without_format(markdown: &str) -> &str {
    let text = markdown.trim_start_matches('\u{feff}').trim_start();
    match text.split_once('\n') {
        Some((first, rest)) if first.trim_start().starts_with("format:") => rest,
        _ => text,
    }
}

/// Renders a document.
pub(crate) fn render(markdown: &str) -> Rendered {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH;
    let events: Vec<Event<'_>> = Parser::new_ext(without_format(markdown), options).collect();
    let (mut contents, mut taken) = (Vec::new(), HashMap::new());
    let mut safe = Vec::with_capacity(events.len());
    let mut open_links = Vec::new();
    for (index, event) in events.iter().enumerate() {
        match event {
            Event::Html(text) | Event::InlineHtml(text) => safe.push(Event::Text(text.clone())),
            Event::Start(Tag::HtmlBlock) => safe.push(Event::Start(Tag::Paragraph)),
            Event::End(TagEnd::HtmlBlock) => safe.push(Event::End(TagEnd::Paragraph)),
            Event::Start(Tag::Link { dest_url, .. }) => {
                let harmless = is_harmless(dest_url);
                open_links.push(harmless);
                if harmless {
                    safe.push(event.clone());
                }
            }
            Event::End(TagEnd::Link) => {
                if open_links.pop() == Some(true) {
                    safe.push(event.clone());
                }
            }
            // A picture would load from elsewhere; its words stay.
            Event::Start(Tag::Image { .. }) | Event::End(TagEnd::Image) => {}
            Event::Start(Tag::Heading { level, .. }) => {
                let text = heading_text(&events[index..]);
                let slug = slug(&text, &mut taken);
                safe.push(Event::Start(Tag::Heading {
                    level: *level,
                    id: Some(CowStr::from(slug.clone())),
                    classes: Vec::new(),
                    attrs: Vec::new(),
                }));
                contents.push((number(*level), text, slug));
            }
            other => safe.push(other.clone()),
        }
    }
    let mut page = String::with_capacity(markdown.len() * 3 / 2);
    html::push_html(&mut page, safe.into_iter());
    Rendered { html: page, contents }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_get_the_anchors_that_github_gives() {
        let page = render(
            "format: 1\n\n# When things break\n\n## Disk is filling\n\n## Disk is `filling`\n\n## What now?\n",
        );
        let slugs: Vec<&str> = page.contents.iter().map(|(_, _, slug)| slug.as_str()).collect();
        assert_eq!(
            slugs,
            ["when-things-break", "disk-is-filling", "disk-is-filling-1", "what-now"]
        );
        assert!(page.html.contains("<h2 id=\"disk-is-filling\">"), "{}", page.html);
        assert!(!page.html.contains("format"));
    }

    #[test]
    fn nothing_in_a_document_becomes_markup_of_its_own() {
        let page = render(
            "# A\n\n<script>alert(1)</script>\n\ntext <img src=x onerror=alert(1)> [a](javascript:alert(1)) [b](https://example.org) \
             ![c](https://example.org/x.png) [d](data:text/html,x) <javascript:alert(1)>\n\n## <b onmouseover=x>\n",
        );
        for bad in ["<script", "<img", "javascript:alert(1)\"", "<b ", "data:text/html\""] {
            assert!(!page.html.contains(bad), "{bad} in {}", page.html);
        }
        assert!(
            !page.html.contains("href=\"javascript")
                && page.html.contains("href=\"https://example.org\""),
            "{}",
            page.html
        );
    }

    #[test]
    fn tables_stay_tables() {
        assert!(render("| a | b |\n| - | - |\n| 1 | 2 |\n").html.contains("<table>"));
    }
}
