//! Whoever comes without a token: with a certificate, or at the machine itself.

use mcp_pin_storage::{Method, PrincipalName, Role, Roles};

use super::{Caller, Service, ServiceError};
use crate::tls::CertificateClient;

/// The principal under which commands at the machine act.
const OPERATOR: &str = "operator";

impl Service {
    /// Who comes with a certificate that TLS verified; none when they left.
    ///
    /// # Errors
    /// Store errors.
    pub async fn by_certificate(&self, client: &CertificateClient) -> Result<Option<Caller>, ServiceError> {
        if self.inner.store.read().await?.offboarded(&client.principal).await?.is_some() {
            return Ok(None);
        }
        Ok(Some(Caller {
            principal: client.principal.clone(),
            roles: client.roles.clone(),
            namespaces: client.namespaces.clone(),
            actions: None,
            groups: std::collections::BTreeSet::new(),
            method: Method::Certificate,
            authenticated_at: self.now(),
            token: None,
            once: None,
        }))
    }

    /// Whoever runs a command on the data directory or the database: they could change every byte of it, so this says
    /// who did what rather than whether they may.
    ///
    /// # Errors
    /// Never: the name is a principal's.
    pub fn operator(&self) -> Result<Caller, ServiceError> {
        let principal: PrincipalName =
            OPERATOR.parse().map_err(|_| ServiceError::Internal("`operator` is no principal".to_owned()))?;
        Ok(Caller {
            principal,
            roles: Roles::from([Role::Admin, Role::Operator]),
            namespaces: None,
            actions: None,
            groups: std::collections::BTreeSet::new(),
            method: Method::Operator,
            authenticated_at: self.now(),
            token: None,
            once: None,
        })
    }
}
