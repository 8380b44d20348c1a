//! The timeline: one calm sentence for each event, oldest first, so that nothing above moves when
//! something new comes.

use domain::actor::Actor;
use leptos::prelude::*;
use wording::timeline::{Line, Tone};

use crate::components::{prose::prose, time::Ago};

/// Lines that new ones are added to. Each stays where it is.
#[component]
pub(crate) fn Timeline(#[prop(into)] lines: Signal<Vec<Line>>) -> impl IntoView {
    let is_empty = Memo::new(move |_| lines.with(Vec::is_empty));
    let none = || {
        view! { <p class="quiet">"Nothing yet. Everything that happens in this incident is recorded here."</p> }
    };
    view! {
        <Show when=move || !is_empty.get() fallback=none>
            <ol class="timeline">
                // A line whose words were redacted is another line.
                <For each=move || lines.get() key=|line| (line.number, line.words.is_some()) let:one>
                    {line(one)}
                </For>
            </ol>
        </Show>
    }
}

fn line(line: Line) -> impl IntoView {
    let Line { number, at, actor, who, sentence, words, tone, .. } = line;
    view! {
        <li class=format!("line tone-{}", tone_class(tone)) id=format!("entry-{number}")>
            <p>{prose(&sentence)}</p>
            {words.map(|words| view! { <blockquote dir="auto">{words}</blockquote> })}
            <p class="quiet"><Ago at=Signal::stored(at)/> ", " {author(actor, who)} ", entry " {number}</p>
        </li>
    }
}

/// Who wrote a line, with a mark that says what they are: no name can imitate it.
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
