//! Identity tokens of workloads, exchanged for tokens of this registry.

use std::collections::BTreeSet;

use mcp_pin_storage::{Credential, Method, Role, Roles};

use super::{
    IssuedToken, NewToken, Service, ServiceError, decision::to_its_end, signers::RevokedSigners, tokens::issue,
};
use crate::oidc::{ProvenIdentity, TokenRefusal};

impl Service {
    /// Issues a token to a proven identity: of minutes, for submitting in the namespaces that are granted to policies
    /// which the identity falls under, and for nothing else.
    ///
    /// The token that proved it is spent in the same transaction, so that neither a restart nor a second request at the
    /// same time gets another one for it. One that is refused here is not spent.
    ///
    /// # Errors
    /// [`ServiceError::Token`]; store errors.
    pub async fn exchange(&self, identity: ProvenIdentity) -> Result<IssuedToken, ServiceError> {
        let service = self.clone();
        to_its_end(async move {
            let mut deciding = service.deciding().await?;
            let revoked = RevokedSigners::read(&mut *deciding.tx).await?;
            let mut principal = None;
            let mut namespaces = BTreeSet::new();
            for grant in deciding.tx.grants(None).await? {
                // Which instance would vouch for a certificate says nothing here: the issuer itself does.
                let Credential::Identity { policy, .. } = &grant.credential else { continue };
                if policy.check(&identity.claims).is_err() || revoked.cover_credential(&grant.credential) {
                    continue;
                }
                if principal.as_ref().is_some_and(|first| *first != grant.principal) {
                    return Err(ServiceError::Token(TokenRefusal::Ambiguous));
                }
                principal = Some(grant.principal);
                namespaces.insert(grant.namespace);
            }
            let principal = principal.ok_or(ServiceError::Token(TokenRefusal::NotGranted))?;
            if deciding.tx.offboarded(&principal).await?.is_some() {
                return Err(ServiceError::Token(TokenRefusal::NotGranted));
            }
            if revoked.cover_claims(&identity.claims) {
                return Err(ServiceError::Token(TokenRefusal::NotGranted));
            }
            let (issuer, token) = (&identity.issuer, &identity.token);
            if !deciding.tx.spend_identity_token(issuer, token, identity.forgotten_at, deciding.at).await? {
                return Err(ServiceError::Token(TokenRefusal::Replayed));
            }
            let expires_at = deciding
                .at
                .checked_add(service.inner.settings.exchanged_token_lifetime)
                .map_err(|_| ServiceError::Internal("a token would end after the end of time".to_owned()))?;
            let new = NewToken {
                principal: principal.clone(),
                roles: Roles::from([Role::Publisher]),
                namespaces: Some(namespaces),
                actions: None,
                method: Method::Workload,
                label: "exchanged for an identity token".to_owned(),
                expires_at: Some(expires_at),
            };
            let issued = issue(&mut deciding, &principal, new).await?;
            deciding.commit().await?;
            Ok(issued)
        })
        .await
    }
}
