//! Asking: as fast as answers come (closed loop), or at a rate whatever comes (open loop).

use std::{sync::Arc, thread, time::Duration};

use hdrhistogram::Histogram;
use tokio::{
    sync::{Mutex, mpsc},
    time::Instant,
};

use crate::Failure;

/// How long the questions of an open loop are waited for, in its own length.
const PATIENCE: u32 = 2;

/// How often, and for how long.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load {
    /// Questions a second over all clients; as fast as answers come, where absent.
    pub(crate) rate: Option<f64>,
    pub(crate) duration: Duration,
}

/// Somebody who asks one question after another.
pub(crate) trait Client: Send + Sized + 'static {
    /// Asks. Latencies count from `due`: in the open loop that is when the question was to be asked, not when there was a
    /// client free to ask it, so that a server that stalls is seen to.
    fn ask(&mut self, due: Instant) -> impl Future<Output = Result<(), Failure>> + Send;
}

/// Has all clients ask, at once. Gives back the clients and how many seconds it took.
pub(crate) async fn drive<C: Client>(clients: Vec<C>, load: Load) -> Result<(Vec<C>, f64), Failure> {
    let start = Instant::now();
    let schedule = load.rate.map(|rate| Arc::new(Schedule::begin(rate, start, load.duration)));
    let mut tasks = Vec::new();
    for client in clients {
        tasks.push(tokio::spawn(one(client, schedule.clone(), start, load)));
    }
    let mut clients = Vec::new();
    for task in tasks {
        clients.push(task.await??);
    }
    Ok((clients, start.elapsed().as_secs_f64()))
}

async fn one<C: Client>(
    mut client: C,
    schedule: Option<Arc<Schedule>>,
    start: Instant,
    load: Load,
) -> Result<C, Failure> {
    let Some(schedule) = schedule else {
        while start.elapsed() < load.duration {
            client.ask(Instant::now()).await?;
        }
        return Ok(client);
    };
    while let Some(due) = schedule.next().await {
        if start.elapsed() > load.duration * PATIENCE {
            return Err("the server does not keep this rate: in twice the time not every question was answered".into());
        }
        client.ask(due).await?;
    }
    Ok(client)
}

/// When questions are due, evenly apart. Whichever client is free takes the next; while none is, they queue up.
struct Schedule(Mutex<mpsc::UnboundedReceiver<Instant>>);

impl Schedule {
    fn begin(rate: f64, start: Instant, duration: Duration) -> Self {
        let (send, receive) = mpsc::unbounded_channel();
        // A thread of its own: the timer of the runtime counts milliseconds.
        thread::spawn(move || {
            for number in 0_u32.. {
                let after = Duration::from_secs_f64(f64::from(number) / rate);
                let due = start + after;
                if after >= duration {
                    break;
                }
                thread::sleep(due.saturating_duration_since(Instant::now()));
                if send.send(due).is_err() {
                    break;
                }
            }
        });
        Self(Mutex::new(receive))
    }

    async fn next(&self) -> Option<Instant> {
        self.0.lock().await.recv().await
    }
}

/// What came of it.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    /// Latencies in nanoseconds.
    pub(crate) latencies: Histogram<u64>,
    pub(crate) seconds: f64,
}

impl Outcome {
    pub(crate) fn new() -> Result<Self, Failure> {
        // Up to a minute, three digits.
        Ok(Self { latencies: Histogram::new_with_bounds(1, 60_000_000_000, 3)?, seconds: 0.0 })
    }

    pub(crate) fn record(&mut self, took: Duration) {
        self.latencies.saturating_record(u64::try_from(took.as_nanos()).unwrap_or(u64::MAX));
    }

    /// How many answers there were.
    pub(crate) fn answers(&self) -> u64 {
        self.latencies.len()
    }

    #[expect(clippy::cast_precision_loss, reason = "counts of seconds")]
    pub(crate) fn per_second(&self) -> f64 {
        self.answers() as f64 / self.seconds
    }

    /// The latency below which this share of the answers is, in microseconds.
    #[expect(clippy::cast_precision_loss, reason = "latencies of seconds")]
    pub(crate) fn microseconds(&self, share: f64) -> f64 {
        self.latencies.value_at_quantile(share) as f64 / 1000.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A server that takes its time for the first question, or for each.
    struct Slow {
        first: Duration,
        each: Duration,
        took: Vec<Duration>,
    }

    impl Client for Slow {
        async fn ask(&mut self, due: Instant) -> Result<(), Failure> {
            tokio::time::sleep(std::mem::take(&mut self.first) + self.each).await;
            self.took.push(due.elapsed());
            Ok(())
        }
    }

    const STALL: Duration = Duration::from_millis(300);

    fn slow(first: Duration, each: Duration) -> Vec<Slow> {
        vec![Slow { first, each, took: Vec::new() }]
    }

    #[tokio::test]
    async fn whoever_waits_behind_a_stall_is_counted_from_when_they_were_due() {
        let load = Load { rate: Some(100.0), duration: STALL * 2 };
        let (clients, seconds) = drive(slow(STALL, Duration::ZERO), load).await.unwrap();
        let took = &clients[0].took;
        assert_eq!(took.len(), 60, "as many as were due");
        assert!(seconds >= 0.58, "not before they were due: {seconds}");
        // Ten milliseconds apart, the first thirty all came due while the first was being answered.
        let late = took.iter().filter(|took| **took >= STALL / 2).count();
        assert!(late >= 14, "{took:?}");
    }

    #[tokio::test]
    async fn in_the_closed_loop_only_the_first_sees_it() {
        let load = Load { rate: None, duration: STALL * 2 };
        let (clients, _) = drive(slow(STALL, Duration::from_millis(1)), load).await.unwrap();
        let took = &clients[0].took;
        assert!(took[0] >= STALL && took.len() > 1, "{took:?}");
        assert!(took[1] < STALL, "{took:?}");
    }

    #[tokio::test]
    async fn a_rate_that_is_not_kept_is_no_measurement() {
        let load = Load { rate: Some(1_000.0), duration: Duration::from_millis(100) };
        let failure = drive(slow(Duration::ZERO, Duration::from_millis(20)), load).await.err().unwrap();
        assert!(failure.to_string().contains("does not keep this rate"), "{failure}");
    }
}
