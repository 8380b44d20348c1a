//! Sentences about sources: what each collector sees, how its rounds go, and what to do about one
//! that fails.

use commands::sources::{SourceState, SourceStatus, SourcesPage};
use domain::{reason::FailureReason, signal::Signal, subject::Subject, text::isolated, time::Span};

use crate::{humanize, reason};

/// The sentence of status.
pub fn lead(page: &SourcesPage) -> String {
    if !page.collects {
        return "This server runs no collectors, so it does not know how they are doing. Read again in a few seconds: they begin shortly after a start.".to_owned();
    }
    let (mut failing, mut partial, mut waiting, mut working, mut idle) = (0, 0, 0, 0, 0);
    for source in &page.sources {
        let count = match source.state {
            SourceState::Failing { .. } | SourceState::Overdue { .. } => &mut failing,
            SourceState::Partial { .. } => &mut partial,
            SourceState::Waiting => &mut waiting,
            SourceState::Working if source.sees_nothing() => &mut idle,
            SourceState::Working => &mut working,
        };
        *count += 1;
    }
    let all = page.sources.len();
    let counted = [
        (failing, "returns no data", "return no data"),
        (partial, "can't see everything", "can't see everything"),
        (waiting, "has not finished a first round", "have not finished a first round"),
        (working, "works", "work"),
        (idle, "has nothing to see", "have nothing to see"),
    ];
    let parts: Vec<(usize, &str)> = counted
        .into_iter()
        .filter(|(some, ..)| *some > 0)
        .map(|(some, one, many)| (some, if some == 1 { one } else { many }))
        .collect();
    match parts.as_slice() {
        [] => "Nothing is monitored: no collector runs. Turn one on in the configuration; each kind says how.".to_owned(),
        [(1, does)] => format!("The only source {does}."),
        _ if working == all => format!("All {all} sources work."),
        _ => {
            let parts: Vec<String> =
                parts.iter().map(|(some, does)| format!("{some} {does}")).collect();
            format!("Of {all} sources, {}.", humanize::list(&parts))
        }
    }
}

/// The heading of a source: its kind, and its name where that tells more.
pub fn heading(source: &SourceStatus) -> String {
    match source.name.split_once(':') {
        Some((_, name)) => format!("{} {}", source.kind, isolated(name)),
        None if source.kind.is_empty() => isolated(&source.name),
        None => source.kind.clone(),
    }
}

/// The state, in one sentence.
pub fn state(source: &SourceStatus) -> String {
    match &source.state {
        SourceState::Waiting => "Its first round has not finished yet.".to_owned(),
        SourceState::Working if source.sees_nothing() => {
            "It works, and there is nothing that it could see.".to_owned()
        }
        SourceState::Working => sees(source),
        SourceState::Partial { .. } => format!("{} The rest is unknown:", sees(source)),
        SourceState::Failing { problem, .. } => problem.clone(),
        SourceState::Overdue { is_running, problem, .. } => {
            let first = if *is_running {
                "Its round is overdue: it has neither finished nor failed."
            } else {
                "Its next round is overdue: it has not begun."
            };
            let told = format!("{first} Nothing is known of what it monitors.");
            match problem {
                Some(problem) => format!("{told} The try before failed: {problem}"),
                None => told,
            }
        }
    }
}

fn sees(source: &SourceStatus) -> String {
    format!("It sees {}.", seen(source))
}

/// The readings counted: `14 readings of 3 subjects`.
pub fn seen(source: &SourceStatus) -> String {
    let counted = |count: u32, one: &str| {
        if count == 1 { format!("1 {one}") } else { format!("{count} {one}s") }
    };
    let (readings, subjects) = (source.seen.readings, source.seen.subjects);
    format!("{} of {}", counted(readings, "reading"), counted(subjects, "subject"))
}

/// The next step; empty where nothing needs to be done.
pub fn advice(source: &SourceStatus) -> String {
    match source.state {
        SourceState::Failing { .. } => {
            "Calm Ops keeps trying. If it stays, run calm-ops check on the server: it tries every source once and shows what each would report.".to_owned()
        }
        SourceState::Overdue { .. } => {
            "Look into the log of Calm Ops, and restart Calm Ops if it stays.".to_owned()
        }
        SourceState::Partial { .. } => {
            "Calm Ops keeps trying. If it stays, resolve the reasons above: the next round then sees the rest.".to_owned()
        }
        SourceState::Working if source.sees_nothing() => source.advice.clone(),
        SourceState::Waiting | SourceState::Working => String::new(),
    }
}

/// More subjects than are listed; `None` if there are no more.
pub fn more_subjects(source: &SourceStatus) -> Option<String> {
    let listed = u32::try_from(source.seen.listed.len()).unwrap_or(u32::MAX);
    let more = source.seen.subjects.saturating_sub(listed);
    (more > 0).then(|| format!("and {more} more"))
}

/// The signals of a subject, by their labels.
pub fn labels(signals: &[Signal]) -> String {
    let labels: Vec<String> = signals.iter().map(humanize::label).collect();
    labels.join(", ")
}

/// A reading that could not be seen, with its reason.
pub fn unseen(subject: &Subject, signal: &Signal, why: &FailureReason) -> String {
    format!("{}: {}", humanize::signal_of(signal, subject), reason::sentence(why))
}

/// Subjects of a kind of which nothing could be seen, with the reason.
pub fn untold(kind: &str, why: &FailureReason) -> String {
    format!("Every {kind}: {}", reason::sentence(why))
}

/// The reason of a round that saw nothing of what it looked at, from its first problems.
pub fn blind(problems: &[String], unseen: usize) -> String {
    let told = problems.join(" ");
    match unseen.saturating_sub(problems.len()) {
        0 => told,
        more => format!("{told} {more} more can't be seen either."),
    }
}

/// The rhythm: `every 5 s`.
pub fn rhythm(interval: Span) -> String {
    format!("every {interval}")
}

#[cfg(test)]
mod tests {
    use commands::sources::{SeenReadings, SeenSubject};
    use domain::time::Timestamp;

    use super::*;

    fn source(name: &str, kind: &str, state: SourceState) -> SourceStatus {
        let subject = Subject::build("host", "web-1", None);
        SourceStatus {
            name: name.to_owned(),
            kind: kind.to_owned(),
            state,
            interval: Span::from_secs(5),
            last_success: None,
            took: None,
            next_at: None,
            seen: SeenReadings {
                subjects: 1,
                readings: 3,
                listed: vec![SeenSubject {
                    subject,
                    signals: vec!["queue.depth".parse().unwrap()],
                }],
            },
            notes: Vec::new(),
            advice: "Start an app.".to_owned(),
        }
    }

    fn page(sources: Vec<SourceStatus>) -> SourcesPage {
        SourcesPage {
            at: Timestamp::from_secs(1_795_000_000),
            collects: true,
            sources,
            absent: Vec::new(),
        }
    }

    #[test]
    fn only_what_is_known_to_work_is_said_to_work() {
        let at = Timestamp::from_secs(1);
        let states = [
            SourceState::Working,
            SourceState::Waiting,
            SourceState::Failing { problem: "It is away.".to_owned(), since: at },
            SourceState::Overdue { is_running: true, problem: None, since: at },
            SourceState::Partial { unseen: 1, problems: vec!["Space used: denied.".to_owned()] },
        ];
        let all = states.map(|state| source("host", "This host", state)).to_vec();
        assert_eq!(
            lead(&page(all.clone())),
            "Of 5 sources, 2 return no data, 1 can't see everything, 1 has not finished a first round and 1 works."
        );
        let works = all[0].clone();
        assert_eq!(lead(&page(vec![works.clone()])), "The only source works.");
        assert_eq!(lead(&page(vec![works.clone(); 3])), "All 3 sources work.");
        let idle = SourceStatus { seen: SeenReadings::default(), ..works.clone() };
        assert_eq!(lead(&page(vec![idle.clone()])), "The only source has nothing to see.");
        assert_eq!(
            lead(&page(vec![works.clone(), works, idle])),
            "Of 3 sources, 2 work and 1 has nothing to see."
        );
        assert!(lead(&page(Vec::new())).starts_with("Nothing is monitored: no collector runs. "));
        let unknown = lead(&SourcesPage { collects: false, ..page(all) });
        assert!(unknown.contains("does not know") && unknown.contains("Read again"), "{unknown}");
    }

    #[test]
    fn a_source_that_fails_or_sees_nothing_says_what_to_do() {
        let mut pm2 = source("pm2", "PM2", SourceState::Working);
        assert_eq!(state(&pm2), "It sees 3 readings of 1 subject.");
        assert_eq!(advice(&pm2), "");
        pm2.seen = SeenReadings::default();
        assert!(state(&pm2).contains("nothing that it could see"));
        assert_eq!(advice(&pm2), "Start an app.");
        let since = Timestamp::from_secs(1);
        pm2.state = SourceState::Failing { problem: "It is away.".to_owned(), since };
        assert_eq!(state(&pm2), "It is away.");
        assert!(advice(&pm2).contains("calm-ops check"));
        pm2.state = SourceState::Overdue { is_running: true, problem: None, since };
        assert!(state(&pm2).contains("neither finished") && advice(&pm2).contains("restart"));
        let problem = Some("It is away.".to_owned());
        pm2.state = SourceState::Overdue { is_running: false, problem, since };
        let told = state(&pm2);
        assert!(told.contains("has not begun") && told.ends_with("failed: It is away."), "{told}");
        pm2.state = SourceState::Partial { unseen: 1, problems: vec!["Denied.".to_owned()] };
        assert!(advice(&pm2).contains("resolve the reasons"));
    }

    #[test]
    fn what_is_not_listed_of_a_blind_round_is_counted() {
        let problems = ["One.".to_owned(), "Two.".to_owned()];
        assert_eq!(blind(&problems, 2), "One. Two.");
        assert_eq!(blind(&problems, 9), "One. Two. 7 more can't be seen either.");
    }

    #[test]
    fn a_heading_tells_sources_of_one_kind_apart() {
        let of = |name: &str, kind: &str| heading(&source(name, kind, SourceState::Waiting));
        assert_eq!(of("host", "This host"), "This host");
        assert_eq!(of("endpoint:shop", "Endpoint"), format!("Endpoint {}", isolated("shop")));
        assert_eq!(of("new", ""), isolated("new"));
    }
}
