//! Settings of the sections `[digitalocean]` and `[[managed_database]]`.

use std::path::PathBuf;

use domain::subject::Subject;

use super::{account::Selection, inventory::ThingKind, watched::Names};
use crate::collectors::http::ProbeUrl;

/// Settings of what is watched at DigitalOcean.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// The account; `None` where no token is set.
    pub account: Option<AccountSettings>,
    /// Managed databases whose metrics are read.
    pub databases: Vec<Database>,
}

/// Settings of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountSettings {
    /// The file that contains only the token.
    pub token_file: PathBuf,
    /// The watched parts.
    pub(super) selection: Selection,
    /// The share of the token's requests that may be used, in percent.
    pub budget_percent: u8,
    /// The address of the API.
    pub api_url: ProbeUrl,
    /// More authorities to trust.
    pub ca_file: Option<PathBuf>,
}

/// A managed database whose page of metrics is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Database {
    /// Its name, as in `managed-database:main`.
    pub name: String,
    /// The address of its metrics.
    pub url: ProbeUrl,
    /// The user of the page.
    pub user: String,
    /// The file that contains only the password.
    pub password_file: PathBuf,
    /// The certificate authority of the database.
    pub ca_file: Option<PathBuf>,
}

impl Database {
    /// Its subject.
    pub(super) fn subject(&self) -> Subject {
        Subject::build(Names::of_kind(ThingKind::Database).kind, &self.name, None)
    }
}
