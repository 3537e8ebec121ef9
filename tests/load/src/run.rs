//! A run: the registry and the bare handler, in turn, scenario by scenario.

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use crate::{
    Failure, decide,
    measure::{Load, Outcome, measure},
    process::Server,
    report::{Line, Report},
    scenario::Scenario,
    seed::Seeded,
};

/// Start the registry and measure it
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// A data directory that `load seed` filled
    #[arg(long, value_name = "DIR")]
    data_dir: PathBuf,
    /// What is asked, separated by commas
    #[arg(long, value_enum, value_delimiter = ',', default_values = ["list", "pages", "latest", "unchanged", "search", "since", "resolve"])]
    scenarios: Vec<Scenario>,
    /// How many connections ask at once
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = clap::value_parser!(u16).range(1..))]
    connections: u16,
    /// Requests a second, whatever comes (open loop); as fast as answers come (closed loop), where absent
    #[arg(long, value_name = "N", value_parser = rate)]
    rate: Option<f64>,
    /// How long each of the two is asked each scenario, in seconds, over all rounds
    #[arg(long, value_name = "SECONDS", default_value_t = 6, value_parser = clap::value_parser!(u64).range(1..))]
    seconds: u64,
    /// In how many rounds: each asks both, so that what else the machine does is fair to both
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// Threads that ask
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    threads: u16,
    /// Another build of the registry than the one in this program
    #[arg(long, value_name = "PROGRAM")]
    registry: Option<PathBuf>,
    /// The registry's form of log lines; they are written, to a file in the data directory
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    log_format: String,
}

fn rate(text: &str) -> Result<f64, String> {
    text.parse().ok().filter(|rate: &f64| rate.is_finite() && *rate > 0.0).ok_or_else(|| "a number above 0".to_owned())
}

/// Starts the registry and measures it.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let seeded = Seeded::read(&arguments.data_dir)?;
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(arguments.threads.into()).enable_all().build()?;
    let started = Instant::now();
    let registry = Server::registry(arguments.registry.as_deref(), &arguments.data_dir, &arguments.log_format)?;
    let mut report = Report::new(started.elapsed(), registry.memory()?);
    let load = Load {
        connections: arguments.connections.into(),
        rate: arguments.rate,
        duration: Duration::from_secs(arguments.seconds) / arguments.rounds,
    };
    for scenario in &arguments.scenarios {
        if *scenario == Scenario::Decide {
            report.decisions(&runtime.block_on(decide::decide(registry.address, &seeded, load, arguments.rounds))?);
            continue;
        }
        let (questions, answer) = runtime.block_on(scenario.prepare(registry.address, &seeded))?;
        let bare = Server::bare(&answer.body)?;
        let (mut ours, mut theirs) = (Side::new()?, Side::new()?);
        for _ in 0..arguments.rounds {
            for (server, side) in [(&registry, &mut ours), (&bare, &mut theirs)] {
                let before = server.processor_time()?;
                side.outcome.add(&runtime.block_on(measure(server.address, &questions, load))?)?;
                side.processor += server.processor_time()?.saturating_sub(before);
            }
        }
        report.line(&Line { scenario: *scenario, bytes: answer.body.len(), ours, theirs });
    }
    report.print(registry.memory()?);
    Ok(())
}

/// What came of asking one of the two.
pub(crate) struct Side {
    pub(crate) outcome: Outcome,
    pub(crate) processor: Duration,
}

impl Side {
    fn new() -> Result<Self, Failure> {
        Ok(Self { outcome: Outcome::new()?, processor: Duration::ZERO })
    }

    /// The processor time of one answer, in microseconds.
    #[expect(clippy::cast_precision_loss, reason = "counts of seconds")]
    pub(crate) fn microseconds(&self) -> f64 {
        self.processor.as_secs_f64() * 1e6 / self.outcome.latencies.len().max(1) as f64
    }
}
