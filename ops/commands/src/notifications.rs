//! Notifications: whom to tell, by which channel, and when. They reach the team by what a person
//! has configured for themselves, and nobody else: there is no channel to a customer here. Which
//! entries are told of is in [`Progress`], with which words in `wording::notification`.

mod access_change;
mod access_notice;
mod channel;
mod channel_info;
mod contact;
mod progress;
mod quiet;
mod reason;
mod safe_mode_news;

pub use access_change::{AccessChange, AccessChanges};
pub use channel::{ChannelKind, ChannelSettings};
pub use channel_info::{
    ChannelForm, ChannelInfo, Choice, Destination, FORM_NAMES, FieldInfo, Input,
};
pub use contact::{CallsSince, Contact};
pub use progress::{Progress, Unacknowledged};
pub use quiet::{DayTime, Quiet, Zone};
pub use reason::{Notification, Reason};
pub use safe_mode_news::SafeModeNews;

use std::collections::BTreeSet;

use domain::{
    error::{Error, FieldReason},
    id::{AccountId, ContactId},
    incident::Incident,
    input::checked_name,
    journal::Cursor,
    report::ReportKind,
    severity::Severity,
    time::{Span, Timestamp},
};
use serde::{Deserialize, Serialize};

/// Greatest number of contacts of a person.
pub const MOST_CONTACTS: usize = 10;

/// The interval at which calls that wait for the end of quiet hours are looked at: the hours may be
/// changed meanwhile.
const LOOK_AGAIN: Span = Span::from_mins(15);

/// The times between the first failures of a call and the next try.
const RETRIES: [Span; 3] = [Span::from_secs(5), Span::from_secs(15), Span::from_mins(1)];

/// The time between later failures and the next try: whoever is back is told within this time.
const LATER_RETRY: Span = Span::from_mins(5);

/// After so many failures, two hours after the first try, a call is given up: from then on it is
/// tried at [`CALM_RETRY`], while its incident is open and nobody took note of it.
const MOST_RETRIES: u32 = 27;

/// The interval at which calls that were given up are tried again.
pub const CALM_RETRY: Span = Span::from_mins(15);

/// The longest time between two reminders that nobody took note.
const LONGEST_ROUND: Span = Span::from_mins(60);

/// Time after which everyone is told again of a critical incident, when they were told `rounds` times
/// that nobody took note: first twice after `first`, then each time after twice as long, up to an
/// hour.
pub fn reminder_after(first: Span, rounds: u32) -> Span {
    let doubled = first.as_micros().saturating_mul(1 << rounds.saturating_sub(1).min(16));
    Span::from_micros(doubled.min(LONGEST_ROUND.as_micros().max(first.as_micros())))
}

/// True if an incident is critical just now and nobody took note of it.
pub fn lacks_attention(incident: &Incident) -> bool {
    incident.is_active()
        && incident.severity == Severity::Critical
        && incident.acknowledged.is_none()
        && incident.holding().next().is_some()
}

/// After how many failures in a row what is to be done: try again after this time, or give up.
pub fn retry_after(failures: u32) -> Option<Span> {
    let place = failures.checked_sub(1).filter(|_| failures < MOST_RETRIES)?;
    Some(RETRIES.get(usize::try_from(place).ok()?).copied().unwrap_or(LATER_RETRY))
}

/// A contact as a person wants it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ContactRequest {
    /// The name that they chose.
    pub label: String,
    /// The channel; left out where a contact is changed and its way stays as it is.
    #[serde(default, rename = "way")]
    pub channel: Option<ChannelSettings>,
    /// The least severity that calls.
    pub least: Severity,
    /// The hours in which warnings wait.
    #[serde(default)]
    pub quiet: Option<Quiet>,
    /// True if it calls at all.
    pub enabled: bool,
    /// The stability reports that it gets when they are made by themselves; only by e-mail.
    #[serde(default)]
    pub reports: BTreeSet<ReportKind>,
}

impl ContactRequest {
    /// As it is kept, or what is wrong with it. `before` is the contact that it changes. The
    /// settings of the channel and names of time zones are checked by whoever knows more of them.
    pub fn checked(
        self,
        id: ContactId,
        account: AccountId,
        before: Option<&Contact>,
        now: Timestamp,
    ) -> Result<Contact, Error> {
        let label = checked_name("label", &self.label)?;
        let channel = self.channel.or_else(|| before.map(|before| before.channel.clone()));
        let channel = channel.ok_or_else(|| Error::invalid("way", FieldReason::Missing))?;
        if let Some(quiet) = &self.quiet
            && quiet.from == quiet.to
        {
            return Err(Error::invalid("quiet", FieldReason::EmptyRange));
        }
        Ok(Contact {
            id,
            account,
            label,
            channel,
            least: self.least,
            quiet: self.quiet,
            enabled: self.enabled,
            reports: self.reports,
            set_at: now,
            calls_since: None,
        })
    }
}

/// The states of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum DeliveryStatus {
    /// Waits: to be sent, to be tried again, or for the end of quiet hours.
    Waiting,
    /// Sent.
    Sent,
    /// Could not be sent, and is not tried again.
    Failed,
    /// Over before it was sent.
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
    /// Time at which it was queued.
    pub at: Timestamp,
    /// True if a person asked for it, as a test.
    pub test: bool,
    /// Its state.
    pub fate: DeliveryStatus,
    /// Reason it failed, or failed last.
    pub problem: Option<String>,
}

/// A contact as its owner sees it: what lets someone in is never shown, only that there is one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ContactCard {
    /// Number of the contact.
    pub id: ContactId,
    /// The name that they chose.
    pub label: String,
    /// The channel.
    pub kind: ChannelKind,
    /// Words before the place, such as `e-mail to`.
    pub by: String,
    /// To which host or address.
    pub place: String,
    /// Form of what is sent, where the channel has several.
    pub form: Option<String>,
    /// True if it has a token or a secret.
    pub has_secret: bool,
    /// The least severity that calls.
    pub least: Severity,
    /// The hours in which warnings wait.
    pub quiet: Option<Quiet>,
    /// True if it calls at all.
    pub enabled: bool,
    /// The stability reports that it gets when they are made by themselves.
    #[serde(default)]
    pub reports: BTreeSet<ReportKind>,
    /// Since when it is as it is.
    pub set_at: Timestamp,
    /// The last call by it.
    pub last: Option<LastNotification>,
}

impl ContactCard {
    /// Returns the parts that are shown of a contact that leads to `destination`.
    pub fn new(
        contact: &Contact,
        destination: Destination,
        last: Option<LastNotification>,
    ) -> Self {
        let Destination { by, place, form, has_secret } = destination;
        Self {
            id: contact.id,
            label: contact.label.clone(),
            kind: contact.channel.kind().clone(),
            by,
            place,
            form,
            has_secret,
            least: contact.least,
            quiet: contact.quiet.clone(),
            enabled: contact.enabled,
            reports: contact.reports.clone(),
            set_at: contact.set_at,
            last,
        }
    }
}

/// A contact that is switched on, and whether it works, as far as is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContactState {
    /// Name of whom it reaches.
    pub person: String,
    /// Its name.
    pub contact: String,
    /// The reason for which the last try by it failed, if it did.
    pub problem: Option<String>,
}

/// The state of the last message about an incident by a contact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct NotifiedContact {
    /// Name of whom it reaches.
    pub person: String,
    /// Its name.
    pub contact: String,
    /// Its channel.
    pub kind: ChannelKind,
    /// Its state.
    pub status: DeliveryStatus,
    /// The reason the last try failed, if it did.
    pub problem: Option<String>,
    /// Time at which it was queued.
    pub at: Timestamp,
}

/// One's own contacts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Contacts {
    /// The journal position at which they were read.
    pub cursor: Cursor,
    /// The time.
    pub at: Timestamp,
    /// The contacts, oldest first.
    pub contacts: Vec<ContactCard>,
}

/// The decision about a call that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// Send it.
    Send,
    /// Look at it again at this time.
    Wait(Timestamp),
    /// Over.
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
        Reason::NotAcknowledged { .. } => incident.acknowledged.is_none(),
        Reason::Escalated
        | Reason::Many { .. }
        | Reason::SafeMode { .. }
        | Reason::NothingWritten
        | Reason::Test
        | Reason::Access { .. }
        | Reason::Report { .. } => true,
    };
    match call.why {
        Reason::Test | Reason::NothingWritten => return Delivery::Send,
        // Whoever did it is awake; whoever did not must hear of it, even if the contact was made
        // quiet in the same minute.
        Reason::Access { .. } if contact.enabled => return Delivery::Send,
        Reason::Access { .. } => return Delivery::Over,
        Reason::Report { kind } if !contact.wants(kind) => return Delivery::Over,
        // Nobody has to act on it, whatever the contact is called for.
        Reason::Report { .. } => return after_quiet(contact, now, offset),
        // The page that it leads to shows what is still active.
        Reason::Many { .. } | Reason::SafeMode { .. } => {}
        Reason::Opened
        | Reason::Escalated
        | Reason::Reopened
        | Reason::NotAcknowledged { .. }
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
    if call.severity < Severity::Critical {
        after_quiet(contact, now, offset)
    } else {
        Delivery::Send
    }
}

/// Waits for the end of quiet hours.
fn after_quiet(contact: &Contact, now: Timestamp, offset: i32) -> Delivery {
    match contact.quiet.as_ref().and_then(|quiet| quiet.ends(now, offset)) {
        Some(end) => Delivery::Wait(end.min(now.plus(LOOK_AGAIN))),
        None => Delivery::Send,
    }
}
