//! The one HTTP client.

use std::time::Duration;

use reqwest::{Client, redirect};

use crate::SigningError;

/// How long a connection may take to come up.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long one request may take, its answer included. A log that waits for its next checkpoint takes up to ten seconds.
/// It is also what bounds an answer that never ends.
const TIMEOUT: Duration = Duration::from_secs(40);

/// How many redirects are followed, all of them within the origin.
const MAX_REDIRECTS: usize = 2;

/// A client that never follows a redirect to another origin: requests carry identity tokens.
pub(crate) fn client() -> Result<Client, SigningError> {
    Client::builder()
        .user_agent(concat!("mcp-pin/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(TIMEOUT)
        .redirect(redirect::Policy::custom(|attempt| {
            let same = attempt.previous().last().is_some_and(|previous| previous.origin() == attempt.url().origin());
            if same && attempt.previous().len() <= MAX_REDIRECTS { attempt.follow() } else { attempt.stop() }
        }))
        .build()
        .map_err(|_| SigningError::Setup)
}
