//! Who publishes and who approves, and how a version goes live by what they do.

use std::{net::SocketAddr, time::Duration};

use mcp_pin_attest::Attestation;
use mcp_pin_model::{Digest, Manifest, Ring};
use mcp_pin_test_support::keys::{self, Person};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::{
    Failure,
    catalogue::NAMESPACE,
    client::{Connection, request},
};

const PUBLISHER: &str = "paula";
const APPROVER: &str = "ann";

/// Their tokens. Their keys follow from their names, so everybody has them.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Tokens {
    publisher: String,
    approver: String,
}

impl Tokens {
    /// Makes a publisher of the namespace and an approver of everything.
    pub(crate) async fn issue(address: SocketAddr, admin: &str) -> Result<Self, Failure> {
        let mut connection = Connection::new(address).await?;
        let mut post = async |path: &str, body: Value| {
            let answer = connection.post(path, admin, body.to_string().as_bytes()).await?;
            answer.expect(path, 201)?.json()
        };
        let mut token = async |principal: &str, role: &str| {
            let body = json!({ "principal": principal, "roles": [role], "label": "load" });
            text(&post("/v1/tokens", body).await?, "token")
        };
        let tokens =
            Self { publisher: token(PUBLISHER, "publisher").await?, approver: token(APPROVER, "approver").await? };
        let key = |principal: &str| Person::new(principal).public_key().to_spki_pem();
        let grant = json!({ "principal": PUBLISHER, "publicKey": key(PUBLISHER) });
        post(&format!("/v1/namespaces/{NAMESPACE}/grants"), grant).await?;
        post("/v1/approvers", json!({ "principal": APPROVER, "publicKey": key(APPROVER), "scope": "*" })).await?;
        Ok(tokens)
    }
}

/// The two of them at one connection.
pub(crate) struct People {
    connection: Connection,
    tokens: Tokens,
    publisher: Person,
    approver: Person,
}

/// When a version was acknowledged, and how long the approval took: the signing in between is nobody's.
pub(crate) struct Took {
    pub(crate) submitted: Instant,
    pub(crate) approve: Duration,
}

impl People {
    pub(crate) async fn new(address: SocketAddr, tokens: Tokens) -> Result<Self, Failure> {
        let connection = Connection::new(address).await?;
        Ok(Self { connection, tokens, publisher: Person::new(PUBLISHER), approver: Person::new(APPROVER) })
    }

    /// Signs a version.
    pub(crate) fn sign(&self, manifest: &Manifest) -> Attestation {
        self.publisher.sign(manifest)
    }

    /// Submits a version, reads its change report, and approves it. It is live afterwards, or this fails.
    pub(crate) async fn make_live(&mut self, manifest: &Manifest, bundle: &Attestation) -> Result<Took, Failure> {
        let path = "/v1/submissions";
        let answer = self.connection.post(path, &self.tokens.publisher, bundle.as_bytes()).await?;
        let submitted = Instant::now();
        let submission = answer.expect(path, 201)?.json()?;

        let path = format!("/v1/submissions/{}/changes", text(&submission, "id")?);
        let report = self.connection.get_as(&path, &self.tokens.approver).await?;
        let report = report.expect(&path, 200)?.json()?;
        let findings = report.get("findings").and_then(Value::as_array).into_iter().flatten();
        let seen = findings.filter_map(|finding| finding.get("fingerprint")?.as_str().map(str::to_owned));
        let replaces = submission.get("replaces").and_then(Value::as_str).map(str::parse::<Digest>).transpose()?;
        let mut consent = keys::approval(manifest, replaces, text(&submission, "changes")?.parse()?, seen);
        // Those that a registry has unless it is configured otherwise.
        consent.rings = vec![Ring::canary(), Ring::stable()];
        let consent = self.approver.sign(&consent);

        let path = "/v1/consents";
        let begin = Instant::now();
        let answer = self.connection.post(path, &self.tokens.approver, consent.as_bytes()).await?;
        let approve = begin.elapsed();
        let consented = answer.expect(path, 201)?.json()?;
        if consented.pointer("/submission/state").and_then(Value::as_str) != Some("live") {
            return Err(format!("an approved version is not live: {consented}").into());
        }
        Ok(Took { submitted, approve })
    }
}

fn text(document: &Value, member: &str) -> Result<String, Failure> {
    let text = document.get(member).and_then(Value::as_str).map(str::to_owned);
    text.ok_or_else(|| format!("an answer without `{member}`: {document}").into())
}

impl Connection {
    async fn post(&mut self, path: &str, token: &str, body: &[u8]) -> Result<crate::client::Answer, Failure> {
        self.fetch(&request("POST", path, &[("authorization", &format!("Bearer {token}"))], body)).await
    }

    async fn get_as(&mut self, path: &str, token: &str) -> Result<crate::client::Answer, Failure> {
        self.fetch(&request("GET", path, &[("authorization", &format!("Bearer {token}"))], &[])).await
    }
}
