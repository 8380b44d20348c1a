//! A told event: its sentence, how it weighs, and the words of a person in it.

/// The weight of a line of the timeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Something got worse: a warning.
    Warning,
    /// Something got worse: critical.
    Critical,
    /// Something got better.
    Better,
    /// A person did something.
    Person,
    /// Everything else.
    Quiet,
}

/// An event as it is told.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Told {
    /// The event, as a sentence.
    pub sentence: String,
    /// The weight.
    pub tone: Tone,
    /// The words of a person, if there are any.
    pub words: Option<String>,
}

impl Told {
    /// Sets how it weighs.
    pub fn tone(self, tone: Tone) -> Self {
        Self { tone, ..self }
    }

    /// Adds what a person wrote.
    pub fn words(self, words: &str) -> Self {
        Self { words: Some(words.to_owned()), ..self }
    }
}

/// Tells an event that weighs nothing.
pub(super) fn told(sentence: impl Into<String>) -> Told {
    Told { sentence: sentence.into(), tone: Tone::Quiet, words: None }
}
