//! What the page of one incident says: head, briefing, evidence.

use leptos::prelude::*;
use rules::{incident::Incident, lifecycle::State};

use crate::{
    clock,
    drawn::{block, card::headline, chart::chart, prose::prose, steps, timeline},
    facts::{BreachRow, Briefing, SnapshotData},
    mark,
};

/// The page. `problem` is said where a form was refused.
pub(crate) fn page(incident: &Incident, brief: &Briefing, problem: Option<&'static str>) -> String {
    let number = incident.number.0;
    let over = incident.state == State::Resolved;
    let edge = if over { "brief over".to_owned() } else { format!("brief edge-{}", incident.severity) };
    let said = if problem.is_some() { "said refused" } else { "away" };
    view! {
        // Its class follows the incident; its parts are exchanged one by one.
        <article id="brief" class=edge data-hash="">
            {block("head", head(brief))}
            <p id="said" role="status" class=said>{problem}</p>
            {block("steps", steps::steps(incident).to_html())}
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
            {steps::comment(number)}
        </section>
        <p class="links">
            <a href=format!("/api/ops/incidents/{number}/bundle") rel="external" download="">"Save everything about it as a file"</a>
        </p>
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
    incident.snapshots.iter().enumerate().map(|(index, data)| snapshot(index, data)).collect_view().into_any().to_html()
}

/// When it was opened, who has it, since when it is quiet.
fn facts(incident: &Briefing) -> AnyView {
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
            {incident.breaches.iter().find_map(now).map(|now| fact("Now", now))}
            {fact("Began at", rules::say::subject(&card.cause).into_any())}
        </dl>
    }
    .into_any()
}

/// The newest value, which the live stream keeps new.
fn now(row: &BreachRow) -> Option<AnyView> {
    let (key, value) = row.now.clone()?;
    Some(view! { <span data-reading=key>{value}</span> }.into_any())
}

fn times(count: u32) -> String {
    if count == 1 { "once".to_owned() } else { format!("{count} times") }
}

/// The summary, as its rules composed it; the guide's sections stand as links where a step is recommended.
fn sections(incident: &Briefing) -> AnyView {
    let guides = || {
        let guides = incident.guides.iter();
        let links = guides.map(|guide| view! { <a href=format!("/ops/runbook#{}", guide.slug)>"Guide: " {guide.title.clone()}</a> });
        (!incident.guides.is_empty()).then(|| view! { <p class="links">{links.collect_view()}</p> })
    };
    let recommended = incident.sections.iter().rposition(|section| section.heading.to_lowercase().contains("recommend"));
    let title = headline(&incident.card);
    let shown = incident.sections.iter().enumerate().filter_map(|(index, section)| {
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
        None => view! { {mark::severity(row.severity)} " since " {clock::moment(row.since)} }.into_any(),
    };
    view! {
        <li>
            <p><strong>{row.label.clone()}</strong> " of " {row.subject.clone()} ": " {row.value.clone()} {row.unsteady.then_some(", unsteady")} {now(row).map(|now| view! { "; now " {now} })}</p>
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
