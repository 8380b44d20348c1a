//! Share links: the fold on an incident's page, and the page of its links, which shows a new one
//! once.

use commands::{
    sharing::{Audience, LONGEST_LABEL, Share, Shares},
    view::Viewer,
};
use domain::{access::Role, unit::Unit};
use leptos::{prelude::*, server_fn::codec::GetUrl};
use serde::{Deserialize, Serialize};
use wording::humanize;

use crate::{
    components::{
        copy::Copy,
        page::{key, page},
        time::{Ago, At},
    },
    problem::Problem,
};

/// The choices of how long a link is valid, in days.
const DAYS: [(&str, &str); 4] =
    [("1", "1 day"), ("7", "7 days"), ("30", "30 days"), ("90", "90 days")];

/// The form of a new link, as it was sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkForm {
    /// Its name in the team.
    pub label: String,
    /// `customer` or `manager`.
    pub audience: String,
    /// For how many days it is valid.
    pub days: String,
    /// True if it shows the summary.
    pub summary: bool,
    /// The timeline.
    pub timeline: bool,
    /// The current status.
    pub now: bool,
    /// The names of the hosts.
    pub hosts: bool,
}

impl Default for LinkForm {
    fn default() -> Self {
        Self {
            label: String::new(),
            audience: "customer".to_owned(),
            days: "7".to_owned(),
            summary: true,
            timeline: true,
            now: true,
            hosts: false,
        }
    }
}

/// The outcome of a form about share links.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Linked {
    /// A link was created: its address, which is shown once.
    Created(String),
    /// Refused; what was typed still stands in the form.
    Refused(Box<LinkForm>, Problem),
    /// A link was revoked.
    Revoked,
}

/// The page of an incident's links.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SharesView {
    /// Number of the incident.
    pub number: u32,
    /// The links, or why they can't be read.
    pub shares: Result<Shares, Problem>,
    /// The outcome of a form.
    pub came: Option<Linked>,
}

/// The links that share an incident; `done` is the word that a form led back with.
#[server(prefix = "/api/pages", endpoint = "shares", input = GetUrl)]
pub async fn get_shares(
    id: String,
    #[server(default)] done: String,
) -> Result<SharesView, Problem> {
    use commands::reading::ListShares;
    use domain::{error::ErrorKind, id::IncidentNumber};

    use crate::backend::{execute, refuse};
    let Ok(number) = id.parse::<u32>() else {
        return Err(refuse(Problem {
            kind: ErrorKind::NotFound,
            sentence: "There is no such incident. Its address ends in a number.".into(),
        }));
    };
    let came = use_context::<Linked>().or((done == "revoked").then_some(Linked::Revoked));
    let shares = execute(ListShares { incident: IncidentNumber(number) }).await;
    // A link that was created is shown whatever else can't be.
    match (shares, came) {
        (Err(problem), None | Some(Linked::Revoked)) => Err(problem),
        (shares, came) => Ok(SharesView { number, shares, came }),
    }
}

/// The page. It may show a link that is shown once, so it stays as it came.
#[component]
pub(crate) fn SharesPage() -> AnyView {
    page(
        |view: &SharesView| format!("Share incident {}", view.number),
        key(),
        |(id, done)| get_shares(id, done),
        |_| {},
        |view| view! { <Page view/> }.into_any(),
    )
}

/// The purpose of a share link, in two sentences.
const ABOUT: &str = "Share this incident with people who have no account. They see a general description until the link expires or you revoke it.";

#[component]
fn Page(view: SharesView) -> impl IntoView {
    let SharesView { number, shares, came } = view;
    let typed = match &came {
        Some(Linked::Refused(typed, _)) => (**typed).clone(),
        Some(Linked::Created(_) | Linked::Revoked) | None => LinkForm::default(),
    };
    let told = match came {
        Some(Linked::Created(address)) => view! {
            <section class="made" aria-labelledby="made">
                <h2 id="made">"Your new link"</h2>
                <p>"This link is shown only once. Copy it now; it can't be recovered later."</p>
                <p><label for="link">"Link"</label><input id="link" type="text" readonly value=address.clone() autofocus/></p>
                <Copy text=address.clone() label="Copy link"/>
                <p class="links"><a href=address rel="external">"Preview"</a></p>
            </section>
        }
        .into_any(),
        Some(Linked::Refused(_, problem)) => view! { <p class="said refused" role="status">{problem.sentence}</p> }.into_any(),
        Some(Linked::Revoked) => view! { <p class="said done" role="status">"Link revoked. It no longer shows anything."</p> }.into_any(),
        None => ().into_any(),
    };
    let list = match shares {
        Ok(shares) => list(number, &shares, true),
        Err(problem) => view! { <p class="notice">{problem.sentence}</p> }.into_any(),
    };
    view! {
        <div class="page">
            <h1>"Share incident " {number}</h1>
            <p class="lead">{ABOUT}</p>
            {told}
            <section aria-labelledby="links-title"><h2 id="links-title">"Links"</h2>{list}</section>
            <section aria-labelledby="new-link"><h2 id="new-link">"New link"</h2>{form(number, typed)}</section>
            <p class="links"><a href=format!("/ops/incidents/{number}")>"Back to incident " {number}</a></p>
        </div>
    }
}

/// The fold on an incident's page: its links, and the form that creates one. `shares` is none where
/// they can't be read.
#[component]
pub(crate) fn Sharing(
    number: u32,
    shares: Option<Shares>,
    reader: Option<Viewer>,
) -> impl IntoView {
    // A person answers for who is let in.
    let may = reader.is_some_and(|reader| reader.role >= Role::Responder);
    view! {
        <details class="fold share" id="share">
            <summary>"Share"</summary>
            <p>{ABOUT}</p>
            {shares.map(|shares| list(number, &shares, may))}
            {may.then(|| form(number, LinkForm::default()))}
        </details>
    }
}

/// The parts that a link shows, as words: `summary, timeline`.
fn shown(share: &Share) -> String {
    let parts = [
        (share.parts.now, "current status"),
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
        return view! { <p class="empty">"No links yet. Each link appears here with its expiry and when it was last opened."</p> }
            .into_any();
    }
    let item = |share: &Share| {
        let is_open = share.is_open(shares.at);
        let audience = match share.audience {
            Audience::Customer => "for customers",
            Audience::Manager => "for managers",
        };
        let end = match share.revoked_at {
            Some(at) => view! { "revoked " <Ago at=Signal::stored(at)/> }.into_any(),
            None if is_open => view! { "expires " <At at=Signal::stored(share.until)/> }.into_any(),
            None => view! { "expired " <Ago at=Signal::stored(share.until)/> }.into_any(),
        };
        let used = match share.last_used_at {
            None => "never opened".into_any(),
            Some(at) => {
                let times = if share.views == 1 {
                    "once".to_owned()
                } else {
                    format!("{} times", humanize::value(share.views as f64, &Unit::Count))
                };
                view! { {format!("opened {times}, last ")} <Ago at=Signal::stored(at)/> }.into_any()
            }
        };
        let revoke = (is_open && may).then(|| {
            view! {
                <form method="post" action=format!("/ops/incidents/{number}/share")>
                    <input type="hidden" name="what" value="end"/>
                    <input type="hidden" name="share" value=share.id.0/>
                    <button class="button" type="submit" aria-label=format!("Revoke the link {}", share.label)>"Revoke"</button>
                </form>
            }
        });
        view! {
            <li class=if is_open { "card" } else { "card over" }>
                <p class="card-title">{share.label.clone()}</p>
                <p class="card-foot">{audience} ": " {shown(share)} "; " {end} "; " {used} "; created by " {shares.names.of(share.made_by)} ", " <Ago at=Signal::stored(share.made_at)/></p>
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
fn form(number: u32, typed: LinkForm) -> AnyView {
    let days = DAYS.map(
        |(value, word)| view! { <option value=value selected=typed.days == value>{word}</option> },
    );
    let audiences = [("customer", "Customers"), ("manager", "Managers")]
        .map(|(value, word)| view! { <option value=value selected=typed.audience == value>{word}</option> });
    view! {
        <form class="share-form" method="post" action=format!("/ops/incidents/{number}/share")>
            <input type="hidden" name="what" value="make"/>
            <div><label for="share-label">"Label (internal)"</label><input id="share-label" name="label" type="text" maxlength=LONGEST_LABEL required value=typed.label/></div>
            <div><label for="share-audience">"For"</label><select id="share-audience" name="audience">{audiences.into_iter().collect_view()}</select></div>
            <div><label for="share-days">"Expires after"</label><select id="share-days" name="days">{days.into_iter().collect_view()}</select></div>
            <fieldset>
                <legend>"Include"</legend>
                {tick("now", "Current status", typed.now)}
                {tick("summary", "Summary", typed.summary)}
                {tick("timeline", "Timeline, in general terms", typed.timeline)}
                {tick("hosts", "Host names (managers only)", typed.hosts)}
            </fieldset>
            <button class="button" type="submit">"Create link"</button>
        </form>
    }
    .into_any()
}
