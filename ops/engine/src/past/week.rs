//! A bad week: a leak that comes back, a slow endpoint, a full disk, an upload spike, a program that
//! crashes, and a threshold that only makes noise.

use domain::{
    name::BadName,
    review::{Rating, ReviewSections},
    subject::Subject,
    time::{Span, Timestamp},
};

use super::{
    Bumps, Course, Decision, Effect, PastSeries, Response, Shape, Step, Trouble,
    trouble::Shape::{Adds, Is, Rises},
};

/// The name of the simulated host. Every sentence about it says that it is generated.
pub const HOST: &str = "generated-web-1";
/// The programs that run there under PM2.
pub const APPS: [&str; 2] = ["api", "worker"];

const MIB: f64 = 1_048_576.0;
const HOUR: u64 = 60;
const DAY: u64 = 24 * HOUR;
/// The time after which nothing but the usual happens.
const WEEK: Span = Span::from_mins(7 * DAY);

// Places of the series.
const MEMORY: usize = 1;
const DISK: usize = 2;
const API_MEMORY: usize = 4;
const WORKER_UP: usize = 6;
const WORKER_RESTARTS: usize = 8;
const CHECKOUT_UP: usize = 9;
const CHECKOUT_TIME: usize = 10;
const UPLOADS: usize = 14;

/// A week with its series and troubles.
#[derive(Clone, Debug, PartialEq)]
pub struct Week {
    seed: u64,
    /// The midnight with which its first Monday begins.
    monday: Timestamp,
    /// The moment from which trend, rises and noise of its series are counted.
    pub first: Timestamp,
    /// The series.
    pub series: Vec<PastSeries>,
    /// The troubles, in the order in which they begin.
    pub troubles: Vec<Trouble>,
    /// The moments at which somebody ended troubles, by their place.
    ended: Vec<Option<Timestamp>>,
}

impl Week {
    /// The week that begins with a Monday.
    pub fn new(seed: u64, monday: Timestamp) -> Result<Self, BadName> {
        let series = series()?;
        let longest = series.iter().map(|one| one.history).max().unwrap_or(Span::ZERO);
        let troubles = troubles();
        let ended = vec![None; troubles.len()];
        Ok(Self { seed, monday, first: monday.minus(longest), series, troubles, ended })
    }

    /// The moment at which a trouble begins.
    pub fn begins(&self, trouble: &Trouble) -> Timestamp {
        self.monday.plus(trouble.begins)
    }

    /// The value of a series at a moment.
    pub fn value(&self, series: usize, at: Timestamp) -> Option<f64> {
        let one = self.series.get(series)?;
        let stream = series as u64;
        // All is over when the summary is made, whatever the seed.
        let mut value = if at < self.monday.plus(WEEK) {
            one.usual(self.seed, stream, at, self.first)
        } else {
            PastSeries { bumps: None, ..one.clone() }.usual(self.seed, stream, at, self.first)
        };
        for (trouble, ended) in self.troubles.iter().zip(&self.ended) {
            let begins = self.begins(trouble);
            let ends = ended.unwrap_or(Timestamp::MAX).min(begins.plus(trouble.lasts));
            if at < begins || at >= ends {
                continue;
            }
            let shapes = trouble.effects.iter().filter(|effect| effect.series == series);
            value =
                shapes.fold(value, |value, effect| effect.shape.changed(value, at.since(begins)));
        }
        // A share is never more than all of it.
        let most = if one.unit.as_str() == "%" { 100.0 } else { f64::MAX };
        Some(value.clamp(0.0, most))
    }

    /// Ends a trouble: what was approved helped.
    pub fn end(&mut self, trouble: usize, at: Timestamp) {
        if let Some(ended) = self.ended.get_mut(trouble) {
            ended.get_or_insert(at);
        }
    }

    /// The trouble that an incident is about: the newest one that has begun and changes a signal of
    /// one of its subjects.
    pub fn trouble_of(&self, subjects: &[&Subject], began_at: Timestamp) -> Option<usize> {
        let is_about = |effect: &Effect| {
            self.series.get(effect.series).is_some_and(|one| subjects.contains(&&one.subject))
        };
        // A hold time is counted back to the value that began it.
        let slack = Span::from_mins(5);
        self.troubles.iter().rposition(|trouble| {
            let begins = self.begins(trouble);
            let ends = begins.plus(trouble.lasts).plus(slack);
            began_at.plus(slack) >= begins
                && began_at < ends
                && trouble.effects.iter().any(is_about)
        })
    }
}

fn app(name: &str) -> Subject {
    Subject::build("app", name, Some(HOST))
}

fn series() -> Result<Vec<PastSeries>, BadName> {
    let host = || Subject::build("host", HOST, None);
    let endpoint = |name: &str| Subject::build("endpoint", name, None);
    let service = |name: &str| Subject::build("service", name, None);
    let rhythm = Course::with_rhythm;
    let of = PastSeries::new;
    let month = Span::from_mins(32 * DAY);
    let queue = |name: &str, course: Course, bumps: Option<Bumps>| {
        let one = of(service(name), "queue.depth", "jobs", course)?;
        Ok::<_, BadName>(PastSeries { bumps, history: month, ..one })
    };
    let noise = Bumps { a_day: 2, length: Span::from_mins(7), value: 1_150 };
    let disk = Course { trend: 0.05, ..rhythm(66.0, 0.5, 0.1, 100.0) };
    let memory = |level: f64, busy: f64| rhythm(level * MIB, busy * MIB, 6.0 * MIB, 8_192.0 * MIB);
    Ok(vec![
        of(host(), "host.cpu.used", "%", rhythm(12.0, 38.0, 6.0, 100.0))?,
        of(host(), "host.memory.used", "%", rhythm(54.0, 6.0, 1.0, 100.0))?,
        of(Subject::build("disk", "/var", Some(HOST)), "disk.used", "%", disk)?,
        of(app("api"), "app.up", "yes/no", Course::constant(1.0))?,
        of(app("api"), "app.memory", "B", memory(420.0, 60.0))?,
        of(app("api"), "app.restarts", "", Course::constant(0.0))?,
        of(app("worker"), "app.up", "yes/no", Course::constant(1.0))?,
        of(app("worker"), "app.memory", "B", memory(260.0, 30.0))?,
        of(app("worker"), "app.restarts", "", Course::constant(0.0))?,
        of(endpoint("generated-checkout"), "endpoint.up", "yes/no", Course::constant(1.0))?,
        of(
            endpoint("generated-checkout"),
            "endpoint.first_byte",
            "ms",
            rhythm(140.0, 160.0, 60.0, 60_000.0),
        )?,
        of(endpoint("generated-search"), "endpoint.up", "yes/no", Course::constant(1.0))?,
        of(
            endpoint("generated-search"),
            "endpoint.first_byte",
            "ms",
            rhythm(90.0, 110.0, 40.0, 60_000.0),
        )?,
        queue("generated-thumbnails", rhythm(40.0, 320.0, 60.0, 900.0), Some(noise))?,
        queue("generated-uploads", rhythm(20.0, 180.0, 40.0, 900.0), None)?,
    ])
}

/// A time after the first midnight: the day (Monday is 0), hour and minute.
const fn at(day: u64, hour: u64, minute: u64) -> Span {
    Span::from_mins(day * DAY + hour * HOUR + minute)
}

const fn effect(series: usize, shape: Shape) -> Effect {
    Effect { series, shape }
}

fn troubles() -> Vec<Trouble> {
    let leak = |begins: Span, lasts: Span, response: Response| Trouble {
        begins,
        lasts,
        effects: vec![
            effect(API_MEMORY, Rises { a_minute: 22.0 * MIB, most: 2_800.0 * MIB }),
            effect(MEMORY, Rises { a_minute: 0.27, most: 30.0 }),
        ],
        response: Some(response),
    };
    vec![
        leak(at(0, 10, 2), minutes(4 * HOUR), first_leak()),
        Trouble {
            begins: at(1, 14, 5),
            lasts: Span::from_mins(52),
            effects: vec![effect(CHECKOUT_TIME, Adds(2_150.0))],
            response: Some(slow_endpoint()),
        },
        Trouble {
            begins: at(1, 21, 30),
            lasts: Span::from_mins(9 * HOUR),
            effects: vec![effect(DISK, Rises { a_minute: 0.085, most: 31.0 })],
            response: Some(full_disk()),
        },
        Trouble {
            begins: at(3, 11, 0),
            lasts: Span::from_mins(34),
            effects: vec![effect(UPLOADS, Is(8_200.0))],
            response: Some(upload_spike()),
        },
        leak(at(4, 16, 31), minutes(58), second_leak()),
        Trouble {
            begins: at(5, 3, 40),
            lasts: Span::from_mins(2 * HOUR),
            effects: vec![effect(WORKER_RESTARTS, Is(7.0)), effect(WORKER_UP, Is(0.0))],
            response: Some(crash_loop()),
        },
        Trouble {
            begins: at(6, 18, 12),
            lasts: Span::from_mins(6),
            effects: vec![effect(CHECKOUT_UP, Is(0.0))],
            response: Some(outage()),
        },
    ]
}

const fn minutes(minutes: u64) -> Span {
    Span::from_mins(minutes)
}

fn first_leak() -> Response {
    Response {
        acknowledged: minutes(6),
        decision: Decision::Approve { command: "pm2-reload", after: minutes(11) },
        note: "The cache of product pictures in the API has no bound. Reloaded it; the memory is back.",
        resolved: minutes(7),
        rating: Some(Rating::OneStepShort),
        review: Some(ReviewSections {
            factors: "The release of Monday morning keeps each *resized picture* in memory."
                .to_owned(),
            went_well: "The reload took one approval, and nobody outside noticed.".to_owned(),
            to_change: "- Bound the cache.\n- Alert earlier: the growth was visible long before."
                .to_owned(),
        }),
        steps: vec![
            Step::Planned { text: "Bound the cache of product pictures in the API", days: 21 },
            Step::NotDone {
                text: "Give the host more memory",
                reason: "It would only have taken longer.",
            },
        ],
    }
}

fn slow_endpoint() -> Response {
    Response {
        acknowledged: minutes(4),
        decision: Decision::None,
        note: "A report without an index blocked the orders. It was stopped.",
        resolved: minutes(6),
        rating: None,
        review: None,
        steps: vec![Step::Planned { text: "Add an index for the report of orders", days: 28 }],
    }
}

fn full_disk() -> Response {
    Response {
        acknowledged: minutes(280),
        decision: Decision::Approve { command: "journal-vacuum", after: minutes(290) },
        note: "Debug logs of the importer filled the disk over night. They are switched off again.",
        resolved: minutes(8),
        rating: Some(Rating::Fixed),
        review: None,
        steps: vec![Step::Planned { text: "Limit the size of the importer's log", days: 14 }],
    }
}

fn upload_spike() -> Response {
    Response {
        acknowledged: minutes(2),
        decision: Decision::None,
        note: "A customer moved ten years of pictures at once. It was over by itself.",
        resolved: minutes(6),
        rating: None,
        review: None,
        steps: Vec::new(),
    }
}

fn second_leak() -> Response {
    Response {
        acknowledged: minutes(3),
        decision: Decision::Decline {
            reason: "The release with the bounded cache is on its way, and memory lasts until then.",
            after: minutes(5),
        },
        note: "The same cache again. The release with the fix replaced the program.",
        resolved: minutes(6),
        rating: None,
        review: None,
        steps: Vec::new(),
    }
}

fn crash_loop() -> Response {
    Response {
        acknowledged: minutes(12),
        decision: Decision::Approve { command: "pm2-restart", after: minutes(17) },
        note: "The worker did not find its queue after the nightly maintenance. A restart was enough.",
        resolved: minutes(6),
        rating: Some(Rating::Fixed),
        review: None,
        steps: vec![Step::Planned { text: "Let the worker wait for its queue", days: 35 }],
    }
}

fn outage() -> Response {
    Response {
        acknowledged: minutes(2),
        decision: Decision::None,
        note: "The provider's network was down for some minutes.",
        resolved: minutes(6),
        rating: None,
        review: None,
        steps: Vec::new(),
    }
}
