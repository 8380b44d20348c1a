//! Changes that history proposes, with their evidence.

use commands::threshold::{LONGEST_REASON, ThresholdPage};
use domain::threshold::{ProposalState, ThresholdProposal};
use leptos::prelude::*;
use wording::threshold;

use super::state::{State, address};
use crate::components::time::At;

/// The proposals for the rows of the page.
#[component]
pub(super) fn OfPage(state: State) -> impl IntoView {
    let all = Memo::new(move |_| state.page.with(|page| page.proposals.clone()));
    let rows = move || {
        let page = state.page.get_untracked();
        all.get().into_iter().map(|one| row(&page, &one)).collect_view()
    };
    view! {
        <Show when=move || all.with(|all| !all.is_empty())>
            <section aria-labelledby="proposals">
                <h2 id="proposals">"Proposals"</h2>
                <ul class="proposals">{rows}</ul>
            </section>
        </Show>
    }
}

fn row(page: &ThresholdPage, one: &ThresholdProposal) -> AnyView {
    let told = threshold::proposal(one);
    let here = address(&page.subject, &page.signal);
    let state = match &one.state {
        ProposalState::Open => {
            let look = format!("{here}&proposal={}", one.number);
            let decline = page.may_change.then(|| decline(page, one.number, &here));
            view! {
                <p class="links"><a href=look rel="external">"Fill the form with it"</a></p>
                {decline}
            }
            .into_any()
        }
        ProposalState::Closed { .. } => {
            view! { <p class="quiet">"The row was changed, or proposed anew, since."</p> }
                .into_any()
        }
        ProposalState::Declined { reason, .. } => {
            view! { <p class="quiet">"Declined: " {reason.clone()}</p> }.into_any()
        }
    };
    let at = Signal::stored(one.at);
    view! { <li class="card"><p>{told}</p> <p class="quiet">"Proposed " <At at/></p> {state}</li> }
        .into_any()
}

fn decline(page: &ThresholdPage, number: u64, here: &str) -> AnyView {
    let id = format!("decline-{number}");
    view! {
        <details class="fold">
            <summary>"Decline"</summary>
            <form method="post" action=here.to_owned()>
                <input type="hidden" name="what" value="decline"/>
                <input type="hidden" name="subject" value=page.subject.as_str().to_owned()/>
                <input type="hidden" name="signal" value=page.signal.as_str().to_owned()/>
                <input type="hidden" name="proposal" value=number.to_string()/>
                <div>
                    <label for=id.clone()>"Reason (stays in the journal)"</label>
                    <input id=id name="reason" type="text" maxlength=LONGEST_REASON required/>
                </div>
                <button class="button" type="submit">"Decline"</button>
            </form>
        </details>
    }
    .into_any()
}

/// An open proposal in a card with a link to the page where it is tried, accepted or declined; `here`
/// is the address of that page.
pub(crate) fn offered(here: &str, one: &ThresholdProposal) -> AnyView {
    let href = format!("{here}&proposal={}", one.number);
    view! {
        <div class="card proposal">
            <p>"Proposal. " {threshold::proposal(one)}</p>
            <p class="links"><a href=href>"Try it, accept it or decline it"</a></p>
        </div>
    }
    .into_any()
}
