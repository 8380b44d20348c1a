//! Part of the server behind settings, sign-in and join: passkeys, passwords, the address of the
//! client and the configuration. The server provides it in the context.

use std::sync::Arc;

use commands::service::Pending;
use domain::access::{Principal, Role};
use leptos::prelude::*;

use crate::{
    actions::{Changed, SettingsForm},
    backend,
    problem::Problem,
    routes::settings::ContactForms,
};

/// Accounts, as the server keeps them for the request that is being answered.
pub trait AccountBackend: Send + Sync + 'static {
    /// Carries out a form of the settings, if its sender may.
    fn change(&self, principal: Principal, form: SettingsForm) -> Pending<Changed>;

    /// True if the browser can have passkeys for the address that it asked.
    fn can_have_passkeys(&self) -> bool;

    /// Forms by which people add contacts, as the configuration has it.
    fn contact_forms(&self) -> ContactForms;

    /// True if there is an owner, so that others can be invited.
    fn has_owner(&self) -> Pending<bool>;

    /// Role that an invitation gives; `None` if its secret is not valid.
    fn invited(&self, secret: String) -> Pending<Option<Role>>;
}

/// The backend, in the context.
#[derive(Clone)]
pub struct Accounts(pub Arc<dyn AccountBackend>);

/// A sign-in or join that was refused, with the name that was typed. In the context of the page
/// that answers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryRefused {
    /// Name that was typed.
    pub name: String,
    /// Sentence that says why.
    pub sentence: String,
}

/// The backend of the request that is being answered.
pub(crate) fn backend() -> Result<Arc<dyn AccountBackend>, Problem> {
    use_context::<Accounts>().map(|Accounts(backend)| backend).ok_or_else(backend::lost)
}
