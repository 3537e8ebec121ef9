//! A registry on a temporary file, with a clock that moves by hand and randomness that repeats.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
};

use jiff::{SignedDuration, Timestamp};
use mcp_pin_diff::ChangeReport;
use mcp_pin_model::{Consent, Digest, Grade, Manifest, consent::Decision, json, statement::Statement};
use mcp_pin_storage::Store;
use mcp_pin_storage_sqlite::SqliteStore;
use mcp_pin_test_support::keys::{Person, approval, manifest, now, tool};
use sha2::{Digest as _, Sha256};

use crate::service::{
    ApproverScope, Caller, Clock, Consented, EventFilter, NewApprover, NewCredential, NewGrant, NewToken, Random,
    Rings, Role, Service, ServiceError, Settings, StateKind, Submission, Submitted,
};

pub(super) const SERVER: &str = "io.example/weather";

#[derive(Default)]
pub(super) struct MockClock(AtomicI64);

impl MockClock {
    pub(super) fn advance(&self, by: SignedDuration) {
        self.0.fetch_add(i64::try_from(by.as_millis()).unwrap(), Ordering::SeqCst);
    }
}

impl Clock for MockClock {
    fn now(&self) -> Timestamp {
        // Later than the statements of the test support, which are made at `now()`.
        let start = now().checked_add(SignedDuration::from_mins(1)).unwrap();
        start.checked_add(SignedDuration::from_millis(self.0.load(Ordering::SeqCst))).unwrap()
    }
}

#[derive(Default)]
struct SeededRandom(AtomicU64);

impl Random for SeededRandom {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(32) {
            let block = Sha256::digest(self.0.fetch_add(1, Ordering::SeqCst).to_be_bytes());
            chunk.copy_from_slice(&block[..chunk.len()]);
        }
    }
}

pub(super) struct TestRegistry {
    pub(super) service: Service,
    pub(super) clock: Arc<MockClock>,
    pub(super) admin: Caller,
    random: Arc<SeededRandom>,
    folder: tempfile::TempDir,
    people: BTreeMap<String, (Person, Caller)>,
}

impl TestRegistry {
    /// An empty registry with its administrator, and one ring.
    pub(super) async fn empty() -> Self {
        Self::with(Settings { rings: Rings::only_stable(), ..Settings::default() }).await
    }

    pub(super) async fn with(settings: Settings) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(MockClock::default());
        let random = Arc::new(SeededRandom::default());
        let service = open(&folder, &clock, &random, settings).await.unwrap();
        let secret = service.bootstrap().await.unwrap().unwrap();
        let admin = service.authenticate(&secret).await.unwrap().unwrap();
        Self { service, clock, random, admin, folder, people: BTreeMap::new() }
    }

    /// A registry where `acme` may publish `io.example/*`, and `alice`, `bob` and `carol` approve everything.
    pub(super) async fn staffed() -> Self {
        Self::empty().await.with_staff().await
    }

    /// The same in a registry that exists.
    pub(super) async fn with_staff(self) -> Self {
        let mut registry = self;
        registry.publisher("acme", "io.example").await;
        for name in ["alice", "bob", "carol"] {
            registry.approver(name, ApproverScope::All).await;
        }
        registry
    }

    pub(super) async fn token(&self, principal: &str, roles: impl IntoIterator<Item = Role>) -> Caller {
        let new = NewToken {
            principal: principal.parse().unwrap(),
            roles: roles.into_iter().collect(),
            namespaces: None,
            actions: None,
            method: crate::service::Method::Token,
            label: String::new(),
            expires_at: None,
        };
        let issued = self.service.issue_token(&self.admin, new).await.unwrap();
        self.service.authenticate(&issued.secret).await.unwrap().unwrap()
    }

    pub(super) async fn publisher(&mut self, name: &str, namespace: &str) {
        let person = Person::new(name);
        self.grant(namespace, name, &person).await.unwrap();
        let caller = self.token(name, [Role::Publisher]).await;
        self.people.insert(name.to_owned(), (person, caller));
    }

    pub(super) async fn approver(&mut self, name: &str, scope: ApproverScope) {
        let person = Person::new(name);
        self.register(name, &person, scope).await.unwrap();
        let caller = self.token(name, [Role::Approver]).await;
        self.people.insert(name.to_owned(), (person, caller));
    }

    pub(super) async fn grant(
        &self,
        namespace: &str,
        principal: &str,
        person: &Person,
    ) -> Result<crate::service::Grant, ServiceError> {
        let new = NewGrant {
            namespace: namespace.to_owned(),
            principal: principal.parse().unwrap(),
            credential: NewCredential::Key(person.public_key().to_spki_pem()),
        };
        self.service.grant_namespace(&self.admin, new).await
    }

    pub(super) async fn register(
        &self,
        principal: &str,
        person: &Person,
        scope: ApproverScope,
    ) -> Result<crate::service::Approver, ServiceError> {
        let new = NewApprover {
            principal: principal.parse().unwrap(),
            credential: NewCredential::Key(person.public_key().to_spki_pem()),
            scope,
        };
        self.service.register_approver(&self.admin, new).await
    }

    pub(super) fn person(&self, name: &str) -> &Person {
        &self.people[name].0
    }

    pub(super) fn caller(&self, name: &str) -> &Caller {
        &self.people[name].1
    }

    /// The manifest that is live.
    pub(super) fn live(&self, server: &str) -> Option<Digest> {
        self.service.live().latest(&server.parse().unwrap()).map(|entry| entry.manifest)
    }

    pub(super) fn live_version(&self, server: &str) -> Option<String> {
        self.live_in("stable", server)
    }

    /// The version that a ring is served.
    pub(super) fn live_in(&self, ring: &str, server: &str) -> Option<String> {
        let (ring, server) = (ring.parse().unwrap(), server.parse().unwrap());
        let live = self.service.live();
        live.server(&server)?.view(&ring).latest().map(|entry| entry.version.to_string())
    }

    /// Signs with somebody's key and submits with their own token.
    pub(super) async fn submit_as(&self, name: &str, manifest: &Manifest) -> Result<Submitted, ServiceError> {
        let bundle = self.person(name).sign(manifest).as_bytes().to_vec();
        self.service.submit(self.caller(name), bundle).await
    }

    /// Submits a version of [`SERVER`] that follows what is live, with one tool of this description.
    pub(super) async fn submit(&self, version: &str, description: &str) -> Submission {
        let manifest = manifest(SERVER, version, [tool("forecast", description)], self.live(SERVER));
        self.submit_as("acme", &manifest).await.unwrap().submission
    }

    pub(super) async fn report(&self, submission: &Submission) -> ChangeReport {
        let document = self.service.submission_changes(&self.admin, &submission.id).await.unwrap();
        assert_eq!(document.digest, submission.review.changes);
        ChangeReport::parse(&document.bytes).unwrap()
    }

    /// The statement by which somebody who read everything approves.
    pub(super) async fn approval_of(&self, submission: &Submission) -> Consent {
        let bundle = self.service.manifest(Some(&self.admin), &submission.manifest).await.unwrap();
        let envelope = json::parse(&bundle.bytes).unwrap();
        let payload = envelope.get("dsseEnvelope").unwrap().get("payload").unwrap().as_str().unwrap();
        let payload = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, payload).unwrap();
        let manifest = Manifest::from_payload(&payload).unwrap();
        let report = self.report(submission).await;
        let acknowledged = report
            .findings()
            .iter()
            .filter(|finding| finding.grade >= Grade::Review)
            .map(|finding| finding.fingerprint.clone());
        let rings = self.service.settings().rings.iter().map(|one| one.ring.clone()).collect();
        Consent { rings, ..approval(&manifest, submission.review.replaces, report.digest(), acknowledged) }
    }

    pub(super) async fn consent_as(&self, name: &str, consent: &Consent) -> Result<Consented, ServiceError> {
        let bundle = self.person(name).sign(consent).as_bytes().to_vec();
        self.service.consent(self.caller(name), bundle).await
    }

    pub(super) async fn approve(&self, name: &str, submission: &Submission) -> Result<Consented, ServiceError> {
        let consent = self.approval_of(submission).await;
        self.consent_as(name, &consent).await
    }

    pub(super) async fn reject(&self, name: &str, submission: &Submission) -> Result<Consented, ServiceError> {
        let consent = Consent { decision: Decision::Reject, ..self.approval_of(submission).await };
        self.consent_as(name, &consent).await
    }

    /// Takes a version all the way.
    pub(super) async fn publish(&self, version: &str, description: &str) -> Submission {
        let mut submission = Box::pin(self.submit(version, description)).await;
        for name in ["alice", "bob"] {
            if submission.state.kind() == StateKind::Pending {
                submission = Box::pin(self.approve(name, &submission)).await.unwrap().submission;
            }
        }
        assert_eq!(submission.state.kind(), StateKind::Live);
        submission
    }

    /// Takes a version as far as consents alone take it, without expecting where that is.
    pub(super) async fn consented(&self, version: &str, description: &str) -> Submission {
        let submission = Box::pin(self.submit(version, description)).await;
        Box::pin(self.approve("alice", &submission)).await.unwrap();
        self.again(&submission).await
    }

    /// The record as it is now.
    pub(super) async fn again(&self, submission: &Submission) -> Submission {
        self.service.submission(&self.admin, &submission.id).await.unwrap()
    }

    /// Time passes, and what is due happens.
    pub(super) async fn wait(&self, time: SignedDuration) {
        self.clock.advance(time);
        self.service.sweep().await.unwrap();
    }

    /// What canary and stable are served.
    pub(super) fn both(&self, server: &str) -> (Option<String>, Option<String>) {
        (self.live_in("canary", server), self.live_in("stable", server))
    }

    pub(super) async fn state(&self, submission: &Submission) -> StateKind {
        self.service.submission(&self.admin, &submission.id).await.unwrap().state.kind()
    }

    /// The types and targets of all events.
    pub(super) async fn log(&self) -> Vec<String> {
        let page = self.service.events(&self.admin, 0, 1_000, &EventFilter::default()).await.unwrap();
        let value = |event| crate::service::leaf_value(event).unwrap();
        page.events.iter().map(|event| value(event).get("type").unwrap().as_str().unwrap().to_owned()).collect()
    }

    /// The path of the database.
    pub(super) fn file(&self) -> std::path::PathBuf {
        self.folder.path().join("registry.sqlite")
    }

    /// Looks at every signature, digest, state and event: nothing that was decided here leaves anything to find.
    pub(super) async fn is_sound(&self) {
        let mut snapshot = self.service.inner.store.read().await.unwrap();
        let found = crate::service::examine(&mut *snapshot, self.service.settings()).await.unwrap();
        assert_eq!(found.findings, []);
    }

    /// Stops and starts again on the same file.
    pub(super) async fn restart(self) -> Result<Self, ServiceError> {
        let settings = self.service.settings().clone();
        self.restart_with(settings).await
    }

    /// Stops and starts again on the same file with other settings.
    pub(super) async fn restart_with(self, settings: Settings) -> Result<Self, ServiceError> {
        self.service.close().await;
        let service = open(&self.folder, &self.clock, &self.random, settings).await?;
        Ok(Self { service, ..self })
    }
}

async fn open(
    folder: &tempfile::TempDir,
    clock: &Arc<MockClock>,
    random: &Arc<SeededRandom>,
    settings: Settings,
) -> Result<Service, ServiceError> {
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&folder.path().join("registry.sqlite")).await?);
    Service::open(store, clock.clone(), random.clone(), settings).await
}
