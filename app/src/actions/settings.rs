//! Forms of the settings, and what came of one.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

use crate::problem::Problem;

/// Texts of a form by the names of their fields. Some are secret, so none is ever printed.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fields(BTreeMap<String, String>);

impl Fields {
    /// The text of a field; empty where there is none.
    pub fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    /// The fields for which `is_kept` holds.
    #[cfg(feature = "ssr")]
    #[must_use]
    pub(crate) fn only(mut self, is_kept: impl Fn(&str) -> bool) -> Self {
        self.0.retain(|name, _| is_kept(name));
        self
    }
}

impl FromIterator<(String, String)> for Fields {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(fields: I) -> Self {
        Self(fields.into_iter().collect())
    }
}

impl fmt::Debug for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// A form of the settings as it was sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettingsForm {
    /// Name of the step.
    pub what: String,
    /// Item that it changes; empty for none, or a new one.
    pub id: String,
    /// Values of the fields.
    pub fields: Fields,
    /// Values of the boxes that were ticked.
    pub chosen: Vec<String>,
}

impl SettingsForm {
    /// The step that it names.
    pub fn step(&self) -> Option<SettingsStep> {
        SettingsStep::ALL.into_iter().find(|step| step.name() == self.what)
    }

    /// The section in which its outcome is told.
    pub(crate) fn section(&self) -> Section {
        self.step().map_or(Section::Account, SettingsStep::section)
    }
}

/// Declares the steps, each with its name in a form and the section in which it stands.
macro_rules! steps {
    ($($(#[$meta:meta])+ $step:ident = $name:literal in $section:ident,)*) => {
        /// Changes that a form of the settings asks for.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        pub enum SettingsStep {
            $($(#[$meta])+ $step,)*
        }

        impl SettingsStep {
            /// All of them.
            pub const ALL: [Self; 13] = [$(Self::$step),*];

            /// Name in a form.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$step => $name,)*
                }
            }

            /// The section in which its form stands.
            pub(crate) const fn section(self) -> Section {
                match self {
                    $(Self::$step => Section::$section,)*
                }
            }
        }
    };
}

steps! {
    /// Change one's password.
    SetPassword = "password" in Password,
    /// Sign out another device.
    EndSession = "end-session" in Sessions,
    /// Remove a passkey.
    RemovePasskey = "remove-passkey" in Passkeys,
    /// Add a contact, or change one.
    SetContact = "contact" in Contacts,
    /// Remove a contact.
    RemoveContact = "remove-contact" in Contacts,
    /// Send a test to a contact.
    TestContact = "test-contact" in Contacts,
    /// Invite someone.
    Invite = "invite" in Invitations,
    /// Withdraw an invitation.
    Withdraw = "withdraw" in Invitations,
    /// Change someone's role.
    SetRole = "role" in Members,
    /// Deactivate an account.
    Deactivate = "close" in Members,
    /// Reactivate an account.
    Reactivate = "open" in Members,
    /// Create a token.
    CreateToken = "token" in Tokens,
    /// Revoke a token.
    RevokeToken = "revoke" in Tokens,
}

/// A part of the settings whose forms tell their outcome in one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Section {
    /// The page of one's account as a whole.
    Account,
    /// One's password.
    Password,
    /// One's passkeys.
    Passkeys,
    /// Devices on which one is signed in.
    Sessions,
    /// One's contacts.
    Contacts,
    /// Members.
    Members,
    /// Invitations.
    Invitations,
    /// Tokens.
    Tokens,
}

impl Section {
    /// Id of the element that tells the outcome.
    pub(crate) const fn id(self) -> &'static str {
        match self {
            Self::Account => "said-account",
            Self::Password => "said-password",
            Self::Passkeys => "said-passkeys",
            Self::Sessions => "said-sessions",
            Self::Contacts => "said-contacts",
            Self::Members => "said-members",
            Self::Invitations => "said-invitations",
            Self::Tokens => "said-tokens",
        }
    }

    /// Address of its page.
    pub(crate) const fn page(self) -> &'static str {
        match self {
            Self::Account | Self::Password | Self::Passkeys | Self::Sessions => "/ops/settings",
            Self::Contacts => "/ops/settings/notifications",
            Self::Members | Self::Invitations => "/ops/settings/members",
            Self::Tokens => "/ops/settings/tokens",
        }
    }
}

/// Declares what can have been done: the word in an address, the section, and the sentence.
macro_rules! done {
    ($($(#[$meta:meta])+ $done:ident = $word:literal in $section:ident: $sentence:literal,)*) => {
        /// A change that was made, where that is known beforehand: it may stand in an address.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        pub enum Done {
            $($(#[$meta])+ $done,)*
        }

        impl Done {
            /// The word in the address that a form without Wasm leads back to.
            #[cfg(feature = "ssr")]
            pub(crate) const fn word(self) -> &'static str {
                match self {
                    $(Self::$done => $word,)*
                }
            }

            /// The sentence about it.
            pub(crate) const fn sentence(self) -> &'static str {
                match self {
                    $(Self::$done => $sentence,)*
                }
            }

            /// The section in which that is said.
            #[cfg(feature = "ssr")]
            pub(crate) const fn section(self) -> Section {
                match self {
                    $(Self::$done => Section::$section,)*
                }
            }

            /// Reads the change that an address names. Whatever else stands there says nothing.
            #[cfg(feature = "ssr")]
            pub(crate) fn of_word(word: &str) -> Option<Self> {
                [$(Self::$done),*].into_iter().find(|done| done.word() == word)
            }
        }
    };
}

done! {
    /// A passkey was added.
    PasskeyAdded = "passkey" in Passkeys: "Passkey added. Next time you can sign in with this device.",
    /// A passkey was removed.
    PasskeyRemoved = "remove-passkey" in Passkeys: "Passkey removed.",
    /// The password was changed.
    PasswordSet = "password" in Password: "Password changed. You have been signed out everywhere else.",
    /// The password was changed, and other ways in were removed.
    PasswordSetAndMore = "password-and-more" in Password: "Password changed. You have been signed out everywhere else, and everything you chose was removed.",
    /// Another device was signed out.
    SessionEnded = "end-session" in Sessions: "Signed out on that device.",
    /// An invitation was withdrawn.
    Withdrawn = "withdraw" in Invitations: "Invitation withdrawn. Its link no longer works.",
    /// A role was changed.
    RoleSet = "role" in Members: "Role changed.",
    /// An account was deactivated.
    Deactivated = "close" in Members: "Account deactivated. It is signed out everywhere, and its invitations, tokens and share links no longer work.",
    /// An account was reactivated.
    Reactivated = "open" in Members: "Account reactivated.",
    /// A token was revoked.
    TokenRevoked = "revoke" in Tokens: "Token revoked.",
    /// A contact was changed.
    ContactSet = "contact" in Contacts: "Contact changed.",
    /// A contact was removed.
    ContactRemoved = "remove-contact" in Contacts: "Contact removed. It no longer receives notifications.",
}

/// The result of a form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Changed {
    /// The change that was asked for.
    Done(Done),
    /// A sentence that is only known now, such as the result of a test.
    Told {
        /// The sentence.
        sentence: String,
        /// True if it is good news.
        is_good: bool,
    },
    /// A secret was made. It is shown once.
    Secret(NewSecret),
}

/// A secret that is shown once, with what it is good for. It is never printed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewSecret {
    /// Its name, and its use.
    pub what: String,
    /// The secret.
    pub secret: String,
    /// A command line that uses it: what that does, and the line.
    pub command: Option<(String, String)>,
}

impl fmt::Debug for NewSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewSecret").field("what", &self.what).finish_non_exhaustive()
    }
}

/// The news of a page of the settings about a form that was sent without Wasm.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum SettingsOutcome {
    /// None was.
    #[default]
    None,
    /// Carried out.
    Changed(Section, Changed),
    /// Refused; what was typed still stands in it, but for secrets.
    Refused(Box<SettingsForm>, Problem),
}

impl SettingsOutcome {
    /// The refused form, if it asked for `step` of the item `id`.
    pub(crate) fn refused(&self, step: SettingsStep, id: &str) -> Option<&SettingsForm> {
        match self {
            Self::Refused(form, _) if form.step() == Some(step) && form.id == id => Some(form),
            Self::None | Self::Changed(..) | Self::Refused(..) => None,
        }
    }

    /// The news for a section.
    pub(crate) fn of(&self, section: Section) -> Option<Result<Changed, Problem>> {
        match self {
            Self::Changed(place, changed) if *place == section => Some(Ok(changed.clone())),
            Self::Refused(form, problem) if form.section() == section => Some(Err(problem.clone())),
            Self::None | Self::Changed(..) | Self::Refused(..) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_is_found_by_its_name_and_by_no_other() {
        for step in SettingsStep::ALL {
            let form = SettingsForm { what: step.name().to_owned(), ..SettingsForm::default() };
            assert_eq!((form.step(), form.section()), (Some(step), step.section()));
        }
        let form = SettingsForm { what: "destroy".to_owned(), ..SettingsForm::default() };
        assert_eq!((form.step(), form.section()), (None, Section::Account));
    }

    #[test]
    fn nothing_of_a_form_or_a_secret_is_printed() {
        let fields = Fields::from_iter([("present".to_owned(), "hunter2".to_owned())]);
        let form = SettingsForm { fields, ..SettingsForm::default() };
        assert!(
            format!("{form:?}").contains("present") && !format!("{form:?}").contains("hunter2")
        );
        let command = Some(("Send".to_owned(), "curl hunter2".to_owned()));
        let secret = NewSecret { what: "A token".into(), secret: "hunter2".into(), command };
        assert!(!format!("{:?}", Changed::Secret(secret)).contains("hunter2"));
    }
}
