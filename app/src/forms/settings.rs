//! Forms of the settings from a browser without Wasm. What is known beforehand leads back to the
//! page; a secret, the result of a test or a refusal is told on the page that answers.

use axum::{
    body::to_bytes,
    response::{IntoResponse, Response},
};
use domain::error::ErrorKind;
use http::StatusCode;
use leptos::prelude::*;

use super::reply::{led_to, shown};
use crate::{
    accounts::Accounts,
    actions::{ChangeSettings, Changed, Fields, SettingsForm, SettingsOutcome},
    address::percent_encode,
    backend,
    problem::{Problem, SIGN_IN},
    urlencoded::Form,
};

impl ChangeSettings {
    /// Address of the server function.
    pub(super) const PATH: &str = "/api/pages/change-settings";
}

/// The longest answer of the server function: a secret with its command line.
const LONGEST_ANSWER: usize = 64 * 1024;

impl SettingsForm {
    /// From the fields of a form, named as the server function has them.
    pub(crate) fn read(form: &Form) -> Self {
        let inside = |name: &str| Some(name.strip_prefix("fields[")?.strip_suffix(']')?.to_owned());
        let fields = form.iter().filter_map(|(name, text)| Some((inside(name)?, text.to_owned())));
        Self {
            what: form.get("what").to_owned(),
            id: form.get("id").to_owned(),
            fields: fields.collect(),
            chosen: form.all("chosen[]").map(str::to_owned).collect(),
        }
    }

    /// Without what is typed again after an error: passwords, and what a channel calls secret.
    fn without_secrets(self, accounts: Option<&Accounts>) -> Self {
        let kind = self.fields.get("kind").to_owned();
        let forms = accounts.map(|Accounts(backend)| backend.contact_forms());
        let is_secret = |name: &str| {
            matches!(name, "present" | "password")
                || forms.as_ref().is_none_or(|forms| forms.is_secret(&kind, name))
        };
        Self { fields: Fields::only(self.fields, |name| !is_secret(name)), ..self }
    }
}

/// Makes a page of what the server function answered to a form.
pub(super) async fn answer<IV: IntoView + 'static>(
    form: &Form,
    answer: Response,
    context: impl Fn() + Clone + Send + Sync + 'static,
    shell: impl Fn() -> IV + Clone + Send + Sync + 'static,
) -> Response {
    let form = SettingsForm::read(form);
    let section = form.section();
    let status = answer.status();
    let Ok(body) = to_bytes(answer.into_body(), LONGEST_ANSWER).await else {
        return StatusCode::BAD_GATEWAY.into_response();
    };
    let outcome = if status == StatusCode::OK {
        match serde_json::from_slice(&body) {
            Ok(Changed::Done(done)) => {
                return led_to(&format!(
                    "{}?done={}#{}",
                    section.page(),
                    done.word(),
                    section.id()
                ));
            }
            Ok(changed) => SettingsOutcome::Changed(section, changed),
            Err(_) => SettingsOutcome::Refused(Box::new(form), backend::lost()),
        }
    } else {
        let problem: Problem = serde_json::from_slice(&body).unwrap_or_else(|_| backend::lost());
        if problem.kind == ErrorKind::SignIn {
            return led_to(&format!("{SIGN_IN}{}", percent_encode(section.page())));
        }
        let accounts = Owner::new().with(|| {
            context();
            use_context::<Accounts>()
        });
        SettingsOutcome::Refused(Box::new(form.without_secrets(accounts.as_ref())), problem)
    };
    shown(section.page(), status, context, move || provide_context(outcome.clone()), shell).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_typed_is_kept_but_for_secrets() {
        let form = Form::read(
            b"what=contact&id=&fields[kind]=ntfy&fields%5Blabel%5D=My+phone&fields[token]=tk&fields[=x&fields[password]=p&chosen[]=a&chosen%5B%5D=b",
        );
        let form = SettingsForm::read(&form.unwrap());
        assert_eq!((&*form.what, form.fields.get("label")), ("contact", "My phone"));
        assert_eq!(form.chosen, ["a", "b"]);
        // Where it is not known what is secret, nothing is kept.
        let kept = form.without_secrets(None);
        assert_eq!(kept.fields, Fields::default());
    }
}
