//! The way after the approval: the approved command runs, once, and is seen.

mod once;
mod query;
mod refused;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use commands::{
    account_change::{AccountChange, Join, MakeOwnerLink},
    accounts::{PasswordHash, SecretHash},
    command::{Approve, Command, Record},
    operation::Committed,
    reading::GetRecommendation,
    view::{Plan, RecommendationPage},
};
use domain::{
    access::{Principal, Role},
    breach::BreachKey,
    error::Error,
    id::{AccountId, IncidentNumber, RecommendationId, SessionId},
    journal::{Cursor, Event},
    recommendation::{Approval, Awaited, Ended, Recommendation, Risk, Stage, Undo},
    time::Span,
};
use policy::catalogue::{Catalogue, Facts, OwnScript, Values};
use server::{
    clock::Clock,
    current_status::CurrentStatus,
    exec::Runner,
    remediation::{Executor, Place, Recovery},
    service::Service,
    store::{self, Store, Where},
    stream::Live,
};
use sha2::{Digest, Sha256};
use tokio_util::sync::CancellationToken;

use crate::postgres_server::Server;

/// The host of the tests.
pub const HOST: &str = "web-1";

/// A service with a store, a catalogue whose only command is a script, and a runner that can be
/// started again.
pub struct Bench {
    /// The folder of all of it.
    pub dir: tempfile::TempDir,
    /// The one door.
    pub service: Arc<Service>,
    /// The state of recovery.
    pub recovery: Arc<Recovery>,
    /// The approved commands.
    pub catalogue: Arc<Catalogue>,
    store: Arc<dyn Store>,
    live: Arc<Live>,
    /// The clock.
    pub clock: Clock,
    script: PathBuf,
}

/// On which database; each bench has one of its own there.
pub enum On<'a> {
    /// A file of the bench.
    Sqlite,
    /// A database of this server.
    Postgres(&'a Server),
    /// This one.
    This(Where),
}

impl On<'_> {
    async fn fresh(&self, folder: &Path) -> Where {
        static NEXT: AtomicUsize = AtomicUsize::new(1);
        match self {
            Self::Sqlite => Where::Sqlite { path: folder.join("calm-ops.db") },
            Self::Postgres(server) => {
                let name = format!("bench_{}", NEXT.fetch_add(1, Ordering::Relaxed));
                Where::Postgres { url: server.fresh(&name).await }
            }
            Self::This(place) => place.clone(),
        }
    }
}

impl Bench {
    /// With a script whose first line of work is to append to the file `ran`.
    pub async fn set_up(on: &On<'_>, body: &str, risk: Risk) -> Self {
        // A path of plain letters, as a script must have.
        let dir = tempfile::Builder::new().prefix("calm-ops-").tempdir().unwrap();
        let script = dir.path().join("own-script");
        let text = format!("#!/bin/sh\necho ran >> {}\n{body}\n", dir.path().join("ran").display());
        fs::write(&script, &text).unwrap();
        set_executable(&script);
        let hash: String =
            Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
        let own = OwnScript::new("own-script", script.to_str().unwrap(), &hash).unwrap();
        let approval = if risk == Risk::High { "two approvers" } else { "one approver" };
        let document = format!(
            "format: 1\n\n| command | `own-script` |\n| --- | --- |\n| title | Run the script |\n| helps | `app.memory` |\n\
             | runs | `script:own-script` |\n| check | - |\n| effect | A line is written. |\n| risk | {} |\n| blast radius | Nobody notices. |\n\
             | undo | can't be undone, because it is over |\n| approval | {approval} |\n| runs as | Calm Ops |\n| time limit | 30 s |\n\
             | cool-down | 10 min |\n| proof | `app.memory` within 20 min |\n",
            risk.as_str()
        );
        let catalogue = Catalogue::parse("c", &document, &[own], server::collectors::signals())
            .unwrap_or_else(|refusals| panic!("{}", refusals[0]));
        let catalogue = Arc::new(catalogue);
        let store: Arc<dyn Store> = store::open(&on.fresh(dir.path()).await).await.unwrap();
        let (live, clock, recovery) = (
            Live::new(Cursor { epoch: 1, number: 0 }, 10, domain::time::Timestamp::default()),
            Clock::start(),
            Arc::new(Recovery::default()),
        );
        recovery.set_catalogue(Some(Arc::clone(&catalogue)));
        recovery.set_facts(Arc::new(Facts::new()));
        recovery.set_hints(Arc::default());
        recovery.set_place(Place { host: HOST.to_owned(), pm2_home: None, pm2: None });
        let service = Service::new(
            Arc::clone(&store),
            Arc::new(CurrentStatus::default()),
            Arc::clone(&live),
            Arc::clone(&recovery),
            clock,
        );
        for person in 1..=PEOPLE {
            let (hash, password) = (SecretHash([person; 32]), PasswordHash("none".to_owned()));
            for change in [
                AccountChange::MakeOwnerLink(MakeOwnerLink { hash }),
                AccountChange::Join(Join { hash, name: format!("Person {person}"), password }),
            ] {
                service.change(Principal::System, Command::Account(change)).await.unwrap();
            }
        }
        Self { dir, service, recovery, catalogue, store, live, clock, script }
    }

    /// Starts what carries out approvals.
    pub fn start(&self) -> CancellationToken {
        let stop = CancellationToken::new();
        let runner = Runner::new(self.dir.path().join("places"), self.clock)
            .unwrap()
            .with_grace(Duration::from_millis(300));
        let (service, store) = (Arc::clone(&self.service), Arc::clone(&self.store));
        let executor = Executor::new(
            service,
            store,
            Arc::clone(&self.recovery),
            Arc::clone(&self.live),
            runner,
            self.clock,
            stop.clone(),
        );
        tokio::spawn(executor.run());
        stop
    }

    /// The recommendation as the agent would make it.
    pub fn recommendation(&self) -> Recommendation {
        let command = self.catalogue.get("own-script").unwrap();
        let now = self.clock.now().wall;
        let breach = BreachKey {
            subject: "app:api@web-1".parse().unwrap(),
            signal: "app.memory".parse().unwrap(),
        };
        Recommendation {
            place: 1,
            command: command.id().to_owned(),
            values: BTreeMap::new(),
            title: command.title().to_owned(),
            argv: vec![self.script.to_str().unwrap().to_owned()],
            shown: command.fill(&Values::new(), &Facts::new()).unwrap().to_string(),
            check: None,
            user: command.user().to_string(),
            host: HOST.to_owned(),
            subject: breach.subject.clone(),
            risk: command.risk(),
            blast_radius: command.blast_radius().to_owned(),
            effect: command.effect().to_owned(),
            undo: Undo::Never("it is over".to_owned()),
            approval: if command.risk() == Risk::High { Approval::Two } else { Approval::One },
            time_limit: command.time_limit(),
            cool_down: command.cool_down(),
            proof: Awaited { breach, within: Span::from_mins(20) },
            reasons: Vec::new(),
            catalogue: self.catalogue.version().to_owned(),
            offered_at: now,
            expires_at: now.plus(Span::from_mins(10)),
            approvals: Vec::new(),
            stage: Stage::Offered,
        }
    }

    /// Forgets what was seen of the host, as after a start of the program.
    pub fn unseen(&mut self) {
        let catalogue = self.recovery.catalogue();
        self.recovery = Arc::default();
        self.recovery.set_catalogue(catalogue);
        self.recovery.set_place(Place { host: HOST.to_owned(), pm2_home: None, pm2: None });
    }

    /// Opens an incident and recommends something for it.
    pub async fn offer(&self, recommendation: Recommendation) {
        let opened =
            fixtures::incident(1).cause("app:api@web-1").began(self.clock.now().wall).opening();
        let offered = Event::Recommended {
            incident: IncidentNumber(1),
            recommendation: Box::new(recommendation),
        };
        let command = Command::Record(Record { events: vec![opened, offered], monitor: None });
        self.service.change(Principal::Agent, command).await.unwrap();
    }

    /// The recommendation with all around it.
    pub async fn page(&self) -> RecommendationPage {
        let query = GetRecommendation { recommendation: ID };
        self.service.execute(Principal::Local, query).await.unwrap()
    }

    /// A yes of this person to what is shown now.
    pub async fn approve(&self, who: u32) -> Result<Committed, Error> {
        let binding = self.page().await.binding;
        self.service.execute(approver(who), Approve { recommendation: ID, binding }).await
    }

    /// Waits until it has ended.
    pub async fn ended(&self) -> (Ended, RecommendationPage) {
        let since = Instant::now();
        loop {
            let page = self.page().await;
            if let Stage::Ended(ended) = page.recommendation.stage.clone() {
                return (ended, page);
            }
            assert!(since.elapsed() < Duration::from_secs(20), "{:?}", page.recommendation.stage);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Number of times the script ran.
    pub fn ran(&self) -> usize {
        fs::read_to_string(self.dir.path().join("ran")).unwrap_or_default().lines().count()
    }

    /// Waits until the script has begun.
    pub async fn begun(&self) {
        let since = Instant::now();
        while self.ran() == 0 {
            assert!(since.elapsed() < Duration::from_secs(20), "it did not begin");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// The dry run.
    pub fn text(&self) -> String {
        match self.recovery.plan(&self.recommendation()) {
            Plan::Ready { text } => text,
            Plan::Refused { why } => panic!("{why}"),
        }
    }
}

/// So many people may approve: accounts 1 and so on.
pub const PEOPLE: u8 = 3;

/// The recommendation of the tests.
pub const ID: RecommendationId = RecommendationId { incident: IncidentNumber(1), place: 1 };

/// A person who may approve and has just signed in.
pub fn approver(id: u32) -> Principal {
    Principal::Account {
        id: AccountId(id),
        role: Role::Approver,
        session: SessionId(id),
        recently_authenticated: true,
    }
}

fn set_executable(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// Every case, on both databases.
macro_rules! on_both {
    ($($module:ident::$case:ident),+ $(,)?) => {
        $(
            mod $case {
                #[tokio::test(flavor = "multi_thread")]
                async fn on_sqlite() {
                    crate::remediation::$module::$case(&crate::remediation::On::Sqlite).await;
                }
            }
        )+

        #[tokio::test(flavor = "multi_thread")]
        async fn every_case_holds_on_postgres() {
            let server = Server::start(&["fsync=off", "shared_buffers=16MB"]);
            $( $module::$case(&On::Postgres(&server)).await; )+
        }
    };
}

on_both!(
    once::two_hundred_approvals_at_the_same_instant_are_one_run,
    once::a_high_risk_needs_two_different_people,
    once::a_high_risk_is_not_decided_by_someone_who_came_in_since,
    once::a_yes_does_not_count_after_a_new_password,
    once::whoever_lost_their_sign_in_or_role_meanwhile_does_not_approve,
    once::a_yes_of_someone_who_may_not_approve_any_more_starts_nothing,
    once::cancelling_ends_all_that_it_started_and_its_output_is_seen_meanwhile,
    once::what_was_started_before_the_program_is_unknown_and_never_started_again,
    once::what_was_approved_a_moment_before_the_program_started_is_started,
    once::nothing_is_started_before_the_host_was_looked_at,
    once::a_new_offer_of_the_same_does_not_make_newcomers_old,
    refused::another_binding_an_expired_offer_and_an_invalid_catalogue_are_refused,
    refused::what_the_catalogue_does_not_make_of_it_is_not_started,
    refused::a_script_that_was_changed_after_the_yes_is_not_started,
    refused::the_dry_run_shows_what_is_executed_and_executes_nothing,
);
