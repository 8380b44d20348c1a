//! Safe mode is told to people, and to a product that follows it by a webhook.

use commands::command::{EndSafeMode, SetSafeModeStage};
use domain::{
    access::Principal, id::SessionId, journal::Event, protection::SafeModeStage, severity::Severity,
};

use crate::notifications::{
    receiver::{Answer, Receiver},
    support::{Place, World, ada, bo, quiet, wanted, webhook},
};

pub async fn a_product_and_whoever_sleeps_hear_of_it(place: &Place) {
    let world = World::start(place).await;
    let (product, sleeper) = (Receiver::start().await, Receiver::start().await);
    world.contact(&ada(), webhook(&product.url, "calm_ops")).await;
    let mut asleep = wanted(Some(webhook(&sleeper.url, "calm_ops")));
    asleep.quiet = Some(quiet(world.clock.now().wall));
    asleep.least = Severity::Critical;
    world.set(&bo(), None, asleep).await.unwrap();

    // The first try fails: it is tried again.
    product.answer_next(&[Answer::Status(503)]);
    let reason = "Writes fail".to_owned();
    world.record(vec![Event::SafeModeBegan { incident: None, reason }]).await;
    let accepted = product.until(1).await.remove(0);
    let tries = product.all();
    let ids: Vec<&str> = tries.iter().map(|one| one.header("x-calm-ops-delivery")).collect();
    assert!(ids.len() == 2 && ids[0] == ids[1], "{ids:?}");
    let body = accepted.json();
    assert_eq!((&body["kind"], &body["severity"]), (&"safe_mode_began".into(), &"critical".into()));
    assert!(body["incident"].is_null(), "{body}");
    assert!(body["link"].as_str().unwrap().ends_with("/ops/protection"), "{body}");
    assert!(!accepted.header("x-calm-ops-signature").is_empty());
    assert_eq!(sleeper.until(1).await[0].json()["kind"], "safe_mode_began");

    let approver = Principal::Account {
        id: domain::id::AccountId(1),
        role: domain::access::Role::Approver,
        session: SessionId(1),
        recently_authenticated: true,
    };
    let stage = SafeModeStage::Interactive;
    world.execute(&approver, SetSafeModeStage { stage }).await.unwrap();
    assert_eq!(product.until(2).await[1].json()["kind"], "safe_mode_stage_changed");
    world.record(vec![Event::SafeModeReminded { round: 1 }]).await;
    let body = product.until(3).await[2].json();
    assert_eq!(body["kind"], "safe_mode_reminder");
    assert!(body["text"].as_str().unwrap().contains("Ending it lets everything pass"), "{body}");
    world.execute(&approver, EndSafeMode {}).await.unwrap();
    assert_eq!(product.until(4).await[3].json()["kind"], "safe_mode_ended");
    world.settle().await;
    assert_eq!((product.all().len(), sleeper.all().len()), (5, 1));
    world.stop().await;
}
