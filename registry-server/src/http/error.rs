//! Errors as every reader expects them: RFC 9457 members, and the `error` text that the MCP Registry API declares.

use std::borrow::Cow;

use axum::{
    Json,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use mcp_pin_model::{json::is_hidden, server_json::Issue};
use serde::Serialize;
use utoipa::{IntoResponses, ToSchema};

use crate::service::{Answer, ErrorClass, ServiceError};

/// The longest text of an error, in characters: enough to say what is wrong, too little to carry a document.
const MAX_DETAIL_CHARACTERS: usize = 1000;

/// The longest list of single problems.
const MAX_ERRORS: usize = 100;

/// What is wrong with a request, in one of the few ways a client can act on.
#[derive(Clone, Debug)]
pub struct Problem(Box<Contents>);

/// Behind a pointer, so that the success of every fallible function is not as large as its rarest failure.
#[derive(Clone, Debug)]
struct Contents {
    status: StatusCode,
    code: &'static str,
    title: &'static str,
    detail: Cow<'static, str>,
    errors: Vec<ProblemItem>,
    header: Option<(HeaderName, HeaderValue)>,
    /// No problem at all: the answer that the same request got before, which leaves a handler by the same door.
    replay: Option<Answer>,
}

/// One of several things that are wrong.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ProblemItem {
    /// What is wrong.
    pub message: String,
    /// Where, as a JSON Pointer or the name of a parameter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
}

/// The body of every error (RFC 9457, with the `error` member of the MCP Registry API).
#[derive(Debug, Serialize, ToSchema)]
pub struct ProblemDocument {
    /// `urn:mcp-pin:problem:<code>`: what to branch on.
    #[serde(rename = "type")]
    pub kind: String,
    /// The kind of problem in words.
    pub title: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// This occurrence in words; the same text as `detail`.
    pub error: String,
    /// This occurrence in words.
    pub detail: String,
    /// Single problems, where there are several.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<ProblemItem>,
}

/// What a read can answer instead of the document.
#[derive(IntoResponses)]
pub enum ReadProblems {
    /// The request cannot be read
    #[response(status = 400, content_type = "application/problem+json")]
    BadRequest(ProblemDocument),
    /// No valid token
    #[response(status = 401, content_type = "application/problem+json")]
    Unauthorized(ProblemDocument),
    /// It does not exist, or not for this caller
    #[response(status = 404, content_type = "application/problem+json")]
    NotFound(ProblemDocument),
    /// A parameter is outside its limits
    #[response(status = 422, content_type = "application/problem+json")]
    Unprocessable(ProblemDocument),
}

/// What a write can answer instead of success.
#[derive(IntoResponses)]
pub enum WriteProblems {
    /// The request cannot be read
    #[response(status = 400, content_type = "application/problem+json")]
    BadRequest(ProblemDocument),
    /// No valid token
    #[response(status = 401, content_type = "application/problem+json")]
    Unauthorized(ProblemDocument),
    /// The caller may not do this
    #[response(status = 403, content_type = "application/problem+json")]
    Forbidden(ProblemDocument),
    /// It does not exist, or not for this caller
    #[response(status = 404, content_type = "application/problem+json")]
    NotFound(ProblemDocument),
    /// In conflict with what is there
    #[response(status = 409, content_type = "application/problem+json")]
    Conflict(ProblemDocument),
    /// The body is too large
    #[response(status = 413, content_type = "application/problem+json")]
    TooLarge(ProblemDocument),
    /// The document is refused
    #[response(status = 422, content_type = "application/problem+json")]
    Refused(ProblemDocument),
    /// The server cannot answer now
    #[response(status = 503, content_type = "application/problem+json")]
    Unavailable(ProblemDocument),
}

impl Problem {
    /// A problem whose text is its title.
    #[must_use]
    pub fn new(status: StatusCode, code: &'static str, title: &'static str) -> Self {
        Self(Box::new(Contents {
            status,
            code,
            title,
            detail: Cow::Borrowed(title),
            errors: Vec::new(),
            header: None,
            replay: None,
        }))
    }

    /// Says more about this occurrence. Text that came from outside is made visible and cut.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.0.detail = shown(detail.into());
        self
    }

    /// Lists the single problems.
    #[must_use]
    pub fn errors(mut self, errors: impl IntoIterator<Item = ProblemItem>) -> Self {
        self.0.errors = errors
            .into_iter()
            .take(MAX_ERRORS)
            .map(|item| ProblemItem {
                message: shown(item.message.into()).into_owned(),
                location: item.location.map(|location| shown(location.into()).into_owned()),
            })
            .collect();
        self
    }

    fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.header = Some((name, value));
        self
    }

    /// Nothing here, or nothing that the caller may know of.
    #[must_use]
    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", "not found")
    }

    /// No such server or version, or none that is live.
    #[must_use]
    pub fn server_not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "server-not-found", "server not found")
    }

    /// No such path.
    #[must_use]
    pub fn no_such_path() -> Self {
        Self::new(StatusCode::NOT_FOUND, "no-such-path", "no such path").detail(
            "no such path; server names are one path segment, so write their slash as `%2F`; the interface is \
             described at `/v1/openapi.json`",
        )
    }

    /// The path exists, the method does not.
    #[must_use]
    pub fn method_not_allowed() -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", "method not allowed")
    }

    /// The request cannot be read.
    #[must_use]
    pub fn bad_request(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad-request", "the request cannot be read").detail(detail)
    }

    /// The request can be read and asks for something outside the limits.
    #[must_use]
    pub fn unprocessable(parameter: &'static str, detail: &'static str) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid-parameter", "a parameter is outside its limits")
            .detail(detail)
            .errors([ProblemItem { message: detail.to_owned(), location: Some(parameter.to_owned()) }])
    }

    /// No token, or none that is valid. Which of the two is not said.
    #[must_use]
    pub fn unauthorized() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", "a valid token is needed")
            .with_header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"mcp-pin\""))
    }

    /// A member of the body is not what it must be; `error` says what that is, and repeats nothing.
    #[must_use]
    pub fn invalid(member: &'static str, error: &dyn std::error::Error) -> Self {
        let item = ProblemItem { message: error.to_string(), location: Some(member.to_owned()) };
        Self::refused(format!("`{member}`: {error}")).errors([item])
    }

    /// A document that was sent in is not acceptable.
    #[must_use]
    pub fn refused(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "refused", "the document is refused").detail(detail)
    }

    /// The body is larger than this path takes.
    #[must_use]
    pub fn too_large() -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", "the body is too large")
    }

    /// The server cannot answer now.
    #[must_use]
    pub fn unavailable() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "the server cannot answer now")
            .with_header(header::RETRY_AFTER, HeaderValue::from_static("2"))
    }

    /// A way to log in that other registries have; says which ones this one has.
    #[must_use]
    pub fn no_such_login(detail: &'static str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "no-such-login", "there is no such login").detail(detail)
    }

    /// Tells the client nothing and the log everything.
    #[must_use]
    pub fn internal(error: &dyn std::error::Error) -> Self {
        let mut causes = vec![format!("{error:?}")];
        let mut source = error.source();
        while let Some(cause) = source {
            causes.push(cause.to_string());
            source = cause.source();
        }
        tracing::error!(error.message = ?error.to_string(), error.causes = ?causes, "internal error");
        Self::internal_without_cause()
    }

    /// The body of every internal error.
    #[must_use]
    pub fn internal_without_cause() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "internal error")
    }

    /// The same problem under the status that another interface has for it.
    #[must_use]
    pub fn with_status(mut self, status: StatusCode) -> Self {
        self.0.status = status;
        self
    }

    /// The answer that the same request got before.
    fn replay(answer: Answer) -> Self {
        let mut problem = Self::new(StatusCode::OK, "replay", "the request was done before");
        problem.0.replay = Some(answer);
        problem
    }

    /// Too many requests; says when to come back.
    #[must_use]
    pub fn too_many_requests(wait: std::time::Duration) -> Self {
        // Whole seconds, and never none: whoever comes back at once would be refused again.
        let seconds = wait.as_secs() + 1;
        Self::new(StatusCode::TOO_MANY_REQUESTS, "too-many-requests", "too many requests")
            .with_header(header::RETRY_AFTER, HeaderValue::from(seconds))
    }

    /// The status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.0.status
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let Contents { status, code, title, detail, errors, header, replay } = *self.0;
        if let Some(answer) = replay {
            return super::outcomes::replayed(&answer);
        }
        let detail = detail.into_owned();
        let document = ProblemDocument {
            kind: format!("urn:mcp-pin:problem:{code}"),
            title,
            status: status.as_u16(),
            error: detail.clone(),
            detail,
            errors,
        };
        let mut response = (status, Json(document)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some((name, value)) = header {
            headers.insert(name, value);
        }
        response
    }
}

impl From<ServiceError> for Problem {
    fn from(error: ServiceError) -> Self {
        let error = match error {
            ServiceError::Replay(answer) => return Self::replay(*answer),
            other => other,
        };
        let (status, title) = match error.class() {
            ErrorClass::BadRequest => (StatusCode::BAD_REQUEST, "the request cannot be done"),
            ErrorClass::NotFound => (StatusCode::NOT_FOUND, "not found"),
            ErrorClass::Unauthenticated => return Self::unauthorized(),
            ErrorClass::Forbidden => (StatusCode::FORBIDDEN, "not allowed"),
            ErrorClass::Invalid => (StatusCode::UNPROCESSABLE_ENTITY, "the document is refused"),
            ErrorClass::TooLarge => return Self::too_large(),
            ErrorClass::Conflict => (StatusCode::CONFLICT, "in conflict with what is there"),
            ErrorClass::CouldNotCheck => (StatusCode::SERVICE_UNAVAILABLE, "it could not be checked"),
            ErrorClass::Unavailable => {
                tracing::error!(error.message = ?error.to_string(), error.source = ?std::error::Error::source(&error), "the store is not available");
                return Self::unavailable();
            }
            ErrorClass::Internal => return Self::internal(&error),
        };
        let problem = Self::new(status, error.code(), title).detail(error.to_string());
        match error {
            ServiceError::Document(issues) => problem.errors(
                issues
                    .into_iter()
                    .filter(Issue::is_error)
                    .map(|issue| ProblemItem { message: issue.message, location: Some(issue.path) }),
            ),
            _ => problem,
        }
    }
}

/// Text that may have come from outside: hidden characters visible, cut to a length.
fn shown(text: Cow<'static, str>) -> Cow<'static, str> {
    if text.len() <= MAX_DETAIL_CHARACTERS && !text.chars().any(is_hidden) {
        return text;
    }
    let mut out = String::with_capacity(MAX_DETAIL_CHARACTERS);
    for c in text.chars().take(MAX_DETAIL_CHARACTERS) {
        if is_hidden(c) {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    if text.chars().nth(MAX_DETAIL_CHARACTERS).is_some() {
        out.push('…');
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_text_is_made_visible_and_cut() {
        let problem = Problem::bad_request(format!("a\u{1b}[2J\u{202e}b{}", "x".repeat(2000)));
        assert!(problem.0.detail.starts_with("a\\u{1b}[2J\\u{202e}b"));
        assert!(problem.0.detail.chars().count() <= MAX_DETAIL_CHARACTERS + 20);
    }
}
