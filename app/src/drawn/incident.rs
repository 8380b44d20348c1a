//! What the page of one incident says: head, briefing, evidence.

use commands::view::IncidentPage;
use domain::{subject::Subject, time::Timestamp};
use leptos::prelude::*;
use wording::humanize;

use crate::{
    clock,
    deed::Deed,
    drawn::{
        block, card::headline, chart::chart, edge, prose::prose, recommendation, steps, timeline,
    },
    facts::{BreachRow, Briefing, Newest, Refused, Section, SnapshotData, Told},
    mark,
    problem::Problem,
};

/// The page, with what it has to tell.
pub(crate) fn page(page: &IncidentPage, brief: &Briefing, told: &Told) -> String {
    let incident = &page.incident;
    let number = incident.number.0;
    let edge = format!("brief {}", edge(incident.state, incident.severity));
    view! {
        {block("troubles", super::health::troubles(page.trouble.as_slice()))}
        // Its class follows the incident; its parts are exchanged one by one.
        <article id="brief" class=edge data-hash="">
            {block("head", head(brief))}
            {block("ran", recommendation::ran(page))}
            {block("output", recommendation::output(page))}
            {steps::said(Deed::Cancel, told)}
            {block("advice", recommendation::advice(page, brief))}
            {block("steps", steps::steps(incident, brief, told).to_html())}
            {steps::said(Deed::Acknowledge, told)}
        </article>
        {block("briefing", briefing(brief))}
        <section aria-labelledby="evidence">
            <h2 id="evidence">"Evidence"</h2>
            {block("charts", evidence(brief))}
            {block("snapshots", snapshots(brief))}
        </section>
        <section aria-labelledby="timeline">
            <h2 id="timeline">"Timeline"</h2>
            {block("lines", timeline(&brief.timeline))}
            {steps::comment(&number.to_string(), told)}
        </section>
        <p class="links">
            <a href=format!("/api/ops/incidents/{number}/bundle") rel="external" download="">"Save everything about it as a file"</a>
        </p>
    }
    .into_any()
    .to_html()
}

/// What stands where the page can't be shown after a form was sent: what happened, and what was
/// typed.
pub(crate) fn kept(id: &str, problem: &Problem, refused: &Refused) -> String {
    let sentence = (problem.sentence != refused.problem.sentence).then(|| problem.sentence.clone());
    view! {
        <h1>"Incident " {id.to_owned()}</h1>
        <p class="lead">{refused.problem.sentence.clone()} " " {sentence}</p>
        {(!refused.asked.text.is_empty()).then(|| view! {
            <p>"What you wrote is kept here. Send it again in a moment, or copy it."</p>
            {steps::again(id, refused)}
        })}
        <p class="links"><a href=format!("/ops/incidents/{id}")>"Look at the incident"</a> <a href="/ops/health">"Health"</a></p>
    }
    .into_any()
    .to_html()
}

/// Number, severity, headline, what is expected, and the facts.
fn head(incident: &Briefing) -> String {
    let card = &incident.card;
    view! {
        <p class="card-head">
            <span class="number">"Incident " {card.number.0}</span>
            {mark::severity(card.severity)}
            <span class="state">{card.state.as_str()}</span>
        </p>
        <h1>{prose(&headline(card))}</h1>
        <p class="lead">{prose(&incident.standing)}</p>
        {incident.related.iter().map(related).collect_view()}
        {incident.unreached.iter().map(|sentence| view! { <p class="notice">{super::health::linked(sentence)}</p> }).collect_view()}
        {facts(incident)}
    }
    .into_any()
    .to_html()
}

/// The summary, and what may help.
fn briefing(incident: &Briefing) -> String {
    sections(incident).to_html()
}

/// What was saved, folded.
fn snapshots(incident: &Briefing) -> String {
    incident
        .snapshots
        .iter()
        .enumerate()
        .map(|(index, data)| snapshot(index, data))
        .collect_view()
        .into_any()
        .to_html()
}

/// Another incident about the same that is active.
fn related((number, headline): &(u32, String)) -> AnyView {
    view! {
        <p class="notice">
            <a href=format!("/ops/incidents/{number}")>"Incident " {*number}</a> " about the same is active: " {prose(headline)}
        </p>
    }
    .into_any()
}

/// When it was opened, who has it, since when it is quiet; or how it ended.
fn facts(incident: &Briefing) -> AnyView {
    let card = &incident.card;
    let over = incident.resolved.is_some();
    let fact =
        |word: &'static str, value: AnyView| view! { <div><dt>{word}</dt><dd>{value}</dd></div> };
    let by = |(who, at): &(String, Timestamp)| {
        view! { {who.clone()} ", " {clock::moment(*at)} }.into_any()
    };
    let held = match &incident.acknowledged {
        Some(taken) => Some(fact(if over { "Had it" } else { "Has it" }, by(taken))),
        None => (!over).then(|| fact("Has it", "Nobody yet".into_any())),
    };
    let newest = incident.breaches.iter().find_map(|row| row.newest.as_ref());
    view! {
        <dl class="facts">
            {fact("Opened", clock::moment(card.opened_at))}
            {held}
            {incident.quiet_since.filter(|_| !over).map(|at| fact("Quiet since", clock::moment(at)))}
            {incident.resolved.as_ref().map(|end| fact("Resolved", by(end)))}
            {(incident.reopened > 0).then(|| fact("Opened again", times(incident.reopened).into_any()))}
            {newest.map(|newest| match newest.stale_since {
                Some(at) => fact("Last heard", view! { {reading(newest)} ", " {clock::moment(at)} }.into_any()),
                None => fact("Now", reading(newest)),
            })}
            {fact("Where it began", cause(&card.cause))}
        </dl>
    }
    .into_any()
}

/// The subject where it began; one with a name that sentences cut is named whole.
fn cause(subject: &Subject) -> AnyView {
    let told = humanize::subject(subject);
    let whole = (!told.contains(subject.name()))
        .then(|| view! { " (" <bdi>{subject.name().to_owned()}</bdi> ")" });
    view! { {humanize::capital(&told)} {whole} }.into_any()
}

/// The newest value, which the live stream keeps new. What is old is marked, so that the page is
/// asked for anew when it is heard again.
fn reading(newest: &Newest) -> AnyView {
    let old = newest.stale_since.map(|_| "");
    view! { <span data-reading=newest.key.clone() data-old=old>{newest.value.clone()}</span> }
        .into_any()
}

/// The newest value inside a row.
fn newest(newest: &Newest) -> AnyView {
    match newest.stale_since {
        Some(at) => view! { "; last heard " {clock::moment(at)} ": " {reading(newest)} }.into_any(),
        None => view! { "; now " {reading(newest)} }.into_any(),
    }
}

fn times(count: u32) -> String {
    if count == 1 { "once".to_owned() } else { format!("{count} times") }
}

/// The summary, as its rules composed it; the guide's sections stand as links where a step is
/// recommended.
fn sections(incident: &Briefing) -> AnyView {
    let guides = || {
        let guides = incident.guides.iter();
        let links = guides.map(|guide| view! { <a href=format!("/ops/runbook#{}", guide.slug)>"Guide: " {guide.title.clone()}</a> });
        (!incident.guides.is_empty()).then(|| view! { <p class="links">{links.collect_view()}</p> })
    };
    let recommended = incident
        .sections
        .iter()
        .rposition(|section| section.heading.to_lowercase().contains("recommend"));
    let title = headline(&incident.card);
    // What happens if nobody acts stands beside the decision, where one is asked for.
    let is_told = |section: &Section| {
        incident.card.awaits_decision && section.heading.to_lowercase().contains("nobody acts")
    };
    let shown = incident.sections.iter().enumerate().filter(|(_, section)| !is_told(section)).filter_map(|(index, section)| {
        // The first sentence stands above already.
        let sentences: Vec<String> = section.sentences.iter().filter(|sentence| **sentence != title).cloned().collect();
        let id = format!("about-{}", section.heading.to_lowercase().replace(|c: char| !c.is_ascii_alphanumeric(), "-"));
        (!sentences.is_empty()).then(|| {
            view! {
                <section aria-labelledby=id>
                    <h2 id=id.clone()>{section.heading.clone()}</h2>
                    {sentences.into_iter().map(|sentence| view! { <p>{prose(&sentence)}</p> }).collect_view()}
                    {(recommended == Some(index)).then(guides)}
                </section>
            }
        })
    });
    let apart = (recommended.is_none() && !incident.guides.is_empty()).then(|| {
        view! { <section aria-labelledby="help"><h2 id="help">"What may help"</h2>{guides()}</section> }
    });
    view! { {shown.collect_view()} {apart} }.into_any()
}

/// Breaches and charts.
fn evidence(incident: &Briefing) -> String {
    view! {
        <ul class="breaches">{incident.breaches.iter().map(breach).collect_view()}</ul>
        {incident.charts.iter().map(chart).collect_view()}
    }
    .into_any()
    .to_html()
}

fn breach(row: &BreachRow) -> AnyView {
    let state = match row.cleared_at {
        Some(at) if row.lost => view! { {mark::mark("unknown", "no longer watched")} " since " {clock::moment(at)} }.into_any(),
        Some(at) => view! { {mark::mark("healthy", "recovered")} " " {clock::moment(at)} }.into_any(),
        None => match row.given_up_at {
            Some(end) => {
                view! { {mark::severity(row.severity)} " from " {clock::exact(row.since)} " to " {clock::exact(end)} ", when it was resolved" }
                    .into_any()
            }
            None => view! { {mark::severity(row.severity)} " since " {clock::moment(row.since)} }.into_any(),
        },
    };
    view! {
        <li>
            <p><strong>{row.label.clone()}</strong> " of " {row.subject.clone()} ": " {row.value.clone()} {row.unsteady.then_some(", unsteady")} {row.newest.as_ref().map(newest)}</p>
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
    let process = |(name, pid, size): &(String, u32, String)| {
        [name.clone().into_any(), pid.to_string().into_any(), size.clone().into_any()]
    };
    let disk = |(mount, free, size): &(String, String, String)| {
        [mount.clone().into_any(), free.clone().into_any(), size.clone().into_any()]
    };
    let entry = |(number, at, kind): &(u64, Timestamp, String)| {
        [number.to_string().into_any(), clock::moment(*at), kind.replace('_', " ").into_any()]
    };
    view! {
        <details class="fold snapshot">
            <summary><span>{if index == 0 { "Evidence saved at the beginning, " } else { "Evidence saved later, " }} {clock::moment(data.at)}</span></summary>
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
