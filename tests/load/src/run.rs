//! A run: the registry and the bare handler, in turn, scenario by scenario.

use std::{sync::Arc, time::Duration};

use tokio::{runtime::Runtime, time::Instant};

use crate::{
    Failure, decide,
    measure::{Load, Outcome, drive},
    process::{Registry, Server},
    report::{Line, Report},
    scenario::{Questions, Reader, Scenario},
    seed::{self, Seeded},
};

/// Start a registry that was filled, and measure it beside a bare handler
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// What is asked, separated by commas
    #[arg(long, value_enum, value_name = "SCENARIO", value_delimiter = ',', default_values = ["list", "pages", "latest", "unchanged", "search", "since", "resolve"])]
    scenarios: Vec<Scenario>,
    /// How many connections ask at once
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = clap::value_parser!(u16).range(1..=500))]
    connections: u16,
    /// Requests a second, whatever comes (open loop): latencies count from when a request was due; as fast as answers come
    /// (closed loop), where absent
    #[arg(long, value_name = "N", value_parser = rate)]
    rate: Option<f64>,
    /// How long each of the two is asked each scenario, in seconds, over all rounds
    #[arg(long, value_name = "SECONDS", default_value_t = 6, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    seconds: u64,
    /// In how many rounds: each asks both, so that what else the machine does is fair to both
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    rounds: u32,
    /// Threads that ask
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=256))]
    threads: u16,
    /// Print JSON instead of tables
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    registry: Registry,
}

/// The highest rate: a question each microsecond.
const MAX_RATE: f64 = 1e6;

fn rate(text: &str) -> Result<f64, String> {
    let rate = text.parse().ok().filter(|rate: &f64| *rate > 0.0 && *rate <= MAX_RATE);
    rate.ok_or_else(|| "a number above 0, and at most a million".to_owned())
}

/// Starts the registry and measures it.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let seeded = Seeded::read(&arguments.registry.data_dir)?;
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(arguments.threads.into()).enable_all().build()?;
    let started = Instant::now();
    let registry = arguments.registry.start()?;
    let mut report = Report::new(arguments.rate, started.elapsed(), registry.memory()?);
    runtime.block_on(seed::check(&registry, &seeded))?;
    for scenario in &arguments.scenarios {
        let (before, answers) = match scenario {
            Scenario::Decide => decisions(arguments, &runtime, &registry, &seeded, &mut report)?,
            _ => reads(arguments, &runtime, &registry, &seeded, *scenario, &mut report)?,
        };
        // The registry counts its answers itself: it gave what is counted here, and nothing else was measured with it.
        let counted = runtime.block_on(registry.answers(*scenario))?.saturating_sub(before);
        if counted != answers {
            return Err(
                format!("{}: {answers} answers came, and the registry counted {counted}", scenario.name()).into()
            );
        }
    }
    report.end(registry.memory()?);
    registry.stop()?;
    if arguments.json { report.print_json() } else { report.print() }
}

/// Has both asked one scenario. Gives back how many answers of its kind the registry had given before, and how many came.
fn reads(
    arguments: &Arguments,
    runtime: &Runtime,
    registry: &Server,
    seeded: &Seeded,
    scenario: Scenario,
    report: &mut Report,
) -> Result<(u64, u64), Failure> {
    let questions = scenario.prepare(registry.address, seeded.servers, seeded.almost_done);
    let questions = Arc::new(runtime.block_on(questions)?);
    let bare = Server::bare(questions.answer.status, &questions.answer.body)?;
    let before = runtime.block_on(registry.answers(scenario))?;
    let (mut ours, mut theirs) = (Side::new(false)?, Side::new(true)?);
    for round in 0..arguments.rounds {
        let mut both = [(registry, &mut ours), (&bare, &mut theirs)];
        // Neither always comes after the other.
        if round % 2 == 1 {
            both.reverse();
        }
        for (server, side) in both {
            let at = server.processor_time()?;
            runtime.block_on(side.ask(server, &questions, arguments))?;
            side.processor += server.processor_time()?.saturating_sub(at);
        }
    }
    let answers = ours.outcome.answers();
    report.line(Line { scenario, bytes: questions.answer.body.len(), ours, theirs });
    Ok((before, answers))
}

/// Has the registry decide. Gives back how many consents it had taken before, and how many came.
fn decisions(
    arguments: &Arguments,
    runtime: &Runtime,
    registry: &Server,
    seeded: &Seeded,
    report: &mut Report,
) -> Result<(u64, u64), Failure> {
    let before = runtime.block_on(registry.answers(Scenario::Decide))?;
    let at = registry.processor_time()?;
    let load = Load { rate: arguments.rate, duration: Duration::from_secs(arguments.seconds) };
    let connections = arguments.connections.into();
    let decisions = runtime.block_on(decide::decide(registry.address, &seeded.tokens, connections, load))?;
    let answers = decisions.approvals();
    report.decisions(decisions, registry.processor_time()?.saturating_sub(at));
    Ok((before, answers))
}

/// What came of asking one of the two.
pub(crate) struct Side {
    pub(crate) outcome: Outcome,
    processor: Duration,
    is_bare: bool,
}

impl Side {
    fn new(is_bare: bool) -> Result<Self, Failure> {
        Ok(Self { outcome: Outcome::new()?, processor: Duration::ZERO, is_bare })
    }

    /// One round.
    async fn ask(&mut self, server: &Server, questions: &Arc<Questions>, arguments: &Arguments) -> Result<(), Failure> {
        let load = Load { rate: arguments.rate, duration: Duration::from_secs(arguments.seconds) / arguments.rounds };
        let mut readers = Vec::new();
        for number in 0..arguments.connections.into() {
            readers.push(Reader::new(server.address, questions, number, self.is_bare).await?);
        }
        let (readers, seconds) = drive(readers, load).await?;
        for reader in readers {
            self.outcome.latencies.add(&reader.outcome.latencies)?;
        }
        self.outcome.seconds += seconds;
        Ok(())
    }

    /// The processor time of one answer, in microseconds.
    #[expect(clippy::cast_precision_loss, reason = "counts of seconds")]
    pub(crate) fn processor(&self) -> f64 {
        self.processor.as_secs_f64() * 1e6 / self.outcome.answers().max(1) as f64
    }
}
