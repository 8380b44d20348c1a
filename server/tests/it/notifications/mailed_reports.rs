//! Stability reports by e-mail: to members of the team who ask for them, each once.

use std::time::{Duration, Instant};

use commands::{
    command::{MakeReport, Record},
    notifications::{ContactRequest, Notification, Reason},
};
use domain::{
    access::{Principal, Role},
    error::Error,
    id::{AccountId, IncidentNumber, SessionId},
    journal::Event,
    report::{MadeReport, ReportKind},
    severity::Severity,
    time::Span,
};
use server::{
    notifications::Mailer,
    reports::{ReportDocuments, make, period::until},
    time_zones::TeamZone,
};

use crate::notifications::{
    mail::{Server, header},
    support::{Place, URL, World, ada, bo, mail, ntfy, quiet, wanted},
};

/// A contact that asks for reports of these lengths.
fn asks(
    channel: Option<commands::notifications::ChannelSettings>,
    kinds: &[ReportKind],
) -> ContactRequest {
    ContactRequest { reports: kinds.iter().copied().collect(), ..wanted(channel) }
}

/// A report of the time up to now.
async fn report(world: &World, kind: ReportKind) -> MadeReport {
    let now = world.clock.now().wall;
    let period = until(&TeamZone::default(), kind, now);
    let documents = ReportDocuments::built_in();
    make(&*world.store, &[], &documents, &period, now).await.unwrap()
}

/// Makes a report by itself; its number.
async fn made(world: &World, kind: ReportKind) -> u64 {
    let report = Box::new(report(world, kind).await);
    let record = Record { events: vec![Event::ReportMade { report }], monitor: None };
    world.execute(&Principal::System, record).await.unwrap()
}

/// The entries about reports that were sent or could not be: whether it was, of which, to whom.
async fn sent(world: &World) -> Vec<(bool, u64, AccountId)> {
    let told = world.journal().await.into_iter().filter_map(|entry| match entry.event {
        Some(Event::ReportMailed { report, account, .. }) => Some((true, report, account)),
        Some(Event::ReportMailFailed { report, account, .. }) => Some((false, report, account)),
        _ => None,
    });
    told.collect()
}

async fn until_sent(world: &World, count: usize) -> Vec<(bool, u64, AccountId)> {
    let began = Instant::now();
    loop {
        let sent = sent(world).await;
        if sent.len() >= count {
            return sent;
        }
        assert!(began.elapsed() < Duration::from_secs(20), "only {sent:?}");
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
}

pub async fn a_report_is_mailed_once_to_each_member_who_asks(place: &Place) {
    let (server, settings) = Server::with(place.directory.path(), 1);
    let world = World::with(place, Some(Mailer::new(&settings).unwrap())).await;
    let weekly = [ReportKind::Weekly];
    // Only a mail has room for a report.
    let refused = world.set(&ada(), None, asks(Some(ntfy("https://ntfy.sh")), &weekly)).await;
    assert!(
        matches!(&refused, Err(Error::InvalidField { field, .. }) if field == "reports"),
        "{refused:?}"
    );
    let first =
        world.set(&ada(), None, asks(Some(mail("ada@example.com")), &weekly)).await.unwrap();
    world.set(&ada(), None, asks(Some(mail("ada@example.org")), &weekly)).await.unwrap();
    let monthly = [ReportKind::Weekly, ReportKind::Monthly];
    let of_bo = world.set(&bo(), None, asks(Some(mail("bo@example.com")), &monthly)).await.unwrap();
    world.contact(&bo(), mail("alerts@example.com")).await;

    let number = made(&world, ReportKind::Weekly).await;
    let mut told = until_sent(&world, 2).await;
    told.sort_unstable();
    assert_eq!(told, [(true, number, AccountId(1)), (true, number, AccountId(2))]);
    let letters = reports(&server);
    let mut to: Vec<&str> =
        letters.iter().map(|letter| letter["to"][0].as_str().unwrap()).collect();
    to.sort_unstable();
    assert_eq!(
        to,
        ["ada@example.com", "bo@example.com"],
        "each person once, by the oldest contact"
    );
    for letter in &letters {
        let text = letter["text"].as_str().unwrap();
        assert!(header(letter, "Subject: ").starts_with("Weekly stability summary: "), "{letter}");
        assert!(text.starts_with("# Weekly stability summary: "), "{text}");
        assert!(text.contains("## The agent\r\n"), "all of it: {text}");
        assert!(text.contains(&format!("{URL}/ops/reports/{number}")), "{text}");
    }
    // Nobody asked for daily ones; one that a person makes is read on its page.
    made(&world, ReportKind::Daily).await;
    let responder = Principal::Account {
        id: AccountId(1),
        role: Role::Responder,
        session: SessionId(1),
        recently_authenticated: true,
    };
    world.execute(&responder, MakeReport { kind: ReportKind::Monthly }).await.unwrap();
    let month = made(&world, ReportKind::Monthly).await;
    assert_eq!(until_sent(&world, 3).await[2], (true, month, AccountId(2)));
    world.settle().await;
    assert_eq!(reports(&server).len(), 3);
    assert_eq!(reports(&server)[2]["to"][0], "bo@example.com");
    // What was put off came with the same id, once.
    let put_off = server.put_off();
    let id = header(&put_off[0], "Message-ID: ");
    let again = server.taken().iter().filter(|one| header(one, "Message-ID: ") == id).count();
    assert_eq!((put_off.len(), again), (1, 1));
    world.stop().await;

    // A restart repeats nothing, and who asks no longer gets nothing.
    let world = World::with(place, Some(Mailer::new(&settings).unwrap())).await;
    assert_eq!(world.cards(&bo()).await[0].reports.len(), 2);
    world.set(&bo(), Some(of_bo), wanted(None)).await.unwrap();
    let off = ContactRequest { enabled: false, ..asks(None, &weekly) };
    world.set(&ada(), Some(first), off).await.unwrap();
    world.settle().await;
    assert_eq!(reports(&server).len(), 3, "nothing is sent again");
    let next = made(&world, ReportKind::Weekly).await;
    assert_eq!(until_sent(&world, 4).await[3], (true, next, AccountId(1)));
    world.settle().await;
    let last = reports(&server);
    assert_eq!(last.len(), 4, "{last:?}");
    assert_eq!(last[3]["to"][0], "ada@example.org", "the other contact takes its place");
    world.stop().await;
}

/// The letters with a report that were taken; others tell of changes of the account.
fn reports(server: &Server) -> Vec<serde_json::Value> {
    let is_report =
        |letter: &serde_json::Value| header(letter, "Subject: ").contains("stability summary");
    server.taken().into_iter().filter(is_report).collect()
}

pub async fn a_report_that_can_not_be_sent_is_given_up_in_the_end(place: &Place) {
    // There is no server for mail.
    let world = World::paced(place, None, |pace| pace.reports = Span::from_secs(0)).await;
    world
        .set(&ada(), None, asks(Some(mail("ada@example.com")), &[ReportKind::Weekly]))
        .await
        .unwrap();
    let number = made(&world, ReportKind::Weekly).await;
    assert_eq!(until_sent(&world, 1).await, [(false, number, AccountId(1))]);
    let last = world.cards(&ada()).await[0].last.clone().unwrap();
    assert!(last.problem.unwrap().contains("E-mail is not set up"));
    world.stop().await;
}

/// The order in which letters came to an address: a report, or an incident.
fn came_to(server: &Server, address: &str) -> Vec<&'static str> {
    let kind = |letter: &serde_json::Value| {
        let subject = header(letter, "Subject: ");
        let is_incident = subject.starts_with("Critical: ");
        let is_report = subject.contains("stability summary");
        is_report.then_some("report").or(is_incident.then_some("incident"))
    };
    let letters = server.taken();
    letters.iter().filter(|letter| letter["to"][0] == address).filter_map(kind).collect()
}

async fn until_came(server: &Server, address: &str, count: usize) -> Vec<&'static str> {
    let began = Instant::now();
    loop {
        let came = came_to(server, address);
        if came.len() >= count {
            return came;
        }
        assert!(began.elapsed() < Duration::from_secs(30), "only {came:?}");
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
}

pub async fn incidents_are_not_behind_reports_of_a_slow_mail_server(place: &Place) {
    let (server, settings) = Server::slow(place.directory.path(), 4);
    let world = World::with(place, Some(Mailer::new(&settings).unwrap())).await;
    let (ada_at, bo_at) = ("ada@example.com", "bo@example.com");
    world.set(&ada(), None, asks(Some(mail(ada_at)), &ReportKind::ALL)).await.unwrap();
    world.contact(&bo(), mail(bo_at)).await;
    made(&world, ReportKind::Weekly).await;
    made(&world, ReportKind::Monthly).await;
    // The server takes its time for the first report; the second one waits behind it.
    assert_eq!(until_came(&server, ada_at, 1).await, ["report"]);
    world.open(1, Severity::Critical).await;
    assert_eq!(until_came(&server, bo_at, 1).await, ["incident"]);
    assert_eq!(came_to(&server, ada_at), ["report"], "nobody else waits for it");
    assert_eq!(until_came(&server, ada_at, 3).await, ["report", "incident", "report"]);
    assert!(until_sent(&world, 2).await.iter().all(|(sent, ..)| *sent));
    world.stop().await;
}

pub async fn who_no_longer_asks_gets_no_report_that_waits(place: &Place) {
    let (server, settings) = Server::ready(place.directory.path());
    let world = World::with(place, Some(Mailer::new(&settings).unwrap())).await;
    let weekly = asks(Some(mail("ada@example.com")), &[ReportKind::Weekly]);
    let asleep = ContactRequest { quiet: Some(quiet(world.clock.now().wall)), ..weekly.clone() };
    let contact = world.set(&ada(), None, asleep).await.unwrap();
    made(&world, ReportKind::Weekly).await;
    world.settle().await;
    assert!(reports(&server).is_empty(), "it is quiet");
    world.set(&ada(), Some(contact), wanted(None)).await.unwrap();
    world.settle().await;
    // Who asks again gets the next one.
    let again = ContactRequest { channel: None, ..weekly };
    world.set(&ada(), Some(contact), again).await.unwrap();
    world.settle().await;
    assert!(reports(&server).is_empty() && sent(&world).await.is_empty(), "it was dropped");
    let next = made(&world, ReportKind::Weekly).await;
    assert_eq!(until_sent(&world, 1).await, [(true, next, AccountId(1))]);
    world.stop().await;
}

pub async fn a_report_comes_when_the_mail_server_is_back(place: &Place) {
    // More often than a message is tried in a row.
    let (server, settings) = Server::with(place.directory.path(), 7);
    let mailer = Some(Mailer::new(&settings).unwrap());
    let world = World::paced(place, mailer, |pace| pace.calm = Span::from_millis(200)).await;
    let weekly = asks(Some(mail("ada@example.com")), &[ReportKind::Weekly]);
    world.set(&ada(), None, weekly).await.unwrap();
    let number = made(&world, ReportKind::Weekly).await;
    assert_eq!(until_sent(&world, 1).await, [(true, number, AccountId(1))]);
    assert_eq!((server.put_off().len(), reports(&server).len()), (7, 1));
    world.stop().await;
}

pub async fn what_is_about_an_incident_is_due_before_reports(place: &Place) {
    let world = World::start(place).await;
    let ada_by = world.set(&ada(), None, asks(Some(mail("ada@example.com")), &[])).await.unwrap();
    let bo_by = world.set(&bo(), None, asks(Some(mail("bo@example.com")), &[])).await.unwrap();
    world.settle().await;
    let (store, now) = (world.store.clone(), world.clock.now().wall);
    // Nobody sends what is queued from now on.
    world.stop().await;
    let call = |entry, incident, why| Notification {
        entry,
        at: now,
        incident: IncidentNumber(incident),
        severity: Severity::Critical,
        why,
    };
    let report = |entry| call(entry, 0, Reason::Report { kind: ReportKind::Weekly });
    let queued = [
        (report(9_001), ada_by),
        (call(9_002, 1, Reason::Opened), ada_by),
        (report(9_001), bo_by),
        (report(9_003), bo_by),
    ];
    let calls = store.as_calls();
    let progress = calls.progress().await.unwrap().unwrap();
    calls.queue(&progress, &queued, now).await.unwrap();
    let due = calls.due(now.plus(Span::from_secs(1)), 10).await.unwrap();
    let due: Vec<_> = due
        .iter()
        .filter(|one| one.call.entry > 9_000)
        .map(|one| (one.contact.id, one.call.entry))
        .collect();
    assert_eq!(due, [(ada_by, 9_002), (bo_by, 9_001)], "one for each contact");
    let first = calls.due(now.plus(Span::from_secs(1)), 1).await.unwrap();
    assert_eq!(first[0].call.entry, 9_002, "however many reports there are");
}
