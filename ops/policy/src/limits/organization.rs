//! Names of organizations.

use std::{borrow::Cow, fmt};

use domain::{protection::is_organization_name, subject::Subject};

const KIND: &str = "organization";

/// The name of an organization, such as `acme`: the rule of subjects' names without a host, at most
/// 100 characters and 187 bytes. Borrowed from the request where that is possible.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Organization<'a>(Cow<'a, str>);

impl<'a> Organization<'a> {
    /// Checks a name; `None` if no organization may be named so.
    pub fn new(name: impl Into<Cow<'a, str>>) -> Option<Self> {
        let name = name.into();
        is_organization_name(&name).then_some(Self(name))
    }

    /// The name itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The same name without the borrow of the request.
    pub fn into_owned(self) -> Organization<'static> {
        Organization(Cow::Owned(self.0.into_owned()))
    }

    /// The subject `organization:acme`.
    pub fn subject(&self) -> Subject {
        let text = format!("{KIND}:{}", self.0);
        text.parse().unwrap_or_else(|_| Subject::build(KIND, &self.0, None))
    }
}

impl fmt::Display for Organization<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&Organization<'_>> for Subject {
    fn from(organization: &Organization<'_>) -> Self {
        organization.subject()
    }
}
