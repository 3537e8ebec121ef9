//! What is asked.

use std::{net::SocketAddr, sync::Arc};

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::{
    Failure, catalogue,
    client::{Answer, Connection, request},
    measure::{Client, Outcome},
};

/// How many different questions a scenario has at most: more than any cache of a processor holds the answers to.
const QUESTIONS: usize = 4_096;

/// How many servers a lock has, or so.
const SERVERS_OF_A_LOCK: usize = 20;

/// A kind of question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Scenario {
    /// The first page of the list, 30 entries
    List,
    /// Pages of 30 entries all over the list
    Pages,
    /// The latest version of servers all over the catalogue
    Latest,
    /// The same, by a client that has it already
    Unchanged,
    /// A search that finds one server in a thousand
    Search,
    /// What changed since a time at which almost everything was there
    Since,
    /// A lock of twenty servers, in one request
    Resolve,
    /// Submit a new server and approve it, then an update of it
    Decide,
}

/// One request, ready to be sent, and what answers it.
struct Question {
    bytes: Vec<u8>,
    status: u16,
    length: usize,
}

/// The questions of a scenario, and the answer to one of them.
pub(crate) struct Questions {
    questions: Vec<Question>,
    pub(crate) answer: Answer,
}

impl Scenario {
    /// How it is called in the report.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Pages => "pages",
            Self::Latest => "latest",
            Self::Unchanged => "latest, 304",
            Self::Search => "search",
            Self::Since => "updated_since",
            Self::Resolve => "resolve 20",
            Self::Decide => "submit and approve",
        }
    }

    /// The route by which the registry counts its answers.
    pub(crate) fn route(self) -> &'static str {
        match self {
            Self::List | Self::Pages | Self::Search | Self::Since => "/v0.1/servers",
            Self::Latest | Self::Unchanged => "/v0.1/servers/{serverName}/versions/{version}",
            Self::Resolve => "/v1/resolve",
            Self::Decide => "/v1/consents",
        }
    }

    /// Prepares the questions, each with the answer that the registry gives to it now.
    pub(crate) async fn prepare(
        self,
        address: SocketAddr,
        servers: usize,
        almost_done: Timestamp,
    ) -> Result<Questions, Failure> {
        let mut connection = Connection::new(address).await?;
        let spread = |count: usize| {
            let count = count.min(servers);
            (0..count).map(move |index| index * servers / count)
        };
        let get = |path: String| request("GET", &path, &[], &[]);
        let requests: Vec<Vec<u8>> = match self {
            Self::List => vec![get("/v0.1/servers?limit=30".to_owned())],
            Self::Pages => pages(&mut connection).await?,
            Self::Latest => spread(QUESTIONS).map(|server| get(latest(server))).collect(),
            Self::Unchanged => {
                let mut requests = Vec::new();
                for server in spread(QUESTIONS) {
                    let path = latest(server);
                    let answer = connection.fetch(&get(path.clone())).await?;
                    let tag = answer.header("etag").ok_or("an answer without a tag")?;
                    requests.push(request("GET", &path, &[("if-none-match", tag)], &[]));
                }
                requests
            }
            Self::Search => spread(64)
                .map(|server| get(format!("/v0.1/servers?search={}", catalogue::search(server).replace(' ', "%20"))))
                .collect(),
            Self::Since => vec![get(format!("/v0.1/servers?updated_since={almost_done}"))],
            Self::Resolve => {
                let mut requests = Vec::new();
                for first in spread(64) {
                    requests.push(lock(&mut connection, first, servers).await?);
                }
                requests
            }
            Self::Decide => return Err("decisions are no questions".into()),
        };
        let status = if self == Self::Unchanged { 304 } else { 200 };
        let (mut questions, mut first) = (Vec::new(), None);
        for bytes in requests {
            let answer = connection.fetch(&bytes).await?.expect(self.name(), status)?;
            questions.push(Question { bytes, status, length: answer.body.len() });
            first.get_or_insert(answer);
        }
        Ok(Questions { questions, answer: first.ok_or("nothing to ask")? })
    }
}

fn latest(server: usize) -> String {
    format!("/v0.1/servers/{}/versions/latest", catalogue::name(server).replace('/', "%2F"))
}

/// Pages from the first to the last, or as many as there should be different questions.
async fn pages(connection: &mut Connection) -> Result<Vec<Vec<u8>>, Failure> {
    let mut requests = vec![request("GET", "/v0.1/servers?limit=30", &[], &[])];
    while let Some(last) = requests.last().filter(|_| requests.len() < QUESTIONS) {
        let answer = connection.fetch(last).await?.json()?;
        let Some(cursor) = answer.pointer("/metadata/nextCursor").and_then(Value::as_str) else { break };
        requests.push(request("GET", &format!("/v0.1/servers?limit=30&cursor={cursor}"), &[], &[]));
    }
    Ok(requests)
}

/// A whole lock in one question: name, version and manifest of each server.
async fn lock(connection: &mut Connection, first: usize, servers: usize) -> Result<Vec<u8>, Failure> {
    let names = (0..SERVERS_OF_A_LOCK.min(servers)).map(|index| catalogue::name((first + index * 997) % servers));
    let names: Vec<Value> = names.map(|name| json!({ "name": name })).collect();
    let ask =
        |servers: Value| request("POST", "/v1/resolve", &[], json!({ "servers": servers }).to_string().as_bytes());
    let found = connection.fetch(&ask(names.into())).await?.expect("resolve", 200)?.json()?;
    let found = found.get("servers").and_then(Value::as_array).ok_or("an answer without `servers`")?;
    let pin = |server: &Value| json!({ "name": server["name"], "version": server["version"], "manifest": server["manifest"] });
    Ok(ask(found.iter().map(pin).collect()))
}

/// A connection that asks the questions of a scenario, one after the other.
pub(crate) struct Reader {
    connection: Connection,
    questions: Arc<Questions>,
    next: usize,
    /// The length of every answer, where it is one and the same.
    only: Option<usize>,
    pub(crate) outcome: Outcome,
}

impl Reader {
    /// One of several: each begins at another place. With `only_one_answer`, that is the answer to all questions.
    pub(crate) async fn new(
        address: SocketAddr,
        questions: &Arc<Questions>,
        number: usize,
        only_one_answer: bool,
    ) -> Result<Self, Failure> {
        let connection = Connection::new(address).await?;
        let (questions, only) = (Arc::clone(questions), only_one_answer.then_some(questions.answer.body.len()));
        Ok(Self { connection, questions, next: number * 7_919, only, outcome: Outcome::new()? })
    }
}

impl Client for Reader {
    async fn ask(&mut self, due: Instant) -> Result<(), Failure> {
        let questions = &self.questions.questions;
        // There is at least one: see `prepare`.
        let question = &questions[self.next % questions.len()];
        self.next += 1;
        let (status, length) = self.connection.ask(&question.bytes).await?;
        self.outcome.record(due.elapsed());
        if (status, length) == (question.status, self.only.unwrap_or(question.length)) {
            return Ok(());
        }
        let what = String::from_utf8_lossy(&question.bytes).lines().next().unwrap_or_default().to_owned();
        Err(format!("`{what}` was answered with {status} and {length} bytes, not as before").into())
    }
}
