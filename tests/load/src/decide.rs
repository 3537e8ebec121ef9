//! Decisions: a new server is submitted and approved, again and again.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use mcp_pin_attest::Attestation;
use mcp_pin_model::Digest;
use mcp_pin_test_support::keys;
use serde_json::Value;

use crate::{
    Failure,
    client::{Connection, request},
    measure::{Load, Outcome},
    seed::{Maker, Seeded},
};

/// What came of it.
pub(crate) struct Decisions {
    pub(crate) submit: Outcome,
    pub(crate) approve: Outcome,
}

/// Has every connection submit and approve, one after the other, as fast as answers come.
pub(crate) async fn decide(
    address: SocketAddr,
    seeded: &Seeded,
    load: Load,
    rounds: u32,
) -> Result<Decisions, Failure> {
    let mut decisions = Decisions { submit: Outcome::new()?, approve: Outcome::new()? };
    let start = Instant::now();
    let until = start + load.duration * rounds;
    // Names that no run before this one has taken.
    let run = jiff::Timestamp::now().as_millisecond();
    let tasks: Vec<_> = (0..load.connections)
        .map(|number| {
            let (publisher, approver) = (seeded.publisher.clone(), seeded.approver.clone());
            tokio::spawn(one(address, publisher, approver, format!("io.github.load/new-{run}-{number}"), until))
        })
        .collect();
    for task in tasks {
        let one = task.await??;
        decisions.submit.add(&one.submit)?;
        decisions.approve.add(&one.approve)?;
    }
    decisions.submit.seconds = start.elapsed().as_secs_f64();
    decisions.approve.seconds = decisions.submit.seconds;
    Ok(decisions)
}

/// One connection's decisions.
async fn one(
    address: SocketAddr,
    publisher: String,
    approver: String,
    prefix: String,
    until: Instant,
) -> Result<Decisions, Failure> {
    let mut connection = Connection::new(address).await?;
    let maker = Maker::new();
    let (publisher, approver) = (format!("Bearer {publisher}"), format!("Bearer {approver}"));
    let mut decisions = Decisions { submit: Outcome::new()?, approve: Outcome::new()? };
    for number in 0.. {
        if Instant::now() >= until {
            break;
        }
        let manifest = Maker::manifest(&format!("{prefix}-{number}"), number, "1.0.0", None);
        let bundle = maker.publisher().sign(&manifest);
        let (submission, took) = post(&mut connection, "/v1/submissions", &publisher, &bundle).await?;
        record(&mut decisions.submit, took);

        let text = |member: &str| submission.get(member).and_then(Value::as_str).ok_or("an answer of another form");
        let path = format!("/v1/submissions/{}/changes", text("id")?);
        let report = connection.fetch(&request("GET", &path, &[("authorization", &approver)], &[])).await?;
        let changes: Digest = text("changes")?.parse()?;
        let findings = report.json()?;
        let findings = findings.get("findings").and_then(Value::as_array).cloned().unwrap_or_default();
        let seen = findings.iter().filter_map(|finding| finding.get("fingerprint")?.as_str().map(str::to_owned));
        let consent = maker.approver().sign(&keys::approval(&manifest, None, changes, seen));
        let (consented, took) = post(&mut connection, "/v1/consents", &approver, &consent).await?;
        if consented.pointer("/submission/state").and_then(Value::as_str) != Some("live") {
            return Err(format!("an approved version is not live: {consented}").into());
        }
        record(&mut decisions.approve, took);
    }
    Ok(decisions)
}

async fn post(
    connection: &mut Connection,
    path: &str,
    bearer: &str,
    bundle: &Attestation,
) -> Result<(Value, Duration), Failure> {
    let request = request("POST", path, &[("authorization", bearer)], bundle.as_bytes());
    let start = Instant::now();
    let answer = connection.fetch(&request).await?;
    let took = start.elapsed();
    if answer.status != 201 {
        return Err(
            format!("{path} was answered with {}: {}", answer.status, String::from_utf8_lossy(&answer.body)).into()
        );
    }
    Ok((answer.json()?, took))
}

fn record(outcome: &mut Outcome, took: Duration) {
    outcome.latencies.saturating_record(u64::try_from(took.as_nanos()).unwrap_or(u64::MAX));
}
