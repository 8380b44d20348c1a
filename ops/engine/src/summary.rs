//! Composition of the decision summary: which facts of an incident are told, in which order.

mod limits;
mod outlived;
mod runs;

pub use outlived::is_outlived;

use domain::{
    breach::{Breach, Ending, Guidance},
    change::ReportedChange,
    impact::{AffectedCounts, Impact},
    incident::{Incident, IncidentBreach},
    lifecycle::State,
    protection::IncidentMeasure,
    subject::Subject,
    summary::{Basis, FORESEEABLE, Fact, Phase, Sentence, Summary, Topic, eases},
    text,
    time::{Span, Timestamp},
};

use crate::summary::limits::{
    LONGEST_ID, LONGEST_TEXT, MOST_COMMANDS, MOST_FACTS, MOST_LIMITS, MOST_SUBJECTS, MOST_UNKNOWN,
    count,
};

/// Basis of the summary of an incident as it stands.
pub fn basis(incident: &Incident) -> Basis {
    let (running, ran, proved) = runs::counts(incident);
    let mut holding = 0;
    let mut waits = true;
    for IncidentBreach { breach, .. } in
        incident.breaches.iter().filter(|known| known.cleared_at.is_none())
    {
        holding += 1;
        waits &= eases(breach.easing, breach.unsteady, breach.unheard);
    }
    let impact = incident.impact.as_deref().map(Impact::counts).unwrap_or_default();
    Basis {
        phase: match incident.state {
            State::Detected | State::Stabilizing | State::AwaitingDecision => Phase::Going,
            State::Recovering => Phase::Recovering,
            State::Resolved => Phase::Over,
        },
        holding: count(holding),
        cleared: count(incident.breaches.len() - holding),
        reopened: incident.reopened,
        // It is only told where nothing is left but to wait.
        by_person: incident.touched_by_person && waits && incident.is_active(),
        running,
        ran,
        proved,
        limited: count(incident.measures_in_force().count()),
        limited_to: incident
            .measures_in_force()
            .map(|one| one.measure.rate * 10.0)
            .sum::<f64>()
            .round() as u32,
        lifted: count(incident.measures.iter().filter(|one| one.ended.is_some()).count()),
        affected: count(impact.known),
        likely: count(impact.likely),
    }
}

/// Composes the summary of an incident as it stands; the one it carries is not looked at.
pub fn compose(incident: &Incident, quiet_for: Span) -> Summary {
    let basis = basis(incident);
    let mut told: Vec<&IncidentBreach> = incident.breaches.iter().collect();
    // Stable, so that what is equal stays in the order of joining.
    told.sort_by_key(|known| {
        let breach = &known.breach;
        (
            known.cleared_at.is_some(),
            std::cmp::Reverse(breach.severity),
            breach.key.subject != incident.cause,
        )
    });
    let holding: Vec<Fact> = told
        .iter()
        .filter(|known| known.cleared_at.is_none())
        .map(|known| Fact::of(&known.breach))
        .collect();
    let mut summary = Summary {
        basis,
        happened: happened(incident, &told, basis),
        since: vec![Sentence::Began {
            at: incident.began_at,
            noticed_after: incident.opened_at.since(incident.began_at),
        }],
        affected: affected(incident),
        // The evidence is saved in the same transaction that records the incident.
        done: vec![Sentence::EvidenceSaved],
        ..Summary::default()
    };
    summary.since.extend(incident.changes.iter().map(|change| Sentence::AfterChange {
        change: ReportedChange { subjects: Vec::new(), ..change.clone() },
        began_at: incident.began_at,
    }));
    if let Some(end) = &incident.resolution {
        let recovered = incident.breaches.iter().map(|known| match known.ending {
            Some(Ending::Recovered { since }) => Some(since.min(end.at)),
            Some(Ending::NoLongerWatched | Ending::Stopped) | None => None,
        });
        // What was waiting for proof is no trouble any more; and where nobody saw the end, it
        // is not known how long it lasted.
        if let Some(last) =
            recovered.collect::<Option<Vec<_>>>().and_then(|all| all.into_iter().max())
        {
            summary.since.push(Sentence::Lasted { span: last.since(incident.began_at) });
        }
    }
    if basis.phase != Phase::Over {
        summary.done.push(Sentence::Watching);
    }
    summary.done.extend(measures(incident));
    if incident.measures.is_empty() || basis.running + basis.ran > 0 {
        summary.done.extend(runs::told(incident));
    }
    match basis.phase {
        Phase::Over => {}
        _ if holding.iter().all(Fact::is_easing) => {
            let end = if basis.by_person { Sentence::ConfirmTheEnd } else { Sentence::Wait };
            summary.recommended.push(end);
            if !basis.by_person {
                summary.otherwise.push(Sentence::EndsByItself { quiet_for });
            }
        }
        Phase::Untold | Phase::Going | Phase::Recovering => {
            summary.recommended = recommended(incident, &told);
            let until = incident.measures_in_force().map(|one| one.measure.until).max();
            summary.otherwise = otherwise(&told, until);
        }
    }
    summary.unknown = unknown(incident, &holding, &told, summary.is_over());
    summary
}

/// The measures of the agent: those in force, then those that were lifted last.
fn measures(incident: &Incident) -> Vec<Sentence> {
    let requests = |one: &IncidentMeasure| one.measure.requests.clone();
    let limited = incident.measures_in_force().map(|one| Sentence::Limited {
        requests: requests(one),
        rate: one.measure.rate,
        until: one.measure.until,
    });
    let lifted = incident.measures.iter().rev().filter_map(|one| {
        let ending = one.ended?.ending;
        Some(Sentence::LimitLifted { requests: requests(one), ending })
    });
    let mut sentences: Vec<Sentence> = limited.chain(lifted).take(MOST_LIMITS).collect();
    let more = incident.measures.len().saturating_sub(MOST_LIMITS);
    if more > 0 {
        sentences.push(Sentence::MoreLimits { count: count(more) });
    }
    sentences
}

fn happened(incident: &Incident, told: &[&IncidentBreach], basis: Basis) -> Vec<Sentence> {
    let mut sentences = Vec::new();
    if incident.flood {
        sentences.push(Sentence::Flood {
            signals: count(told.len()),
            over: basis.holding == 0 || !incident.is_active(),
        });
    }
    sentences.extend(told.iter().take(MOST_FACTS).map(|known| {
        let fact = Fact::of(&known.breach);
        match known.cleared_at {
            None => Sentence::Holds { fact },
            Some(_) if known.is_lost() => Sentence::Lost { fact },
            Some(_) => Sentence::Cleared { fact },
        }
    }));
    if told.len() > MOST_FACTS {
        let rest = &told[MOST_FACTS..];
        let holding = rest.iter().filter(|known| known.cleared_at.is_none()).count();
        let lost = rest.iter().filter(|known| known.is_lost()).count();
        sentences.push(Sentence::More {
            holding: count(holding),
            cleared: count(rest.len() - holding - lost),
            lost: count(lost),
        });
    }
    if basis.reopened > 0 {
        sentences.push(Sentence::CameBack { times: basis.reopened });
    }
    let lost = count(told.iter().filter(|known| known.is_lost()).count());
    if let Some(end) = &incident.resolution {
        sentences.push(Sentence::Over {
            at: end.at,
            by_person: end.by.is_person(),
            holding: basis.holding,
            lost,
        });
    } else if let Some(since) = incident.quiet_since {
        sentences.push(Sentence::Quiet { since, lost });
    }
    sentences
}

fn affected(incident: &Incident) -> Vec<Sentence> {
    let subjects = incident.subjects();
    // A certificate that runs out some day hurts nobody yet.
    let hurts = |one: &Subject| {
        // Nor is it known to hurt where it can't be seen because of something else.
        let is_behind =
            |breach: &Breach| breach.reason.as_ref().is_some_and(|r| r.cause().is_some());
        let own = incident.breaches.iter().filter(|known| known.breach.key.subject == *one);
        let own = own.filter(|known| !is_behind(&known.breach));
        let mut topics =
            own.map(|known| Topic::of(one, &known.breach.key.signal, &known.breach.crossing));
        topics.any(|topic| topic != Topic::Certificate)
    };
    let known: Vec<&Subject> =
        subjects.iter().copied().filter(|one| one.kind() == "endpoint").collect();
    let endpoints: Vec<Subject> =
        known.iter().filter(|one| hurts(one)).take(MOST_SUBJECTS).map(|&one| one.clone()).collect();
    let more = count(subjects.len().saturating_sub(MOST_SUBJECTS));
    let parts = Sentence::Parts {
        subjects: subjects.into_iter().take(MOST_SUBJECTS).cloned().collect(),
        more,
    };
    let organizations = incident.impact.as_deref().and_then(organizations);
    if endpoints.is_empty() {
        let users = match organizations {
            None if known.is_empty() => Some(Sentence::NoEndpoint),
            organizations => organizations,
        };
        return [parts].into_iter().chain(users).collect();
    }
    let over = !incident.is_active()
        || !incident.breaches.iter().any(|known| {
            known.cleared_at.is_none() && endpoints.contains(&known.breach.key.subject)
        });
    let reached = Sentence::EndpointsReached { endpoints, over };
    [parts, reached].into_iter().chain(organizations).collect()
}

/// The organizations that are affected, or were.
fn organizations(impact: &Impact) -> Option<Sentence> {
    let holding = impact.counts();
    let over = holding == AffectedCounts::default();
    let told = if over { impact.seen() } else { holding };
    let (known, likely) = (count(told.known), count(told.likely));
    (known + likely > 0).then_some(Sentence::OrganizationsAffected { known, likely, over })
}

fn topic_of(breach: &Breach) -> Topic {
    if breach.unheard.is_some() {
        return Topic::Silent;
    }
    Topic::of(&breach.key.subject, &breach.key.signal, &breach.crossing)
}

/// The breaches that are more than a wait for proof.
fn pressing<'a>(told: &'a [&IncidentBreach]) -> impl Iterator<Item = &'a Breach> {
    let holding = told.iter().filter(|known| known.cleared_at.is_none()).map(|known| &known.breach);
    holding.filter(|breach| !Fact::of(breach).is_easing())
}

fn recommended(incident: &Incident, told: &[&IncidentBreach]) -> Vec<Sentence> {
    let mut sentences = Vec::new();
    let mut ran = false;
    let mut named: Vec<(&str, &Subject)> = Vec::new();
    let mut sections: Vec<&str> = Vec::new();
    let mut reading = Vec::new();
    let silence = Guidance::of_silence();
    for breach in pressing(told) {
        let (guidance, commands) = if breach.unheard.is_some() {
            (&silence, &[][..])
        } else {
            (&breach.guidance, breach.commands())
        };
        for id in commands {
            // What has just run is told under what was done.
            if runs::has_run(incident, id, &breach.key.subject) {
                ran = true;
                continue;
            }
            let pair = (id.as_str(), &breach.key.subject);
            if named.len() < MOST_COMMANDS && !named.contains(&pair) {
                named.push(pair);
                sentences.push(Sentence::Command {
                    id: text::clip(id, LONGEST_ID),
                    because: Fact::of(breach),
                });
            }
        }
        let section = guidance.runbook.as_str();
        if !section.is_empty() && sections.len() < MOST_COMMANDS && !sections.contains(&section) {
            sections.push(section);
            let topic = topic_of(breach);
            reading.push(Sentence::Read { section: text::clip(section, LONGEST_ID), topic });
        }
    }
    if pressing(told).any(Breach::names_safe_mode) {
        sentences.push(Sentence::SafeMode);
    }
    sentences.extend(reading);
    if sentences.is_empty() && !ran {
        sentences.push(Sentence::LookAtEvidence);
    }
    sentences
}

fn otherwise(told: &[&IncidentBreach], limited_until: Option<Timestamp>) -> Vec<Sentence> {
    let holding: Vec<&Breach> = pressing(told).collect();
    let mut sentences = Vec::new();
    let facts = holding
        .iter()
        .map(|breach| Fact::of(breach))
        .filter(|fact| !fact.is_silent() && fact.is_beyond());
    let nearest = facts
        .filter_map(|fact| Some((fact.limit_in_seconds?, fact)))
        .min_by(|a, b| a.0.total_cmp(&b.0));
    if let Some((seconds, fact)) = nearest.filter(|(seconds, _)| *seconds <= FORESEEABLE) {
        sentences.push(Sentence::LimitAhead { fact, seconds });
    }
    let silence = Guidance::of_silence();
    let mut meanings: Vec<&str> = Vec::new();
    for breach in holding {
        // What the row means may not be so any more where nothing is heard.
        let guidance = if breach.unheard.is_some() { &silence } else { &breach.guidance };
        let text = guidance.meaning.trim();
        if !text.is_empty() && meanings.len() < MOST_COMMANDS && !meanings.contains(&text) {
            meanings.push(text);
            let topic = topic_of(breach);
            sentences.push(Sentence::Meaning { text: text::clip(text, LONGEST_TEXT), topic });
        }
    }
    sentences.push(limited_until.map_or(Sentence::GoesOn, |until| Sentence::LimitsEnd { until }));
    sentences
}

fn unknown(
    incident: &Incident,
    holding: &[Fact],
    told: &[&IncidentBreach],
    over: bool,
) -> Vec<Sentence> {
    let is_customer = |known: &&IncidentBreach| known.breach.key.subject.kind() == "organization";
    let is_counted = incident.impact.as_deref().and_then(organizations).is_some();
    // The gate counts the organizations that send most: of others nothing is known.
    let customers = if is_counted || told.iter().any(is_customer) {
        Sentence::OtherCustomersUnknown
    } else {
        Sentence::CustomersUnknown
    };
    let mut sentences = vec![Sentence::ReasonUnknown, customers];
    if !told.is_empty() && told.iter().all(|known| known.breach.reason.is_some()) {
        sentences.remove(0);
    }
    for known in told.iter().filter(|known| known.is_lost()).take(MOST_UNKNOWN) {
        let sentence = Sentence::NowUnknown { subject: known.breach.key.subject.clone() };
        if !sentences.contains(&sentence) {
            sentences.push(sentence);
        }
    }
    for fact in holding.iter().take(MOST_UNKNOWN) {
        let sentence = if fact.is_silent() || fact.unheard.is_some() {
            Sentence::NowUnknown { subject: fact.subject.clone() }
        } else if fact.usual.is_none() && fact.is_measured() && !over {
            Sentence::UsualUnknown { subject: fact.subject.clone(), signal: fact.signal.clone() }
        } else {
            continue;
        };
        if !sentences.contains(&sentence) {
            sentences.push(sentence);
        }
    }
    sentences
}
