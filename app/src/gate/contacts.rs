//! How one is called: the section of the settings.

use commands::notifications::{
    ChannelKind, ContactCard, Contacts, DeliveryStatus, Form, LastNotification, MOST_CONTACTS,
    Quiet,
};
use domain::severity::Severity;
use leptos::prelude::*;

use super::button::one;
use crate::clock;

/// What a call can do here, as the configuration has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// Whether a server for e-mail is named.
    pub mail: bool,
    /// Whether messages carry a link: it is known how browsers reach this server.
    pub links: bool,
}

/// What was typed into a form that was refused, so that nobody types it twice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Typed(pub Vec<(String, String)>);

impl Typed {
    /// What was typed into a field; empty for nothing.
    pub fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    /// Whether it was typed into the form of a new contact of this kind, or into that of contact
    /// `id`.
    fn is_of(&self, kind: &str, id: &str) -> bool {
        self.get("what") == "contact" && self.get("kind") == kind && self.get("id") == id
    }
}

/// The section.
pub(super) fn section(contacts: &Contacts, reach: Reach, typed: &Typed) -> AnyView {
    let Contacts { cursor: _, at: _, contacts } = contacts;
    let more = contacts.len() < MOST_CONTACTS;
    view! {
        <section aria-labelledby="calls">
            <h2 id="calls">"How you are called"</h2>
            {if contacts.is_empty() {
                view! { <p class="empty">"Nothing calls you yet. Calm Ops calls when an incident opens, when it becomes critical, when a command waits for a decision, and when one did not help."</p> }.into_any()
            } else {
                view! { <ul class="listed">{contacts.iter().map(|card| contact(card, typed)).collect_view()}</ul> }.into_any()
            }}
            {(!reach.links).then(|| view! {
                <p class="notice">"Messages carry no link to the decision yet: set " <code>"public_url"</code> " in the configuration to the address by which your phone reaches this page."</p>
            })}
            {more.then(|| [ChannelKind::Ntfy, ChannelKind::Mail, ChannelKind::Webhook].map(|kind| add(kind, reach, typed)).collect_view())}
        </section>
    }
    .into_any()
}

const fn word(kind: ChannelKind) -> &'static str {
    match kind {
        ChannelKind::Ntfy => "ntfy",
        ChannelKind::Webhook => "webhook",
        ChannelKind::Mail => "mail",
    }
}

fn contact(card: &ContactCard, typed: &Typed) -> AnyView {
    let by = match (card.kind, card.form) {
        (ChannelKind::Ntfy, _) => "ntfy at",
        (ChannelKind::Webhook, Some(Form::Chat)) => "chat webhook at",
        (ChannelKind::Webhook, Some(Form::CalmOps) | None) => "webhook at",
        (ChannelKind::Mail, _) => "e-mail to",
    };
    let id = card.id.to_string();
    let when = match (card.enabled, card.least) {
        (false, _) => "It does not call now.".to_owned(),
        (true, Severity::Warning) => match &card.quiet {
            Some(Quiet { from, to, zone }) => {
                format!(
                    "For warnings and what is critical. From {from} to {to} ({zone}) warnings wait."
                )
            }
            None => "For warnings and what is critical, at any time.".to_owned(),
        },
        (true, Severity::Critical) => "Only for what is critical, at any time.".to_owned(),
    };
    let open = typed.is_of("", &id);
    view! {
        <li>
            <p><strong>{card.label.clone()}</strong> ", " {by} " " {card.place.clone()}</p>
            <p class="quiet">{when}</p>
            <p class="quiet">{last(card.last.as_ref())}</p>
            <div class="deeds">{one("test-contact", &card.id, "Send a test")}{one("remove-contact", &card.id, "Remove")}</div>
            <details open=open>
                <summary>"Change"</summary>
                <form method="post" action="/ops/settings">
                    <input type="hidden" name="what" value="contact"/>
                    <input type="hidden" name="id" value=id.clone()/>
                    {common(&format!("contact-{id}"), &Common::of(card), typed, open)}
                    <label class="tick"><input type="checkbox" name="enabled" value="yes" checked=card.enabled/>"Call me by this"</label>
                    <button class="button" type="submit">"Change it"</button>
                    <p class="quiet">"To change where it leads, remove it and add it anew."</p>
                </form>
            </details>
        </li>
    }
    .into_any()
}

fn last(last: Option<&LastNotification>) -> AnyView {
    let Some(LastNotification { at, test, fate, problem }) = last else {
        return "Not used yet.".into_any();
    };
    let what = if *test { "The last test" } else { "The last call" };
    let became = match fate {
        DeliveryStatus::Waiting if problem.is_some() => "could not be sent and is tried again.",
        DeliveryStatus::Waiting => "waits to be sent.",
        DeliveryStatus::Sent => "was sent.",
        DeliveryStatus::Failed => "could not be sent.",
        DeliveryStatus::Dropped => "was not needed any more.",
    };
    let why = problem.as_ref().map(|problem| format!(" {problem}"));
    view! { {what} ", " {clock::moment(*at)} ", " {became} {why} }.into_any()
}

/// What is asked for each way.
struct Common {
    label: String,
    least: Severity,
    quiet: Option<Quiet>,
}

impl Common {
    fn of(card: &ContactCard) -> Self {
        Self { label: card.label.clone(), least: card.least, quiet: card.quiet.clone() }
    }
}

fn common(form: &str, now: &Common, typed: &Typed, open: bool) -> AnyView {
    let id = |name: &str| format!("{form}-{name}");
    let quiet = now.quiet.as_ref();
    let value = |name: &str, kept: Option<String>| {
        if open { typed.get(name).to_owned() } else { kept.unwrap_or_default() }
    };
    let least = if open { typed.get("least").parse().unwrap_or(now.least) } else { now.least };
    let option = |severity: Severity, words: &'static str| {
        view! { <option value=severity.as_str() selected=least == severity>{words}</option> }
    };
    view! {
        <label for=id("label")>"What it is called"</label>
        <input id=id("label") name="label" maxlength="60" required value=value("label", Some(now.label.clone()))/>
        <label for=id("least")>"It calls for"</label>
        <select id=id("least") name="least">
            {option(Severity::Warning, "warnings and what is critical")}
            {option(Severity::Critical, "only what is critical")}
        </select>
        <fieldset>
            <legend>"Warnings wait"</legend>
            <div class="halves">
                <div>
                    <label for=id("from")>"from"</label>
                    <input id=id("from") name="from" type="time" value=value("from", quiet.map(|quiet| quiet.from.to_string()))/>
                </div>
                <div>
                    <label for=id("to")>"until"</label>
                    <input id=id("to") name="to" type="time" value=value("to", quiet.map(|quiet| quiet.to.to_string()))/>
                </div>
            </div>
            <label for=id("zone")>"by the clock of"</label>
            <input id=id("zone") name="zone" maxlength="60" placeholder="Europe/Berlin" data-zone="" value=value("zone", quiet.map(|quiet| quiet.zone.to_string()))/>
            <p class="quiet">"Leave the times empty to be called at any time. What is critical never waits."</p>
        </fieldset>
    }
    .into_any()
}

fn add(kind: ChannelKind, reach: Reach, typed: &Typed) -> AnyView {
    let form = word(kind);
    let open = typed.is_of(form, "");
    let again = |name: &str| if open { typed.get(name).to_owned() } else { String::new() };
    let id = |name: &str| format!("{form}-{name}");
    let (summary, label, fields) = match kind {
        ChannelKind::Ntfy => (
            "Add a phone, by ntfy",
            "Phone",
            view! {
                <p class="quiet">"Install the ntfy app and subscribe to a topic with a name that nobody guesses: whoever knows it can read along."</p>
                <label for=id("server")>"Server"</label>
                <input id=id("server") name="server" type="url" required maxlength="2000" value=if open { again("server") } else { "https://ntfy.sh".to_owned() }/>
                <label for=id("topic")>"Topic"</label>
                <input id=id("topic") name="topic" required maxlength="64" pattern="[A-Za-z0-9_\\-]+" autocomplete="off" value=again("topic")/>
                <label for=id("token")>"Access token, if the topic asks for one"</label>
                <input id=id("token") name="token" type="password" maxlength="500" autocomplete="off"/>
            }
            .into_any(),
        ),
        ChannelKind::Mail => (
            "Add an e-mail address",
            "E-mail",
            view! {
                {(!reach.mail).then(|| view! {
                    <p class="notice">"No mail server is configured yet: the section " <code>"[mail]"</code> " of the configuration names one. Until then nothing can be sent."</p>
                })}
                <label for=id("address")>"Address"</label>
                <input id=id("address") name="address" type="email" required maxlength="254" autocomplete="email" value=again("address")/>
            }
            .into_any(),
        ),
        ChannelKind::Webhook => (
            "Add a webhook",
            "Team chat",
            view! {
                <label for=id("url")>"Address"</label>
                <input id=id("url") name="url" type="url" required maxlength="2000" autocomplete="off" value=again("url")/>
                <label for=id("form")>"It takes"</label>
                <select id=id("form") name="form">
                    <option value="chat" selected=again("form") != "calm_ops">"text for Slack or Mattermost"</option>
                    <option value="calm_ops" selected=again("form") == "calm_ops">"JSON of Calm Ops"</option>
                </select>
                <label for=id("secret")>"Secret that signs it, at least 16 characters"</label>
                <input id=id("secret") name="secret" type="password" minlength="16" maxlength="500" autocomplete="off"/>
                <p class="quiet">"Leave it empty for Slack and Mattermost. A receiver of your own gets " <code>"X-Calm-Ops-Signature: t=SECONDS,v1=HEX"</code> ": the HMAC-SHA256 of " <code>"SECONDS.BODY"</code> " with this secret."</p>
            }
            .into_any(),
        ),
    };
    let now = Common { label: label.to_owned(), least: Severity::Warning, quiet: None };
    view! {
        <details class="add" open=open>
            <summary>{summary}</summary>
            <form method="post" action="/ops/settings">
                <input type="hidden" name="what" value="contact"/>
                <input type="hidden" name="kind" value=form/>
                {fields}
                {common(form, &now, typed, open)}
                <button class="button" type="submit">"Add it and send a test"</button>
            </form>
        </details>
    }
    .into_any()
}
