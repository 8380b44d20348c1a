//! The chart as a figure: the picture, and what a pointer or the keyboard does to it.

use domain::time::Timestamp;
use leptos::{ev, prelude::*, web_sys};

use super::{
    Chart,
    geometry::{self, BOTTOM, ROW, WIDTH},
    pointer::{Input, Key, Pointer, nearest},
    ticks,
};
use crate::clock::{self, Clock};

/// A place on the width.
fn across(percent: f32) -> String {
    format!("{percent}%")
}

/// Distance of the plot from the upper edge, where the names of moments stand.
fn top(chart: &Chart) -> f32 {
    let named = chart.marks.iter().filter(|mark| !mark.name.is_empty());
    ROW * named.map(|mark| mark.row + 1).max().unwrap_or(0) as f32 + 4.0
}

/// The picture with its caption.
#[component]
pub(crate) fn ChartFigure(#[prop(into)] chart: Signal<Chart>) -> impl IntoView {
    let clock = use_context().unwrap_or_else(Clock::provide);
    let is_empty =
        Memo::new(move |_| chart.with(|chart| chart.lines.is_empty() && chart.dots.is_empty()));
    let caption = move || chart.with(caption);
    move || {
        if is_empty.get() {
            let sentence = move || chart.with(|chart| chart.description.clone());
            view! { <figure class="chart">{caption} <p class="quiet">{sentence}</p></figure> }
                .into_any()
        } else {
            full(chart, clock).into_any()
        }
    }
}

/// The title, as a link to the signal's page where the chart stands on another one.
fn caption(chart: &Chart) -> AnyView {
    let title = format!("{} of {}", chart.label, chart.subject);
    if chart.is_small {
        let address = chart.address.clone();
        view! { <figcaption><a href=address>{title}</a></figcaption> }.into_any()
    } else {
        view! { <figcaption class="away">{title}</figcaption> }.into_any()
    }
}

/// The way to another address.
#[cfg(feature = "hydrate")]
fn navigator() -> impl Fn(&str) + Clone + 'static {
    let navigate = leptos_router::hooks::use_navigate();
    move |address| navigate(address, Default::default())
}

/// Nowhere: a page on the server does not move.
#[cfg(not(feature = "hydrate"))]
fn navigator() -> impl Fn(&str) + Clone + 'static {
    |_: &str| {}
}

/// The address of a part of a chart's span.
fn zoomed(chart: &Chart, (one, other): (f64, f64)) -> String {
    let (from, to) = ticks::part(chart.span, one, other);
    let (from, to) = (from.to_seconds_text(), to.to_seconds_text());
    format!("{}&from={from}&to={to}", chart.address)
}

/// Place of a pointer on an element, as a part of its width.
fn place_of(event: &web_sys::PointerEvent) -> f64 {
    let width = event_target::<web_sys::Element>(event).client_width();
    f64::from(event.offset_x()) / f64::from(width.max(1))
}

/// A moment as the reader's clock shows it, once the page is alive.
fn moment(at: Timestamp, is_alive: bool) -> String {
    if is_alive { clock::local(at) } else { clock::utc(at) }
}

/// Words for a place: the nearest value, or that there is none.
fn told(chart: &Chart, at: f64, is_alive: bool) -> String {
    let percent = at * 100.0;
    let is_in = |gap: &&super::Gap| {
        let (begin, end) = (f64::from(gap.x), f64::from(gap.x + gap.width));
        percent > begin && percent < end
    };
    let places: Vec<f64> = chart.samples.iter().map(|one| f64::from(one.x)).collect();
    let nearest = nearest(&places, percent).and_then(|place| chart.samples.get(place));
    // A chosen value is told although a gap may begin at it.
    let nearest = nearest.filter(|one| {
        (f64::from(one.x) - percent).abs() < 0.05 || !chart.gaps.iter().any(|gap| is_in(&gap))
    });
    match nearest {
        Some(one) => format!("{}: {}", moment(one.at, is_alive), one.text),
        None => {
            let (from, to) = chart.span;
            let micros = (to.since(from).as_micros() as f64 * at) as u64;
            let at = from.plus(domain::time::Span::from_micros(micros));
            format!("{}: no data", moment(at, is_alive))
        }
    }
}

fn full(chart: Signal<Chart>, clock: Clock) -> impl IntoView {
    // What is drawn may go before the picture does, such as while one zooms.
    let chart: Signal<Chart> = Memo::new(move |before: Option<&Chart>| {
        chart.try_get().or_else(|| before.cloned()).unwrap_or_default()
    })
    .into();
    // After the page has come alive, so that at first it is what the server made.
    let is_alive = RwSignal::new(false);
    Effect::new(move |_| {
        if clock.is_alive() {
            is_alive.set(true);
        }
    });
    let pointer = RwSignal::new(Pointer::default());
    let navigate = navigator();
    let act = move |input: Input| {
        // Pointers also leave a picture that has just gone.
        let zoom = chart.try_with_untracked(|chart| {
            let before = pointer.try_get_untracked()?;
            let places: Vec<f64> =
                chart.samples.iter().map(|one| f64::from(one.x) / 100.0).collect();
            let (next, zoom) = before.after(input, &places);
            if before != next {
                pointer.set(next);
            }
            zoom.map(|zoom| zoomed(chart, zoom))
        });
        if let Some(address) = zoom.flatten() {
            navigate(&address);
        }
    };
    let top = Memo::new(move |_| chart.with(top));
    let plot = Memo::new(move |_| chart.with(|chart| chart.height));
    let height = move || top.get() + plot.get() + BOTTOM;
    let readout = move || {
        chart.with(|chart| match pointer.get().at {
            Some(at) => told(chart, at, is_alive.get()),
            None => chart.summary.clone(),
        })
    };
    view! {
        <figure class="chart" class:large=move || chart.with(|chart| !chart.is_small)>
            {move || chart.with(caption)}
            <p class="readout" aria-hidden="true">{readout}</p>
            <div class="plot">
                <svg width="100%" height=height role="img" aria-label=move || chart.with(|chart| chart.description.clone())>
                    {move || chart.with(|chart| below(chart, top.get()))}
                    <svg x="0" y=move || top.get() width="100%" height=move || plot.get() viewBox=move || format!("0 0 {WIDTH} {}", plot.get()) preserveAspectRatio="none">
                        {move || chart.with(shapes)}
                    </svg>
                    {move || chart.with(|chart| above(chart, top.get()))}
                    {move || axis(chart.with(|chart| chart.span), top.get() + plot.get(), is_alive.get())}
                    {chosen(chart, pointer, top)}
                </svg>
                {control(chart, pointer, is_alive, act)}
            </div>
            {legend(chart, is_alive)}
        </figure>
    }
}

/// Parts under the line: gaps, the grid, levels and moments.
fn below(chart: &Chart, top: f32) -> AnyView {
    let gaps = chart.gaps.iter().map(|gap| {
        view! { <rect class="gap" x=across(gap.x) width=across(gap.width) y=top height=chart.height></rect> }
    });
    let grid = chart.values.iter().map(
        |(y, _)| view! { <line class="grid" x1="0" x2="100%" y1=top + *y y2=top + *y></line> },
    );
    let levels = chart.levels.iter().map(|(y, class, _)| {
        view! { <line class=format!("level {class}") x1="0" x2="100%" y1=top + *y y2=top + *y></line> }
    });
    let moments = chart.marks.iter().map(|mark| {
        let y = if mark.name.is_empty() { top } else { ROW * mark.row as f32 + 2.0 };
        view! { <line class=mark.class x1=across(mark.x) x2=across(mark.x) y1=y y2=top + chart.height></line> }
    });
    view! { {gaps.collect_view()} {grid.collect_view()} {levels.collect_view()} {moments.collect_view()} }
        .into_any()
}

/// Lines and bands, in the box that is stretched.
fn shapes(chart: &Chart) -> AnyView {
    let bands = chart
        .bands
        .iter()
        .map(|points| view! { <polygon class="band" points=points.clone()></polygon> });
    let usual = chart
        .usual
        .iter()
        .map(|points| view! { <polygon class="usual" points=points.clone()></polygon> });
    let line = |class: &'static str| move |points: &String| view! { <polyline class=class points=points.clone()></polyline> };
    view! {
        {usual.collect_view()}
        {bands.collect_view()}
        {chart.before.iter().map(line("before")).collect_view()}
        {chart.lines.iter().map(line("course")).collect_view()}
    }
    .into_any()
}

/// Parts on the line: single values, incidents, and all that is written but the times.
fn above(chart: &Chart, top: f32) -> AnyView {
    let dots = chart
        .dots
        .iter()
        .map(|&(x, y)| view! { <circle class="dot" cx=across(x) cy=top + y r="2.5"></circle> });
    let strips = chart.strips.iter().map(|strip| {
        view! { <rect class=format!("strip {}", strip.class) x=across(strip.x) width=across(strip.width) y=top + chart.height - 5.0 height="5"></rect> }
    });
    let values = chart.values.iter().map(
        |(y, label)| view! { <text class="axis" x="2" y=top + *y - 3.0>{label.clone()}</text> },
    );
    let places = geometry::level_labels(&chart.levels, chart.height);
    let labels = chart.levels.iter().zip(places).map(|((_, class, label), y)| {
        view! { <text class=format!("level-label {class}") text-anchor="end" x="100%" dx="-2" y=top + y>{label.clone()}</text> }
    });
    let gaps = chart.gaps.iter().filter(|gap| !gap.name.is_empty()).map(|gap| {
        view! { <text class="gap-label" text-anchor="middle" x=across(gap.x + gap.width / 2.0) y=top + chart.height / 2.0>{gap.name.clone()}</text> }
    });
    let names = chart.marks.iter().filter(|mark| !mark.name.is_empty()).map(|mark| {
        let (anchor, aside) = if mark.before { ("end", "-4") } else { ("start", "4") };
        view! { <text class="moment-label" text-anchor=anchor x=across(mark.x) dx=aside y=ROW * mark.row as f32 + 12.0>{mark.name.clone()}</text> }
    });
    view! {
        {dots.collect_view()}
        {strips.collect_view()}
        {values.collect_view()}
        {labels.collect_view()}
        {gaps.collect_view()}
        {names.collect_view()}
    }
    .into_any()
}

/// The time axis: in UTC at first, by the reader's clock as soon as the page is alive.
fn axis((from, to): (Timestamp, Timestamp), bottom: f32, is_alive: bool) -> AnyView {
    let east = |at| if is_alive { clock::east_of_utc(at) } else { 0 };
    let total = to.since(from).as_micros().max(1) as f64;
    let ticks = ticks::ticks(from, to, east).into_iter().map(|tick| {
        let x = (tick.at.since(from).as_micros() as f64 / total * 1_000.0).round() as f32 / 10.0;
        let anchor = match x {
            0.0..10.0 => "start",
            10.0..90.0 => "middle",
            _ => "end",
        };
        view! {
            <line class="tick" x1=across(x) x2=across(x) y1=bottom y2=bottom + 4.0></line>
            <text class="axis" text-anchor=anchor x=across(x) y=bottom + 16.0>{tick.label}</text>
        }
    });
    view! {
        <line class="base" x1="0" x2="100%" y1=bottom y2=bottom></line>
        {ticks.collect_view()}
    }
    .into_any()
}

/// The hairline through what is chosen, and the selection. They always stand there and are hidden.
fn chosen(chart: Signal<Chart>, pointer: RwSignal<Pointer>, top: Memo<f32>) -> AnyView {
    let sample = Memo::new(move |_| {
        let at = pointer.get().at? * 100.0;
        chart.with(|chart| {
            let places: Vec<f64> = chart.samples.iter().map(|one| f64::from(one.x)).collect();
            let place = nearest(&places, at)?;
            chart.samples.get(place).map(|one| (one.x, one.y))
        })
    });
    let at = move || pointer.get().at.map_or(0.0, |at| (at * 100.0) as f32);
    let height = move || chart.with(|chart| chart.height);
    let selection = Memo::new(move |_| pointer.get().selection().filter(|(from, to)| to > from));
    let begin = move || selection.get().map_or(0.0, |(from, _)| (from * 100.0) as f32);
    let width = move || selection.get().map_or(0.0, |(from, to)| ((to - from) * 100.0) as f32);
    view! {
        <rect class="selection" class:unseen=move || selection.get().is_none() x=move || across(begin()) width=move || across(width()) y=move || top.get() height=height></rect>
        <line class="hairline" class:unseen=move || pointer.get().at.is_none() x1=move || across(at()) x2=move || across(at()) y1=move || top.get() y2=move || top.get() + height()></line>
        <circle class="chosen" class:unseen=move || sample.get().is_none() cx=move || across(sample.get().map_or(0.0, |one| one.0)) cy=move || top.get() + sample.get().map_or(0.0, |one| one.1) r="4"></circle>
    }
    .into_any()
}

/// Takes the pointer and the keys. Without Wasm it is not there.
fn control(
    chart: Signal<Chart>,
    pointer: RwSignal<Pointer>,
    is_alive: RwSignal<bool>,
    act: impl Fn(Input) + Clone + 'static,
) -> AnyView {
    let count = move || chart.with(|chart| chart.samples.len());
    let place = Memo::new(move |_| {
        chart.with(|chart| {
            let places: Vec<f64> = chart.samples.iter().map(|one| f64::from(one.x)).collect();
            let at = pointer.get().at.map_or(100.0, |at| at * 100.0);
            nearest(&places, at).unwrap_or_default()
        })
    });
    let told =
        move || chart.with(|chart| told(chart, pointer.get().at.unwrap_or(1.0), is_alive.get()));
    let label =
        move || chart.with(|chart| format!("Values of {} of {}", chart.label, chart.subject));
    let (press, release, leave, key) = (act.clone(), act.clone(), act.clone(), act.clone());
    let (blur, cancel) = (act.clone(), act.clone());
    let pressed = move |event: ev::PointerEvent| {
        let at = place_of(&event);
        // A finger chooses; a mouse or pen selects as well.
        if event.pointer_type() == "touch" {
            press(Input::Point(at));
        } else if event.button() == 0 {
            let _ =
                event_target::<web_sys::Element>(&event).set_pointer_capture(event.pointer_id());
            press(Input::Press(at));
        }
    };
    let left = move |event: ev::PointerEvent| {
        if event.pointer_type() != "touch" {
            leave(Input::Leave);
        }
    };
    let typed = move |event: ev::KeyboardEvent| {
        if event.alt_key() || event.ctrl_key() || event.meta_key() {
            return;
        }
        if let Some(known) = Key::of(&event.key()) {
            event.prevent_default();
            key(Input::Typed(known, event.shift_key()));
        }
    };
    view! {
        <div
            class="pointer"
            role="slider"
            tabindex="0"
            hidden=move || !is_alive.get()
            aria-label=label
            aria-orientation="horizontal"
            aria-valuemin="0"
            aria-valuemax=move || count().saturating_sub(1)
            aria-valuenow=move || place.get()
            aria-valuetext=told
            on:pointermove=move |event: ev::PointerEvent| act(Input::Point(place_of(&event)))
            on:pointerdown=pressed
            on:pointerup=move |_| release(Input::Release)
            on:pointerleave=left
            on:pointercancel=move |_| cancel(Input::Leave)
            on:blur=move |_| blur(Input::Leave)
            on:keydown=typed
        ></div>
    }
    .into_any()
}

/// Names of the lines and colours, where the chart stands alone.
fn legend(chart: Signal<Chart>, is_alive: RwSignal<bool>) -> AnyView {
    let entries = Memo::new(move |_| {
        chart.with(|chart| {
            let all = [
                (!chart.is_small, "course", "mean"),
                (!chart.is_small && !chart.bands.is_empty(), "band", "lowest to highest"),
                (!chart.usual.is_empty(), "usual", "usual range"),
                (!chart.before.is_empty(), "before", "a week before"),
                (!chart.strips.is_empty(), "strip", "incident"),
                (!chart.is_small && !chart.gaps.is_empty(), "gap", "no data"),
            ];
            let shown = all.into_iter().filter(|(is_shown, ..)| *is_shown);
            shown.map(|(_, class, name)| (class, name)).collect::<Vec<_>>()
        })
    });
    let is_small = Memo::new(move |_| chart.with(|chart| chart.is_small));
    view! {
        <ul class="legend" hidden=move || is_small.get()>
            <For each=move || entries.get() key=|entry| entry.0 let:entry>
                <li><i class=format!("swatch {}", entry.0) aria-hidden="true"></i>{entry.1}</li>
            </For>
            <li class="hint" hidden=move || !is_alive.get()>"Drag to zoom. Arrow keys go from value to value."</li>
        </ul>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use commands::view::{Series, SeriesPoint};

    use super::*;

    fn chart() -> Chart {
        let at = |second: i64| Timestamp::from_secs(1_795_341_600 + second);
        let point = |second: i64| SeriesPoint {
            at: at(second),
            until: at(second + 15),
            min: 1.0,
            mean: 2.0,
            max: 3.0,
        };
        let series = Series {
            subject: "service:a&b".parse().unwrap(),
            signal: "queue.depth".parse().unwrap(),
            unit: "jobs".parse().unwrap(),
            warning: Some(2.5),
            critical: None,
            points: [0, 10, 20, 100, 110].map(point).to_vec(),
        };
        geometry::build(&series, &[(at(10), "opened")], None)
    }

    #[test]
    fn the_picture_is_complete_without_script() {
        let owner = Owner::new();
        let html = owner.with(|| view! { <ChartFigure chart=Signal::stored(chart())/> }.to_html());
        for part in
            ["class=\"course\"", "class=\"band\"", "level warning", "opened", "no data", "10:01"]
        {
            assert!(html.contains(part), "{part}: {html}");
        }
        assert!(
            html.contains("<a href=\"/ops/signals/queue.depth?subject=service%3Aa%26b\""),
            "{html}"
        );
        assert!(html.contains("role=\"slider\" tabindex=\"0\" hidden"), "{html}");
        assert!(!html.contains(" style="), "{html}");
    }

    #[test]
    fn a_place_tells_the_nearest_value_and_a_gap_that_there_is_none() {
        let chart = chart();
        assert_eq!(
            told(&chart, 0.1, false),
            "22 Nov 2026, 10:00:10 UTC: 2 jobs (1 jobs to 3 jobs)"
        );
        assert_eq!(told(&chart, 0.5, false), "22 Nov 2026, 10:00:55 UTC: no data");
        assert_eq!(
            told(&chart, 1.0, false),
            "22 Nov 2026, 10:01:50 UTC: 2 jobs (1 jobs to 3 jobs)"
        );
    }

    #[test]
    fn a_selection_leads_to_the_page_of_its_part() {
        assert_eq!(
            zoomed(&chart(), (0.0, 1.0)),
            "/ops/signals/queue.depth?subject=service%3Aa%26b&from=2026-11-22T10:00:00Z&to=2026-11-22T10:01:50Z"
        );
    }
}
