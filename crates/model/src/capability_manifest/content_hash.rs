//! `contentHash`: what a declaration says about its own bytes.

use std::{fmt, str::FromStr};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use thiserror::Error;

use crate::{
    Digest,
    json::{Object, Value},
    surface,
};

/// The member in which an entry carries its own hash.
pub const CONTENT_HASH: &str = "contentHash";

/// A SHA-256 digest in the text form of SEP-3140: `sha256-` and 43 characters of base64url without padding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContentHash(Digest);

/// Why a text is not a content hash.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum ContentHashError {
    /// Not even text.
    #[error("a content hash is text")]
    NotText,
    /// Another algorithm. SEP-3140 allows stronger ones where both sides agreed on one, and nobody did.
    #[error("a content hash is `sha256-` and its base64url; other algorithms are not negotiated")]
    Algorithm,
    /// Not exactly 32 bytes in unpadded base64url.
    #[error("`sha256-` is followed by 43 characters of base64url without padding")]
    Encoding,
}

impl ContentHash {
    /// The digest.
    #[must_use]
    pub fn digest(self) -> Digest {
        self.0
    }
}

impl From<Digest> for ContentHash {
    fn from(digest: Digest) -> Self {
        Self(digest)
    }
}

impl FromStr for ContentHash {
    type Err = ContentHashError;

    fn from_str(text: &str) -> Result<Self, ContentHashError> {
        let encoded = text.strip_prefix("sha256-").ok_or(ContentHashError::Algorithm)?;
        // The decoder refuses padding, other alphabets and stray bits, so that a digest has one text.
        let bytes = URL_SAFE_NO_PAD.decode(encoded).map_err(|_| ContentHashError::Encoding)?;
        bytes.try_into().map(|bytes| Self(Digest::from_bytes(bytes))).map_err(|_| ContentHashError::Encoding)
    }
}

impl fmt::Display for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256-{}", URL_SAFE_NO_PAD.encode(self.0.as_bytes()))
    }
}

impl Serialize for ContentHash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ContentHash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

/// What an entry's own `contentHash` comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwnContentHash {
    /// The entry carries none.
    Absent,
    /// It is the hash of the entry.
    Matches,
    /// It is the hash of something else.
    Mismatch {
        /// What the entry says.
        claimed: ContentHash,
        /// What it is.
        computed: ContentHash,
    },
    /// It is no content hash, so nothing could be checked.
    Malformed(ContentHashError),
}

impl OwnContentHash {
    /// Checks an entry exactly as it came over the wire.
    ///
    /// For stored entries there is [`Entry::own_content_hash`](crate::Entry::own_content_hash): what a surface leaves
    /// out as volatile, or replaces because it belongs to the machine, is part of what a server hashes.
    #[must_use]
    pub fn of(entry: &Object) -> Self {
        match entry.get(CONTENT_HASH) {
            None => Self::Absent,
            Some(Value::String(text)) => match text.parse::<ContentHash>() {
                Ok(claimed) => {
                    let computed = ContentHash(surface::content_digest(entry));
                    if claimed == computed { Self::Matches } else { Self::Mismatch { claimed, computed } }
                }
                Err(error) => Self::Malformed(error),
            },
            Some(_) => Self::Malformed(ContentHashError::NotText),
        }
    }
}
