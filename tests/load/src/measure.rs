//! Asking: as fast as answers come (closed loop), or at a rate whatever comes (open loop).

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use hdrhistogram::Histogram;

use crate::{Failure, client::Connection, scenario::Questions};

/// How often, by how many, for how long.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load {
    pub(crate) connections: usize,
    /// Requests a second over all connections; as fast as answers come, where absent.
    pub(crate) rate: Option<f64>,
    pub(crate) duration: Duration,
}

/// What came of it.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    /// Latencies in nanoseconds. In the open loop they count from when the question was due, not from when there was a
    /// free connection to ask it: a server that stalls is seen to.
    pub(crate) latencies: Histogram<u64>,
    pub(crate) seconds: f64,
    pub(crate) bytes: u64,
}

impl Outcome {
    pub(crate) fn new() -> Result<Self, Failure> {
        // Up to a minute, three digits.
        Ok(Self { latencies: Histogram::new_with_bounds(1, 60_000_000_000, 3)?, seconds: 0.0, bytes: 0 })
    }

    /// Adds what came of another round.
    pub(crate) fn add(&mut self, other: &Self) -> Result<(), Failure> {
        self.latencies.add(&other.latencies)?;
        self.seconds += other.seconds;
        self.bytes += other.bytes;
        Ok(())
    }

    #[expect(clippy::cast_precision_loss, reason = "counts of seconds")]
    pub(crate) fn per_second(&self) -> f64 {
        self.latencies.len() as f64 / self.seconds
    }
}

/// Puts a load on a server. Every answer must have the status that its question expects.
pub(crate) async fn measure(address: SocketAddr, questions: &Arc<Questions>, load: Load) -> Result<Outcome, Failure> {
    let mut connections = Vec::new();
    for _ in 0..load.connections {
        connections.push(Connection::new(address).await?);
    }
    let start = Instant::now();
    let tasks: Vec<_> = connections
        .into_iter()
        .enumerate()
        .map(|(number, connection)| tokio::spawn(ask(connection, Arc::clone(questions), load, number, start)))
        .collect();
    let mut outcome = Outcome::new()?;
    for task in tasks {
        let (latencies, bytes) = task.await??;
        outcome.latencies.add(latencies)?;
        outcome.bytes += bytes;
    }
    outcome.seconds = start.elapsed().as_secs_f64();
    Ok(outcome)
}

/// One connection's share.
async fn ask(
    mut connection: Connection,
    questions: Arc<Questions>,
    load: Load,
    number: usize,
    start: Instant,
) -> Result<(Histogram<u64>, u64), Failure> {
    let mut outcome = Outcome::new()?;
    let schedule = load.rate.map(|rate| Schedule::new(rate, load.connections, number));
    for turn in 0.. {
        let now = Instant::now();
        let due = schedule.as_ref().map_or(now, |schedule| start + schedule.due(turn));
        if due.duration_since(start) >= load.duration {
            break;
        }
        // Whoever was free when the question was due asks when the timer says so, which is up to a millisecond late and
        // no fault of the server; whoever still waited for the last answer is late because of it.
        let from = if due > now {
            tokio::time::sleep_until(due.into()).await;
            Instant::now()
        } else {
            due
        };
        let question = questions.pick(number, turn);
        let (status, length) = connection.ask(&question.bytes).await?;
        if !question.expects(status) {
            return Err(format!("{} was answered with {status}", question.what()).into());
        }
        outcome.latencies.saturating_record(u64::try_from(from.elapsed().as_nanos()).unwrap_or(u64::MAX));
        outcome.bytes += u64::try_from(length)?;
    }
    Ok((outcome.latencies, outcome.bytes))
}

/// When one connection's questions are due: those of all connections together are evenly apart.
struct Schedule {
    apart: f64,
    first: f64,
}

impl Schedule {
    #[expect(clippy::cast_precision_loss, reason = "counts of connections")]
    fn new(rate: f64, connections: usize, number: usize) -> Self {
        Self { apart: connections as f64 / rate, first: number as f64 / rate }
    }

    fn due(&self, turn: u32) -> Duration {
        Duration::from_secs_f64(self.first + self.apart * f64::from(turn))
    }
}
