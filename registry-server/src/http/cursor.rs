//! Page cursors: URL-safe, opaque, authenticated, and holding all of the query they continue.
//!
//! One client pastes the cursor into the URL without encoding it, and drops the search text from the second page on.
//! So a cursor is base64url without padding, and carries the filters.

use aws_lc_rs::hmac;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use mcp_pin_model::json;
use serde::{Deserialize, Serialize};

/// No cursor that was issued here is longer: names, versions and search texts are bounded.
const MAX_CURSOR_CHARACTERS: usize = 4096;

/// The length of HMAC-SHA-256.
const TAG_BYTES: usize = 32;

/// Keeps these tags apart from everything else that may ever be authenticated with a key of the same file.
const DOMAIN: &[u8] = b"urn:mcp-pin:cursor:v1\n";

/// The key of the cursors of one data directory.
pub struct CursorKey(hmac::Key);

/// Which entries are listed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Filters {
    /// Text that the name, title or description contains, in lower case.
    #[serde(rename = "s", default, skip_serializing_if = "Option::is_none")]
    pub search: Option<String>,
    /// Only what changed after this time.
    #[serde(rename = "u", default, skip_serializing_if = "Option::is_none")]
    pub updated_since: Option<Timestamp>,
    /// `latest` or an exact version.
    #[serde(rename = "v", default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Whether tombstones are listed.
    #[serde(rename = "d", default)]
    pub include_deleted: bool,
}

/// Which list a cursor is of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum List {
    /// The servers of the MCP Registry API.
    #[default]
    Servers,
    /// What was searched for.
    Search,
}

/// Where a list continues.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cursor {
    /// Which list it is of.
    #[serde(rename = "l", default)]
    pub list: List,
    /// The name of the last entry that was listed.
    #[serde(rename = "n")]
    pub after_name: String,
    /// Its version.
    #[serde(rename = "w")]
    pub after_version: String,
    /// The filters of the query.
    #[serde(rename = "f")]
    pub filters: Filters,
}

impl std::fmt::Debug for CursorKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CursorKey")
    }
}

impl CursorKey {
    /// Takes a key of 32 random bytes.
    #[must_use]
    pub fn new(bytes: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, bytes))
    }

    /// The cursor's text.
    #[must_use]
    pub fn seal(&self, cursor: &Cursor) -> String {
        // A cursor is text, a time and a flag, which cannot fail to serialise.
        let body = serde_json::to_vec(cursor).unwrap_or_default();
        let mut sealed = self.tag(&body);
        sealed.extend_from_slice(&body);
        URL_SAFE_NO_PAD.encode(sealed)
    }

    /// Reads a cursor that this registry issued; `None` for every other text.
    #[must_use]
    pub fn open(&self, text: &str) -> Option<Cursor> {
        if text.len() > MAX_CURSOR_CHARACTERS {
            return None;
        }
        let sealed = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (tag, body) = sealed.split_at_checked(TAG_BYTES)?;
        hmac::verify(&self.0, &message(body), tag).ok()?;
        json::from_value(&json::parse(body).ok()?).ok()
    }

    fn tag(&self, body: &[u8]) -> Vec<u8> {
        hmac::sign(&self.0, &message(body)).as_ref().to_vec()
    }
}

fn message(body: &[u8]) -> Vec<u8> {
    [DOMAIN, body].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cursor() -> Cursor {
        Cursor {
            list: List::Servers,
            after_name: "io.github.acme/weather".to_owned(),
            after_version: "1.0.0".to_owned(),
            filters: Filters { search: Some("wé/+=&#%".to_owned()), ..Filters::default() },
        }
    }

    #[test]
    fn is_url_safe_and_round_trips() {
        let key = CursorKey::new(&[1; 32]);
        let text = key.seal(&cursor());
        assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'), "{text}");
        assert_eq!(key.open(&text), Some(cursor()));
    }

    #[test]
    fn forged_cursors_are_refused() {
        let key = CursorKey::new(&[1; 32]);
        let text = key.seal(&cursor());
        assert_eq!(CursorKey::new(&[2; 32]).open(&text), None, "another data directory's");
        for index in 0..text.len() {
            let mut bytes = text.clone().into_bytes();
            bytes[index] = if bytes[index] == b'A' { b'B' } else { b'A' };
            assert_eq!(key.open(std::str::from_utf8(&bytes).unwrap()), None, "changed at {index}");
        }
        for text in ["", "A", "io.github.acme/weather:1.0.0", &format!("{text}="), &format!("{text}A")] {
            assert_eq!(key.open(text), None, "{text}");
        }
    }
}
