//! The call: whom to tell, by which way, and when. It reaches the team by what a person has
//! configured for themselves, and nobody else: there is no way to a customer here. Which entries
//! call is in [`Progress`], what a call says in [`message`].

mod progress;
mod quiet;

pub use progress::Progress;
pub use quiet::{DayTime, Quiet, Zone};

use std::{borrow::Cow, fmt};

use domain::{
    error::{Error, FieldReason},
    id::{AccountId, ContactId, IncidentNumber},
    incident::Incident,
    input::checked_name,
    journal::Cursor,
    severity::Severity,
    time::{Span, Timestamp},
};
use serde::{Deserialize, Serialize};

/// How many contacts a person may have.
pub const MOST_CONTACTS: usize = 10;

/// The longest address, in characters.
const LONGEST_ADDRESS: usize = 2_000;

/// The longest secret, in characters.
const LONGEST_SECRET: usize = 500;

/// The shortest secret that signs a webhook.
const SHORTEST_SECRET: usize = 16;

/// What waits for the end of quiet hours is looked at again at least so often: the hours may be
/// changed meanwhile.
const LOOK_AGAIN: Span = Span::from_mins(15);

/// How long after each failure a call is tried again; after the last one it is given up, nearly two
/// hours after the first try.
const RETRIES: [Span; 7] = [
    Span::from_secs(5),
    Span::from_secs(15),
    Span::from_mins(1),
    Span::from_mins(5),
    Span::from_mins(15),
    Span::from_mins(30),
    Span::from_mins(60),
];

/// After how many failures in a row what is to be done: try again after this time, or give up.
pub fn retry_after(failures: u32) -> Option<Span> {
    RETRIES.get(usize::try_from(failures).ok()?.checked_sub(1)?).copied()
}

/// A text that must not be shown: a token, or an address that lets in whoever knows it. Only its
/// row holds it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(not shown)")
    }
}

/// What a webhook is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// JSON of Calm Ops, for programs of one's own.
    CalmOps,
    /// `{"text": ...}`, as Slack and Mattermost take it.
    Chat,
}

/// How someone is reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Channel {
    /// By ntfy.
    Ntfy {
        /// The server, such as `https://ntfy.sh`.
        server: String,
        /// The topic; whoever knows it can read along.
        #[cfg_attr(feature = "schema", schema(value_type = String))]
        topic: Secret,
        /// An access token, where the topic asks for one.
        #[serde(default)]
        #[cfg_attr(feature = "schema", schema(value_type = Option<String>))]
        token: Option<Secret>,
    },
    /// By a POST to an address.
    Webhook {
        /// The address; it often lets in whoever knows it.
        #[cfg_attr(feature = "schema", schema(value_type = String))]
        url: Secret,
        /// What it is sent.
        form: Form,
        /// Signs what is sent (`X-Calm-Ops-Signature`), so that the receiver knows who sent it.
        #[serde(default)]
        #[cfg_attr(feature = "schema", schema(value_type = Option<String>))]
        secret: Option<Secret>,
    },
    /// By e-mail.
    Mail {
        /// To this address.
        address: String,
    },
}

impl Channel {
    /// The address that is asked over HTTP, if it is one.
    pub fn url(&self) -> Option<&str> {
        match self {
            Self::Ntfy { server, .. } => Some(server),
            Self::Webhook { url, .. } => Some(&url.0),
            Self::Mail { .. } => None,
        }
    }

    /// Says to which place it leads, without what lets someone in.
    fn shown(&self) -> String {
        match self {
            Self::Ntfy { server, .. } => host(server).to_owned(),
            Self::Webhook { url, .. } => host(&url.0).to_owned(),
            Self::Mail { address } => address.clone(),
        }
    }

    const fn kind(&self) -> ChannelKind {
        match self {
            Self::Ntfy { .. } => ChannelKind::Ntfy,
            Self::Webhook { .. } => ChannelKind::Webhook,
            Self::Mail { .. } => ChannelKind::Mail,
        }
    }

    /// What is wrong with it, as far as that is told without asking anyone.
    fn check(&self) -> Result<(), Error> {
        let plain = |field: &'static str, text: &str, most: usize| {
            let fine = !text.is_empty()
                && text.chars().count() <= most
                && !text.chars().any(|c| c.is_whitespace() || c.is_control());
            if fine {
                Ok(())
            } else {
                Err(wrong(field, format!("1 to {most} characters without blanks")))
            }
        };
        // What goes into a header has to be plain.
        let ascii = |field: &'static str, text: &str| {
            plain(field, text, LONGEST_SECRET)?;
            if text.is_ascii() {
                Ok(())
            } else {
                Err(wrong(field, "letters, digits and signs of ASCII"))
            }
        };
        match self {
            Self::Ntfy { server, topic, token } => {
                plain("server", server, LONGEST_ADDRESS)?;
                let fine = (1..=64).contains(&topic.0.len())
                    && topic.0.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
                if !fine {
                    return Err(wrong(
                        "topic",
                        "1 to 64 letters, digits, '-' and '_', such as 'calm-ops-8f3k'",
                    ));
                }
                token.as_ref().map_or(Ok(()), |token| ascii("token", &token.0))
            }
            Self::Webhook { url, secret, form: _ } => {
                plain("url", &url.0, LONGEST_ADDRESS)?;
                let Some(secret) = secret else { return Ok(()) };
                ascii("secret", &secret.0)?;
                if secret.0.len() < SHORTEST_SECRET {
                    return Err(wrong(
                        "secret",
                        format!("at least {SHORTEST_SECRET} characters, so that nobody guesses it"),
                    ));
                }
                Ok(())
            }
            Self::Mail { address } => {
                plain("address", address, 254)?;
                let fine = address.split_once('@').is_some_and(|(local, domain)| {
                    !local.is_empty()
                        && !domain.is_empty()
                        && !domain.contains('@')
                        && !address.contains(['<', '>', ',', ';', '"', '\\'])
                });
                if fine {
                    Ok(())
                } else {
                    Err(wrong("address", "one e-mail address, such as 'ada@example.com'"))
                }
            }
        }
    }
}

/// The host of an address, without path, query and credentials.
fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
    authority.rsplit_once('@').map_or(authority, |(_, host)| host)
}

fn wrong(field: &'static str, expected: impl Into<Cow<'static, str>>) -> Error {
    Error::invalid(field, FieldReason::Expected(expected.into()))
}

/// A way to reach someone, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// Which: the number of the entry that tells of it first.
    pub id: ContactId,
    /// Whom it reaches.
    pub account: AccountId,
    /// What they call it.
    pub label: String,
    /// How.
    pub way: Channel,
    /// What is less severe does not call.
    pub least: Severity,
    /// When warnings wait.
    pub quiet: Option<Quiet>,
    /// Whether it calls at all.
    pub enabled: bool,
    /// Since when it is as it is.
    pub set_at: Timestamp,
}

/// A contact as a person wants it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ContactRequest {
    /// What they call it.
    pub label: String,
    /// How; left out where a contact is changed and its way stays as it is.
    #[serde(default)]
    pub way: Option<Channel>,
    /// What is less severe does not call.
    pub least: Severity,
    /// When warnings wait.
    #[serde(default)]
    pub quiet: Option<Quiet>,
    /// Whether it calls at all.
    pub enabled: bool,
}

impl ContactRequest {
    /// As it is kept, or what is wrong with it. `before` is the contact that it changes. Names of
    /// time zones and addresses are checked by whoever knows more about them.
    pub fn checked(
        self,
        id: ContactId,
        account: AccountId,
        before: Option<&Contact>,
        now: Timestamp,
    ) -> Result<Contact, Error> {
        let label = checked_name("label", &self.label)?;
        let way = self.way.or_else(|| before.map(|before| before.way.clone()));
        let way = way.ok_or_else(|| Error::invalid("way", FieldReason::Missing))?;
        way.check()?;
        if let Some(quiet) = &self.quiet
            && quiet.from == quiet.to
        {
            return Err(Error::invalid("quiet", FieldReason::EmptyRange));
        }
        Ok(Contact {
            id,
            account,
            label,
            way,
            least: self.least,
            quiet: self.quiet,
            enabled: self.enabled,
            set_at: now,
        })
    }
}

/// Which kind of way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ChannelKind {
    /// By ntfy.
    Ntfy,
    /// By a POST to an address.
    Webhook,
    /// By e-mail.
    Mail,
}

/// What became of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum DeliveryStatus {
    /// It waits: to be sent, to be tried again, or for the end of quiet hours.
    Waiting,
    /// It was sent.
    Sent,
    /// It could not be sent, and is not tried again.
    Failed,
    /// It was over before it was sent.
    Dropped,
}

impl DeliveryStatus {
    /// The word that is stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Sent => "sent",
            Self::Failed => "failed",
            Self::Dropped => "dropped",
        }
    }

    /// The fate of a word.
    pub fn named(word: &str) -> Option<Self> {
        [Self::Waiting, Self::Sent, Self::Failed, Self::Dropped]
            .into_iter()
            .find(|one| one.as_str() == word)
    }
}

/// The last call by a contact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct LastNotification {
    /// When it was queued.
    pub at: Timestamp,
    /// Whether a person asked for it, as a test.
    pub test: bool,
    /// What became of it.
    pub fate: DeliveryStatus,
    /// Reason it failed, or failed last.
    pub problem: Option<String>,
}

/// A contact as its owner sees it: what lets someone in is never shown, only that there is one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ContactCard {
    /// Which.
    pub id: ContactId,
    /// What they call it.
    pub label: String,
    /// How.
    pub kind: ChannelKind,
    /// To which host or address.
    pub place: String,
    /// What a webhook is sent.
    pub form: Option<Form>,
    /// Whether it has a token or a secret.
    pub has_secret: bool,
    /// What is less severe does not call.
    pub least: Severity,
    /// When warnings wait.
    pub quiet: Option<Quiet>,
    /// Whether it calls at all.
    pub enabled: bool,
    /// Since when it is as it is.
    pub set_at: Timestamp,
    /// The last call by it.
    pub last: Option<LastNotification>,
}

impl ContactCard {
    /// What is shown of a contact.
    pub fn new(contact: &Contact, last: Option<LastNotification>) -> Self {
        let (form, has_secret) = match &contact.way {
            Channel::Ntfy { token, .. } => (None, token.is_some()),
            Channel::Webhook { form, secret, .. } => (Some(*form), secret.is_some()),
            Channel::Mail { .. } => (None, false),
        };
        Self {
            id: contact.id,
            label: contact.label.clone(),
            kind: contact.way.kind(),
            place: contact.way.shown(),
            form,
            has_secret,
            least: contact.least,
            quiet: contact.quiet.clone(),
            enabled: contact.enabled,
            set_at: contact.set_at,
            last,
        }
    }
}

/// One's own contacts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Contacts {
    /// The journal position at which they were read.
    pub cursor: Cursor,
    /// When that was.
    pub at: Timestamp,
    /// The contacts, oldest first.
    pub contacts: Vec<ContactCard>,
}

/// Reason someone is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum Reason {
    /// An incident was opened.
    Opened,
    /// It became critical.
    Escalated,
    /// It came back, or a person reopened it.
    Reopened,
    /// A recommendation waits for a decision.
    Offered {
        /// Its place.
        place: u32,
    },
    /// A command ran and did not help.
    DidNotHelp {
        /// Its place.
        place: u32,
    },
    /// Many of these at once, put together into one.
    Many {
        /// How many incidents.
        incidents: u32,
    },
    /// A person asked for it, to see whether it arrives.
    Test,
}

impl Reason {
    /// The word by which programs know it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Opened => "incident_opened",
            Self::Escalated => "incident_escalated",
            Self::Reopened => "incident_reopened",
            Self::Offered { .. } => "recommendation_waits",
            Self::DidNotHelp { .. } => "command_did_not_help",
            Self::Many { .. } => "many",
            Self::Test => "test",
        }
    }
}

/// One reason to call, before it is known whom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notification {
    /// Because of which entry; 0 for a test.
    pub entry: u64,
    /// For which incident; 0 for a test.
    pub incident: IncidentNumber,
    /// Reason.
    #[serde(flatten)]
    pub why: Reason,
    /// How severe it was then.
    pub severity: Severity,
    /// When.
    pub at: Timestamp,
}

impl Notification {
    /// A call that a person asked for.
    pub const fn test(at: Timestamp) -> Self {
        Self {
            entry: 0,
            incident: IncidentNumber(0),
            why: Reason::Test,
            severity: Severity::Warning,
            at,
        }
    }

    /// Whether a contact wants it. A contact that was made later is not called for what was before.
    pub fn is_for(&self, contact: &Contact) -> bool {
        contact.enabled && self.severity >= contact.least && self.entry > u64::from(contact.id.0)
    }
}

/// What is to be done with a call that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// Send it.
    Send,
    /// Look at it again at this time.
    Wait(Timestamp),
    /// It is over.
    Over,
}

/// Looks at a call anew before each try: what is over meanwhile is not sent, and a warning waits
/// while it is quiet. `offset` is that of the contact's zone now, in minutes.
pub fn due(
    call: &Notification,
    contact: &Contact,
    incident: Option<&Incident>,
    now: Timestamp,
    offset: i32,
) -> Delivery {
    let stands = |incident: &Incident| match call.why {
        Reason::Offered { place } => incident
            .last_offer_of(place)
            .is_some_and(|one| one.is_offered() && now < one.expires_at),
        Reason::DidNotHelp { place } => {
            incident.recommendation(place).is_some_and(|one| incident.holds(&one.proof.breach))
        }
        // It became critical since: that has a call of its own.
        Reason::Opened | Reason::Reopened => incident.severity <= call.severity,
        Reason::Escalated | Reason::Many { .. } | Reason::Test => true,
    };
    match call.why {
        Reason::Test => return Delivery::Send,
        // The page that it leads to shows what is still active.
        Reason::Many { .. } => {}
        Reason::Opened
        | Reason::Escalated
        | Reason::Reopened
        | Reason::Offered { .. }
        | Reason::DidNotHelp { .. } => {
            if !incident.is_some_and(|incident| incident.is_active() && stands(incident)) {
                return Delivery::Over;
            }
        }
    }
    if !contact.enabled || call.severity < contact.least {
        return Delivery::Over;
    }
    let quiet = contact.quiet.as_ref().filter(|_| call.severity < Severity::Critical);
    match quiet.and_then(|quiet| quiet.ends(now, offset)) {
        Some(end) => Delivery::Wait(end.min(now.plus(LOOK_AGAIN))),
        None => Delivery::Send,
    }
}
