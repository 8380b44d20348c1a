//! The contents of lists, and their gaps: names, restarts, what is gone, what is old.

use domain::severity::Severity;

use super::*;

fn droplet(id: u64, name: &str, tag: &'static str) -> FakeDroplet {
    let mut one = Fake::new(1).droplets.remove(0);
    (one.id, one.name, one.tag) = (id, name.to_owned(), tag);
    one
}

#[test]
fn databases_of_the_configuration_stay_whether_the_account_lists_them_or_not() {
    let other: Subject = "managed-database:other".parse().unwrap();
    let main: Subject = "managed-database:db-1".parse().unwrap();
    let mut watch = Watch::of(Fake::new(1), 40, |selection| {
        selection.databases = [other.clone(), main.clone()].into();
    });
    // Their pages are read by collectors of their own.
    for subject in [&other, &main, &"managed-database:left".parse().unwrap()] {
        let mut round = Round::new(super::super::SIGNALS);
        round.observe(watch.now().wall, subject, "managed_database.metrics", 1.0);
        watch.feed(&round);
    }
    watch.run(900.0);
    assert!(!watch.was_retired("managed-database:other"));
    assert!(watch.was_retired("managed-database:left"), "nothing tells of it any more");
    // One that is destroyed is told, whatever the configuration says.
    watch.fake.databases = 1;
    watch.run(900.0);
    let why = watch.seen["managed-database:db-1 managed_database.listed"].clone();
    assert_eq!(why, Some(FailureReason::told("DigitalOcean says that it does not exist")));
    assert!(!watch.seen.contains_key("managed-database:other managed_database.listed"));
}

#[test]
fn a_database_whose_page_is_not_read_any_more_is_not_waited_for() {
    let mut watch = Watch::new(Fake::new(1));
    let mut round = Round::new(super::super::SIGNALS);
    let subject = "managed-database:db-1".parse().unwrap();
    round.observe(watch.now().wall, &subject, "managed_database.metrics", 1.0);
    watch.feed(&round);
    watch.run(3_600.0);
    assert!(watch.seen.is_empty(), "{:?}", watch.seen);
}

#[test]
fn a_droplet_of_the_same_name_that_is_not_selected_takes_nothing_away() {
    let mut fake = Fake::new(3);
    // It stands before the selected one in the list.
    fake.droplets.insert(0, droplet(10, "web-1", "staging"));
    let mut watch = Watch::new(fake);
    watch.run(900.0);
    watch.restart();
    watch.run(900.0);
    assert!(watch.retired.is_empty(), "{:?}", watch.retired);
    assert!(watch.seen.is_empty(), "{:?}", watch.seen);
    // The selected one is destroyed: that is told as long as nobody retires it.
    watch.fake.droplets.retain(|one| one.id != 1_001);
    watch.run(3_600.0);
    let is_told = |one: &Breach| one.key.signal.as_str() == "droplet.listed";
    assert!(watch.breaches.iter().any(is_told), "{:?}", watch.breaches);
    assert!(!watch.was_retired("droplet:web-1"));
    assert!(watch.was_retired("droplet-disk:/@web-1"), "its disks are gone with it");
}

#[test]
fn what_was_destroyed_while_calm_ops_did_not_run_is_told_beside_another_one_of_its_name() {
    let mut fake = Fake::new(3);
    fake.droplets.insert(0, droplet(10, "web-1", "staging"));
    let mut watch = Watch::new(fake);
    watch.run(900.0);
    watch.fake.droplets.retain(|one| one.id != 1_001);
    for _ in 0..2 {
        watch.restart();
        watch.run(900.0);
        let told = watch.seen["droplet:web-1 droplet.listed"].clone();
        assert_eq!(told, Some(FailureReason::told("DigitalOcean's list does not name it")));
        assert!(!watch.was_retired("droplet:web-1"));
    }
}

#[test]
fn what_lost_its_tag_and_got_another_name_while_calm_ops_did_not_run_is_not_missed() {
    let mut watch = Watch::new(Fake::new(3));
    watch.run(900.0);
    let one = &mut watch.fake.droplets[1];
    (one.tag, one.name) = ("staging", "other".to_owned());
    watch.restart();
    watch.run(900.0);
    assert!(watch.was_retired("droplet:web-1") && !watch.was_retired("droplet:web-2"));
    assert!(watch.seen.is_empty(), "{:?}", watch.seen);
}

#[test]
fn what_lost_its_tag_while_calm_ops_did_not_run_is_not_missed() {
    let mut watch = Watch::new(Fake::new(5));
    watch.run(900.0);
    watch.fake.droplets[3].tag = "staging";
    watch.restart();
    watch.run(3_600.0);
    assert!(watch.was_retired("droplet:web-3") && watch.was_retired("droplet-disk:/@web-3"));
    assert!(watch.seen.is_empty(), "{:?}", watch.seen);
}

#[test]
fn a_droplet_that_replaces_another_one_of_its_name_goes_on_as_it_also_after_a_restart() {
    let mut watch = Watch::new(Fake::new(3));
    watch.run(900.0);
    // The new one is made first, then the old one is destroyed.
    watch.fake.droplets.push(droplet(5_000, "web-1", "production"));
    watch.run(900.0);
    let status = |watch: &Watch, subject: &str| watch.status(subject, "droplet.up");
    assert_eq!(status(&watch, "droplet:web-1-5000"), Some(Status::Healthy));
    watch.fake.droplets.retain(|one| one.id != 1_001);
    watch.run(900.0);
    assert_eq!(status(&watch, "droplet:web-1"), Some(Status::Healthy));
    assert_eq!(status(&watch, "droplet:web-1-5000"), None);
    let is_new = |watch: &Watch| {
        let value = watch.newest("droplet:web-1", "droplet.cpu.used");
        (value.unwrap() - 20.0).abs() < 0.05
    };
    assert!(is_new(&watch));
    watch.restart();
    watch.run(1_800.0);
    assert_eq!(status(&watch, "droplet:web-1"), Some(Status::Healthy));
    assert!(is_new(&watch));
    assert!(watch.seen.is_empty(), "{:?}", watch.seen);
    assert!(!watch.was_retired("droplet:web-1"));
}

#[test]
fn what_vanished_while_calm_ops_did_not_run_is_missing_and_nobody_says_more() {
    let mut watch = Watch::new(Fake::new(5));
    watch.run(900.0);
    watch.fake.droplets.retain(|one| one.id != 1_003);
    watch.run(900.0);
    watch.fake.droplets.retain(|one| one.id != 1_004);
    watch.restart();
    watch.run(900.0);
    let why = |name: &str| watch.seen[&format!("droplet:{name} droplet.listed")].clone();
    let told = |sentence: &str| Some(FailureReason::told(sentence));
    assert_eq!(why("web-4"), told("DigitalOcean's list does not name it"));
    assert!(watch.was_retired("droplet-disk:/@web-4"));
    assert!(!watch.was_retired("droplet:web-3") && !watch.was_retired("droplet:web-4"));
}

#[test]
fn whoever_asked_says_so() {
    let mut watch = Watch::new(Fake::new(5));
    watch.run(900.0);
    watch.fake.droplets.retain(|one| one.id != 1_003);
    watch.run(900.0);
    let why = watch.seen["droplet:web-3 droplet.listed"].clone();
    assert_eq!(why, Some(FailureReason::told("DigitalOcean says that it does not exist")));
}

#[test]
fn the_droplet_that_is_this_host_can_leave() {
    let mut watch = Watch::new(Fake::new(2));
    watch.here = Some(1_001);
    watch.restart();
    watch.run(900.0);
    assert_eq!(watch.status("host:calm", "droplet.up"), Some(Status::Healthy));
    watch.fake.droplets[1].tag = "staging";
    watch.run(3_600.0);
    assert_eq!(watch.status("host:calm", "droplet.up"), None);
    assert!(watch.seen.is_empty(), "{:?}", watch.seen);
    assert!(!watch.was_retired("host:calm"));
}

#[test]
fn old_values_have_a_reason_where_others_use_up_the_token() {
    let mut watch = Watch::new(Fake::new(20));
    watch.run(1_800.0);
    watch.fake.left = Some(400);
    watch.run(5_400.0);
    assert!(watch.unexplained.is_empty(), "{:?}", watch.unexplained);
    // Lists are read at a slower pace, and metrics all the same.
    let asked = watch.fake.asked.borrow().iter().filter(|at| **at > 3_600.0).count();
    let lists = watch.times("droplet:web-7", "droplet.up");
    let lists = lists.iter().filter(|at| **at > 3_600).count();
    assert!(lists >= 3 && lists * 4 < asked, "{lists} of {asked}");
}

#[test]
fn old_values_have_a_reason_where_the_budget_is_too_small() {
    let mut watch = Watch::of(Fake::new(20), 1, |_| {});
    watch.run(4.0 * 3_600.0);
    assert!(watch.most(3_600.0) <= 50);
    assert!(watch.unexplained.is_empty(), "{:?}", watch.unexplained);
    let is_told = |told: &Option<FailureReason>| {
        told.as_ref().is_some_and(|reason| format!("{reason:?}").contains("budget_percent"))
    };
    assert!(watch.seen.is_empty() || watch.seen.values().any(is_told), "{:?}", watch.seen);
}

#[test]
fn memory_is_a_share_of_what_there_is_also_after_a_resize() {
    let mut watch = Watch::new(Fake::new(1));
    watch.run(1_800.0);
    for (memory, used) in [(4_000, 20.0), (2_000, 40.0)] {
        let now = watch.now as i64;
        watch.fake.droplets[0].memory.push((now, memory));
        watch.run(900.0);
        let value = watch.newest("droplet:web-0", "droplet.memory.used").unwrap();
        assert!((value - used).abs() < 0.01, "{value}");
    }
    for (_, signal, at, value) in &watch.values {
        let is_right = [20.0, 40.0].iter().any(|right: &f64| (value - right).abs() < 0.01);
        assert!(signal != "droplet.memory.used" || is_right, "{value} at {at}");
    }
}

#[test]
fn what_is_in_the_account_is_watched_within_half_a_minute_of_a_start() {
    let mut watch = Watch::new(Fake::new(3));
    for _ in 0..2 {
        let before = watch.values.len();
        watch.run(30.0);
        // Empty lists of droplets with GPUs delay only what is said of those that are missing.
        for (subject, signal) in [
            ("droplet:web-2", "droplet.up"),
            ("load-balancer:lb-2", "load_balancer.up"),
            ("managed-database:db-1", "managed_database.up"),
        ] {
            let told = &watch.values[before..];
            let is_told =
                told.iter().any(|(about, name, ..)| about.as_str() == subject && name == signal);
            assert!(is_told, "{subject} {signal}");
        }
        watch.restart();
    }
}

#[test]
fn droplets_with_gpus_are_found_and_numbers_that_nothing_has_are_told() {
    let mut fake = Fake::new(2);
    fake.droplets[1].has_gpu = true;
    let mut watch = Watch::of(fake, 40, |selection| selection.ids = vec![424_242]);
    watch.run(900.0);
    assert_eq!(watch.status("droplet:web-1", "droplet.up"), Some(Status::Healthy));
    let notes = watch.account.report(watch.now()).notes;
    assert!(notes.iter().any(|note| note.contains("with the number '424242'")), "{notes:?}");
    watch.restart();
    watch.run(900.0);
    assert!(watch.seen.is_empty() && watch.retired.is_empty(), "{:?}", watch.seen);
}

#[test]
fn what_no_list_names_and_exists_is_told_as_it_is() {
    let mut watch = Watch::new(Fake::new(3));
    watch.run(900.0);
    watch.fake.droplets[2].is_hidden = true;
    watch.run(600.0);
    assert_eq!(watch.status("droplet:web-2", "droplet.up"), Some(Status::Healthy));
    watch.fake.droplets[2].status = "off";
    watch.run(600.0);
    let told = watch.seen["droplet:web-2 droplet.up"].clone();
    assert_eq!(told, Some(FailureReason::told("DigitalOcean says that it is off")));
}

#[test]
fn a_word_for_a_status_that_is_not_known_is_told() {
    let mut watch = Watch::new(Fake::new(2));
    watch.run(900.0);
    watch.fake.droplets[1].status = "melted";
    watch.run(3_600.0);
    assert!(watch.unexplained.is_empty(), "{:?}", watch.unexplained);
    let told = watch.seen["droplet:web-1 droplet.up"].clone();
    let by = "digitalocean:api".parse().unwrap();
    assert_eq!(told, Some(FailureReason::NotClear { by, word: "melted".into() }));
    assert_ne!(watch.status("droplet:web-1", "droplet.up"), Some(Status::Healthy));
    // Nothing says that it is down.
    let critical = watch.breaches.iter().filter(|one| one.severity == Severity::Critical);
    assert_eq!(critical.count(), 0, "{:?}", watch.breaches);
}

#[test]
fn what_was_never_seen_with_a_word_that_is_known_is_named() {
    let mut fake = Fake::new(2);
    fake.droplets[1].status = "new";
    let mut watch = Watch::new(fake);
    watch.run(600.0);
    assert!(watch.seen.is_empty(), "{:?}", watch.seen);
    let notes = watch.account.report(watch.now()).notes;
    assert!(
        notes.iter().any(|note| note.contains(", of web-1 ('new'): it is unknown")),
        "{notes:?}"
    );
}

#[test]
fn an_action_is_in_progress_until_its_own_entry_says_otherwise() {
    let mut fake = Fake::new(2);
    fake.actions.insert(0, FakeAction { id: 2, droplet: 1_001, is_over: false });
    let mut watch = Watch::new(fake);
    watch.run(600.0);
    let minutes = |watch: &Watch| watch.newest("droplet:web-1", "droplet.action").unwrap();
    assert!((5.0..15.0).contains(&minutes(&watch)), "{}", minutes(&watch));
    // So many others come that the list does not name it any more.
    let other = |id: u64| FakeAction { id, droplet: 1_000, is_over: true };
    drop(watch.fake.actions.splice(0..0, (100..150).map(other)));
    watch.run(1_200.0);
    assert!(minutes(&watch) > 20.0, "{}", minutes(&watch));
    watch.fake.actions.iter_mut().for_each(|action| action.is_over = true);
    watch.run(1_200.0);
    assert!(minutes(&watch).abs() < f64::EPSILON, "{}", minutes(&watch));
    // A list that names nothing says nothing.
    watch.fake.actions.clear();
    let told = watch.times("droplet:web-1", "droplet.action").len();
    watch.run(600.0);
    assert_eq!(watch.times("droplet:web-1", "droplet.action").len(), told);
}
