//! Forms of contacts as data: what each channel declares.

use serde::{Deserialize, Serialize};

/// Forms by which people add contacts, as the configuration has it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactForms {
    /// True if messages carry a link: it is known how browsers reach this server.
    pub links: bool,
    /// Form of each channel, in the order in which they are offered.
    pub channels: Vec<ChannelForm>,
}

impl ContactForms {
    /// True if a channel has room for a whole stability report.
    pub(crate) fn takes_reports(&self, kind: &str) -> bool {
        self.channels.iter().any(|channel| channel.kind == kind && channel.takes_reports)
    }

    /// True if a field of a channel is typed again after an error, and kept nowhere.
    #[cfg(feature = "ssr")]
    pub(crate) fn is_secret(&self, kind: &str, name: &str) -> bool {
        let channel = self.channels.iter().find(|channel| channel.kind == kind);
        let field = |channel: &ChannelForm| {
            channel.fields.iter().any(|field| field.name == name && field.input == Input::Secret)
        };
        channel.is_some_and(field)
    }
}

/// Form of a channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelForm {
    /// Name of the channel.
    pub kind: String,
    /// Heading of the form.
    pub summary: String,
    /// Label of a new contact.
    pub default_label: String,
    /// Notice that nothing can be sent by it yet, and why. Words between backticks are code.
    pub notice: Option<String>,
    /// Paragraph above the fields, written in the same way.
    pub intro: Option<String>,
    /// Paragraph below the fields, written in the same way.
    pub outro: Option<String>,
    /// Fields, in the order in which they are asked.
    pub fields: Vec<ChannelField>,
    /// True if it has room for a whole stability report.
    pub takes_reports: bool,
}

/// Field of a channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelField {
    /// Name in the form.
    pub name: String,
    /// Label in the form.
    pub label: String,
    /// Kind of input.
    pub input: Input,
    /// True if it must be there.
    pub required: bool,
    /// Least length.
    pub min_length: Option<u16>,
    /// Greatest length.
    pub max_length: Option<u16>,
    /// Regular expression that the whole text matches.
    pub pattern: Option<String>,
    /// Hint for browsers that fill in forms.
    pub autocomplete: Option<String>,
    /// Text that stands in a new form.
    pub default_value: String,
}

/// Kind of input of a field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Input {
    /// A text.
    Text,
    /// A web address.
    Url,
    /// An e-mail address.
    Email,
    /// A secret.
    Secret,
    /// One of several: the value and the words of each.
    Choice(Vec<(String, String)>),
}

#[cfg(feature = "ssr")]
impl From<&commands::notifications::ChannelForm> for ChannelForm {
    fn from(form: &commands::notifications::ChannelForm) -> Self {
        let info = form.info;
        let text = |text: Option<&str>| text.map(str::to_owned);
        let field = |field: &commands::notifications::FieldInfo| ChannelField {
            name: field.name.to_owned(),
            label: field.label.to_owned(),
            input: field.input.into(),
            required: field.required,
            min_length: field.min_length,
            max_length: field.max_length,
            pattern: text(field.pattern),
            autocomplete: text(field.autocomplete),
            default_value: field.default_value.to_owned(),
        };
        Self {
            kind: info.kind.to_owned(),
            summary: info.summary.to_owned(),
            default_label: info.default_label.to_owned(),
            notice: text(form.notice),
            intro: text(info.intro),
            outro: text(info.outro),
            fields: info.fields.iter().map(field).collect(),
            takes_reports: info.takes_reports,
        }
    }
}

#[cfg(feature = "ssr")]
impl From<commands::notifications::Input> for Input {
    fn from(input: commands::notifications::Input) -> Self {
        use commands::notifications::Input as Declared;
        match input {
            Declared::Text => Self::Text,
            Declared::Url => Self::Url,
            Declared::Email => Self::Email,
            Declared::Secret => Self::Secret,
            Declared::Choice(choices) => {
                let pair = |one: &commands::notifications::Choice| {
                    (one.value.to_owned(), one.label.to_owned())
                };
                Self::Choice(choices.iter().map(pair).collect())
            }
        }
    }
}
