//! The step that was slow, and why, as far as the journal tells.

use domain::{
    journal::{Entry, Event},
    recommendation::{Approval, Stage, Withdrawn},
    review::{MeasuredStep, ReviewStep, Slow, SlowReason},
    time::Span,
};

use super::{
    effect,
    source::Source,
    steps::{first_told, opening_breach, recovered_at},
};

/// The slow step: of those that took longer than ever in the incidents that are compared, the
/// earliest one that makes at least half of the largest delay, as each delay reaches all steps after
/// it.
pub(super) fn slow(source: Source<'_>, steps: &[MeasuredStep]) -> Option<Slow> {
    let above = |one: &MeasuredStep| {
        let (span, usual) = (one.measured.span()?, one.usual?);
        (span > usual.longest).then_some((one.step, span, usual.longest))
    };
    let found: Vec<(ReviewStep, Span, Span)> = steps.iter().filter_map(above).collect();
    let most = found.iter().map(|(_, span, longest)| span.minus(*longest)).max()?;
    let makes_half = |(_, span, longest): &&(ReviewStep, Span, Span)| {
        span.minus(*longest).plus(span.minus(*longest)) >= most
    };
    let (step, span, longest) = *found.iter().find(makes_half)?;
    Some(Slow { step, span, longest, reasons: reasons(source, step) })
}

fn reasons(source: Source<'_>, step: ReviewStep) -> Vec<SlowReason> {
    let Source { incident, entries, .. } = source;
    let mut reasons = Vec::new();
    match step {
        ReviewStep::Detect => {
            let first = opening_breach(incident).map(|one| first_told(entries, one));
            let held = first.map(|one| one.fired_at.since(one.since));
            let held = held.filter(|span| *span > Span::ZERO);
            reasons.extend(held.map(|span| SlowReason::Held { span }));
        }
        ReviewStep::Notify | ReviewStep::Acknowledge => {
            let count = count(entries, |event| matches!(event, Event::CallFailed { .. }));
            reasons.extend((count > 0).then_some(SlowReason::CallsFailed { count }));
        }
        ReviewStep::Decide => {
            let count = count(entries, |event| {
                let why = Withdrawn::Expired;
                matches!(event, Event::RecommendationWithdrawn { why: told, .. } if *told == why)
            });
            reasons.extend((count > 0).then_some(SlowReason::OffersExpired { count }));
            let mut approved = incident.recommendations.iter().filter(|one| {
                !one.approvals.is_empty() && !matches!(one.stage, Stage::Declined { .. })
            });
            let asks_two = approved.any(|one| one.approval == Approval::Two);
            reasons.extend(asks_two.then_some(SlowReason::TwoApprovals));
        }
        ReviewStep::Stabilize => {}
        ReviewStep::Recover | ReviewStep::Resolve => {
            let nothing = effect::actions(incident).is_empty();
            reasons.extend(nothing.then_some(SlowReason::NothingDone));
            let end = incident.resolution.as_ref().map(|end| end.at);
            let open = end.zip(recovered_at(incident)).map(|(end, back)| end.since(back));
            let open = open.filter(|span| step == ReviewStep::Resolve && *span > Span::ZERO);
            reasons.extend(open.map(|span| SlowReason::OpenAfterRecovery { span }));
        }
    }
    reasons
}

fn count(entries: &[Entry], is: impl Fn(&Event) -> bool) -> u32 {
    let fits = |entry: &&Entry| entry.event.as_ref().is_some_and(&is);
    u32::try_from(entries.iter().filter(fits).count()).unwrap_or(u32::MAX)
}
