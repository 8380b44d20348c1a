//! The forms of the settings about one's contacts.

use std::time::Duration;

use app::{Form, gate::Said};
use commands::{
    command::{RemoveContact, SetContact, TestContact},
    notifications::{
        ChannelSettings, ContactRequest, Contacts, DayTime, DeliveryStatus, LastNotification,
        Quiet, Zone,
    },
    reading::ListContacts,
};
use domain::{
    access::Principal,
    error::{Error, FieldReason},
    id::ContactId,
    name::BadName,
    severity::Severity,
};

use super::form::{Outcome, unreadable};
use crate::{http::state::Site, notifications::channels};

/// So long whoever sends a test waits for its end; after that the page says that it is under way.
const PATIENCE: Duration = Duration::from_secs(8);
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Sets, changes, tests or removes one of the caller's contacts.
pub(super) async fn deed(site: &Site, caller: Principal, form: &Form) -> Result<Outcome, Error> {
    let id = || form.get("id").parse().map(ContactId).map_err(|_| unreadable());
    match form.get("what") {
        "remove-contact" => {
            site.service.execute(caller, RemoveContact { contact: id()? }).await?;
            Ok(Outcome::Done("remove-contact"))
        }
        "test-contact" => {
            let contact = id()?;
            site.service.execute(caller.clone(), TestContact { contact }).await?;
            Ok(Outcome::Said(tested(site, caller, contact, "").await?))
        }
        _ if form.get("id").is_empty() => {
            let wanted = wanted(form, Some(channel(form)?), true)?;
            let done =
                site.service.execute(caller.clone(), SetContact { contact: None, wanted }).await?;
            let contact =
                u32::try_from(done.cursor.number).map(ContactId).map_err(|_| unreadable())?;
            site.service.execute(caller.clone(), TestContact { contact }).await?;
            Ok(Outcome::Said(tested(site, caller, contact, "Contact added. ").await?))
        }
        _ => {
            let wanted = wanted(form, None, form.get("enabled") == "yes")?;
            site.service.execute(caller, SetContact { contact: Some(id()?), wanted }).await?;
            Ok(Outcome::Done("contact"))
        }
    }
}

/// Waits for the end of a test, for a while.
async fn tested(
    site: &Site,
    caller: Principal,
    contact: ContactId,
    before: &str,
) -> Result<Said, Error> {
    let until = tokio::time::Instant::now() + PATIENCE;
    loop {
        let Contacts { contacts, .. } =
            site.service.execute(caller.clone(), ListContacts {}).await?;
        let card = contacts.into_iter().find(|card| card.id == contact);
        let Some(card) = card else {
            return Ok(Said::Refused("This contact has been removed in the meantime.".to_owned()));
        };
        match card.last {
            Some(LastNotification { test: true, fate: DeliveryStatus::Sent, .. }) => {
                return Ok(Said::Done(format!(
                    "{before}A test was sent to {}. Check whether it arrived.",
                    card.place
                )));
            }
            Some(LastNotification {
                test: true, fate: DeliveryStatus::Failed, problem, ..
            }) => {
                let problem = problem.unwrap_or_default();
                return Ok(Said::Refused(format!(
                    "{before}The test could not be sent to {}. {problem}",
                    card.place
                )));
            }
            // A notification about a real incident came after it.
            Some(LastNotification { test: false, .. }) => {
                return Ok(Said::Done(format!(
                    "{before}A notification was sent to {} in the meantime.",
                    card.place
                )));
            }
            _ if tokio::time::Instant::now() >= until => {
                return Ok(Said::Done(format!(
                    "{before}The test is still on its way to {}. Reload this page in a moment.",
                    card.place
                )));
            }
            _ => tokio::time::sleep(LOOK_EVERY).await,
        }
    }
}

/// The settings of a channel from the fields that it declares.
fn channel(form: &Form) -> Result<ChannelSettings, Error> {
    let info = channels::info(form.get("kind").trim()).ok_or_else(unreadable)?;
    let bad = |name| move |error: BadName| Error::invalid(name, FieldReason::Malformed(error));
    let settings = ChannelSettings::new(info.kind).map_err(bad("kind"))?;
    info.fields.iter().try_fold(settings, |settings, asked| {
        let text = form.get(asked.name).trim().to_owned();
        // What is left empty and may be is left out.
        if asked.required || !text.is_empty() {
            settings.with(asked.name, text).map_err(bad(asked.name))
        } else {
            Ok(settings)
        }
    })
}

fn wanted(
    form: &Form,
    channel: Option<ChannelSettings>,
    enabled: bool,
) -> Result<ContactRequest, Error> {
    let bad = |field: &'static str| {
        move |error: BadName| Error::invalid(field, FieldReason::Malformed(error))
    };
    let text = |name: &str| form.get(name).trim().to_owned();
    let least: Severity = text("least").parse().map_err(|_| unreadable())?;
    let quiet = match (text("from"), text("to"), text("zone")) {
        (from, to, _) if from.is_empty() && to.is_empty() => None,
        (from, to, _) if from.is_empty() || to.is_empty() => {
            return Err(Error::invalid("quiet", FieldReason::HalfRange));
        }
        (_, _, zone) if zone.is_empty() => {
            return Err(Error::invalid("zone", FieldReason::Missing));
        }
        (from, to, zone) => {
            let time = |text: String, name| text.parse::<DayTime>().map_err(bad(name));
            Some(Quiet {
                from: time(from, "quiet")?,
                to: time(to, "quiet")?,
                zone: zone.parse::<Zone>().map_err(bad("zone"))?,
            })
        }
    };
    Ok(ContactRequest { label: text("label"), channel, least, quiet, enabled })
}
