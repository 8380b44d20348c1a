//! The forms of the settings about one's contacts.

use std::time::Duration;

use app::{Changed, Done, SettingsForm};
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
    report::ReportKind,
    severity::Severity,
};

use super::fields::{id, unreadable};
use crate::{http::state::Site, notifications::channels};

/// So long whoever sends a test waits for its end; after that the page says that it is under way.
const PATIENCE: Duration = Duration::from_secs(8);
const LOOK_EVERY: Duration = Duration::from_millis(100);

fn contact(form: &SettingsForm) -> Result<ContactId, Error> {
    id(form).map(ContactId)
}

/// Removes one of the caller's contacts.
pub(super) async fn remove(
    site: &Site,
    caller: Principal,
    form: &SettingsForm,
) -> Result<Changed, Error> {
    site.service.execute(caller, RemoveContact { contact: contact(form)? }).await?;
    Ok(Changed::Done(Done::ContactRemoved))
}

/// Sends a test to one of the caller's contacts, and waits for its end.
pub(super) async fn test(
    site: &Site,
    caller: Principal,
    form: &SettingsForm,
) -> Result<Changed, Error> {
    let contact = contact(form)?;
    site.service.execute(caller.clone(), TestContact { contact }).await?;
    tested(site, caller, contact, "").await
}

/// Changes one of the caller's contacts, or adds one and sends a test to it.
pub(super) async fn set(
    site: &Site,
    caller: Principal,
    form: &SettingsForm,
) -> Result<Changed, Error> {
    if !form.id.is_empty() {
        let wanted = wanted(form, None, form.fields.get("enabled") == "yes")?;
        let change = SetContact { contact: Some(contact(form)?), wanted };
        site.service.execute(caller, change).await?;
        return Ok(Changed::Done(Done::ContactSet));
    }
    let wanted = wanted(form, Some(channel(form)?), true)?;
    let done = site.service.execute(caller.clone(), SetContact { contact: None, wanted }).await?;
    let contact = u32::try_from(done.cursor.number).map(ContactId).map_err(|_| unreadable())?;
    site.service.execute(caller.clone(), TestContact { contact }).await?;
    tested(site, caller, contact, "Contact added. ").await
}

/// Waits for the end of a test, for a while.
async fn tested(
    site: &Site,
    caller: Principal,
    contact: ContactId,
    before: &str,
) -> Result<Changed, Error> {
    let told = |sentence, is_good| Ok(Changed::Told { sentence, is_good });
    let until = tokio::time::Instant::now() + PATIENCE;
    loop {
        let Contacts { contacts, .. } =
            site.service.execute(caller.clone(), ListContacts {}).await?;
        let card = contacts.into_iter().find(|card| card.id == contact);
        let Some(card) = card else {
            return told("This contact has been removed in the meantime.".to_owned(), false);
        };
        match card.last {
            Some(LastNotification { test: true, fate: DeliveryStatus::Sent, .. }) => {
                let place = card.place;
                return told(
                    format!("{before}A test was sent to {place}. Check whether it arrived."),
                    true,
                );
            }
            Some(LastNotification {
                test: true, fate: DeliveryStatus::Failed, problem, ..
            }) => {
                let problem = problem.unwrap_or_default();
                let place = card.place;
                return told(
                    format!("{before}The test could not be sent to {place}. {problem}"),
                    false,
                );
            }
            // A notification about a real incident came after it.
            Some(LastNotification { test: false, .. }) => {
                let place = card.place;
                return told(
                    format!("{before}A notification was sent to {place} in the meantime."),
                    true,
                );
            }
            _ if tokio::time::Instant::now() >= until => {
                let place = card.place;
                return told(
                    format!(
                        "{before}The test is still on its way to {place}. Its end is shown at the contact."
                    ),
                    true,
                );
            }
            _ => tokio::time::sleep(LOOK_EVERY).await,
        }
    }
}

/// The settings of a channel from the fields that it declares.
fn channel(form: &SettingsForm) -> Result<ChannelSettings, Error> {
    let info = channels::info(form.fields.get("kind").trim()).ok_or_else(unreadable)?;
    let bad = |name| move |error: BadName| Error::invalid(name, FieldReason::Malformed(error));
    let settings = ChannelSettings::new(info.kind).map_err(bad("kind"))?;
    info.fields.iter().try_fold(settings, |settings, asked| {
        let text = form.fields.get(asked.name).trim().to_owned();
        // What is left empty and may be is left out.
        if asked.required || !text.is_empty() {
            settings.with(asked.name, text).map_err(bad(asked.name))
        } else {
            Ok(settings)
        }
    })
}

fn wanted(
    form: &SettingsForm,
    channel: Option<ChannelSettings>,
    enabled: bool,
) -> Result<ContactRequest, Error> {
    let bad = |field: &'static str| {
        move |error: BadName| Error::invalid(field, FieldReason::Malformed(error))
    };
    let text = |name: &str| form.fields.get(name).trim().to_owned();
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
    let asks_for = |kind: &ReportKind| form.fields.get(kind.as_str()) == "yes";
    let reports = ReportKind::ALL.into_iter().filter(asks_for).collect();
    Ok(ContactRequest { label: text("label"), channel, least, quiet, enabled, reports })
}
