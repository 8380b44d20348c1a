//! A review, and prevention steps, as Markdown.

use std::fmt::Write as _;

use commands::review::{PreventionList, ReviewPage};
use domain::{
    actor::Names,
    review::{PreventionStep, StepState},
};

use super::sentence::{
    COUNTED, effect, lead, left_out, rating, seen_late, slow, step, step_state, took, usual,
};
use crate::{humanize, markdown::escaped, similar::resolution, timeline::line};

/// The whole review.
pub fn review(page: &ReviewPage) -> String {
    let mut text = format!(
        "# Review of incident {}\n\n{}\n\n{} {}\n",
        page.incident,
        escaped(&page.headline),
        format_args!("Opened {}.", humanize::moment(page.opened_at)),
        lead(page)
    );
    steps(&mut text, page);
    list(&mut text, "What helped", page.facts.effects.iter().map(effect));
    list(&mut text, "What was slow", page.facts.slow.iter().map(slow));
    list(&mut text, "What was seen late", page.facts.seen_late.iter().map(seen_late));
    let similar = page.similar.iter().map(|one| {
        format!("Incident {}: {} {}", one.incident, one.headline, resolution(&one.resolution))
    });
    list(&mut text, "Similar incidents", similar);
    let rated = page
        .ratings
        .iter()
        .filter_map(|one| Some(format!("{}: {}", one.title, rating(one.rating?).to_lowercase())));
    list(&mut text, "Did the recommendation help?", rated);
    if let Some(saved) = &page.saved {
        let sections = &saved.sections;
        for (title, words) in [
            ("Contributing factors", &sections.factors),
            ("What went well", &sections.went_well),
            ("What to change", &sections.to_change),
        ] {
            if !words.is_empty() {
                let _ = write!(text, "\n## {title}\n\n{words}\n");
            }
        }
    }
    tasks(&mut text, "Prevention steps", &page.steps, &page.names);
    let told = page.timeline.iter().map(|entry| {
        let line = line(entry, &page.names);
        let words = line.words.map(|words| format!(" {words}")).unwrap_or_default();
        format!("{} {}{words}", humanize::moment(line.at), line.sentence)
    });
    noted_list(&mut text, "Timeline", left_out(page), told);
    text
}

fn steps(text: &mut String, page: &ReviewPage) {
    text.push_str("\n## Times\n\n| Step | Took | Usual | Entries |\n| --- | --- | --- | --- |\n");
    for one in &page.facts.steps {
        let entries: Vec<String> = one.entries.iter().map(ToString::to_string).collect();
        let (name, entries) = (step(one.step), entries.join(", "));
        let _ = writeln!(text, "| {name} | {} | {} | {entries} |", took(one), usual(one));
    }
    let _ = write!(text, "\n{}\n", COUNTED);
}

fn list(text: &mut String, title: &str, items: impl Iterator<Item = String>) {
    noted_list(text, title, None, items);
}

/// A list under its title, and what is to be known of it.
fn noted_list(
    text: &mut String,
    title: &str,
    note: Option<String>,
    items: impl Iterator<Item = String>,
) {
    let mut items = items.peekable();
    if items.peek().is_none() {
        return;
    }
    let _ = write!(text, "\n## {title}\n\n");
    if let Some(note) = note {
        let _ = write!(text, "{note}\n\n");
    }
    for item in items {
        let _ = writeln!(text, "- {}", escaped(&item));
    }
}

fn tasks(text: &mut String, title: &str, steps: &[PreventionStep], names: &Names) {
    if steps.is_empty() {
        return;
    }
    let _ = write!(text, "\n## {title}\n\n");
    for one in steps {
        let (task, state) = (escaped(&one.text), escaped(&step_state(one, names)));
        // What will not be done is no task.
        let told = match one.state {
            StepState::Open { .. } => format!("[ ] {task}"),
            StepState::Done { .. } => format!("[x] {task}"),
            StepState::Dropped { .. } => format!("~~{task}~~"),
        };
        let _ = writeln!(text, "- {told} (incident {}). {state}", one.incident);
    }
}

/// The prevention steps of all incidents.
pub fn prevention(list: &PreventionList) -> String {
    let mut text = format!("# Prevention steps, {}\n", list.today);
    if list.open.is_empty() && list.ended.is_empty() {
        text.push_str("\nThere are none.\n");
    }
    tasks(&mut text, "Open", &list.open, &list.names);
    tasks(&mut text, "Done or dropped", &list.ended, &list.names);
    text
}

/// The text of an issue about a prevention step.
pub fn issue_body(one: &PreventionStep, names: &Names) -> String {
    let state = step_state(one, names);
    format!(
        "{}\n\nPrevention step {} of incident {}. {state}\n",
        one.text, one.number, one.incident
    )
}
