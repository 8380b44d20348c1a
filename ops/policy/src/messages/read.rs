//! Reads the document: three parts, each a subject line and sentences.

use domain::{
    input::unreadable,
    message::{MessageAudience, MessageStage},
    signals::Signals,
};

use super::{
    fact::MessageFact,
    refused::{self, Refused},
    template::{MessagePiece, MessageSentence, StageTemplate},
};
use crate::{
    diagnostic::Diagnostic,
    markdown_table::{MAX_BYTES, Report, nearest},
};

/// More characters than this in a line of a part are refused.
const MAX_LINE: usize = 500;
/// More sentences than this in a part are refused. A draft that would be too long to be saved names
/// fewer things, whatever its template holds.
const MAX_SENTENCES: usize = 20;
/// The stages with the headings of their parts.
const PARTS: [(MessageStage, &str); 3] = [
    (MessageStage::First, "First notice"),
    (MessageStage::Update, "Update"),
    (MessageStage::Resolved, "Resolved"),
];
const SUBJECT: &str = "Subject:";

/// The heading of a stage's part.
const fn heading(stage: MessageStage) -> &'static str {
    match stage {
        MessageStage::First => PARTS[0].1,
        MessageStage::Update => PARTS[1].1,
        MessageStage::Resolved => PARTS[2].1,
    }
}

/// A part as far as it was read.
struct Part {
    stage: MessageStage,
    /// The line of its heading, from 0.
    line: usize,
    template: StageTemplate,
    has_subject: bool,
    has_sentence: bool,
    /// True if the next sentence begins a paragraph.
    after_blank: bool,
}

pub(super) fn read(
    audience: MessageAudience,
    file: &str,
    text: &str,
    signals: &Signals,
) -> Result<[StageTemplate; 3], Vec<Diagnostic>> {
    let mut report = Report::new(file, text);
    if text.len() > MAX_BYTES {
        report.at(0, 1, 1, format!("{} bytes", text.len()), format!("at most {MAX_BYTES} bytes"));
        return Err(report.finish());
    }
    if text.lines().next().map(str::trim_end) != Some("format: 1") {
        let found = "the document does not begin with its format";
        report.at(0, 1, u32::MAX, found, "'format: 1' as the first line");
    }
    let mut reader = Reader { audience, signals, report, parts: Vec::new() };
    for (line, text) in text.lines().enumerate() {
        reader.line(line, text);
    }
    reader.finish()
}

struct Reader<'a> {
    audience: MessageAudience,
    signals: &'a Signals,
    report: Report<'a>,
    parts: Vec<Part>,
}

impl Reader<'_> {
    fn whole(&mut self, line: usize, found: impl Into<String>, expected: impl Into<String>) {
        self.report.at(line, 1, u32::MAX, found, expected);
    }

    fn line(&mut self, line: usize, text: &str) {
        if let Some(title) = text.strip_prefix("## ") {
            self.begin(line, title.trim());
            return;
        }
        let Some(part) = self.parts.last_mut() else {
            // What stands before the first part is for people.
            return;
        };
        let trimmed = text.trim_end();
        if trimmed.trim_start().is_empty() {
            part.after_blank = true;
        } else if trimmed.chars().count() > MAX_LINE {
            let expected = format!("at most {MAX_LINE} characters in a line");
            self.whole(line, "this line is too long", expected);
        } else if let Some(subject) = trimmed.strip_prefix(SUBJECT) {
            self.subject(line, SUBJECT.len(), subject);
        } else if let Some(sentence) = trimmed.strip_prefix("- ") {
            self.sentence(line, 2, sentence);
        } else {
            let found = "a line that is neither the subject nor a sentence";
            self.whole(line, found, "'- ' before each sentence, each on one line");
        }
    }

    fn begin(&mut self, line: usize, title: &str) {
        let Some((stage, _)) = PARTS.into_iter().find(|(_, name)| *name == title) else {
            let near = nearest(title, PARTS.iter().map(|(_, name)| *name));
            let expected = near.map_or_else(
                || "one of '## First notice', '## Update' and '## Resolved'".to_owned(),
                |near| format!("a known part; did you mean '## {near}'?"),
            );
            self.whole(line, format!("unknown part '{title}'"), expected);
            return;
        };
        if self.parts.iter().any(|part| part.stage == stage) {
            self.whole(line, format!("the part '{title}' twice"), "each part once");
        }
        let template = StageTemplate::default();
        let (has_subject, has_sentence) = (false, false);
        let part = Part { stage, line, template, has_subject, has_sentence, after_blank: true };
        self.parts.push(part);
    }

    fn subject(&mut self, line: usize, before: usize, text: &str) {
        let pieces = self.pieces(line, before, text, true);
        let Some(part) = self.parts.last_mut() else { return };
        let had_subject = std::mem::replace(&mut part.has_subject, true);
        let Some(pieces) = pieces else { return };
        if had_subject {
            self.whole(line, "a second subject", "one line 'Subject: ...' in each part");
        } else if pieces.is_empty() {
            self.whole(line, "a subject without words", "such as 'Subject: {product}: an update'");
        } else {
            part.template.subject = pieces;
        }
    }

    fn sentence(&mut self, line: usize, before: usize, text: &str) {
        let pieces = self.pieces(line, before, text, false);
        let Some(part) = self.parts.last_mut() else { return };
        part.has_sentence = true;
        let Some(pieces) = pieces else { return };
        if pieces.is_empty() {
            self.whole(line, "a sentence without words", "words after '- '");
        } else if part.template.sentences.len() >= MAX_SENTENCES {
            let expected = format!("at most {MAX_SENTENCES} sentences in a part");
            self.whole(line, "too many sentences", expected);
        } else {
            let begins_paragraph = std::mem::take(&mut part.after_blank);
            part.template.sentences.push(MessageSentence { pieces, begins_paragraph });
        }
    }

    /// The pieces of a text that begins after so many characters of its line; `None` if something
    /// in it is wrong, which is told.
    fn pieces(
        &mut self,
        line: usize,
        before: usize,
        text: &str,
        is_subject: bool,
    ) -> Option<Vec<MessagePiece>> {
        let before = before + text.chars().take_while(|c| c.is_whitespace()).count();
        let text = text.trim();
        let is_fine = self.words(line, before, text);
        let mut pieces = Vec::new();
        let (mut rest, mut at, mut is_whole) = (text, before, true);
        while let Some(open) = rest.find(['{', '}']) {
            let (words, more) = rest.split_at(open);
            at += words.chars().count();
            let name = more.strip_prefix('{').and_then(|more| more.split_once('}'));
            let Some((name, after)) = name.filter(|(name, _)| !name.contains('{')) else {
                let expected = "a fact between two braces, such as {since}";
                self.report.at(line, column(at), 1, "a brace without the other one", expected);
                return None;
            };
            let width = name.chars().count() + 2;
            if !words.is_empty() {
                pieces.push(MessagePiece::Words(words.to_owned()));
            }
            match self.fact(line, (at, width), name, is_subject) {
                Some(fact) => pieces.push(MessagePiece::Fact(fact)),
                None => is_whole = false,
            }
            (rest, at) = (after, at + width);
        }
        if !rest.is_empty() {
            pieces.push(MessagePiece::Words(rest.to_owned()));
        }
        (is_fine && is_whole).then_some(pieces)
    }

    /// Tells of words that may not stand in a template; true if there are none.
    fn words(&mut self, line: usize, before: usize, text: &str) -> bool {
        let mut refused = refused::phrases(text);
        if self.audience != MessageAudience::Internal {
            refused.extend(refused::inside(text, self.signals));
        }
        let is_readable = unreadable(&text.replace('\t', " ")).is_none();
        if !is_readable {
            let found = "a character that is not seen, or marks that cover the text";
            self.whole(line, found, "plain text");
        }
        for Refused { place: (at, width), found, expected } in &refused {
            let width = u32::try_from(*width).unwrap_or(u32::MAX);
            self.report.at(line, column(before + at), width, found.as_str(), *expected);
        }
        refused.is_empty() && is_readable
    }

    /// The fact of a name, if a sentence may state it here.
    fn fact(
        &mut self,
        line: usize,
        (at, width): (usize, usize),
        name: &str,
        is_subject: bool,
    ) -> Option<MessageFact> {
        let stage = self.parts.last()?.stage;
        let audience = self.audience;
        let may = |fact: &MessageFact| fact.is_for(audience) && fact.is_possible_at(stage);
        let fitting = || MessageFact::ALL.into_iter().filter(may).map(MessageFact::as_str);
        let list = || fitting().map(|name| format!("{{{name}}}")).collect::<Vec<_>>().join(", ");
        let (found, expected) = match MessageFact::of(name) {
            None => {
                let near = nearest(name, fitting());
                let expected = near.map_or_else(
                    || format!("one of {}", list()),
                    |near| format!("a known fact; did you mean {{{near}}}?"),
                );
                (format!("unknown fact '{name}'"), expected)
            }
            Some(fact) if !fact.is_for(audience) => {
                let found = format!("the fact '{name}', which only colleagues may read");
                (found, format!("one of {}", list()))
            }
            Some(fact) if !fact.is_possible_at(stage) => {
                let found = format!("the fact '{name}', never known in '{}'", heading(stage));
                (found, format!("one of {}", list()))
            }
            Some(fact) if is_subject && !fact.is_always_known() => {
                let found = format!("the fact '{name}' in a subject, which is not always known");
                (found, "a fact that is always known, such as {product} or {since}".to_owned())
            }
            Some(fact) => return Some(fact),
        };
        let width = u32::try_from(width).unwrap_or(u32::MAX);
        self.report.at(line, column(at), width, found, expected);
        None
    }

    fn finish(mut self) -> Result<[StageTemplate; 3], Vec<Diagnostic>> {
        let mut templates: [StageTemplate; 3] = Default::default();
        for ((stage, name), template) in PARTS.into_iter().zip(&mut templates) {
            let Some(at) = self.parts.iter().position(|part| part.stage == stage) else {
                let found = format!("the part '{name}' is missing");
                self.whole(0, found, format!("a heading '## {name}' with a subject and sentences"));
                continue;
            };
            let Part { line, has_subject, has_sentence, .. } = self.parts[at];
            *template = std::mem::take(&mut self.parts[at].template);
            if !has_subject {
                self.whole(line, "a part without a subject", "a line 'Subject: ...' below it");
            }
            if !has_sentence {
                self.whole(line, "a part without a sentence", "a line '- ...' for each sentence");
            }
        }
        let problems = self.report.finish();
        if problems.is_empty() { Ok(templates) } else { Err(problems) }
    }
}

/// The column of a character that has so many before it.
fn column(before: usize) -> u32 {
    u32::try_from(before).unwrap_or(u32::MAX).saturating_add(1)
}
