//! The channels, and the list of all of them.
//!
//! To add one, write its file and its two lines here. Its file declares name and form, and how
//! settings are checked and shown and a message is sent.

use commands::notifications::{ChannelForm, ChannelInfo, ChannelSettings, Destination};
use domain::error::{Error, FieldReason};

use super::{
    channel::{AnyChannel, Outgoing},
    outbound::Outbound,
};

mod mail;
mod ntfy;
mod webhook;

// In the order in which the settings offer them.
static CHANNELS: &[&dyn AnyChannel] = &[&ntfy::Ntfy, &mail::Mail, &webhook::Webhook];

fn find(kind: &str) -> Option<&'static dyn AnyChannel> {
    CHANNELS.iter().copied().find(|channel| channel.info().kind == kind)
}

/// Name and form of each channel.
pub fn all() -> impl Iterator<Item = &'static ChannelInfo> {
    CHANNELS.iter().map(|channel| channel.info())
}

/// Name and form of the channel of this name.
pub fn info(kind: &str) -> Option<&'static ChannelInfo> {
    all().find(|info| info.kind == kind)
}

/// The forms of all channels, as they are offered with this configuration.
pub fn forms(outbound: &Outbound) -> Vec<ChannelForm> {
    let form = |channel: &&'static dyn AnyChannel| ChannelForm {
        info: channel.info(),
        notice: channel.not_ready(outbound),
    };
    CHANNELS.iter().map(form).collect()
}

/// Checks settings; the error names the field.
pub fn check(settings: &ChannelSettings) -> Result<(), Error> {
    let kind = settings.kind().as_str();
    let Some(channel) = find(kind) else {
        let known = all().map(|info| info.kind).collect();
        return Err(Error::invalid("kind", FieldReason::Unknown { known }));
    };
    channel.check(settings)
}

/// Says where settings lead, without anything that lets someone in.
pub fn destination(settings: &ChannelSettings) -> Destination {
    let kind = settings.kind().as_str();
    find(kind).and_then(|channel| channel.destination(settings)).unwrap_or_else(|| Destination {
        by: "by a channel that no longer exists:".to_owned(),
        place: kind.to_owned(),
        form: None,
        has_secret: false,
    })
}

/// Sends a message to where settings lead. The error is a sentence without anything secret.
pub(super) async fn send(
    settings: &ChannelSettings,
    outgoing: &Outgoing<'_>,
    outbound: &Outbound,
) -> Result<(), String> {
    let marked = outbound.is_generated.then(|| outgoing.message.clone().marked());
    let outgoing = Outgoing { message: marked.as_ref().unwrap_or(outgoing.message), ..*outgoing };
    match find(settings.kind().as_str()) {
        Some(channel) => channel.send(settings, &outgoing, outbound).await,
        None => Err("This channel no longer exists. Set up the contact again.".to_owned()),
    }
}

#[cfg(test)]
mod tests;
