//! Who may do what: grants, approvers, people and tokens.

use reqwest::Method;
use url::Url;
use zeroize::Zeroizing;

use crate::{
    client::{RegistryClient, body, shape, typed},
    error::ClientError,
    records::{
        ApproverRecord, ExchangedToken, GrantRecord, IssuedToken, LoginToken, NewCredential, NewToken, OffboardRequest,
        Offboarding, TokenRecord, WhoAmI,
    },
    wire,
};

impl RegistryClient {
    /// Grants a namespace to a publisher's key or identities.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn grant(
        &self,
        namespace: &str,
        principal: &str,
        credential: &NewCredential,
    ) -> Result<GrantRecord, ClientError> {
        let url = self.url(&["v1", "namespaces", namespace, "grants"])?;
        let body = body(&wire::NewGrant { principal, credential })?;
        typed(&self.send_json(Method::POST, url, "namespace", body).await?)
    }

    /// The grants of a namespace.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn grants(&self, namespace: &str) -> Result<Vec<GrantRecord>, ClientError> {
        let url = self.url(&["v1", "namespaces", namespace, "grants"])?;
        let list: wire::Grants = typed(&self.get_json(url, "namespace").await?)?;
        Ok(list.grants)
    }

    /// Withdraws a grant.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn withdraw_grant(&self, namespace: &str, id: &str) -> Result<(), ClientError> {
        self.delete(self.url(&["v1", "namespaces", namespace, "grants", id])?, "grant").await
    }

    /// Registers an approver's key or identities for one namespace, or for all with `*`.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn add_approver(
        &self,
        principal: &str,
        credential: &NewCredential,
        scope: &str,
    ) -> Result<ApproverRecord, ClientError> {
        let body = body(&wire::NewApprover { principal, credential, scope })?;
        typed(&self.send_json(Method::POST, self.url(&["v1", "approvers"])?, "approver", body).await?)
    }

    /// The registered approvers.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn approvers(&self) -> Result<Vec<ApproverRecord>, ClientError> {
        let list: wire::Approvers = typed(&self.get_json(self.url(&["v1", "approvers"])?, "list").await?)?;
        Ok(list.approvers)
    }

    /// Withdraws an approver's registration.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn withdraw_approver(&self, id: &str) -> Result<(), ClientError> {
        self.delete(self.url(&["v1", "approvers", id])?, "approver").await
    }

    /// Issues a token; the only time its text is seen.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn issue_token(&self, token: &NewToken) -> Result<IssuedToken, ClientError> {
        let answer = self.send_json(Method::POST, self.url(&["v1", "tokens"])?, "token", body(token)?).await?;
        let issued: wire::IssuedToken = typed(&answer)?;
        let secret = issued.token.parse().map_err(|_| shape("the issued token has another form than tokens have"))?;
        Ok(IssuedToken { secret, record: issued.record })
    }

    /// Gets a token of minutes for the identity token of a CI job (RFC 8693). The identity token's audience is the
    /// registry's public address; it is good for once.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn exchange(&self, identity_token: &str) -> Result<ExchangedToken, ClientError> {
        let body = Zeroizing::new(body(&wire::TokenExchange {
            grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
            subject_token: identity_token,
            subject_token_type: "urn:ietf:params:oauth:token-type:id_token",
        })?);
        let url = self.url(&["v1", "token"])?;
        let answer = self.send_json(Method::POST, url, "login for CI jobs", body.to_vec()).await?;
        let wire::ExchangedToken { access_token, expires_in, principal, namespaces } = typed(&answer)?;
        let secret = Zeroizing::new(access_token);
        let secret = secret.parse().map_err(|_| shape("the given token has another form than tokens have"))?;
        Ok(ExchangedToken { secret, expires_in, principal, namespaces })
    }

    /// Gets a token of hours for the code that came to a command line after a person's login, and the verifier whose
    /// digest was sent along when it began. The code is good for once.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn login(&self, code: &str, verifier: &str) -> Result<LoginToken, ClientError> {
        let body = Zeroizing::new(body(&wire::LoginToken { code, verifier })?);
        let url = self.url(&["v1", "login", "token"])?;
        let answer = self.send_json(Method::POST, url, "login for people", body.to_vec()).await?;
        let wire::LoggedIn { token, principal, roles, expires_at } = typed(&answer)?;
        let secret = Zeroizing::new(token);
        let secret = secret.parse().map_err(|_| shape("the given token has another form than tokens have"))?;
        Ok(LoginToken { secret, principal, roles, expires_at })
    }

    /// Where a person begins a login whose answer goes to an address on this machine.
    ///
    /// # Errors
    /// When there is no such address.
    pub fn login_address(&self, redirect: &str, state: &str, challenge: &str) -> Result<Url, ClientError> {
        let mut url = self.url(&["v1", "login"])?;
        let pairs = [("redirect", redirect), ("state", state), ("challenge", challenge)];
        url.query_pairs_mut().extend_pairs(pairs);
        Ok(url)
    }

    /// Ends the token of this client.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn logout(&self) -> Result<(), ClientError> {
        let token = self.whoami().await?.token.ok_or_else(|| shape("no token"))?;
        self.revoke_token(&token).await
    }

    /// Takes from a principal everything that it may do, or says what that would be.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn offboard(&self, principal: &str, request: &OffboardRequest) -> Result<Offboarding, ClientError> {
        let url = self.url(&["v1", "principals", principal, "offboard"])?;
        typed(&self.send_json(Method::POST, url, "principal", body(request)?).await?)
    }

    /// All tokens, without their texts.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn tokens(&self) -> Result<Vec<TokenRecord>, ClientError> {
        let list: wire::Tokens = typed(&self.get_json(self.url(&["v1", "tokens"])?, "list").await?)?;
        Ok(list.tokens)
    }

    /// Revokes a token.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn revoke_token(&self, id: &str) -> Result<(), ClientError> {
        self.delete(self.url(&["v1", "tokens", id])?, "token").await
    }

    /// Whose token this client uses.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn whoami(&self) -> Result<WhoAmI, ClientError> {
        typed(&self.get_json(self.url(&["v1", "whoami"])?, "caller").await?)
    }
}
