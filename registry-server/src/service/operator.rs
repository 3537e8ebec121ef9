//! Whoever is at the machine itself.

use mcp_pin_storage::{Method, PrincipalName, Role, Roles};

use super::{Caller, Service, ServiceError};

/// The principal under which commands at the machine act.
const OPERATOR: &str = "operator";

impl Service {
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
        })
    }
}
