//! Fields that several forms of the settings have.

use app::SettingsForm;
use domain::error::{Error, FieldReason};

/// The error of a form that can't be read.
pub(super) fn unreadable() -> Error {
    Error::invalid("form", FieldReason::Unreadable)
}

/// The number of what a form is about.
pub(super) fn id(form: &SettingsForm) -> Result<u32, Error> {
    form.id.parse().map_err(|_| unreadable())
}
