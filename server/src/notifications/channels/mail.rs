//! E-mail, by the server that the configuration names.

use commands::notifications::{ChannelInfo, Destination, FieldInfo, Input};
use domain::error::Error;
use serde::Deserialize;

use crate::notifications::{
    channel::{Channel, Outgoing},
    checks::{plain, wrong},
    outbound::Outbound,
};

const LONGEST_MAIL_ADDRESS: u16 = 254;

/// The channel.
pub struct Mail;

/// Its settings.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    address: String,
}

impl Channel for Mail {
    const INFO: &'static ChannelInfo = &ChannelInfo {
        kind: "mail",
        description: "By e-mail.",
        summary: "Add an e-mail address",
        default_label: "E-mail",
        intro: None,
        takes_reports: true,
        outro: None,
        fields: &[FieldInfo {
            description: "To this address.",
            example: "ada@example.com",
            required: true,
            max_length: Some(LONGEST_MAIL_ADDRESS),
            autocomplete: Some("email"),
            ..FieldInfo::new("address", "Address", Input::Email)
        }],
    };

    type Settings = Settings;

    fn check(Settings { address }: &Settings) -> Result<(), Error> {
        plain("address", address, LONGEST_MAIL_ADDRESS)?;
        let fine = address.split_once('@').is_some_and(|(local, domain)| {
            !local.is_empty()
                && !domain.is_empty()
                && !domain.contains('@')
                && !address.contains(['<', '>', ',', ';', '"', '\\'])
        });
        if fine && address.parse::<lettre::Address>().is_ok() {
            Ok(())
        } else {
            let problem = "one e-mail address, such as 'ada@example.com'";
            Err(wrong("address", problem))
        }
    }

    fn destination(settings: &Settings) -> Destination {
        Destination {
            by: "e-mail to".to_owned(),
            place: settings.address.clone(),
            form: None,
            has_secret: false,
        }
    }

    fn not_ready(outbound: &Outbound) -> Option<&'static str> {
        outbound
            .mailer
            .is_none()
            .then_some("E-mail is not set up. Configure a server under `[mail]`.")
    }

    async fn send(
        settings: &Settings,
        outgoing: &Outgoing<'_>,
        outbound: &Outbound,
    ) -> Result<(), String> {
        match &outbound.mailer {
            Some(mailer) => mailer.send(&settings.address, outgoing.message, outgoing.id).await,
            None => Err("E-mail is not set up. Configure a server under [mail].".to_owned()),
        }
    }
}
