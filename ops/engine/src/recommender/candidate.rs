//! Candidates of recommendations: every command that may help a breach, with its values, ranked.

use std::cmp::Reverse;

use domain::{
    breach::{Breach, BreachKey},
    id::{IncidentNumber, RecommendationId},
    incident::Incident,
    recommendation::{Awaited, Reason, Recommendation, Risk, Stage, Undo},
    severity::Severity,
    subject::Subject,
    time::Span,
};
use policy::catalogue::{BoundCommand, Command, Kind, Values};

use crate::recommender::{
    scene::Scene,
    track_record::{BEST_RATING, Rated, Track},
    values,
};

/// Time for which an offer stands.
pub const OFFERED_FOR: Span = Span::from_mins(30);
/// The period of the track record.
pub const TRACKED_DAYS: u32 = 90;

/// The most runs that ratings count for.
const MOST_RATED: u64 = 4;

/// The most similar incidents that count.
const MOST_HELPED: u64 = 2;

/// The most breaches that one recommendation names as its reasons.
const MOST_BREACHES: usize = 3;

/// Smaller is better.
type Rank = (u8, Reverse<Severity>, Reverse<u64>, Risk, usize, BreachKey);

struct Candidate {
    rank: Rank,
    recommendation: Recommendation,
}

/// Every command that could be offered for an incident, the best first; each with each of its
/// values once.
pub(super) fn all(scene: &Scene<'_>, incident: &Incident) -> Vec<Recommendation> {
    let Some(catalogue) = scene.catalogue else { return Vec::new() };
    let mut found: Vec<Candidate> = undos(scene, incident);
    // What only waits for proof that it is well is left alone, and of what is silent nothing is
    // known.
    let helpless = |breach: &Breach| {
        breach.easing.is_some() || breach.unheard.is_some() || breach.crossing.is_silent()
    };
    for breach in
        incident.holding().filter(|breach| !helpless(breach) && values::is_here(scene, &breach.key))
    {
        for (order, command) in catalogue.commands().iter().enumerate() {
            let named = breach.guidance.commands.iter().any(|id| id == command.id());
            // Nothing is touched for a practice, and nothing real is answered by its command.
            let fits = command.changes_nothing() == breach.key.subject.is_practice();
            if !fits
                || !named && !command.helps().contains(&breach.key.signal)
                || values::is_ruled_out(command, breach.remedy())
            {
                continue;
            }
            let chosen = values::choose(scene, incident, breach, command);
            let about = (incident.number, breach);
            found.extend(
                chosen
                    .into_iter()
                    .filter_map(|chosen| candidate(scene, about, command, chosen, order, named)),
            );
        }
    }
    found.sort_by(|one, two| one.rank.cmp(&two.rank));
    let mut ranked: Vec<Recommendation> = Vec::new();
    for Candidate { recommendation, .. } in found {
        let same = |one: &&mut Recommendation| {
            one.command == recommendation.command && one.values == recommendation.values
        };
        match ranked.iter_mut().find(same) {
            Some(known) => join(known, &recommendation),
            None => ranked.push(recommendation),
        }
    }
    ranked
}

/// The same command helps another breach too: that is one more reason, after those of its kind.
fn join(known: &mut Recommendation, other: &Recommendation) {
    let about = |reason: &Reason| matches!(reason, Reason::Named { .. } | Reason::Helps { .. });
    let Some(reason) = other.reasons.iter().find(|reason| about(reason)) else { return };
    let Some(last) = known.reasons.iter().rposition(about) else { return };
    if known.reasons.iter().filter(|reason| about(reason)).count() < MOST_BREACHES
        && !known.reasons.contains(reason)
    {
        known.reasons.insert(last + 1, reason.clone());
    }
}

fn candidate(
    scene: &Scene<'_>,
    (incident, breach): (IncidentNumber, &Breach),
    command: &Command,
    chosen: values::Chosen,
    order: usize,
    named: bool,
) -> Option<Candidate> {
    let values::Chosen { values, subject, reason } = chosen;
    let filled = command.fill(&values, scene.facts).ok()?;
    let within = command.proof_for(&breach.key.signal)?.within();
    let track = scene.tracks.of(command.id(), &subject);
    let about = breach.key.clone();
    // What it acts upon and what experience says tell more than that it may help.
    let mut reasons = Vec::from_iter(reason);
    if track.total > 0 {
        reasons.push(Reason::Worked { times: track.worked, of: track.total, days: TRACKED_DAYS });
    }
    let rated = scene.tracks.rated(command.id(), &breach.key.signal);
    if rated.total > 0 {
        let signal = breach.key.signal.clone();
        reasons.push(Reason::Rated { signal, fixed: rated.fixed, of: rated.total });
    }
    let helped = scene.tracks.helped(incident, command.id(), &breach.key.signal);
    reasons.extend(helped.first().map(|like| Reason::HelpedBefore { incident: *like }));
    reasons.push(if named {
        Reason::Named { breach: about }
    } else {
        Reason::Helps { breach: about }
    });
    reasons.extend(all_processes(scene, command, &values));
    let score = score(track, rated, helped.len());
    let rank = (
        if named { 1 } else { 2 },
        Reverse(breach.severity),
        Reverse(score),
        command.risk(),
        order,
        breach.key.clone(),
    );
    let recommendation = build(
        scene,
        command,
        &filled,
        subject,
        Awaited { breach: breach.key.clone(), within },
        reasons,
    )?;
    Some(Candidate { rank, recommendation })
}

/// The promise of a command, from 0 to 1,000,000: the share of runs that worked, with one that did
/// and one that did not beside them (Laplace's rule of succession), so that what never ran stands
/// between what works and what does not. Ratings count as a few more runs, at most [`MOST_RATED`]
/// whatever their number: people's words move an order and never outweigh a long record. A similar
/// incident in which it helped counts as a quarter of a run that worked, at most [`MOST_HELPED`] of
/// them: less than the best rating.
fn score(track: Track, rated: Rated, helped: usize) -> u64 {
    let (worked, total) = (u64::from(track.worked), u64::from(track.total));
    let weight = u64::from(rated.total).min(MOST_RATED);
    let points = match u64::from(rated.total) {
        0 => 0,
        ratings => rated.points * weight / ratings,
    };
    let whole = BEST_RATING;
    let helped = (helped as u64).min(MOST_HELPED);
    // In quarters of a run.
    let good = ((worked + 1) * whole + points) * 4 + helped * whole;
    good * 1_000_000 / (((total + 2 + weight) * 4 + helped) * whole)
}

/// That a command acts upon all processes of an app, and not only on the one in trouble.
fn all_processes(scene: &Scene<'_>, command: &Command, chosen: &Values) -> Option<Reason> {
    let apps = command.placeholders().iter().filter(|known| matches!(known.kind(), Kind::App));
    let count = apps
        .filter_map(|known| scene.hints.app_processes.get(chosen.get(known.name())?).copied())
        .max()
        .filter(|count| *count > 1 && values::restarts(command))?;
    Some(Reason::AllProcesses { count })
}

/// True if two offers of one command are for different units of its list, and for the same of
/// everything else.
pub(super) fn differ_by_unit(
    scene: &Scene<'_>,
    one: &Recommendation,
    other: &Recommendation,
) -> bool {
    let Some(command) = scene.catalogue.and_then(|catalogue| catalogue.get(&one.command)) else {
        return false;
    };
    let mut differing = command
        .placeholders()
        .iter()
        .filter(|known| one.values.get(known.name()) != other.values.get(known.name()))
        .peekable();
    differing.peek().is_some()
        && differing.all(|placeholder| matches!(placeholder.kind(), Kind::Unit { .. }))
}

/// The commands that take back what ran and did not help, as long as that still holds.
fn undos(scene: &Scene<'_>, incident: &Incident) -> Vec<Candidate> {
    let undo = |one: &Recommendation| {
        let Undo::By(id) = &one.undo else { return None };
        let catalogue = scene.catalogue?;
        let order = catalogue.commands().iter().position(|command| command.id() == id)?;
        let command = catalogue.get(id)?;
        if command.changes_nothing() != incident.is_practice() {
            return None;
        }
        // What recovers by now is left to do so.
        let breach = incident
            .holding()
            .find(|breach| breach.key == one.proof.breach && breach.easing.is_none())?;
        let values: Values = one.values.clone().into_iter().collect();
        let filled = command.fill(&values, scene.facts).ok()?;
        let ran = |other: &Recommendation| {
            other.place > one.place
                && other.command == *id
                && other.values == one.values
                && matches!(&other.stage, Stage::Ended(ended) if ended.has_run())
        };
        if incident.recommendations.iter().any(ran) {
            return None;
        }
        let within = command
            .proof_for(&breach.key.signal)
            .map_or(Span::from_mins(10), policy::catalogue::Proof::within);
        let reasons = vec![Reason::Undoes {
            recommendation: RecommendationId { incident: incident.number, place: one.place },
        }];
        let rank =
            (0, Reverse(breach.severity), Reverse(0), command.risk(), order, breach.key.clone());
        let awaited = Awaited { breach: breach.key.clone(), within };
        let recommendation = build(scene, command, &filled, one.subject.clone(), awaited, reasons)?;
        Some(Candidate { rank, recommendation })
    };
    incident.recommendations.iter().filter(|one| failed(one)).filter_map(undo).collect()
}

/// Its place is given when it is offered.
fn build(
    scene: &Scene<'_>,
    command: &Command,
    filled: &BoundCommand,
    subject: Subject,
    proof: Awaited,
    reasons: Vec<Reason>,
) -> Option<Recommendation> {
    Some(Recommendation {
        place: 0,
        command: command.id().to_owned(),
        values: filled.values().clone(),
        title: command.title().to_owned(),
        argv: filled.argv().to_vec(),
        shown: filled.to_string(),
        check: filled.check().map(<[String]>::to_vec),
        user: filled.user().to_string(),
        host: scene.host.to_owned(),
        subject,
        risk: command.risk(),
        blast_radius: command.blast_radius().to_owned(),
        effect: command.effect().to_owned(),
        undo: command.undo().clone(),
        approval: command.approval(),
        time_limit: command.time_limit(),
        cool_down: command.cool_down(),
        proof,
        reasons,
        catalogue: scene.catalogue?.version().to_owned(),
        offered_at: scene.now,
        expires_at: scene.now.plus(OFFERED_FOR),
        approvals: Vec::new(),
        stage: Stage::Offered,
    })
}

/// True if it would be filled to exactly the same today.
pub(super) fn is_as_offered(scene: &Scene<'_>, one: &Recommendation) -> bool {
    let Some(catalogue) = scene
        .catalogue
        .filter(|catalogue| catalogue.version() == one.catalogue && one.host == scene.host)
    else {
        return false;
    };
    let Some(command) = catalogue.get(&one.command) else { return false };
    let may_act = command.placeholders().iter().all(|placeholder| {
        let value = one.values.get(placeholder.name());
        value.is_some_and(|value| values::may_act(scene, command, placeholder.kind(), value))
    });
    let values: Values = one.values.clone().into_iter().collect();
    let filled = command.fill(&values, scene.facts).ok().filter(|_| may_act);
    filled.is_some_and(|filled| {
        filled.argv() == one.argv
            && filled.to_string() == one.shown
            && filled.check() == one.check.as_deref()
    })
}

/// True if what it was to help fails for a reason by now that speaks against it. To take something
/// back is always right.
pub(super) fn is_ruled_out(scene: &Scene<'_>, incident: &Incident, one: &Recommendation) -> bool {
    if one.reasons.iter().any(|reason| matches!(reason, Reason::Undoes { .. })) {
        return false;
    }
    let command = scene.catalogue.and_then(|catalogue| catalogue.get(&one.command));
    let known = incident.breach(&one.proof.breach);
    command
        .zip(known)
        .is_some_and(|(command, known)| values::is_ruled_out(command, known.breach.remedy()))
}

/// True if something really ran and did not help: then it is worth taking back.
fn failed(one: &Recommendation) -> bool {
    matches!(&one.stage, Stage::Ended(ended) if ended.worked == Some(false) && ended.has_run())
}
