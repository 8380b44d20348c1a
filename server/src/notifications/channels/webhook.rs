//! A POST to an address: JSON for programs, or a text for a team's chat.

use commands::notifications::{ChannelInfo, Choice, Destination, FieldInfo, Input};
use domain::{error::Error, severity::Severity, time::Timestamp};
use hmac::{Hmac, Mac as _};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use wording::notification::Message;

use crate::{
    config::Secret,
    notifications::{
        channel::{Channel, Outgoing},
        checks::{LONGEST_ADDRESS, LONGEST_SECRET, host, secret, web_address, wrong},
        outbound::{Outbound, json},
    },
};

/// The header that proves who sent a webhook: `t=` seconds since 1970, `v1=` the HMAC-SHA256 of
/// that, a dot and the body, in hexadecimal.
const SIGNATURE: &str = "x-calm-ops-signature";

/// The shortest secret that signs a webhook.
const SHORTEST_SECRET: u16 = 16;

/// The channel.
pub struct Webhook;

/// Its settings.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    url: Secret,
    form: Form,
    secret: Option<Secret>,
}

/// Form of what is sent.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Form {
    /// JSON from Calm Ops, for programs of one's own.
    CalmOps,
    /// `{"text": ...}`, as Slack and Mattermost take it.
    Chat,
}

/// The message for programs.
#[derive(Serialize)]
struct ForPrograms<'a> {
    version: u8,
    id: &'a str,
    kind: &'a str,
    incident: Option<u32>,
    severity: Severity,
    title: &'a str,
    text: &'a str,
    link: Option<&'a str>,
    at: Timestamp,
    /// Only told where it is true: nothing is wrong.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    practice: bool,
}

#[derive(Serialize)]
struct Chat {
    text: String,
}

impl Channel for Webhook {
    const INFO: &'static ChannelInfo = &ChannelInfo {
        kind: "webhook",
        description: "By a POST to an address.",
        summary: "Add a webhook",
        default_label: "Team chat",
        intro: None,
        takes_reports: false,
        outro: Some(
            "Leave it empty for Slack and Mattermost. Your own receiver gets `X-Calm-Ops-Signature: t=SECONDS,v1=HEX`: the HMAC-SHA256 of `SECONDS.BODY` with this secret.",
        ),
        fields: &[
            FieldInfo {
                description: "The address. It is often a secret itself.",
                example: "https://hooks.example/services/8f3k",
                required: true,
                max_length: Some(LONGEST_ADDRESS),
                autocomplete: Some("off"),
                ..FieldInfo::new("url", "Address", Input::Url)
            },
            FieldInfo {
                description: "The format of the messages.",
                example: "chat",
                required: true,
                ..FieldInfo::new(
                    "form",
                    "Format",
                    Input::Choice(&[
                        Choice { value: "chat", label: "text for Slack or Mattermost" },
                        Choice { value: "calm_ops", label: "JSON from Calm Ops" },
                    ]),
                )
            },
            FieldInfo {
                description: "Signs the messages (`X-Calm-Ops-Signature`), so that the receiver can verify the sender.",
                example: "0123456789abcdef",
                min_length: Some(SHORTEST_SECRET),
                max_length: Some(LONGEST_SECRET),
                autocomplete: Some("off"),
                ..FieldInfo::new("secret", "Signing secret (at least 16 characters)", Input::Secret)
            },
        ],
    };

    type Settings = Settings;

    fn check(settings: &Settings) -> Result<(), Error> {
        web_address("url", settings.url.expose())?;
        let Some(text) = &settings.secret else { return Ok(()) };
        secret("secret", text.expose())?;
        if text.expose().len() < usize::from(SHORTEST_SECRET) {
            let problem = format!("at least {SHORTEST_SECRET} characters that nobody can guess");
            return Err(wrong("secret", problem));
        }
        Ok(())
    }

    fn destination(settings: &Settings) -> Destination {
        let (by, form) = match settings.form {
            Form::Chat => ("chat webhook at", "chat"),
            Form::CalmOps => ("webhook at", "calm_ops"),
        };
        Destination {
            by: by.to_owned(),
            place: host(settings.url.expose()).to_owned(),
            form: Some(form.to_owned()),
            has_secret: settings.secret.is_some(),
        }
    }

    async fn send(
        settings: &Settings,
        outgoing: &Outgoing<'_>,
        outbound: &Outbound,
    ) -> Result<(), String> {
        let Outgoing { id, notification, message, now } = outgoing;
        let body = match settings.form {
            Form::CalmOps => json(&ForPrograms {
                version: 1,
                id,
                kind: notification.why.as_str(),
                incident: Some(notification.incident.0).filter(|number| *number > 0),
                severity: message.severity,
                title: &message.title,
                text: &message.body,
                link: message.link.as_deref(),
                at: notification.at,
                practice: message.practice,
            })?,
            Form::Chat => json(&Chat { text: chat(message) })?,
        };
        let signature = match &settings.secret {
            Some(secret) => Some((SIGNATURE, signature(secret.expose(), *now, &body)?)),
            None => None,
        };
        outbound.post(settings.url.expose(), id, body, signature).await
    }
}

fn signature(secret: &str, now: Timestamp, body: &[u8]) -> Result<String, String> {
    let seconds = now.as_micros().div_euclid(1_000_000);
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes())
        .map_err(|_| "The secret can't be used.".to_owned())?;
    mac.update(format!("{seconds}.").as_bytes());
    mac.update(body);
    let hex: String =
        mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(format!("t={seconds},v1={hex}"))
}

/// A text for a room of people. Names come from machines and may be anything: none of them may call
/// everyone in the room, or be a link.
fn chat(said: &Message) -> String {
    let mut text = format!("{}\n{}", said.title, said.body);
    for (from, to) in
        [("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("[", "("), ("]", ")"), ("`", "'")]
    {
        text = text.replace(from, to);
    }
    // `@web-1` in the name of a subject follows a letter and calls nobody.
    let mut calm = String::with_capacity(text.len());
    let mut before = ' ';
    for c in text.chars() {
        calm.push(c);
        if c == '@' && !before.is_alphanumeric() {
            calm.push(' ');
        }
        before = c;
    }
    if let Some(link) = &said.link {
        calm.push('\n');
        calm.push_str(link);
    }
    calm
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_that_of_the_time_and_the_body() {
        // printf '%s' '1790000000.{"a":1}' | openssl dgst -sha256 -hmac 0123456789abcdef
        let signed =
            signature("0123456789abcdef", Timestamp::from_secs(1_790_000_000), br#"{"a":1}"#)
                .unwrap();
        assert_eq!(
            signed,
            "t=1790000000,v1=d569e4518fe6f4620fd6639233427e7df5e5394d8f14c85c1063b8d90a724dcb"
        );
    }

    #[test]
    fn a_room_is_not_called_by_the_name_of_a_machine() {
        let said = Message {
            title: "Warning: <!channel> @all [click](https://evil.example) `x`".to_owned(),
            body: "disk:/var@web-1 &".to_owned(),
            link: Some("https://ops.example.com/ops/incidents/1?a=1&b=2".to_owned()),
            severity: Severity::Warning,
            practice: false,
        };
        assert_eq!(
            chat(&said),
            "Warning: &lt;!channel&gt; @ all (click)(https://evil.example) 'x'\ndisk:/var@web-1 &amp;\nhttps://ops.example.com/ops/incidents/1?a=1&b=2"
        );
    }
}
