use std::{sync::Arc, time::Duration};

use commands::{
    account_change::{AccountChange, Join, MakeOwnerLink, SetClosed, SetPassword, SetRole},
    accounts::{PasswordHash, SecretHash},
    command::{Approve, CancelRun, Command, Record, StartRun},
    reading::GetRecommendation,
    view::Plan,
};
use domain::{
    access::{Principal, Role},
    error::{Conflict, Error},
    id::{AccountId, RecommendationId, SessionId},
    journal::Event,
    recommendation::{Recommendation, Risk, RunOutcome, Stage, Withdrawn},
};
use futures::future::join_all;

use crate::remediation::{Bench, ID, On, PEOPLE, approver};

pub async fn two_hundred_approvals_at_the_same_instant_are_one_run(on: &On<'_>) {
    let bench = Bench::set_up(on, "echo done password=hunter2", Risk::Low).await;
    bench.offer(bench.recommendation()).await;
    // Two starters beside each other give one run as well.
    let (_one, _two) = (bench.start(), bench.start());
    let binding = bench.page().await.binding;
    let approve =
        |who| bench.service.execute(approver(who), Approve { recommendation: ID, binding });
    let answers = join_all((0..200).map(|press| approve(press % u32::from(PEOPLE) + 1))).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    let (ended, page) = bench.ended().await;
    assert_eq!(ended.outcome, RunOutcome::Exited { code: 0 });
    let output = page.output.unwrap();
    assert!(
        output.text.contains("done") && !output.text.contains("hunter2") && !output.open,
        "{output:?}"
    );
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(bench.ran(), 1);
}

pub async fn a_high_risk_needs_two_different_people(on: &On<'_>) {
    let bench = Bench::set_up(on, "", Risk::High).await;
    bench.offer(bench.recommendation()).await;
    let _runs = bench.start();
    bench.approve(1).await.unwrap();
    assert!(matches!(bench.approve(1).await, Err(Error::Conflict(_))), "never the same one twice");
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(bench.ran(), 0);
    bench.approve(2).await.unwrap();
    assert_eq!(bench.ended().await.0.outcome, RunOutcome::Exited { code: 0 });
    assert_eq!(bench.ran(), 1);
}

pub async fn a_yes_of_someone_who_may_not_approve_any_more_starts_nothing(on: &On<'_>) {
    let account = AccountId(1);
    for change in [
        AccountChange::SetRole(SetRole { account, role: Role::Responder }),
        AccountChange::SetClosed(SetClosed { account, closed: true }),
    ] {
        let bench = Bench::set_up(on, "", Risk::High).await;
        bench.offer(bench.recommendation()).await;
        let _runs = bench.start();
        bench.approve(1).await.unwrap();
        let owner = Principal::Account {
            id: AccountId(3),
            role: Role::Owner,
            session: SessionId(3),
            recently_authenticated: true,
        };
        bench.service.change(owner, Command::Account(change)).await.unwrap();
        bench.approve(2).await.unwrap();
        let RunOutcome::NotStarted { why } = bench.ended().await.0.outcome else {
            panic!("it was started")
        };
        assert_eq!(why, "An approver no longer has the role, or has changed their password since.");
        assert_eq!(bench.ran(), 0);
    }
}

/// One person could invite themselves once more, and be both.
pub async fn a_high_risk_is_not_decided_by_someone_who_came_in_since(on: &On<'_>) {
    let bench = Bench::set_up(on, "", Risk::High).await;
    bench.offer(bench.recommendation()).await;
    let _runs = bench.start();
    bench.approve(1).await.unwrap();
    let (hash, password) = (SecretHash([9; 32]), PasswordHash("none".to_owned()));
    for change in [
        AccountChange::MakeOwnerLink(MakeOwnerLink { hash }),
        AccountChange::Join(Join { hash, name: "The same person".to_owned(), password }),
    ] {
        bench.service.change(Principal::System, Command::Account(change)).await.unwrap();
    }
    let refused = bench.approve(u32::from(PEOPLE) + 1).await.unwrap_err();
    assert_eq!(refused, Conflict::ApproverTooRecent.into());
    // Nor by someone who got the role since.
    let owner = Principal::Account {
        id: AccountId(3),
        role: Role::Owner,
        session: SessionId(3),
        recently_authenticated: true,
    };
    let change = AccountChange::SetRole(SetRole { account: AccountId(2), role: Role::Approver });
    bench.service.change(owner, Command::Account(change)).await.unwrap();
    assert!(matches!(bench.approve(2).await, Err(Error::Conflict(_))));
    assert_eq!(bench.ran(), 0);
    bench.approve(3).await.unwrap();
    assert_eq!(bench.ended().await.0.outcome, RunOutcome::Exited { code: 0 });
}

pub async fn a_yes_does_not_count_after_a_new_password(on: &On<'_>) {
    let bench = Bench::set_up(on, "", Risk::High).await;
    bench.offer(bench.recommendation()).await;
    let _runs = bench.start();
    bench.approve(1).await.unwrap();
    let change = AccountChange::SetPassword(SetPassword {
        password: PasswordHash("another".to_owned()),
        end: std::collections::BTreeSet::new(),
    });
    bench.service.change(approver(1), Command::Account(change)).await.unwrap();
    bench.approve(2).await.unwrap();
    assert!(matches!(bench.ended().await.0.outcome, RunOutcome::NotStarted { .. }));
    assert_eq!(bench.ran(), 0);
}

/// The caller was looked up before: what ended meanwhile is seen in the transaction.
pub async fn whoever_lost_their_sign_in_or_role_meanwhile_does_not_approve(on: &On<'_>) {
    let bench = Bench::set_up(on, "", Risk::Low).await;
    bench.offer(bench.recommendation()).await;
    let owner = Principal::Account {
        id: AccountId(3),
        role: Role::Owner,
        session: SessionId(3),
        recently_authenticated: true,
    };
    let change = AccountChange::SetClosed(SetClosed { account: AccountId(1), closed: true });
    bench.service.change(owner, Command::Account(change)).await.unwrap();
    assert_eq!(bench.approve(1).await.unwrap_err(), Error::SignIn);
    assert_eq!(bench.page().await.recommendation.approvals, []);
}

pub async fn cancelling_ends_all_that_it_started_and_its_output_is_seen_meanwhile(on: &On<'_>) {
    let bench = Bench::set_up(
        on,
        "echo working\nsleep 600 &\necho $! > ${0%/*}/../../child\nwait",
        Risk::Low,
    )
    .await;
    bench.offer(bench.recommendation()).await;
    let _runs = bench.start();
    bench.approve(1).await.unwrap();
    bench.begun().await;
    let since = std::time::Instant::now();
    while !bench
        .recovery
        .output(ID)
        .is_some_and(|output| output.open && output.text.contains("working"))
    {
        assert!(since.elapsed() < Duration::from_secs(10), "nothing is seen of it");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    bench.service.execute(approver(1), CancelRun { recommendation: ID }).await.unwrap();
    assert_eq!(bench.ended().await.0.outcome, RunOutcome::Cancelled);
    let child = std::fs::read_to_string(bench.dir.path().join("child")).unwrap();
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", child.trim())).unwrap_or_default();
    assert!(stat.rsplit_once(") ").is_none_or(|(_, rest)| rest.starts_with(['Z', 'X'])), "{stat}");
}

pub async fn what_was_started_before_the_program_is_unknown_and_never_started_again(on: &On<'_>) {
    let bench = Bench::set_up(on, "", Risk::Low).await;
    bench.offer(bench.recommendation()).await;
    bench.approve(1).await.unwrap();
    bench.service.execute(Principal::System, StartRun { recommendation: ID }).await.unwrap();
    let _runs = bench.start();
    let (ended, page) = bench.ended().await;
    assert_eq!((ended.outcome, bench.ran()), (RunOutcome::Unknown, 0));
    assert!(page.output.unwrap().text.contains("Check manually"));
}

pub async fn what_was_approved_a_moment_before_the_program_started_is_started(on: &On<'_>) {
    let bench = Bench::set_up(on, "", Risk::Low).await;
    bench.offer(bench.recommendation()).await;
    bench.approve(1).await.unwrap();
    assert!(matches!(bench.page().await.recommendation.stage, Stage::Approved { .. }));
    let _runs = bench.start();
    assert_eq!(bench.ended().await.0.outcome, RunOutcome::Exited { code: 0 });
    assert_eq!(bench.ran(), 1);
}

/// After a start nothing is known of the host for some seconds: what is missing then says nothing.
pub async fn nothing_is_started_before_the_host_was_looked_at(on: &On<'_>) {
    let mut bench = Bench::set_up(on, "", Risk::Low).await;
    bench.offer(bench.recommendation()).await;
    bench.approve(1).await.unwrap();
    bench.unseen();
    let _runs = bench.start();
    // It has looked at the incidents in between, and once more.
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    assert!(
        matches!(bench.page().await.recommendation.stage, Stage::Approved { .. }),
        "the yes is not used up"
    );
    assert_eq!(bench.ran(), 0);
    let Plan::Refused { why } = bench.recovery.plan(&bench.recommendation()) else {
        panic!("nothing is known yet")
    };
    assert!(why.contains("since it started"), "{why}");
    bench.recovery.set_hints(Arc::default());
    assert_eq!(bench.ended().await.0.outcome, RunOutcome::Exited { code: 0 });
    assert_eq!(bench.ran(), 1);
}

/// An offer that nobody decided upon ends and is made anew. Who came in between was still not here
/// when it was recommended first.
pub async fn a_new_offer_of_the_same_does_not_make_newcomers_old(on: &On<'_>) {
    let bench = Bench::set_up(on, "", Risk::High).await;
    bench.offer(bench.recommendation()).await;
    let (hash, password) = (SecretHash([9; 32]), PasswordHash("none".to_owned()));
    for change in [
        AccountChange::MakeOwnerLink(MakeOwnerLink { hash }),
        AccountChange::Join(Join { hash, name: "The same person".to_owned(), password }),
    ] {
        bench.service.change(Principal::System, Command::Account(change)).await.unwrap();
    }
    let incident = ID.incident;
    let again = Recommendation { place: 2, ..bench.recommendation() };
    let events = vec![
        Event::RecommendationWithdrawn { incident, place: 1, why: Withdrawn::Expired },
        Event::Recommended { incident, recommendation: Box::new(again) },
    ];
    bench.service.execute(Principal::Agent, Record { events, monitor: None }).await.unwrap();
    let recommendation = RecommendationId { incident, place: 2 };
    let page = bench
        .service
        .execute(Principal::Local, GetRecommendation { recommendation })
        .await
        .unwrap();
    let approve = |who| {
        bench.service.execute(approver(who), Approve { recommendation, binding: page.binding })
    };
    let refused = approve(u32::from(PEOPLE) + 1).await.unwrap_err();
    assert_eq!(refused, Conflict::ApproverTooRecent.into());
    approve(1).await.unwrap();
}
