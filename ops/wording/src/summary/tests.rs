//! Whole summaries of likely incidents, as they are read.

use domain::{
    actor::Actor,
    breach::{Crossing, Easing, Ending, Guidance, Unheard},
    incident::Resolution,
    lifecycle::State,
    severity::Severity,
    time::{Span, Timestamp},
};
use fixtures;

use super::*;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_secs(1_795_000_200 + seconds)
}

fn breach(subject: &str, signal: &str, value: f64, unit: &str) -> Breach {
    let crossing = match signal {
        "endpoint.up" | "endpoint.certificate.days_left" => Crossing::Below { level: value + 1.0 },
        _ => Crossing::Above { level: value - 1.0 },
    };
    fixtures::breach()
        .on(subject)
        .signal(signal)
        .critical()
        .crossing(crossing)
        .since(at(0))
        .fired(at(60))
        .value(value)
        .unit(unit)
        .build()
}

fn guided(mut breach: Breach, meaning: &str, runbook: &str, commands: &[&str]) -> Breach {
    breach.guidance = Guidance {
        meaning: meaning.into(),
        runbook: runbook.into(),
        commands: commands.iter().map(|&id| id.to_owned()).collect(),
        measures: Vec::new(),
    };
    breach
}

fn incident(breaches: Vec<Breach>) -> Incident {
    fixtures::incident(42)
        .of(breaches)
        .severity(Severity::Critical)
        .began(at(0))
        .opened(at(60))
        .build()
}

fn text(incident: &Incident, reader: Reader) -> String {
    let sections = render(&engine::summary::compose(incident, Span::from_mins(5)), reader);
    sections
        .iter()
        .map(|section| format!("# {}\n{}\n", section.heading, section.sentences.join("\n")))
        .collect()
}

fn memory() -> Breach {
    let mut breach = breach("host:web-1", "host.memory.used", 93.0, "%");
    (breach.usual, breach.per_minute, breach.limit_in_seconds) =
        (Some(61.0), Some(1.0), Some(420.0));
    guided(
        breach,
        "When memory runs out, the kernel ends a program",
        "memory",
        &["host.largest-processes"],
    )
}

fn all() -> Vec<(&'static str, Incident)> {
    let mut disk = breach("disk:/var@web-1", "disk.used", 91.5, "%");
    (disk.per_minute, disk.limit_in_seconds) = (Some(0.05), Some(10_200.0));
    let disk = guided(
        disk,
        "Databases and logs stop on a full disk.",
        "disk-full",
        &["disk.largest-files"],
    );
    let down = guided(
        breach("endpoint:checkout", "endpoint.up", 0.0, ""),
        "People can't use it",
        "endpoint-down",
        &[],
    );
    let mut slow = breach("endpoint:checkout", "endpoint.first_byte", 2400.0, "ms");
    slow.usual = Some(180.0);
    slow.unsteady = true;
    let mut silent = breach("host:web-2", "host.cpu.used", 12.0, "%");
    silent.crossing = Crossing::Silent { for_seconds: 45.0 };
    let mut over = incident(vec![memory()]);
    (over.breaches[0].cleared_at, over.breaches[0].ending) =
        (Some(at(600)), Some(Ending::Recovered { since: at(540) }));
    over.breaches[0].breach.peak = 97.0;
    let mut recovering = over.clone();
    (recovering.state, recovering.quiet_since) = (State::Recovering, Some(at(600)));
    over.state = State::Resolved;
    over.resolution = Some(Resolution { by: Actor::Agent, at: at(900), note: None });
    over.reopened = 1;
    let mut flood = incident(
        (0..8)
            .map(|index| breach(&format!("service:s{index}"), "queue.depth", 412.0, "jobs"))
            .collect(),
    );
    flood.flood = true;
    let mut gone = over.clone();
    gone.breaches[0].ending = Some(Ending::NoLongerWatched);
    gone.breaches.push(
        incident(vec![breach("endpoint:checkout", "endpoint.up", 0.0, "yes/no")]).breaches[0]
            .clone(),
    );
    (gone.breaches[1].cleared_at, gone.breaches[1].ending) =
        (Some(at(600)), Some(Ending::NoLongerWatched));
    let queue = || {
        let mut queue = guided(
            breach("service:imports", "queue.depth", 6_100.0, "jobs"),
            "Work is piling up",
            "queue",
            &["pm2-restart"],
        );
        (queue.value, queue.value_at, queue.limit_in_seconds) = (100.0, at(130), Some(5.0));
        queue
    };
    let mut easing = queue();
    easing.easing =
        Some(Easing { since: at(120), stays_for_seconds: 300.0, recovers_at: Some(500.0) });
    let mut unheard = queue();
    (unheard.value, unheard.unheard) =
        (6_100.0, Some(Unheard { since: at(130), for_seconds: 900.0 }));
    let mut back = breach("endpoint:shop", "endpoint.up", 0.0, "yes/no");
    back.easing = Some(Easing { since: at(120), stays_for_seconds: 30.0, recovers_at: None });
    let back = guided(back, "People can't use it", "endpoint-down", &[]);
    let mut dumb = breach("service:shop", "queue.depth", 6_100.0, "jobs");
    (dumb.crossing, dumb.guidance) =
        (Crossing::Silent { for_seconds: 900.0 }, Guidance::of_silence());
    let ended = |breaches: Vec<Breach>| {
        let mut ended = incident(breaches);
        ended.state = State::Resolved;
        ended.resolution = Some(Resolution { by: Actor::Local, at: at(900), note: None });
        ended
    };
    let mut busy = queue();
    busy.value = 6_100.0;
    vec![
        ("memory", incident(vec![memory()])),
        ("disk", incident(vec![disk])),
        (
            "endpoint",
            incident(vec![down.clone(), slow, breach("app:api@web-1", "app.restarts", 14.0, "")]),
        ),
        ("silent", incident(vec![silent])),
        ("recovering", recovering),
        ("over", over),
        ("flood", flood),
        ("gone", gone),
        ("easing", incident(vec![easing, back])),
        ("unheard", incident(vec![unheard])),
        ("dumb", incident(vec![dumb.clone()])),
        ("ended", ended(vec![busy, dumb, down])),
        (
            "certificate",
            incident(vec![breach("endpoint:shop", "endpoint.certificate.days_left", 4.6, "d")]),
        ),
    ]
}

const EXPECTED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/summary/expected.txt");

/// The expected summaries stand in a file of their own, because they are to be read as a whole:
/// `=== name reader`, then the sections.
#[test]
fn whole_summaries_read_well() {
    let mut found = String::new();
    for (name, incident) in all() {
        for reader in Reader::ALL {
            found.push_str(&format!("=== {name} {reader:?}\n{}\n", text(&incident, reader)));
        }
    }
    if std::env::var_os("UPDATE_EXPECTED").is_some() {
        std::fs::write(EXPECTED, &found).unwrap();
        return;
    }
    for (line, (found, expected)) in
        found.lines().zip(include_str!("expected.txt").lines()).enumerate()
    {
        assert_eq!(found, expected, "line {}", line + 1);
    }
    assert_eq!(found, include_str!("expected.txt"));
    assert!(!found.contains('!'), "the voice is calm");
}

#[test]
fn headlines_tell_the_worst_first() {
    let headlines: Vec<String> = all()
        .iter()
        .map(|(_, incident)| headline(&engine::summary::compose(incident, Span::ZERO)))
        .collect();
    assert_eq!(headlines[0], "Memory on web-1 is 93% used: full in about 7 minutes.");
    assert_eq!(headlines[12], "The certificate of the endpoint shop expires in 5 days.");
    let mut two = incident(vec![breach("host:web-1", "host.cpu.used", 91.0, "%"), memory()]);
    two.breaches[0].breach.severity = Severity::Warning;
    assert!(headline(&engine::summary::compose(&two, Span::ZERO)).starts_with("Memory on web-1"));
    assert!(!headline(&Summary::default()).is_empty());
}

#[test]
fn what_is_over_is_told_as_what_was() {
    let whole = all();
    for (name, mut incident) in whole {
        incident.state = State::Resolved;
        incident.resolution = Some(Resolution { by: Actor::Local, at: at(900), note: None });
        for reader in Reader::ALL {
            let told = text(&incident, reader).replace("is not known", "").replace("is over", "");
            for present in [
                " is ",
                " are ",
                " has ",
                " have ",
                " does ",
                " runs ",
                " works ",
                " answers ",
                " happens ",
                " full in ",
                " now",
            ] {
                assert!(
                    !told.contains(present) || present == " have " && told.contains("may have"),
                    "{present}in {name} {reader:?}:\n{told}"
                );
            }
        }
        let summary = engine::summary::compose(&incident, Span::ZERO);
        assert!(summary.recommended.is_empty() && summary.otherwise.is_empty());
    }
}

#[test]
fn nothing_is_said_twice_and_what_follows_is_said_of_what_holds() {
    let mut queue = guided(
        breach("service:imports", "queue.depth", 6_100.0, "jobs"),
        "Work is piling up",
        "queue",
        &[],
    );
    queue.limit_in_seconds = None;
    let told = text(&incident(vec![queue]), Reader::Team);
    assert!(!told.contains("piling up"), "{told}");
    assert!(told.contains(
        "# If nobody acts\nThe incident stays open. Calm Ops keeps watching and changes nothing."
    ));
}

#[test]
fn customers_read_nothing_about_the_inside() {
    let kinds = [
        "host",
        "disk",
        "app",
        "endpoint",
        "database",
        "service",
        "organization",
        "pm2",
        "collector",
    ];
    let signals = [
        "host.memory.used",
        "disk.used",
        "app.up",
        "endpoint.up",
        "endpoint.total",
        "queue.depth",
        "secret.signal",
    ];
    for kind in kinds {
        for signal in signals {
            let mut one = breach(&format!("{kind}:/srv/s3cret-db9"), signal, 93.125, "%");
            one.limit_in_seconds = Some(421.0);
            let one = guided(one, "s3cret meaning", "s3cret-section", &["s3cret.command"]);
            let mut incident = incident(vec![one]);
            for cleared in [None, Some(at(1))] {
                incident.breaches[0].cleared_at = cleared;
                let told = text(&incident, Reader::Customer);
                for inner in [
                    "s3cret", "srv", "93", "421", "signal", "memory", "disk", "host", "queue",
                    "database",
                ] {
                    assert!(!told.to_lowercase().contains(inner), "{inner} in:\n{told}");
                }
            }
        }
    }
}

#[test]
fn hostile_and_endless_texts_stay_short() {
    let long = format!("service:{}", "<b>".repeat(60));
    let breaches = (0..200).map(|index| {
        let mut one = breach(&long, &format!("queue.depth{index}"), f64::MAX, "jobs");
        (one.usual, one.per_minute, one.limit_in_seconds) =
            (Some(f64::NAN), Some(f64::INFINITY), Some(-1.0));
        guided(one, &"x".repeat(9_000), &"y".repeat(9_000), &["z".repeat(9_000).as_str(); 50])
    });
    let mut incident = incident(breaches.collect());
    let summary = engine::summary::compose(&incident, Span::from_mins(5));
    for reader in Reader::ALL {
        for section in render(&summary, reader) {
            assert!(section.sentences.len() <= 8, "{section:?}");
            assert!(
                section.sentences.iter().all(|sentence| sentence.chars().count() <= 900),
                "{section:?}"
            );
        }
    }
    let bytes = serde_json::to_vec(&summary).unwrap();
    assert!(bytes.len() < 16_000, "{}", bytes.len());
    assert_eq!(serde_json::from_slice::<Summary>(&bytes).unwrap(), summary);
    incident.summary = summary.clone();
    assert_eq!(
        engine::summary::compose(&incident, Span::from_mins(5)),
        summary,
        "the old summary is not looked at"
    );
}

#[test]
fn what_ran_is_told_to_each_reader_and_whether_it_worked() {
    use domain::recommendation::{
        Approval, Awaited, Ended, Recommendation, Risk, RunOutcome, Stage, Undo,
    };
    let mut one = incident(vec![breach("app:api@web-1", "app.memory", 6.0, "GiB")]);
    let done = |one: &Incident, reader| {
        let sections = render(&engine::summary::compose(one, Span::from_mins(5)), reader);
        sections.into_iter().flat_map(|section| section.sentences).collect::<Vec<_>>().join(" ")
    };
    assert!(done(&one, Reader::Team).contains("Nothing was changed on the machine."));
    let before = engine::summary::basis(&one);
    let ended = |code, worked| {
        let (outcome, duration) = (RunOutcome::Exited { code }, Span::from_secs(1));
        Stage::Ended(Ended {
            started_at: at(70),
            cancelled: None,
            at: at(71),
            outcome,
            duration,
            worked,
            began_before: false,
            proved_at: None,
        })
    };
    one.recommendations.push(Recommendation {
        place: 1,
        command: "pm2-reload".into(),
        values: std::collections::BTreeMap::new(),
        title: "Reload one app".into(),
        argv: Vec::new(),
        shown: String::new(),
        check: None,
        user: "Calm Ops".into(),
        host: "web-1".into(),
        subject: "app:api@web-1".parse().unwrap(),
        risk: Risk::Low,
        blast_radius: String::new(),
        effect: String::new(),
        undo: Undo::Never(String::new()),
        approval: Approval::One,
        time_limit: Span::from_secs(1),
        cool_down: Span::ZERO,
        proof: Awaited { breach: one.breaches[0].breach.key.clone(), within: Span::from_mins(10) },
        reasons: Vec::new(),
        catalogue: String::new(),
        offered_at: at(60),
        expires_at: at(600),
        approvals: Vec::new(),
        stage: Stage::Offered,
    });
    assert_eq!(engine::summary::basis(&one), before, "an offer is no run");
    let mut bases = vec![before];
    for (stage, team, manager, customer) in [
        (
            Stage::Running { started_at: at(70), cancelled: None },
            "is running on",
            "It is being applied",
            "We are applying a fix",
        ),
        (
            ended(0, None),
            "is checking whether it helped",
            "checking whether it helped",
            "checking whether it helped",
        ),
        (ended(0, Some(true)), "It worked.", "It worked.", "and it worked"),
        (ended(0, Some(false)), "It did not help.", "It did not help", "did not help"),
        (ended(1, Some(false)), "It failed; see its output.", "It did not help", "did not help"),
    ] {
        one.recommendations[0].stage = stage;
        bases.push(engine::summary::basis(&one));
        for (reader, part) in
            [(Reader::Team, team), (Reader::Manager, manager), (Reader::Customer, customer)]
        {
            let text = done(&one, reader);
            assert!(
                text.contains(part)
                    && !text.contains("Nothing was changed")
                    && !text.contains("No automatic changes"),
                "{part}: {text}"
            );
            assert!(reader == Reader::Team || !text.contains("web-1"), "{text}");
        }
        let team = done(&one, Reader::Team);
        assert!(
            team.contains("\u{201c}Reload one app\u{201d}") && team.contains("web-1"),
            "{team}"
        );
    }
    assert!(
        bases.windows(2).take(3).all(|pair| pair[0] != pair[1]),
        "each step makes the summary be written anew: {bases:?}"
    );
}

#[test]
fn a_redis_is_told_by_its_name() {
    let down = |signal: &str| {
        let mut down = breach("redis:main", signal, 0.0, "yes/no");
        down.crossing = Crossing::Below { level: 1.0 };
        down
    };
    let told =
        |breach: Breach| headline(&engine::summary::compose(&incident(vec![breach]), Span::ZERO));
    assert_eq!(told(down("redis.up")), "Redis main is not available.");
    assert_eq!(
        told(down("redis.replication.linked")),
        "Redis main is not connected to its primary."
    );
    for (signal, value, unit, expected) in [
        ("redis.memory.used", 93.0, "%", "Memory used of Redis main is 93% (threshold 92%)."),
        (
            "redis.evictions",
            120.0,
            "keys/min",
            "Eviction rate of Redis main is 120 keys/min (threshold 119).",
        ),
        (
            "redis.replication.lag",
            91.0,
            "s",
            "Replication lag of Redis main is 1 min 31 s (threshold 1 min 30 s).",
        ),
    ] {
        assert_eq!(told(breach("redis:main", signal, value, unit)), expected);
    }
    let mut back = down("redis.up");
    back.easing = Some(Easing { since: at(120), stays_for_seconds: 120.0, recovers_at: None });
    let whole = text(&incident(vec![back]), Reader::Team);
    assert!(whole.contains("Redis main was not available"), "{whole}");
    assert!(whole.contains("has been available since"), "{whole}");
}
