//! The timeline: one calm sentence for each event, oldest first, so that nothing above moves when
//! something new comes. On a wide screen it scrolls by itself, and shows its end.

use domain::actor::Actor;
use leptos::prelude::*;
use wording::timeline::{Line, Tone};

use crate::components::{prose::prose, time::Exact};

/// From how many lines on the end is out of sight on a phone.
const MANY: usize = 8;

/// Lines that new ones are added to. Each stays where it is. `end` is the id of what follows.
#[component]
pub(crate) fn Timeline(#[prop(into)] lines: Signal<Vec<Line>>, end: &'static str) -> impl IntoView {
    let is_empty = Memo::new(move |_| lines.with(Vec::is_empty));
    let is_long = Memo::new(move |_| lines.with(|lines| lines.len() > MANY));
    let notes =
        Memo::new(move |_| lines.with(|lines| lines.iter().filter(|line| line.is_note).count()));
    let none = || {
        view! { <p class="quiet">"Nothing yet. Everything that happens in this incident is recorded here."</p> }
    };
    view! {
        <Show when=move || !is_empty.get() fallback=none>
            <p class="timeline-tools">
                // Kept by the style sheet alone: it works without Wasm, and no update touches it.
                <label class="tick" class:none=move || notes.get() == 0>
                    <input type="checkbox" id="with-notes"/>
                    "Show routine notes (" {move || notes.get()} ")"
                </label>
                <a class="to-end" class:none=move || !is_long.get() href=format!("#{end}")>"Newest"</a>
            </p>
            <div class="timeline-scroll" tabindex="0" role="region" aria-label="Events">
                <ol class="timeline">
                    // A line whose words were redacted is another line.
                    <For each=move || lines.get() key=|line| (line.number, line.words.is_some()) let:one>
                        {line(one)}
                    </For>
                </ol>
            </div>
        </Show>
    }
}

fn line(line: Line) -> impl IntoView {
    let Line { number, at, actor, who, sentence, words, tone, is_note } = line;
    let note = if is_note { " note" } else { "" };
    view! {
        <li class=format!("line tone-{}{note}", tone_class(tone)) id=format!("entry-{number}")>
            <Exact at/>
            <div>
                <p>{prose(&sentence)}</p>
                {words.map(|words| view! { <blockquote dir="auto">{words}</blockquote> })}
                <p class="quiet">{author(actor, who)} ", entry " {number}</p>
            </div>
        </li>
    }
}

/// The author of a line, with a mark that says what they are: no name can imitate it.
pub(crate) fn author(actor: Actor, name: String) -> AnyView {
    let (class, what) = match actor {
        Actor::Agent | Actor::System => ("calm-ops", "Calm Ops"),
        Actor::Account(_) | Actor::Local => ("person", "A person"),
        Actor::Token(_) => ("program", "A program with a token"),
    };
    view! { <span class=format!("mark author {class}") title=what><i role="img" aria-label=what></i>{name}</span> }
        .into_any()
}

/// Class of the mark of a line.
pub(crate) const fn tone_class(tone: Tone) -> &'static str {
    match tone {
        Tone::Warning => "warning",
        Tone::Critical => "critical",
        Tone::Better => "healthy",
        Tone::Person => "person",
        Tone::Quiet => "shown",
    }
}
