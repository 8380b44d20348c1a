use domain::{
    breach::Crossing,
    incident::Resolution,
    recommendation::{Ended, RunOutcome},
    review::Rating,
    time::Span,
};
use fixtures::{at, breach, cases, incident};
use proptest::prelude::*;

use super::*;
use crate::recommender::tests::Story;

/// Traits of an incident about subjects, each with the kinds of its problems, that says something.
fn traits(number: u32, subjects: &[&str], problems: &[&str], text: &str) -> Traits {
    let (subjects_of, problems_of) = (subjects.join("\n"), problems.join("\n"));
    Traits::new(IncidentNumber(number), subjects[0], &subjects_of, &problems_of, text)
}

fn memory(number: u32, subject: &str) -> Traits {
    traits(number, &[subject], &["app app.memory"], "")
}

fn numbers(ranked: &[IncidentNumber]) -> Vec<u32> {
    ranked.iter().map(|number| number.0).collect()
}

#[test]
fn the_same_problem_of_the_same_subject_comes_first_then_of_another_one() {
    let asked = memory(9, "app:api@web-1");
    let found = [
        memory(2, "app:jobs@web-1"),
        memory(3, "app:api@web-1"),
        traits(4, &["app:api@web-1"], &["app app.restarts"], ""),
        memory(5, "app:jobs@web-1"),
        memory(9, "app:api@web-1"),
    ];
    assert_eq!(numbers(&rank(&asked, &found)), [3, 5, 2]);
}

#[test]
fn a_signal_of_another_kind_of_subject_and_silence_are_other_problems() {
    let asked = memory(9, "app:api@web-1");
    let other = traits(2, &["service:api"], &["service app.memory"], "");
    let silent = traits(3, &["app:jobs@web-1"], &["app app.memory silent"], "");
    assert!(rank(&asked, &[other, silent]).is_empty());
    let heard = incident(1).of([breach().on("app:api@web-1").signal("app.memory").build()]).build();
    let crossing = Crossing::Silent { for_seconds: 60.0 };
    let lost = breach().on("app:api@web-1").signal("app.memory").crossing(crossing).build();
    assert!(shared(&heard, &incident(2).of([lost]).build()).0.is_empty());
}

#[test]
fn a_flood_that_shares_one_problem_of_many_is_not_similar() {
    let many: Vec<String> = (0..20).map(|place| format!("host host.signal{place}")).collect();
    let mut many: Vec<&str> = many.iter().map(String::as_str).collect();
    many.push("app app.memory");
    let flood = traits(2, &["host:web-1"], &many, "");
    assert!(rank(&memory(9, "app:api@web-1"), &[flood]).is_empty());
}

#[test]
fn words_alone_count_for_the_same_subject_only_and_order_what_is_equal() {
    let text = "queue blocked by a poisoned message from the importer";
    let asked = traits(9, &["service:mail"], &["service queue.depth"], text);
    let same = traits(2, &["service:mail"], &["service http.errors"], text);
    let elsewhere = traits(3, &["service:shop"], &["service http.errors"], text);
    assert_eq!(numbers(&rank(&asked, &[same, elsewhere])), [2]);
    let [plain, told] = [("", 5), (text, 4)]
        .map(|(text, number)| traits(number, &["service:mail"], &["service queue.depth"], text));
    assert_eq!(numbers(&rank(&asked, &[plain, told])), [4, 5]);
}

#[test]
fn words_for_looking_up_are_bounded_and_hold_no_operator() {
    let text =
        "\"OR NEAR* (x) 4711 incident the restarted! Über-Lastung ".to_owned() + &"w0rd ".repeat(9);
    let asked = traits(9, &["service:mail-out@web-1"], &["service queue.depth"], &text);
    let words = asked.looked_up();
    assert_eq!(words, ["mail", "out", "restarted", "lastung", "near", "w0rd", "über"]);
}

#[test]
fn what_resolved_it_is_the_run_that_helped() {
    let mut story = Story::new(&[]);
    let key = breach().on("app:api@web-1").signal("app.memory").build();
    story.incidents = vec![incident(1).of([key]).opened(at(0)).build()];
    story.tick(0);
    let mut one = story.incidents.remove(0);
    assert!(one.recommendations.len() > 1, "{:?}", one.recommendations);
    assert_eq!(resolution(&one, &Ratings::default()), None);
    assert!(helped(&one, &Ratings::default()).is_empty());
    let ran = |worked| {
        Stage::Ended(Ended {
            started_at: at(60),
            cancelled: None,
            at: at(65),
            outcome: RunOutcome::Exited { code: 0 },
            duration: Span::from_secs(5),
            worked,
            began_before: false,
            proved_at: worked.map(|_| at(400)),
        })
    };
    one.recommendations[0].stage = ran(Some(true));
    one.recommendations[1].stage = ran(Some(false));
    one.breaches[0].ending = Some(Ending::Recovered { since: at(300) });
    one.resolution = Some(Resolution { by: Actor::Agent, at: at(720), note: None });
    let rated = |rating| {
        let event = domain::journal::Event::RecommendationRated {
            incident: IncidentNumber(1),
            place: 1,
            command: "restart".into(),
            signal: "app.memory".parse().unwrap(),
            rating,
        };
        let (at, actor, event) = (at(800), Actor::Local, Some(event));
        Ratings::of(&[domain::journal::Entry { number: 9, at, actor, event }])
    };
    let ended = resolution(&one, &rated(Rating::Fixed)).unwrap();
    let run = ended.run.unwrap();
    assert_eq!((run.place, run.worked, run.rating), (1, Some(true), Some(Rating::Fixed)));
    assert_eq!(run.recovered_after, Some(Span::from_mins(4)));
    assert_eq!(
        (ended.lasted, ended.recovered, ended.by_person),
        (Span::from_mins(12), true, false)
    );
    let signal: Signal = "app.memory".parse().unwrap();
    let expected = [(one.recommendations[0].command.clone(), signal)];
    assert_eq!(Vec::from_iter(helped(&one, &rated(Rating::Fixed))), expected);
    // People know better than the signal.
    assert!(helped(&one, &rated(Rating::Wrong)).is_empty());
    let told = resolution(&one, &rated(Rating::Wrong)).unwrap().run.unwrap();
    assert_eq!((told.place, told.worked), (2, Some(false)));
    // What had begun to recover before the command says nothing about it.
    let Stage::Ended(ended) = &mut one.recommendations[0].stage else { panic!("it ran") };
    ended.began_before = true;
    assert!(helped(&one, &Ratings::default()).is_empty());
    let told = resolution(&one, &Ratings::default()).unwrap().run.unwrap();
    assert_eq!((told.place, told.worked, told.recovered_after), (2, Some(false), None));
}

fn any_traits(number: u32) -> impl Strategy<Value = Traits> {
    let some =
        |words: &'static [&'static str], most| proptest::sample::subsequence(words, 1..=most);
    (
        some(&["app:api@web-1", "app:jobs@web-1", "host:web-1", "service:mail"], 3),
        some(&["app app.memory", "app app.up", "host host.load", "service queue.depth"], 3),
        some(&["leak", "deploy", "importer", "certificate"], 4),
    )
        .prop_map(move |(subjects, problems, text)| {
            traits(number, &subjects, &problems, &text.join(" "))
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(64)))]

    #[test]
    fn the_ranking_is_bounded_and_the_same_for_any_order(
        asked in any_traits(100),
        mut found in (0..12u32).prop_map(|count| (0..count).map(any_traits).collect::<Vec<_>>())
            .prop_flat_map(|all| all),
    ) {
        let ranked = rank(&asked, &found);
        prop_assert!(ranked.len() <= MOST_SIMILAR && !ranked.contains(&asked.number));
        found.reverse();
        prop_assert_eq!(&rank(&asked, &found), &ranked);
        for number in &ranked {
            let one = found.iter().find(|one| one.number == *number).unwrap();
            let shares = !one.problems.is_disjoint(&asked.problems)
                || !one.subjects.is_disjoint(&asked.subjects);
            prop_assert!(shares, "{one:?}");
        }
        // The same once more is the most similar that there can be.
        let twin = Traits { number: IncidentNumber(99), ..asked.clone() };
        found.push(twin);
        let ranked = rank(&asked, &found);
        prop_assert_eq!(ranked.first(), Some(&IncidentNumber(99)));
    }
}
