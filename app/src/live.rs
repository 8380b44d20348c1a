//! State that all pages share: the store that the stream keeps in step, how the stream does, and
//! what the page that is shown does with its events.

#[cfg(feature = "hydrate")]
use domain::journal::Entry;
use domain::{journal::Cursor, time::Timestamp};
use leptos::prelude::*;

use crate::{
    clock::Clock,
    pulse::Shared,
    state::{Connection, Ops, OpsStore},
};

/// State that all pages share.
#[derive(Clone, Copy)]
pub(crate) struct Live {
    pub clock: Clock,
    #[cfg(feature = "hydrate")]
    pub ops: OpsStore,
    pub link: RwSignal<Connection>,
    /// Time at which the last event came, or what is shown was asked for without the stream.
    pub heard: RwSignal<Option<Timestamp>>,
    /// The journal position that is known: the stream goes on from it.
    pub cursor: StoredValue<Option<Cursor>>,
    #[cfg(feature = "hydrate")]
    shared: Shared,
    #[cfg(feature = "hydrate")]
    page: StoredValue<Page>,
}

/// The reaction of the page that is shown when something happens.
#[cfg(feature = "hydrate")]
#[derive(Clone, Default)]
struct Page {
    /// Loads it again.
    refresh: Option<Handler<()>>,
    /// Takes an entry of the journal.
    entry: Option<Handler<Entry>>,
    /// Hears that a run of this incident has printed something.
    run: Option<Handler<u32>>,
    /// True if it is about to be loaded again.
    is_waiting: bool,
}

#[cfg(feature = "hydrate")]
type Handler<T> = std::sync::Arc<dyn Fn(&T) + Send + Sync>;

impl Live {
    /// Provides to the app what its pages share.
    pub(crate) fn provide() -> Self {
        let ops = OpsStore::new(Ops::default());
        provide_context(ops);
        let shared = Shared::provide();
        #[cfg(not(feature = "hydrate"))]
        let _ = shared;
        let live = Self {
            clock: Clock::provide(),
            #[cfg(feature = "hydrate")]
            ops,
            link: RwSignal::new(Connection::Starting),
            heard: RwSignal::new(None),
            cursor: StoredValue::new(None),
            #[cfg(feature = "hydrate")]
            shared,
            #[cfg(feature = "hydrate")]
            page: StoredValue::new(Page::default()),
        };
        provide_context(live);
        live
    }

    /// Says how the page that is shown from now on is loaded again.
    #[cfg(feature = "hydrate")]
    pub(crate) fn on_page(self, refresh: impl Fn() + Send + Sync + 'static) {
        let refresh: Handler<()> = std::sync::Arc::new(move |()| refresh());
        self.page.set_value(Page { refresh: Some(refresh), ..Page::default() });
    }

    /// Says what the page that is shown does with an entry of the journal.
    #[cfg(feature = "hydrate")]
    pub(crate) fn on_entry(self, take: impl Fn(&Entry) + Send + Sync + 'static) {
        self.page.update_value(|page| page.entry = Some(std::sync::Arc::new(take)));
    }

    /// Loads the page that is shown again, soon, after an entry of the journal that concerns it.
    #[cfg(feature = "hydrate")]
    pub(crate) fn refresh_on(self, concerns: impl Fn(&Entry) -> bool + Send + Sync + 'static) {
        self.on_entry(move |entry| {
            if concerns(entry) {
                self.refresh_soon();
            }
        });
    }

    /// Says what the page that is shown does when a run of an incident has printed something.
    #[cfg(feature = "hydrate")]
    pub(crate) fn on_run(self, take: impl Fn(u32) + Send + Sync + 'static) {
        let take: Handler<u32> = std::sync::Arc::new(move |incident| take(*incident));
        self.page.update_value(|page| page.run = Some(take));
    }

    /// Loads the page that is shown again: what it shows may be old.
    #[cfg(feature = "hydrate")]
    pub(crate) fn refresh(self) {
        if let Some(refresh) = self.page.with_value(|page| page.refresh.clone()) {
            refresh(&());
        }
    }

    /// The same, shortly after, and once for a burst.
    #[cfg(feature = "hydrate")]
    pub(crate) fn refresh_soon(self) {
        let is_first = self
            .page
            .try_update_value(|page| !std::mem::replace(&mut page.is_waiting, true))
            .unwrap_or(false);
        if is_first {
            set_timeout(
                move || {
                    self.page.update_value(|page| page.is_waiting = false);
                    self.refresh();
                },
                std::time::Duration::from_millis(200),
            );
        }
    }

    /// Tells the page of an entry of the journal.
    #[cfg(feature = "hydrate")]
    pub(crate) fn entry(self, entry: &Entry) {
        if let Some(take) = self.page.with_value(|page| page.entry.clone()) {
            take(entry);
        }
    }

    /// Tells the page that a run of an incident has printed something.
    #[cfg(feature = "hydrate")]
    pub(crate) fn run(self, incident: u32) {
        if let Some(take) = self.page.with_value(|page| page.run.clone()) {
            take(&incident);
        }
    }

    /// Takes how things stand, for title, icon and places.
    #[cfg(feature = "hydrate")]
    pub(crate) fn told(self, pulse: crate::page::Pulse) {
        crate::pulse::take(self.shared, Some(pulse));
    }

    /// Notes where some data were read: the stream begins at the earliest such position, so that
    /// there is no gap.
    pub(crate) fn read_at(self, cursor: Cursor) {
        self.cursor.update_value(|known| {
            let earlier = known
                .is_none_or(|known| known.epoch == cursor.epoch && known.number > cursor.number);
            if earlier && self.link.get_untracked() == Connection::Starting {
                *known = Some(cursor);
            }
        });
    }
}

/// State that all pages share.
pub(crate) fn live() -> Live {
    use_context::<Live>().unwrap_or_else(Live::provide)
}
