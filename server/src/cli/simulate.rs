//! `calm-ops simulate`: simulated traffic for the gate, and a report of what happened; or a simulated
//! past.

use std::{io::Write, path::PathBuf, sync::Arc};

use clap::{Args, builder::PossibleValue};
use domain::time::{BadSpan, Span};
use engine::simulation::{Culprits, Parameters, Reactions, Scenario, Schedule, Sender, Summary};
use policy::limits::{Organization, Rate};

use super::{
    database, file_limit,
    outcome::Outcome,
    simulate_past::{self, Past},
};
use crate::{
    clock::Clock,
    config::Config,
    documents,
    simulate::{
        Application, Capacity, Folder, HostPattern, JournalReader, Patience, Report, Requests,
        Rules, Target, TargetError, drive,
    },
};

const EXAMPLES: &str = "\
Examples:
  calm-ops simulate upload-spike --organization acme --rate 50/s --ramp 10s --for 60s
  calm-ops simulate one-of-many --others 1000 --others-rate 1/s --target http://127.0.0.1:8080/ --host '*.shop.example'

  calm-ops simulate week --data-dir demo

Every organization sends its usual traffic all the time: 60% GET /orders, 20% POST /orders, 20% POST to --path. The trouble is POST to --path, on top of it.
The report is printed, and saved as report.txt, report.json and rates.svg.

Exit codes:
  0  the run was complete, whatever its outcome
  1  the gate or the target could not be reached, or the run was ended early
  2  an argument or the configuration is not valid
  3  the report could not be saved";

/// A simulation: of traffic, or of a past.
#[derive(Args, Debug)]
#[command(after_long_help = EXAMPLES, subcommand_negates_reqs = true)]
pub(super) struct Simulate {
    #[command(subcommand)]
    past: Option<Past>,
    #[command(flatten)]
    traffic: Traffic,
}

/// Parameters of simulated traffic.
#[derive(Args, Debug)]
struct Traffic {
    /// The trouble.
    #[arg(value_name = "SCENARIO", value_parser = scenarios(), required = true)]
    scenario: Option<String>,
    /// The organization that makes the trouble.
    #[arg(long, value_name = "NAME", default_value = "acme")]
    organization: String,
    /// Its rate at the highest, such as 50/s or 600/min. Default: 50/s; slow-clients: 5/s.
    #[arg(long, value_name = "RATE", value_parser = rate)]
    rate: Option<f64>,
    /// The time in which the trouble rises, and in which it falls. Default: 10 s; flapping: 0 s.
    #[arg(long, value_name = "DURATION", value_parser = span)]
    ramp: Option<Span>,
    /// The time for which it stays high. Default: 60 s.
    #[arg(long = "for", value_name = "DURATION", value_parser = span)]
    hold: Option<Span>,
    /// The time before the trouble, in which what is usual can be learned. Default: 30 s.
    #[arg(long, value_name = "DURATION", value_parser = span)]
    calm: Option<Span>,
    /// The time after the trouble. Default: 30 s.
    #[arg(long, value_name = "DURATION", value_parser = span)]
    after: Option<Span>,
    /// The number of other organizations. Default: 5; one-of-many: 1000.
    #[arg(long, value_name = "NUMBER")]
    others: Option<u32>,
    /// The usual rate of each other organization. Default: 2/s; one-of-many: 1/s.
    #[arg(long, value_name = "RATE", value_parser = rate)]
    others_rate: Option<f64>,
    /// The usual rate of the organization that makes the trouble. Default: that of the others.
    #[arg(long, value_name = "RATE", value_parser = rate)]
    usual_rate: Option<f64>,
    /// The path of uploads.
    #[arg(long, value_name = "PATH", default_value = "/upload")]
    path: String,
    /// Send requests through the proxy at this URL. Without it the gate of this configuration is
    /// asked directly, as a proxy asks it. Only loopback addresses.
    #[arg(long, value_name = "URL")]
    target: Option<String>,
    /// The host of requests, where it names the organization: '*.shop.example'. The header
    /// X-Organization is always sent.
    #[arg(long, value_name = "PATTERN", value_parser = HostPattern::read)]
    host: Option<HostPattern>,
    /// Report results to the gate, as an application does. From then on, for 5 minutes, it judges how
    /// many requests are under way at a time, those of real organizations too: only where the
    /// application reports its results anyway. A gate that follows an access log takes only queueing
    /// times from these reports.
    #[arg(long, conflicts_with = "target")]
    report_results: bool,
    /// Allow a target that is not this machine. Simulated load can disturb others.
    #[arg(long, requires = "target")]
    i_own_this_target: bool,
    #[command(flatten)]
    storm: Storm,
    /// The folder for the report. Default: ./calm-ops-simulation-<time>.
    #[arg(long, value_name = "DIR")]
    save: Option<PathBuf>,
    /// The seed of all random numbers: the same seed makes the same schedule.
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    seed: u64,
}

/// Options that only a retry storm has.
#[derive(Args, Debug)]
#[command(next_help_heading = "Options of retry-storm")]
struct Storm {
    /// Let requests past the gate, for comparison.
    #[arg(long)]
    without_gate: bool,
    /// Workers of the demo application. Default: 4.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..=1_000))]
    workers: Option<u32>,
    /// The time that each request takes a worker. Default: 80 ms.
    #[arg(long, value_name = "DURATION", value_parser = span)]
    service_time: Option<Span>,
    /// The time after which a client tries again. Default: 1 s.
    #[arg(long, value_name = "DURATION", value_parser = span)]
    timeout: Option<Span>,
    /// The number of times that a client tries again. Default: 3.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(0..=10))]
    retries: Option<u32>,
}

impl Storm {
    const fn is_given(&self) -> bool {
        let Self { without_gate, workers, service_time, timeout, retries } = self;
        *without_gate
            || workers.is_some()
            || service_time.is_some()
            || timeout.is_some()
            || retries.is_some()
    }

    fn capacity(&self) -> Capacity {
        Capacity {
            workers: self.workers.unwrap_or(4),
            service_time: self.service_time.unwrap_or(Span::from_millis(80)).to_std(),
        }
    }

    fn patience(&self) -> Patience {
        Patience {
            timeout: Some(self.timeout.unwrap_or(Span::from_secs(1)).to_std()),
            retries: self.retries.unwrap_or(3),
        }
    }
}

fn span(text: &str) -> Result<Span, BadSpan> {
    text.parse()
}

fn rate(text: &str) -> Result<f64, policy::limits::BadRate> {
    text.parse().map(Rate::per_second)
}

fn scenarios() -> clap::builder::PossibleValuesParser {
    let value = |scenario: Scenario| {
        let help = match scenario {
            Scenario::UploadSpike => "its uploads rise, stay high, and fall",
            Scenario::Flapping => "its uploads go on and off every 10 s",
            Scenario::OneOfMany => "an upload spike among very many other organizations",
            Scenario::Everybody => "all organizations rise at once, each to the rate",
            Scenario::ManyNames => "one client sends each request under another invented name",
            Scenario::SlowClients => {
                "it sends bodies slowly and keeps connections busy; only with --target"
            }
            Scenario::RetryStorm => {
                "a short spike pushes a demo application over, and clients that try again keep it there"
            }
        };
        PossibleValue::new(scenario.name()).help(help)
    };
    Scenario::ALL.map(value).into()
}

impl Traffic {
    fn parameters(&self) -> Parameters {
        let named = self.scenario.as_deref();
        let named = Scenario::ALL.into_iter().find(|one| named == Some(one.name()));
        // The parser lets only their names through, and asks for one unless a past is simulated.
        let standard = named.unwrap_or(Scenario::UploadSpike).standard();
        Parameters {
            organization: self.organization.clone(),
            rate: self.rate.unwrap_or(standard.rate),
            others: self.others.unwrap_or(standard.others),
            others_rate: self.others_rate.unwrap_or(standard.others_rate),
            usual_rate: self.usual_rate,
            calm: self.calm.unwrap_or(standard.calm),
            ramp: self.ramp.unwrap_or(standard.ramp),
            hold: self.hold.unwrap_or(standard.hold),
            after: self.after.unwrap_or(standard.after),
            path: self.path.clone(),
            seed: self.seed,
            ..standard
        }
    }
}

/// Reason why there is no report, with the outcome of the program.
struct Failure(Outcome, String);

impl From<TargetError> for Failure {
    fn from(error: TargetError) -> Self {
        let outcome = if error.is_usage() { Outcome::Usage } else { Outcome::Wrong };
        Self(outcome, error.to_string())
    }
}

fn usage(problem: impl std::fmt::Display) -> Failure {
    Failure(Outcome::Usage, problem.to_string())
}

/// Carries the command out. `names_folder` is true if the command line itself names a data directory.
pub(super) fn simulate(
    config: &Config,
    arguments: Simulate,
    names_folder: bool,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Outcome {
    let Simulate { past, traffic: arguments } = arguments;
    if let Some(past) = past {
        return simulate_past::simulate(config, &past, names_folder, out, err);
    }
    file_limit::raise();
    let Some(runtime) = database::runtime(err) else { return Outcome::Failed };
    let done = runtime.block_on(async {
        let prepared = prepare(config, arguments).await?;
        carry_out(config, prepared, out, err).await
    });
    match done {
        Ok(outcome) => outcome,
        Err(Failure(outcome, problem)) => {
            let end = if problem.ends_with('?') { "" } else { "." };
            let _ = writeln!(err, "error: {problem}{end}");
            outcome
        }
    }
}

/// The place that requests are sent to.
struct Aim {
    target: Target,
    /// The target in words.
    words: String,
    patience: Patience,
    /// The application of a retry storm: it runs as long as this is kept.
    _application: Option<Application>,
}

async fn aim(
    config: &Config,
    arguments: &Traffic,
    parameters: &Parameters,
) -> Result<Aim, Failure> {
    if parameters.scenario == Scenario::RetryStorm {
        return storm(config, arguments, parameters).await;
    }
    if arguments.storm.is_given() {
        let name = parameters.scenario.name();
        return Err(usage(format!(
            "{name} has no demo application: the options --without-gate, --workers, --service-time, --timeout and --retries are for retry-storm"
        )));
    }
    let target = match &arguments.target {
        Some(url) => Target::proxy(url, arguments.i_own_this_target).await?,
        None if parameters.scenario == Scenario::SlowClients => {
            return Err(usage(
                "slow-clients sends bodies, and the gate gets none: name a proxy with --target",
            ));
        }
        None => Target::gate(&config.collectors.gate)?,
    };
    target.reach().await?;
    let words = target.to_string();
    Ok(Aim { target, words, patience: Patience::ONCE, _application: None })
}

/// Starts the demo application.
async fn storm(
    config: &Config,
    arguments: &Traffic,
    parameters: &Parameters,
) -> Result<Aim, Failure> {
    if arguments.target.is_some() {
        return Err(usage("--target: retry-storm has an application of its own, leave it out"));
    }
    let (capacity, patience) = (arguments.storm.capacity(), arguments.storm.patience());
    if capacity.service_time.is_zero() || patience.timeout.is_some_and(|limit| limit.is_zero()) {
        return Err(usage("--service-time and --timeout: expected a time above zero"));
    }
    let usual = parameters.usual_load();
    let most = capacity.per_second();
    if usual >= most {
        return Err(usage(format!(
            "--others-rate: the usual load of {usual:.1}/s is not below the capacity of {most:.1}/s, so the application is never healthy"
        )));
    }
    let gate = match arguments.storm.without_gate {
        true => None,
        false => Some(Target::gate(&config.collectors.gate)?),
    };
    if let Some(gate) = &gate {
        gate.reach().await?;
    }
    let behind = gate
        .as_ref()
        .map_or_else(|| "without the gate".to_owned(), |gate| format!("behind {gate}"));
    let words = format!(
        "a demo application that does {most:.1}/s and gets {usual:.1}/s as a rule, {behind}; clients try again {} times after {}",
        patience.retries,
        Span::from(patience.timeout.unwrap_or_default())
    );
    let application = Application::start(capacity, gate).await;
    let application = application.map_err(|error| {
        Failure(Outcome::Failed, format!("the demo application can't be started: {error}"))
    })?;
    Ok(Aim { target: application.target(), words, patience, _application: Some(application) })
}

/// All that is checked before the first request.
struct Prepared {
    parameters: Parameters,
    schedule: Schedule,
    requests: Arc<Requests>,
    aim: Aim,
    folder: Folder,
    /// Results are reported to the gate.
    reports: bool,
}

async fn prepare(config: &Config, arguments: Traffic) -> Result<Prepared, Failure> {
    let parameters = arguments.parameters();
    let schedule = Schedule::new(&parameters).map_err(usage)?;
    Requests::check(&parameters.organization).map_err(usage)?;
    let aim = aim(config, &arguments, &parameters).await?;
    let reports = arguments.report_results;
    let Parameters { organization, path, .. } = &parameters;
    let requests = Requests::new(aim.target.clone(), organization, path, arguments.host);
    let requests = Arc::new(requests.map_err(usage)?);
    let path = arguments.save.unwrap_or_else(|| Folder::standard(Clock::start().now().wall));
    let folder = Folder::make(&path).map_err(|problem| usage(format!("--save: {problem}")))?;
    Ok(Prepared { parameters, schedule, requests, aim, folder, reports })
}

async fn carry_out(
    config: &Config,
    prepared: Prepared,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<Outcome, Failure> {
    let Prepared { parameters, schedule, requests, aim, folder, reports } = prepared;
    let Schedule { requests: planned, phases } = schedule;
    let clock = Clock::start();
    let rules = match documents::limits(config.ops_dir.as_deref()) {
        Ok(limits) => Rules::of(&limits, &requests, clock.now().wall),
        Err(error) => Rules::unknown(&error.to_string()),
    };
    let reader = JournalReader::open(&config.place()).await;
    let number = planned.len();
    let _ = writeln!(
        err,
        "Sending {number} requests to {} in {}. Stop with Ctrl-C.",
        aim.words, phases.end
    );
    for note in &rules.notes {
        let _ = writeln!(err, "Note: {note}");
    }
    let run = drive(requests, aim.patience, planned, reports, clock, err).await;
    let mut run = run
        .map_err(|error| Failure(Outcome::Failed, format!("the run can't be started: {error}")))?;
    let records = std::mem::take(&mut run.records);
    let summary = Summary::new(&records, &phases, &parameters.organization);
    let journal = match reader {
        Ok(reader) => reader.read(clock.now().wall).await,
        Err(why) => Err(why),
    };
    let first = run.began_at.plus(summary.first_trouble.unwrap_or(phases.trouble_from));
    let entries = journal.as_ref().map_or(&[][..], |told| &told.entries);
    let reactions = Reactions::of(entries, &culprits(&parameters), first);
    let report = Report {
        parameters,
        target: aim.words,
        phases,
        run,
        summary,
        journal,
        reactions,
        static_limit: rules.limit,
        notes: rules.notes,
    };
    finish(&report, &folder, out)
}

/// Prints and saves the report.
fn finish(report: &Report, folder: &Folder, out: &mut dyn Write) -> Result<Outcome, Failure> {
    let text = report.text();
    let _ = write!(out, "{text}");
    let files = [
        ("report.txt", text),
        ("report.json", format!("{:#}\n", report.json())),
        ("rates.svg", report.picture()),
    ];
    for (name, text) in files {
        folder.write(name, &text).map_err(|problem| Failure(Outcome::Failed, problem))?;
    }
    let _ = writeln!(out, "\nSaved in {}.", folder.path().display());
    let is_complete = report.run.interrupted.is_none();
    Ok(if is_complete { Outcome::Fine } else { Outcome::Wrong })
}

/// The subjects that count as the source of the trouble.
fn culprits(parameters: &Parameters) -> Culprits {
    match parameters.scenario {
        Scenario::Everybody | Scenario::ManyNames => Culprits::Any,
        Scenario::UploadSpike
        | Scenario::Flapping
        | Scenario::OneOfMany
        | Scenario::SlowClients
        | Scenario::RetryStorm => {
            let name = Sender::Chosen.name(&parameters.organization);
            Organization::new(&*name).map_or(Culprits::Any, |one| Culprits::One(one.subject()))
        }
    }
}
