//! Inspections: looks at this host that people ask for from an incident. Each is one file, reads
//! only, and is bounded in time and size.
//!
//! Files and folders that hang hold up nobody: each look has a thread of its own that is left
//! behind when it takes too long, and as long as one is left behind none of its kind begins.

mod app_errors;
mod database_activity;
mod deleted_open_files;
mod largest_folders;
mod listening_sockets;
mod look;
mod out_of_memory;
mod processes;
mod top_processes;
mod unit_errors;

use std::{
    sync::{Arc, Mutex, PoisonError, RwLock},
    thread,
    time::Duration,
};

use domain::{
    error::{Conflict, Error},
    id::IncidentNumber,
    inspection::{Here, Inspection, InspectionOutcome, UnitName},
    time::{MonotonicTime, Now, Span},
};
use tokio::sync::oneshot;

use look::{ENOUGH, Look, Looked, State, Turn, lock};
pub use look::{LONGEST, Place};

/// So many inspections may be under way at once, those that hang among them.
const MOST_RUNNING: usize = 4;
/// So many inspections of one incident may begin within [`WINDOW`].
const MOST_BEGUN: usize = 12;
const WINDOW: Span = Span::from_mins(10);

/// See the module.
#[derive(Default)]
pub struct Inspections {
    place: RwLock<Option<Place>>,
    state: Arc<Mutex<State>>,
}

impl Inspections {
    /// Says what there is to look at; without it nothing is offered.
    pub fn set_place(&self, place: Place) {
        *self.place.write().unwrap_or_else(PoisonError::into_inner) = Some(place);
    }

    fn place(&self) -> Option<Place> {
        self.place.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Subjects that can be looked at from here, with the services that approved commands are
    /// about; `None` where nothing can.
    pub fn here(&self, units: Vec<UnitName>) -> Option<Here> {
        let place = self.place()?;
        let apps = place.apps.map(|apps| apps.subjects(&place.host)).unwrap_or_default();
        Some(Here { host: place.host, apps, units, database: place.database })
    }

    /// Carries out an inspection that a person asked for; the incident offers it.
    pub async fn run(
        &self,
        incident: IncidentNumber,
        inspection: &Inspection,
        now: Now,
    ) -> Result<InspectionOutcome, Error> {
        let turn = self.begin(Some(incident), inspection.kind(), now.mono)?;
        Ok(self.carry_out(inspection, turn, now).await)
    }

    /// Carries out an inspection that Calm Ops itself wants as evidence.
    pub async fn run_own(
        &self,
        inspection: &Inspection,
        now: Now,
    ) -> Result<InspectionOutcome, Error> {
        let turn = self.begin(None, inspection.kind(), now.mono)?;
        Ok(self.carry_out(inspection, turn, now).await)
    }

    fn begin(
        &self,
        incident: Option<IncidentNumber>,
        kind: &'static str,
        now: MonotonicTime,
    ) -> Result<Turn, Error> {
        let mut state = lock(&self.state);
        if state.running.contains(kind) {
            return Err(Conflict::InspectionRuns.into());
        }
        if state.running.len() >= MOST_RUNNING {
            return Err(Conflict::TooManyInspections.into());
        }
        state.begun.retain(|_, begun| {
            begun.retain(|at| now.since(*at) < WINDOW);
            !begun.is_empty()
        });
        if let Some(incident) = incident {
            let begun = state.begun.entry(incident).or_default();
            if begun.len() >= MOST_BEGUN
                && let Some(first) = begun.front()
            {
                let wait = WINDOW.minus(now.since(*first));
                let seconds = wait.as_secs_f64().ceil() as u32;
                return Err(Error::Throttled { seconds: seconds.max(1) });
            }
            begun.push_back(now);
        }
        state.running.insert(kind);
        Ok(Turn { state: Arc::clone(&self.state), kind })
    }

    async fn carry_out(&self, inspection: &Inspection, turn: Turn, now: Now) -> InspectionOutcome {
        let Some(place) = self.place() else {
            return InspectionOutcome::failed("This program does not look at its host.");
        };
        let looked = match inspection {
            Inspection::UnitErrors { unit } => unit_errors::look(&place.runner, unit, turn).await,
            Inspection::DatabaseActivity => database_activity::look(&*place.store, turn).await,
            Inspection::LargestFolders { disk } => {
                let (disk, host) = (disk.clone(), place.host);
                on_thread(turn, move |look| largest_folders::look(&disk, &host, look)).await
            }
            Inspection::DeletedOpenFiles { disk } => {
                let (disk, host) = (disk.clone(), place.host);
                on_thread(turn, move |look| deleted_open_files::look(&disk, &host, look)).await
            }
            Inspection::TopProcesses => on_thread(turn, top_processes::look).await,
            Inspection::ListeningSockets => on_thread(turn, listening_sockets::look).await,
            Inspection::AppErrors { app } => {
                let app = app.clone();
                on_thread(turn, move |_| app_errors::look(&app, &place)).await
            }
            Inspection::OutOfMemory => {
                on_thread(turn, move |look| out_of_memory::look(now.wall, look)).await
            }
        };
        looked.unwrap_or_else(|why| InspectionOutcome::failed(&why))
    }
}

/// Looks on a thread of its own, which keeps the turn of its kind until it ends.
async fn on_thread(turn: Turn, work: impl FnOnce(&Look) -> Looked + Send + 'static) -> Looked {
    within(LONGEST, turn, work).await
}

async fn within(
    limit: Duration,
    turn: Turn,
    work: impl FnOnce(&Look) -> Looked + Send + 'static,
) -> Looked {
    let look = Look::new(ENOUGH);
    let (tell, told) = oneshot::channel();
    let of_thread = look.clone();
    let thread = thread::Builder::new().name("inspection".to_owned()).spawn(move || {
        let looked = work(&of_thread);
        // Whoever is told may ask again at once.
        drop(turn);
        let _ = tell.send(looked);
    });
    if let Err(error) = thread {
        return Err(format!("It could not be started: {error}."));
    }
    match tokio::time::timeout(limit, told).await {
        Ok(Ok(looked)) => looked,
        Ok(Err(_)) => {
            Err("It failed unexpectedly; the log of Calm Ops has the details.".to_owned())
        }
        Err(_) => {
            look.give_up();
            Err("It took too long: a disk or the kernel did not answer in time. Nothing was changed.".to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    fn mono(seconds: u64) -> MonotonicTime {
        MonotonicTime::from_micros(seconds * 1_000_000)
    }

    #[test]
    fn one_of_a_kind_runs_at_a_time_and_an_incident_gets_so_many_in_ten_minutes() {
        let inspections = Inspections::default();
        let incident = Some(IncidentNumber(7));
        let first = inspections.begin(incident, "top_processes", mono(0)).unwrap();
        assert_eq!(
            inspections.begin(incident, "top_processes", mono(0)).unwrap_err(),
            Conflict::InspectionRuns.into()
        );
        let others = ["a", "b", "c"].map(|kind| inspections.begin(None, kind, mono(0)).unwrap());
        assert_eq!(
            inspections.begin(incident, "d", mono(0)).unwrap_err(),
            Conflict::TooManyInspections.into()
        );
        drop((first, others));
        for _ in 1..MOST_BEGUN {
            inspections.begin(incident, "top_processes", mono(60)).unwrap();
        }
        let refused = inspections.begin(incident, "top_processes", mono(61)).unwrap_err();
        assert_eq!(refused, Error::Throttled { seconds: 539 });
        inspections.begin(Some(IncidentNumber(8)), "top_processes", mono(61)).unwrap();
        inspections.begin(None, "top_processes", mono(61)).unwrap();
        inspections.begin(incident, "top_processes", mono(600)).unwrap();
    }

    #[tokio::test]
    async fn a_look_that_hangs_holds_up_nobody_and_no_second_one_is_begun() {
        let inspections = Inspections::default();
        let (end, ended) = std::sync::mpsc::channel::<()>();
        let turn = inspections.begin(None, "top_processes", mono(0)).unwrap();
        let soon = Duration::from_millis(50);
        let (told, is_told) = std::sync::mpsc::channel();
        let looked = within(soon, turn, move |look| {
            let _ = ended.recv();
            told.send(look.is_over()).unwrap();
            Ok(InspectionOutcome::table([], Vec::new()))
        });
        assert!(looked.await.unwrap_err().contains("did not answer in time"));
        assert!(inspections.begin(None, "top_processes", mono(0)).is_err());
        end.send(()).unwrap();
        assert!(is_told.recv().unwrap(), "it knows that it was given up");
        let deadline = Instant::now() + Duration::from_secs(10);
        while inspections.begin(None, "top_processes", mono(0)).is_err() {
            assert!(Instant::now() < deadline, "its turn has not ended");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let turn = inspections.begin(None, "top_processes", mono(0)).unwrap();
        let failed = within(LONGEST, turn, |_| panic!("a fault of a look")).await;
        assert!(failed.unwrap_err().contains("unexpectedly"));
        assert!(inspections.begin(None, "top_processes", mono(0)).is_ok());
    }
}
