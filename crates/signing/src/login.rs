//! Logging in with the browser (OAuth 2.0 authorization code flow with PKCE, RFC 7636).

use std::io;

use sigstore_sign::oidc::{self, AuthCallback, AuthMode, HtmlTemplates, MinimalTemplates, OAuthClient, OAuthConfig};
use thiserror::Error;
use zeroize::Zeroizing;

use crate::{Services, SigningError, http};

/// How the page to log in at is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LoginPage {
    /// A browser was opened on it.
    Opened,
    /// No browser could be opened: the person opens it anywhere, and types the code that it shows.
    ToBeOpened,
}

/// The person who logs in.
pub trait Login {
    /// Shows where to log in. The address comes from the signing config: foreign text.
    fn show(&self, address: &str, page: LoginPage);

    /// Asks for the code that the page showed.
    ///
    /// # Errors
    /// When nobody answers.
    fn code(&self) -> io::Result<Zeroizing<String>>;
}

/// Why nobody logged in.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LoginError {
    /// The services name no provider.
    #[error("the signing config names no identity provider to log in at")]
    NoProvider,
    /// The provider did not answer.
    #[error("the identity provider did not answer")]
    Unreachable,
    /// The login was not finished, not answered, or refused.
    #[error("the login was not finished, or the identity provider refused it")]
    Refused,
    /// The HTTP client could not be made.
    #[error(transparent)]
    Setup(#[from] SigningError),
}

struct Callback<'a>(&'a dyn Login);

impl HtmlTemplates for Callback<'_> {
    fn success_html(&self) -> &str {
        MinimalTemplates.success_html()
    }

    fn error_html(&self, error: &str) -> String {
        MinimalTemplates.error_html(error)
    }
}

impl AuthCallback for Callback<'_> {
    fn auth_url_ready(&self, url: &str, mode: AuthMode) {
        let page = match mode {
            AuthMode::BrowserRedirect => LoginPage::Opened,
            _ => LoginPage::ToBeOpened,
        };
        self.0.show(url, page);
    }

    fn prompt_for_code(&self) -> io::Result<oidc::SecretString> {
        Ok(oidc::SecretString::new(self.0.code()?.trim()))
    }
}

/// Lets a person log in at the identity provider of the services, and gives back the token.
///
/// # Errors
/// See [`LoginError`].
pub async fn login(services: &Services, person: &dyn Login) -> Result<Zeroizing<String>, LoginError> {
    let provider = services.0.oidc_url().ok_or(LoginError::NoProvider)?;
    let client = OAuthClient::with_http_client(OAuthConfig::dex(provider), http::client()?);
    let token = client.authenticate(Callback(person)).await.map_err(|error| match error {
        oidc::Error::Http(_) => LoginError::Unreachable,
        _ => LoginError::Refused,
    })?;
    Ok(Zeroizing::new(token.expose_secret().to_owned()))
}
