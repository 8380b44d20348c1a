//! State that the page of an incident follows: each part reactive by itself, kept in step by the
//! pure fold.

use commands::view::{CommandsState, IncidentPage, RunOutput, Viewer};
use domain::{
    actor::Names, incident::Incident, inspection::Inspection, review::Ratings,
    similar::SimilarIncident, snapshot::Snapshot,
};
use leptos::prelude::*;
use wording::timeline::{Line, line};

use super::brief::{self, BreachRow, Inspected};
use crate::components::chart::Chart;

/// See the module.
#[derive(Clone, Copy)]
pub(crate) struct IncidentState {
    /// The whole of it, of which the others are parts.
    page: StoredValue<IncidentPage>,
    pub incident: RwSignal<Incident>,
    pub lines: RwSignal<Vec<Line>>,
    pub charts: RwSignal<Vec<Chart>>,
    pub breaches: RwSignal<Vec<BreachRow>>,
    pub snapshots: RwSignal<Vec<Snapshot>>,
    pub outputs: RwSignal<Vec<RunOutput>>,
    /// The looks at the host that it offers, and what was seen by those that were taken.
    pub offered: RwSignal<Vec<Inspection>>,
    pub inspected: RwSignal<Vec<Inspected>>,
    /// Other active incidents about the same subjects: number and headline.
    pub related: RwSignal<Vec<(u32, String)>>,
    /// Earlier incidents that are like it.
    pub similar: RwSignal<Vec<SimilarIncident>>,
    pub unreached: RwSignal<Vec<String>>,
    pub commands: RwSignal<CommandsState>,
    /// People's ratings of its recommendations.
    pub ratings: RwSignal<Ratings>,
    pub names: RwSignal<Names>,
    pub trouble: RwSignal<Option<String>>,
    /// The reader, if it is a person who signed in.
    pub reader: StoredValue<Option<Viewer>>,
}

/// Sets a signal if its value is another one.
fn set<T: PartialEq + Send + Sync + 'static>(signal: RwSignal<T>, value: T) {
    if signal.with_untracked(|known| *known != value) {
        signal.set(value);
    }
}

impl IncidentState {
    /// Of a page that was loaded.
    pub(crate) fn new(page: IncidentPage) -> Self {
        let state = Self {
            incident: RwSignal::new(page.incident.clone()),
            lines: RwSignal::default(),
            charts: RwSignal::default(),
            breaches: RwSignal::default(),
            snapshots: RwSignal::default(),
            outputs: RwSignal::default(),
            offered: RwSignal::default(),
            inspected: RwSignal::default(),
            related: RwSignal::default(),
            similar: RwSignal::default(),
            unreached: RwSignal::default(),
            commands: RwSignal::default(),
            ratings: RwSignal::default(),
            names: RwSignal::default(),
            trouble: RwSignal::default(),
            reader: StoredValue::new(page.reader.clone()),
            page: StoredValue::new(page),
        };
        state.publish();
        state
    }

    /// Number of the incident.
    pub(crate) fn number(self) -> u32 {
        self.page.with_value(|page| page.incident.number.0)
    }

    /// Takes a page that was loaded again.
    pub(crate) fn take(self, page: &IncidentPage) {
        // Another incident has a state of its own, this one may be gone, and an answer may be older
        // than what the stream has told since.
        let is_newer = |known: &IncidentPage| {
            known.incident.number == page.incident.number
                && known.cursor.number <= page.cursor.number
        };
        if self.page.try_with_value(is_newer) == Some(true) {
            self.page.set_value(page.clone());
            self.publish();
        }
    }

    fn publish(self) {
        self.page.with_value(|page| {
            set(self.names, page.names.clone());
            set(self.incident, page.incident.clone());
            set(self.lines, page.timeline.iter().map(|entry| line(entry, &page.names)).collect());
            set(self.charts, brief::charts(page));
            set(self.breaches, brief::breaches(page));
            set(self.snapshots, page.snapshots.clone());
            set(self.outputs, page.outputs.clone());
            set(self.offered, page.inspections.clone());
            set(self.inspected, brief::inspected(page));
            let related = page.related.iter();
            let headline = crate::components::incident_card::headline;
            set(self.related, related.map(|card| (card.number.0, headline(card))).collect());
            set(self.similar, page.similar.clone());
            set(self.unreached, page.unreached.clone());
            set(self.commands, page.commands);
            set(self.ratings, Ratings::of(&page.timeline));
            set(self.trouble, page.trouble.clone());
        });
    }

    /// Follows the journal and the readings.
    #[cfg(feature = "hydrate")]
    pub(crate) fn listen(self) {
        use domain::reading::Reading;

        use crate::{
            live::live,
            state::{
                OpsStoreFields,
                incident::{Folded, fold, follow},
            },
        };
        let live = live();
        live.on_entry(move |entry| {
            let folded = self.page.try_update_value(|page| fold(page, entry));
            match folded {
                Some(Folded::Changed) => self.publish(),
                Some(Folded::Reload) => {
                    self.publish();
                    live.refresh_soon();
                }
                Some(Folded::Unchanged) | None => {}
            }
        });
        let number = self.number();
        live.on_run(move |incident| {
            if incident == number {
                live.refresh_soon();
            }
        });
        Effect::new(move |_| {
            let checked_at = live.ops.checked_at().get();
            let is_other = live.ops.with_untracked(|ops| {
                let find = |reading: &Reading| ops.newest(reading);
                self.page.try_update_value(|page| follow(page, checked_at, find))
            });
            if is_other == Some(true) {
                self.publish();
            }
        });
    }

    /// On the server nothing changes any more.
    #[cfg(not(feature = "hydrate"))]
    pub(crate) const fn listen(self) {}
}
