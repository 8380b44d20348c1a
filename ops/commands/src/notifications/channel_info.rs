//! Declarations of notification channels: the name of each, and the form by which a person adds
//! one.

/// Names that the form of a contact uses itself; no channel may have a field of such a name.
pub const FORM_NAMES: [&str; 12] = [
    "id", "what", "label", "kind", "least", "from", "to", "zone", "enabled", "daily", "weekly",
    "monthly",
];

/// A channel: its name, and the form by which a person adds one.
#[derive(Clone, Copy, Debug)]
pub struct ChannelInfo {
    /// Name in the interface for programs and in the database, such as `ntfy`.
    pub kind: &'static str,
    /// Description for programs.
    pub description: &'static str,
    /// Heading of the form, such as `Add an e-mail address`.
    pub summary: &'static str,
    /// Label of a new contact.
    pub default_label: &'static str,
    /// Paragraph above the fields. Words between backticks are shown as code.
    pub intro: Option<&'static str>,
    /// Paragraph below the fields, written in the same way.
    pub outro: Option<&'static str>,
    /// Fields, in the order in which they are asked.
    pub fields: &'static [FieldInfo],
    /// True if it has room for a whole stability report.
    pub takes_reports: bool,
}

impl ChannelInfo {
    /// The field of a name.
    pub fn field(&self, name: &str) -> Option<&'static FieldInfo> {
        self.fields.iter().find(|field| field.name == name)
    }
}

/// A field of a channel.
#[derive(Clone, Copy, Debug)]
pub struct FieldInfo {
    /// Name in the form, in the interface for programs and in the database.
    pub name: &'static str,
    /// Label in the form.
    pub label: &'static str,
    /// Description for programs.
    pub description: &'static str,
    /// A text that the channel takes.
    pub example: &'static str,
    /// Kind of input.
    pub input: Input,
    /// True if it must be there.
    pub required: bool,
    /// Least length.
    pub min_length: Option<u16>,
    /// Greatest length.
    pub max_length: Option<u16>,
    /// Regular expression that the whole text matches.
    pub pattern: Option<&'static str>,
    /// Hint for browsers that fill in forms.
    pub autocomplete: Option<&'static str>,
    /// Text that stands in a new form.
    pub default_value: &'static str,
}

impl FieldInfo {
    /// A field that may be left out, without any limit.
    pub const fn new(name: &'static str, label: &'static str, input: Input) -> Self {
        Self {
            name,
            label,
            description: "",
            example: "",
            input,
            required: false,
            min_length: None,
            max_length: None,
            pattern: None,
            autocomplete: None,
            default_value: "",
        }
    }
}

/// Kind of input of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// A text.
    Text,
    /// A web address.
    Url,
    /// An e-mail address.
    Email,
    /// A secret: hidden while it is typed, and not shown again after an error.
    Secret,
    /// One of several; the first is chosen unless the field has a default value.
    Choice(&'static [Choice]),
}

impl Input {
    /// The choices; none for other inputs.
    pub const fn choices(self) -> &'static [Choice] {
        match self {
            Self::Choice(choices) => choices,
            Self::Text | Self::Url | Self::Email | Self::Secret => &[],
        }
    }
}

/// One of the texts that a field may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The text.
    pub value: &'static str,
    /// Words for people.
    pub label: &'static str,
}

/// Form of a channel as it is offered here.
#[derive(Clone, Copy, Debug)]
pub struct ChannelForm {
    /// Name and form of the channel.
    pub info: &'static ChannelInfo,
    /// Notice that nothing can be sent by it yet, and why. Words between backticks are shown as
    /// code.
    pub notice: Option<&'static str>,
}

/// The place that a contact leads to, without anything that lets someone in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    /// Words before the place, such as `e-mail to`.
    pub by: String,
    /// Host or address.
    pub place: String,
    /// Form of what is sent, where the channel has several.
    pub form: Option<String>,
    /// True if it has a token or a secret.
    pub has_secret: bool,
}
