//! Liveness: one stream of events for the whole app. Pages say what concerns them; whatever is
//! shown is fetched anew, quietly.

#[cfg(feature = "hydrate")]
use commands::view::Readings;
use domain::{
    journal::Cursor,
    time::{Span, Timestamp},
};
use leptos::prelude::*;

use crate::{
    clock::{self, Clock},
    problem::SIGN_IN,
};

#[cfg(feature = "hydrate")]
mod patch;
#[cfg(feature = "hydrate")]
mod stream;

#[cfg(feature = "hydrate")]
pub(crate) use patch::keep;
#[cfg(feature = "hydrate")]
pub(crate) use stream::start;

/// How the stream is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "hydrate"), expect(dead_code, reason = "only a browser hears the stream"))]
pub(crate) enum Link {
    /// It has not been opened: the page came from the server just now.
    Starting,
    /// Events arrive.
    Live,
    /// It dropped; it is being opened again.
    Lost,
    /// The sign-in has ended.
    SignedOut,
}

/// Something that the journal said: to which incident, if any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct News {
    /// The entry's number; it also tells two news of the same incident apart.
    pub number: u64,
    /// The incident, if it is about one; `None` where everything may have changed.
    pub incident: Option<u32>,
}

/// What all pages share of the stream.
#[derive(Clone, Copy)]
pub(crate) struct Live {
    pub clock: Clock,
    pub link: RwSignal<Link>,
    /// When the last event came, or what is shown was asked for without the stream.
    pub heard: RwSignal<Option<Timestamp>>,
    pub news: RwSignal<Option<News>>,
    #[cfg(feature = "hydrate")]
    pub readings: RwSignal<Option<Readings>>,
    /// The journal position that is known: the stream goes on from it.
    pub cursor: StoredValue<Option<Cursor>>,
}

impl Live {
    /// Provides what is shared of the stream to the app.
    pub(crate) fn provide() -> Self {
        let live = Self {
            clock: Clock::provide(),
            link: RwSignal::new(Link::Starting),
            heard: RwSignal::new(None),
            news: RwSignal::new(None),
            #[cfg(feature = "hydrate")]
            readings: RwSignal::new(None),
            cursor: StoredValue::new(None),
        };
        provide_context(live);
        live
    }

    /// Brings the times of what was just drawn to life, once it stands on the page.
    #[cfg(feature = "hydrate")]
    pub(crate) fn localize_soon(self) {
        set_timeout(
            move || {
                if let Some(now) = self.clock.0.try_get_untracked().flatten() {
                    clock::localize(now);
                }
            },
            std::time::Duration::ZERO,
        );
    }

    /// Notes where some data were read: the stream begins at the earliest such position, so that
    /// there is no gap.
    pub(crate) fn read_at(self, cursor: Cursor) {
        self.cursor.update_value(|known| {
            let earlier = known
                .is_none_or(|known| known.epoch == cursor.epoch && known.number > cursor.number);
            if earlier && self.link.get_untracked() == Link::Starting {
                *known = Some(cursor);
            }
        });
    }
}

/// The app's stream.
pub(crate) fn live() -> Live {
    use_context::<Live>().unwrap_or_else(Live::provide)
}

/// Fetches a page's data anew when something that concerns it has happened: not at once but shortly
/// after, so that a burst is one fetch.
pub(crate) fn refetch_on(
    refetch: impl Fn() + Copy + Send + Sync + 'static,
    concerns: impl Fn(Option<u32>) -> bool + Send + Sync + 'static,
) {
    let live = live();
    let waiting = StoredValue::new(false);
    Effect::new(move |seen: Option<Option<u64>>| {
        let news = live.news.get();
        if let (Some(_), Some(news)) = (seen, news)
            && concerns(news.incident)
        {
            soon(waiting, refetch);
        }
        news.map(|news| news.number)
    });
}

/// Does something shortly after, once however often it is asked for.
pub(crate) fn soon(waiting: StoredValue<bool>, action: impl Fn() + 'static) {
    if waiting.try_get_value() != Some(false) {
        return;
    }
    waiting.set_value(true);
    set_timeout(
        move || {
            // The page may be gone by now.
            if waiting.try_update_value(|waiting| *waiting = false).is_some() {
                action();
            }
        },
        Span::from_millis(200).to_std(),
    );
}

/// The mark that says whether the page is live, with the age of the last event.
pub(crate) fn live_mark(
    checked_at: Signal<Option<Timestamp>>,
    path: impl Fn() -> String + Send + Sync + 'static,
) -> AnyView {
    let live = live();
    let class = move || match live.link.get() {
        Link::Starting => "live starting",
        Link::Live => "live on",
        Link::Lost | Link::SignedOut => "live lost",
    };
    let word = move || match live.link.get() {
        Link::Starting => "As of ",
        Link::Live => "Live",
        Link::Lost => "Not live, trying again. Figures are from ",
        Link::SignedOut => "You are signed out. Figures are from ",
    };
    let age = move || match (live.link.get(), live.clock.get(), live.heard.get()) {
        (Link::Starting, _, _) => {
            checked_at.get().map_or_else(|| "now".to_owned(), clock::utc_short)
        }
        (Link::Live, Some(now), Some(heard)) => format!(", last event {}", clock::ago(heard, now)),
        (Link::Lost | Link::SignedOut, Some(now), Some(heard)) => clock::ago(heard, now),
        (Link::Lost | Link::SignedOut, _, None) => "when this page was loaded".to_owned(),
        (Link::Live, _, None) | (Link::Live | Link::Lost | Link::SignedOut, None, _) => {
            String::new()
        }
    };
    let sign_in = move || {
        (live.link.get() == Link::SignedOut).then(|| {
            let href = format!("{SIGN_IN}{}", path());
            view! { " " <a href=href rel="external">"Sign in"</a> }
        })
    };
    view! {
        <p class=class>
            <i aria-hidden="true"></i>
            <span><span aria-live="polite">{word}</span><span class="age">{age}</span>{sign_in}</span>
        </p>
    }
    .into_any()
}
