//! A place in the configuration file.

use std::ops::Range;

use domain::text::{is_unprintable, shown};
use policy::diagnostic::Diagnostic;

use super::problem::ConfigProblem;

/// A part of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    file: String,
    line: u32,
    column: u32,
    width: u32,
    text: String,
}

impl Place {
    pub(super) fn new(file: &str, text: &str, span: &Range<usize>) -> Self {
        let start = text.floor_char_boundary(span.start.min(text.len()));
        let end = text.floor_char_boundary(span.end.clamp(start, text.len()));
        let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
        let line = text[line_start..].lines().next().unwrap_or("");
        let line_end = (line_start + line.len()).max(start);
        let count = |part: &str| u32::try_from(part.chars().count()).unwrap_or(u32::MAX);
        Self {
            file: file.to_owned(),
            line: u32::try_from(text[..line_start].matches('\n').count()).unwrap_or(u32::MAX - 1)
                + 1,
            column: count(&text[line_start..start]) + 1,
            width: count(&text[start..end.min(line_end)]).max(1),
            text: line.to_owned(),
        }
    }

    /// A problem at this place.
    pub(crate) fn problem(&self, found: String, expected: String) -> ConfigProblem {
        let Self { file, line, column, width, text } = self.clone();
        ConfigProblem::InFile(Box::new(Diagnostic {
            file,
            line,
            column,
            width,
            text,
            found: if found.contains(is_unprintable) { shown(&found) } else { found },
            expected,
        }))
    }
}
