//! How a server is started or reached. Pinned like the surface: a changed command is another program.

use serde::{Deserialize, Serialize};

use crate::{Digest, json};

/// A launch as the client's configuration spells it, variables (`${…}`) unresolved. Values of environment variables
/// and headers are never part of it, only their names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Launch {
    /// A local process that speaks on its standard streams.
    Stdio(StdioLaunch),
    /// A remote server.
    Http(HttpLaunch),
}

/// A local process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct StdioLaunch {
    /// The program.
    pub command: String,
    /// Its arguments, in order.
    #[serde(default)]
    pub args: Vec<String>,
    /// The names of the environment variables that the configuration sets; written sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub env: Vec<String>,
    /// The working directory, where the configuration sets one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cwd: Option<String>,
}

/// A remote server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct HttpLaunch {
    /// The endpoint.
    pub url: String,
    /// The names of the headers that the configuration sets; written sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<String>,
}

impl Launch {
    /// The digest of the launch's canonical form.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of_canonical(&self.to_value())
    }

    /// The launch as a JSON value, in its [normal](Self::normalise) form.
    #[must_use]
    pub fn to_value(&self) -> json::Value {
        let mut launch = self.clone();
        launch.normalise();
        // Text and lists of text, which cannot fail to serialise.
        json::to_value(&launch).unwrap_or(json::Value::Null)
    }

    /// Sorts the names of variables and headers and leaves each once: their order in a configuration means nothing.
    pub fn normalise(&mut self) {
        let names = match self {
            Self::Stdio(stdio) => &mut stdio.env,
            Self::Http(http) => &mut http.headers,
        };
        names.sort();
        names.dedup();
    }

    /// The transport's name in capture records: `stdio` or `streamable-http`.
    #[must_use]
    pub fn transport(&self) -> &'static str {
        match self {
            Self::Stdio(_) => "stdio",
            Self::Http(_) => "streamable-http",
        }
    }
}
