//! A trial of a change: what it would have meant, the difference of the document, and the form that
//! accepts it.

use commands::threshold::{LONGEST_REASON, ThresholdEdit, ThresholdPage, ThresholdTrial};
use domain::{hash::Hash, threshold::ThresholdCells};
use leptos::prelude::*;
use wording::threshold;

use super::state::{State, fields, hidden};
use crate::address::percent_encode;

/// The outcome of a trial; the form that accepts a change is shown again where only the sign-in was
/// too old for it.
pub(super) fn outcome(state: State, page: &ThresholdPage, here: &str) -> Option<AnyView> {
    let sent = state.sent.get_value()?;
    match &sent.outcome {
        Ok(trial) => Some(told(page, trial, here)),
        Err(problem) if sent.what == "change" && problem.asks_for_sign_in() => {
            let cells =
                fields(&ThresholdCells::default()).map(|(name, ..)| sent.field(name).to_owned());
            let [warning, critical, held, recovers_at] = cells;
            let edit = ThresholdEdit {
                document: sent.field("document").parse().unwrap_or(Hash::GENESIS),
                line: sent.field("line").parse().unwrap_or_default(),
                cells: ThresholdCells { warning, critical, held, recovers_at },
                proposal: sent.field("proposal").parse().ok(),
            };
            accept(page, &edit, sent.field("reason"), here)
        }
        Err(_) => None,
    }
}

fn told(page: &ThresholdPage, trial: &ThresholdTrial, here: &str) -> AnyView {
    let lists = threshold::lists(trial).into_iter().map(|(title, lines)| {
        let lines = lines.into_iter().map(|line| view! { <li>{line}</li> }).collect_view();
        view! { <h3>{title}</h3> <ul>{lines}</ul> }
    });
    let facts = threshold::facts(trial).into_iter().map(|fact| view! { <p>{fact}</p> });
    view! {
        <section class="trial" aria-labelledby="trial">
            <h2 id="trial">"What it would have meant"</h2>
            <p class="lead" role="status">{threshold::verdict(trial)}</p>
            {facts.collect_view()}
            {lists.collect_view()}
            <h3>"The difference"</h3>
            <pre tabindex="0" class="patch"><code>{trial.patch.clone()}</code></pre>
            <p class="links"><a href=patch(page, &trial.edit) rel="external" download="">"Download the patch"</a></p>
        </section>
        {accept(page, &trial.edit, "", here)}
    }
    .into_any()
}

/// The address of a change as a patch.
fn patch(page: &ThresholdPage, edit: &ThresholdEdit) -> String {
    let mut address = format!(
        "/api/ops/thresholds.patch?subject={}&signal={}&document={}&line={}",
        percent_encode(page.subject.as_str()),
        page.signal,
        edit.document,
        edit.line
    );
    for (name, _, text) in fields(&edit.cells) {
        address.push_str(&format!("&{name}={}", percent_encode(&text)));
    }
    address
}

/// The form that puts a change in force.
fn accept(page: &ThresholdPage, edit: &ThresholdEdit, reason: &str, here: &str) -> Option<AnyView> {
    if page.obstacle.is_some() {
        return None;
    }
    if !page.may_change {
        return Some(
            view! { <p class="quiet">"Approvers and owners put a change in force."</p> }.into_any(),
        );
    }
    let cells = fields(&edit.cells)
        .map(|(name, _, text)| view! { <input type="hidden" name=name value=text/> });
    Some(
        view! {
            <section aria-labelledby="accept">
                <h2 id="accept">"Put it in force"</h2>
                <p>"The document is written with its layout and comments kept, and takes effect within seconds."</p>
                <form method="post" action=here.to_owned()>
                    <input type="hidden" name="what" value="change"/>
                    {hidden(page, edit.line, edit.document, edit.proposal)}
                    {cells.into_iter().collect_view()}
                    <div>
                        <label for="reason">"Reason (stays in the journal)"</label>
                        <input id="reason" name="reason" type="text" maxlength=LONGEST_REASON required value=reason.to_owned()/>
                    </div>
                    <button class="button primary" type="submit">"Change the threshold"</button>
                </form>
            </section>
        }
        .into_any(),
    )
}
