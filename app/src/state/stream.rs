//! The browser's side of the stream: opened, watched, closed while nobody looks, and opened again
//! with back-off from the last position. One loop owns it.

use std::time::Duration;

use commands::stream::StreamEvent;
use domain::time::{Span, Timestamp};
use futures::{FutureExt as _, StreamExt as _, channel::mpsc, select_biased};
use gloo_net::eventsource::{State, futures::EventSource};
use gloo_timers::future::TimeoutFuture;
use leptos::{prelude::*, task::spawn_local};
use wasm_bindgen::JsCast;
use web_sys::{MessageEvent, VisibilityState};

use super::{Connection, listen::listen, ops::OpsStoreFields, store};
use crate::{live::Live, pulse::get_pulse};

/// The server sends something every few seconds: a stream that is silent for longer is taken for
/// lost. A proxy that holds the stream back lets nothing through at all.
const SILENCE: Span = Span::from_secs(45);
/// The interval at which a page asks while the stream is held back.
const ASK_EVERY: Span = Span::from_secs(5);
/// The longest wait before the stream is opened again, in milliseconds: during the first minute, and
/// later.
const LONGEST_WAIT: [u64; 2] = [5_000, 30_000];
/// After so many attempts the first minute is over.
const FIRST_MINUTE: u32 = 14;

/// The events that interrupt a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Poke {
    /// The tab is shown again, or hidden.
    Visibility,
    /// The network is back, or the page comes from the browser's memory.
    Again,
}

/// The reasons for the end of a stream.
enum End {
    /// Nobody looks.
    Hidden,
    /// Something happened that makes another attempt worth while now.
    Again,
    /// The connection dropped, or was silent.
    Lost,
    /// The sign-in has ended.
    SignedOut,
}

fn now() -> Timestamp {
    Timestamp::from_micros((js_sys::Date::now() * 1e3) as i64)
}

fn is_hidden() -> bool {
    document().visibility_state() == VisibilityState::Hidden
}

/// Moves the one clock of the page on.
fn tick(live: Live) {
    live.clock.set(now());
}

/// Starts the clock and the stream once the page is alive.
pub(crate) fn start(live: Live) {
    Effect::new(move |_| {
        tick(live);
        set_interval(
            move || {
                if !is_hidden() {
                    tick(live);
                }
            },
            Duration::from_secs(1),
        );
        let (poke, pokes) = mpsc::unbounded();
        let pokes_of = |what: Poke| {
            let poke = poke.clone();
            move || drop(poke.unbounded_send(what))
        };
        let (visibility, online, restored) =
            (pokes_of(Poke::Visibility), pokes_of(Poke::Again), pokes_of(Poke::Again));
        listen(document().unchecked_ref(), "visibilitychange", move |_| {
            if !is_hidden() {
                tick(live);
            }
            visibility();
        });
        listen(window().unchecked_ref(), "online", move |_| online());
        // From the browser's memory of pages: whatever is shown may be old.
        listen(window().unchecked_ref(), "pageshow", move |event| {
            if js_sys::Reflect::get(&event, &"persisted".into()).is_ok_and(|it| it.is_truthy()) {
                live.refresh();
                restored();
            }
        });
        super::navigation::start();
        spawn_local(run(live, pokes));
    });
}

type Pokes = mpsc::UnboundedReceiver<Poke>;

/// Keeps a stream open while somebody looks.
async fn run(live: Live, mut pokes: Pokes) {
    let mut attempts = 0u32;
    loop {
        if is_hidden() {
            pokes.next().await;
            attempts = 0;
            continue;
        }
        let opened = now();
        let end = follow(live, &mut pokes).await;
        if live.heard.get_untracked().is_some_and(|heard| heard > opened) {
            attempts = 0;
        }
        match end {
            End::Hidden | End::Again => attempts = 0,
            End::SignedOut => {
                live.link.set(Connection::SignedOut);
                // Signing in, in this tab or another, brings the reader back here.
                pokes.next().await;
                attempts = 0;
            }
            End::Lost => {
                if live.link.get_untracked() == Connection::Live {
                    live.link.set(Connection::Lost);
                }
                // The first time it may be a matter of a moment.
                if attempts > 0 || live.link.get_untracked() != Connection::Lost {
                    ask(live).await;
                }
                if live.link.get_untracked() == Connection::SignedOut {
                    pokes.next().await;
                    attempts = 0;
                } else {
                    wait(attempts, &mut pokes).await;
                    attempts = attempts.saturating_add(1);
                }
            }
        }
    }
}

/// Waits a little longer each time, never in step with others, or until there is a reason not to.
async fn wait(attempts: u32, pokes: &mut Pokes) {
    let most = LONGEST_WAIT[usize::from(attempts > FIRST_MINUTE)];
    let longest = (500u64 << attempts.min(6)).min(most);
    let wait = longest / 2 + (js_sys::Math::random() * longest as f64 / 2.0) as u64;
    select_biased! {
        _ = pokes.next() => {}
        () = TimeoutFuture::new(u32::try_from(wait).unwrap_or(5_000)).fuse() => {}
    }
}

/// Asks for what is shown without the stream, and so learns why there is none.
async fn ask(live: Live) {
    match get_pulse().await {
        Err(problem) if problem.asks_for_sign_in() => live.link.set(Connection::SignedOut),
        Err(_) => live.link.set(Connection::Away),
        Ok(pulse) => {
            live.link.set(Connection::HeldBack);
            live.heard.set(Some(now()));
            live.told(pulse);
            live.refresh();
        }
    }
}

/// Address of the stream, from what is known already.
fn address(live: Live) -> String {
    let mut address = "/api/ops/events?".to_owned();
    if let Some(cursor) = live.cursor.get_value() {
        address.push_str(&format!("after={}:{}&", cursor.epoch, cursor.number));
    }
    let version = live.ops.version().get_untracked();
    if version > 0 {
        address.push_str(&format!("readings={version}"));
    }
    address
}

/// Opens the stream, and takes what comes until it ends.
async fn follow(live: Live, pokes: &mut Pokes) -> End {
    let Ok(mut source) = EventSource::new(&address(live)) else { return End::Lost };
    let Ok(messages) = source.subscribe("message") else { return End::Lost };
    let mut messages = messages.fuse();
    let (mut heard, mut asked, mut connecting) = (now(), now(), 0);
    loop {
        select_biased! {
            poke = pokes.next() => {
                if poke == Some(Poke::Again) {
                    return End::Again;
                }
                if is_hidden() {
                    return End::Hidden;
                }
            }
            message = messages.next() => {
                let Some(Ok((_, message))) = message else { return End::Lost };
                heard = now();
                if let Some(end) = take(live, &message) {
                    return end;
                }
            }
            () = TimeoutFuture::new(1_000).fuse() => {
                // The browser opens a stream that dropped again by itself, without a word and from
                // an old position.
                connecting = if source.state() == State::Open { 0 } else { connecting + 1 };
                let was_open = live.link.get_untracked() == Connection::Live;
                if connecting > 1 && was_open || now().since(heard) > SILENCE {
                    return End::Lost;
                }
                if live.link.get_untracked() == Connection::HeldBack
                    && now().since(asked) > ASK_EVERY
                {
                    asked = now();
                    ask(live).await;
                }
            }
        }
    }
}

/// Takes one message; says so where the stream has to end.
fn take(live: Live, message: &MessageEvent) -> Option<End> {
    let event = serde_json::from_slice(message.data().as_string()?.as_bytes()).ok()?;
    let was = live.link.get_untracked();
    live.heard.set(Some(now()));
    if was != Connection::Live {
        live.link.set(Connection::Live);
    }
    match &event {
        StreamEvent::SignedOut { .. } => return Some(End::SignedOut),
        StreamEvent::Hello { cursor } => {
            if live.cursor.get_value().is_none() {
                live.cursor.set_value(Some(*cursor));
            }
            // What could not be loaded meanwhile is loaded now.
            if !matches!(was, Connection::Live | Connection::Starting) {
                live.refresh();
            }
        }
        StreamEvent::Resync { cursor } => {
            live.cursor.set_value(Some(*cursor));
            live.refresh();
        }
        StreamEvent::Journal(entry) => {
            if let Ok(cursor) = message.last_event_id().parse() {
                live.cursor.set_value(Some(cursor));
            }
            live.entry(entry);
        }
        // What it printed is state, not history, so the journal's position stays.
        StreamEvent::Run(run) => {
            live.run(run.incident.0);
        }
        StreamEvent::Readings(_)
        | StreamEvent::Change(_)
        | StreamEvent::Incidents(_)
        | StreamEvent::Card(_)
        | StreamEvent::Overview(_) => {}
    }
    if !store::take(live.ops, event) {
        // A version in between is missing: all of them are sent again.
        live.ops.version().set(0);
        return Some(End::Again);
    }
    if let Some(pulse) = live.ops.with_untracked(|ops| ops.pulse()) {
        live.told(pulse);
    }
    None
}
