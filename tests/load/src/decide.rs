//! Decisions: a new server is submitted and approved, then an update of it, again and again.

use std::net::SocketAddr;

use mcp_pin_model::Manifest;
use tokio::time::Instant;

use crate::{
    Failure,
    catalogue::{self, NAMESPACE},
    measure::{Client, Load, Outcome, drive},
    people::{People, Tokens},
};

/// What came of it.
#[derive(Clone, Debug)]
pub(crate) struct Decisions {
    pub(crate) submit: Outcome,
    pub(crate) approve: Outcome,
    pub(crate) submit_update: Outcome,
    pub(crate) approve_update: Outcome,
}

impl Decisions {
    fn new() -> Result<Self, Failure> {
        let new = Outcome::new;
        Ok(Self { submit: new()?, approve: new()?, submit_update: new()?, approve_update: new()? })
    }

    /// Each with its name.
    pub(crate) fn all(&mut self) -> [(&'static str, &mut Outcome); 4] {
        [
            ("submit, new server", &mut self.submit),
            ("approve, new server", &mut self.approve),
            ("submit, update", &mut self.submit_update),
            ("approve, update", &mut self.approve_update),
        ]
    }

    /// How many approvals there were.
    pub(crate) fn approvals(&self) -> u64 {
        self.approve.answers() + self.approve_update.answers()
    }
}

/// Has as many clients as connections submit and approve.
pub(crate) async fn decide(
    address: SocketAddr,
    tokens: &Tokens,
    connections: usize,
    load: Load,
) -> Result<Decisions, Failure> {
    // Names that no run before this one has taken.
    #[expect(clippy::disallowed_methods, reason = "a run is told from others by when it began")]
    let run = jiff::Timestamp::now().as_millisecond();
    let mut clients = Vec::new();
    for number in 0..connections {
        let people = People::new(address, tokens.clone()).await?;
        let prefix = format!("{NAMESPACE}/new-{run}-{number}");
        clients.push(Decider { people, prefix, decided: 0, last: None, decisions: Decisions::new()? });
    }
    let (clients, seconds) = drive(clients, load).await?;
    let mut decisions = Decisions::new()?;
    for mut client in clients {
        for ((_, all), (_, one)) in decisions.all().into_iter().zip(client.decisions.all()) {
            all.latencies.add(&one.latencies)?;
            all.seconds = seconds;
        }
    }
    Ok(decisions)
}

struct Decider {
    people: People,
    prefix: String,
    decided: usize,
    /// The server that is new, until it is updated.
    last: Option<Manifest>,
    decisions: Decisions,
}

impl Client for Decider {
    async fn ask(&mut self, due: Instant) -> Result<(), Failure> {
        let begin = Instant::now();
        let previous = self.last.take();
        let (name, version) = (format!("{}-{}", self.prefix, self.decided / 2), format!("1.{}.0", self.decided % 2));
        let manifest = catalogue::manifest(&name, self.decided / 2, &version, previous.as_ref());
        let bundle = self.people.sign(&manifest);
        // Making it is the publisher's time, not the server's.
        let making = begin.elapsed();
        let took = self.people.make_live(&manifest, &bundle).await?;
        self.decided += 1;
        let submit = took.submitted.duration_since(due).saturating_sub(making);
        let Decisions { submit: submits, approve: approves, submit_update, approve_update } = &mut self.decisions;
        let (submits, approves) =
            if previous.is_none() { (submits, approves) } else { (submit_update, approve_update) };
        submits.record(submit);
        approves.record(took.approve);
        self.last = previous.is_none().then_some(manifest);
        Ok(())
    }
}
