//! Forms that carry out a step: the same endpoint with and without Wasm. What came of one is told
//! beside its button, and what was typed survives a refusal.

use domain::{error::ErrorKind, input::LONGEST_TEXT};
use leptos::{html, prelude::*};

use crate::{
    actions::{Act, Outcome, Place, Step},
    problem::{Problem, SIGN_IN},
};

/// The forms of one place, which tell their outcome there.
#[derive(Clone, Copy)]
pub(crate) struct Forms {
    /// Place of the outcome.
    place: Place,
    /// Carries out whichever is sent.
    action: ServerAction<Act>,
    /// The outcome of a form that was sent without Wasm.
    first: StoredValue<Outcome>,
    /// Address of the page on which they stand.
    page: StoredValue<String>,
    incident: u32,
}

impl Forms {
    /// Forms of an incident at a place of a page.
    pub(crate) fn new(place: Place, incident: u32, page: String, first: Outcome) -> Self {
        Self {
            place,
            action: ServerAction::new(),
            first: StoredValue::new(first),
            page: StoredValue::new(page),
            incident,
        }
    }

    /// The refusal of this step without Wasm.
    pub(crate) fn refused(self, step: Step) -> Option<crate::actions::Refused> {
        self.first.with_value(|first| first.refused(step).cloned())
    }

    /// True if a form is being sent that fits.
    pub(crate) fn is_sending(self, fits: impl FnOnce(&Act) -> bool) -> bool {
        self.action.pending().get()
            && self.action.input().with(|sent| sent.as_ref().is_some_and(fits))
    }

    /// The problem for which the last form was refused.
    pub(crate) fn problem(self) -> Option<Problem> {
        self.action.value().get().and_then(Result::err)
    }
}

/// A form that carries out one step.
#[component]
pub(crate) fn StepForm(forms: Forms, step: Step, children: Children) -> impl IntoView {
    let node: NodeRef<html::Form> = NodeRef::new();
    let value = forms.action.value();
    // What was carried out does not stay in the field.
    Effect::new(move |_| {
        if value.with(|value| matches!(value, Some(Ok(_))))
            && let Some(form) = node.get_untracked()
        {
            form.reset();
        }
    });
    view! {
        <ActionForm action=forms.action node_ref=node>
            <input type="hidden" name="incident" value=forms.incident/>
            <input type="hidden" name="what" value=step.name()/>
            <input type="hidden" name="page" value=forms.page.get_value()/>
            {children()}
        </ActionForm>
    }
}

/// A button that sends its form, and waits for the answer.
#[component]
pub(crate) fn Submit(
    forms: Forms,
    #[prop(into)] class: Signal<&'static str>,
    #[prop(optional, into)] disabled: Signal<bool>,
    children: Children,
) -> impl IntoView {
    let pending = forms.action.pending();
    view! {
        <button class=move || class.get() type="submit" disabled=move || pending.get() || disabled.get()>
            {children()}
        </button>
    }
}

/// A field for words; what was refused without Wasm still stands in it.
#[component]
pub(crate) fn Words(forms: Forms, step: Step, label: &'static str) -> impl IntoView {
    let id = match step {
        Step::Comment => "comment",
        Step::Decline => "reason",
        Step::Acknowledge
        | Step::Inspect
        | Step::Resolve
        | Step::Reopen
        | Step::Approve
        | Step::Cancel => "note",
    };
    let refused = forms.refused(step);
    let is_refused = refused.is_some();
    let text = refused.map(|refused| refused.sent.text).unwrap_or_default();
    view! {
        <label for=id>{label}</label>
        <textarea
            id=id
            name="text"
            rows="3"
            maxlength=LONGEST_TEXT
            required={matches!(step, Step::Comment | Step::Decline)}
            autofocus=is_refused
            aria-invalid=is_refused.then_some("true")
            aria-describedby=forms.place.id()
        >
            {field_text(&text)}
        </textarea>
    }
}

/// The content of a text area. The framework writes it into a document as it is, without escaping.
#[cfg(feature = "ssr")]
pub(crate) fn field_text(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    first_line_kept(text)
}

/// The content of a text area.
#[cfg(not(feature = "ssr"))]
pub(crate) fn field_text(text: &str) -> String {
    text.to_owned()
}

/// A browser drops the first line break inside of a text area or preformatted text.
pub(crate) fn first_line_kept(text: String) -> String {
    if text.starts_with('\n') { format!("\n{text}") } else { text }
}

/// The outcome of the forms of a place. It takes the focus when something did, so that it does not
/// fall back to the beginning with a button that goes.
#[component]
pub(crate) fn Said(forms: Forms) -> impl IntoView {
    let node: NodeRef<html::P> = NodeRef::new();
    let (pending, value) = (forms.action.pending(), forms.action.value());
    let said = Memo::new(move |_| {
        if pending.get() {
            let word = match forms.place {
                Place::Inspections => "Looking ...",
                Place::Steps | Place::Comment | Place::Decision => "Saving ...",
            };
            return ("said", word.to_owned());
        }
        match value.get() {
            Some(Ok(sentence)) => ("said done", sentence),
            Some(Err(Problem { kind: ErrorKind::SignIn, .. })) => (
                "said refused",
                "You are signed out. Sign in to send this; your text is kept here.".to_owned(),
            ),
            Some(Err(problem)) => ("said refused", problem.sentence),
            None => {
                let first = forms.first.with_value(|first| first.said(forms.place));
                first.unwrap_or(("away", String::new()))
            }
        }
    });
    Effect::new(move |_| {
        if value.with(Option::is_some)
            && !pending.get()
            && let Some(place) = node.get_untracked()
        {
            let _ = place.focus();
        }
    });
    let asks = move || {
        let first = || match forms.first.get_value() {
            Outcome::Refused(refused) if value.with(Option::is_none) => Some(refused.problem),
            Outcome::Refused(_) | Outcome::None | Outcome::Done(_) => None,
        };
        let problem = forms.problem().or_else(first);
        let is_ours = said.with(|(class, _)| *class == "said refused");
        problem.filter(|problem| is_ours && problem.asks_for_sign_in()).map(|_| {
            let href = format!("{SIGN_IN}{}", forms.page.get_value());
            view! { " " <a href=href rel="external">"Sign in"</a> }
        })
    };
    // Without Wasm the browser shows it where no field has the focus.
    let is_first = forms.first.with_value(|first| match first {
        Outcome::Refused(refused) => {
            refused.sent.text.is_empty() && first.said(forms.place).is_some()
        }
        Outcome::None | Outcome::Done(_) => false,
    });
    view! {
        <p id=forms.place.id() node_ref=node role="status" tabindex="-1" autofocus=is_first class=move || said.get().0>
            {move || said.get().1}
            {asks}
        </p>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_a_text_area_is_no_markup_and_keeps_its_first_line_break() {
        let shown = |text: &str| view! { <textarea>{field_text(text)}</textarea> }.to_html();
        assert_eq!(
            shown("</textarea><script>a & b"),
            "<textarea>&lt;/textarea&gt;&lt;script&gt;a &amp; b</textarea>"
        );
        assert_eq!(shown("\nx"), "<textarea>\n\nx</textarea>");
    }
}
