//! Every operation as every principal. What each may do stands in `tests/authorization.txt`, made from
//! the operations themselves: whoever changes a permission changes a line that can be read there.

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Waker},
};

use commands::{
    account_change::AccountChange,
    command::{Acknowledge, Approve, Command, Record},
    operation::{Committed, Operation},
    reading::{self, *},
    service::{Authorized, Backend, Operations, Pending},
};
use domain::{
    access::{Permission, Principal, Role, Scope},
    authorization::authorize,
    error::{Conflict, Error},
    hash::Hash,
    id::{AccountId, IncidentNumber, RecommendationId, SessionId, ShareId, TokenId},
    journal::Cursor,
};

/// The output of what is ready at once.
fn ready<T>(mut pending: Pending<T>) -> Result<T, Error> {
    let Poll::Ready(output) = pending.as_mut().poll(&mut Context::from_waker(Waker::noop())) else {
        panic!("it waits")
    };
    output
}

fn account(role: Role, recently_authenticated: bool) -> Principal {
    Principal::Account { id: AccountId(1), role, session: SessionId(1), recently_authenticated }
}

fn token(scopes: &[Scope]) -> Principal {
    Principal::Token { id: TokenId(1), scopes: scopes.iter().copied().collect::<BTreeSet<_>>() }
}

fn principals() -> Vec<(&'static str, Principal)> {
    vec![
        ("agent", Principal::Agent),
        ("system", Principal::System),
        ("local", Principal::Local),
        ("viewer", account(Role::Viewer, true)),
        ("viewer, old sign-in", account(Role::Viewer, false)),
        ("responder", account(Role::Responder, true)),
        ("responder, old sign-in", account(Role::Responder, false)),
        ("approver", account(Role::Approver, true)),
        ("approver, old sign-in", account(Role::Approver, false)),
        ("owner", account(Role::Owner, true)),
        ("owner, old sign-in", account(Role::Owner, false)),
        ("token: ingest", token(&[Scope::Ingest])),
        ("token: read", token(&[Scope::Read])),
        ("token: respond", token(&[Scope::Respond])),
        ("token: plans", token(&[Scope::Plans])),
        ("token: all scopes", token(&Scope::ALL)),
        ("share link", Principal::Share { id: ShareId(1), incident: IncidentNumber(1) }),
        ("nobody", Principal::Nobody),
    ]
}

fn operations() -> Vec<(&'static str, Permission)> {
    let others = [
        (StreamEvents::NAME, StreamEvents::PERMISSION),
        (PushObservations::NAME, PushObservations::PERMISSION),
        (ExportJournal::NAME, ExportJournal::PERMISSION),
        (ScrapeMetrics::NAME, ScrapeMetrics::PERMISSION),
    ];
    [reading::ALL, Command::ALL, AccountChange::ALL].concat().into_iter().chain(others).collect()
}

#[test]
fn every_principal_may_execute_what_the_table_says() {
    let mut table = String::new();
    for (name, permission) in operations() {
        let may: Vec<&str> = principals()
            .into_iter()
            .filter(|(_, principal)| authorize(principal, permission).is_ok())
            .map(|(name, _)| name)
            .collect();
        let _ = writeln!(table, "{name}: {}", may.join("; "));
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/authorization.txt");
    if std::env::var_os("UPDATE_EXPECTED").is_some() {
        fs::write(&path, &table).unwrap();
    }
    assert_eq!(table, fs::read_to_string(&path).unwrap());
}

/// Counts what reaches it.
#[derive(Default)]
struct Counting(AtomicUsize);

impl Counting {
    fn count<T: Send + 'static>(&self) -> Pending<T> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Box::pin(async { Err(Conflict::AlreadyCancelled.into()) })
    }
}

macro_rules! counted {
    ($($method:ident($reading:ident),)*) => {
        $(
            fn $method(
                &self,
                _: Authorized,
                _: $reading,
            ) -> Pending<<$reading as Operation>::Output> {
                self.count()
            }
        )*
    };
}

impl Backend for Counting {
    fn change(&self, _: Authorized, _: Command) -> Pending<Committed> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Box::pin(async { Ok(Committed { cursor: Cursor::default() }) })
    }

    counted! {
        get_health(GetHealth),
        list_incidents(ListIncidents),
        get_incident(GetIncident),
        find_incident(FindIncident),
        get_protection(GetProtection),
        get_organization(GetOrganization),
        get_organization_impact(GetOrganizationImpact),
        list_impact(ListImpact),
        list_organizations(ListOrganizations),
        get_status_page(GetStatusPage),
        get_messages(GetMessages),
        get_review(GetReview),
        list_similar(ListSimilar),
        list_prevention(ListPrevention),
        get_threshold(GetThreshold),
        get_threshold_patch(GetThresholdPatch),
        try_threshold(TryThreshold),
        list_reports(ListReports),
        get_report(GetReport),
        get_uptime(GetUptime),
        search_history(SearchHistory),
        get_series(GetSeries),
        get_signal(GetSignal),
        get_document(GetDocument),
        read_journal(ReadJournal),
        get_recommendation(GetRecommendation),
        get_bundle(GetBundle),
        get_settings(GetSettings),
        get_readiness(GetReadiness),
        get_sources(GetSources),
        search_audit(SearchAudit),
        verify_journal(VerifyJournal),
        list_shares(ListShares),
        get_shared_page(GetSharedPage),
        list_contacts(ListContacts),
        check_now(CheckNow),
    }
}

#[test]
fn what_is_not_permitted_never_reaches_the_backend() {
    let backend = Arc::new(Counting::default());
    let operations = Operations::new(Arc::clone(&backend) as Arc<dyn Backend>);
    let reached = || backend.0.swap(0, Ordering::Relaxed) == 1;
    let incident = IncidentNumber(1);
    let recommendation = RecommendationId { incident, place: 1 };
    macro_rules! tried {
        ($principal:expr, $operation:expr, $type:ty) => {{
            let may = authorize(&$principal, <$type as Operation>::PERMISSION);
            let answer = ready(operations.execute($principal.clone(), $operation));
            assert_eq!(reached(), may.is_ok(), "{:?}, {}", $principal, <$type>::NAME);
            assert_eq!(operations.check::<$type>(&$principal), may);
            if let Err(refused) = may {
                assert_eq!(answer.err(), Some(refused));
            }
        }};
    }
    for (_, principal) in principals() {
        tried!(principal, GetHealth {}, GetHealth);
        tried!(principal, GetSettings {}, GetSettings);
        tried!(principal, GetSharedPage {}, GetSharedPage);
        tried!(principal, Acknowledge { incident }, Acknowledge);
        tried!(principal, Approve { recommendation, binding: Hash([0; 32]) }, Approve);
        tried!(principal, Record { events: Vec::new(), monitor: None }, Record);
        let command = Command::Acknowledge(Acknowledge { incident });
        let may = authorize(&principal, command.permission()).is_ok();
        assert_eq!(ready(operations.change(principal.clone(), command)).is_ok(), may);
        assert_eq!(reached(), may);
    }
}
