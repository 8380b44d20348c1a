//! Tests of the incident to which evidence belongs.

use super::*;

const FAILING: Effect = Effect::Failing;

fn known(name: &str, effect: Effect) -> (String, Effect, Certainty) {
    (name.to_owned(), effect, Certainty::Known)
}

#[test]
fn an_effect_goes_on_where_it_is_when_an_incident_about_the_organization_opens() {
    let mut world = World::of("host:web-1", "host.memory.used");
    let minutes = [minute("acme", 40, 100)];
    world.look_on(0..30, &minutes);
    world.open(2, "organization:acme", "organization.errors", 30);
    world.look_on(30..300, &minutes);
    for number in [1, 2] {
        assert_eq!(world.affected(number), [known("acme", FAILING)], "incident {number}");
    }
    world.look_on(300..400, &[minute("acme", 0, 100)]);
    for number in [1, 2] {
        assert_eq!(world.affected(number), [], "incident {number}");
        let effect = &world.impact(number).unwrap().organizations[0].effects[0];
        assert_eq!(effect.until, Some(fixtures::at(299)), "incident {number}");
    }
}

#[test]
fn an_old_incident_about_something_else_takes_no_impact() {
    for (subject, signal) in [
        ("endpoint:checkout", "endpoint.up"),
        ("app:api@web-1", "app.restarts"),
        ("service:imports", "queue.depth"),
    ] {
        let mut world = World::of("disk:/var@web-1", "disk.used");
        world.open(2, subject, signal, 1_000);
        world.open(3, "disk:/srv@web-1", "disk.used", 2_000);
        world.look(2_001, &[minute("acme", 40, 100)]);
        assert_eq!(world.affected(2), [known("acme", FAILING)], "{subject}");
        assert_eq!((world.impact(1), world.impact(3)), (None, None), "{subject}");
    }
}

#[test]
fn among_others_the_newest_takes_what_begins_and_keeps_it() {
    let mut world = World::of("disk:/var@web-1", "disk.used");
    world.open(2, "host:web-1", "host.memory.used", 1_000);
    world.look(1_001, &[minute("acme", 40, 100)]);
    assert_eq!((world.impact(1), world.affected(2).len()), (None, 1));
    // A newer one takes only what begins while it is there.
    world.open(3, "endpoint:checkout", "endpoint.up", 2_000);
    world.look_on(2_000..2_100, &[minute("acme", 40, 100), minute("beta", 40, 100)]);
    assert_eq!(world.affected(2), [known("acme", FAILING)]);
    assert_eq!(world.affected(3), [known("beta", FAILING)]);
}

#[test]
fn what_serves_counts_only_while_its_problem_holds() {
    let mut world = World::of("endpoint:checkout", "endpoint.up");
    world.open(2, "host:web-1", "host.memory.used", 1_000);
    let breach = &mut world.incident(1).breaches[0];
    breach.cleared_at = Some(fixtures::at(900));
    world.look(1_001, &[minute("acme", 40, 100)]);
    assert_eq!((world.impact(1), world.affected(2).len()), (None, 1));
}
