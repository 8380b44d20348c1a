//! Sentences about similar incidents: what resolved an earlier one.

use domain::{
    review::Rating,
    similar::{PastResolution, PastRun},
    text,
};

/// The longest note that a sentence quotes, in characters.
const NOTE: usize = 160;
/// The longest name that a sentence shows, in characters.
const NAME: usize = 60;

/// The resolution of an incident, as one sentence.
pub fn resolution(one: &PastResolution) -> String {
    let mut parts = Vec::new();
    let helped = one.run.as_ref().is_some_and(|run| run.worked == Some(true));
    if let Some(run) = &one.run {
        parts.push(ran(run));
        parts.extend(
            run.recovered_after.filter(|_| helped).map(|after| format!("recovered after {after}")),
        );
        parts.extend(run.rating.map(|given| format!("rated {}", rating(given))));
    }
    if !helped {
        parts.push(ended(one));
    }
    let mut sentence = format!("{}.", parts.join("; "));
    if let Some(first) = sentence.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    match one.note.as_deref().map(str::trim).filter(|note| !note.is_empty()) {
        Some(note) => {
            let note = text::shown(&text::clip(&note.replace(['\n', '\r'], " "), NOTE));
            format!("{sentence} Note: {}", text::isolated(&note))
        }
        None => sentence,
    }
}

/// The run, and the facts about its effect.
fn ran(run: &PastRun) -> String {
    let name = text::isolated(&text::clip(run.subject.name(), NAME));
    let title = if run.title.to_lowercase().contains(&run.subject.name().to_lowercase()) {
        run.title.clone()
    } else {
        format!("{} ({name})", run.title)
    };
    match run.worked {
        Some(true) => format!("{title} was run"),
        Some(false) => format!("{title} was run and did not help"),
        None => format!("{title} was run, and whether it helped is not known"),
    }
}

/// The end, where no command is known to have helped.
fn ended(one: &PastResolution) -> String {
    let lasted = one.lasted;
    match (one.by_person, one.recovered) {
        (true, _) => format!("a person resolved it after {lasted}"),
        (false, true) if one.limited => format!("it recovered after {lasted} with limits in force"),
        (false, true) if one.run.is_none() => {
            format!("it recovered after {lasted} without a command")
        }
        (false, true) => format!("it recovered after {lasted}"),
        (false, false) => format!("it ended after {lasted}, and was not seen to recover"),
    }
}

/// A rating inside a sentence.
pub const fn rating(rating: Rating) -> &'static str {
    match rating {
        Rating::Fixed => "fixed",
        Rating::OneStepShort => "one step short",
        Rating::RightArea => "right area",
        Rating::Wrong => "wrong",
    }
}

#[cfg(test)]
mod tests {
    use domain::time::Span;

    use super::*;

    fn run(worked: Option<bool>, rating: Option<Rating>) -> PastRun {
        PastRun {
            place: 1,
            title: "Restart the worker".into(),
            subject: "service:worker".parse().unwrap(),
            worked,
            recovered_after: (worked == Some(true)).then(|| Span::from_mins(4)),
            rating,
        }
    }

    fn past(run: Option<PastRun>) -> PastResolution {
        PastResolution {
            lasted: Span::from_mins(12),
            run,
            limited: false,
            recovered: true,
            by_person: false,
            note: None,
        }
    }

    #[test]
    fn one_sentence_says_what_resolved_it() {
        let helped = past(Some(run(Some(true), Some(Rating::Fixed))));
        assert_eq!(
            resolution(&helped),
            "Restart the worker was run; recovered after 4 min; rated fixed."
        );
        assert_eq!(resolution(&past(None)), "It recovered after 12 min without a command.");
        let limited = PastResolution { limited: true, ..past(None) };
        assert_eq!(resolution(&limited), "It recovered after 12 min with limits in force.");
        let unseen = PastResolution { recovered: false, ..past(None) };
        assert_eq!(resolution(&unseen), "It ended after 12 min, and was not seen to recover.");
    }

    #[test]
    fn what_is_not_known_is_said() {
        let person = |run| PastResolution { by_person: true, ..past(run) };
        assert_eq!(
            resolution(&person(Some(run(None, None)))),
            "Restart the worker was run, and whether it helped is not known; a person resolved it after 12 min."
        );
        assert_eq!(
            resolution(&person(Some(run(Some(false), Some(Rating::Wrong))))),
            "Restart the worker was run and did not help; rated wrong; a person resolved it after 12 min."
        );
    }

    #[test]
    fn a_note_is_quoted_on_one_line_and_bounded() {
        let noted = PastResolution {
            by_person: true,
            note: Some(format!("Disk\nreplaced {}", "x".repeat(500))),
            ..past(None)
        };
        let sentence = resolution(&noted);
        assert!(sentence.contains("Disk replaced"), "{sentence}");
        assert!(!sentence.contains('\n') && sentence.chars().count() < 260, "{sentence}");
    }
}
