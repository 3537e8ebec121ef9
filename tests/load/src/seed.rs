//! Fills a store with what the registry would have put there, only faster: signatures, reports, consents and events are
//! real; what is saved is a transaction for each of them.

use std::{
    net::SocketAddr,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    sync::mpsc,
    time::Instant,
};

use jiff::{SignedDuration, Timestamp};
use mcp_pin_attest::Verified;
use mcp_pin_diff::{Side, compare};
use mcp_pin_model::{
    Consent, Grade, Manifest, Ring, ServerName,
    json::{Object, Value},
    leaf::{Leaf, LeafType},
};
use mcp_pin_registry::service::{Credential, PrincipalName, Review, State, Submission, SubmissionId, skeletons};
use mcp_pin_storage::{Store, Transaction};
use mcp_pin_storage_sqlite::SqliteStore;
use mcp_pin_test_support::keys::{self, Person};
use serde::{Deserialize, Serialize};

use crate::{
    Failure,
    client::{Connection, request},
    process::Server,
};

/// Fill a data directory
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The data directory to make
    #[arg(long, value_name = "DIR")]
    data_dir: PathBuf,
    /// How many versions
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    versions: usize,
    /// How many of them are of one server; the last of each is live
    #[arg(long, value_name = "N", default_value_t = 1)]
    per_server: usize,
}

/// What a later run has to know about a data directory that was filled.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Seeded {
    versions: usize,
    per_server: usize,
    /// A time after which few versions went live.
    pub(crate) almost_done: Timestamp,
    pub(crate) publisher: String,
    pub(crate) approver: String,
}

/// The namespace of everything.
const NAMESPACE: &str = "io.github.load";

/// Who publishes, and who approves.
pub(crate) const PUBLISHER: &str = "paula";
pub(crate) const APPROVER: &str = "ann";

/// How many versions one transaction holds.
const AT_ONCE: usize = 500;

/// Words that names and descriptions are made of.
const WORDS: [&str; 16] = [
    "calendar", "mail", "weather", "ticket", "invoice", "kubernetes", "postgres", "search", "browser", "files", "chat",
    "billing", "metrics", "deploy", "design", "translate",
];

fn word(number: usize) -> &'static str {
    WORDS.get(number % WORDS.len()).copied().unwrap_or_default()
}

/// The name of a server.
pub(crate) fn name(server: usize) -> String {
    format!("{NAMESPACE}/{}-{}-{server:06}", word(server), word(server / WORDS.len()))
}

impl Seeded {
    fn file(data_dir: &Path) -> PathBuf {
        data_dir.join("load.json")
    }

    /// What was noted when the directory was filled.
    pub(crate) fn read(data_dir: &Path) -> Result<Self, Failure> {
        let file = Self::file(data_dir);
        let text =
            std::fs::read(&file).map_err(|error| format!("{}: {error}: run `load seed` first", file.display()))?;
        Ok(serde_json::from_slice(&text)?)
    }

    /// How many servers there are.
    pub(crate) fn servers(&self) -> usize {
        self.versions.div_ceil(self.per_server)
    }
}

/// Fills a data directory.
pub(crate) fn seed(arguments: &Arguments) -> Result<(), Failure> {
    if arguments.data_dir.exists() {
        return Err(format!("{} exists already", arguments.data_dir.display()).into());
    }
    // As the registry demands it of a directory with keys.
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&arguments.data_dir)?;
    let started = Instant::now();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    // The registry makes its own directory, keys, first token and people.
    let registry = Server::registry(None, &arguments.data_dir, "text")?;
    let admin = std::fs::read_to_string(arguments.data_dir.join("admin-token"))?;
    let (publisher, approver) = runtime.block_on(people(registry.address, admin.trim()))?;
    registry.stop()?;

    let start: Timestamp = "2026-02-01T00:00:00Z".parse()?;
    let at =
        |version: usize| start.checked_add(SignedDuration::from_secs(i64::try_from(version)?)).map_err(Failure::from);
    let almost_done = at(arguments.versions.saturating_sub(25))?;
    let (send, receive) = mpsc::sync_channel::<Result<Vec<Made>, String>>(8);
    let servers = arguments.versions.div_ceil(arguments.per_server);
    let threads = std::thread::available_parallelism()?.get();
    std::thread::scope(|scope| {
        for thread in 0..threads {
            let send = send.clone();
            scope.spawn(move || {
                let maker = Maker::new();
                for server in (thread..servers).step_by(threads) {
                    let first = server * arguments.per_server;
                    let count = arguments.per_server.min(arguments.versions - first);
                    let made = maker.server(server, first, count, &at).map_err(|failure| failure.to_string());
                    if send.send(made).is_err() {
                        return;
                    }
                }
            });
        }
        drop(send);
        runtime.block_on(store(&arguments.data_dir.join("registry.sqlite"), receive))
    })?;
    let seeded =
        Seeded { versions: arguments.versions, per_server: arguments.per_server, almost_done, publisher, approver };
    std::fs::write(Seeded::file(&arguments.data_dir), serde_json::to_vec_pretty(&seeded)?)?;
    println!("{} versions of {servers} servers in {:.1} s", arguments.versions, started.elapsed().as_secs_f64());
    Ok(())
}

/// Registers who publishes and who approves; gives back their tokens.
async fn people(address: SocketAddr, admin: &str) -> Result<(String, String), Failure> {
    let mut connection = Connection::new(address).await?;
    let bearer = format!("Bearer {admin}");
    let mut post = async |path: String, body: serde_json::Value| {
        let request = request("POST", &path, &[("authorization", &bearer)], body.to_string().as_bytes());
        let answer = connection.fetch(&request).await?;
        if answer.status != 201 {
            return Err(format!("{path}: {}", String::from_utf8_lossy(&answer.body)).into());
        }
        Ok::<_, Failure>(answer.json()?)
    };
    let mut tokens = Vec::new();
    for (principal, role) in [(PUBLISHER, "publisher"), (APPROVER, "approver")] {
        let body = serde_json::json!({ "principal": principal, "roles": [role], "label": "load" });
        let token = post("/v1/tokens".to_owned(), body).await?;
        tokens.push(token.get("token").and_then(|token| token.as_str()).ok_or("no token")?.to_owned());
        let key = Person::new(principal).public_key().to_spki_pem();
        let (path, body) = if role == "publisher" {
            let body = serde_json::json!({ "principal": principal, "publicKey": key });
            (format!("/v1/namespaces/{NAMESPACE}/grants"), body)
        } else {
            ("/v1/approvers".to_owned(), serde_json::json!({ "principal": principal, "publicKey": key, "scope": "*" }))
        };
        post(path, body).await?;
    }
    let [publisher, approver]: [String; 2] = tokens.try_into().map_err(|_: Vec<String>| "two tokens were expected")?;
    Ok((publisher, approver))
}

/// A version with everything that belongs to it.
struct Made {
    submission: Submission,
    manifest: Verified<Manifest>,
    report: Vec<u8>,
    consent: Verified<Consent>,
}

/// Makes versions.
pub(crate) struct Maker {
    publisher: Person,
    approver: Person,
}

impl Maker {
    pub(crate) fn new() -> Self {
        Self { publisher: Person::new(PUBLISHER), approver: Person::new(APPROVER) }
    }

    /// The person who publishes.
    pub(crate) fn publisher(&self) -> &Person {
        &self.publisher
    }

    /// The person who approves.
    pub(crate) fn approver(&self) -> &Person {
        &self.approver
    }

    /// A manifest about as large as small real ones: four tools, a package with settings, a repository.
    pub(crate) fn manifest(name: &str, number: usize, version: &str, previous: Option<&Manifest>) -> Manifest {
        let tools = (0..4).map(|tool| {
            let what = word(number + tool);
            keys::tool(
                &format!("{what}_{tool}"),
                &format!(
                    "Looks for what the {what} system knows about something, and gives back at most {} results.",
                    tool + 5
                ),
            )
        });
        let mut manifest =
            keys::manifest(name, version, tools, previous.map(mcp_pin_model::statement::Statement::digest));
        let server = &mut manifest.server;
        let description =
            format!("Number {:03} of the {} servers of the {} team.", number % 1_000, word(number), word(number / 7));
        server.insert("description", Value::from(description));
        server.insert("title", Value::from(format!("{} and {}", word(number), word(number + 3))));
        let repository = [("source", "github"), ("url", "https://github.com/load/servers")];
        server.insert(
            "repository",
            Value::Object(repository.map(|(key, value)| (key, Value::from(value))).into_iter().collect()),
        );
        let variable = Object::from_iter([
            ("name", Value::from("LOAD_API_KEY")),
            ("description", Value::from("The key with which the service is asked")),
            ("isRequired", Value::from(true)),
            ("isSecret", Value::from(true)),
        ]);
        let package = Object::from_iter([
            ("registryType", Value::from("npm")),
            ("identifier", Value::from("@example/weather")),
            ("version", Value::from(version)),
            ("transport", Value::Object(Object::from_iter([("type", Value::from("stdio"))]))),
            ("environmentVariables", Value::Array(vec![Value::Object(variable)])),
        ]);
        server.insert("packages", Value::Array(vec![Value::Object(package)]));
        manifest
    }

    /// All versions of one server.
    fn server(
        &self,
        server: usize,
        first: usize,
        count: usize,
        at: impl Fn(usize) -> Result<Timestamp, Failure>,
    ) -> Result<Vec<Made>, Failure> {
        let mut made: Vec<Made> = Vec::new();
        for index in 0..count {
            let before = made.last();
            let version = format!("1.{index}.0");
            let manifest =
                Self::manifest(&name(server), server, &version, before.map(|made| made.manifest.statement()));
            let manifest = self.publisher.signed(&manifest);
            let report = {
                let side =
                    before.map(|made| Side::of_manifest(made.manifest.statement(), Some(made.manifest.signer())));
                compare(side.as_ref(), &Side::of_manifest(manifest.statement(), Some(manifest.signer())), &[])
            };
            let bytes = report.to_value().to_canonical_bytes();
            let replaces = before.map(|made| made.submission.manifest);
            let findings = report.findings().iter().filter(|finding| finding.grade >= Grade::Review);
            let acknowledged = findings.map(|finding| finding.fingerprint.clone());
            let consent = keys::approval(manifest.statement(), replaces, report.digest(), acknowledged);
            let since = at(first + index)?;
            let next = if index + 1 < count { Some(at(first + index + 1)?) } else { None };
            let submission = self.submission(&manifest, &report, replaces, since, next, first + index)?;
            made.push(Made { submission, manifest, report: bytes, consent: self.approver.signed(&consent) });
        }
        let after: Vec<_> = made.iter().skip(1).map(|made| made.submission.manifest).collect();
        for (made, after) in made.iter_mut().zip(after) {
            if let State::Superseded { by, .. } = &mut made.submission.state {
                *by = after;
            }
        }
        Ok(made)
    }

    fn submission(
        &self,
        manifest: &Verified<Manifest>,
        report: &mcp_pin_diff::ChangeReport,
        replaces: Option<mcp_pin_model::Digest>,
        since: Timestamp,
        until: Option<Timestamp>,
        number: usize,
    ) -> Result<Submission, Failure> {
        let publisher: PrincipalName = PUBLISHER.parse()?;
        let statement = manifest.statement();
        let key = self.publisher.public_key();
        let milliseconds = u64::try_from(since.as_millisecond())?;
        let id = ulid::Ulid::from_parts(milliseconds, u128::try_from(number)?).to_string();
        Ok(Submission {
            id: id.parse::<SubmissionId>()?,
            server: statement.name().clone(),
            version: statement.version().clone(),
            manifest: manifest.digest(),
            attestation: manifest.attestation().digest(),
            server_json: Value::Object(statement.server.clone()).to_canonical_string(),
            publisher: publisher.clone(),
            signer: manifest.signer().clone(),
            credential: Credential::Key { id: key.id().key, public_key: key.to_spki_pem() },
            submitted_by: publisher,
            submitted_at: since,
            review: Review {
                replaces,
                changes: report.digest(),
                grade: report.grade(),
                change_count: u32::try_from(report.changes().len())?,
            },
            state: match until {
                None => State::Live { since },
                Some(at) => State::Superseded { live_since: since, at, by: manifest.digest() },
            },
            revision: 0,
        })
    }
}

/// Stores what comes, some hundred versions a transaction.
async fn store(file: &Path, made: mpsc::Receiver<Result<Vec<Made>, String>>) -> Result<(), Failure> {
    let store = SqliteStore::open(file).await?;
    let approver: PrincipalName = APPROVER.parse()?;
    let mut done = 0_usize;
    // What came out of turn waits: events tell the order of things.
    let mut tx = store.begin().await?;
    let mut in_this = 0;
    while let Ok(server) = made.recv() {
        for made in server? {
            insert(&mut *tx, &made, &approver).await?;
            done += 1;
            in_this += 1;
        }
        if in_this >= AT_ONCE {
            tx.commit().await?;
            tx = store.begin().await?;
            in_this = 0;
            eprint!("\r{done} versions");
        }
    }
    tx.commit().await?;
    eprintln!("\r{done} versions");
    store.close().await;
    Ok(())
}

async fn insert(tx: &mut dyn Transaction, made: &Made, approver: &PrincipalName) -> Result<(), Failure> {
    let Made { submission, manifest, report, consent } = made;
    let (server, at): (&ServerName, Timestamp) = (&submission.server, submission.submitted_at);
    tx.insert_change_report(report).await?;
    tx.insert_submission(submission, &skeletons(server), manifest).await?;
    tx.insert_consent(consent, approver, at).await?;
    let ring = Ring::stable();
    if matches!(submission.state, State::Live { .. }) {
        tx.set_live(server, &ring, None, Some(&submission.id), at).await?;
    }
    let steps = [
        (LeafType::Submitted, PUBLISHER),
        (LeafType::Verified, PrincipalName::REGISTRY),
        (LeafType::Consented, APPROVER),
        (LeafType::RingMoved, PrincipalName::REGISTRY),
    ];
    for (kind, actor) in steps {
        let mut leaf = Leaf::new(kind, at, actor);
        leaf.server = Some(server.clone());
        leaf.version = Some(submission.version.clone());
        leaf.manifest = Some(submission.manifest);
        leaf.attestation = Some(submission.attestation);
        leaf.ring = (kind == LeafType::RingMoved).then(|| ring.clone());
        tx.append_event(&leaf).await?;
    }
    Ok(())
}
