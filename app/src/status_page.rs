//! The public status page as one document, complete in itself: without script, without anything
//! else to load, the same from the server and from a file.

use commands::status_page::{HistoryPart, PublicGap, PublicNotice, PublicStatusPage};
use domain::time::Timestamp;
use wording::{
    generated::MARK,
    status_page::{lead, notice_state},
};

use crate::{clock, shared::escape};

/// The style of the document, which stands in it.
pub const STATUS_PAGE_CSS: &str =
    concat!(include_str!("../../style/tokens.css"), include_str!("../../style/status-page.css"));

/// The document. `policy` says what may load with it.
pub fn status_page(page: &PublicStatusPage, policy: &str) -> String {
    let (title, policy) = (escape(&page.title), escape(policy));
    let lead = escape(&lead(page.current.len()));
    let mark = if page.generated { format!("<p><b>{MARK}</b></p>") } else { String::new() };
    let current: String =
        page.current.iter().map(|one| notice(one, "article class=\"current\"")).collect();
    let history: String = page.days().iter().map(part).collect();
    format!(
        "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1, viewport-fit=cover\">\
         <meta name=\"color-scheme\" content=\"light dark\"><meta name=\"referrer\" content=\"no-referrer\">\
         <title>{title}: {lead}</title><style>{STATUS_PAGE_CSS}</style></head>\
         <body class=\"status-page\"><main>{mark}<h1>{title}</h1><p class=\"lead\">{lead}</p>\
         <p class=\"quiet\">As of {as_of}. Written again every minute while the status page can be changed: an older time means that it could not be changed since.</p>\
         {current}\
         <h2>The last 90 days</h2>{history}</main>\
         <footer><p>Everything here was published by a person. Days and times are in UTC. Reload for updates.</p></footer></body></html>\n",
        as_of = time(page.as_of),
    )
}

fn time(at: Timestamp) -> String {
    format!("<time datetime=\"{}\">{}</time>", at.to_seconds_text(), clock::utc_minute(at))
}

fn notice(notice: &PublicNotice, element: &str) -> String {
    let name = element.split(' ').next().unwrap_or_default();
    let updates: String = notice
        .updates
        .iter()
        .map(|update| {
            format!(
                "<li><p class=\"state\"><b>{}</b> · {}</p><p class=\"words\">{}</p></li>",
                notice_state(update.state),
                time(update.at),
                escape(&update.text)
            )
        })
        .collect();
    format!(
        "<{element}><h3>{}</h3><p class=\"state\">{} · since {}</p><ol>{updates}</ol></{name}>",
        escape(&notice.title),
        notice_state(notice.state),
        time(notice.began_at),
    )
}

fn part(part: &HistoryPart<'_>) -> String {
    match part {
        HistoryPart::Quiet { from, to } if from == to => {
            format!("<p class=\"quiet\">{}: no new notices.</p>", clock::day(*from))
        }
        HistoryPart::Quiet { from, to } => {
            format!(
                "<p class=\"quiet\">{} to {}: no new notices.</p>",
                clock::day(*from),
                clock::day(*to)
            )
        }
        HistoryPart::Day(one) => {
            let notices: String = one.notices.iter().map(|one| notice(one, "article")).collect();
            let current = match one.current {
                0 => String::new(),
                1 => "<p class=\"quiet\">1 current notice began on this day: see above.</p>"
                    .to_owned(),
                many => format!(
                    "<p class=\"quiet\">{many} current notices began on this day: see above.</p>"
                ),
            };
            let gaps: String = one.gaps.iter().map(gap).collect();
            format!("<section><h3>{}</h3>{current}{notices}{gaps}</section>", clock::day(one.day))
        }
    }
}

fn gap(gap: &PublicGap) -> String {
    let end = if clock::day(gap.from) == clock::day(gap.to) {
        format!("<time datetime=\"{}\">{}</time>", gap.to.to_seconds_text(), clock::hour(gap.to))
    } else {
        time(gap.to)
    };
    format!(
        "<p class=\"quiet\">Nothing could be published here from <time datetime=\"{}\">{}</time> to {end}.</p>",
        gap.from.to_seconds_text(),
        clock::hour(gap.from),
    )
}

#[cfg(test)]
mod tests;
