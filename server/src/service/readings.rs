//! The readings.

use std::cmp::Reverse;

use commands::{
    charts::HistoryCharts,
    command::{EndMaintenance, EndMeasure, PublishNotice, ResumeAutomation},
    figures::{self, HistorySummary, PastIncident},
    operation::Operation as _,
    protection::ProtectionPage,
    reading::{CheckNow, HistoryFilter},
    status_page::StatusPageView,
    view::{self, Readings, Series, SeriesPoint},
};
use domain::{
    access::{Principal, Role},
    actor::Names,
    authorization::authorize,
    error::{Entity, Error, FieldReason},
    hash::Head,
    id::{AccountId, IncidentNumber},
    incident::Incident,
    journal::{Cursor, Entry, Event},
    protection::Protection,
    signal::Signal,
    subject::Subject,
    time::{Span, Timestamp},
    unit::Unit,
};
use uuid::Uuid;
use wording::summary::incident_card;

use super::{at_hand::AtHand, charts::Found, failure::refuse, inner::Inner, quotas::batch_bound};
use crate::store::{Rollup, RollupStep, StoreError};

/// Number of incidents on a page of the history.
const HISTORY_PAGE: u32 = 25;
/// Number of entries in one reading of the journal.
const JOURNAL_PAGE: u32 = 1_000;
/// Number of points of a course.
const POINTS: usize = 400;
/// Time for which the outcome of a check is shown.
const CHECK_SHOWN: Span = Span::from_mins(2);
/// As far as this minutes are shown, and hours before that.
const MINUTES_REACH: Span = Span::from_mins(48 * 60);
/// So many distances between points tell which is usual; fewer may be those of a gap.
const TELLING: usize = 4;
/// In microseconds.
const HOUR: i64 = 3_600_000_000;
/// The longest text that is looked for, in characters, and the most words in it.
const LONGEST_SEARCH: usize = 200;
const MOST_WORDS: usize = 6;

/// All that a search found, newest first.
struct Counted {
    incidents: Vec<PastIncident>,
    /// There are more, which are older.
    is_partial: bool,
    /// The moment of the search.
    now: Timestamp,
}

impl Inner {
    /// The number of an incident, by its id for programs.
    pub(super) async fn number_of(&self, id: Uuid) -> Result<view::IncidentRef, Error> {
        let number = self.store.number_of(id).await.map_err(refuse)?;
        let number = number.ok_or(Error::NotFound(Entity::IncidentId(id)))?;
        Ok(view::IncidentRef { number })
    }

    /// A document for people.
    pub(super) fn document(&self, name: &str) -> Result<view::Document, Error> {
        let shown = self.board.shown();
        let found = shown.texts.iter().find(|document| document.name == name).cloned();
        found.ok_or_else(|| Error::NotFound(Entity::Document(name.to_owned())))
    }

    /// The replay bundle of an incident.
    pub(super) async fn bundle(&self, incident: IncidentNumber) -> Result<Vec<u8>, Error> {
        let bundle = self.store.bundle(incident).await.map_err(refuse)?;
        bundle.ok_or(Error::NotFound(Entity::Bundle(incident)))
    }

    /// Works without the database too: it then says so, and shows the incidents as they were known
    /// last.
    pub(super) async fn health(&self, caller: &Principal) -> view::Health {
        let mut shown = self.board.shown();
        let (at_hand, trouble) = match self.at_hand().await {
            Ok(at_hand) => (Some(at_hand), None),
            Err(error) => (self.last_at_hand(), Some(wording::error::sentence(&refuse(error)))),
        };
        if let Some(trouble) = trouble {
            let mut readings = Readings::clone(&shown.readings);
            // The monitor may have told it already.
            if !readings.troubles.iter().any(|told| told.contains(&trouble)) {
                readings.troubles.insert(0, format!("Incidents may be out of date. {trouble}"));
            }
            shown.readings = readings.into();
        }
        let now = self.clock.now().wall;
        let at_hand = at_hand.as_ref();
        view::Health {
            cursor: at_hand.map_or_else(Cursor::default, |at_hand| at_hand.cursor),
            head: at_hand.map_or(Head::EMPTY, |at_hand| at_hand.head),
            now: Readings::clone(&shown.readings),
            sparklines: shown.sparklines.to_vec(),
            active: at_hand.map(AtHand::active).unwrap_or_default(),
            overview: self.overview(&shown, at_hand),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            may_check: authorize(caller, CheckNow::PERMISSION).is_ok(),
            may_maintain: authorize(caller, EndMaintenance::PERMISSION).is_ok(),
            check: self.checks.last().filter(|check| now.since(check.at) < CHECK_SHOWN),
            prevention: self.prevention_counts().await,
            report: self.unreviewed_report().await,
        }
    }

    /// The protection of the product, with the traffic that the monitor saw last.
    pub(super) async fn protection_page(
        &self,
        caller: &Principal,
    ) -> Result<ProtectionPage, Error> {
        let at_hand = self.at_hand().await.map_err(refuse)?;
        let shown = self.board.shown();
        Ok(ProtectionPage {
            cursor: at_hand.cursor,
            checked_at: self.clock.now().wall,
            protection: Protection::clone(&at_hand.protection),
            bounds: shown.bounds,
            batch: shown.limits.as_deref().and_then(batch_bound),
            traffic: shown.traffic.map(|traffic| traffic.to_vec()),
            names: self.names().await?,
            may_stop: authorize(caller, EndMeasure::PERMISSION).is_ok(),
            may_decide: authorize(caller, ResumeAutomation::PERMISSION).is_ok(),
        })
    }

    pub(super) async fn status_page(&self, caller: &Principal) -> Result<StatusPageView, Error> {
        Ok(StatusPageView {
            cursor: self.at_hand().await.map_err(refuse)?.cursor,
            checked_at: self.clock.now().wall,
            page: self.publisher().page(),
            names: self.names().await?,
            may_publish: authorize(caller, PublishNotice::PERMISSION).is_ok(),
        })
    }

    pub(super) async fn incidents(&self) -> Result<view::Incidents, Error> {
        let at_hand = match (self.at_hand().await, self.last_at_hand()) {
            (Ok(at_hand), _) | (Err(_), Some(at_hand)) => at_hand,
            (Err(error), None) => return Err(refuse(error)),
        };
        Ok(at_hand.lists())
    }

    pub(super) async fn names(&self) -> Result<Names, Error> {
        Ok(self.known().await?.names.clone())
    }

    /// The reader, if it is a person who signed in.
    pub(super) async fn reader(&self, caller: &Principal) -> Result<Option<view::Viewer>, Error> {
        Ok(self.known().await?.reader(caller))
    }

    pub(super) async fn settings(&self, caller: &Principal) -> Result<view::Settings, Error> {
        let Principal::Account { id, role, session: this, .. } = caller else {
            return Err(Error::SignIn);
        };
        let (cursor, _) = self.store.head().await.map_err(refuse)?;
        let known = self.known().await?;
        let roster = &known.roster;
        let now = self.clock.now().wall;
        let open = || {
            roster.sessions.iter().filter(|one| one.is_open(one.seen_at, now) || one.id == *this)
        };
        let mut sessions: Vec<view::SessionCard> = open()
            .filter(|one| one.account == *id)
            .map(|one| view::SessionCard {
                id: one.id,
                this: one.id == *this,
                agent: one.agent.clone(),
                address: one.address.clone(),
                created_at: one.created_at,
                seen_at: one.seen_at,
            })
            .collect();
        sessions.sort_by_key(|one| Reverse((one.this, one.seen_at)));
        let passkeys =
            roster.passkeys.iter().filter(|one| one.account == *id).map(|one| view::PasskeyCard {
                id: one.id,
                label: one.label.clone(),
                created_at: one.created_at,
                used_at: one.used_at,
            });
        let is_owner = *role == Role::Owner;
        let seen = |account: AccountId| {
            roster.sessions.iter().filter(|one| one.account == account).map(|one| one.seen_at).max()
        };
        let owners = roster
            .accounts
            .iter()
            .filter(|one| one.role == Role::Owner && one.closed_at.is_none())
            .map(|one| one.name.clone());
        let people = roster.accounts.iter().filter(|_| is_owner).map(|one| view::PersonCard {
            account: one.id,
            name: one.name.clone(),
            role: one.role,
            created_at: one.created_at,
            seen_at: seen(one.id),
            closed: one.closed_at.is_some(),
        });
        let waiting = roster
            .invitations
            .iter()
            .filter(|one| is_owner && one.ended_at.is_none() && now < one.until);
        let invitations = waiting.map(|one| view::InvitationCard {
            id: one.id,
            role: one.role,
            created_at: one.created_at,
            until: one.until,
        });
        let valid = roster.tokens.iter().filter(|one| is_owner && one.ended_at.is_none());
        let tokens = valid.map(|one| view::TokenCard {
            id: one.id,
            label: one.label.clone(),
            scopes: one.scopes.iter().copied().collect(),
            created_at: one.created_at,
            until: one.until,
            used_at: one.used_at,
        });
        Ok(view::Settings {
            cursor,
            reader: known.reader(caller).ok_or(Error::SignIn)?,
            sessions,
            passkeys: passkeys.collect(),
            owners: owners.collect(),
            people: people.collect(),
            invitations: invitations.collect(),
            tokens: tokens.collect(),
        })
    }

    pub(super) async fn history(&self, filter: &HistoryFilter) -> Result<view::History, Error> {
        for (field, text) in [("text", &filter.text), ("subject", &filter.subject)] {
            let Some(text) = text else { continue };
            let length = text.chars().count();
            let reason = if length > LONGEST_SEARCH {
                FieldReason::TooLong { most: LONGEST_SEARCH, length }
            } else if field == "text" && text.split_whitespace().count() > MOST_WORDS {
                FieldReason::TooManyWords { most: MOST_WORDS }
            } else {
                continue;
            };
            return Err(Error::invalid(field, reason));
        }
        let (cursor, _) = self.store.head().await.map_err(refuse)?;
        let read = async {
            // Words are looked for once: what the figures count is what the first page begins with.
            if filter.text.is_some() && filter.before.is_none() {
                let counted = self.counted(filter).await?;
                let summary = self.summary(filter, &counted);
                tokio::try_join!(self.first_page(filter, &counted), summary)
            } else {
                let page = self.store.history(filter, HISTORY_PAGE + 1);
                let summary = async { self.summary(filter, &self.counted(filter).await?).await };
                tokio::try_join!(page, summary)
            }
        };
        let (mut found, (summary, charts)) = read.await.map_err(refuse)?;
        let more = found.len() > HISTORY_PAGE as usize;
        found.truncate(HISTORY_PAGE as usize);
        let next = found.last().filter(|_| more).map(|incident| incident.number);
        let incidents = found.iter().map(incident_card).collect();
        Ok(view::History { cursor, incidents, next, summary, charts })
    }

    /// All that fits a filter, newest first; lately, where nothing narrows it.
    async fn counted(&self, filter: &HistoryFilter) -> Result<Counted, StoreError> {
        let now = self.clock.now().wall;
        let from = if filter.is_narrow() { filter.from } else { Some(now.minus(figures::REACH)) };
        let filter = HistoryFilter { before: None, from, ..filter.clone() };
        let mut incidents = self.store.past_incidents(&filter, figures::MOST + 1).await?;
        let is_partial = incidents.len() > figures::MOST as usize;
        incidents.truncate(figures::MOST as usize);
        Ok(Counted { incidents, is_partial, now })
    }

    /// The first page of what was counted, and one more.
    async fn first_page(
        &self,
        filter: &HistoryFilter,
        counted: &Counted,
    ) -> Result<Vec<Incident>, StoreError> {
        let limit = HISTORY_PAGE + 1;
        let shown = counted.incidents.iter().take(limit as usize);
        let Some(oldest) = shown.map(|one| one.opened_at).min() else { return Ok(Vec::new()) };
        // Nothing older is on it, and need not be looked at.
        let from = filter.from.max(Some(oldest));
        self.store.history(&HistoryFilter { from, ..filter.clone() }, limit).await
    }

    /// Figures and charts of all that fits a filter.
    async fn summary(
        &self,
        filter: &HistoryFilter,
        Counted { incidents, is_partial, now }: &Counted,
    ) -> Result<(HistorySummary, Option<HistoryCharts>), StoreError> {
        let found = Found { incidents, is_partial: *is_partial };
        let charts = self.charts(filter, found).await?;
        let summary = if filter.is_narrow() {
            HistorySummary::of_search(incidents, *is_partial)
        } else {
            HistorySummary::of_lately(incidents, *is_partial, *now)
        };
        Ok((summary, charts))
    }

    /// Everything that memory has, at full resolution, and roll-ups before that. Without the
    /// database, what memory has.
    pub(super) async fn course(
        &self,
        subject: Subject,
        signal: Signal,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Series, Error> {
        if from >= to {
            return Err(Error::invalid("from", FieldReason::NotBeforeEnd));
        }
        let recent = self.board.values(&subject, &signal, from, to);
        let (kept, unreadable) = match self.ask(self.kept(&subject, &signal, from, to)).await {
            Ok(kept) => (kept, None),
            Err(error) => (Vec::new(), Some(error)),
        };
        let (unit, recent) = match (recent, unreadable) {
            (Some(recent), _) => recent,
            (None, Some(error)) => return Err(refuse(error)),
            (None, None) => {
                let unit = kept.last().map(|rollup| rollup.unit.clone());
                let unit = unit.ok_or_else(|| {
                    Error::NotFound(Entity::Series(subject.clone(), signal.clone()))
                })?;
                (unit, Vec::new())
            }
        };
        let recent = recent.into_iter().map(|(at, value)| single(at, value)).collect();
        let (warning, critical) = self.board.levels(&subject, &signal, &unit);
        let points = thinned(joined(&unit, &kept, recent));
        Ok(Series { subject, signal, unit, warning, critical, points })
    }

    /// Minutes as far as they reach, and hours before them; oldest first.
    async fn kept(
        &self,
        subject: &Subject,
        signal: &Signal,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<Rollup>, StoreError> {
        let minutes_from = from.max(to.minus(MINUTES_REACH));
        let minutes =
            self.store.rollups(subject, signal, RollupStep::Minute, minutes_from, to).await?;
        // Minutes are kept for a shorter time than hours. The hour in which they begin is told by
        // them.
        let begin = minutes.first().map_or(to, |first| first.start);
        let begin = Timestamp::from_micros(begin.as_micros().div_euclid(HOUR) * HOUR);
        if begin <= from {
            return Ok(minutes);
        }
        let mut kept = self.store.rollups(subject, signal, RollupStep::Hour, from, begin).await?;
        kept.extend(minutes);
        Ok(kept)
    }

    pub(super) async fn journal(&self, after: u64, limit: u32) -> Result<view::JournalPage, Error> {
        let (cursor, head) = self.store.head().await.map_err(refuse)?;
        let entries =
            self.store.entries(after, limit.clamp(1, JOURNAL_PAGE)).await.map_err(refuse)?;
        let names = self.names().await?;
        Ok(view::JournalPage {
            cursor,
            head,
            entries: entries.into_iter().map(without_body).collect(),
            names,
        })
    }
}

/// Active incidents, most severe and newest first.
/// The evidence stands beside the timeline, once.
pub(super) fn without_body(entry: Entry) -> Entry {
    match entry.event {
        Some(Event::SnapshotSaved { incident, snapshot }) => {
            let snapshot = Box::new(snapshot.without_body());
            Entry { event: Some(Event::SnapshotSaved { incident, snapshot }), ..entry }
        }
        event => Entry { event, ..entry },
    }
}

/// The stored points, as far as memory does not reach, and all that memory has. The roll-up in
/// which memory begins is told too if it holds more than memory does.
fn joined(unit: &Unit, kept: &[Rollup], recent: Vec<SeriesPoint>) -> Vec<SeriesPoint> {
    let begin = recent.first().map(|first| first.at);
    let is_missing = |rollup: &&Rollup| {
        let end = rollup.start.plus(length(rollup.step));
        let remembered = recent.iter().take_while(|point| point.at < end).count();
        rollup.unit == *unit
            && begin.is_none_or(|begin| rollup.start < begin)
            && remembered < rollup.count as usize
    };
    let kept: Vec<&Rollup> = kept.iter().filter(is_missing).collect();
    let (hours, minutes): (Vec<&Rollup>, Vec<&Rollup>) =
        kept.into_iter().partition(|rollup| rollup.step == RollupStep::Hour);
    let mut points = rolled_up(&hours, RollupStep::Hour);
    points.extend(rolled_up(&minutes, RollupStep::Minute));
    let times: Vec<Timestamp> = recent.iter().map(|point| point.at).collect();
    let reach = halves(usual(&times, Span::from_secs(10)), 6).max(Span::from_secs(5));
    points.extend(
        recent.into_iter().map(|point| SeriesPoint { until: point.at.plus(reach), ..point }),
    );
    points
}

/// A value that stands for itself; when the next was due is for whoever knows what is usual.
const fn single(at: Timestamp, value: f64) -> SeriesPoint {
    SeriesPoint { at, until: at, min: value, mean: value, max: value }
}

const fn length(step: RollupStep) -> Span {
    match step {
        RollupStep::Minute => Span::from_mins(1),
        RollupStep::Hour => Span::from_mins(60),
    }
}

/// Roll-ups of one step as points. What is heard about once in a step may be missing in one of them
/// and still be heard as always.
fn rolled_up(rollups: &[&Rollup], step: RollupStep) -> Vec<SeriesPoint> {
    let times: Vec<Timestamp> = rollups.iter().map(|rollup| rollup.start).collect();
    let mut counts: Vec<u32> = rollups.iter().map(|rollup| rollup.count).collect();
    counts.sort_unstable();
    let is_rare = counts.get(counts.len() / 2).is_some_and(|count| *count <= 2);
    let reach = halves(usual(&times, length(step)).max(length(step)), if is_rare { 5 } else { 3 });
    let point = |rollup: &&Rollup| SeriesPoint {
        at: rollup.start,
        until: rollup.start.plus(reach),
        min: rollup.min,
        mean: rollup.mean,
        max: rollup.max,
    };
    rollups.iter().map(point).collect()
}

/// So many halves of a time.
pub(super) const fn halves(span: Span, count: u64) -> Span {
    Span::from_micros(span.as_micros().saturating_mul(count) / 2)
}

/// The usual distance of points. Few of them can't tell it: then it is not taken for longer than
/// `known`.
pub(super) fn usual(times: &[Timestamp], known: Span) -> Span {
    let mut distances: Vec<Span> = times.windows(2).map(|pair| pair[1].since(pair[0])).collect();
    distances.sort_unstable();
    match distances.get(distances.len().saturating_sub(1) / 2) {
        Some(usual) if distances.len() >= TELLING => *usual,
        Some(usual) => (*usual).min(known),
        None => known,
    }
}

/// No more points than a chart can show: those are put together that would lie on each other there.
fn thinned(points: Vec<SeriesPoint>) -> Vec<SeriesPoint> {
    let (Some(first), Some(last)) = (points.first(), points.last()) else { return points };
    if points.len() <= POINTS {
        return points;
    }
    let (begin, width) = (first.at, last.at.since(first.at).as_micros() / POINTS as u64 + 1);
    let column = |point: &SeriesPoint| point.at.since(begin).as_micros() / width;
    points.chunk_by(|one, next| column(one) == column(next)).filter_map(together).collect()
}

#[expect(clippy::cast_precision_loss, reason = "a handful of points")]
fn together(points: &[SeriesPoint]) -> Option<SeriesPoint> {
    let (first, last) = (points.first()?, points.last()?);
    Some(SeriesPoint {
        at: first.at,
        until: last.until,
        min: points.iter().map(|point| point.min).fold(f64::INFINITY, f64::min),
        mean: points.iter().map(|point| point.mean).sum::<f64>() / points.len() as f64,
        max: points.iter().map(|point| point.max).fold(f64::NEG_INFINITY, f64::max),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rollup(step: RollupStep, start: i64, count: u32) -> Rollup {
        Rollup {
            subject: "host:a".parse().unwrap(),
            signal: "host.cpu.used".parse().unwrap(),
            unit: Unit::Percent,
            step,
            start: Timestamp::from_secs(start),
            min: 1.0,
            max: 3.0,
            mean: 2.0,
            last: 2.0,
            count,
        }
    }

    fn minute(start: i64) -> Rollup {
        rollup(RollupStep::Minute, start, 12)
    }

    fn recent(seconds: impl IntoIterator<Item = i64>) -> Vec<SeriesPoint> {
        let point = |second| SeriesPoint {
            at: Timestamp::from_secs(second),
            until: Timestamp::default(),
            min: 5.0,
            mean: 5.0,
            max: 5.0,
        };
        seconds.into_iter().map(point).collect()
    }

    fn seconds(points: &[SeriesPoint]) -> Vec<i64> {
        points.iter().map(|point| point.at.as_micros() / 1_000_000).collect()
    }

    /// The times after which the next point comes too late.
    fn gaps(points: &[SeriesPoint]) -> Vec<i64> {
        let late = points.windows(2).filter(|pair| pair[1].at > pair[0].until);
        late.map(|pair| pair[1].at.as_micros() / 1_000_000).collect()
    }

    #[test]
    fn a_course_is_full_resolution_as_far_as_memory_reaches_and_roll_ups_before() {
        let kept: Vec<Rollup> = (0..10).map(|number| minute(number * 60)).collect();
        // Memory begins in the middle of the sixth minute, and goes on after the last roll-up.
        let memory = recent((330..730).step_by(5));
        let points = joined(&Unit::Percent, &kept, memory.clone());
        let expected: Vec<i64> =
            (0..6).map(|number| number * 60).chain((330..730).step_by(5)).collect();
        assert_eq!(seconds(&points), expected);
        assert!(
            points[..6].iter().all(|point| point.max == 3.0)
                && points[6..].iter().all(|point| point.max == 5.0)
        );
        assert_eq!(gaps(&points), Vec::<i64>::new());
        assert_eq!(joined(&Unit::Percent, &kept, Vec::new()).len(), 10);
        assert_eq!(joined(&Unit::Percent, &[], memory).len(), 80);
    }

    #[test]
    fn a_minute_that_is_over_takes_nothing_from_what_memory_still_has() {
        // A series that began at 65: its first minute is written, and memory has all of it.
        let memory = recent([65, 75, 85, 95, 105, 115, 125]);
        assert_eq!(
            seconds(&joined(&Unit::Percent, &[rollup(RollupStep::Minute, 60, 6)], memory.clone())),
            seconds(&memory)
        );
    }

    #[test]
    fn what_nobody_saw_is_a_gap_however_few_points_there_are() {
        // Heard until 28, then again after three minutes.
        for memory in
            [recent([8, 28, 204]), recent([28, 204]), recent((8..28).step_by(2).chain([204, 206]))]
        {
            assert_eq!(gaps(&joined(&Unit::Percent, &[], memory)), [204]);
        }
        // The same in minutes, and from minutes to memory.
        assert_eq!(gaps(&joined(&Unit::Percent, &[minute(0), minute(180)], Vec::new())), [180]);
        assert_eq!(
            gaps(&joined(&Unit::Percent, &[minute(0), minute(60)], recent([204, 209]))),
            [204]
        );
        // What is heard every five minutes has no gaps, once that is known.
        assert_eq!(
            gaps(&joined(&Unit::Percent, &[], recent((0..3_000).step_by(300)))),
            Vec::<i64>::new()
        );
        let slow: Vec<Rollup> =
            (0..10).map(|number| rollup(RollupStep::Minute, number * 300, 1)).collect();
        assert_eq!(gaps(&joined(&Unit::Percent, &slow, Vec::new())), Vec::<i64>::new());
    }

    #[test]
    fn hours_go_over_into_minutes_without_a_gap() {
        let hours = (0..3).map(|number| rollup(RollupStep::Hour, number * 3_600, 720));
        let kept: Vec<Rollup> = hours.chain((180..200).map(|number| minute(number * 60))).collect();
        let points = joined(&Unit::Percent, &kept, Vec::new());
        assert_eq!((points.len(), gaps(&points)), (23, Vec::new()));
    }

    #[test]
    fn a_long_course_is_thinned_by_its_time_and_keeps_its_peaks() {
        let kept: Vec<Rollup> = (0..2_000).map(|number| minute(number * 60)).collect();
        let mut memory = recent((120_000..123_600).step_by(5));
        memory[300].max = 99.0;
        let points = thinned(joined(&Unit::Percent, &kept, memory));
        assert!((350..=POINTS).contains(&points.len()), "{}", points.len());
        assert!(points.iter().any(|point| point.max == 99.0));
        assert_eq!(gaps(&points), Vec::<i64>::new());
        // Time runs evenly: the last hour is the part of the points that it is of the time.
        assert!(
            points.iter().filter(|point| point.at >= Timestamp::from_secs(120_000)).count() < 20
        );
    }
}
