//! The table of rules: what the agent may do without a person.

use crate::{
    limits::{
        automation::SafeModeEntry,
        cells::{self, Wrong},
        organization::Organization,
        read::{Kind, Reader, Row, organization},
    },
    markdown_table::{bare, is_none, nearest},
};

const SHARE: &str = "largest share refused";
const MOST: &str = "most organizations limited";
const LONGEST: &str = "longest measure";
const FACTOR: &str = "fair share factor";
const WRITERS: &str = "keep writing in safe mode";
const SAFE_MODE: &str = "safe mode";
const REMINDER: &str = "safe mode reminder";

const NAMES: [&str; 7] = [SHARE, MOST, LONGEST, FACTOR, WRITERS, SAFE_MODE, REMINDER];

impl Reader<'_> {
    /// One rule; those that are missing have their usual value.
    pub(super) fn rule(&mut self, row: &Row<'_>) -> Option<()> {
        let (rule, cell) = (row.get("rule")?, row.get("value")?);
        let name = rule.text.to_lowercase();
        let Some(name) = NAMES.into_iter().find(|known| *known == name) else {
            let list = || NAMES.map(|name| format!("'{name}'")).join(", ");
            let expected = nearest(&name, NAMES.into_iter()).map_or_else(
                || format!("one of {}", list()),
                |near| format!("a known rule; did you mean '{near}'?"),
            );
            self.report.cell(rule, format!("unknown rule '{}'", rule.text), expected);
            return None;
        };
        self.once(Kind::Rules, rule, (name, ""))?;
        let text = cell.text.as_str();
        let entries = SafeModeEntry::ALL.map(|entry| (entry.as_str(), entry));
        let automation = &mut self.contents.automation;
        let set = match name {
            SHARE => cells::percent(text).map(|share| automation.largest_share_percent = share),
            MOST => cells::organizations(text).map(|most| automation.most_organizations = most),
            LONGEST => cells::longest_measure(text).map(|span| automation.longest_measure = span),
            FACTOR => cells::factor(text).map(|factor| automation.fair_share_factor = factor),
            REMINDER => cells::reminder(text).map(|span| automation.safe_mode_reminder = span),
            WRITERS => writers(text).map(|names| automation.keep_writing.extend(names)),
            _ => cells::word(text, &entries).map(|entry| automation.safe_mode = entry),
        };
        self.take(cell, set)
    }
}

/// Names of organizations with commas between them, or `-`.
fn writers(text: &str) -> Result<Vec<Organization<'static>>, Wrong> {
    if is_none(text) {
        return Ok(Vec::new());
    }
    text.split(',').map(|name| organization(bare(name.trim()))).collect()
}
