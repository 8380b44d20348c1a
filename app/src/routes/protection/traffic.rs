//! Traffic of the organizations that send most, from the readings that the stream keeps in step.

use std::collections::BTreeMap;

use domain::{reading::Reading, subject::Subject};
use leptos::prelude::*;
use wording::protection::rate;

use crate::{
    state::{OpsStore, OpsStoreFields},
    status::organization_href,
};

/// The most organizations that are listed.
const MOST: usize = 20;

/// The present rates of one organization, in requests per second.
#[derive(Clone, Debug, Default, PartialEq)]
struct Rates {
    interactive: f64,
    batch: f64,
    refused: f64,
    paused: f64,
    above: f64,
}

impl Rates {
    fn sent(&self) -> f64 {
        self.interactive + self.batch
    }
}

/// Those that send most, the largest first.
fn largest<'a>(readings: impl Iterator<Item = &'a Reading>) -> Vec<(Subject, Rates)> {
    let mut all: BTreeMap<&Subject, Rates> = BTreeMap::new();
    for reading in readings.filter(|one| one.subject.kind() == "organization") {
        let rates = all.entry(&reading.subject).or_default();
        match reading.signal.as_str() {
            "organization.interactive" => rates.interactive = reading.value,
            "organization.batch" => rates.batch = reading.value,
            "organization.refused" => rates.refused = reading.value,
            "organization.paused" => rates.paused = reading.value,
            "organization.would_be_refused" => rates.above = reading.value,
            _ => {}
        }
    }
    let mut all: Vec<(Subject, Rates)> =
        all.into_iter().map(|(subject, rates)| (subject.clone(), rates)).collect();
    all.sort_by(|(_, one), (_, other)| other.sent().total_cmp(&one.sent()));
    all.truncate(MOST);
    all
}

/// The table.
#[component]
pub(super) fn Traffic() -> impl IntoView {
    let ops = expect_context::<OpsStore>();
    let rows = Memo::new(move |_| {
        ops.checked_at().track();
        ops.with_untracked(|ops| largest(ops.rows.iter().map(|row| &row.reading)))
    });
    let cell = |value: f64| if value > 0.0 { rate(value) } else { "-".to_owned() };
    let row = move |(subject, rates): &(Subject, Rates)| {
        let href = organization_href(subject);
        view! {
            <tr>
                <th scope="row"><a href=href><bdi>{subject.name().to_owned()}</bdi></a></th>
                <td data-label="Interactive">{cell(rates.interactive)}</td>
                <td data-label="Batch">{cell(rates.batch)}</td>
                <td data-label="Refused">{cell(rates.refused)}</td>
                <td data-label="Paused">{cell(rates.paused)}</td>
                <td data-label="Passed above a limit">{cell(rates.above)}</td>
            </tr>
        }
    };
    let content = move || {
        rows.with(|rows| {
            if rows.is_empty() {
                return view! { <p class="empty">"No organization has sent a request in the last minutes."</p> }
                    .into_any();
            }
            view! {
                <div class="scrolled">
                    <table class="traffic">
                        <thead>
                            <tr>
                                <th scope="col">"Organization"</th>
                                <th scope="col">"Interactive"</th>
                                <th scope="col">"Batch"</th>
                                <th scope="col">"Refused"</th>
                                <th scope="col">"Paused"</th>
                                <th scope="col">"Passed above a limit"</th>
                            </tr>
                        </thead>
                        <tbody>{rows.iter().map(row).collect_view()}</tbody>
                    </table>
                </div>
            }
            .into_any()
        })
    };
    view! {
        <section aria-labelledby="traffic">
            <h2 id="traffic">"Traffic of organizations"</h2>
            {content}
        </section>
    }
}
