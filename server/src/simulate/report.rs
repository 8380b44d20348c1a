//! The report of a run: for people, and for programs.

use std::fmt::Write as _;

use domain::{
    actor::Names,
    time::{Span, Timestamp},
};
use engine::simulation::{
    Counts, LATE, Parameters, Phase, PhaseFigures, Phases, Reactions, Summary,
};
use serde_json::{Value, json};
use wording::{humanize::moment, timeline};

use super::{
    driver::Run,
    figures::{count, milliseconds, rate, requests, seconds},
    journal::Told,
};

/// The report of a run.
#[derive(Clone, Debug)]
pub struct Report {
    /// The parameters of the simulation.
    pub parameters: Parameters,
    /// The place that requests were sent to, in words.
    pub target: String,
    /// The parts of the run.
    pub phases: Phases,
    /// The run itself; its records are put together in the summary.
    pub run: Run,
    /// Its figures.
    pub summary: Summary,
    /// The journal's entries; a sentence if it can't be read.
    pub journal: Result<Told, String>,
    /// The reactions of Calm Ops, by the journal.
    pub reactions: Reactions,
    /// The rate that `limits.md` lets pass for the trouble, if that limit is on.
    pub static_limit: Option<f64>,
    /// Sentences that the reader needs to understand the run.
    pub notes: Vec<String>,
}

impl Report {
    /// Time at which the first request of the trouble was meant to be sent.
    fn trouble_at(&self) -> Timestamp {
        let first = self.summary.first_trouble.unwrap_or(self.phases.trouble_from);
        self.run.began_at.plus(first)
    }

    fn since_trouble(&self, at: Option<Timestamp>) -> Option<Span> {
        at.map(|at| at.since(self.trouble_at()))
    }

    /// Time from the first request of the trouble to the first refusal of one.
    fn first_refusal(&self) -> Option<Span> {
        let (first, refusal) = (self.summary.first_trouble?, self.summary.first_refusal?);
        Some(refusal.minus(first))
    }

    /// The first limit: as the journal tells, else the first refusal.
    fn first_limit(&self) -> Option<Span> {
        self.since_trouble(self.reactions.limited).or_else(|| self.first_refusal())
    }

    /// The report for people.
    pub fn text(&self) -> String {
        let mut text = String::new();
        self.tell_head(&mut text);
        self.tell_reactions(&mut text);
        self.tell_organizations(&mut text);
        self.tell_others(&mut text);
        self.tell_simulator(&mut text);
        self.tell_journal(&mut text);
        text
    }

    fn tell_head(&self, text: &mut String) {
        let Parameters { scenario, organization, calm, after, seed, .. } = &self.parameters;
        let trouble = self.parameters.trouble();
        let _ = writeln!(
            text,
            "Simulation {} of {organization}, to {}\n\
             Began {}: {calm} calm, {trouble} trouble up to {}, {after} calm. {} in all, {} other organizations at {} each, seed {seed}.",
            scenario.name(),
            self.target,
            moment(self.run.began_at),
            rate(self.parameters.rate),
            requests(self.summary.all.sent),
            count(u64::from(self.parameters.others)),
            rate(self.parameters.others_rate),
        );
        if let Some(interrupted) = self.run.interrupted {
            let after = seconds(interrupted.after);
            let _ = writeln!(
                text,
                "It was ended early, after {after}: figures are of that time. {} had no answer yet.",
                requests(self.run.unfinished)
            );
        }
        for note in &self.notes {
            let _ = writeln!(text, "Note: {note}");
        }
    }

    fn tell_reactions(&self, text: &mut String) {
        let _ = writeln!(text, "\nFrom the first request of the trouble to");
        let or_never =
            |span: Option<Span>| span.map_or_else(|| "not in this run".to_owned(), seconds);
        let mut line = |label: &str, value: String| {
            let _ = writeln!(text, "  {label:<24}{value}");
        };
        if let Err(why) = &self.journal {
            line("the first refusal", or_never(self.first_refusal()));
            let _ = writeln!(
                text,
                "The journal was not read, so detection and measures are not known: {why}."
            );
            return;
        }
        // A limit of the document was in force all the time.
        let source = match (self.reactions.limited, self.first_refusal()) {
            (None, Some(_)) => " (no measure: a refusal by limits.md)",
            _ => "",
        };
        let detected = self.reactions.detected;
        let incident =
            detected.map_or_else(String::new, |(_, number)| format!(" (incident {number})"));
        let at = self.since_trouble(detected.map(|(at, _)| at));
        line("detection", or_never(at) + &incident);
        line("the first limit", or_never(self.first_limit()) + source);
        line("the first refusal", or_never(self.first_refusal()));
        line("the first widening", or_never(self.since_trouble(self.reactions.widened)));
        line("the end of all limits", or_never(self.since_trouble(self.reactions.lifted)));
    }

    fn tell_organizations(&self, text: &mut String) {
        let Summary { largest, rest, invented, all, .. } = &self.summary;
        let mut rows: Vec<(String, Counts)> =
            largest.iter().map(|row| (row.organization.clone(), row.counts)).collect();
        for (group, what) in [(rest, "others"), (invented, "invented names")] {
            if group.0 > 0 {
                rows.push((format!("{} {what}", count(group.0)), group.1));
            }
        }
        rows.push(("all".to_owned(), *all));
        let width = rows.iter().map(|row| row.0.chars().count()).max().unwrap_or_default().max(12);
        let _ = writeln!(
            text,
            "\n{:<width$}  {:>10}  {:>10}  {:>10}  {:>10}",
            "organization", "sent", "admitted", "refused", "failed"
        );
        for (name, counts) in rows {
            let Counts { sent, admitted, refused, failed } = counts;
            let [sent, admitted, refused, failed] = [sent, admitted, refused, failed].map(count);
            let _ = writeln!(
                text,
                "{name:<width$}  {sent:>10}  {admitted:>10}  {refused:>10}  {failed:>10}"
            );
        }
        if self.summary.attempts > all.sent {
            let _ = writeln!(
                text,
                "They were sent {} times in all, as clients tried again.",
                count(self.summary.attempts)
            );
        }
        if all.failed > 0 {
            let recovered = self.summary.recovered.map_or_else(
                || "At the end of the run requests still failed.".to_owned(),
                |after| format!("Recovered {} after the trouble.", seconds(after)),
            );
            let _ = writeln!(text, "{recovered}");
        }
        for (status, number) in &self.summary.failures {
            let what = match status {
                0 => "had no answer in time, or the connection broke".to_owned(),
                status => format!("had the status {status}"),
            };
            let _ = writeln!(text, "Of the failed, {} {what}.", count(*number));
        }
    }

    fn tell_others(&self, text: &mut String) {
        let _ = writeln!(
            text,
            "\n{:<12}  {:>10}  {:>10}  {:>10}  {:>10}  {:>10}",
            "the others", "sent", "admitted", "refused", "p50", "p99"
        );
        for figures in &self.summary.others {
            let quantile = |share| {
                figures.latencies.quantile(share).map_or_else(|| "-".to_owned(), milliseconds)
            };
            let _ = writeln!(
                text,
                "{:<12}  {:>10}  {:>10}  {:>10}  {:>10}  {:>10}",
                phase(figures.phase),
                count(figures.counts.sent),
                count(figures.counts.admitted),
                count(figures.counts.refused),
                quantile(0.5),
                quantile(0.99),
            );
        }
        let _ = writeln!(
            text,
            "Latencies count from when a request was meant to be sent to the end of its answer; refused requests are left out."
        );
    }

    fn tell_simulator(&self, text: &mut String) {
        let lateness = self.summary.lateness;
        let worst = milliseconds(lateness.worst);
        if lateness.requests > 0 {
            let _ = writeln!(
                text,
                "The simulator was late by more than {LATE} for {}, at most {worst}: latencies contain that.",
                requests(lateness.requests)
            );
        } else {
            let _ = writeln!(
                text,
                "The simulator was never late by more than {LATE} (at most {worst})."
            );
        }
        if self.run.waited > 0 {
            let _ = writeln!(
                text,
                "For {} all connections of the simulator were busy: they waited, and their latencies contain that.",
                requests(self.run.waited)
            );
        }
        if self.run.unreported > 0 {
            let _ = writeln!(
                text,
                "The results of {} could not be reported to the gate.",
                requests(self.run.unreported)
            );
        }
    }

    fn tell_journal(&self, text: &mut String) {
        let Ok(told) = &self.journal else { return };
        let _ = writeln!(text, "\nJournal, from the beginning to the end");
        if told.entries.is_empty() {
            let _ = writeln!(text, "  No entry was written.");
        }
        for entry in &told.entries {
            let line = timeline::line(entry, &Names::default());
            let at = self.offset(line.at);
            let words = line.words.map_or_else(String::new, |words| format!(" {words}"));
            let _ = writeln!(text, "  {at:>7.1} s  {}  {}{words}", line.number, line.sentence);
        }
        if told.more {
            let _ = writeln!(text, "  There are more; see 'calm-ops journal export'.");
        }
    }

    /// Seconds since the beginning of the run, negative before it.
    pub(super) fn offset(&self, at: Timestamp) -> f64 {
        (at.as_micros() - self.run.began_at.as_micros()) as f64 / 1e6
    }

    /// The report for programs. Times are in seconds since the first request of the trouble where a
    /// name ends with `_after_s`, else since the beginning.
    pub fn json(&self) -> Value {
        let Parameters { scenario, organization, others, others_rate, path, seed, .. } =
            &self.parameters;
        let after = |at: Option<Timestamp>| self.since_trouble(at).map(|span| span.as_secs_f64());
        let Summary { all, largest, rest, invented, failures, lateness, .. } = &self.summary;
        json!({
            "scenario": scenario.name(),
            "organization": organization,
            "target": self.target,
            "began_at": self.run.began_at,
            "parameters": {
                "rate_per_s": self.parameters.rate,
                "others": others,
                "others_rate_per_s": others_rate,
                "usual_rate_per_s": self.parameters.usual_rate.unwrap_or(*others_rate),
                "calm_s": self.parameters.calm.as_secs_f64(),
                "ramp_s": self.parameters.ramp.as_secs_f64(),
                "for_s": self.parameters.hold.as_secs_f64(),
                "after_s": self.parameters.after.as_secs_f64(),
                "path": path,
                "seed": seed,
            },
            "unfinished": self.run.unfinished,
            "interrupted_at_s": self.run.interrupted.map(|one| one.after.as_secs_f64()),
            "notes": self.notes,
            "reactions": {
                "detected_after_s": after(self.reactions.detected.map(|(at, _)| at)),
                "incident": self.reactions.detected.map(|(_, number)| number),
                "limited_after_s": self.first_limit().map(|span| span.as_secs_f64()),
                "refused_after_s": self.first_refusal().map(|span| span.as_secs_f64()),
                "widened_after_s": after(self.reactions.widened),
                "lifted_after_s": after(self.reactions.lifted),
            },
            "all": all,
            "largest": largest,
            "rest": { "organizations": rest.0, "counts": rest.1 },
            "invented": { "names": invented.0, "counts": invented.1 },
            "attempts": self.summary.attempts,
            "failures": failures,
            "recovered_after_s": self.summary.recovered.map(|span| span.as_secs_f64()),
            "others": self.summary.others.iter().map(phase_json).collect::<Vec<_>>(),
            "simulator": {
                "late_requests": lateness.requests,
                "worst_ms": lateness.worst.as_secs_f64() * 1e3,
                "waited_for_a_connection": self.run.waited,
                "results_not_reported": self.run.unreported,
            },
            "step_s": self.summary.step.as_secs_f64(),
            "rates": self.rates_json(),
            "limits": self.limits_json(),
            "journal": self.journal_json(),
        })
    }

    fn rates_json(&self) -> Vec<Value> {
        let point = |point: &engine::simulation::RatePoint| {
            json!({
                "at_s": point.at.as_secs_f64(),
                "organization": point.chosen,
                "uploads": point.uploads,
                "others": point.others,
            })
        };
        self.summary.rates.iter().map(point).collect()
    }

    fn limits_json(&self) -> Value {
        let step = |step: &engine::simulation::LimitStep| json!({ "at_s": self.offset(step.at), "rate_per_s": step.rate });
        let steps: Vec<Value> = self.reactions.steps.iter().map(step).collect();
        json!({ "document_per_s": self.static_limit, "measures": steps })
    }

    fn journal_json(&self) -> Value {
        match &self.journal {
            Err(why) => json!({ "not_read": why }),
            Ok(told) => {
                let entry = |entry: &domain::journal::Entry| {
                    let line = timeline::line(entry, &Names::default());
                    json!({
                        "number": entry.number,
                        "at": entry.at,
                        "event": entry.event.as_ref().map(domain::journal::Event::kind),
                        "sentence": line.sentence,
                    })
                };
                let entries: Vec<Value> = told.entries.iter().map(entry).collect();
                json!({ "entries": entries, "more": told.more })
            }
        }
    }
}

fn phase(phase: Phase) -> &'static str {
    match phase {
        Phase::Before => "before",
        Phase::During => "during",
        Phase::After => "after",
    }
}

fn phase_json(figures: &PhaseFigures) -> Value {
    let quantile = |share| figures.latencies.quantile(share).map(|span| span.as_secs_f64() * 1e3);
    json!({
        "phase": phase(figures.phase),
        "counts": figures.counts,
        "p50_ms": quantile(0.5),
        "p99_ms": quantile(0.99),
    })
}
