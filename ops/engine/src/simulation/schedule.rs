//! Schedules: a pure function from parameters to all requests of a run.

use domain::time::Span;

use crate::simulation::{
    parameters::{BadParameters, Parameters, Scenario},
    profile::Profile,
    random::Random,
    request::{Phases, Planned, Purpose, Sender},
};

/// The time for which flapping trouble is on, and then off.
const FLAP: Span = Span::from_secs(10);
/// Of usual requests this share reads, and this share uploads; the others write.
const READS: f64 = 0.6;
const UPLOADS: f64 = 0.2;

/// All requests of a run, in the order of their times.
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule {
    /// The requests.
    pub requests: Vec<Planned>,
    /// The parts of the run.
    pub phases: Phases,
}

impl Schedule {
    /// Makes the schedule of a simulation. The same parameters make the same schedule.
    pub fn new(parameters: &Parameters) -> Result<Self, BadParameters> {
        let trouble = trouble(parameters);
        let length = parameters.length();
        let usual = |rate| Profile::steady(Span::ZERO, length, rate);
        let others = usual(parameters.others_rate);
        let chosen = usual(parameters.usual_rate.unwrap_or(parameters.others_rate));
        let troubled = match parameters.scenario {
            Scenario::Everybody => f64::from(parameters.others) + 1.0,
            _ => 1.0,
        };
        let requests = f64::from(parameters.others) * others.requests() + chosen.requests();
        parameters.check(requests + troubled * trouble.requests())?;
        let mut requests = Vec::new();
        let everyone =
            std::iter::once(Sender::Chosen).chain((1..=parameters.others).map(Sender::Other));
        for (stream, sender) in (0_u64..).zip(everyone) {
            let mut random = Random::new(parameters.seed, 2 * stream);
            let usual = if sender == Sender::Chosen { &chosen } else { &others };
            for at in usual.times(&mut random) {
                let purpose = usual_purpose(random.share());
                requests.push(Planned { at, sender, purpose });
            }
            if sender == Sender::Chosen || parameters.scenario == Scenario::Everybody {
                let times = trouble.times(&mut Random::new(parameters.seed, 2 * stream + 1));
                requests.extend(troubled_by(parameters.scenario, sender, times));
            }
        }
        requests.sort_unstable_by_key(|planned| (planned.at, planned.sender));
        let trouble_until = parameters.calm.plus(parameters.trouble());
        let phases = Phases { trouble_from: parameters.calm, trouble_until, end: length };
        Ok(Self { requests, phases })
    }
}

/// The requests of the trouble.
fn troubled_by(
    scenario: Scenario,
    sender: Sender,
    times: Vec<Span>,
) -> impl Iterator<Item = Planned> {
    let purpose = match scenario {
        Scenario::SlowClients => Purpose::SlowTrouble,
        _ => Purpose::Trouble,
    };
    (1..).zip(times).map(move |(number, at)| {
        let sender = match scenario {
            Scenario::ManyNames => Sender::Invented(number),
            _ => sender,
        };
        Planned { at, sender, purpose }
    })
}

fn usual_purpose(share: f64) -> Purpose {
    if share < READS {
        Purpose::Read
    } else if share < READS + UPLOADS {
        Purpose::Upload
    } else {
        Purpose::Write
    }
}

/// The rate of the trouble.
fn trouble(parameters: &Parameters) -> Profile {
    let Parameters { rate, calm, ramp, hold, .. } = *parameters;
    let hill = |profile: Profile, from: Span, ramp: Span, hold: Span| {
        let high = from.plus(ramp);
        let falls = high.plus(hold);
        profile.to(from, 0.0).to(high, rate).to(falls, rate).to(falls.plus(ramp), 0.0)
    };
    if parameters.scenario != Scenario::Flapping {
        return hill(Profile::default(), calm, ramp, hold);
    }
    let (mut profile, mut from) = (Profile::default(), calm);
    let until = calm.plus(hold);
    while from < until {
        let on = FLAP.min(until.minus(from));
        let ramp = ramp.min(Span::from_micros(on.as_micros() / 2));
        profile = hill(profile, from, ramp, on.minus(ramp).minus(ramp));
        from = from.plus(FLAP).plus(FLAP);
    }
    profile
}
