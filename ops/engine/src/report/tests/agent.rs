use domain::{
    hash::Hash,
    recommendation::{Approval, Awaited, Given as Consent, Recommendation, Risk, Stage, Undo},
};

use super::*;

/// The offer of a command, with the consents that it got.
fn offer(place: u32, offered: i64, approval: Approval, consents: &[i64]) -> Recommendation {
    let given = |seconds: &i64| Consent { by: ADA, at: at(*seconds), binding: Hash::GENESIS };
    Recommendation {
        place,
        command: "pm2-reload".into(),
        values: std::collections::BTreeMap::new(),
        title: "Reload one app".into(),
        argv: Vec::new(),
        shown: String::new(),
        check: None,
        user: "Calm Ops".into(),
        host: "web-1".into(),
        subject: "app:api@web-1".parse().unwrap(),
        risk: Risk::Low,
        blast_radius: String::new(),
        effect: String::new(),
        undo: Undo::Never(String::new()),
        approval,
        time_limit: Span::from_secs(1),
        cool_down: Span::ZERO,
        proof: Awaited { breach: breach().build().key, within: Span::from_mins(10) },
        reasons: Vec::new(),
        catalogue: String::new(),
        offered_at: at(offered),
        expires_at: at(offered + 600),
        approvals: consents.iter().map(given).collect(),
        stage: Stage::Offered,
    }
}

fn with(recommendations: Vec<Recommendation>) -> StabilityReport {
    let mut one = opened(1, 10, Some(20));
    one.recommendations = recommendations;
    Given::of(vec![one]).report()
}

#[test]
fn one_of_two_consents_is_no_approval_and_the_last_one_completes_it() {
    let found = with(vec![offer(1, 100, Approval::Two, &[130])]);
    assert_eq!((found.agent.approved, found.approvals.approved), (0, 0));
    let found = with(vec![offer(1, 100, Approval::Two, &[130, 400])]);
    assert_eq!((found.agent.approved, found.approvals.approved), (1, 1));
    assert_eq!(found.approvals.median, Some(Span::from_secs(300)));
}

#[test]
fn a_command_that_is_decided_upon_again_counts_once() {
    let mut declined = offer(1, 100, Approval::One, &[]);
    declined.stage = Stage::Declined { by: ADA, at: at(110), reason: "x".into() };
    let mut again = offer(2, 200, Approval::One, &[]);
    again.stage = declined.stage.clone();
    let approved = |place, offered, at| offer(place, offered, Approval::One, &[at]);
    let all = vec![declined, again, approved(3, 300, 340), approved(4, 5_000, 5_010)];
    let found = with(all);
    let agent = found.agent;
    assert_eq!((agent.recommended, agent.approved, agent.declined), (1, 1, 1));
    assert_eq!(found.approvals.approved, 1);
    // From the first offer of all to the first consent.
    assert_eq!(found.approvals.median, Some(Span::from_secs(240)));
}
