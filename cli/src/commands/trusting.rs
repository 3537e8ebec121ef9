//! Whose trust a check is made by.

/// Where the trust is read from.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct TrustArguments {
    /// Judge by the mcp-pin.toml of a git revision, or by a file outside the project (a path begins with /, ./ or ../)
    ///
    /// Publishers, approvers, roots, registries, the policy and rings then come from there, and nothing of the working tree
    /// can change them. For pull requests: the commit of the base branch.
    #[arg(long, value_name = "REVISION|FILE", env = "MCP_PIN_TRUST_FROM")]
    pub trust_from: Option<String>,
}

impl TrustArguments {
    /// What was named. An empty variable names nothing.
    #[must_use]
    pub fn from(&self) -> Option<&str> {
        self.trust_from.as_deref().filter(|from| !from.is_empty())
    }
}
