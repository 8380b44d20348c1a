//! The browser's side of the stream: opened, watched, closed while nobody looks, and opened again
//! with back-off from the last position.

use std::cell::RefCell;

use commands::view::Readings;
use domain::{
    journal::Cursor,
    time::{Span, Timestamp},
};
use leptos::{leptos_dom::helpers::TimeoutHandle, prelude::*, task::spawn_local};
use serde::Deserialize;
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{Event, EventSource, MessageEvent, VisibilityState};

use super::{Link, Live, News};
use crate::{clock, fetch::get_pulse};

/// Readings come every few seconds: a stream that is silent for longer than this is taken for lost.
/// A proxy that holds the stream back lets nothing through at all.
const SILENCE: Span = Span::from_secs(25);

/// The event that says that the sign-in has ended.
const SIGNED_OUT: &str = "signed-out";

/// An open stream with what listens to it.
struct Open {
    source: EventSource,
    _message: Closure<dyn FnMut(MessageEvent)>,
    _error: Closure<dyn FnMut(Event)>,
}

#[derive(Default)]
struct Line {
    open: Option<Open>,
    opened_at: Option<Timestamp>,
    retry: Option<TimeoutHandle>,
    attempts: u32,
}

thread_local! {
    static LINE: RefCell<Line> = RefCell::default();
}

fn now() -> Timestamp {
    Timestamp::from_micros((js_sys::Date::now() * 1e3) as i64)
}

fn hidden() -> bool {
    document().visibility_state() == VisibilityState::Hidden
}

/// Moves the one clock of the page on.
fn tick(live: Live) {
    let now = now();
    live.clock.0.set(Some(now));
    clock::localize(now);
}

/// Starts the clock and the stream once the page has come alive.
pub(crate) fn start(live: Live) {
    Effect::new(move |_| {
        tick(live);
        open(live);
        set_interval(
            move || {
                if hidden() {
                    return;
                }
                tick(live);
                let opened_at = LINE.with_borrow(|line| line.open.as_ref().and(line.opened_at));
                let silent = opened_at.is_some_and(|opened_at| {
                    let last = live.heard.get_untracked().max(Some(opened_at));
                    last.is_some_and(|last| now().since(last) > SILENCE)
                });
                if silent {
                    lost(live, true);
                }
            },
            std::time::Duration::from_secs(1),
        );
        listen(document().unchecked_ref(), "visibilitychange", move |_| {
            if hidden() {
                close();
            } else {
                tick(live);
                reopen(live);
            }
        });
        // Coming back from the browser's memory of pages: whatever is shown may be old.
        listen(window().unchecked_ref(), "pageshow", move |event| {
            if js_sys::Reflect::get(&event, &"persisted".into())
                .is_ok_and(|persisted| persisted.is_truthy())
            {
                everything(live);
                reopen(live);
            }
        });
        listen(window().unchecked_ref(), "online", move |_| reopen(live));
        listen(document().unchecked_ref(), "submit", |event| super::patch::send(&event));
    });
}

/// Listens for as long as the app lives, which is as long as the page does.
fn listen(target: &web_sys::EventTarget, name: &str, handler: impl FnMut(Event) + 'static) {
    let closure = Closure::<dyn FnMut(Event)>::new(handler);
    let _ = target.add_event_listener_with_callback(name, closure.as_ref().unchecked_ref());
    closure.forget();
}

fn reopen(live: Live) {
    LINE.with_borrow_mut(|line| line.attempts = 0);
    open(live);
}

fn close() {
    LINE.with_borrow_mut(|line| {
        if let Some(retry) = line.retry.take() {
            retry.clear();
        }
        if let Some(open) = line.open.take() {
            open.source.close();
        }
    });
}

/// Opens the stream from the last known position.
fn open(live: Live) {
    close();
    if hidden() {
        return;
    }
    let address = match live.cursor.get_value() {
        Some(Cursor { epoch, number }) => format!("/api/ops/events?after={epoch}:{number}"),
        None => "/api/ops/events".to_owned(),
    };
    let Ok(source) = EventSource::new(&address) else {
        lost(live, false);
        return;
    };
    let message =
        Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| take(live, &event));
    let error = Closure::<dyn FnMut(Event)>::new(move |_| lost(live, false));
    for name in ["hello", "journal", "health", "run", "resync", SIGNED_OUT] {
        let _ = source.add_event_listener_with_callback(name, message.as_ref().unchecked_ref());
    }
    source.set_onerror(Some(error.as_ref().unchecked_ref()));
    LINE.with_borrow_mut(|line| {
        line.open = Some(Open { source, _message: message, _error: error });
        line.opened_at = Some(now());
    });
}

/// Asks for what is shown without the stream, and so learns why there is none: the sign-in has
/// ended, or only the stream does not come through.
fn ask(live: Live) {
    spawn_local(async move {
        match get_pulse().await {
            Err(problem) if problem.asks_for_sign_in() => live.link.set(Link::SignedOut),
            Ok(_) if live.link.get_untracked() == Link::Lost => {
                live.heard.set(Some(now()));
                everything(live);
            }
            Ok(_) | Err(_) => {}
        }
    });
}

/// The stream dropped: says so, and tries again a little later each time, never in step with
/// others. Where that is not the first time, or nothing came through, the page is asked for by
/// itself.
fn lost(live: Live, silent: bool) {
    if live.link.get_untracked() != Link::SignedOut {
        live.link.set(Link::Lost);
    }
    if silent || LINE.with_borrow(|line| line.attempts > 0) {
        ask(live);
    }
    // The closure that calls this belongs to the stream: it is dropped by the timer, not here.
    LINE.with_borrow_mut(|line| {
        line.opened_at = None;
        if let Some(open) = &line.open {
            open.source.set_onerror(None);
            open.source.close();
        }
        if let Some(retry) = line.retry.take() {
            retry.clear();
        }
        let longest = 500u64 << line.attempts.min(6);
        line.attempts = line.attempts.saturating_add(1);
        let wait = longest / 2 + (js_sys::Math::random() * longest as f64 / 2.0) as u64;
        line.retry =
            set_timeout_with_handle(move || open(live), std::time::Duration::from_millis(wait))
                .ok();
    });
}

/// Everything that is shown may be old.
fn everything(live: Live) {
    live.news.set(Some(News {
        number: u64::MAX - (js_sys::Date::now() as u64 & 0xffff_ffff),
        incident: None,
    }));
}

/// What a journal event says that matters here; its body is not read.
#[derive(Deserialize)]
struct Heard {
    number: u64,
    event: Option<About>,
}

#[derive(Deserialize)]
struct About {
    incident: Option<Which>,
}

/// An opened incident comes whole; all other events carry its number.
#[derive(Deserialize)]
#[serde(untagged)]
enum Which {
    Number(u32),
    Whole { number: u32 },
}

#[derive(Deserialize)]
struct Printed {
    incident: u32,
}

#[derive(Deserialize)]
struct Position {
    cursor: Cursor,
}

fn take(live: Live, event: &MessageEvent) {
    let Some(data) = event.data().as_string() else {
        return;
    };
    if event.type_() == SIGNED_OUT {
        live.link.set(Link::SignedOut);
        return;
    }
    LINE.with_borrow_mut(|line| line.attempts = 0);
    live.heard.set(Some(now()));
    let was_lost = matches!(live.link.get_untracked(), Link::Lost | Link::SignedOut);
    if live.link.get_untracked() != Link::Live {
        live.link.set(Link::Live);
    }
    match event.type_().as_str() {
        "journal" => {
            let Ok(heard) = serde_json::from_str::<Heard>(&data) else {
                return;
            };
            if let Ok(cursor) = event.last_event_id().parse() {
                live.cursor.set_value(Some(cursor));
            }
            let incident = heard.event.and_then(|about| about.incident).map(|which| match which {
                Which::Number(number) | Which::Whole { number } => number,
            });
            live.news.set(Some(News { number: heard.number, incident }));
        }
        "health" => {
            if let Ok(readings) = serde_json::from_str::<Readings>(&data) {
                live.readings.set(Some(readings));
            }
        }
        // What runs has printed something: the page of its incident asks anew. It is state, not
        // history, so the journal's position stays.
        "run" => {
            if let Ok(Printed { incident }) = serde_json::from_str(&data) {
                let printed = u64::MAX - (js_sys::Date::now() as u64 & 0xffff_ffff);
                live.news.set(Some(News { number: printed, incident: Some(incident) }));
            }
        }
        "resync" => {
            if let Ok(Position { cursor }) = serde_json::from_str(&data) {
                live.cursor.set_value(Some(cursor));
            }
            everything(live);
        }
        // The first event of a stream. Where no position was known, this is the one; after a drop
        // the journal's events follow by themselves.
        _ => {
            if let (None, Ok(Position { cursor })) =
                (live.cursor.get_value(), serde_json::from_str(&data))
            {
                live.cursor.set_value(Some(cursor));
                if was_lost {
                    everything(live);
                }
            }
        }
    }
}
