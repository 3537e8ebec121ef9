//! What is captured.

use std::{fmt, path::PathBuf};

/// A server to capture.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Target {
    /// A local process that speaks on its standard streams.
    Stdio(StdioTarget),
    /// A remote server that speaks Streamable HTTP.
    Http(HttpTarget),
}

/// A local process, with every variable of the configuration resolved.
#[derive(Clone, Default)]
pub struct StdioTarget {
    /// The program, looked up in `PATH` when it holds no separator.
    pub command: String,
    /// Its arguments.
    pub args: Vec<String>,
    /// Environment variables set on top of the inherited environment. The values are secrets: they are never shown.
    pub env: Vec<(String, String)>,
    /// The working directory; the caller's own where there is none.
    pub cwd: Option<PathBuf>,
}

impl fmt::Debug for StdioTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StdioTarget")
            .field("command", &self.command)
            .field("args", &self.args)
            .field("env", &names(&self.env))
            .field("cwd", &self.cwd)
            .finish()
    }
}

/// A remote server.
#[derive(Clone)]
pub struct HttpTarget {
    /// The endpoint, `http` or `https`.
    pub url: String,
    /// Headers sent with every request. The values are secrets: they are never shown.
    pub headers: Vec<(String, String)>,
}

impl fmt::Debug for HttpTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The URL's query may carry a token, so only what stands before it is shown.
        f.debug_struct("HttpTarget")
            .field("url", &self.url.split(['?', '#']).next().unwrap_or_default())
            .field("headers", &names(&self.headers))
            .finish()
    }
}

fn names(pairs: &[(String, String)]) -> Vec<&str> {
    pairs.iter().map(|(name, _)| name.as_str()).collect()
}
