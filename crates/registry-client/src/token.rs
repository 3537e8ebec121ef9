//! Access tokens.

use std::{fmt, str::FromStr};

use thiserror::Error;
use zeroize::Zeroizing;

/// What every token starts with, so that secret scanners know it.
const PREFIX: &str = "mcpp_";

/// Longer than any token of any registry version.
const MAX_TOKEN_LENGTH: usize = 256;

/// A text that is not a token. It is not repeated.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("a registry token starts with `mcpp_` and consists of letters, digits, `_` and `-`")]
pub struct TokenError;

/// A token. It is wiped from memory after use and never printed.
#[derive(Clone)]
pub struct AccessToken(Zeroizing<String>);

impl AccessToken {
    /// The text, for the one place that sends it or the one that stores it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl FromStr for AccessToken {
    type Err = TokenError;

    fn from_str(text: &str) -> Result<Self, TokenError> {
        let text = text.trim();
        let inner = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        let fits = text.starts_with(PREFIX) && (PREFIX.len() + 1..=MAX_TOKEN_LENGTH).contains(&text.len());
        if fits && text.bytes().all(inner) { Ok(Self(Zeroizing::new(text.to_owned()))) } else { Err(TokenError) }
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccessToken(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_never_printed() {
        let token: AccessToken = "mcpp_abc\n".parse().unwrap();
        assert_eq!(token.expose(), "mcpp_abc");
        assert!(!format!("{token:?}").contains("abc"));
    }

    #[test]
    fn other_text_is_refused() {
        for text in ["", "mcpp_", "ghp_abc", "mcpp_a b", "mcpp_a\r\nX-Evil: 1", "mcpp_é"] {
            assert!(text.parse::<AccessToken>().is_err(), "{text:?}");
        }
    }
}
