//! Safe mode: its state, its stages, and the form that begins it.

use domain::protection::{SafeMode, SafeModeStage};
use leptos::prelude::*;
use wording::protection;

use super::state::{PATH, State, by, refusal};
use crate::components::time::Ago;

/// Safe mode in force, with the next steps; nothing where it is not.
#[component]
pub(super) fn SafeModeCard(state: State) -> impl IntoView {
    let in_force = Memo::new(move |_| state.protection(|protection| protection.safe_mode.clone()));
    move || in_force.with(|one| one.as_ref().map(|one| card(state, one)))
}

fn card(state: State, one: &SafeMode) -> AnyView {
    let may = state.view.with_untracked(|view| view.may_decide);
    let incident = one.incident.map(|number| {
        view! { " For " <a href=format!("/ops/incidents/{number}")>"incident " {number.0}</a> "." }
    });
    let steps = if may {
        view! { <div class="decision">{steps(one.stage)}</div> }.into_any()
    } else {
        view! { <p class="quiet">"Approvers and owners can end it."</p> }.into_any()
    };
    view! {
        <section class="card edge-warning" aria-labelledby="safe-mode">
            <h2 id="safe-mode">"Safe mode"</h2>
            <p>"Begun by " {by(state, one.by, one.began_at)} ": " <bdi>{one.reason.clone()}</bdi> {incident}</p>
            <p>{protection::safe_mode(one)} " At this stage since " <Ago at=Signal::stored(one.stage_since)/> "."</p>
            <ul>
                <li>"Are the problems over? Look at the health page first."</li>
                <li>"What is queued? Clients that were refused try again when you go on, and batch jobs start together."</li>
                <li>"After a step, watch the signals for a few minutes. Where a threshold names safe mode and automatic measures are not suspended, Calm Ops goes back to read-only if its problem returns."</li>
            </ul>
            {refusal(state.refused("stage").or_else(|| state.refused("end")))}
            {steps}
        </section>
    }
    .into_any()
}

/// The steps from a stage, the safer one first.
fn steps(stage: SafeModeStage) -> AnyView {
    let to = |name: &'static str, word: &'static str, class: &'static str| {
        view! {
            <form method="post" action=PATH>
                <input type="hidden" name="what" value="stage"/>
                <input type="hidden" name="stage" value=name/>
                <button class=class type="submit">{word}</button>
            </form>
        }
        .into_any()
    };
    let end = |class: &'static str| {
        view! {
            <form method="post" action=PATH>
                <input type="hidden" name="what" value="end"/>
                <button class=class type="submit">"End safe mode"</button>
            </form>
        }
        .into_any()
    };
    match stage {
        SafeModeStage::ReadOnly => vec![
            to("interactive", "Let interactive requests pass again", "button primary"),
            end("button"),
        ],
        SafeModeStage::Interactive => {
            vec![end("button primary"), to("read_only", "Go back to read-only", "button")]
        }
    }
    .into_any()
}

/// The form that begins safe mode; nothing while it is in force.
#[component]
pub(super) fn Begin(state: State) -> impl IntoView {
    let is_in_force =
        Memo::new(move |_| state.protection(|protection| protection.safe_mode.is_some()));
    let may = state.view.with_untracked(|view| view.may_decide);
    let by_itself = state.view.with_untracked(|view| view.bounds.begins_safe_mode);
    let who = if by_itself {
        "A person begins it, or Calm Ops where a threshold says so. Only a person ends it."
    } else {
        "Only a person begins and ends it."
    };
    move || {
        (!is_in_force.get()).then(|| {
            let refused = state.refused("begin");
            let is_open = refused.is_some();
            let typed = refused.as_ref().map(|one| one.reason.clone()).unwrap_or_default();
            let form = may.then(|| {
                view! {
                    <details class="fold" open=is_open>
                        <summary>"Begin safe mode"</summary>
                        {refusal(refused)}
                        <p>"At the gate, only reads and requests of critical classes pass from then on; everything else gets a short page that says so. Nothing that is stored is changed."</p>
                        <form method="post" action=PATH>
                            <input type="hidden" name="what" value="begin"/>
                            <div>
                                <label for="safe-mode-reason">"Reason (stays in the journal)"</label>
                                <input id="safe-mode-reason" name="reason" type="text" maxlength="300" required value=typed/>
                            </div>
                            <button class="button" type="submit">"Begin safe mode"</button>
                        </form>
                    </details>
                }
            });
            view! {
                <section aria-labelledby="begin-safe-mode">
                    <h2 id="begin-safe-mode">"Safe mode"</h2>
                    <p>"Safe mode pauses everything that is not critical. " {who}</p>
                    {form}
                </section>
            }
        })
    }
}
