//! The official `server.json`: its rules (schema 2025-12-11 and the semantic rules beside it), and the documents that
//! stand in for servers which no registry knows.
//!
//! Ownership of a namespace or a package is no matter of the document and is not checked here.

mod rules;
mod shape;
mod version;

use serde::Serialize;

use crate::{
    Alias, Launch, ServerName, ServerVersion,
    json::{Object, Value},
};

/// The newest released schema of `server.json`.
pub const CURRENT_SCHEMA: &str = "https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json";

/// The description of a server that was pinned without a registry.
const LOCAL_DESCRIPTION: &str = "Pinned locally by mcp-pin; not published in a registry.";

/// Which layer of the rules an issue belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum IssueType {
    /// Not JSON, or not strict JSON.
    Json,
    /// The JSON Schema is violated.
    Schema,
    /// A rule that a schema cannot express is violated.
    Semantic,
    /// Allowed, but unwise.
    Linter,
}

/// How bad an issue is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The document is refused.
    Error,
    /// Worth knowing, not refused.
    Warning,
    /// For information.
    Info,
}

/// One thing that is wrong with a document, in the shape of the registry API's validation result.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Issue {
    /// The layer.
    #[serde(rename = "type")]
    pub kind: IssueType,
    /// Where, in bracket notation (`packages[0].transport.url`); empty for the whole document.
    pub path: String,
    /// What, in our words; text of the document is quoted and escaped.
    pub message: String,
    /// How bad.
    pub severity: Severity,
    /// The rule's id, or the place in the JSON Schema.
    pub reference: String,
}

impl Issue {
    /// Whether it makes the document unacceptable.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

impl std::fmt::Display for Issue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.path.is_empty() { f.write_str(&self.message) } else { write!(f, "`{}` {}", self.path, self.message) }
    }
}

/// Checks a document; gives back everything that is wrong with it, schema first, in the order of the document type.
#[must_use]
pub fn validate(server: &Object) -> Vec<Issue> {
    let mut issues = Issues::default();
    shape::server(server, &mut issues);
    rules::server(server, &mut issues);
    issues.found
}

/// The name under which a server that no registry knows is pinned: `local/` and the alias, where the alias fits the
/// grammar of names, else a readable part of it and a digest. Two aliases never share a name.
#[must_use]
pub fn local_name(alias: &Alias) -> ServerName {
    ServerName::local(alias)
}

/// The `server.json` that stands in for a server which no registry knows. It passes [`validate`].
#[must_use]
pub fn local(alias: &Alias, version: &ServerVersion, launch: &Launch) -> Object {
    let mut server = Object::from_iter([
        ("$schema", Value::from(CURRENT_SCHEMA)),
        ("name", Value::from(local_name(alias).as_str())),
        ("description", Value::from(LOCAL_DESCRIPTION)),
        ("version", Value::from(version.to_string())),
    ]);
    // What the launch pins in full stands in the manifest's `launch`. The document repeats it only where the official
    // rules allow: an unresolved variable or a loopback address is no remote that others could reach.
    if let Launch::Http(http) = launch
        && rules::is_plain_remote(&http.url)
    {
        let remote =
            Object::from_iter([("type", Value::from("streamable-http")), ("url", Value::from(http.url.as_str()))]);
        server.insert("remotes", vec![Value::Object(remote)]);
    }
    server
}

/// Collects issues.
#[derive(Default)]
struct Issues {
    found: Vec<Issue>,
}

impl Issues {
    fn push(
        &mut self,
        kind: IssueType,
        severity: Severity,
        path: &str,
        message: impl Into<String>,
        reference: impl Into<String>,
    ) {
        self.found.push(Issue {
            kind,
            path: path.to_owned(),
            message: message.into(),
            severity,
            reference: reference.into(),
        });
    }

    fn schema(&mut self, path: &str, message: impl Into<String>, reference: impl Into<String>) {
        self.push(IssueType::Schema, Severity::Error, path, message, reference);
    }

    fn semantic(&mut self, path: &str, message: impl Into<String>, reference: &'static str) {
        self.push(IssueType::Semantic, Severity::Error, path, message, reference);
    }
}
