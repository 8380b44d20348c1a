//! What a message looks like by each way over HTTP.

use commands::notifications::{Channel, Form, Notification};
use domain::{severity::Severity, time::Timestamp};
use hmac::{Hmac, Mac as _};
use serde::Serialize;
use sha2::Sha256;
use wording::notification::Message;

use crate::collectors::http::{Post, ProbeUrl};

/// The header that proves who sent a webhook: `t=` seconds since 1970, `v1=` the HMAC-SHA256 of
/// that, a dot and the body, in hexadecimal.
const SIGNATURE: &str = "x-calm-ops-signature";
/// The header by which a receiver tells a repetition.
const DELIVERY: &str = "x-calm-ops-delivery";

/// As <https://docs.ntfy.sh/publish/#publish-as-json> describes it.
#[derive(Serialize)]
struct Ntfy<'a> {
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

/// What programs get.
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
}

#[derive(Serialize)]
struct Chat {
    text: String,
}

/// The request that brings a message to someone.
pub(super) fn request(
    way: &Channel,
    call: &Notification,
    said: &Message,
    id: &str,
    now: Timestamp,
) -> Result<Post, String> {
    let bad = |what: &str| format!("The {what} can't be asked. Set the contact anew.");
    let url = |text: &str| text.parse::<ProbeUrl>().map_err(|_| bad("address"));
    let json = |body: Result<Vec<u8>, serde_json::Error>| {
        body.map_err(|_| "The message could not be written.".to_owned())
    };
    let (url, body, more) = match way {
        Channel::Ntfy { server, topic, token } => {
            let (priority, tag) = match said.severity {
                Severity::Critical => (5, "rotating_light"),
                Severity::Warning => (3, "warning"),
            };
            let (title, message, click) = (&said.title, &said.body, said.link.as_deref());
            let body = Ntfy {
                topic: &topic.0,
                title,
                message,
                priority,
                tags: [tag],
                click,
                sequence_id: id,
            };
            let token =
                token.as_ref().map(|token| ("authorization", format!("Bearer {}", token.0)));
            (url(server)?, json(serde_json::to_vec(&body))?, token)
        }
        Channel::Webhook { url: address, form, secret } => {
            let body = match form {
                Form::CalmOps => json(serde_json::to_vec(&ForPrograms {
                    version: 1,
                    id,
                    kind: call.why.as_str(),
                    incident: Some(call.incident.0).filter(|number| *number > 0),
                    severity: said.severity,
                    title: &said.title,
                    text: &said.body,
                    link: said.link.as_deref(),
                    at: call.at,
                }))?,
                Form::Chat => json(serde_json::to_vec(&Chat { text: chat(said) }))?,
            };
            let signed =
                secret.as_ref().map(|secret| signature(&secret.0, now, &body)).transpose()?;
            (url(&address.0)?, body, signed.map(|signature| (SIGNATURE, signature)))
        }
        Channel::Mail { .. } => return Err(bad("contact")),
    };
    let mut headers = vec![(DELIVERY, id.to_owned())];
    headers.extend(more);
    Ok(Post { url, headers, body })
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
        };
        assert_eq!(
            chat(&said),
            "Warning: &lt;!channel&gt; @ all (click)(https://evil.example) 'x'\ndisk:/var@web-1 &amp;\nhttps://ops.example.com/ops/incidents/1?a=1&b=2"
        );
    }
}
