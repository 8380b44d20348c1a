//! Picture of the number of incidents in each of the last weeks.

use leptos::prelude::*;

/// Width of a week, and of the whole in pixels as all sizes here.
const STEP: usize = 20;
const HEIGHT: u32 = 48;

/// The picture; nothing where there was no incident in any week.
pub(super) fn weeks(weeks: &[u32]) -> Option<AnyView> {
    let most = weeks.iter().copied().max().filter(|most| *most > 0)?;
    let bars = weeks.iter().enumerate().map(|(place, count)| {
        // A week without an incident is a thin line.
        let height = (u64::from(*count) * u64::from(HEIGHT - 1) / u64::from(most)) as u32 + 1;
        view! { <rect class="bar" x=place * STEP + 2 y=HEIGHT - height width=STEP - 4 height=height></rect> }
    });
    let size = format!("0 0 {} {HEIGHT}", weeks.len() * STEP);
    let caption = format!(
        "Incidents per week: the last {} weeks, at most {most}. The last one ends now.",
        weeks.len()
    );
    Some(
        view! {
            <figure class="weeks">
                <svg viewBox=size role="img" aria-label=wording::history::weeks(weeks)>{bars.collect_view()}</svg>
                <figcaption class="quiet">{caption}</figcaption>
            </figure>
        }
        .into_any(),
    )
}
