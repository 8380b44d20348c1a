//! Forms of the settings, and what came of them: told in their section, with and without Wasm.

use domain::error::ErrorKind;
use leptos::{html, prelude::*};

use crate::{
    actions::{ChangeSettings, Changed, Section, SettingsForm, SettingsOutcome, SettingsStep},
    components::copy::SecretOnce,
    problem::{Problem, SIGN_IN},
};

/// The forms of one section.
#[derive(Clone, Copy)]
pub(super) struct Forms {
    section: Section,
    action: ServerAction<ChangeSettings>,
    /// The outcome of a form that was sent without Wasm.
    first: StoredValue<SettingsOutcome>,
}

impl Forms {
    /// The forms of a section.
    pub(super) fn new(section: Section, first: &SettingsOutcome) -> Self {
        let forms =
            Self { section, action: ServerAction::new(), first: StoredValue::new(first.clone()) };
        // What changed is shown at once, also where no stream tells of it.
        #[cfg(feature = "hydrate")]
        Effect::new(move |_| {
            if forms.action.value().with(|value| matches!(value, Some(Ok(_)))) {
                crate::live::live().refresh();
            }
        });
        forms
    }

    /// The form that was refused without Wasm, as it was typed.
    pub(super) fn refused(self, step: SettingsStep, id: &str) -> Option<SettingsForm> {
        self.first.with_value(|first| first.refused(step, id).cloned())
    }

    /// Tells of what another part of the page did.
    #[cfg(feature = "hydrate")]
    pub(super) fn tell(self, changed: Changed) {
        self.action.value().set(Some(Ok(changed)));
    }
}

/// A form that carries out one step.
#[component]
pub(super) fn StepForm(
    forms: Forms,
    step: SettingsStep,
    /// Item that it changes; empty for a new one, or for none.
    #[prop(optional, into)]
    id: String,
    /// True if the form is empty again once it was carried out.
    #[prop(optional)]
    clears: bool,
    children: Children,
) -> impl IntoView {
    let node: NodeRef<html::Form> = NodeRef::new();
    let was_sent = StoredValue::new(false);
    let value = forms.action.value();
    Effect::new(move |_| {
        let is_done = value.with(|value| matches!(value, Some(Ok(_))));
        if is_done && was_sent.get_value() {
            was_sent.set_value(false);
            if let Some(form) = node.get_untracked() {
                finish(&form, clears);
            }
        }
    });
    view! {
        <ActionForm action=forms.action node_ref=node on:submit=move |_| was_sent.set_value(true)>
            <input type="hidden" name="what" value=step.name()/>
            <input type="hidden" name="id" value=id/>
            {children()}
        </ActionForm>
    }
}

/// Clears a form that was carried out, and closes the fold in which it stands.
#[cfg(feature = "hydrate")]
fn finish(form: &web_sys::HtmlFormElement, clears: bool) {
    if clears {
        form.reset();
    }
    if let Ok(Some(fold)) = form.closest("details") {
        let _ = fold.remove_attribute("open");
    }
}

/// Only a browser has forms to clear.
#[cfg(not(feature = "hydrate"))]
const fn finish<T>(_: &T, _: bool) {}

/// A button that sends its form, and waits for the answer.
#[component]
pub(super) fn Submit(
    forms: Forms,
    #[prop(default = "button")] class: &'static str,
    children: Children,
) -> impl IntoView {
    let pending = forms.action.pending();
    view! { <button class=class type="submit" disabled=move || pending.get()>{children()}</button> }
}

/// A form with one button, for what needs nothing typed.
pub(super) fn button(
    forms: Forms,
    step: SettingsStep,
    id: &impl ToString,
    word: &'static str,
) -> AnyView {
    view! { <StepForm forms step id=id.to_string()><Submit forms class="button small">{word}</Submit></StepForm> }
        .into_any()
}

/// The news for a section.
#[derive(Clone, PartialEq)]
enum Told {
    Nothing,
    Saving,
    Good(String),
    Bad(String, bool),
    Secret(crate::actions::NewSecret),
}

impl Told {
    fn of(result: Result<Changed, Problem>) -> Self {
        match result {
            Ok(Changed::Done(done)) => Self::Good(done.sentence().to_owned()),
            Ok(Changed::Told { sentence, is_good: true }) => Self::Good(sentence),
            Ok(Changed::Told { sentence, is_good: false }) => Self::Bad(sentence, false),
            Ok(Changed::Secret(secret)) => Self::Secret(secret),
            Err(problem) if problem.kind == ErrorKind::SignIn => Self::Bad(
                "You are signed out. Sign in to send this; your text is kept here.".to_owned(),
                true,
            ),
            Err(problem) => {
                let asks = problem.asks_for_sign_in();
                Self::Bad(problem.sentence, asks)
            }
        }
    }

    const fn class(&self) -> &'static str {
        match self {
            Self::Nothing => "away",
            Self::Saving => "said",
            Self::Good(_) | Self::Secret(_) => "said done",
            Self::Bad(..) => "said refused",
        }
    }
}

/// The outcome of the forms of a section. It takes the focus when something did, so that it does
/// not fall back to the beginning with a button that goes.
#[component]
pub(super) fn Said(forms: Forms) -> impl IntoView {
    let node: NodeRef<html::Div> = NodeRef::new();
    let (pending, value) = (forms.action.pending(), forms.action.value());
    let section = forms.section;
    let first = move || forms.first.with_value(|first| first.of(section));
    let told = Memo::new(move |_| {
        if pending.get() {
            return Told::Saving;
        }
        value.get().or_else(first).map_or(Told::Nothing, Told::of)
    });
    Effect::new(move |_| {
        if value.with(Option::is_some)
            && !pending.get()
            && let Some(place) = node.get_untracked()
        {
            let _ = place.focus();
        }
    });
    let content = move || match told.get() {
        Told::Nothing => ().into_any(),
        Told::Saving => "Saving ...".into_any(),
        Told::Good(sentence) | Told::Bad(sentence, false) => sentence.into_any(),
        Told::Bad(sentence, true) => {
            let href = format!("{SIGN_IN}{}", section.page());
            view! { {sentence} " " <a href=href rel="external">"Sign in"</a> }.into_any()
        }
        Told::Secret(secret) => view! { <SecretOnce secret/> }.into_any(),
    };
    // Without Wasm the browser shows it.
    let is_first = first().is_some();
    view! {
        <div id=section.id() node_ref=node role="status" tabindex="-1" autofocus=is_first class=move || told.get().class()>
            {content}
        </div>
    }
}
