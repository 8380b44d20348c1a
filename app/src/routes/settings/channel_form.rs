//! Forms of contacts. The form of a channel is drawn from what the channel declares.

use std::collections::BTreeSet;

use commands::notifications::{ContactCard, Quiet};
use domain::{report::ReportKind, severity::Severity};
use leptos::prelude::*;
use wording::report;

use super::{
    contact_forms::{ChannelField, ChannelForm, Input},
    form::{Forms, StepForm, Submit},
};
use crate::actions::{SettingsForm, SettingsStep};

/// Fields that each channel asks for.
struct Common {
    label: String,
    least: Severity,
    quiet: Option<Quiet>,
    /// The stability reports that it gets; `None` where it has no room for them.
    reports: Option<BTreeSet<ReportKind>>,
}

/// The form by which a contact is changed. Its address stays.
pub(super) fn change(forms: Forms, card: &ContactCard, takes_reports: bool) -> AnyView {
    let id = card.id.to_string();
    let typed = forms.refused(SettingsStep::SetContact, &id);
    let common = Common {
        label: card.label.clone(),
        least: card.least,
        quiet: card.quiet.clone(),
        reports: takes_reports.then(|| card.reports.clone()),
    };
    let is_enabled =
        typed.as_ref().map_or(card.enabled, |form| form.fields.get("enabled") == "yes");
    let common = asked_of_all(&format!("contact-{id}"), &common, typed.as_ref());
    view! {
        <details open=typed.is_some()>
            <summary>"Change"</summary>
            <StepForm forms step=SettingsStep::SetContact id>
                {common}
                <label class="tick"><input type="checkbox" name="fields[enabled]" value="yes" checked=is_enabled/>"Send notifications to this contact"</label>
                <Submit forms>"Save changes"</Submit>
                <p class="quiet">"To change the address, remove this contact and add a new one."</p>
            </StepForm>
        </details>
    }
    .into_any()
}

/// The form by which a contact of a channel is added.
pub(super) fn add(forms: Forms, form: &ChannelForm) -> AnyView {
    let ChannelForm { kind, summary, default_label, notice, intro, outro, fields, takes_reports } =
        form;
    let typed = forms.refused(SettingsStep::SetContact, "");
    let typed = typed.filter(|form| form.fields.get("kind") == kind);
    let common = Common {
        label: default_label.clone(),
        least: Severity::Warning,
        quiet: None,
        reports: takes_reports.then(BTreeSet::new),
    };
    let paragraph = |text: &Option<String>, class: &'static str| {
        text.as_deref().map(|text| view! { <p class=class>{marked(text)}</p> })
    };
    let (notice, intro, outro) =
        (paragraph(notice, "notice"), paragraph(intro, "quiet"), paragraph(outro, "quiet"));
    let fields = fields.iter().map(|one| field(kind, one, typed.as_ref())).collect_view();
    let common = asked_of_all(kind, &common, typed.as_ref());
    let kind = kind.clone();
    view! {
        <details class="add" open=typed.is_some()>
            <summary>{summary.clone()}</summary>
            <StepForm forms step=SettingsStep::SetContact clears=true>
                <input type="hidden" name="fields[kind]" value=kind/>
                {notice}
                {intro}
                {fields}
                {outro}
                {common}
                <Submit forms>"Add and send a test"</Submit>
            </StepForm>
        </details>
    }
    .into_any()
}

/// The fields that every channel has; `typed` is there where the form was refused.
fn asked_of_all(form: &str, now: &Common, typed: Option<&SettingsForm>) -> AnyView {
    let id = |name: &str| format!("{form}-{name}");
    let quiet = now.quiet.as_ref();
    let value = |name: &str, kept: Option<String>| match typed {
        Some(form) => form.fields.get(name).to_owned(),
        None => kept.unwrap_or_default(),
    };
    let least = typed.and_then(|form| form.fields.get("least").parse().ok()).unwrap_or(now.least);
    let option = |severity: Severity, words: &'static str| {
        view! { <option value=severity.as_str() selected=least == severity>{words}</option> }
    };
    let zone = value("zone", quiet.map(|quiet| quiet.zone.to_string()));
    view! {
        <label for=id("label")>"Name"</label>
        <input id=id("label") name="fields[label]" maxlength="60" required value=value("label", Some(now.label.clone()))/>
        <label for=id("least")>"Notify for"</label>
        <select id=id("least") name="fields[least]">
            {option(Severity::Warning, "warnings and critical")}
            {option(Severity::Critical, "critical only")}
        </select>
        <fieldset>
            <legend>"Quiet hours (warnings only)"</legend>
            <div class="halves">
                <div>
                    <label for=id("from")>"From"</label>
                    <input id=id("from") name="fields[from]" type="time" value=value("from", quiet.map(|quiet| quiet.from.to_string()))/>
                </div>
                <div>
                    <label for=id("to")>"To"</label>
                    <input id=id("to") name="fields[to]" type="time" value=value("to", quiet.map(|quiet| quiet.to.to_string()))/>
                </div>
            </div>
            <label for=id("zone")>"Time zone"</label>
            <ZoneInput id=id("zone") zone/>
            <p class="quiet">"Leave the times empty for no quiet hours. Critical incidents always notify."</p>
        </fieldset>
        {now.reports.as_ref().map(|kept| reports(kept, typed))}
    }
    .into_any()
}

/// The stability reports that a contact gets.
fn reports(kept: &BTreeSet<ReportKind>, typed: Option<&SettingsForm>) -> AnyView {
    let tick = |kind: ReportKind| {
        let is_on =
            typed.map_or(kept.contains(&kind), |form| form.fields.get(kind.as_str()) == "yes");
        let words = format!("Send me the {}", report::title(kind).to_lowercase());
        let name = format!("fields[{}]", kind.as_str());
        view! { <label class="tick"><input type="checkbox" name=name value="yes" checked=is_on/>{words}</label> }
    };
    let order = [ReportKind::Weekly, ReportKind::Daily, ReportKind::Monthly];
    view! {
        <fieldset>
            <legend>"Stability reports"</legend>
            {order.map(tick).into_iter().collect_view()}
            <p class="quiet">"Sent at 07:00, when a report is due. Daily and monthly reports must be switched on in the configuration. If several of your contacts ask for the same report, only the oldest gets it."</p>
        </fieldset>
    }
    .into_any()
}

/// The field of a time zone: the browser knows its reader's.
#[component]
fn ZoneInput(id: String, zone: String) -> impl IntoView {
    let node: NodeRef<leptos::html::Input> = NodeRef::new();
    #[cfg(feature = "hydrate")]
    Effect::new(move |_| {
        if let Some(input) = node.get()
            && input.value().is_empty()
            && let Some(own) = own_zone()
        {
            // What the form goes back to when it is cleared, too.
            let _ = input.set_attribute("value", &own);
        }
    });
    view! { <input id=id name="fields[zone]" node_ref=node maxlength="60" placeholder="Europe/Berlin" value=zone/> }
}

/// The time zone of the reader.
#[cfg(feature = "hydrate")]
fn own_zone() -> Option<String> {
    let format = js_sys::Intl::DateTimeFormat::new(&js_sys::Array::new(), &js_sys::Object::new());
    let zone = js_sys::Reflect::get(&format.resolved_options(), &"timeZone".into()).ok()?;
    zone.as_string()
}

/// A field of a channel.
fn field(form: &str, field: &ChannelField, typed: Option<&SettingsForm>) -> AnyView {
    let id = format!("{form}-{}", field.name);
    let name = format!("fields[{}]", field.name);
    let label = view! { <label for=id.clone()>{field.label.clone()}</label> };
    let value = typed.map_or(&*field.default_value, |form| form.fields.get(&field.name)).to_owned();
    let kind = match &field.input {
        Input::Text => None,
        Input::Url => Some("url"),
        Input::Email => Some("email"),
        Input::Secret => Some("password"),
        Input::Choice(choices) => {
            let chosen = choices.iter().position(|(known, _)| *known == value).unwrap_or(0);
            let options = choices.iter().enumerate().map(|(at, (value, words))| {
                view! { <option value=value.clone() selected=at == chosen>{words.clone()}</option> }
            });
            return view! {
                {label}
                <select id=id name=name>{options.collect_view()}</select>
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
            name=name
            type=kind
            required=field.required
            minlength=field.min_length
            maxlength=field.max_length
            pattern=field.pattern.clone()
            autocomplete=field.autocomplete.clone()
            value=value
        />
    }
    .into_any()
}

/// A text whose words between backticks are code.
fn marked(text: &str) -> AnyView {
    let part = |(at, part): (usize, &str)| {
        let part = part.to_owned();
        if at % 2 == 1 { view! { <code>{part}</code> }.into_any() } else { part.into_any() }
    };
    text.split('`').enumerate().map(part).collect_view().into_any()
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use commands::notifications::{self, ChannelInfo, Choice, FieldInfo};

    use super::*;
    use crate::{
        actions::{Fields, Section, SettingsOutcome},
        problem::Problem,
    };

    const PIGEON: ChannelInfo = ChannelInfo {
        kind: "pigeon",
        description: "By pigeon.",
        summary: "Add a pigeon",
        default_label: "Bird",
        intro: Some("Feed `corn` first."),
        outro: None,
        takes_reports: false,
        fields: &[
            FieldInfo {
                required: true,
                max_length: Some(20),
                default_value: "Roof",
                ..FieldInfo::new("loft", "Loft", notifications::Input::Text)
            },
            FieldInfo {
                min_length: Some(8),
                ..FieldInfo::new("ring", "Number of its ring", notifications::Input::Secret)
            },
            FieldInfo::new(
                "size",
                "Size",
                notifications::Input::Choice(&[
                    Choice { value: "small", label: "a small one" },
                    Choice { value: "big", label: "a big one" },
                ]),
            ),
        ],
    };

    fn pigeon() -> ChannelForm {
        let declared = notifications::ChannelForm { info: &PIGEON, notice: Some("It is `away`.") };
        ChannelForm::from(&declared)
    }

    fn drawn(outcome: &SettingsOutcome) -> String {
        let owner = Owner::new();
        owner
            .with(|| add(Forms::new(Section::Contacts, outcome), &pigeon()).to_html())
            .replace("<!>", "")
    }

    #[test]
    fn a_form_is_drawn_from_what_a_channel_declares() {
        let html = drawn(&SettingsOutcome::None);
        for part in [
            "<summary>Add a pigeon</summary>",
            r#"<input type="hidden" name="fields[kind]" value="pigeon">"#,
            r#"<p class="notice">It is <code>away</code>.</p>"#,
            r#"<p class="quiet">Feed <code>corn</code> first.</p>"#,
            r#"<label for="pigeon-loft">Loft</label><input id="pigeon-loft" name="fields[loft]" required maxlength="20" value="Roof">"#,
            r#"<input id="pigeon-ring" name="fields[ring]" type="password" minlength="8">"#,
            r#"<select id="pigeon-size" name="fields[size]"><option value="small" selected>a small one</option><option value="big">a big one</option></select>"#,
            r#"<input id="pigeon-label" name="fields[label]" maxlength="60" required value="Bird">"#,
        ] {
            assert!(html.contains(part), "{part} is not in {html}");
        }
        let forms =
            super::super::contact_forms::ContactForms { links: false, channels: vec![pigeon()] };
        assert!(forms.is_secret("pigeon", "ring") && !forms.is_secret("pigeon", "loft"));
    }

    #[test]
    fn a_refused_form_keeps_all_but_secrets() {
        let typed = [
            ("kind", "pigeon"),
            ("loft", "\"><b>"),
            ("ring", "hunter2"),
            ("size", "big"),
            ("label", "Mine"),
        ];
        let typed = typed.map(|(name, text)| (name.to_owned(), text.to_owned()));
        let form = SettingsForm {
            what: "contact".to_owned(),
            fields: Fields::from_iter(typed),
            ..SettingsForm::default()
        };
        let html = drawn(&SettingsOutcome::Refused(Box::new(form), Problem::unreadable()));
        assert!(html.contains("value=\"&quot;&gt;&lt;b&gt;\"") && !html.contains("<b>"), "{html}");
        assert!(
            html.contains(r#"<option value="big" selected>"#) && html.contains("Mine"),
            "{html}"
        );
        assert!(html.contains("<details open class=\"add\""), "{html}");
        assert!(!html.contains("hunter2"), "{html}");
    }
}
