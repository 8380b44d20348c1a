//! The section of the settings about notifications. The form of a channel is drawn from what the
//! channel declares.

use commands::notifications::{
    ChannelForm, ChannelInfo, ContactCard, Contacts, DeliveryStatus, FieldInfo, Input,
    LastNotification, MOST_CONTACTS, Quiet,
};
use domain::severity::Severity;
use leptos::prelude::*;

use super::{button::one, moment};

/// Forms by which people set their contacts, as the configuration has it.
#[derive(Clone, Debug, Default)]
pub struct ContactForms {
    /// Whether messages carry a link: it is known how browsers reach this server.
    pub links: bool,
    /// Form of each channel, in the order in which they are offered.
    pub channels: Vec<ChannelForm>,
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
pub(super) fn section(contacts: &Contacts, forms: &ContactForms, typed: &Typed) -> AnyView {
    let Contacts { cursor: _, at: _, contacts } = contacts;
    let more = contacts.len() < MOST_CONTACTS;
    view! {
        <section aria-labelledby="calls">
            <h2 id="calls">"Notifications"</h2>
            {if contacts.is_empty() {
                view! { <p class="empty">"You have no notifications yet. Calm Ops notifies you when an incident opens, when it becomes critical, when a command needs a decision, and when a command did not help."</p> }.into_any()
            } else {
                view! { <ul class="listed">{contacts.iter().map(|card| contact(card, typed)).collect_view()}</ul> }.into_any()
            }}
            {(!forms.links).then(|| view! {
                <p class="notice">"Notifications contain no links yet. Set " <code>"public_url"</code> " in the configuration to the address your phone uses to reach this server."</p>
            })}
            {more.then(|| forms.channels.iter().map(|form| add(form, typed)).collect_view())}
        </section>
    }
    .into_any()
}

fn contact(card: &ContactCard, typed: &Typed) -> AnyView {
    let id = card.id.to_string();
    let when = match (card.enabled, card.least) {
        (false, _) => "Paused.".to_owned(),
        (true, Severity::Warning) => match &card.quiet {
            Some(Quiet { from, to, zone }) => {
                format!("Warnings and critical. Quiet hours for warnings: {from} to {to} ({zone}).")
            }
            None => "Warnings and critical, at any time.".to_owned(),
        },
        (true, Severity::Critical) => "Critical only, at any time.".to_owned(),
    };
    let open = typed.is_of("", &id);
    view! {
        <li>
            <p><strong><bdi>{card.label.clone()}</bdi></strong> ", " {card.by.clone()} " " <bdi>{card.place.clone()}</bdi></p>
            <p class="quiet">{when}</p>
            <p class="quiet">{last(card.last.as_ref())}</p>
            <div class="deeds">{one("test-contact", &card.id, "Send a test")}{one("remove-contact", &card.id, "Remove")}</div>
            <details open=open>
                <summary>"Change"</summary>
                <form method="post" action="/ops/settings">
                    <input type="hidden" name="what" value="contact"/>
                    <input type="hidden" name="id" value=id.clone()/>
                    {common(&format!("contact-{id}"), &Common::of(card), typed, open)}
                    <label class="tick"><input type="checkbox" name="enabled" value="yes" checked=card.enabled/>"Send notifications to this contact"</label>
                    <button class="button" type="submit">"Save changes"</button>
                    <p class="quiet">"To change the address, remove this contact and add a new one."</p>
                </form>
            </details>
        </li>
    }
    .into_any()
}

fn last(last: Option<&LastNotification>) -> AnyView {
    let Some(LastNotification { at, test, fate, problem }) = last else {
        return "No notifications sent yet.".into_any();
    };
    let what = if *test { "Last test" } else { "Last notification" };
    let became = match fate {
        DeliveryStatus::Waiting if problem.is_some() => "could not be sent, retrying.",
        DeliveryStatus::Waiting => "waiting to be sent.",
        DeliveryStatus::Sent => "sent.",
        DeliveryStatus::Failed => "could not be sent.",
        DeliveryStatus::Dropped => "no longer needed.",
    };
    let why = problem.as_ref().map(|problem| format!(" {problem}"));
    view! { {what} " " {moment(*at)} ": " {became} {why} }.into_any()
}

/// What is asked for each channel.
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
        <label for=id("label")>"Name"</label>
        <input id=id("label") name="label" maxlength="60" required value=value("label", Some(now.label.clone()))/>
        <label for=id("least")>"Notify for"</label>
        <select id=id("least") name="least">
            {option(Severity::Warning, "warnings and critical")}
            {option(Severity::Critical, "critical only")}
        </select>
        <fieldset>
            <legend>"Quiet hours (warnings only)"</legend>
            <div class="halves">
                <div>
                    <label for=id("from")>"From"</label>
                    <input id=id("from") name="from" type="time" value=value("from", quiet.map(|quiet| quiet.from.to_string()))/>
                </div>
                <div>
                    <label for=id("to")>"To"</label>
                    <input id=id("to") name="to" type="time" value=value("to", quiet.map(|quiet| quiet.to.to_string()))/>
                </div>
            </div>
            <label for=id("zone")>"Time zone"</label>
            <input id=id("zone") name="zone" maxlength="60" placeholder="Europe/Berlin" data-zone="" value=value("zone", quiet.map(|quiet| quiet.zone.to_string()))/>
            <p class="quiet">"Leave empty for no quiet hours. Critical incidents always notify."</p>
        </fieldset>
    }
    .into_any()
}

/// The form by which a contact of a channel is added.
fn add(form: &ChannelForm, typed: &Typed) -> AnyView {
    let ChannelForm { info, notice } = form;
    let ChannelInfo { kind, summary, default_label, intro, outro, fields, .. } = info;
    let open = typed.is_of(kind, "");
    let now = Common { label: (*default_label).to_owned(), least: Severity::Warning, quiet: None };
    view! {
        <details class="add" open=open>
            <summary>{*summary}</summary>
            <form method="post" action="/ops/settings">
                <input type="hidden" name="what" value="contact"/>
                <input type="hidden" name="kind" value=*kind/>
                {notice.map(|text| view! { <p class="notice">{marked(text)}</p> })}
                {intro.map(|text| view! { <p class="quiet">{marked(text)}</p> })}
                {fields.iter().map(|one| field(kind, one, open.then_some(typed))).collect_view()}
                {outro.map(|text| view! { <p class="quiet">{marked(text)}</p> })}
                {common(kind, &now, typed, open)}
                <button class="button" type="submit">"Add and send a test"</button>
            </form>
        </details>
    }
    .into_any()
}

/// A field of a channel; `typed` is there where the form was refused.
fn field(form: &str, field: &FieldInfo, typed: Option<&Typed>) -> AnyView {
    let id = format!("{form}-{}", field.name);
    let label = view! { <label for=id.clone()>{field.label}</label> };
    let value = typed.map_or(field.default_value, |typed| typed.get(field.name)).to_owned();
    let kind = match field.input {
        Input::Text => None,
        Input::Url => Some("url"),
        Input::Email => Some("email"),
        Input::Secret => Some("password"),
        Input::Choice(choices) => {
            let chosen = choices.iter().position(|choice| choice.value == value).unwrap_or(0);
            let options = choices.iter().enumerate().map(|(at, choice)| {
                view! { <option value=choice.value selected=at == chosen>{choice.label}</option> }
            });
            return view! {
                {label}
                <select id=id name=field.name>{options.collect_view()}</select>
            }
            .into_any();
        }
    };
    // A secret is typed again.
    let value = (field.input != Input::Secret).then_some(value);
    view! {
        {label}
        <input
            id=id
            name=field.name
            type=kind
            required=field.required
            minlength=field.min_length
            maxlength=field.max_length
            pattern=field.pattern
            autocomplete=field.autocomplete
            value=value
        />
    }
    .into_any()
}

/// A text whose words between backticks are code.
fn marked(text: &'static str) -> AnyView {
    let part = |(at, part): (usize, &'static str)| {
        if at % 2 == 1 { view! { <code>{part}</code> }.into_any() } else { part.into_any() }
    };
    text.split('`').enumerate().map(part).collect_view().into_any()
}

#[cfg(test)]
mod tests {
    use commands::notifications::Choice;

    use super::*;

    const PIGEON: ChannelInfo = ChannelInfo {
        kind: "pigeon",
        description: "By pigeon.",
        summary: "Add a pigeon",
        default_label: "Bird",
        intro: Some("Feed `corn` first."),
        outro: None,
        fields: &[
            FieldInfo {
                required: true,
                max_length: Some(20),
                default_value: "Roof",
                ..FieldInfo::new("loft", "Loft", Input::Text)
            },
            FieldInfo {
                min_length: Some(8),
                ..FieldInfo::new("ring", "Number of its ring", Input::Secret)
            },
            FieldInfo::new(
                "size",
                "Size",
                Input::Choice(&[
                    Choice { value: "small", label: "a small one" },
                    Choice { value: "big", label: "a big one" },
                ]),
            ),
        ],
    };

    fn drawn(typed: &[(&str, &str)]) -> String {
        let typed = typed.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
        let form = ChannelForm { info: &PIGEON, notice: Some("It is `away`.") };
        add(&form, &Typed(typed.collect())).to_html().replace("<!>", "")
    }

    #[test]
    fn a_form_is_drawn_from_what_a_channel_declares() {
        let html = drawn(&[]);
        for part in [
            "<summary>Add a pigeon</summary>",
            r#"<input type="hidden" name="kind" value="pigeon">"#,
            r#"<p class="notice">It is <code>away</code>.</p>"#,
            r#"<p class="quiet">Feed <code>corn</code> first.</p>"#,
            r#"<label for="pigeon-loft">Loft</label><input id="pigeon-loft" name="loft" required maxlength="20" value="Roof">"#,
            r#"<input id="pigeon-ring" name="ring" type="password" minlength="8">"#,
            r#"<select id="pigeon-size" name="size"><option value="small" selected>a small one</option><option value="big">a big one</option></select>"#,
            r#"<input id="pigeon-label" name="label" maxlength="60" required value="Bird">"#,
        ] {
            assert!(html.contains(part), "{part} is not in {html}");
        }
    }

    #[test]
    fn a_refused_form_keeps_all_but_secrets() {
        let html = drawn(&[
            ("what", "contact"),
            ("kind", "pigeon"),
            ("loft", "\"><b>"),
            ("ring", "hunter2"),
            ("size", "big"),
            ("label", "Mine"),
        ]);
        assert!(html.contains("value=\"&quot;&gt;&lt;b&gt;\"") && !html.contains("<b>"), "{html}");
        assert!(
            html.contains(r#"<option value="big" selected>"#) && html.contains("Mine"),
            "{html}"
        );
        assert!(!html.contains("hunter2"), "{html}");
    }
}
