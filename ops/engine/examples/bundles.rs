//! Writes the bundles under `tests/bundles`: three short stories, told to the real recorder, engine
//! and agent.
//!
//! `cargo run -p engine --example bundles` writes them again. That is for a new story or a new format:
//! a change of the rules that makes an old bundle decide otherwise is to be looked at first.

use std::{collections::BTreeMap, error::Error, path::Path, sync::Arc};

use domain::{
    actor::Actor,
    announcements::Announcements,
    id::IncidentNumber,
    incident::{self, Incident},
    journal::Event,
    lifecycle::Step,
    subject::Subject,
    time::{MonotonicTime, Now, Timestamp},
    unit::Unit,
};
use engine::{
    agent::{self, World},
    evaluate::{Engine, SeriesId},
    replay::{Checkpoint, Input, Recorder, SeriesName, THRESHOLDS},
};
use policy::thresholds::Thresholds;

type Done = Result<(), Box<dyn Error>>;

const DOCUMENT: &str = "format: 1

# Thresholds of a story

| signal | subject | warning | critical | for | recovers at | no data after | what it means | runbook | commands |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
| `host.memory.used` | - | above 85 % | above 94 % | 2 min / 30 s | 80 % | 2 min | Memory is running out. | memory | - |
| `queue.depth` | `service:*` | above 1,000 jobs | above 5,000 jobs | 20 s | 500 jobs | 1 min | Work is piling up. | queue | - |

| rule | value |
| --- | --- |
| quiet for | 2 min |
| reopen within | 10 min |
| flood of | 2 incidents in 5 min |
";

/// The monitor's work, without a clock or a database: every step is ten seconds.
struct Story {
    engine: Engine,
    recorder: Recorder,
    incidents: BTreeMap<IncidentNumber, Incident>,
    next_number: IncidentNumber,
    ids: BTreeMap<SeriesId, ()>,
    seconds: u32,
}

impl Story {
    const LIMIT: usize = 100;

    fn begin() -> Result<Self, Box<dyn Error>> {
        let read = Thresholds::parse(THRESHOLDS, DOCUMENT, fixtures::signals());
        let thresholds = read
            .map_err(|problems| problems.first().map_or_else(String::new, ToString::to_string))?;
        Ok(Self {
            engine: Engine::new(Arc::new(thresholds), Self::LIMIT),
            recorder: Recorder::new(60_000),
            incidents: BTreeMap::new(),
            next_number: IncidentNumber(1),
            ids: BTreeMap::new(),
            seconds: 0,
        })
    }

    fn now(&self) -> Now {
        let seconds = self.seconds;
        Now {
            wall: Timestamp::from_secs(1_795_000_000 + i64::from(seconds)),
            mono: MonotonicTime::from_micros((77 + u64::from(seconds)) * 1_000_000),
        }
    }

    fn observe(&mut self, signal: &str, subject: &str, value: f64) -> Done {
        let now = self.now();
        let unit: Unit = if signal == "queue.depth" { "jobs".parse()? } else { Unit::Percent };
        let series = self.engine.series(signal, subject, Some(&unit))?;
        if self.ids.insert(series, ()).is_none() {
            let name = SeriesName {
                series,
                signal: signal.parse()?,
                subject: subject.parse()?,
                unit: Some(unit),
            };
            self.recorder.record(Input::Series(name));
        }
        self.recorder.record(Input::Observe { series, value, at: now.wall, now, reason: None });
        self.engine.observe(series, value, now.wall, now);
        Ok(())
    }

    fn apply(&mut self, events: Vec<Event>, actor: Actor) -> Done {
        let at = self.now().wall;
        incident::apply_all(&mut self.incidents, &events, actor, at)?;
        let next = self.incidents.keys().next_back().map_or(1, |number| number.0 + 1);
        self.next_number = self.next_number.max(IncidentNumber(next));
        self.recorder.record(Input::Applied { events, actor, at });
        Ok(())
    }

    fn person(&mut self, event: Event) -> Done {
        self.apply(vec![event], Actor::Local)
    }

    fn retire(&mut self, subject: &str) -> Done {
        let subject: Subject = subject.parse()?;
        self.engine.retire(&subject);
        self.recorder.record(Input::Retire { subject });
        Ok(())
    }

    /// One look, and ten seconds pass.
    fn look(&mut self) -> Done {
        let now = self.now();
        let steady_since = Timestamp::from_secs(1_795_000_000);
        if self.recorder.is_due(now) {
            self.recorder.checkpoint(Checkpoint {
                now,
                state: self.engine.checkpoint(now),
                limit: Self::LIMIT,
                incidents: self.incidents.values().cloned().collect(),
                next_number: self.next_number,
                steady_since,
                documents: BTreeMap::from([(THRESHOLDS.to_owned(), DOCUMENT.to_owned())]),
                announcements: Announcements::default(),
            });
        }
        self.recorder.record(Input::Tick { now });
        let breaches = self.engine.tick(now);
        let policy = self.engine.thresholds().policy().clone();
        let oldest = now.wall.minus(policy.reopen_within);
        self.incidents.retain(|_, one| one.resolution.as_ref().is_none_or(|end| end.at >= oldest));
        let incidents: Vec<Incident> = self.incidents.values().cloned().collect();
        let endings = self.engine.endings(&breaches, &incidents);
        let next_number = self.next_number;
        let world = World {
            breaches: &breaches,
            endings: &endings,
            incidents: &incidents,
            next_number,
            now: now.wall,
            steady_since,
            announcements: &Announcements::default(),
        };
        let events = agent::decide(&policy, world);
        self.recorder.decided(now, &events);
        if !events.is_empty() {
            self.apply(events, Actor::Agent)?;
        }
        self.seconds += 10;
        Ok(())
    }

    fn minute(&self) -> u32 {
        self.seconds / 60
    }

    fn write(&self, name: &str) -> Done {
        let bundle = self.recorder.bundle().ok_or("nothing was recorded")?;
        let replayed =
            engine::replay::replay(&bundle, wording::replay::describe, fixtures::signals())?;
        println!("{name}:\n{replayed}\n");
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/bundles")
            .join(format!("{name}.json"));
        std::fs::write(path, serde_json::to_vec(&bundle)?)?;
        Ok(())
    }
}

/// Memory rises to warning and critical, and comes back; nobody touches it, so the agent ends it.
fn memory() -> Done {
    let mut story = Story::begin()?;
    while story.minute() < 40 {
        let into = f64::from(story.seconds) - 24.0 * 60.0;
        // It rises from minute 24 to 30, stays, and falls from minute 33 on.
        let value = match into {
            ..0.0 => 71.3,
            0.0..360.0 => 71.3 + into * 0.07,
            360.0..540.0 => 96.5,
            _ => (96.5 - (into - 540.0) * 0.3).max(66.1),
        };
        story.observe("host.memory.used", "host:web-1", value)?;
        story.look()?;
    }
    story.write("memory-rises-and-recovers")
}

/// A queue that comes and goes: a person looks, the agent only offers the end, and the person takes
/// it.
fn queue() -> Done {
    let mut story = Story::begin()?;
    let incident = IncidentNumber(1);
    while story.minute() < 21 {
        let up =
            story.minute() >= 10 && story.minute() < 16 && (story.seconds / 30).is_multiple_of(2);
        story.observe("queue.depth", "service:imports", if up { 1_500.25 } else { 120.1 })?;
        story.look()?;
        match story.seconds {
            700 => story.person(Event::Acknowledged { incident })?,
            1_200 => {
                let note = Some("The importer reads in smaller steps now.".to_owned());
                story.person(Event::Resolved { incident, step: Step::PersonResolved, note })?;
            }
            _ => {}
        }
    }
    story.write("queue-flaps")
}

/// Many services at once: a flood. One of them falls silent, is called for, and is retired.
fn flood() -> Done {
    let mut story = Story::begin()?;
    while story.seconds < 330 {
        for number in 0..4_u32 {
            let subject = format!("service:{number}");
            if number == 3 && (110..300).contains(&story.seconds) {
                continue;
            }
            let up = number < 3 && (20 + number * 20..200).contains(&story.seconds);
            story.observe("queue.depth", &subject, if up { 6_000.5 } else { 10.0 })?;
        }
        if story.seconds == 270 {
            story.retire("service:3")?;
            // As the intake does: a retired series is named again when it reports.
            story.ids.retain(|id, ()| id.0 != 3);
        }
        story.look()?;
    }
    story.write("flood-silence-and-retire")
}

fn main() -> Done {
    memory()?;
    queue()?;
    flood()
}
