//! The column `measures`: what the agent may do on its own while a row is beyond its threshold.

use domain::{protection::AllowedMeasure, time::Span};

use crate::{
    markdown_table::{is_command_id, is_none},
    thresholds::cells::{self, Wrong},
};

const EXPECTED: &str =
    "'limit `uploads` for 10 min', 'safe mode', both with a comma between them, or '-'";
/// A limit that ends sooner only swings.
const SHORTEST: Span = Span::from_secs(10);
/// A limit that lasts longer needs a person.
const LONGEST: Span = Span::from_secs(86_400);

/// The measures of a cell, in their order; each class comes once.
pub(super) fn read(text: &str) -> Result<Vec<AllowedMeasure>, Wrong> {
    if is_none(text) {
        return Ok(Vec::new());
    }
    let mut measures: Vec<AllowedMeasure> = Vec::new();
    for part in text.split(',').map(str::trim) {
        let measure = if part == "safe mode" { AllowedMeasure::SafeMode } else { limit(part)? };
        if measures.iter().any(|known| is_same(known, &measure)) {
            return Err(wrong(format!("'{part}' is a second measure of the same kind")));
        }
        measures.push(measure);
    }
    Ok(measures)
}

fn is_same(one: &AllowedMeasure, other: &AllowedMeasure) -> bool {
    match (one, other) {
        (AllowedMeasure::Limit { class: one, .. }, AllowedMeasure::Limit { class: other, .. }) => {
            one == other
        }
        (AllowedMeasure::SafeMode, AllowedMeasure::SafeMode) => true,
        _ => false,
    }
}

fn wrong(found: String) -> Wrong {
    Wrong { found, expected: EXPECTED.to_owned() }
}

/// ``limit `uploads` for 10 min``.
fn limit(part: &str) -> Result<AllowedMeasure, Wrong> {
    let parts = || {
        let (class, lasts) = part.strip_prefix("limit ")?.split_once(" for ")?;
        let class = class.trim().strip_prefix('`')?.strip_suffix('`')?;
        is_command_id(class).then_some((class, lasts))
    };
    let (class, lasts) = parts().ok_or_else(|| wrong(format!("'{part}' is not a measure")))?;
    let lasts = cells::span(lasts)?;
    if !(SHORTEST..=LONGEST).contains(&lasts) {
        return Err(Wrong {
            found: format!("a limit for '{lasts}'"),
            expected: "a time from '10 s' to '1 d'".to_owned(),
        });
    }
    Ok(AllowedMeasure::Limit { class: class.to_owned(), lasts })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn measures_are_read_in_their_order() {
        let limit = |class: &str, minutes| AllowedMeasure::Limit {
            class: class.to_owned(),
            lasts: Span::from_mins(minutes),
        };
        assert_eq!(read("-"), Ok(Vec::new()));
        assert_eq!(read("limit `uploads` for 10 min"), Ok(vec![limit("uploads", 10)]));
        assert_eq!(
            read("limit `uploads` for 10 min, limit `writes` for 5 min, safe mode"),
            Ok(vec![limit("uploads", 10), limit("writes", 5), AllowedMeasure::SafeMode])
        );
        for bad in [
            "limit uploads for 10 min",
            "limit `uploads`",
            "limit `uploads` for ever",
            "limit `uploads` for 1 s",
            "limit `uploads` for 2 d",
            "limit `Uploads` for 10 min",
            "restart",
            "safe mode, safe mode",
            "limit `uploads` for 10 min, limit `uploads` for 5 min",
            "safe mode,",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
