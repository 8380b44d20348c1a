//! Share links: the fold on an incident's page, the list with what ends a link, and the page that
//! tells a new link once.

use commands::{
    sharing::{Audience, LONGEST_LABEL, Share, Shares},
    view::Viewer,
};
use domain::{access::Role, unit::Unit};
use leptos::prelude::*;
use wording::humanize;

use crate::{
    clock,
    drawn::block,
    problem::Problem,
    seek::{LinkForm, Linked},
};

/// The choices of how long a link is open, in days.
pub(crate) const DAYS: [(&str, &str); 4] =
    [("1", "1 day"), ("7", "7 days"), ("30", "30 days"), ("90", "90 days")];

/// Whether a reader may make and end links: a person answers for who is let in.
fn may_share(reader: Option<&Viewer>) -> bool {
    reader.is_some_and(|reader| reader.role >= Role::Responder)
}

/// The fold on an incident's page: its links, and the form that makes one. `shares` is none where
/// they can't be read.
pub(crate) fn fold(number: u32, shares: Option<&Shares>, reader: Option<&Viewer>) -> AnyView {
    let may = may_share(reader);
    let list = shares.map(|shares| list(number, shares, may).to_html()).unwrap_or_default();
    view! {
        <details class="fold share" id="share">
            <summary>"Share"</summary>
            <p>"A link shows this incident without an account, in general words, until it ends or you end it."</p>
            {block("share-links", list)}
            {may.then(|| form(number, &LinkForm::default()))}
        </details>
    }
    .into_any()
}

/// The page of an incident's links, with what came of a form.
pub(crate) fn page(
    number: u32,
    shares: Result<&Shares, &Problem>,
    came: Option<&Linked>,
    ended: bool,
) -> String {
    let form_shown = match came {
        Some(Linked::Refused(typed, _)) => (**typed).clone(),
        Some(Linked::Made(_)) | None => LinkForm::default(),
    };
    let told = match came {
        Some(Linked::Made(address)) => view! {
            <section class="made" aria-labelledby="made">
                <h2 id="made">"The link"</h2>
                <p>"It is shown only now. Copy it before you leave this page; nobody can look it up later, not even Calm Ops."</p>
                <p><label for="link">"Copy this"</label><input id="link" type="text" readonly value=address.clone() autofocus/></p>
                <p class="links"><a href=address.clone() rel="external">"See what it shows"</a></p>
            </section>
        }
        .into_any(),
        Some(Linked::Refused(_, problem)) => view! { <p class="said refused" role="status">{problem.sentence.clone()}</p> }.into_any(),
        None if ended => view! { <p class="said done" role="status">"The link is ended. Whoever opens it sees nothing."</p> }.into_any(),
        None => ().into_any(),
    };
    let list = match shares {
        Ok(shares) => list(number, shares, true),
        Err(problem) => view! { <p class="notice">{problem.sentence.clone()}</p> }.into_any(),
    };
    view! {
        <h1>"Share incident " {number}</h1>
        <p class="lead">"A link shows this incident without an account, in general words, until it ends or you end it."</p>
        {told}
        <section aria-labelledby="links-title"><h2 id="links-title">"Links"</h2>{list}</section>
        <section aria-labelledby="new-link"><h2 id="new-link">"A new link"</h2>{form(number, &form_shown)}</section>
        <p class="links"><a href=format!("/ops/incidents/{number}")>"Back to incident " {number}</a></p>
    }
    .into_any()
    .to_html()
}

/// What a link shows, as words: `summary, timeline`.
fn shown(share: &Share) -> String {
    let parts = [
        (share.parts.now, "how it stands"),
        (share.parts.summary, "summary"),
        (share.parts.timeline, "timeline"),
        (share.hosts, "hosts"),
    ];
    let parts: Vec<&str> = parts.into_iter().filter_map(|(is, word)| is.then_some(word)).collect();
    parts.join(", ")
}

/// The links, newest first.
fn list(number: u32, shares: &Shares, may: bool) -> AnyView {
    if shares.shares.is_empty() {
        return view! { <p class="empty">"No link yet. Each one is listed here with its end, and with when it was looked at last."</p> }
            .into_any();
    }
    let item = |share: &Share| {
        let is_open = share.is_open(shares.at);
        let audience = match share.audience {
            Audience::Customer => "for customers",
            Audience::Manager => "for managers",
        };
        let end = match share.revoked_at {
            Some(at) => view! { "ended " {clock::moment(at)} }.into_any(),
            None if is_open => view! { "open until " {clock::exact(share.until)} }.into_any(),
            None => view! { "over since " {clock::moment(share.until)} }.into_any(),
        };
        let used = match share.last_used_at {
            None => "never opened".into_any(),
            Some(at) => {
                let times = if share.views == 1 {
                    "once".to_owned()
                } else {
                    format!("{} times", humanize::value(share.views as f64, &Unit::Count))
                };
                view! { {format!("opened {times}, last looked at ")} {clock::moment(at)} }
                    .into_any()
            }
        };
        let revoke = (is_open && may).then(|| {
            view! {
                <form method="post" action=format!("/ops/incidents/{number}/share")>
                    <input type="hidden" name="what" value="end"/>
                    <input type="hidden" name="share" value=share.id.0/>
                    <button class="button" type="submit" aria-label=format!("End the link {}", share.label)>"End it"</button>
                </form>
            }
        });
        view! {
            <li class=if is_open { "card" } else { "card over" }>
                <p class="card-title">{share.label.clone()}</p>
                <p class="card-foot">{audience} ": " {shown(share)} "; " {end} "; " {used} "; made by " {shares.names.of(share.made_by)} ", " {clock::moment(share.made_at)}</p>
                {revoke}
            </li>
        }
    };
    view! { <ul class="cards">{shares.shares.iter().map(item).collect_view()}</ul> }.into_any()
}

fn tick(name: &'static str, label: &'static str, checked: bool) -> AnyView {
    view! { <label class="tick"><input type="checkbox" name=name value="yes" checked=checked/> {label}</label> }.into_any()
}

/// The form of a new link.
fn form(number: u32, typed: &LinkForm) -> AnyView {
    let days = DAYS.map(
        |(value, word)| view! { <option value=value selected=typed.days == value>{word}</option> },
    );
    let audiences = [("customer", "Customers"), ("manager", "Managers")]
        .map(|(value, word)| view! { <option value=value selected=typed.audience == value>{word}</option> });
    view! {
        <form class="share-form" method="post" action=format!("/ops/incidents/{number}/share")>
            <input type="hidden" name="what" value="make"/>
            <div><label for="share-label">"Label, for yourselves"</label><input id="share-label" name="label" type="text" maxlength=LONGEST_LABEL required value=typed.label.clone()/></div>
            <div><label for="share-audience">"For"</label><select id="share-audience" name="audience">{audiences.to_vec()}</select></div>
            <div><label for="share-days">"Open for"</label><select id="share-days" name="days">{days.to_vec()}</select></div>
            <fieldset>
                <legend>"It shows"</legend>
                {tick("now", "How it stands now", typed.now)}
                {tick("summary", "The summary", typed.summary)}
                {tick("timeline", "The timeline, in general words", typed.timeline)}
                {tick("hosts", "The names of the hosts (managers only)", typed.hosts)}
            </fieldset>
            <button class="button" type="submit">"Make a link"</button>
        </form>
    }
    .into_any()
}
