//! JSON-RPC 2.0 messages: one strict reading, parts moved out.

use mcp_pin_model::json::{self, Object, ParseErrorKind, Value};

use crate::{CaptureError, error::shown};

/// A message of the server.
#[derive(Debug)]
pub(crate) enum Message {
    /// An answer.
    Response {
        /// Whose.
        id: Id,
        /// What.
        outcome: Outcome,
    },
    /// A question of the server to us. Its id is echoed as it came.
    Request {
        /// Its id.
        id: Value,
        /// What it wants.
        method: String,
    },
    /// News.
    Notification {
        /// Which.
        method: String,
    },
}

/// The id of a response.
#[derive(Debug)]
pub(crate) enum Id {
    /// A number, as all of ours are.
    Number(u64),
    /// `null`: the server could not read the request's id.
    Null,
    /// Anything else, which cannot be ours; escaped.
    Foreign(String),
}

/// What a response says.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// `result`
    Result(Value),
    /// `error`
    Error(RpcError),
}

/// A JSON-RPC error object.
#[derive(Clone, Debug)]
pub(crate) struct RpcError {
    /// The code; 0 where it is missing or no integer.
    pub(crate) code: i64,
    /// The message, escaped and cut.
    pub(crate) message: String,
    /// `data`
    pub(crate) data: Option<Value>,
}

/// JSON-RPC: no such method.
pub(crate) const METHOD_NOT_FOUND: i64 = -32601;
/// MCP 2026-07-28: the requested protocol revision is not supported; `data.supported` lists those that are.
pub(crate) const UNSUPPORTED_PROTOCOL_VERSION: i64 = -32022;

/// Reads one message.
pub(crate) fn read(bytes: &[u8]) -> Result<Message, CaptureError> {
    let value = json::parse(bytes).map_err(|source| {
        // What is no JSON is shown; what is JSON to a laxer reader says why it is refused.
        match source.kind {
            ParseErrorKind::Syntax { .. } | ParseErrorKind::UnexpectedEnd | ParseErrorKind::TrailingText => {
                not_json(bytes)
            }
            _ => CaptureError::Json { source },
        }
    })?;
    match value {
        Value::Object(object) => classify(object),
        // Only revision 2025-03-26 had batches; clients differ in what they do with one.
        Value::Array(_) => Err(CaptureError::Batch),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Err(not_json(bytes)),
    }
}

/// The specification forbids anything else on standard output, and readers that skip such lines differ in which they
/// skip: one of 331 real versions does it, and is told so.
fn not_json(bytes: &[u8]) -> CaptureError {
    // Enough for what is shown; the rest of a line of megabytes need not be decoded.
    let start = bytes.get(..1024).unwrap_or(bytes);
    CaptureError::NotJson { line: shown(&String::from_utf8_lossy(start)) }
}

fn classify(mut object: Object) -> Result<Message, CaptureError> {
    let malformed = |problem| Err(CaptureError::Malformed { problem });
    if object.get("jsonrpc").and_then(Value::as_str) != Some("2.0") {
        return malformed("`jsonrpc` is not \"2.0\"");
    }
    let id = object.remove("id");
    match (object.remove("method"), object.remove("result"), object.remove("error")) {
        (Some(Value::String(method)), None, None) => Ok(match id {
            Some(id @ (Value::String(_) | Value::Number(_))) => Message::Request { id, method },
            Some(_) => return malformed("a request whose id is neither text nor number"),
            None => Message::Notification { method },
        }),
        (None, Some(result), None) => Ok(Message::Response { id: response_id(id)?, outcome: Outcome::Result(result) }),
        (None, None, Some(Value::Object(error))) => {
            Ok(Message::Response { id: response_id(id)?, outcome: Outcome::Error(RpcError::read(error)) })
        }
        (None, None, Some(_)) => malformed("`error` is not an object"),
        (None, Some(_), Some(_)) => malformed("a response with both `result` and `error`"),
        (Some(_), None, None) => malformed("`method` is not text"),
        (Some(_), _, _) => malformed("`method` together with `result` or `error`"),
        (None, None, None) => malformed("neither `method`, `result` nor `error`"),
    }
}

fn response_id(id: Option<Value>) -> Result<Id, CaptureError> {
    match id {
        Some(Value::Number(number)) => Ok(number.as_u64().map_or_else(|| Id::Foreign(number.to_string()), Id::Number)),
        Some(Value::Null) => Ok(Id::Null),
        Some(Value::String(text)) => Ok(Id::Foreign(shown(&text))),
        Some(Value::Bool(_) | Value::Array(_) | Value::Object(_)) => {
            Err(CaptureError::Malformed { problem: "a response whose id is neither text nor number" })
        }
        None => Err(CaptureError::Malformed { problem: "a response without an id" }),
    }
}

impl RpcError {
    fn read(mut error: Object) -> Self {
        let code = error.get("code").and_then(Value::as_number).map(|code| code.get());
        #[expect(clippy::cast_possible_truncation, reason = "an integer of magnitude at most 2^53")]
        let code = code.filter(|code| code.fract() == 0.0).map_or(0, |code| code as i64);
        let message = shown(error.get("message").and_then(Value::as_str).unwrap_or_default());
        Self { code, message, data: error.remove("data") }
    }
}

/// A request of ours.
pub(crate) fn request(id: u64, method: &str, params: Object) -> Vec<u8> {
    // Ids count from 1 and a capture sends at most some thousand requests.
    let id = u32::try_from(id).unwrap_or(u32::MAX);
    if params.is_empty() {
        return encode([("id", Value::from(id)), ("method", Value::from(method))]);
    }
    encode([("id", Value::from(id)), ("method", Value::from(method)), ("params", Value::from(params))])
}

/// A notification of ours.
pub(crate) fn notification(method: &str) -> Vec<u8> {
    encode([("method", Value::from(method))])
}

/// An answer to the server: an empty result.
pub(crate) fn empty_result(id: Value) -> Vec<u8> {
    encode([("id", id), ("result", Value::Object(Object::new()))])
}

/// An answer to the server: nothing of that kind was offered to it.
pub(crate) fn method_not_found(id: Value) -> Vec<u8> {
    // -32601; JSON-RPC codes are negative, so the number cannot come from a `u32`.
    let code = json::parse(b"-32601").unwrap_or(Value::Null);
    let error = Object::from_iter([("code", code), ("message", Value::from("Method not found"))]);
    encode([("id", id), ("error", Value::Object(error))])
}

fn encode<const N: usize>(members: [(&str, Value); N]) -> Vec<u8> {
    let mut object = Object::from_iter(members);
    object.insert("jsonrpc", "2.0");
    Value::Object(object).to_canonical_bytes()
}
