//! What somebody signs with.

use mcp_pin_attest::{IdentityPolicy, InstanceName};

/// A key, or the identities of a certificate policy: what a grant or a registration trusts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credential {
    /// A P-256 key.
    Key {
        /// Its id: base64 of the SHA-256 of its SPKI DER.
        id: String,
        /// The public key, SPKI in PEM.
        public_key: String,
    },
    /// Identities that a Sigstore instance vouches for.
    Identity {
        /// Which ones.
        policy: IdentityPolicy,
        /// By whose root.
        instance: InstanceName,
    },
}

impl Credential {
    /// The text that says whose it is: the key's id, or the issuer and the subject's pattern joined by one space.
    ///
    /// An identity is one whatever else a policy asks for and whichever instance vouches for it: it belongs to one
    /// principal, as a key does.
    #[must_use]
    pub fn id(&self) -> String {
        match self {
            Self::Key { id, .. } => id.clone(),
            Self::Identity { policy, .. } => format!("{} {}", policy.issuer(), policy.subject()),
        }
    }
}
