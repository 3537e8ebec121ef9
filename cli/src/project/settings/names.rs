//! Which servers a publisher may sign.

use mcp_pin_model::ServerName;

/// A server's name, or a whole namespace as `io.github.acme/*`. Nothing else is a pattern, so that none is wider than
/// it looks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NamePattern {
    /// Exactly this server.
    Exact(ServerName),
    /// Every server of this namespace.
    Namespace(String),
}

impl NamePattern {
    pub(super) fn parse(text: &str) -> Option<Self> {
        match text.strip_suffix("/*") {
            // A namespace follows the grammar of the first half of a name.
            Some(namespace) => {
                let name: ServerName = format!("{namespace}/any").parse().ok()?;
                (name.namespace() == namespace).then(|| Self::Namespace(namespace.to_owned()))
            }
            None => text.parse().ok().map(Self::Exact),
        }
    }

    /// Whether a server falls under it.
    #[must_use]
    pub fn matches(&self, name: &ServerName) -> bool {
        match self {
            Self::Exact(exact) => exact == name,
            Self::Namespace(namespace) => name.namespace() == namespace,
        }
    }
}

impl std::fmt::Display for NamePattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Exact(name) => f.pad(name.as_str()),
            Self::Namespace(namespace) => write!(f, "{namespace}/*"),
        }
    }
}
