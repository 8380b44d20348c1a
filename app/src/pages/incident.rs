//! One incident, as a good briefing: summary, what was done, what is recommended, evidence, timeline.

use leptos::{form::ActionForm, prelude::*};
use leptos_router::hooks::{use_params_map, use_query_map};
use rules::lifecycle::State;

use crate::{
    act::{Acknowledge, Comment, Reopen, Resolve},
    clock,
    fetch::get_incident,
    live,
    page::{BreachRow, IncidentData, SnapshotData},
    pages::lost,
    parts::{card::headline, chart::chart, mark, timeline::timeline},
    problem::{Kind, Problem},
    pulse,
};

/// What can be done here. Made once for the page, so that an answer survives new data.
#[derive(Clone, Copy)]
struct Actions {
    acknowledge: ServerAction<Acknowledge>,
    comment: ServerAction<Comment>,
    resolve: ServerAction<Resolve>,
    reopen: ServerAction<Reopen>,
}

impl Actions {
    fn pending(self) -> bool {
        self.acknowledge.pending().get() || self.comment.pending().get() || self.resolve.pending().get() || self.reopen.pending().get()
    }
}

/// The page of one incident.
#[component]
pub(crate) fn IncidentPage() -> impl IntoView {
    let params = use_params_map();
    let query = use_query_map();
    let live = live::live();
    let id = Memo::new(move |_| params.with(|params| params.get("id").unwrap_or_default()));
    let incident = Resource::new(move || id.get(), get_incident);
    live::refetch_on(move || incident.refetch(), move |about| about.is_none_or(|about| id.with_untracked(|id| id.parse() == Ok(about))));

    let actions = Actions {
        acknowledge: ServerAction::new(),
        comment: ServerAction::new(),
        resolve: ServerAction::new(),
        reopen: ServerAction::new(),
    };
    let answer = RwSignal::new(None::<Result<String, Problem>>);
    let hear = move |value: Option<Result<String, Problem>>| {
        if value.is_some() {
            answer.set(value);
            incident.refetch();
        }
    };
    Effect::new(move |_| hear(actions.acknowledge.value().get()));
    Effect::new(move |_| hear(actions.comment.value().get()));
    Effect::new(move |_| hear(actions.resolve.value().get()));
    Effect::new(move |_| hear(actions.reopen.value().get()));
    // Without Wasm a refused form leads back here with a word; only known words are said.
    let problem = move || query.with(|query| query.get("problem").and_then(|code| Kind::sentence_of(&code)));
    let said = move || match (actions.pending(), answer.get()) {
        (true, _) => Some(("said".to_owned(), "Working on it.".to_owned())),
        (false, Some(Ok(sentence))) => Some(("said done".to_owned(), sentence)),
        (false, Some(Err(problem))) => Some(("said refused".to_owned(), problem.sentence)),
        (false, None) => problem().map(|sentence| ("said refused".to_owned(), sentence.to_owned())),
    };
    let said = move || {
        view! { <div class="told" role="status">{said().map(|(class, sentence)| view! { <p class=class>{sentence}</p> })}</div> }
    };
    view! {
        <Transition>
            {move || Suspend::new(async move {
                match incident.await {
                    Ok(incident) => {
                        live.read_at(incident.cursor);
                        pulse::place(format!("Incident {}", incident.card.number));
                        page(&incident, actions, said)
                    }
                    Err(problem) => lost::problem(&problem),
                }
            })}
        </Transition>
    }
}

fn page<V: IntoView + 'static>(incident: &IncidentData, actions: Actions, said: impl Fn() -> V + Send + 'static) -> AnyView {
    let card = &incident.card;
    let number = card.number.0;
    let over = card.state == State::Resolved;
    let edge = if over { "brief over".to_owned() } else { format!("brief edge-{}", card.severity.as_str()) };
    view! {
        <article class=edge>
            <p class="card-head">
                <span class="number">"Incident " {number}</span>
                {mark::severity(card.severity)}
                <span class="state">{card.state.as_str()}</span>
            </p>
            <h1>{headline(card)}</h1>
            <p class="lead">{incident.standing.clone()}</p>
            {facts(incident)}
            {said()}
            {decision(incident, actions)}
        </article>
        {sections(incident)}
        {recommended(incident)}
        {evidence(incident)}
        <section aria-labelledby="timeline">
            <h2 id="timeline">"Timeline"</h2>
            {timeline(&incident.timeline)}
            {comment_form(number, actions)}
        </section>
        <p class="links">
            <a href=format!("/api/ops/incidents/{number}/bundle") rel="external" download="">"Save everything about it as a file"</a>
        </p>
    }
    .into_any()
}

/// When it was opened, who has it, since when it is quiet.
fn facts(incident: &IncidentData) -> AnyView {
    let card = &incident.card;
    let fact = |word: &'static str, value: AnyView| view! { <div><dt>{word}</dt><dd>{value}</dd></div> };
    let held = match &incident.acknowledged {
        Some((who, at)) => view! { {who.clone()} ", " {clock::moment(*at)} }.into_any(),
        None => "Nobody yet".into_any(),
    };
    view! {
        <dl class="facts">
            {fact("Opened", clock::moment(card.opened_at))}
            {fact("Has it", held)}
            {incident.quiet_since.filter(|_| card.resolved_at.is_none()).map(|at| fact("Quiet since", clock::moment(at)))}
            {card.resolved_at.map(|at| fact("Resolved", clock::moment(at)))}
            {(incident.reopened > 0).then(|| fact("Opened again", times(incident.reopened).into_any()))}
            {fact("Began at", card.cause.to_string().into_any())}
        </dl>
    }
    .into_any()
}

fn times(count: u32) -> String {
    if count == 1 { "once".to_owned() } else { format!("{count} times") }
}

/// The one next step as the one primary button; the others beside it, quieter.
fn decision(incident: &IncidentData, actions: Actions) -> AnyView {
    let card = &incident.card;
    let number = card.number.0;
    if card.state == State::Resolved {
        return view! {
            <details class="step">
                <summary class="button">"Open it again"</summary>
                <ActionForm action=actions.reopen>
                    <input type="hidden" name="incident" value=number/>
                    {note("reopen-note", "Why it is not over")}
                    <button class="button primary" type="submit" disabled=move || actions.pending()>"Open it again"</button>
                </ActionForm>
            </details>
        }
        .into_any();
    }
    let primary_is_resolve = card.acknowledged || card.resolution_offered || card.state == State::Recovering;
    let resolve = |class: &'static str| {
        view! {
            <ActionForm action=actions.resolve>
                <input type="hidden" name="incident" value=number/>
                <button class=class type="submit" disabled=move || actions.pending()>"Resolve"</button>
                <details class="fold">
                    <summary>"Add a note"</summary>
                    {note("resolve-note", "Why it is over; kept for learning")}
                </details>
            </ActionForm>
        }
    };
    if primary_is_resolve {
        view! {
            <div class="decision">
                {resolve("button primary")}
                {(!card.acknowledged).then(|| acknowledge(number, actions, "button"))}
            </div>
        }
        .into_any()
    } else {
        view! { <div class="decision">{acknowledge(number, actions, "button primary")} {resolve("button")}</div> }.into_any()
    }
}

fn acknowledge(number: u32, actions: Actions, class: &'static str) -> AnyView {
    view! {
        <ActionForm action=actions.acknowledge>
            <input type="hidden" name="incident" value=number/>
            <button class=class type="submit" disabled=move || actions.pending()>"Acknowledge"</button>
        </ActionForm>
    }
    .into_any()
}

fn note(id: &'static str, label: &'static str) -> AnyView {
    view! { <label for=id>{label}</label><textarea id=id name="note" rows="3" maxlength="4000"></textarea> }.into_any()
}

fn comment_form(number: u32, actions: Actions) -> AnyView {
    let text = NodeRef::<leptos::html::Textarea>::new();
    Effect::new(move |_| {
        // What was written stands on the timeline now; after a refusal it stays here.
        if let (Some(Ok(_)), Some(text)) = (actions.comment.value().get(), text.get_untracked()) {
            text.set_value("");
        }
    });
    view! {
        <ActionForm action=actions.comment>
            <input type="hidden" name="incident" value=number/>
            <label for="comment">"Write on the timeline"</label>
            <textarea id="comment" name="text" rows="3" maxlength="4000" required node_ref=text></textarea>
            <button class="button" type="submit" disabled=move || actions.pending()>"Write"</button>
        </ActionForm>
    }
    .into_any()
}

/// The summary, as its rules composed it.
fn sections(incident: &IncidentData) -> AnyView {
    incident
        .sections
        .iter()
        .map(|section| {
            let id = format!("about-{}", section.heading.to_lowercase().replace(|c: char| !c.is_ascii_alphanumeric(), "-"));
            view! {
                <section class="prose" aria-labelledby=id>
                    <h2 id=id.clone()>{section.heading.clone()}</h2>
                    {section.sentences.iter().map(|sentence| view! { <p>{sentence.clone()}</p> }).collect_view()}
                </section>
            }
        })
        .collect_view()
        .into_any()
}

/// Where the guide speaks of it, and the approved commands that the thresholds name for it.
fn recommended(incident: &IncidentData) -> AnyView {
    if incident.guides.is_empty() && incident.commands.is_empty() {
        return ().into_any();
    }
    let guides =
        incident.guides.iter().map(|guide| view! { <li><a href=format!("/ops/runbook#{}", guide.slug)>{guide.title.clone()}</a></li> });
    let commands = incident.commands.iter().map(|command| view! { <li><code>{command.clone()}</code></li> });
    view! {
        <section class="prose" aria-labelledby="help">
            <h2 id="help">"What may help"</h2>
            {(!incident.guides.is_empty()).then(|| view! { <p>"The calm guide has a section on it:"</p><ul>{guides.collect_view()}</ul> })}
            {(!incident.commands.is_empty()).then(|| view! { <p>"Approved commands that fit, most telling first:"</p><ul>{commands.collect_view()}</ul> })}
        </section>
    }
    .into_any()
}

fn evidence(incident: &IncidentData) -> AnyView {
    view! {
        <section aria-labelledby="evidence">
            <h2 id="evidence">"Evidence"</h2>
            <ul class="breaches">{incident.breaches.iter().map(breach).collect_view()}</ul>
            {incident.charts.iter().map(chart).collect_view()}
            {incident.snapshots.iter().enumerate().map(|(index, data)| snapshot(index, data)).collect_view()}
        </section>
    }
    .into_any()
}

fn breach(row: &BreachRow) -> AnyView {
    let state = match row.cleared_at {
        Some(at) => view! { {mark::mark("healthy", "recovered")} " " {clock::moment(at)} }.into_any(),
        None => view! { {mark::severity(row.severity)} " since " {clock::moment(row.since)} }.into_any(),
    };
    view! {
        <li>
            <p><strong>{row.label.clone()}</strong> " of " {row.subject.clone()} ": " {row.value.clone()} {row.unsteady.then_some(", unsteady")}</p>
            <p class="quiet">{state}</p>
            {(!row.meaning.is_empty()).then(|| view! { <p>{row.meaning.clone()}</p> })}
        </li>
    }
    .into_any()
}

/// A small table; on a phone each row is a card.
fn table(caption: &'static str, heads: [&'static str; 3], rows: Vec<[AnyView; 3]>) -> AnyView {
    if rows.is_empty() {
        return ().into_any();
    }
    let rows = rows.into_iter().map(|[first, second, third]| {
        view! { <tr><th scope="row" data-head=heads[0]>{first}</th><td data-head=heads[1]>{second}</td><td data-head=heads[2]>{third}</td></tr> }
    });
    view! {
        <table>
            <caption>{caption}</caption>
            <thead><tr>{heads.map(|head| view! { <th scope="col">{head}</th> })}</tr></thead>
            <tbody>{rows.collect_view()}</tbody>
        </table>
    }
    .into_any()
}

fn snapshot(index: usize, data: &SnapshotData) -> AnyView {
    let process =
        |(name, pid, size): &(String, u32, String)| [name.clone().into_any(), pid.to_string().into_any(), size.clone().into_any()];
    let disk =
        |(mount, free, size): &(String, String, String)| [mount.clone().into_any(), free.clone().into_any(), size.clone().into_any()];
    let entry = |(number, at, kind): &(u64, rules::time::Timestamp, String)| {
        [number.to_string().into_any(), clock::moment(*at), kind.replace('_', " ").into_any()]
    };
    view! {
        <details class="fold snapshot">
            <summary>{if index == 0 { "Evidence saved at the beginning, " } else { "Evidence saved later, " }} {clock::moment(data.at)}</summary>
            {table("Most memory", ["Process", "Id", "Memory"], data.by_memory.iter().map(process).collect())}
            {table("Most CPU", ["Process", "Id", "CPU"], data.by_cpu.iter().map(process).collect())}
            {table("Disks", ["Mount", "Free", "Size"], data.disks.iter().map(disk).collect())}
            {table("The journal before it", ["Entry", "When", "What"], data.journal.iter().map(entry).collect())}
            <p class="quiet">
                "Thresholds in force: " <code>{data.thresholds.clone()}</code>
                {(data.left_out > 0).then(|| format!(". {} facts were left out to keep it small", data.left_out))} "."
            </p>
        </details>
    }
    .into_any()
}
