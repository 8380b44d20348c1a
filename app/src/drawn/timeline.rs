//! The timeline: one calm sentence for each event, newest last, so that nothing above moves when
//! something new comes.

use domain::actor::Actor;
use leptos::prelude::*;
use wording::timeline::{Line, Tone};

use crate::{clock, drawn::prose::prose};

/// The lines as a list.
pub(crate) fn timeline(lines: &[Line]) -> AnyView {
    if lines.is_empty() {
        return view! { <p class="quiet">"Nothing yet. Everything that happens to this incident is written here, by Calm Ops and by people."</p> }
            .into_any();
    }
    view! { <ol class="timeline">{lines.iter().map(line).collect_view()}</ol> }.into_any()
}

fn line(line: &Line) -> AnyView {
    view! {
        <li class=format!("line tone-{}", tone_class(line.tone)) id=format!("entry-{}", line.number)>
            <p>{prose(&line.sentence)}</p>
            {line.words.clone().map(|words| view! { <blockquote dir="auto">{words}</blockquote> })}
            <p class="quiet">{clock::moment(line.at)} ", " {author(line.actor, line.who.clone())} ", entry " {line.number}</p>
        </li>
    }
    .into_any()
}

/// Who wrote a line, with a mark that says what they are: no name can imitate it.
pub(crate) fn author(actor: Actor, name: String) -> AnyView {
    let (class, what) = match actor {
        Actor::Agent | Actor::System => ("calm-ops", "Calm Ops itself"),
        Actor::Account(_) | Actor::Local => ("person", "A person"),
        Actor::Token(_) => ("program", "A program with a token"),
    };
    view! { <span class=format!("mark author {class}") title=what><i role="img" aria-label=what></i>{name}</span> }
        .into_any()
}

/// The class of the mark of a line.
pub(crate) const fn tone_class(tone: Tone) -> &'static str {
    match tone {
        Tone::Warning => "warning",
        Tone::Critical => "critical",
        Tone::Better => "healthy",
        Tone::Person => "person",
        Tone::Quiet => "shown",
    }
}
