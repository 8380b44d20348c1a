//! A row: a reading beside its threshold, with the last hour as a sparkline. It leads to its signal.

use domain::{reading::Reading, time::Timestamp};
use leptos::prelude::*;
use wording::humanize;

use super::group::is_collector;
use crate::{
    components::{
        badge::{Badge, reading_words},
        sparkline::Sparkline,
        time::Ago,
    },
    state::{CourseLine, OpsStore, OpsStoreFields, RowStoreFields, row},
    status,
};

/// The signal's name; a collector's signal stands among those of the others, and names its own.
fn label(reading: &Reading) -> String {
    let label = humanize::label(&reading.signal);
    if is_collector(&reading.subject) {
        let name = domain::text::isolated(reading.subject.name());
        format!("{name}: {}", label.to_lowercase())
    } else {
        label
    }
}

/// The reading of a row. What has just gone is shown as it was until its row is taken away, and what
/// nobody sees is not followed.
fn reading_of(ops: OpsStore, key: String, is_seen: Signal<bool>) -> Memo<Option<Reading>> {
    let reading = row(ops, key).reading();
    Memo::new(move |before: Option<&Option<Reading>>| match before {
        Some(before) if !is_seen.get() => before.clone(),
        _ => {
            // Whether it is seen is followed from the first time on.
            is_seen.track();
            reading.try_get().or_else(|| before.cloned().flatten())
        }
    })
}

/// The value that stands for a subject in one line, with what it is.
#[component]
pub(super) fn Telling(key: String) -> impl IntoView {
    let reading = reading_of(expect_context::<OpsStore>(), key, Signal::stored(true));
    let of = move |tell: fn(&Reading) -> String| {
        move || reading.with(|reading| reading.as_ref().map(tell).unwrap_or_default())
    };
    let is_old = move || {
        reading.with(|reading| reading.as_ref().is_none_or(|one| one.stale_since.is_some()))
    };
    view! {
        <span class="telling" class:old=is_old>
            <span class="what">{of(label)}</span>
            " "
            <b>{of(|reading| humanize::value(reading.value, &reading.unit))}</b>
        </span>
    }
}

/// A row, which stays as it is while it can't be seen.
#[component]
pub(super) fn Row(key: String, is_seen: Signal<bool>) -> impl IntoView {
    let ops = expect_context::<OpsStore>();
    let course = row(ops, key.clone()).course();
    let reading = reading_of(ops, key.clone(), is_seen);
    let of = move |tell: fn(&Reading) -> String| {
        move || reading.with(|reading| reading.as_ref().map(tell).unwrap_or_default())
    };
    let href = reading.with_untracked(|reading| {
        reading.as_ref().map(|one| status::signal_href(&one.subject, &one.signal))
    });
    let badge = Memo::new(move |_| reading.with(|one| reading_words(one.as_ref())));
    let is_plain = Memo::new(move |_| badge.get().0 == "shown");
    let stale_since = Memo::new(move |_| reading.with(|one| one.as_ref()?.stale_since));
    let picture = Memo::new(move |before: Option<&Option<(CourseLine, Reading, Timestamp)>>| {
        if let (Some(before), false) = (before, is_seen.get()) {
            return before.clone();
        }
        is_seen.track();
        // Where there is no data, time goes on and the line does not.
        if stale_since.get().is_some() {
            ops.checked_at().track();
        }
        let course = course.try_get()?;
        let reading = reading.get_untracked()?;
        Some((course, reading, ops.checked_at().get_untracked()))
    });
    let note = move || match stale_since.get() {
        // What it comes to and what is usual says little of a value that is old.
        Some(at) => {
            view! { <span class="heard">"last reading " <Ago at=Signal::stored(at)/></span> }
                .into_any()
        }
        None => view! { <span class="note">{of(status::note)}</span> }.into_any(),
    };
    let pictured = move || !is_plain.get();
    view! {
        <li
            class=move || format!("row is-{}", badge.get().0)
            class:stale=move || stale_since.get().is_some()
            data-row=key
        >
            <a class="label" href=href>{of(label)}</a>
            <span class="value">{of(|reading| humanize::value(reading.value, &reading.unit))}</span>
            {note}
            <Show when=pictured><Sparkline of=picture/></Show>
            <Show when=pictured><Badge of=badge/></Show>
        </li>
    }
}

#[cfg(test)]
mod tests {
    use domain::reading::Status;

    use super::*;
    use crate::routes::health::group::tests::reading;

    fn html(one: &Reading) -> String {
        let owner = Owner::new();
        owner.with(|| {
            let (key, reading) = (status::row_key(&one.subject, &one.signal), one.clone());
            let course = vec![(one.at, one.value)];
            let rows = vec![crate::state::Row { key: key.clone(), reading, course }];
            provide_context(OpsStore::new(crate::state::Ops { rows, ..Default::default() }));
            view! { <Row key is_seen=Signal::stored(false)/> }.to_html()
        })
    }

    #[test]
    fn an_old_value_says_when_it_was_heard_and_not_what_it_comes_to() {
        let mut one = reading("service:imports", "queue.depth", Status::Critical);
        let young = html(&one);
        assert!(
            young.contains("usually 61%")
                && !young.contains("last reading")
                && !young.contains("stale"),
            "{young}"
        );
        one.stale_since = Some(Timestamp::from_secs(1_795_341_600));
        let old = html(&one);
        assert!(
            old.contains("last reading ")
                && old.contains("<time datetime=\"2026-11-22T10:00:00Z\"")
                && old.contains("row is-critical stale"),
            "{old}"
        );
        assert!(!old.contains("usually"), "{old}");
    }

    #[test]
    fn a_row_leads_to_its_signal() {
        let html = html(&reading("disk:/var@web-1", "disk.used", Status::Healthy));
        let href = "href=\"/ops/signals/disk.used?subject=disk%3A%2Fvar%40web-1\"";
        assert!(html.contains(href), "{html}");
    }

    #[test]
    fn what_nobody_sees_is_not_followed_until_somebody_does() {
        let owner = Owner::new();
        owner.with(|| {
            let one = reading("service:imports", "queue.depth", Status::Healthy);
            let key = status::row_key(&one.subject, &one.signal);
            let rows =
                vec![crate::state::Row { key: key.clone(), reading: one, course: Vec::new() }];
            let ops = OpsStore::new(crate::state::Ops { rows, ..Default::default() });
            let is_seen = RwSignal::new(false);
            let followed = reading_of(ops, key.clone(), is_seen.into());
            let value = || followed.get_untracked().map(|one| one.value);
            let set = |value: f64| {
                row(ops, key.clone()).reading().update(|reading| reading.value = value);
            };
            assert_eq!(value(), Some(93.0), "it is rendered once");
            set(1.0);
            let _ = value();
            set(2.0);
            assert_eq!(value(), Some(93.0));
            is_seen.set(true);
            assert_eq!(value(), Some(2.0));
            set(3.0);
            assert_eq!(value(), Some(3.0));
        });
    }
}
