//! The manifest: a publisher's (or, for a local lock, the developer's own) signed statement of one exact version.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    Artifact, Digest, Launch, ServerName, ServerVersion, Surface,
    json::{self, Object, Value},
    placeholder::Placeholder,
    server_json,
    statement::{RawStatement, Statement, StatementError, Subject},
};

/// How the surface was captured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Capture {
    /// When, in UTC.
    #[cfg_attr(feature = "schema", schemars(with = "String", extend("format" = "date-time")))]
    pub at: Timestamp,
    /// The program and version that captured, such as `mcp-pin/0.1.0`.
    pub by: String,
    /// `stdio` or `streamable-http`.
    pub transport: String,
    /// The negotiated protocol version. A live server that negotiates a lower one is refused.
    pub protocol_version: String,
    /// The auth profile whose surface this is, where a server shows different ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_profile: Option<String>,
    /// Where the stored text holds a placeholder such as `${cwd}` instead of what the capturing machine had there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub placeholders: Vec<Placeholder>,
}

/// A manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// The official `server.json`, verbatim.
    pub server: Object,
    /// The surface.
    pub surface: Surface,
    /// How the server is started or reached.
    pub launch: Launch,
    /// The packages that the launch runs, sorted, each once.
    pub artifacts: Vec<Artifact>,
    /// How the surface was captured.
    pub capture: Capture,
    /// The digest of the previous version's manifest.
    pub previous: Option<Digest>,
    name: ServerName,
    version: ServerVersion,
}

impl Manifest {
    /// Puts a manifest together; sorts the artifacts.
    ///
    /// # Errors
    /// When `server` breaks a rule of [`server_json`] or has no semantic version, or an artifact is listed twice.
    pub fn new(
        server: Object,
        surface: Surface,
        launch: Launch,
        mut artifacts: Vec<Artifact>,
        capture: Capture,
        previous: Option<Digest>,
    ) -> Result<Self, StatementError> {
        if let Some(issue) = server_json::validate(&server).into_iter().find(server_json::Issue::is_error) {
            return Err(StatementError::Server(issue.to_string()));
        }
        let text = |member: &'static str| {
            server
                .get(member)
                .and_then(Value::as_str)
                .ok_or_else(|| StatementError::Server(format!("`{member}` is missing or not text")))
        };
        let name = text("name")?.parse()?;
        let version = text("version")?.parse()?;
        artifacts.iter_mut().for_each(Artifact::normalise);
        artifacts.sort();
        if let Some(purl) = artifacts.windows(2).find_map(|pair| match pair {
            [a, b] if a.purl == b.purl => Some(a.purl.clone()),
            _ => None,
        }) {
            return Err(StatementError::DuplicateArtifact(purl));
        }
        Ok(Self { server, surface, launch, artifacts, capture, previous, name, version })
    }

    /// The server's name.
    #[must_use]
    pub fn name(&self) -> &ServerName {
        &self.name
    }

    /// The version.
    #[must_use]
    pub fn version(&self) -> &ServerVersion {
        &self.version
    }

    /// What the statement is about: the surface under `<name>@<version>`, then every artifact with a known digest.
    fn subjects(&self) -> Vec<Subject> {
        let mut subjects = vec![Subject::sha256(format!("{}@{}", self.name, self.version), &self.surface.digest())];
        for artifact in &self.artifacts {
            if let Some(digest) = &artifact.digest {
                subjects.push(Subject {
                    name: artifact.purl.clone(),
                    digest: [(digest.algorithm().as_str().to_owned(), digest.to_hex())].into(),
                });
            }
        }
        subjects
    }
}

impl Statement for Manifest {
    const PREDICATE_TYPE: &'static str = "urn:mcp-pin:manifest:v1";

    fn from_payload(payload: &[u8]) -> Result<Self, StatementError> {
        let raw = RawStatement::parse(payload, Self::PREDICATE_TYPE)?;
        let predicate = raw.predicate.as_object().ok_or(StatementError::WrongPredicate)?;
        let known = ["server", "surface", "launch", "artifacts", "capture", "previous"];
        if predicate.len() != known.len() || !known.iter().all(|member| predicate.contains(member)) {
            return Err(StatementError::WrongPredicate);
        }
        let member = |name: &str| predicate.get(name).unwrap_or(&Value::Null);
        let Value::Object(server) = member("server") else {
            return Err(StatementError::Server("is not an object".to_owned()));
        };
        let manifest = Self::new(
            server.clone(),
            Surface::from_value(member("surface"))?,
            json::from_value(member("launch"))?,
            json::from_value(member("artifacts"))?,
            json::from_value(member("capture"))?,
            json::from_value(member("previous"))?,
        )?;
        if raw.subject != manifest.subjects() {
            return Err(StatementError::Subject(
                "does not name this server, version, surface and artifacts with their digests",
            ));
        }
        RawStatement::is_written_by(manifest, payload)
    }

    fn to_payload(&self) -> Vec<u8> {
        let artifacts = self.artifacts.iter().map(|artifact| {
            let mut object = Object::from_iter([("purl", Value::from(artifact.purl.as_str()))]);
            if let Some(digest) = &artifact.digest {
                object.insert("digest", digest.as_str());
            }
            if let Some(provenance) = &artifact.provenance {
                let members = provenance.members().into_iter().map(|(name, value)| (name, Value::from(value)));
                object.insert("provenance", Value::Object(Object::from_iter(members)));
            }
            Value::Object(object)
        });
        // A capture record is text and lists of text, which cannot fail to serialise.
        let capture = json::to_value(&self.capture).unwrap_or(Value::Null);
        let predicate = Object::from_iter([
            ("server", Value::Object(self.server.clone())),
            ("surface", self.surface.to_value()),
            ("launch", self.launch.to_value()),
            ("artifacts", Value::Array(artifacts.collect())),
            ("capture", capture),
            ("previous", Value::from(self.previous)),
        ]);
        RawStatement::to_payload(&self.subjects(), Self::PREDICATE_TYPE, Value::Object(predicate))
    }
}
