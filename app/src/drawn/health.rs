//! The health page: one sentence that is true right now, what needs a person, then the readings.

use commands::view::{BlindSpan, CheckResult, DocumentState, Health};
use domain::journal::BlindReason;
use leptos::prelude::*;
use wording::humanize;

use crate::{
    clock,
    drawn::{block, board, cards, maintenance},
    page::Mood,
    seek::RefusedWindow,
    status::{self, Waiting},
};

/// Why a form of the page was refused.
#[derive(Debug, Default)]
pub(crate) struct Refused {
    /// The maintenance window that was not begun.
    pub window: Option<RefusedWindow>,
    /// The sentence of a subject that was not retired.
    pub retire: Option<String>,
}

/// The page. `may` says whether its reader may begin and end maintenance windows, and retire
/// subjects.
pub(crate) fn page(health: &Health, may: bool, refused: &Refused) -> String {
    let nothing = health.now.readings.is_empty();
    let board = view! {
        <h2 id="readings">"Readings"</h2>
        {nothing.then(|| view! {
            <p class="empty">
                "What this host, its disks, apps and endpoints report appears here, each beside its threshold. Programs can push their own signals to "
                <code>"/api/ops/signals"</code> "."
            </p>
        })}
        {board::board(health, may)}
        {(health.now.left_out > 0).then(|| view! {
            <p class="quiet">{health.now.left_out} " more readings are not shown here, to keep the page light. They are evaluated all the same."</p>
        })}
    };
    view! {
        <h1 class="away">"Health"</h1>
        {block("standing", sentence(health))}
        {block("troubles", troubles(&health.now.troubles))}
        {health.may_check.then(|| view! {
            <form method="post" action="/ops/health"><input type="hidden" name="what" value="check"/><button class="button" type="submit">"Check now"</button></form>
        })}
        {block("checked", health.check.as_ref().map(checked).unwrap_or_default())}
        {refused.retire.clone().map(|why| view! { <p class="said refused" role="status">{why}</p> })}
        {block("refused", edits(&health.documents))}
        {block("active", cards(&health.active))}
        {block("maintenance", maintenance::windows(&health.maintenance, health.now.withheld, may))}
        {block("blind", blind(&health.blind))}
        {block("board", board.into_any().to_html())}
        {may.then(|| maintenance::form(refused.window.as_ref()))}
        {block("proof", foot(health))}
    }
    .into_any()
    .to_html()
}

/// The sentence of status. Its parts are kept beside it, so that the browser can say it anew with
/// new readings.
fn sentence(health: &Health) -> String {
    let active = status::active_sentence(Waiting::of(&health.active));
    let sentence = status::status_sentence(active.clone(), &status::count(&health.now.readings));
    let class = match Mood::of(health) {
        Mood::Critical => "status is-critical",
        Mood::Warning => "status is-warning",
        Mood::Calm | Mood::Blind => "status",
    };
    let checked = (!health.now.readings.is_empty()).then(|| {
        let start = status::checked(&sentence);
        view! {
            <span class="checked" data-start=start data-checked=health.now.checked_at.to_seconds_text()>
                {format!("{start}at {}.", clock::utc(health.now.checked_at))}
            </span>
        }
    });
    view! { <p class=class><strong aria-live="polite" data-active=active.unwrap_or_default()>{sentence.clone()}</strong>{checked}</p> }
        .into_any()
        .to_html()
}

/// What came of a check that a person asked for.
fn checked(check: &CheckResult) -> String {
    let CheckResult { at, collectors, failed, unfinished } = *check;
    let sources = if collectors == 1 { " source, " } else { " sources, " };
    let failed = (failed > 0).then(|| format!(" {failed} could not be read."));
    let have = if unfinished == 1 { "has" } else { "have" };
    let unfinished =
        (unfinished > 0).then(|| format!(" {unfinished} {have} not answered within 10 s."));
    view! { <p class="said done">"Checked " {collectors} {sources} {clock::moment(at)} "." {failed} {unfinished}</p> }
        .into_any()
        .to_html()
}

/// Where a person adds a contact, and how sentences name that place.
const SETTINGS: (&str, &str) = ("/ops/settings#calls", "Settings");

/// A sentence with a link where it names the settings.
pub(super) fn linked(sentence: &str) -> AnyView {
    let (address, word) = SETTINGS;
    match sentence.split_once(word).filter(|(before, _)| before.ends_with(" under ")) {
        Some((before, after)) => {
            view! { {before.to_owned()} <a href=address>{word}</a> {after.to_owned()} }.into_any()
        }
        None => sentence.to_owned().into_any(),
    }
}

/// What can't be seen, or works in a lesser way.
pub(super) fn troubles(troubles: &[String]) -> String {
    troubles
        .iter()
        .map(|trouble| view! { <p class="notice" data-trouble="">{linked(trouble)}</p> })
        .collect_view()
        .into_any()
        .to_html()
}

/// Documents whose edit was refused: where the mistake is. That they are not in force is told among
/// the troubles.
fn edits(documents: &[DocumentState]) -> String {
    let refused = documents.iter().filter_map(|document| {
        let error = document.error.clone()?;
        Some(view! {
            <div class="notice">
                <pre>{error}</pre>
                <p>"Correct " <code>{document.name.clone()}</code> "; it is read again by itself. In force since " {clock::moment(document.since)} "."</p>
            </div>
        })
    });
    refused.collect_view().into_any().to_html()
}

/// What was not seen.
fn blind(blind: &[BlindSpan]) -> String {
    let spans = blind.iter().map(|span| {
        let why = match span.why {
            BlindReason::NotRunning => "Calm Ops was not running",
            BlindReason::Asleep => "the machine slept, or Calm Ops could not run",
        };
        let length = humanize::seconds(span.to.since(span.from).as_secs_f64());
        view! { <li>"Nothing is known from " {clock::exact(span.from)} " to " {clock::exact(span.to)} " (" {length} "): " {why} "."</li> }
    });
    if blind.is_empty() {
        return String::new();
    }
    view! { <section class="unseen" aria-labelledby="unseen"><h2 id="unseen">"Not seen in the last day"</h2><ul>{spans.collect_view()}</ul></section> }
        .into_any()
        .to_html()
}

/// What proves the record, and what runs.
fn foot(health: &Health) -> String {
    let hash: String = health.head.hash.to_string().chars().take(12).collect();
    let documents = health.documents.iter().map(|document| {
        let hash: String = document.sha256.chars().take(12).collect();
        view! { <li><code>{document.name.clone()}</code> " in force since " {clock::moment(document.since)} ", " <code>{hash}</code></li> }
    });
    view! {
        <footer class="foot">
            <p>
                "Journal at entry " {health.head.number} ", " <code title=health.head.hash.to_string()>{hash}</code>
                ". Calm Ops " {health.version.clone()} "."
            </p>
            {(!health.documents.is_empty()).then(|| view! {
                <details class="fold"><summary>"Documents in force"</summary><ul>{documents.collect_view()}</ul></details>
            })}
        </footer>
    }
    .into_any()
    .to_html()
}

#[cfg(test)]
mod tests {
    use domain::time::Timestamp;

    use super::*;

    #[test]
    fn what_came_of_a_check_is_counted() {
        let told = |collectors, failed, unfinished| {
            let at = Timestamp::from_secs(1_795_341_600);
            let html = checked(&CheckResult { at, collectors, failed, unfinished });
            html.replace("<!>", "")
        };
        let all = told(6, 0, 0);
        assert!(all.contains("Checked 6 sources, <time") && !all.contains("not"), "{all}");
        let some = told(6, 1, 2);
        assert!(
            some.contains("</time>. 1 could not be read. 2 have not answered within 10 s."),
            "{some}"
        );
    }

    #[test]
    fn where_one_can_be_called_is_a_link_in_a_sentence_that_stays_as_it_is() {
        let html = linked("Nobody is called. Add one under Settings.").to_html();
        assert!(html.contains("<a href=\"/ops/settings#calls\">Settings</a>"), "{html}");
        assert!(!linked("Settings are fine.").to_html().contains("<a"));
    }
}
