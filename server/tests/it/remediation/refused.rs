use std::{fs, time::Duration};

use commands::{
    command::{Approve, Command},
    view::Plan,
};
use domain::{
    error::Error,
    hash::Hash,
    recommendation::{Recommendation, Risk, RunOutcome, Stage},
    time::Span,
};

use crate::remediation::{Bench, ID, On, approver};

pub async fn another_binding_an_expired_offer_and_an_invalid_catalogue_are_refused(on: &On<'_>) {
    let bench = Bench::set_up(on, "", Risk::Low).await;
    let mut old = bench.recommendation();
    old.expires_at = bench.clock.now().wall.plus(Span::from_millis(600));
    bench.offer(old).await;
    let _runs = bench.start();
    let other = Command::Approve(Approve { recommendation: ID, binding: Hash([7; 32]) });
    assert!(matches!(bench.service.change(approver(1), other).await, Err(Error::Conflict(_))));
    bench.recovery.set_catalogue(None);
    assert!(matches!(bench.approve(1).await, Err(Error::Conflict(_))));
    bench.recovery.set_catalogue(Some(bench.catalogue.clone()));
    tokio::time::sleep(Duration::from_millis(700)).await;
    assert!(matches!(bench.approve(1).await, Err(Error::Conflict(_))));
    assert!(matches!(bench.page().await.recommendation.stage, Stage::Offered));
    assert_eq!(bench.ran(), 0);
}

/// Approved as it is shown, and yet not what the catalogue makes of it.
async fn is_not_started(on: &On<'_>, change: impl FnOnce(&mut Recommendation)) -> String {
    let bench = Bench::set_up(on, "", Risk::Low).await;
    let mut one = bench.recommendation();
    change(&mut one);
    bench.offer(one).await;
    let _runs = bench.start();
    bench.approve(1).await.unwrap();
    let RunOutcome::NotStarted { why } = bench.ended().await.0.outcome else {
        panic!("it was started")
    };
    assert_eq!(bench.ran(), 0);
    why
}

pub async fn what_the_catalogue_does_not_make_of_it_is_not_started(on: &On<'_>) {
    let why = is_not_started(on, |one| one.host = "web-2".to_owned()).await;
    assert!(why.contains("web-2"), "{why}");
    for vector in [vec!["/bin/sh", "-c", "id"], vec!["/bin/true"], vec![]] {
        is_not_started(on, |one| one.argv = vector.into_iter().map(str::to_owned).collect()).await;
    }
    is_not_started(on, |one| one.argv.push("; rm -rf /".to_owned())).await;
    is_not_started(on, |one| one.user = "root".to_owned()).await;
    is_not_started(on, |one| one.check = Some(vec!["/bin/true".to_owned()])).await;
    is_not_started(on, |one| one.command = "another".to_owned()).await;
    is_not_started(on, |one| one.time_limit = Span::from_mins(50)).await;
    is_not_started(on, |one| drop(one.values.insert("app".to_owned(), "$(id)".to_owned()))).await;
}

pub async fn a_script_that_was_changed_after_the_yes_is_not_started(on: &On<'_>) {
    let bench = Bench::set_up(on, "", Risk::Low).await;
    bench.offer(bench.recommendation()).await;
    bench.approve(1).await.unwrap();
    let path = bench.dir.path().join("own-script");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text + "echo more\n").unwrap();
    assert!(matches!(bench.recovery.plan(&bench.recommendation()), Plan::Refused { .. }));
    let _runs = bench.start();
    let RunOutcome::NotStarted { .. } = bench.ended().await.0.outcome else {
        panic!("it was started")
    };
    assert_eq!(bench.ran(), 0);
}

pub async fn the_dry_run_shows_what_is_executed_and_executes_nothing(on: &On<'_>) {
    let bench = Bench::set_up(on, "", Risk::Low).await;
    let text = bench.text();
    let path = bench.dir.path().join("own-script");
    assert!(
        text.contains(path.to_str().unwrap()) && text.contains("only if      its SHA-256 is"),
        "{text}"
    );
    assert_eq!(bench.ran(), 0);
}
