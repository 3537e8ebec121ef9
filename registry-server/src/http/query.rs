//! Parameters of the path and the query, as text, each at most once.

use std::{collections::BTreeMap, str::FromStr};

use axum::{
    extract::{FromRequestParts, RawPathParams},
    http::request::Parts,
};
use jiff::Timestamp;
use url::form_urlencoded;

use super::{error::Problem, state::AppState};

/// More parameters than any path has.
const MAX_PARAMETERS: usize = 32;

/// The longest value of a parameter; a cursor is the longest of them.
const MAX_PARAMETER_BYTES: usize = 4096;

/// The parameters of the query. Unknown ones are ignored, as the MCP Registry API does.
#[derive(Clone, Debug, Default)]
pub struct Query(BTreeMap<String, String>);

impl FromRequestParts<AppState> for Query {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, Problem> {
        Self::parse(parts.uri.query().unwrap_or_default())
    }
}

impl Query {
    fn parse(query: &str) -> Result<Self, Problem> {
        let mut parameters = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            if value.len() > MAX_PARAMETER_BYTES
                || name.len() > MAX_PARAMETER_BYTES
                || parameters.len() >= MAX_PARAMETERS
            {
                return Err(Problem::bad_request("the query is too long"));
            }
            if parameters.insert(name.into_owned(), value.into_owned()).is_some() {
                return Err(Problem::bad_request("a parameter is given twice"));
            }
        }
        Ok(Self(parameters))
    }

    /// A parameter that is given and not empty.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// A whole number within limits, or a default.
    ///
    /// # Errors
    /// 422 with the text `problem`.
    pub fn number(
        &self,
        name: &'static str,
        default: u64,
        range: std::ops::RangeInclusive<u64>,
        problem: &'static str,
    ) -> Result<u64, Problem> {
        match self.0.get(name) {
            None => Ok(default),
            Some(text) => text
                .parse()
                .ok()
                .filter(|number| range.contains(number))
                .ok_or_else(|| Problem::unprocessable(name, problem)),
        }
    }

    /// `true` or `false`, where given.
    ///
    /// # Errors
    /// 422 for anything else.
    pub fn flag(&self, name: &'static str) -> Result<Option<bool>, Problem> {
        match self.0.get(name).map(String::as_str) {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(_) => Err(Problem::unprocessable(name, "the parameter is `true` or `false`")),
        }
    }

    /// A point in time (RFC 3339), where given.
    ///
    /// # Errors
    /// 400 for anything else.
    pub fn timestamp(&self, name: &'static str) -> Result<Option<Timestamp>, Problem> {
        self.0
            .get(name)
            .map(|text| {
                text.parse().map_err(|_| {
                    Problem::bad_request(format!("`{name}` is not an RFC 3339 time such as 2026-01-02T03:04:05Z"))
                })
            })
            .transpose()
    }
}

/// The parameters of the path, decoded once.
#[derive(Clone, Debug)]
pub struct Segments(Vec<(String, String)>);

impl FromRequestParts<AppState> for Segments {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let parameters = RawPathParams::from_request_parts(parts, state)
            .await
            .map_err(|_| Problem::bad_request("the path is not percent-encoded UTF-8"))?;
        Ok(Self(parameters.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()))
    }
}

impl Segments {
    /// The text of a segment.
    #[must_use]
    pub fn text(&self, name: &str) -> &str {
        self.0.iter().find(|(own, _)| own == name).map_or("", |(_, value)| value)
    }

    /// A segment as what it must be. What it cannot be does not exist.
    ///
    /// # Errors
    /// 404.
    pub fn parse<T: FromStr>(&self, name: &str) -> Result<T, Problem> {
        self.text(name).parse().map_err(|_| Problem::not_found())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_given_twice_is_refused() {
        assert!(Query::parse("limit=1&limit=100").is_err());
        assert_eq!(Query::parse("search=a%2Fb&x=").unwrap().text("search"), Some("a/b"));
    }

    #[test]
    fn numbers_have_limits() {
        let number = |query: &str| Query::parse(query).unwrap().number("limit", 30, 1..=100, "");
        assert_eq!(number("").unwrap(), 30);
        assert_eq!(number("limit=100").unwrap(), 100);
        for query in ["limit=0", "limit=101", "limit=-1", "limit=x", "limit=", "limit=1e2"] {
            assert_eq!(number(query).unwrap_err().status(), 422, "{query}");
        }
    }
}
