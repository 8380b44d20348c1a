//! Incidents with a recommendation in every state, behind a backend that decides as the service does.
//! For the tests of the pages, and for the example that shows them in a browser.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use commands::{
    approve::blocked_by,
    command::{
        Acknowledge, Approve, CancelRun, Command, Comment, Decline, EndRun, Reopen, Resolve,
        StartRun,
    },
    decide::decide,
    operation::Committed,
    reading::{GetHealth, GetIncident, GetRecommendation, ListIncidents},
    service::{Authorized, Backend, Operations, Pending},
    situation::Situation,
    view::{
        Blocker, Health, IncidentCard, IncidentPage, Incidents, Plan, Readings, RecommendationPage,
        RunOutput, Viewer,
    },
};
use domain::{
    access::{Principal, Role},
    actor::{Actor, Names},
    breach::{Breach, BreachKey, Ending},
    error::{Entity, Error},
    hash::Head,
    id::{AccountId, IncidentNumber, RecommendationId, SessionId},
    incident::{Incident, apply},
    journal::{Cursor, Entry, Event},
    lifecycle::State,
    reading::{Reading, Status},
    recommendation::{
        Approval, Awaited, Ended, Given, Reason, Recommendation, Risk, RunOutcome, Stage, Undo,
    },
    time::{Span, Timestamp},
};
use leptos::prelude::*;
use leptos_axum::{LeptosRoutes, generate_route_list};
use policy::catalogue::quoted;
use wording::summary::incident_card;

pub use fixtures::at;

pub const HOSTILE: &str = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>";

/// The journal position of every page.
const CURSOR: Cursor = Cursor { epoch: 1, number: 9 };
/// The catalogue in force.
const CATALOGUE: &str = "5b1c6b7f0c6d4f1f9f5a6c5e1d2b3a4c5d6e7f80910a1b2c3d4e5f6071829304";

/// The time of every page.
pub fn now() -> Timestamp {
    at(600)
}

fn key() -> BreachKey {
    BreachKey { subject: "app:api@web-1".parse().unwrap(), signal: "app.memory".parse().unwrap() }
}

const GIB: f64 = 1_073_741_824.0;

fn breach() -> Breach {
    let breach = fixtures::breach()
        .on("app:api@web-1")
        .signal("app.memory")
        .critical()
        .above(1.5 * GIB)
        .fired(at(60));
    let breach =
        breach.value(1.7 * GIB).unit("B").usual(0.4 * GIB).per_minute(0.01 * GIB).limit_in(1_500.0);
    breach.guidance("The app keeps what it should give back.", "app-memory-growth", &[]).build()
}

pub fn recommendation(place: u32) -> Recommendation {
    let argv: Vec<String> = ["/usr/bin/pm2", "reload", "api"].map(str::to_owned).to_vec();
    Recommendation {
        place,
        command: "pm2-reload".into(),
        values: BTreeMap::from([("app".into(), "api".into())]),
        title: "Reload one app".into(),
        shown: quoted(&argv),
        argv,
        check: None,
        user: "deploy".into(),
        host: "web-1".into(),
        subject: "app:api@web-1".parse().unwrap(),
        risk: Risk::Low,
        blast_radius: "An app in cluster mode keeps answering. An app with a single process is down for a few seconds.".into(),
        effect: "New processes take over one by one; the old ones exit and free their memory.".into(),
        undo: Undo::Never("the old processes are gone; the new ones run the same program".into()),
        approval: Approval::One,
        time_limit: Span::from_mins(2),
        cool_down: Span::from_mins(10),
        proof: Awaited { breach: key(), within: Span::from_mins(20) },
        reasons: vec![Reason::Worked { times: 3, of: 3, days: 90 }, Reason::Helps { breach: key() }],
        catalogue: CATALOGUE.into(),
        offered_at: at(60),
        expires_at: at(1_860),
        approvals: Vec::new(),
        stage: Stage::Offered,
    }
}

fn restart(place: u32) -> Recommendation {
    let argv: Vec<String> = ["/usr/bin/pm2", "restart", "api"].map(str::to_owned).to_vec();
    Recommendation {
        command: "pm2-restart".into(),
        title: "Restart one app".into(),
        shown: quoted(&argv),
        argv,
        risk: Risk::Medium,
        blast_radius:
            "The app is down for a few seconds: requests fail and in-memory work is lost.".into(),
        effect: "All processes of the app end and start again.".into(),
        reasons: vec![Reason::Worked { times: 0, of: 0, days: 90 }],
        ..recommendation(place)
    }
}

fn incident(number: u32, recommendations: Vec<Recommendation>) -> Incident {
    let incident = fixtures::incident(number)
        .of([breach()])
        .state(State::AwaitingDecision)
        .opened(at(60))
        .snapshots(1);
    incident.recommendations(recommendations).summarized(Span::from_mins(5)).build()
}

fn account(id: u32) -> Actor {
    Actor::Account(AccountId(id))
}

fn ended(outcome: RunOutcome, worked: Option<bool>) -> Stage {
    Stage::Ended(Ended {
        started_at: at(400),
        cancelled: None,
        at: at(404),
        outcome,
        duration: Span::from_secs(4),
        worked,
        began_before: false,
        proved_at: worked.map(|_| at(440)),
    })
}

/// The state of an incident of the sample, by its number.
pub fn sample(number: u32) -> Option<Incident> {
    let mut one = recommendation(1);
    let yes = |by, incident: &Incident| Given {
        by: account(by),
        at: at(300),
        binding: incident.recommendations[0].binding(incident),
    };
    let one_in = |stage| Recommendation { stage, approvals: Vec::new(), ..recommendation(1) };
    let approved = |incident: Incident| {
        let given = yes(1, &incident);
        let mut incident = incident;
        incident.recommendations[0].approvals.push(given);
        incident.acknowledged =
            Some(domain::incident::Acknowledgement { by: account(1), at: at(200) });
        incident
    };
    let success = RunOutcome::Exited { code: 0 };
    Some(match number {
        // Offered, with two others.
        1 => incident(
            1,
            vec![
                one,
                restart(2),
                Recommendation { title: "Restart a system service".into(), ..restart(3) },
            ],
        ),
        // High risk: one of two said yes.
        2 => {
            (one.risk, one.approval) = (Risk::High, Approval::Two);
            (one.title, one.user) = ("Reload nginx".into(), "root".into());
            one.argv = ["/usr/sbin/nginx", "-s", "reload"].map(str::to_owned).to_vec();
            one.check = Some(["/usr/sbin/nginx", "-t"].map(str::to_owned).to_vec());
            one.shown = quoted(&one.argv);
            one.subject = "service:nginx@web-1".parse().unwrap();
            let mut two = incident(2, vec![one]);
            let given = yes(2, &two);
            two.recommendations[0].approvals.push(given);
            two
        }
        3 => approved(incident(
            3,
            vec![one_in(Stage::Running { started_at: at(590), cancelled: None }), restart(2)],
        )),
        4 => {
            let mut four = approved(incident(4, vec![one_in(ended(success, None))]));
            four.state = State::Recovering;
            four
        }
        5 => {
            let mut five = approved(incident(5, vec![one_in(ended(success, Some(true)))]));
            (five.state, five.resolution_offered, five.quiet_since) =
                (State::Recovering, true, Some(at(450)));
            five.breaches[0].cleared_at = Some(at(450));
            five.breaches[0].ending = Some(Ending::Recovered { since: at(440) });
            five.summary = engine::summary::compose(&five, Span::from_mins(5));
            five
        }
        6 => {
            let undo = Reason::Undoes {
                recommendation: RecommendationId { incident: IncidentNumber(6), place: 1 },
            };
            let next = Recommendation { reasons: vec![undo], ..restart(2) };
            approved(incident(6, vec![one_in(ended(success, Some(false))), next]))
        }
        7 => approved(incident(7, vec![one_in(ended(RunOutcome::Unknown, None)), restart(2)])),
        8 => incident(8, Vec::new()),
        // Declined, and the next one is offered.
        9 => {
            let reason = "A deployment runs, and a reload would hit it in the middle.".to_owned();
            incident(
                9,
                vec![one_in(Stage::Declined { by: account(2), at: at(500), reason }), restart(2)],
            )
        }
        10 => incident(10, vec![Recommendation { expires_at: at(500), ..one }]),
        // It failed.
        11 => approved(incident(11, vec![one_in(ended(RunOutcome::Exited { code: 1 }, None))])),
        // Hostile in every text that can be.
        12 => {
            one.title = HOSTILE.into();
            one.argv =
                vec!["/usr/bin/pm2".into(), "reload".into(), HOSTILE.into(), "x".repeat(400)];
            one.check = Some(vec![HOSTILE.into()]);
            one.shown = one.argv.join(" ");
            (one.user, one.host, one.blast_radius, one.effect) =
                (HOSTILE.into(), HOSTILE.into(), HOSTILE.into(), HOSTILE.into());
            one.undo = Undo::By(HOSTILE.into());
            let declined = Stage::Declined { by: account(2), at: at(500), reason: HOSTILE.into() };
            let not_started = ended(RunOutcome::NotStarted { why: HOSTILE.into() }, None);
            let others = [declined, not_started]
                .into_iter()
                .zip(2..)
                .map(|(stage, place)| Recommendation { place, stage, ..one.clone() });
            let others: Vec<_> = others.collect();
            incident(12, [one].into_iter().chain(others).collect())
        }
        // Its end was not seen, and the signal did not recover in its time.
        13 => approved(incident(13, vec![one_in(ended(RunOutcome::Unknown, Some(false)))])),
        // A person ended it early.
        14 => approved(incident(14, vec![one_in(ended(RunOutcome::Cancelled, Some(false)))])),
        _ => return None,
    })
}

/// A backend over the sample that decides by the real rules.
#[derive(Debug, Default)]
pub struct Sample {
    incidents: Mutex<BTreeMap<u32, Incident>>,
}

impl Sample {
    fn with<T>(
        &self,
        number: IncidentNumber,
        use_it: impl FnOnce(&mut Incident) -> T,
    ) -> Result<T, Error> {
        let mut incidents = self.incidents.lock().unwrap_or_else(PoisonError::into_inner);
        let missing = || Error::NotFound(Entity::Incident(number));
        let known = match incidents.entry(number.0) {
            std::collections::btree_map::Entry::Occupied(known) => known.into_mut(),
            std::collections::btree_map::Entry::Vacant(place) => {
                place.insert(sample(number.0).ok_or_else(missing)?)
            }
        };
        Ok(use_it(known))
    }

    /// Changes an incident behind the back of whoever looks at it.
    pub fn change(&self, number: u32, change: impl FnOnce(&mut Incident)) {
        self.with(IncidentNumber(number), change).unwrap();
    }

    fn act_now(&self, caller: &Principal, command: &Command) -> Result<Committed, Error> {
        let number = match command {
            Command::Acknowledge(Acknowledge { incident })
            | Command::Comment(Comment { incident, .. })
            | Command::Resolve(Resolve { incident, .. })
            | Command::Reopen(Reopen { incident, .. }) => *incident,
            Command::Approve(Approve { recommendation, .. })
            | Command::Decline(Decline { recommendation, .. })
            | Command::CancelRun(CancelRun { recommendation })
            | Command::StartRun(StartRun { recommendation })
            | Command::EndRun(EndRun { recommendation, .. }) => recommendation.incident,
            Command::RunInspection(_)
            | Command::RetireSubject(_)
            | Command::RetireMissing(_)
            | Command::Record(_)
            | Command::Account(_)
            | Command::Redact(_)
            | Command::CreateShare(_)
            | Command::RevokeShare(_)
            | Command::SetContact(_)
            | Command::RemoveContact(_)
            | Command::TestContact(_)
            | Command::ReportChange(_)
            | Command::BeginMaintenance(_)
            | Command::EndMaintenance(_)
            | Command::EndMeasure(_)
            | Command::SuspendAutomation(_)
            | Command::ResumeAutomation(_)
            | Command::BeginSafeMode(_)
            | Command::SetSafeModeStage(_)
            | Command::EndSafeMode(_)
            | Command::BeginPractice(_)
            | Command::EndPractice(_)
            | Command::SetOrganizationPlan(_)
            | Command::BeginPlanOverride(_)
            | Command::EndPlanOverride(_)
            | Command::PublishNotice(_)
            | Command::PublishUpdate(_)
            | Command::WithdrawUpdate(_)
            | Command::SaveMessage(_)
            | Command::ReviewMessage(_)
            | Command::MarkMessageSent(_)
            | Command::SaveReview(_)
            | Command::RateRecommendation(_)
            | Command::AddPreventionStep(_)
            | Command::FinishPreventionStep(_)
            | Command::DropPreventionStep(_)
            | Command::ChangeThreshold(_)
            | Command::DeclineThreshold(_)
            | Command::MakeReport(_)
            | Command::ReviewReport(_)
            | Command::RecordDelivery(_)
            | Command::Escalate(_) => return Ok(Committed { cursor: Cursor::default() }),
        };
        let actor = caller.actor().unwrap_or(Actor::Local);
        self.with(number, |incident| {
            let situation = Situation {
                actor,
                now: now(),
                others: &[],
                catalogue: Some(CATALOGUE),
                role_since: None,
            };
            let events = decide(incident, command, situation)?;
            let mut changed = Some(incident.clone());
            for event in &events {
                apply(&mut changed, event, actor, now()).unwrap();
            }
            *incident = changed.unwrap();
            Ok(Committed { cursor: Cursor::default() })
        })?
    }

    fn cards(&self) -> Vec<IncidentCard> {
        let card = |number| self.with(IncidentNumber(number), |one| incident_card(one)).ok();
        (1..=12).filter_map(card).collect()
    }

    fn incident_page(
        &self,
        caller: &Principal,
        incident: IncidentNumber,
    ) -> Result<IncidentPage, Error> {
        self.with(incident, |incident| IncidentPage {
            cursor: CURSOR,
            timeline: timeline(incident),
            snapshots: Vec::new(),
            series: Vec::new(),
            checked_at: now(),
            readings: readings(),
            related: Vec::new(),
            inspections: Vec::new(),
            outputs: outputs(incident),
            notified: Vec::new(),
            unreached: Vec::new(),
            similar: Vec::new(),
            commands: commands::view::CommandsState::Ready,
            names: names(),
            reader: reader(caller),
            trouble: None,
            incident: incident.clone(),
        })
    }

    fn recommendation_page(
        &self,
        caller: &Principal,
        id: RecommendationId,
    ) -> Result<RecommendationPage, Error> {
        let missing = || Error::NotFound(Entity::Recommendation(id));
        let page = self.with(id.incident, |incident| {
            let one = incident.recommendation(id.place)?.clone();
            Some(RecommendationPage {
                cursor: CURSOR,
                id,
                binding: one.binding(incident),
                checked_at: now(),
                readings: readings(),
                plan: plan(&one),
                output: outputs(incident).into_iter().find(|output| output.place == id.place),
                blocked_by: blocked_by(&one, incident, &[], now()).map(|(id, run)| Blocker {
                    id,
                    title: run.title.clone(),
                    until: None,
                }),
                names: names(),
                reader: reader(caller),
                recommendation: one,
                incident: incident.clone(),
            })
        });
        page.map_err(|_| missing())?.ok_or_else(missing)
    }
}

fn plan(one: &Recommendation) -> Plan {
    let text = format!(
        "program    {}\narguments  {:?}\nuser       {}\nhost       {}\nat most    {}\n",
        one.shown, one.argv, one.user, one.host, one.time_limit
    );
    Plan::Ready { text }
}

fn outputs(incident: &Incident) -> Vec<RunOutput> {
    let text = |one: &Recommendation| match &one.stage {
        Stage::Running { .. } => Some(
            "Use --update-env to update environment variables\n[PM2] Applying action reloadProcessId on app [api](ids: [ 0, 1 ])\n[PM2] [api](0) \u{2713}\n",
        ),
        Stage::Ended(Ended {
            outcome: RunOutcome::NotStarted { .. } | RunOutcome::Unknown,
            ..
        }) => None,
        Stage::Ended(_) if incident.number.0 == 12 => Some(HOSTILE),
        Stage::Ended(Ended { outcome: RunOutcome::Exited { code: 1 }, .. }) => {
            Some("[PM2][ERROR] Process or Namespace api not found\n")
        }
        Stage::Ended(_) => Some("[PM2] [api](0) \u{2713}\n[PM2] [api](1) \u{2713}\n"),
        Stage::Offered
        | Stage::Declined { .. }
        | Stage::Withdrawn { .. }
        | Stage::Approved { .. } => None,
    };
    let outputs = incident.recommendations.iter().filter_map(|one| {
        Some(RunOutput {
            place: one.place,
            text: text(one)?.to_owned(),
            open: matches!(one.stage, Stage::Running { .. }),
        })
    });
    outputs.collect()
}

fn timeline(incident: &Incident) -> Vec<Entry> {
    let number = incident.number;
    let mut entries = vec![Event::Acknowledged { incident: number }];
    for one in &incident.recommendations {
        entries
            .push(Event::Recommended { incident: number, recommendation: Box::new(one.clone()) });
        if let Stage::Declined { reason, .. } = &one.stage {
            entries.push(Event::RecommendationDeclined {
                incident: number,
                place: one.place,
                reason: reason.clone(),
            });
        }
    }
    entries
        .into_iter()
        .zip(2u64..)
        .map(|(event, number)| Entry { number, at: at(300), actor: account(1), event: Some(event) })
        .collect()
}

fn readings() -> Vec<Reading> {
    let reading = |subject: &str, signal: &str, value, unit: &str, status, usual| Reading {
        unit: unit.parse().unwrap(),
        at: now(),
        status,
        usual: Some(usual),
        ..fixtures::reading(subject, signal, value)
    };
    vec![
        reading("app:api@web-1", "app.memory", 1.7 * GIB, "B", Status::Critical, 0.4 * GIB),
        reading("host:web-1", "host.memory.used", 93.0, "%", Status::Warning, 61.0),
    ]
}

fn names() -> Names {
    let name = |id, name: &str| (account(id), name.to_owned());
    Names(BTreeMap::from([name(1, "Approver one"), name(2, "Approver two"), name(3, "Viewer")]))
}

fn reader(caller: &Principal) -> Option<Viewer> {
    let Principal::Account { id, role, recently_authenticated, .. } = caller else { return None };
    Some(Viewer {
        account: *id,
        name: names().of(Actor::Account(*id)),
        role: *role,
        recently_authenticated: *recently_authenticated,
    })
}

/// A person who signed in.
pub fn person(id: u32, role: Role, recently_authenticated: bool) -> Principal {
    Principal::Account { id: AccountId(id), role, session: SessionId(1), recently_authenticated }
}

/// Readings that a backend of these tests has no answer to.
macro_rules! unavailable {
    ($($method:ident($reading:ident),)*) => {
        $(
            fn $method(
                &self,
                _: commands::service::Authorized,
                _: commands::reading::$reading,
            ) -> commands::service::Pending<
                <commands::reading::$reading as commands::operation::Operation>::Output,
            > {
                Box::pin(async { Err(domain::error::Unavailable::Export.into()) })
            }
        )*
    };
}

impl Backend for Sample {
    fn change(&self, caller: Authorized, command: Command) -> Pending<Committed> {
        let answer = self.act_now(caller.principal(), &command);
        Box::pin(async move { answer })
    }

    fn get_health(&self, _: Authorized, _: GetHealth) -> Pending<Health> {
        let readings = readings();
        let health = Health {
            cursor: CURSOR,
            head: Head::EMPTY,
            now: Readings {
                version: 1,
                checked_at: now(),
                readings,
                troubles: Vec::new(),
                left_out: 0,
                withheld: 0,
            },
            sparklines: Vec::new(),
            active: self.cards().into_iter().take(2).collect(),
            overview: commands::view::Overview::default(),
            version: "0.1.0".into(),
            may_check: true,
            may_maintain: true,
            check: None,
            prevention: None,
            report: None,
        };
        Box::pin(async move { Ok(health) })
    }

    fn list_incidents(&self, _: Authorized, _: ListIncidents) -> Pending<Incidents> {
        let active = self.cards();
        Box::pin(async move { Ok(Incidents { cursor: CURSOR, active, resolved: Vec::new() }) })
    }

    fn get_incident(&self, caller: Authorized, asked: GetIncident) -> Pending<IncidentPage> {
        let answer = self.incident_page(caller.principal(), asked.incident);
        Box::pin(async move { answer })
    }

    fn get_recommendation(
        &self,
        caller: Authorized,
        asked: GetRecommendation,
    ) -> Pending<RecommendationPage> {
        let answer = self.recommendation_page(caller.principal(), asked.recommendation);
        Box::pin(async move { answer })
    }

    unavailable! {
        find_incident(FindIncident),
        search_history(SearchHistory),
        get_uptime(GetUptime),
        get_series(GetSeries),
        get_signal(GetSignal),
        get_document(GetDocument),
        read_journal(ReadJournal),
        get_bundle(GetBundle),
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

/// The pages over a backend, as one caller sees them.
pub fn pages(
    backend: &Arc<Sample>,
    caller: Principal,
    assets: Option<app::Assets>,
) -> axum::Router {
    let operations = Operations::new(Arc::clone(backend) as Arc<dyn Backend>);
    let context = move || {
        provide_context(operations.clone());
        provide_context(caller.clone());
        if let Some(assets) = &assets {
            provide_context(assets.clone());
        }
    };
    site(context)
}

/// The pages as the server routes them, for whoever `context` provides.
pub fn site(context: impl Fn() + Clone + Send + Sync + 'static) -> axum::Router {
    let options = LeptosOptions::builder().output_name("calm-ops").build();
    let routes = generate_route_list(app::App);
    let of_forms = context.clone();
    axum::Router::<LeptosOptions>::new()
        .leptos_routes_with_context(&options, routes, context.clone(), app::shell)
        .merge(app::forms(context.clone(), app::shell))
        .layer(axum::middleware::from_fn(move |request, next| {
            app::without_wasm(of_forms.clone(), app::shell, request, next)
        }))
        .fallback(leptos_axum::render_app_async_with_context(context, app::shell))
        .with_state(options)
}

/// A document without the marks by which the browser finds its places in it.
pub fn unmarked(body: &[u8]) -> String {
    String::from_utf8(body.to_vec()).unwrap().replace("<!>", "").replace("<!--<() />-->", "")
}
