//! Identifiers of records.

use std::{fmt, str::FromStr};

use thiserror::Error;

/// A text that is not an id.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("an id is 26 characters of Crockford's base 32 in upper case")]
pub struct IdError;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                let letter = |byte: u8| {
                    byte.is_ascii_digit() || (byte.is_ascii_uppercase() && !matches!(byte, b'I' | b'L' | b'O' | b'U'))
                };
                if text.len() == 26 && text.bytes().all(letter) { Ok(Self(text.to_owned())) } else { Err(IdError) }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
    };
}

id! {
    /// The id of a token: public, unlike the token.
    TokenId
}
id! {
    /// The id of a namespace grant.
    GrantId
}
id! {
    /// The id of an approver's registration.
    ApproverId
}
id! {
    /// The id of a submission. Ids sort by the time of submission.
    SubmissionId
}
id! {
    /// The id of a draft. Ids sort by the time of arrival.
    DraftId
}
id! {
    /// The id of a revocation.
    RevocationId
}
id! {
    /// The id of a version's being live without the consents that it takes.
    BreakGlassId
}
id! {
    /// The id of a client's report.
    DriftReportId
}
id! {
    /// The id of a webhook.
    WebhookId
}
