//! Accounts, as the pages have them: the forms of the settings, sign-in and join.

use std::collections::BTreeSet;

use app::{Changed, ContactForms, Done, NewSecret, SettingsForm, SettingsStep};
use commands::{
    account_change::{
        AccountChange, EndSession, RemovePasskey, RevokeToken, SetClosed, SetRole,
        WithdrawInvitation,
    },
    command::Command,
    service::Pending,
};
use domain::{
    access::{Foothold, Principal, Role, Scope},
    error::Error,
    id::{AccountId, InvitationId, PasskeyId, SessionId, TokenId},
    time::Span,
};

use crate::{
    http::{client_info::ClientInfo, state::Site},
    people::passkeys,
};

mod contacts;
mod fields;

use fields::{id, unreadable};

/// Accounts, for one request.
pub(super) struct Accounts {
    site: Site,
    /// The way of the request; `None` outside of one.
    client: Option<ClientInfo>,
}

impl Accounts {
    pub(super) const fn new(site: Site, client: Option<ClientInfo>) -> Self {
        Self { site, client }
    }
}

impl app::AccountBackend for Accounts {
    fn change(&self, principal: Principal, form: SettingsForm) -> Pending<Changed> {
        let (site, client) = (self.site.clone(), self.client.clone());
        Box::pin(async move {
            let client = client.ok_or(Error::SignIn)?;
            change(&site, &client, principal, &form).await
        })
    }

    fn can_have_passkeys(&self) -> bool {
        self.client.as_ref().is_some_and(passkeys::are_possible)
    }

    fn contact_forms(&self) -> ContactForms {
        (*self.site.contact_forms).clone()
    }

    fn has_owner(&self) -> Pending<bool> {
        let site = self.site.clone();
        Box::pin(async move { site.people.has_owner().await })
    }

    fn invited(&self, secret: String) -> Pending<Option<Role>> {
        let site = self.site.clone();
        Box::pin(async move { site.people.invited(&secret).await })
    }
}

/// Address of this server as its browsers have it, without a slash at the end.
fn here(site: &Site, client: &ClientInfo) -> String {
    let asked = || format!("{}://{}", if client.secure { "https" } else { "http" }, client.host);
    site.public_url.as_deref().map_or_else(asked, str::to_owned)
}

/// Carries out a form of the settings.
async fn change(
    site: &Site,
    client: &ClientInfo,
    caller: Principal,
    form: &SettingsForm,
) -> Result<Changed, Error> {
    let step = form.step().ok_or_else(unreadable)?;
    let (done, change) = match step {
        SettingsStep::SetPassword => return set_password(site, client, caller, form).await,
        SettingsStep::Invite => return invite(site, client, caller, form).await,
        SettingsStep::CreateToken => return create_token(site, client, caller, form).await,
        SettingsStep::SetContact => return contacts::set(site, caller, form).await,
        SettingsStep::RemoveContact => return contacts::remove(site, caller, form).await,
        SettingsStep::TestContact => return contacts::test(site, caller, form).await,
        SettingsStep::EndSession => (
            Done::SessionEnded,
            AccountChange::EndSession(EndSession { session: SessionId(id(form)?) }),
        ),
        SettingsStep::RemovePasskey => (
            Done::PasskeyRemoved,
            AccountChange::RemovePasskey(RemovePasskey { passkey: PasskeyId(id(form)?) }),
        ),
        SettingsStep::Withdraw => (
            Done::Withdrawn,
            AccountChange::WithdrawInvitation(WithdrawInvitation {
                invitation: InvitationId(id(form)?),
            }),
        ),
        SettingsStep::SetRole => (
            Done::RoleSet,
            AccountChange::SetRole(SetRole { account: AccountId(id(form)?), role: role(form)? }),
        ),
        SettingsStep::Deactivate => (
            Done::Deactivated,
            AccountChange::SetClosed(SetClosed { account: AccountId(id(form)?), closed: true }),
        ),
        SettingsStep::Reactivate => (
            Done::Reactivated,
            AccountChange::SetClosed(SetClosed { account: AccountId(id(form)?), closed: false }),
        ),
        SettingsStep::RevokeToken => (
            Done::TokenRevoked,
            AccountChange::RevokeToken(RevokeToken { token: TokenId(id(form)?) }),
        ),
    };
    site.service.operations().change(caller, Command::Account(change)).await?;
    Ok(Changed::Done(done))
}

fn role(form: &SettingsForm) -> Result<Role, Error> {
    form.fields.get("role").parse().map_err(|_| unreadable())
}

async fn set_password(
    site: &Site,
    client: &ClientInfo,
    caller: Principal,
    form: &SettingsForm,
) -> Result<Changed, Error> {
    let text = |name| form.fields.get(name).to_owned();
    let (present, password) = (text("present"), text("password"));
    let foothold = |value: &String| Foothold::ALL.into_iter().find(|one| one.as_str() == value);
    let end = form.chosen.iter().map(|value| foothold(value).ok_or_else(unreadable));
    let end = end.collect::<Result<BTreeSet<Foothold>, _>>()?;
    let done = if end.is_empty() { Done::PasswordSet } else { Done::PasswordSetAndMore };
    site.people.set_password(caller, present, password, end, client.from).await?;
    Ok(Changed::Done(done))
}

async fn invite(
    site: &Site,
    client: &ClientInfo,
    caller: Principal,
    form: &SettingsForm,
) -> Result<Changed, Error> {
    let role = role(form)?;
    let secret = site.people.invite(caller, role).await?;
    Ok(Changed::Secret(NewSecret {
        what: format!("Send this link to the new {role}. It works once and expires in 14 days."),
        secret: format!("{}/join/{secret}", here(site, client)),
        command: None,
    }))
}

async fn create_token(
    site: &Site,
    client: &ClientInfo,
    caller: Principal,
    form: &SettingsForm,
) -> Result<Changed, Error> {
    let scopes = form.chosen.iter().map(|scope| scope.parse().map_err(|_| unreadable()));
    let scopes = scopes.collect::<Result<BTreeSet<Scope>, _>>()?;
    let until = match form.fields.get("days") {
        "" => None,
        days => {
            let days = days.parse::<u64>().ok().filter(|days| (1..=3_650).contains(days));
            let days = days.ok_or_else(unreadable)?;
            Some(site.clock.now().wall.plus(Span::from_secs(days * 86_400)))
        }
    };
    let label = form.fields.get("label").to_owned();
    let secret = site.people.create_token(caller, label, scopes.clone(), until).await?;
    Ok(Changed::Secret(NewSecret {
        what: "Your new token. Programs send it as: Authorization: Bearer TOKEN".to_owned(),
        command: command(&here(site, client), &secret, &scopes),
        secret,
    }))
}

/// A command line that uses a new token, with what it does.
fn command(here: &str, token: &str, scopes: &BTreeSet<Scope>) -> Option<(String, String)> {
    let header = format!("-H 'authorization: Bearer {token}'");
    if scopes.contains(&Scope::Ingest) {
        let body = r#"{"observations":[{"signal":"queue.depth","subject":"service:imports","value":42,"unit":"jobs"}]}"#;
        let line = format!(
            "curl {here}/api/ops/signals {header} -H 'content-type: application/json' -d '{body}'"
        );
        return Some(("Send a reading with it:".to_owned(), line));
    }
    scopes.contains(&Scope::Read).then(|| {
        ("Read the health with it:".to_owned(), format!("curl {here}/api/ops/health {header}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_token_comes_with_a_line_that_its_scopes_allow() {
        let line = |scopes: &[Scope]| {
            command("https://ops.example.com", "0f", &scopes.iter().copied().collect())
        };
        let (_, push) = line(&[Scope::Read, Scope::Ingest]).unwrap();
        assert!(
            push.starts_with(
                "curl https://ops.example.com/api/ops/signals -H 'authorization: Bearer 0f' "
            ),
            "{push}"
        );
        let (_, read) = line(&[Scope::Read]).unwrap();
        assert_eq!(
            read,
            "curl https://ops.example.com/api/ops/health -H 'authorization: Bearer 0f'"
        );
        assert_eq!(line(&[Scope::Respond]), None);
    }
}
