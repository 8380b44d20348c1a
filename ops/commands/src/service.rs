//! The service as its callers see it: [`Operations`] is the one place that compares what an operation
//! needs with what a principal may do. A [`Backend`] carries operations out, and gets no principal
//! that was not checked.

use std::{future::Future, pin::Pin, sync::Arc};

use domain::{
    access::{Permission, Principal},
    authorization::authorize,
    error::Error,
};

use crate::{
    command::{Change, Command},
    operation::{Committed, Operation},
    reading::*,
};

/// An output that is worked on.
pub type Pending<T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send>>;

/// A principal that has the permission of the operation it comes with. Only [`Operations`] makes one.
#[derive(Clone, Debug)]
pub struct Authorized(Principal);

impl Authorized {
    /// The principal.
    pub const fn principal(&self) -> &Principal {
        &self.0
    }
}

/// An operation that a [`Backend`] carries out.
pub trait Executable: Operation {
    /// Hands the operation to the backend.
    fn hand_to(self, backend: &dyn Backend, principal: Authorized) -> Pending<Self::Output>;
}

impl<C: Change> Executable for C {
    fn hand_to(self, backend: &dyn Backend, principal: Authorized) -> Pending<Committed> {
        backend.change(principal, self.into_command())
    }
}

macro_rules! backend {
    ($($reading:ident => $method:ident,)*) => {
        /// Carries operations out.
        pub trait Backend: Send + Sync + 'static {
            /// Carries a change out.
            fn change(&self, principal: Authorized, command: Command) -> Pending<Committed>;

            $(
                /// Answers a reading.
                fn $method(
                    &self,
                    principal: Authorized,
                    reading: $reading,
                ) -> Pending<<$reading as Operation>::Output>;
            )*
        }

        $(
            impl Executable for $reading {
                fn hand_to(
                    self,
                    backend: &dyn Backend,
                    principal: Authorized,
                ) -> Pending<Self::Output> {
                    backend.$method(principal, self)
                }
            }
        )*
    };
}

backend! {
    GetHealth => get_health,
    ListIncidents => list_incidents,
    GetIncident => get_incident,
    FindIncident => find_incident,
    GetProtection => get_protection,
    GetOrganization => get_organization,
    GetOrganizationImpact => get_organization_impact,
    ListImpact => list_impact,
    ListOrganizations => list_organizations,
    GetStatusPage => get_status_page,
    GetMessages => get_messages,
    GetReview => get_review,
    ListSimilar => list_similar,
    ListPrevention => list_prevention,
    GetThreshold => get_threshold,
    GetThresholdPatch => get_threshold_patch,
    TryThreshold => try_threshold,
    ListReports => list_reports,
    GetReport => get_report,
    GetUptime => get_uptime,
    SearchHistory => search_history,
    GetSeries => get_series,
    GetSignal => get_signal,
    GetDocument => get_document,
    ReadJournal => read_journal,
    GetRecommendation => get_recommendation,
    GetBundle => get_bundle,
    GetSettings => get_settings,
    GetReadiness => get_readiness,
    GetSources => get_sources,
    SearchAudit => search_audit,
    VerifyJournal => verify_journal,
    ListShares => list_shares,
    GetSharedPage => get_shared_page,
    ListContacts => list_contacts,
    CheckNow => check_now,
}

/// Every operation that there is, executed for whoever may.
#[derive(Clone)]
pub struct Operations(Arc<dyn Backend>);

impl Operations {
    /// Puts the check before a backend.
    pub fn new(backend: Arc<dyn Backend>) -> Self {
        Self(backend)
    }

    /// Executes an operation, or says why not.
    pub fn execute<O: Executable>(&self, principal: Principal, operation: O) -> Pending<O::Output> {
        match authorized(principal, O::PERMISSION) {
            Ok(principal) => operation.hand_to(&*self.0, principal),
            Err(error) => Box::pin(std::future::ready(Err(error))),
        }
    }

    /// Carries a change out that is known only as one of all.
    pub fn change(&self, principal: Principal, command: Command) -> Pending<Committed> {
        match authorized(principal, command.permission()) {
            Ok(principal) => self.0.change(principal, command),
            Err(error) => Box::pin(std::future::ready(Err(error))),
        }
    }

    /// Checks that a principal may execute an operation, before anything is worked on for it.
    pub fn check<O: Operation>(&self, principal: &Principal) -> Result<(), Error> {
        authorize(principal, O::PERMISSION)
    }
}

fn authorized(principal: Principal, permission: Permission) -> Result<Authorized, Error> {
    authorize(&principal, permission)?;
    Ok(Authorized(principal))
}
