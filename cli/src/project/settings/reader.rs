//! Values of the file, with the line where they stand.

use std::{ops::Range, path::Path};

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use mcp_pin_attest::PublicKey;
use toml::Spanned;
use url::Url;

use crate::error::{CommandError, Place};

/// Turns spans into places.
pub(super) struct Reader<'a> {
    pub(super) path: &'a Path,
    pub(super) text: &'a str,
}

impl Reader<'_> {
    pub(super) fn line(&self, span: &Range<usize>) -> usize {
        self.text.bytes().take(span.start).filter(|&byte| byte == b'\n').count() + 1
    }

    pub(super) fn place(&self, span: &Range<usize>) -> Place {
        Place { path: self.path.to_owned(), line: Some(self.line(span)) }
    }

    pub(super) fn error(&self, span: &Range<usize>, message: impl Into<String>) -> CommandError {
        CommandError::usage(message).at(self.path, Some(self.line(span)))
    }

    pub(super) fn url(&self, text: &Spanned<String>) -> Result<Url, CommandError> {
        let url = Url::parse(text.get_ref()).map_err(|error| self.error(&text.span(), format!("`url`: {error}")))?;
        if !matches!(url.scheme(), "https" | "http") || url.host().is_none() {
            return Err(self.error(&text.span(), "a registry's url starts with https:// (or http:// on this machine)"));
        }
        let loopback = match url.host() {
            Some(url::Host::Domain(domain)) => domain == "localhost",
            Some(url::Host::Ipv4(address)) => address.is_loopback(),
            Some(url::Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        };
        if url.scheme() == "http" && !loopback {
            return Err(self.error(&text.span(), "a registry is reached over https; http is for this machine only"));
        }
        Ok(url)
    }

    pub(super) fn key(&self, text: &Spanned<String>) -> Result<PublicKey, CommandError> {
        let key = text.get_ref().trim();
        let parsed = if key.starts_with("-----") {
            PublicKey::from_spki_pem(text.get_ref()).map_err(|error| error.to_string())
        } else {
            BASE64
                .decode(key)
                .map_err(|error| error.to_string())
                .and_then(|der| PublicKey::from_spki_der(&der).map_err(|error| error.to_string()))
        };
        parsed.map_err(|error| {
            self.error(&text.span(), format!("`key` is neither a PEM public key nor its base64: {error}"))
        })
    }

    /// What somebody is called. Names count as people, so two that look alike must not differ in what cannot be seen.
    pub(super) fn principal(&self, member: &str, text: &Spanned<String>) -> Result<String, CommandError> {
        let name = text.get_ref();
        if name.trim().is_empty() {
            return Err(self.error(&text.span(), format!("`{member}` is empty")));
        }
        if name.trim() != name || name.chars().any(|c| c != ' ' && mcp_pin_model::json::is_hidden(c)) {
            return Err(self.error(&text.span(), format!("`{member}` holds characters that cannot be seen")));
        }
        Ok(name.clone())
    }

    pub(super) fn parsed<T: std::str::FromStr<Err: std::fmt::Display>>(
        &self,
        member: &str,
        text: &Spanned<String>,
    ) -> Result<T, CommandError> {
        text.get_ref().parse().map_err(|error| self.error(&text.span(), format!("`{member}`: {error}")))
    }
}
