//! Fills a registry with versions, in the way that every version takes.

use std::{
    io::{IsTerminal as _, Write as _},
    net::SocketAddr,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use jiff::Timestamp;
use mcp_pin_model::json;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::{
    Failure, catalogue,
    people::{People, Tokens},
    process::{Registry, Server},
};

/// Fill a new registry: every version is signed, submitted and approved like any other
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// How many servers, each with one version that is live
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    versions: u32,
    #[command(flatten)]
    registry: Registry,
}

/// What a later run has to know about a registry that was filled.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Seeded {
    /// How many servers were made.
    pub(crate) servers: usize,
    /// A time after which few versions went live.
    pub(crate) almost_done: Timestamp,
    pub(crate) tokens: Tokens,
}

/// Where it is noted.
const FILE: &str = "load.json";

/// How many servers are made after the time that is noted.
const LAST: usize = 25;

/// How many connections submit and approve: while the registry decides about one version, the others are signed.
const CONNECTIONS: usize = 4;

impl Seeded {
    /// What was noted when the registry was filled.
    pub(crate) fn read(data_dir: &Path) -> Result<Self, Failure> {
        let file = data_dir.join(FILE);
        let fail = |problem: String| format!("{}: {problem}: `load seed` writes it", file.display());
        let text = std::fs::read(&file).map_err(|error| fail(error.to_string()))?;
        let value = json::parse(&text).map_err(|error| fail(error.to_string()))?;
        Ok(json::from_value(&value).map_err(|error| fail(error.to_string()))?)
    }
}

/// Fills a registry.
pub(crate) fn seed(arguments: &Arguments) -> Result<(), Failure> {
    let data_dir = &arguments.registry.data_dir;
    if data_dir.exists() {
        return Err(format!("{} exists already: only a new registry is filled", data_dir.display()).into());
    }
    let registry = arguments.registry.start()?;
    // A database that holds a registry already has an administrator, and gets no other one.
    let admin = std::fs::read_to_string(data_dir.join("admin-token"))
        .map_err(|_| "the database is in use: only a new registry is filled")?;
    let servers = usize::try_from(arguments.versions)?;
    let started = Instant::now();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let seeded = runtime.block_on(fill(registry.address, admin.trim(), servers))?;
    let seconds = started.elapsed().as_secs_f64();
    runtime.block_on(check(&registry, &seeded))?;
    // In a directory that nobody else reads: the registry has made it.
    std::fs::write(data_dir.join(FILE), serde_json::to_vec_pretty(&seeded)?)?;
    let [now, most] = registry.memory()?;
    registry.stop()?;
    println!("{servers} versions in {seconds:.1} s; resident {now} MiB, at most {most} MiB");
    Ok(())
}

/// Fails unless the registry serves at least what it was filled with.
pub(crate) async fn check(registry: &Server, seeded: &Seeded) -> Result<(), Failure> {
    let live = registry.metric("mcp_pin_registry_live_versions", "").await?;
    if live >= u64::try_from(seeded.servers)? {
        return Ok(());
    }
    Err(format!("{live} versions are live, and {} should be: this is not what was filled", seeded.servers).into())
}

async fn fill(address: SocketAddr, admin: &str, servers: usize) -> Result<Seeded, Failure> {
    let tokens = Tokens::issue(address, admin).await?;
    let next = Arc::new(AtomicUsize::new(0));
    let mut tasks = Vec::new();
    for _ in 0..CONNECTIONS {
        let people = People::new(address, tokens.clone()).await?;
        tasks.push(tokio::spawn(make(people, Arc::clone(&next), servers)));
    }
    let mut almost_done = Timestamp::UNIX_EPOCH;
    for task in tasks {
        almost_done = task.await??.unwrap_or(almost_done);
    }
    Ok(Seeded { servers, almost_done, tokens })
}

/// One connection's share. Gives back when the last servers were begun, if it was there.
async fn make(mut people: People, next: Arc<AtomicUsize>, servers: usize) -> Result<Option<Timestamp>, Failure> {
    let mut almost_done = None;
    loop {
        let server = next.fetch_add(1, Ordering::Relaxed);
        if server >= servers {
            return Ok(almost_done);
        }
        if server == servers.saturating_sub(LAST) {
            #[expect(clippy::disallowed_methods, reason = "questions are asked about this time")]
            let now = Timestamp::now();
            almost_done = Some(now);
        }
        let manifest = catalogue::manifest(&catalogue::name(server), server, "1.0.0", None);
        let bundle = people.sign(&manifest);
        people.make_live(&manifest, &bundle).await?;
        let mut stderr = std::io::stderr();
        if server.is_multiple_of(100) && stderr.is_terminal() {
            write!(stderr, "\r{server} versions")?;
        }
    }
}
