//! The grammar of single cells.

use domain::{
    recommendation::{Approval, Approval as Who, Risk, Undo},
    signal::Signal,
    signals::Signals,
    time::Span,
};

use crate::{
    catalogue::{
        command::{Proof, RunAs},
        kind::{self, Kind, plain_number},
        programs::{self, Word},
        violation::{Rule, Wrong, shown, wrong},
    },
    markdown_table::{is_command_id, nearest},
    signal_name,
};

/// The words between the backticks of a cell, and how far from the cell's beginning they start.
pub(super) fn words(text: &str) -> Result<(Vec<Word>, usize), Wrong> {
    let inner = text.strip_prefix('`').and_then(|text| text.strip_suffix('`'));
    let Some(inner) = inner.filter(|inner| !inner.is_empty()) else {
        return Err(wrong(
            Rule::Form,
            shown(text),
            "one command between backticks, such as '`pm2 reload {app}`'",
        ));
    };
    programs::words(inner).map(|words| (words, 1)).map_err(|wrong| moved(wrong, 1))
}

pub(super) fn moved(wrong: Wrong, by: usize) -> Wrong {
    Wrong { place: wrong.place.map(|(from, width)| (from + by, width)), ..wrong }
}

pub(super) fn span(text: &str, least: Span, most: Span) -> Result<Span, Wrong> {
    let expected = || format!("a duration from '{least}' to '{most}'");
    let span: Span = text.parse().map_err(|_| {
        wrong(Rule::Duration, format!("{} isn't a duration", shown(text)), expected())
    })?;
    if (least..=most).contains(&span) {
        Ok(span)
    } else {
        Err(wrong(Rule::Duration, format!("'{span}'"), expected()))
    }
}

pub(super) fn risk(text: &str) -> Result<Risk, Wrong> {
    let known = Risk::ALL.into_iter().find(|risk| risk.as_str() == text);
    known.ok_or_else(|| wrong(Rule::Form, shown(text), "'low', 'medium' or 'high'"))
}

pub(super) fn approval(text: &str) -> Result<Approval, Wrong> {
    let known = [Who::One, Who::Two].into_iter().find(|who| who.as_str() == text);
    known.ok_or_else(|| wrong(Rule::Form, shown(text), "'one approver' or 'two approvers'"))
}

pub(super) fn user(text: &str) -> Result<RunAs, Wrong> {
    const EXPECTED: &str = "'Calm Ops' for its own user, or another in backticks, such as '`root`'";
    if text == "Calm Ops" {
        return Ok(RunAs::CalmOps);
    }
    let name = text.strip_prefix('`').and_then(|text| text.strip_suffix('`'));
    let name = name.and_then(|name| name.parse().ok());
    name.map(RunAs::User).ok_or_else(|| wrong(Rule::User, shown(text), EXPECTED))
}

/// `` `pm2-restart` ``, or `can't be undone, because ...`.
pub(super) fn undo(text: &str) -> Result<Undo, Wrong> {
    const EXPECTED: &str =
        "the id of another command in backticks, or 'can't be undone, because' and why";
    if let Some(id) = text
        .strip_prefix('`')
        .and_then(|text| text.strip_suffix('`'))
        .filter(|id| is_command_id(id))
    {
        return Ok(Undo::By(id.to_owned()));
    }
    let text = text.replace('\u{2019}', "'");
    let why = text.strip_prefix("can't be undone, because ").map(str::trim).unwrap_or_default();
    let told = (10..=300).contains(&why.chars().count());
    if told {
        Ok(Undo::Never(why.to_owned()))
    } else {
        Err(wrong(Rule::Undo, shown(&text), EXPECTED))
    }
}

pub(super) fn signals(text: &str, declared: &Signals) -> Result<Vec<Signal>, Wrong> {
    const MOST: usize = 16;
    let mut signals: Vec<Signal> = Vec::new();
    for part in text.split(',') {
        let one = signal(part.trim(), declared)?;
        if signals.contains(&one) {
            return Err(wrong(Rule::SignalName, format!("'{one}' twice"), "each signal once"));
        }
        signals.push(one);
    }
    if signals.len() > MOST {
        Err(wrong(Rule::Bounds, format!("{} signals", signals.len()), format!("at most {MOST}")))
    } else {
        Ok(signals)
    }
}

/// `` `app.up` within 2 min, `app.memory` within 20 min ``.
pub(super) fn proofs(text: &str, declared: &Signals) -> Result<Vec<Proof>, Wrong> {
    const MOST: usize = 16;
    const EXPECTED: &str = "a signal and a time, such as '`app.up` within 2 min'";
    let mut proofs: Vec<Proof> = Vec::new();
    for part in text.split(',') {
        let Some((name, time)) = part.split_once(" within ") else {
            return Err(wrong(Rule::SignalName, shown(part.trim()), EXPECTED));
        };
        let signal = signal(name.trim(), declared)?;
        let within = span(time.trim(), Span::from_secs(10), Span::from_secs(86_400))?;
        if proofs.iter().any(|known| known.signal == signal) {
            return Err(wrong(Rule::SignalName, format!("'{signal}' twice"), "each signal once"));
        }
        proofs.push(Proof { signal, within });
    }
    if proofs.len() > MOST {
        Err(wrong(Rule::Bounds, format!("{} proofs", proofs.len()), format!("at most {MOST}")))
    } else {
        Ok(proofs)
    }
}

/// The kind of a placeholder.
pub(in crate::catalogue) fn kind(text: &str) -> Result<Kind, Wrong> {
    const KNOWN: [&str; 3] =
        ["an app seen under PM2", "a certificate that certbot has", "a query that runs now"];
    match text {
        "an app seen under PM2" => return Ok(Kind::App),
        "a certificate that certbot has" => return Ok(Kind::Certificate),
        "a query that runs now" => return Ok(Kind::Query),
        _ => {}
    }
    if let Some(list) = text.strip_prefix("one of the units ") {
        return units(list).map(|of| Kind::Unit { of });
    }
    if let Some(range) = text.strip_prefix("a whole number from ") {
        return numbers(range);
    }
    let near = nearest(text, KNOWN.into_iter());
    let expected = near.map_or_else(
        || {
            format!(
                "'{}', 'one of the units `nginx.service`' or 'a whole number from 200 to 2,000 in steps of 200, usually 400'",
                KNOWN.join("', '")
            )
        },
        |near| format!("a known kind; did you mean '{near}'?"),
    );
    Err(wrong(Rule::Placeholder, format!("{} isn't a kind of value", shown(text)), expected))
}

/// `200 to 2,000 in steps of 200, usually 400`.
fn numbers(text: &str) -> Result<Kind, Wrong> {
    /// Each value gets its own line for sudo.
    const MOST_VALUES: u64 = 100;
    const EXPECTED: &str = "'a whole number from 200 to 2,000 in steps of 200, usually 400', with at most 100 values, the last and the usual one among them";
    let parts = text.split_once(" to ").and_then(|(from, rest)| {
        let (to, rest) = rest.split_once(" in steps of ")?;
        let (step, usual) = rest.split_once(", usually ")?;
        Some((grouped(from)?, grouped(to)?, grouped(step)?, grouped(usual)?))
    });
    let on_a_step = |from: u64, to: u64, step: u64, number: u64| {
        (from..=to).contains(&number) && (number - from).is_multiple_of(step)
    };
    match parts {
        Some((from, to, step, usual))
            if step > 0
                && on_a_step(from, to, step, to)
                && on_a_step(from, to, step, usual)
                && (to - from) / step < MOST_VALUES =>
        {
            Ok(Kind::Number { from, to, step, usual })
        }
        _ => Err(wrong(Rule::Range, shown(text), EXPECTED)),
    }
}

/// `2,000` or `2000`.
fn grouped(text: &str) -> Option<u64> {
    let mut groups = text.split(',');
    let first = groups.next()?;
    let rest: Vec<&str> = groups.collect();
    let fine = rest.is_empty() || (first.len() <= 3 && rest.iter().all(|group| group.len() == 3));
    if fine { plain_number(&text.replace(',', "")) } else { None }
}

/// A signal that something can report.
fn signal(text: &str, signals: &Signals) -> Result<Signal, Wrong> {
    let Some(name) = text.strip_prefix('`').and_then(|text| text.strip_suffix('`')) else {
        return Err(wrong(
            Rule::SignalName,
            shown(text),
            "signals in backticks with commas between them, such as '`app.memory`'",
        ));
    };
    let signal: Signal = name.parse().map_err(|_| {
        wrong(
            Rule::SignalName,
            shown(name),
            "lower-case words joined by dots, such as 'app.memory'",
        )
    })?;
    signal_name::check(name, signals)
        .map_err(|(found, expected)| wrong(Rule::SignalName, found, expected))?;
    Ok(signal)
}

/// Reads a list of units; each one is told.
fn units(text: &str) -> Result<Vec<String>, Wrong> {
    const MOST_UNITS: usize = 32;
    let mut of = Vec::new();
    for part in text.split(',') {
        let part = part.trim();
        let Some(name) = part.strip_prefix('`').and_then(|part| part.strip_suffix('`')) else {
            return Err(wrong(
                Rule::UnitService,
                shown(part),
                "units in backticks with commas between them, such as '`nginx.service`'",
            ));
        };
        kind::unit(name).map_err(|refused| wrong(refused.rule, refused.found, refused.expected))?;
        if of.iter().any(|known| known == name) {
            return Err(wrong(Rule::Identity, format!("'{name}' twice"), "each unit once"));
        }
        of.push(name.to_owned());
    }
    if of.len() > MOST_UNITS {
        return Err(wrong(
            Rule::Bounds,
            format!("{} units", of.len()),
            format!("at most {MOST_UNITS}"),
        ));
    }
    Ok(of)
}
