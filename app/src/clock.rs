//! Times on a page: exact and in UTC from the server, relative and local as soon as the browser has
//! a clock. One clock for all of them.

use domain::time::Timestamp;
use leptos::prelude::*;
use wording::humanize;

/// The one clock of the app: `None` on the server and until the page has come alive.
#[derive(Clone, Copy)]
pub(crate) struct Clock(pub RwSignal<Option<Timestamp>>);

impl Clock {
    pub(crate) fn provide() -> Self {
        let clock = Self(RwSignal::new(None));
        provide_context(clock);
        clock
    }

    pub(crate) fn get(self) -> Option<Timestamp> {
        self.0.get()
    }
}

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Year, month from 0, day, hour, minute, second; in UTC. (Civil from days, after Howard Hinnant.)
fn parts(at: Timestamp) -> (i64, usize, i64, i64, i64, i64) {
    let seconds = at.as_micros().div_euclid(1_000_000);
    let (days, rest) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let day_of_era = z.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 2 } else { shifted - 10 };
    let year = year_of_era + era * 400 + i64::from(month < 2);
    (year, usize::try_from(month).unwrap_or(0), day, rest / 3_600, rest % 3_600 / 60, rest % 60)
}

/// `22 Nov 2026, 10:00:05 UTC`.
#[cfg(any(feature = "ssr", test))]
pub(crate) fn utc(at: Timestamp) -> String {
    let (year, month, day, hour, minute, second) = parts(at);
    format!("{day} {} {year}, {hour:02}:{minute:02}:{second:02} UTC", MONTHS[month.min(11)])
}

/// `22 Nov, 10:00 UTC`.
pub(crate) fn utc_short(at: Timestamp) -> String {
    let (_, month, day, hour, minute, _) = parts(at);
    format!("{day} {}, {hour:02}:{minute:02} UTC", MONTHS[month.min(11)])
}

/// `3 s ago`, `4 min ago`, `2 d 4 h ago`.
pub(crate) fn ago(at: Timestamp, now: Timestamp) -> String {
    let seconds = now.since(at).as_secs();
    match seconds {
        0 => "just now".to_owned(),
        // Seconds do not matter any more after ten minutes.
        1..600 => format!("{} ago", humanize::seconds(seconds as f64)),
        _ => format!("{} ago", humanize::seconds((seconds / 60 * 60) as f64)),
    }
}

/// A moment, as the server writes it: exact, and in the machine's own form. The browser makes it
/// relative and local ([`localize`]).
#[cfg(feature = "ssr")]
pub(crate) fn moment(at: Timestamp) -> AnyView {
    view! { <time datetime=at.to_seconds_text() title=utc(at)>{utc_short(at)}</time> }.into_any()
}

/// A moment inside a sentence that names it by the clock: the browser makes it local, and leaves
/// out a day that goes without saying.
#[cfg(feature = "ssr")]
pub(crate) fn exact(at: Timestamp) -> AnyView {
    view! { <time data-at=at.to_seconds_text() datetime=at.to_seconds_text() title=utc(at)>{utc_short(at)}</time> }.into_any()
}

/// Hours and minutes in UTC, as the server writes them under a chart.
#[cfg(feature = "ssr")]
pub(crate) fn hour(at: Timestamp) -> String {
    let (_, _, _, hour, minute, _) = parts(at);
    format!("{hour:02}:{minute:02}")
}

/// Makes every time on the page relative, with the exact local time on hover, and the hours under
/// charts local.
#[cfg(feature = "hydrate")]
pub(crate) fn localize(now: Timestamp) {
    use js_sys::Date;
    use wasm_bindgen::{JsCast, JsValue};
    let each = |selector: &str, attribute: &str, change: &dyn Fn(&web_sys::Element, &Date)| {
        let Ok(found) = document().query_selector_all(selector) else {
            return;
        };
        for index in 0..found.length() {
            if let Some(element) =
                found.item(index).and_then(|node| node.dyn_into::<web_sys::Element>().ok())
                && let Some(text) = element.get_attribute(attribute)
            {
                change(&element, &Date::new(&JsValue::from_str(&text)));
            }
        }
    };
    let write = |element: &web_sys::Element, text: &str| {
        if element.text_content().as_deref() != Some(text) {
            element.set_text_content(Some(text));
        }
    };
    each("time:not([data-at])", "datetime", &|element, date| {
        let at = Timestamp::from_micros((date.get_time() * 1e3) as i64);
        write(element, &ago(at, now));
        if !element.has_attribute("data-local") {
            let local: String = date.to_locale_string("default", &JsValue::UNDEFINED).into();
            let _ = element.set_attribute("title", &local);
            let _ = element.set_attribute("data-local", "");
        }
    });
    each("[data-checked]", "data-checked", &|element, date| {
        let at = Timestamp::from_micros((date.get_time() * 1e3) as i64);
        write(
            element,
            &format!(
                "{}{}.",
                element.get_attribute("data-start").unwrap_or_default(),
                ago(at, now)
            ),
        );
    });
    // By which clock times of a search are meant. What stands in the address already stays.
    if let Ok(Some(input)) = document().query_selector("input[data-offset][value='']") {
        let _ = input.set_attribute("value", &(-Date::new_0().get_timezone_offset()).to_string());
        each("[data-clock]", "data-clock", &|element, _| write(element, "(your time)"));
    }
    let today = (now.as_micros() / 1_000) as f64 - 86_400_000.0;
    each("[data-at]", "data-at", &|element, date| {
        let month = MONTHS
            .get(date.get_month() as usize)
            .filter(|_| date.get_time() < today && element.tag_name() == "TIME");
        let day = month.map(|month| format!("{} {month}, ", date.get_date())).unwrap_or_default();
        write(element, &format!("{day}{:02}:{:02}", date.get_hours(), date.get_minutes()));
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        for (seconds, text) in [
            (0, "1 Jan 1970, 00:00:00 UTC"),
            (951_782_400, "29 Feb 2000, 00:00:00 UTC"),
            (1_795_341_605, "22 Nov 2026, 10:00:05 UTC"),
            (-1, "31 Dec 1969, 23:59:59 UTC"),
        ] {
            assert_eq!(utc(Timestamp::from_secs(seconds)), text);
        }
    }

    #[test]
    fn ages_grow_coarser() {
        let at = Timestamp::from_secs(1_000_000);
        let after = |seconds: i64| ago(at, Timestamp::from_secs(1_000_000 + seconds));
        assert_eq!(
            [after(0), after(3), after(250), after(3_725), after(-9)],
            ["just now", "3 s ago", "4 min 10 s ago", "1 h 2 min ago", "just now"]
        );
    }
}
