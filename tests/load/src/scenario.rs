//! What is asked.

use std::{net::SocketAddr, sync::Arc};

use crate::{
    Failure,
    client::{Answer, Connection, request},
    seed::{self, Seeded},
};

/// How many different questions a scenario has at most: more than any cache of a processor holds the answers to.
const QUESTIONS: usize = 4_096;

/// How many names a lock of a project has, or so.
const NAMES_OF_A_LOCK: usize = 20;

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
    /// Twenty names for a lock, in one request
    Resolve,
    /// Submit a version and approve it
    Decide,
}

/// One request, ready to be sent.
pub(crate) struct Question {
    pub(crate) bytes: Vec<u8>,
    expected: u16,
}

impl Question {
    fn get(path: &str) -> Self {
        Self { bytes: request("GET", path, &[], &[]), expected: 200 }
    }

    /// Whether this is the status that it should be answered with. The bare handler says 200 to everything.
    pub(crate) fn expects(&self, status: u16) -> bool {
        status == self.expected || status == 200
    }

    /// The line that says what is asked.
    pub(crate) fn what(&self) -> String {
        String::from_utf8_lossy(&self.bytes).lines().next().unwrap_or_default().to_owned()
    }
}

/// The questions of a scenario.
pub(crate) struct Questions(Vec<Question>);

impl Questions {
    /// The question of one connection's turn: each goes through all of them, from another place.
    pub(crate) fn pick(&self, connection: usize, turn: u32) -> &Question {
        let index = connection * 7_919 + usize::try_from(turn).unwrap_or_default();
        // There is at least one: see `prepare`.
        &self.0[index % self.0.len()]
    }
}

impl Scenario {
    /// How it is called in the table.
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

    /// Prepares the questions, and an answer whose bytes a bare handler can serve for them.
    pub(crate) async fn prepare(
        self,
        address: SocketAddr,
        seeded: &Seeded,
    ) -> Result<(Arc<Questions>, Answer), Failure> {
        let mut connection = Connection::new(address).await?;
        let servers = seeded.servers();
        let spread = |count: usize| (0..count).map(move |index| index * (servers / count).max(1) % servers);
        let latest =
            |server: usize| format!("/v0.1/servers/{}/versions/latest", seed::name(server).replace('/', "%2F"));
        let questions = match self {
            Self::List => vec![Question::get("/v0.1/servers?limit=30")],
            Self::Pages => pages(&mut connection).await?,
            Self::Latest => spread(QUESTIONS.min(servers)).map(|server| Question::get(&latest(server))).collect(),
            Self::Unchanged => {
                let mut questions = Vec::new();
                for server in spread(QUESTIONS.min(servers)) {
                    let path = latest(server);
                    let answer = connection.fetch(&request("GET", &path, &[], &[])).await?;
                    let tag = answer.header("etag").ok_or("an answer without a tag")?;
                    let bytes = request("GET", &path, &[("if-none-match", tag)], &[]);
                    questions.push(Question { bytes, expected: 304 });
                }
                questions
            }
            Self::Search => spread(64.min(servers))
                .map(|server| Question::get(&format!("/v0.1/servers?search={:03}%20of", server % 1_000)))
                .collect(),
            Self::Since => vec![Question::get(&format!("/v0.1/servers?updated_since={}", seeded.almost_done))],
            Self::Resolve => spread(64)
                .map(|first| {
                    let names = (0..NAMES_OF_A_LOCK).map(|index| seed::name((first + index * 997) % servers));
                    let names: Vec<_> = names.map(|name| serde_json::json!({ "name": name })).collect();
                    let body = serde_json::json!({ "servers": names }).to_string();
                    Question { bytes: request("POST", "/v1/resolve", &[], body.as_bytes()), expected: 200 }
                })
                .collect(),
            Self::Decide => return Err("decisions are measured apart".into()),
        };
        let first = questions.first().ok_or("nothing to ask")?;
        let answer = connection.fetch(&first.bytes).await?;
        if !first.expects(answer.status) {
            return Err(format!("{} was answered with {}", first.what(), answer.status).into());
        }
        Ok((Arc::new(Questions(questions)), answer))
    }
}

/// Pages from the first to the last, or as many as there should be different questions.
async fn pages(connection: &mut Connection) -> Result<Vec<Question>, Failure> {
    let mut questions = vec![Question::get("/v0.1/servers?limit=30")];
    while questions.len() < QUESTIONS {
        let last = questions.last().ok_or("nothing to ask")?;
        let answer = connection.fetch(&last.bytes).await?.json()?;
        let Some(cursor) = answer.pointer("/metadata/nextCursor").and_then(|cursor| cursor.as_str()) else { break };
        questions.push(Question::get(&format!("/v0.1/servers?limit=30&cursor={cursor}")));
    }
    Ok(questions)
}
