//! Publishes the status page: what the journal tells of it, rendered once for all viewers, and the
//! same as static files that a proxy serves while Calm Ops is down.
//!
//! [`Publisher`] takes every committed entry in its order. Both files are written at the start,
//! after each change and every minute, each by a temporary file and a rename; what is in the way is
//! reported and tried again.

mod folder;

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use app::{STATUS_PAGE_CSS, status_page};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::Bytes;
use commands::{
    audit::{AuditFilter, AuditGroup},
    status_page::{PublicGap, PublicStatusPage},
};
use domain::{
    hash::Hash,
    journal::{BlindReason, Entry, Event},
    status_page::{HISTORY, StatusPage},
    time::Timestamp,
};
use sha2::{Digest as _, Sha256};
use tokio::sync::{Notify, Semaphore};
use tokio_util::sync::CancellationToken;
use wording::status_page::not_written;

use crate::{
    clock::Clock,
    generated::is_generated,
    store::{BLIND_SPANS, Store, StoreError, readable},
};

pub use folder::Folder;

/// Time after which the page is written again though nothing has changed.
const EVERY: Duration = Duration::from_secs(60);
/// Time after which a write that failed is tried again.
const TRY_AGAIN: Duration = Duration::from_secs(2);
/// The time within which the files have to be written; what takes longer goes on by itself.
const LONGEST_WRITE: Duration = Duration::from_secs(2);
/// Entries that are read at a time at the start.
const PAGE: u32 = 500;

/// Takes the sentences that people have to know; false if it could not.
pub type Report = Box<dyn Fn(Vec<String>) -> bool + Send + Sync>;

/// A text with its tag for caches.
#[derive(Clone, Debug)]
pub struct Tagged {
    /// The text.
    pub bytes: Bytes,
    /// Its `ETag`.
    pub tag: String,
}

impl Tagged {
    fn new(text: String) -> Self {
        let tag = format!("\"{}\"", Hash(Sha256::digest(text.as_bytes()).into()));
        Self { bytes: text.into(), tag }
    }
}

/// The page as it is served.
#[derive(Debug)]
pub struct Rendered {
    /// The document.
    pub html: Tagged,
    /// The same for programs.
    pub json: Tagged,
    /// The policy of the document: what may load.
    pub policy: String,
}

struct State {
    page: StatusPage,
    gaps: Vec<PublicGap>,
    rendered: Arc<Rendered>,
    /// The sentences that were reported last.
    told: Vec<String>,
}

/// The title of the page, and whether the journal begins with generated data.
struct Front {
    title: String,
    generated: bool,
}

/// Publishes the status page.
pub struct Publisher {
    front: Front,
    folder: Option<Arc<Folder>>,
    clock: Clock,
    report: Report,
    state: Mutex<State>,
    changed: Notify,
    /// Held by the write that is under way: one that hangs is not joined by more.
    writing: Arc<Semaphore>,
}

impl std::fmt::Debug for Publisher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Publisher").field("folder", &self.folder).finish_non_exhaustive()
    }
}

impl Publisher {
    /// With what the journal tells. Every entry about the page is read, however old it is: they are
    /// few, as people wrote each of them, and a notice may be current for long.
    pub async fn at_start(
        store: &dyn Store,
        title: String,
        directory: Option<PathBuf>,
        clock: Clock,
        report: Report,
    ) -> Result<Self, StoreError> {
        let mut filter =
            AuditFilter { group: Some(AuditGroup::StatusPage), ..AuditFilter::default() };
        let mut entries = Vec::new();
        loop {
            let found = store.as_trail().trail(&filter, PAGE).await?;
            let Some((oldest, _)) = found.last() else { break };
            filter.before = Some(oldest.number);
            for (stored, _) in &found {
                entries.push(readable(stored)?);
            }
        }
        entries.reverse();
        let since = clock.now().wall.minus(HISTORY);
        let blind = store.blind_spans(since, BLIND_SPANS).await?;
        let gaps = blind
            .iter()
            .filter(|span| span.why == BlindReason::NotRunning)
            .map(|span| PublicGap { from: span.from, to: span.to });
        let (page, gaps) = (StatusPage::of(&entries), gaps.collect());
        let front = Front { title, generated: is_generated(store).await? };
        Ok(Self::new(front, directory, page, gaps, clock, report))
    }

    /// An empty page without files, for services that publish nothing.
    pub fn nowhere(clock: Clock) -> Self {
        let page = StatusPage::default();
        let front = Front { title: "Status".to_owned(), generated: false };
        Self::new(front, None, page, Vec::new(), clock, Box::new(|_| true))
    }

    fn new(
        front: Front,
        directory: Option<PathBuf>,
        page: StatusPage,
        gaps: Vec<PublicGap>,
        clock: Clock,
        report: Report,
    ) -> Self {
        let rendered = Arc::new(rendered(&front, &page, &gaps, clock.now().wall));
        Self {
            front,
            folder: directory.map(|path| Arc::new(Folder::new(path))),
            clock,
            report,
            state: Mutex::new(State { page, gaps, rendered, told: Vec::new() }),
            changed: Notify::new(),
            writing: Arc::new(Semaphore::new(1)),
        }
    }

    /// Everything that is published.
    pub fn page(&self) -> StatusPage {
        self.state().page.clone()
    }

    /// The page as it is served.
    pub fn rendered(&self) -> Arc<Rendered> {
        Arc::clone(&self.state().rendered)
    }

    /// Takes committed entries; they come in their order.
    pub fn take(&self, entries: &[Entry]) {
        let mut state = self.state();
        let mut has_changed = false;
        for entry in entries {
            has_changed |= state.page.take(entry);
            if let Some(Event::Blind { from, to, why: BlindReason::NotRunning }) = entry.event {
                let gap = PublicGap { from, to };
                if !state.gaps.contains(&gap) {
                    state.gaps.push(gap);
                    has_changed = true;
                }
            }
        }
        if has_changed {
            self.render(&mut state);
            drop(state);
            self.changed.notify_one();
        }
    }

    /// Keeps page and files up to date until `stop`.
    pub async fn run(self: Arc<Self>, stop: CancellationToken) {
        loop {
            let is_written = self.write().await;
            let wait = if is_written { EVERY } else { TRY_AGAIN };
            tokio::select! {
                () = stop.cancelled() => break,
                () = self.changed.notified() => {}
                () = tokio::time::sleep(wait) => {
                    let mut state = self.state();
                    self.render(&mut state);
                }
            }
        }
    }

    /// Writes the files a last time, after the last change.
    pub async fn finish(&self) {
        self.render(&mut self.state());
        self.write().await;
    }

    fn render(&self, state: &mut State) {
        let now = self.clock.now().wall;
        let since = now.minus(HISTORY);
        state.gaps.retain(|gap| gap.to >= since);
        state.rendered = Arc::new(rendered(&self.front, &state.page, &state.gaps, now));
    }

    /// Writes the files, and reports what is in the way. False if that has to be done again soon.
    async fn write(&self) -> bool {
        let Some(folder) = &self.folder else { return true };
        let sentences = match self.write_to(folder).await {
            Ok(()) => Vec::new(),
            Err(why) => vec![not_written(&folder.path().display().to_string(), &why)],
        };
        let is_written = sentences.is_empty();
        let mut state = self.state();
        if state.told != sentences {
            for sentence in &sentences {
                tracing::warn!("{sentence}");
            }
            if (self.report)(sentences.clone()) {
                state.told = sentences;
            } else {
                return false;
            }
        }
        is_written
    }

    async fn write_to(&self, folder: &Arc<Folder>) -> Result<(), String> {
        let late = || "it took too long".to_owned();
        let turn = tokio::time::timeout(LONGEST_WRITE, Arc::clone(&self.writing).acquire_owned());
        let Ok(Ok(turn)) = turn.await else { return Err(late()) };
        let (folder, rendered) = (Arc::clone(folder), self.rendered());
        let work = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            folder.write("index.html", &rendered.html.bytes)?;
            folder.write("status.json", &rendered.json.bytes)
        });
        match tokio::time::timeout(LONGEST_WRITE, work).await {
            Ok(Ok(Ok(()))) => Ok(()),
            Ok(Ok(Err(error))) => Err(error.to_string()),
            Ok(Err(_)) | Err(_) => Err(late()),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn rendered(front: &Front, page: &StatusPage, gaps: &[PublicGap], now: Timestamp) -> Rendered {
    let mut public = PublicStatusPage::new(&front.title, page, gaps, now);
    public.generated = front.generated;
    let style = BASE64_STANDARD.encode(Sha256::digest(STATUS_PAGE_CSS.as_bytes()));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{style}'; base-uri 'none'; form-action 'none'"
    );
    Rendered {
        html: Tagged::new(status_page(&public, &policy)),
        json: Tagged::new(serde_json::to_string(&public).unwrap_or_default()),
        policy,
    }
}
