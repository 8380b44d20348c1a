//! A notification channel: what it declares, how its settings are checked, and how it sends.

use async_trait::async_trait;
use commands::notifications::{ChannelInfo, ChannelSettings, Destination, FieldInfo, Notification};
use domain::{
    error::{Error, FieldReason},
    time::Timestamp,
};
use serde::de::DeserializeOwned;
use wording::notification::Message;

use super::{checks::wrong, outbound::Outbound};

/// A message on its way to one contact.
pub struct Outgoing<'a> {
    /// Its id, the same each time it is sent.
    pub id: &'a str,
    /// The event that it tells of.
    pub notification: &'a Notification,
    /// Its words.
    pub message: &'a Message,
    /// Time of this try.
    pub now: Timestamp,
}

/// A channel.
pub trait Channel: Send + Sync + 'static {
    /// Its name, and the form by which a person adds one.
    const INFO: &'static ChannelInfo;

    /// Its settings. They have the fields of `INFO`; those that may be left out are `Option`s.
    type Settings: DeserializeOwned + Send + Sync;

    /// Checks settings; the error names the field.
    fn check(settings: &Self::Settings) -> Result<(), Error>;

    /// Says where settings lead, without anything that lets someone in.
    fn destination(settings: &Self::Settings) -> Destination;

    /// The notice that nothing can be sent by this channel as the configuration is.
    fn not_ready(_outbound: &Outbound) -> Option<&'static str> {
        None
    }

    /// Sends a message to where the settings lead and nowhere else. The error is a sentence without
    /// anything secret.
    fn send(
        settings: &Self::Settings,
        outgoing: &Outgoing<'_>,
        outbound: &Outbound,
    ) -> impl Future<Output = Result<(), String>> + Send;
}

/// A channel whose settings are texts, so that all channels can stand in one list.
#[async_trait]
pub trait AnyChannel: Send + Sync {
    /// Its name, and the form by which a person adds one.
    fn info(&self) -> &'static ChannelInfo;

    /// Checks settings; the error names the field.
    fn check(&self, settings: &ChannelSettings) -> Result<(), Error>;

    /// Says where settings lead; `None` if they are none of this channel.
    fn destination(&self, settings: &ChannelSettings) -> Option<Destination>;

    /// The notice that nothing can be sent by this channel.
    fn not_ready(&self, outbound: &Outbound) -> Option<&'static str>;

    /// Sends a message.
    async fn send(
        &self,
        settings: &ChannelSettings,
        outgoing: &Outgoing<'_>,
        outbound: &Outbound,
    ) -> Result<(), String>;
}

#[async_trait]
impl<C: Channel> AnyChannel for C {
    fn info(&self) -> &'static ChannelInfo {
        C::INFO
    }

    fn check(&self, settings: &ChannelSettings) -> Result<(), Error> {
        C::check(&read::<C>(settings)?)
    }

    fn destination(&self, settings: &ChannelSettings) -> Option<Destination> {
        read::<C>(settings).ok().map(|settings| C::destination(&settings))
    }

    fn not_ready(&self, outbound: &Outbound) -> Option<&'static str> {
        C::not_ready(outbound)
    }

    async fn send(
        &self,
        settings: &ChannelSettings,
        outgoing: &Outgoing<'_>,
        outbound: &Outbound,
    ) -> Result<(), String> {
        let settings = read::<C>(settings)
            .map_err(|_| "This contact can't be used. Set it up again.".to_owned())?;
        C::send(&settings, outgoing, outbound).await
    }
}

/// Reads the typed settings of a channel.
fn read<C: Channel>(settings: &ChannelSettings) -> Result<C::Settings, Error> {
    if let Some((unknown, _)) = settings.fields().find(|(name, _)| C::INFO.field(name).is_none()) {
        let known = C::INFO.fields.iter().map(|field| field.name).collect();
        return Err(Error::invalid(unknown.to_owned(), FieldReason::Unknown { known }));
    }
    for field in C::INFO.fields {
        check_presence(field, settings.get(field.name))?;
    }
    let fields = settings.fields().map(|(name, text)| (name.to_owned(), text.into()));
    // What serde says may repeat a secret.
    serde_json::from_value(serde_json::Value::Object(fields.collect()))
        .map_err(|_| wrong("way", format!("settings of {}", C::INFO.kind)))
}

/// Checks that a field is there if it is needed, and is one of its choices if it has some.
fn check_presence(field: &FieldInfo, text: Option<&str>) -> Result<(), Error> {
    let choices = field.input.choices();
    match text {
        None if field.required => Err(Error::invalid(field.name, FieldReason::Missing)),
        Some(text) if !choices.is_empty() && !choices.iter().any(|choice| choice.value == text) => {
            let known = choices.iter().map(|choice| choice.value).collect();
            Err(Error::invalid(field.name, FieldReason::Unknown { known }))
        }
        _ => Ok(()),
    }
}
