//! One tap after resolving: whether the recommendation helped.

use commands::review::RatedRecommendation;
use domain::review::Rating;
use leptos::prelude::*;
use wording::review;

use super::state::{State, address};

/// The ratings on the page of the review.
#[component]
pub(super) fn OfReview(state: State) -> impl IntoView {
    let rated = Memo::new(move |_| state.page.with(|page| page.ratings.clone()));
    let (number, may_rate) = (state.number(), state.page.with_untracked(|page| page.may_rate));
    asked(number, rated, may_rate, "review")
}

/// The recommendations that can be rated, with a button for each rating. `back` says to which page a
/// press leads back.
pub(crate) fn asked(
    number: u32,
    rated: Memo<Vec<RatedRecommendation>>,
    may_rate: bool,
    back: &'static str,
) -> impl IntoView {
    let is_empty = Memo::new(move |_| rated.with(Vec::is_empty));
    let rows =
        move || rated.get().into_iter().map(|one| row(number, one, may_rate, back)).collect_view();
    view! {
        <Show when=move || !is_empty.get()>
            <section class="rating" aria-labelledby="rating">
                <h2 id="rating">"Did the recommendation help?"</h2>
                {rows}
            </section>
        </Show>
    }
}

fn row(number: u32, one: RatedRecommendation, may_rate: bool, back: &'static str) -> AnyView {
    let RatedRecommendation { place, title, rating } = one;
    if !may_rate {
        let told = rating.map_or("not rated yet", review::rating);
        return view! { <p>{title} ": " {told} ". Approvers and owners rate it."</p> }.into_any();
    }
    let button = move |one: Rating| {
        let is_chosen = rating == Some(one);
        let class = if is_chosen { "button primary" } else { "button" };
        view! {
            <button class=class type="submit" name="rating" value=one.as_str() aria-pressed=is_chosen.to_string()>{review::rating(one)}</button>
            " "
        }
    };
    view! {
        <form method="post" action=address(number)>
            <input type="hidden" name="what" value="rate"/>
            <input type="hidden" name="back" value=back/>
            <input type="hidden" name="place" value=place/>
            <p>{title}</p>
            <p class="choices">{Rating::ALL.map(button).into_iter().collect_view()}</p>
        </form>
    }
    .into_any()
}
