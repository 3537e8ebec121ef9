//! Anchored segment globs.
//!
//! Every published bypass of an identity policy was a pattern that was wider than it looked: a regular expression without
//! anchors, a prefix that also fits `org-evil` (threat T67). So there are no regular expressions here, a pattern always
//! describes the whole text, and the part that says *whose* identity it is can hold no wildcard.

use std::{fmt, str::FromStr};

use thiserror::Error;

/// The most bytes of a pattern: certificates hold shorter names, and matching is linear in both.
pub const MAX_PATTERN_BYTES: usize = 1024;

/// Why a text is not a pattern.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum PatternError {
    /// Nothing, which would look like anything.
    #[error("a pattern must not be empty")]
    Empty,
    /// Longer than any identity.
    #[error("a pattern has at most {MAX_PATTERN_BYTES} bytes")]
    TooLong,
    /// White space or a hidden character.
    #[error("a pattern holds no white space and no hidden characters")]
    Characters,
    /// Neither a URI nor an e-mail address, so that it does not say whose identity it is.
    #[error(
        "the pattern is not anchored: it must be a whole URI such as \
         `https://github.com/acme/weather/.github/workflows/release.yml@refs/tags/*`, or one e-mail address"
    )]
    Unanchored,
    /// A wildcard where the identity's owner stands.
    #[error("the scheme, the host and the first part of the path say whose identity it is and can hold no `*`")]
    WildcardOwner,
    /// A wildcard in an e-mail address.
    #[error("an e-mail address can hold no `*`")]
    WildcardAddress,
    /// A wildcard beside other characters of a path: `weather*` also fits `weather-evil`.
    #[error("before the `@`, a `*` must be a whole part of the path")]
    PartialWildcard,
    /// `**` anywhere but at the end.
    #[error("`**` can only be the last part")]
    MisplacedDoubleWildcard,
    /// A ref that does not begin with its kind.
    #[error("a ref pattern begins with `refs/heads/`, `refs/tags/` or another kind without `*`")]
    UnanchoredReference,
}

/// A subject: an exact e-mail address, or a URI whose path and ref may hold wildcards.
///
/// `*` stands for one part of the path, without slashes; after the `@`, for any characters within a part. `**` at the end
/// stands for one or more parts.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubjectPattern(String);

impl SubjectPattern {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a whole subject falls under it.
    #[must_use]
    pub fn matches(&self, subject: &str) -> bool {
        if !self.0.contains('*') {
            return self.0 == subject;
        }
        let (path, reference) = split(&self.0);
        let (subject_path, subject_reference) = split(subject);
        parts_match(path, subject_path)
            && match (reference, subject_reference) {
                (None, None) => true,
                (Some(reference), Some(subject)) => parts_match(reference, subject),
                _ => false,
            }
    }
}

impl FromStr for SubjectPattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        check_text(text)?;
        let Some((scheme, rest)) = text.split_once("://") else {
            let (name, domain) = text.split_once('@').ok_or(PatternError::Unanchored)?;
            if text.contains('*') {
                return Err(PatternError::WildcardAddress);
            }
            let plain = !name.is_empty() && domain.contains('.') && !domain.contains('@') && !text.contains(['/', ':']);
            return if plain { Ok(Self(text.to_owned())) } else { Err(PatternError::Unanchored) };
        };
        let is_scheme = !scheme.is_empty() && scheme.bytes().all(|byte| byte.is_ascii_lowercase());
        let (path, reference) = split(rest);
        let mut parts = path.split('/');
        let (host, owner) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        if host.contains('*') || owner.contains('*') || scheme.contains('*') {
            return Err(PatternError::WildcardOwner);
        }
        if !is_scheme || host.is_empty() || text.contains('*') && owner.is_empty() {
            return Err(PatternError::Unanchored);
        }
        check_wildcards(path)?;
        if path.split('/').any(|part| part.contains('*') && part != "*" && part != "**") {
            return Err(PatternError::PartialWildcard);
        }
        if let Some(reference) = reference {
            // A commit id, or a ref: what a wildcard of a ref stands for must not be the kind of it.
            if reference.contains('*') {
                reference.parse::<ReferencePattern>()?;
            } else if reference.is_empty() {
                return Err(PatternError::Unanchored);
            }
        }
        Ok(Self(text.to_owned()))
    }
}

/// A git ref: `refs/tags/v*`, `refs/heads/main`. Its kind is spelled out; a `*` stands for any characters within a part.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReferencePattern(String);

impl ReferencePattern {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a whole ref falls under it.
    #[must_use]
    pub fn matches(&self, reference: &str) -> bool {
        parts_match(&self.0, reference)
    }
}

impl FromStr for ReferencePattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        check_text(text)?;
        let mut parts = text.split('/');
        let (first, kind, name) = (parts.next(), parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        if first != Some("refs") || kind.is_empty() || kind.contains('*') || name.is_empty() {
            return Err(PatternError::UnanchoredReference);
        }
        check_wildcards(text)?;
        Ok(Self(text.to_owned()))
    }
}

macro_rules! text_of {
    ($($pattern:ty),*) => {$(
        impl fmt::Display for $pattern {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl fmt::Debug for $pattern {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }
    )*};
}

text_of!(SubjectPattern, ReferencePattern);

fn check_text(text: &str) -> Result<(), PatternError> {
    if text.is_empty() {
        return Err(PatternError::Empty);
    }
    if text.len() > MAX_PATTERN_BYTES {
        return Err(PatternError::TooLong);
    }
    if text.chars().any(|c| c.is_whitespace() || mcp_pin_model::json::is_hidden(c)) {
        return Err(PatternError::Characters);
    }
    Ok(())
}

/// `**` stands alone, and last.
fn check_wildcards(text: &str) -> Result<(), PatternError> {
    let mut parts = text.split('/').rev();
    let last = parts.next().unwrap_or_default();
    if parts.any(|part| part.contains("**")) || last.contains("**") && last != "**" {
        return Err(PatternError::MisplacedDoubleWildcard);
    }
    Ok(())
}

/// The path and the ref of a workflow's URI. A ref can hold an `@`, the path before it cannot.
fn split(text: &str) -> (&str, Option<&str>) {
    match text.split_once('@') {
        Some((path, reference)) => (path, Some(reference)),
        None => (text, None),
    }
}

fn parts_match(pattern: &str, text: &str) -> bool {
    let mut text_parts = text.split('/');
    let mut pattern_parts = pattern.split('/').peekable();
    while let Some(part) = pattern_parts.next() {
        let Some(found) = text_parts.next() else { return false };
        if part == "**" && pattern_parts.peek().is_none() {
            // One or more parts, none of them empty: `a//b` is another path than `a/b`.
            return !found.is_empty() && text_parts.all(|part| !part.is_empty());
        }
        if !part_matches(part, found) {
            return false;
        }
    }
    text_parts.next().is_none()
}

/// One part against one part; a `*` stands for one or more characters.
fn part_matches(pattern: &str, text: &str) -> bool {
    let mut pieces = pattern.split('*');
    let first = pieces.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let mut pieces = pieces.peekable();
    if pieces.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(piece) = pieces.next() {
        // The star before this piece takes one character at least.
        let Some(one) = rest.chars().next() else { return false };
        let Some(after) = rest.get(one.len_utf8()..) else { return false };
        if pieces.peek().is_none() {
            return after.ends_with(piece);
        }
        let Some((_, tail)) = after.split_once(piece) else { return false };
        rest = tail;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORKFLOW: &str = "https://github.com/acme/weather/.github/workflows/release.yml@refs/tags/v1.4.2";

    fn matches(pattern: &str, subject: &str) -> bool {
        pattern.parse::<SubjectPattern>().unwrap().matches(subject)
    }

    #[test]
    fn wildcards_stand_for_parts() {
        for pattern in [
            WORKFLOW,
            "https://github.com/acme/weather/.github/workflows/release.yml@refs/tags/*",
            "https://github.com/acme/weather/.github/workflows/release.yml@refs/tags/v*",
            "https://github.com/acme/weather/.github/workflows/release.yml@refs/tags/v1.*.2",
            "https://github.com/acme/*/.github/workflows/*@refs/tags/**",
            "https://github.com/acme/**@refs/tags/v1.4.2",
        ] {
            assert!(matches(pattern, WORKFLOW), "{pattern}");
        }
        assert!(matches(
            "https://gitlab.com/acme/weather//.gitlab-ci.yml@refs/heads/*",
            "https://gitlab.com/acme/weather//.gitlab-ci.yml@refs/heads/main"
        ));
        assert!(matches("anna@acme.example", "anna@acme.example"));
    }

    #[test]
    fn t67_a_pattern_is_no_wider_than_it_looks() {
        for (pattern, subject) in [
            ("https://github.com/acme/**@refs/tags/*", "https://github.com/acme-evil/weather/x.yml@refs/tags/v1"),
            ("https://github.com/acme/**@refs/tags/*", "https://github.com/acme/weather/x.yml@refs/heads/main"),
            ("https://github.com/acme/**@refs/tags/*", "https://github.com/acme/weather/x.yml@refs/tags/a/b"),
            ("https://github.com/acme/**@refs/tags/*", "https://github.com/acme/weather/x.yml"),
            (
                "https://github.com/acme/**@refs/tags/*",
                "https://evil.example/https://github.com/acme/w/x.yml@refs/tags/v1",
            ),
            ("https://github.com/acme/**@refs/tags/*", "https://github.com/acme//x.yml@refs/tags/v1"),
            ("https://github.com/acme/*/x.yml@refs/tags/*", "https://github.com/acme/a/b/x.yml@refs/tags/v1"),
            ("https://github.com/acme/weather/x.yml@refs/tags/v*", "https://github.com/acme/weather/x.yml@refs/tags/v"),
            (
                "https://github.com/acme/weather/x.yml@refs/tags/v*",
                "https://github.com/acme/weather/x.yml@refs/tags/v1@x/y",
            ),
            (
                "https://github.com/acme/weather/x.yml@refs/tags/v1",
                "https://github.com/acme/weather/x.yml@refs/tags/v1 ",
            ),
            ("anna@acme.example", "anna@acme.example.evil"),
            ("anna@acme.example", "ANNA@acme.example"),
        ] {
            assert!(!matches(pattern, subject), "{pattern} {subject}");
        }
    }

    #[test]
    fn t67_unanchored_patterns_are_refused() {
        for (pattern, error) in [
            ("", PatternError::Empty),
            ("*", PatternError::Unanchored),
            (".*@acme.example", PatternError::WildcardAddress),
            ("*@acme.example", PatternError::WildcardAddress),
            ("^https://github.com/acme/.*$", PatternError::Unanchored),
            ("github.com/acme/weather", PatternError::Unanchored),
            ("https://*/acme/weather", PatternError::WildcardOwner),
            ("https://github.com/*/weather/x.yml@refs/tags/v1", PatternError::WildcardOwner),
            ("https://github.com/acme*/weather/x.yml@refs/tags/v1", PatternError::WildcardOwner),
            ("https://github.com/**", PatternError::WildcardOwner),
            ("https://github.com/acme/weather*/x.yml@refs/tags/v1", PatternError::PartialWildcard),
            ("https://github.com/acme/.*", PatternError::PartialWildcard),
            ("https://github.com/acme/**/x.yml@refs/tags/v1", PatternError::MisplacedDoubleWildcard),
            ("https://github.com/acme/weather/x.yml@*", PatternError::UnanchoredReference),
            ("https://github.com/acme/weather/x.yml@refs/*", PatternError::UnanchoredReference),
            ("https://github.com/acme/weather/x.yml@refs/*/v1", PatternError::UnanchoredReference),
            ("https://github.com/acme/weather/x.yml@", PatternError::Unanchored),
            ("https:///acme", PatternError::Unanchored),
            ("anna@acme.example\u{200b}", PatternError::Characters),
            ("anna @acme.example", PatternError::Characters),
            ("anna@localhost", PatternError::Unanchored),
        ] {
            assert_eq!(pattern.parse::<SubjectPattern>(), Err(error), "{pattern}");
        }
        for pattern in ["*", "main", "refs/*", "refs/*/main", "refs/heads", "refs/heads/"] {
            assert_eq!(pattern.parse::<ReferencePattern>(), Err(PatternError::UnanchoredReference), "{pattern}");
        }
        assert_eq!("refs/heads/**/x".parse::<ReferencePattern>(), Err(PatternError::MisplacedDoubleWildcard));
    }
}
