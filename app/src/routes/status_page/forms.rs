//! The forms: a new notice, an update, a withdrawal. What is to be published can be looked at first,
//! exactly as it will be shown.

use commands::status_page::LONGEST_TITLE;
use domain::{
    input::LONGEST_TEXT,
    status_page::{Notice, NoticeState},
};
use leptos::prelude::*;
use wording::status_page::notice_state;

use super::state::{PATH, SentOutcome, SentStatus, StatusView};
use crate::{components::form::field_text, problem::SIGN_IN};

/// The reason for which a form was refused, and what to do.
pub(super) fn said(sent: Option<&SentStatus>) -> Option<AnyView> {
    let SentOutcome::Refused(problem) = &sent?.outcome else { return None };
    let link = problem.asks_for_sign_in().then(|| {
        view! { " " <a href=format!("{SIGN_IN}{PATH}") rel="external">"Sign in"</a> }
    });
    let sentence = problem.sentence.clone();
    Some(view! { <p class="said refused" role="status">{sentence} {link}</p> }.into_any())
}

/// The form of a new notice.
pub(super) fn begin(view: &StatusView) -> AnyView {
    if !view.page.may_publish {
        return view! { <p class="quiet">"Approvers and owners publish here."</p> }.into_any();
    }
    let sent = view.sent.as_ref().filter(|sent| sent.what == "notice");
    let is_open = sent.is_some() || view.incident.is_some() || view.page.page.current().is_empty();
    let title = sent.map(|sent| sent.title.clone()).unwrap_or_default();
    let incident = view.incident.map(|number| {
        view! {
            <input type="hidden" name="incident" value=number/>
            <p class="quiet">"For " <a href=format!("/ops/incidents/{number}")>"incident " {number}</a> ". The public does not see this."</p>
        }
    });
    view! {
        <details class="fold" open=is_open>
            <summary>"New notice"</summary>
            {preview(sent, None)}
            <form method="post" action=PATH>
                <input type="hidden" name="what" value="notice"/>
                {incident}
                <div>
                    <label for="title">"Title"</label>
                    <input id="title" name="title" type="text" maxlength=LONGEST_TITLE required value=title/>
                </div>
                {state_field("state", chosen(sent, NoticeState::Investigating))}
                {text_field("text", sent)}
                {buttons()}
            </form>
        </details>
    }
    .into_any()
}

/// The form of an update.
pub(super) fn follow(view: &StatusView, notice: &Notice) -> Option<AnyView> {
    let number = notice.number;
    let sent = view.sent.as_ref().filter(|sent| sent.is("update", number));
    let (state, text) = (format!("state-{number}"), format!("text-{number}"));
    view.page.may_publish.then(|| {
        view! {
            <details class="fold" open=sent.is_some()>
                <summary>"Publish an update"</summary>
                {preview(sent, Some(notice))}
                <form method="post" action=PATH>
                    <input type="hidden" name="what" value="update"/>
                    <input type="hidden" name="notice" value=number/>
                    {state_field(&state, chosen(sent, notice.last().state))}
                    {text_field(&text, sent)}
                    {buttons()}
                </form>
            </details>
        }
        .into_any()
    })
}

/// The form that withdraws a whole notice.
pub(super) fn withdraw(view: &StatusView, notice: &Notice) -> Option<AnyView> {
    withdrawal(view, notice, notice.number, "Withdraw this notice")
}

/// The form that withdraws one update.
pub(super) fn withdraw_update(view: &StatusView, notice: &Notice, update: u64) -> Option<AnyView> {
    withdrawal(view, notice, update, "Withdraw this update")
}

fn withdrawal(
    view: &StatusView,
    notice: &Notice,
    update: u64,
    word: &'static str,
) -> Option<AnyView> {
    let sent = view
        .sent
        .as_ref()
        .filter(|sent| sent.is("withdraw", notice.number) && sent.update.parse() == Ok(update));
    let reason = sent.map(|sent| sent.reason.clone()).unwrap_or_default();
    let id = format!("reason-{update}");
    view.page.may_publish.then(|| {
        view! {
            <details class="fold" open=sent.is_some()>
                <summary>{word}</summary>
                <p>"The status page then shows nothing of it. The journal keeps it."</p>
                <form method="post" action=PATH>
                    <input type="hidden" name="what" value="withdraw"/>
                    <input type="hidden" name="notice" value=notice.number/>
                    <input type="hidden" name="update" value=update/>
                    <div>
                        <label for=id.clone()>"Reason (not public)"</label>
                        <input id=id name="reason" type="text" maxlength="300" required value=reason/>
                    </div>
                    <button class="button" type="submit">{word}</button>
                </form>
            </details>
        }
        .into_any()
    })
}

/// The text that was typed, exactly as it will be shown.
fn preview(sent: Option<&SentStatus>, notice: Option<&Notice>) -> Option<AnyView> {
    let sent = sent.filter(|sent| sent.is_preview())?;
    let title = notice.map_or_else(|| sent.title.clone(), |notice| notice.title.clone());
    let state = sent.chosen().map(notice_state);
    Some(
        view! {
            <section class="card" aria-label="Preview">
                <p class="quiet" role="status">"Preview. Nothing is published yet."</p>
                <h3><bdi>{title}</bdi></h3>
                <p class="quiet">{state}</p>
                <p class="published">{sent.text.clone()}</p>
            </section>
        }
        .into_any(),
    )
}

fn chosen(sent: Option<&SentStatus>, otherwise: NoticeState) -> NoticeState {
    sent.and_then(SentStatus::chosen).unwrap_or(otherwise)
}

fn state_field(id: &str, chosen: NoticeState) -> AnyView {
    let options = NoticeState::ALL.map(|state| {
        view! { <option value=state.as_str() selected=state == chosen>{notice_state(state)}</option> }
    });
    let id = id.to_owned();
    view! {
        <div>
            <label for=id.clone()>"State"</label>
            <select id=id name="state">{options.into_iter().collect_view()}</select>
        </div>
    }
    .into_any()
}

fn text_field(id: &str, sent: Option<&SentStatus>) -> AnyView {
    let (id, text) = (id.to_owned(), sent.map(|sent| sent.text.clone()).unwrap_or_default());
    view! {
        <div>
            <label for=id.clone()>"Text (plain, shown with its lines)"</label>
            <textarea id=id name="text" rows="5" maxlength=LONGEST_TEXT required>{field_text(&text)}</textarea>
        </div>
    }
    .into_any()
}

fn buttons() -> AnyView {
    view! {
        <div class="buttons">
            <button class="button primary" type="submit" name="step" value="publish">"Publish"</button>
            <button class="button" type="submit" name="step" value="preview">"Preview"</button>
        </div>
    }
    .into_any()
}
