//! A phone, by ntfy.

use commands::notifications::{ChannelInfo, Destination, FieldInfo, Input};
use domain::{error::Error, severity::Severity};
use serde::{Deserialize, Serialize};

use crate::{
    config::Secret,
    notifications::{
        channel::{Channel, Outgoing},
        checks::{LONGEST_ADDRESS, LONGEST_SECRET, host, secret, web_address, wrong},
        outbound::{Outbound, json},
    },
};

const LONGEST_TOPIC: u16 = 64;

/// The channel.
pub struct Ntfy;

/// Its settings.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    server: String,
    topic: Secret,
    token: Option<Secret>,
}

/// As <https://docs.ntfy.sh/publish/#publish-as-json> describes it.
#[derive(Serialize)]
struct Body<'a> {
    topic: &'a str,
    title: &'a str,
    message: &'a str,
    priority: u8,
    tags: [&'a str; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    click: Option<&'a str>,
    /// A message with the same one is shown in place of the earlier one; servers that do not know
    /// it leave it out.
    sequence_id: &'a str,
}

impl Channel for Ntfy {
    const INFO: &'static ChannelInfo = &ChannelInfo {
        kind: "ntfy",
        description: "By ntfy.",
        summary: "Add a phone (ntfy)",
        default_label: "Phone",
        intro: Some(
            "Install the ntfy app and subscribe to a topic name that is hard to guess: anyone who knows it can read your notifications.",
        ),
        takes_reports: false,
        outro: None,
        fields: &[
            FieldInfo {
                description: "The server, such as `https://ntfy.sh`.",
                example: "https://ntfy.example",
                required: true,
                max_length: Some(LONGEST_ADDRESS),
                default_value: "https://ntfy.sh",
                ..FieldInfo::new("server", "Server", Input::Url)
            },
            FieldInfo {
                description: "The topic. Anyone who knows it can read the notifications.",
                example: "calm-ops-8f3k",
                required: true,
                max_length: Some(LONGEST_TOPIC),
                pattern: Some("[A-Za-z0-9_\\-]+"),
                autocomplete: Some("off"),
                ..FieldInfo::new("topic", "Topic", Input::Text)
            },
            FieldInfo {
                description: "An access token, if the topic requires one.",
                example: "tk_0123456789",
                max_length: Some(LONGEST_SECRET),
                autocomplete: Some("off"),
                ..FieldInfo::new("token", "Access token, if the topic requires one", Input::Secret)
            },
        ],
    };

    type Settings = Settings;

    fn check(settings: &Settings) -> Result<(), Error> {
        web_address("server", &settings.server)?;
        let topic = settings.topic.expose();
        let fine = (1..=usize::from(LONGEST_TOPIC)).contains(&topic.len())
            && topic.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        if !fine {
            return Err(wrong(
                "topic",
                "1 to 64 letters, digits, '-' and '_', such as 'calm-ops-8f3k'",
            ));
        }
        settings.token.as_ref().map_or(Ok(()), |token| secret("token", token.expose()))
    }

    fn destination(settings: &Settings) -> Destination {
        Destination {
            by: "ntfy at".to_owned(),
            place: host(&settings.server).to_owned(),
            form: None,
            has_secret: settings.token.is_some(),
        }
    }

    async fn send(
        settings: &Settings,
        outgoing: &Outgoing<'_>,
        outbound: &Outbound,
    ) -> Result<(), String> {
        let Outgoing { id, message, .. } = outgoing;
        let (priority, tag) = match message.severity {
            Severity::Critical => (5, "rotating_light"),
            Severity::Warning => (3, "warning"),
        };
        let body = Body {
            topic: settings.topic.expose(),
            title: &message.title,
            message: &message.body,
            priority,
            tags: [tag],
            click: message.link.as_deref(),
            sequence_id: id,
        };
        let token = settings.token.as_ref();
        let token = token.map(|token| ("authorization", format!("Bearer {}", token.expose())));
        outbound.post(&settings.server, id, json(&body)?, token).await
    }
}
