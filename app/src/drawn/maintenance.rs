//! Maintenance windows on the health page: the open ones, what would have alerted during them, and the
//! form that begins one.

use commands::maintenance::{LONGEST_REASON, MaintenanceCard};
use domain::maintenance::Withheld;
use leptos::prelude::*;
use wording::{humanize, maintenance};

use crate::{
    clock,
    drawn::steps::plain,
    mark,
    seek::{RefusedWindow, WindowForm},
};

/// The choices of how long a window is, in minutes.
const LENGTHS: [(&str, &str); 8] = [
    ("30", "30 minutes"),
    ("60", "1 hour"),
    ("120", "2 hours"),
    ("240", "4 hours"),
    ("480", "8 hours"),
    ("1440", "1 day"),
    ("4320", "3 days"),
    ("10080", "7 days"),
];

/// The open windows; nothing where there is none. `may` says whether the reader may end them. By
/// `withheld` the browser sees that what would have alerted is another.
pub(crate) fn windows(open: &[MaintenanceCard], withheld: u32, may: bool) -> String {
    if open.is_empty() {
        return String::new();
    }
    let item = |one: &MaintenanceCard| {
        let end = may.then(|| {
            view! {
                <form method="post" action="/ops/health">
                    <input type="hidden" name="what" value="end"/>
                    <input type="hidden" name="window" value=one.number/>
                    <button class="button" type="submit" aria-label=format!("End maintenance window {}", one.number)>"End it now"</button>
                </form>
            }
        });
        let alerts = if one.would_have_alerted.is_empty() {
            view! { <p>"Nothing would have alerted so far."</p> }.into_any()
        } else {
            view! {
                <p>"Would have alerted:"</p>
                <ul>{one.would_have_alerted.iter().map(alert).collect_view()}</ul>
                {(one.more > 0).then(|| view! { <p class="quiet">"And at least " {one.more} " more."</p> })}
            }
            .into_any()
        };
        view! {
            <li class="card">
                <p class="card-title"><bdi>{one.window.reason.clone()}</bdi></p>
                <p class="card-foot">
                    "Maintenance window " {one.number} " for " <bdi>{maintenance::subjects(&one.window)}</bdi> ", from " {clock::moment(one.begun_at)} " until "
                    {clock::exact(one.window.until)}
                </p>
                <p class="card-foot"><bdi>{maintenance::covers(&one.covers)}</bdi></p>
                {alerts}
                {end}
            </li>
        }
    };
    view! {
        <section class="maintenance" aria-labelledby="maintenance" data-withheld=withheld>
            <h2 id="maintenance">"Maintenance"</h2>
            <p class="quiet">"What these windows cover opens no incident until they end. It is measured as always."</p>
            <ul class="cards">{open.iter().map(item).collect_view()}</ul>
        </section>
    }
    .into_any()
    .to_html()
}

fn alert(one: &Withheld) -> AnyView {
    let time = match one.ended_at {
        None => view! { "since " {clock::moment(one.since)} }.into_any(),
        Some(end) => {
            view! { "from " {clock::moment(one.since)} " to " {clock::moment(end)} }.into_any()
        }
    };
    view! {
        <li>
            {mark::severity(one.severity)} " " {humanize::label(&one.signal)} " of "
            <bdi>{humanize::subject(&one.subject)}</bdi> ", " {time}
        </li>
    }
    .into_any()
}

/// The form that begins a window; what was refused still stands in it.
pub(crate) fn form(refused: Option<&RefusedWindow>) -> AnyView {
    let typed = refused.map_or_else(WindowForm::default, |refused| refused.form.clone());
    let lengths = LENGTHS.map(
        |(value, word)| view! { <option value=value selected=typed.minutes == value>{word}</option> },
    );
    let said = refused.map(|refused| {
        view! { <p class="said refused" role="status">{refused.problem.sentence.clone()}</p> }
    });
    view! {
        <details class="fold" id="begin-maintenance" open=refused.is_some()>
            <summary>"Begin a maintenance window"</summary>
            {said}
            <form method="post" action="/ops/health">
                <input type="hidden" name="what" value="begin"/>
                <div>
                    <label for="window-subjects">"Subjects, one on each line, such as host:web-1, or *@web-1 for all that is on that host"</label>
                    <textarea id="window-subjects" name="subjects" rows="3" required inner_html=plain(&typed.subjects)></textarea>
                </div>
                <div><label for="window-minutes">"It ends in"</label><select id="window-minutes" name="minutes">{lengths.to_vec()}</select></div>
                <div><label for="window-reason">"Why"</label><input id="window-reason" name="reason" type="text" maxlength=LONGEST_REASON required value=typed.reason.clone()/></div>
                <button class="button" type="submit">"Begin it"</button>
            </form>
        </details>
    }
    .into_any()
}
