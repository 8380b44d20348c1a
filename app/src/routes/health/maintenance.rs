//! Maintenance windows on the health page: the open ones, what would have alerted during them, and the
//! form that begins one.

use commands::maintenance::{LONGEST_REASON, MaintenanceCard};
use domain::maintenance::Withheld;
use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use wording::{humanize, maintenance};

use crate::components::{
    badge::{Badge, severity_words},
    form::field_text,
    time::{Ago, At},
};

/// The fields of a maintenance window, as they were typed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WindowForm {
    /// Subjects, one on each line.
    pub subjects: String,
    /// The duration in minutes.
    pub minutes: String,
    /// The reason.
    pub reason: String,
}

impl Default for WindowForm {
    fn default() -> Self {
        Self { subjects: String::new(), minutes: "60".to_owned(), reason: String::new() }
    }
}

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

/// The open windows; nothing where there is none. `may` says whether the reader may end them.
pub(crate) fn windows(open: &[MaintenanceCard], may: bool) -> AnyView {
    if open.is_empty() {
        return ().into_any();
    }
    let item = |one: &MaintenanceCard| {
        let end = may.then(|| {
            view! {
                <form method="post" action="/ops/health">
                    <input type="hidden" name="what" value="end"/>
                    <input type="hidden" name="window" value=one.number/>
                    <button class="button" type="submit" aria-label=format!("End maintenance window {}", one.number)>"End now"</button>
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
                    "Maintenance window " {one.number} " for " <bdi>{maintenance::subjects(&one.window)}</bdi> ", from " <Ago at=Signal::stored(one.begun_at)/> " until "
                    <At at=Signal::stored(one.window.until)/>
                </p>
                <p class="card-foot"><bdi>{maintenance::covers(&one.covers)}</bdi></p>
                {alerts}
                {end}
            </li>
        }
    };
    view! {
        <section class="maintenance" aria-labelledby="maintenance">
            <h2 id="maintenance">"Maintenance"</h2>
            <p class="quiet">"Signals in these windows open no incident until the window ends. They are still monitored."</p>
            <ul class="cards">{open.iter().map(item).collect_view()}</ul>
        </section>
    }
    .into_any()
}

fn alert(one: &Withheld) -> AnyView {
    let time = match one.ended_at {
        None => view! { "began " <Ago at=Signal::stored(one.since)/> }.into_any(),
        Some(end) => {
            view! { "from " <At at=Signal::stored(one.since)/> " to " <At at=Signal::stored(end)/> }
                .into_any()
        }
    };
    view! {
        <li>
            <Badge of=Signal::stored(severity_words(one.severity))/> " " {humanize::label(&one.signal)} " of "
            <bdi>{humanize::subject(&one.subject)}</bdi> ", " {time}
        </li>
    }
    .into_any()
}

/// The form that begins a window; what was refused still stands in it.
#[component]
pub(crate) fn Begin(refused: Option<(WindowForm, String)>) -> impl IntoView {
    let is_open = refused.is_some();
    let (typed, why) = refused.map_or_else(Default::default, |(form, why)| (form, Some(why)));
    let lengths = LENGTHS.map(
        |(value, word)| view! { <option value=value selected=typed.minutes == value>{word}</option> },
    );
    view! {
        <details class="fold" id="begin-maintenance" open=is_open>
            <summary>"Start a maintenance window"</summary>
            {why.map(|why| view! { <p class="said refused" role="status">{why}</p> })}
            <form method="post" action="/ops/health">
                <input type="hidden" name="what" value="begin"/>
                <div>
                    <label for="window-subjects">"Subjects, one per line, such as host:web-1, or *@web-1 for everything on that host"</label>
                    <textarea id="window-subjects" name="subjects" rows="3" required>{field_text(&typed.subjects)}</textarea>
                </div>
                <div><label for="window-minutes">"Ends in"</label><select id="window-minutes" name="minutes">{lengths.into_iter().collect_view()}</select></div>
                <div><label for="window-reason">"Reason"</label><input id="window-reason" name="reason" type="text" maxlength=LONGEST_REASON required value=typed.reason/></div>
                <button class="button" type="submit">"Start"</button>
            </form>
        </details>
    }
}
