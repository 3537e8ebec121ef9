//! What a server says about itself before it lists anything, read out of `server/discover` or `initialize`.

use mcp_pin_model::json::{Object, Value};

use crate::{
    CaptureError, Era,
    dialect::{MODERN, known_legacy},
    error::shown,
    message::{Outcome, RpcError, UNSUPPORTED_PROTOCOL_VERSION},
};

/// The facts of a handshake.
#[derive(Debug)]
pub(crate) struct Handshake {
    pub(crate) era: Era,
    /// One of our own constants.
    pub(crate) protocol_version: &'static str,
    pub(crate) server_info: Option<Object>,
    pub(crate) capabilities: Object,
    pub(crate) instructions: Option<String>,
}

/// What an answer to `server/discover` means.
#[derive(Debug)]
pub(crate) enum Discovered {
    /// The modern era.
    Modern(Handshake),
    /// Anything else: `initialize` decides.
    NotModern,
}

/// Judges the answer to `server/discover`: a `DiscoverResult` or error -32022 with the supported revisions is the
/// modern era, any other answer is not (2026-07-28, dual-era servers). No other error code is looked at.
pub(crate) fn discovered(outcome: Outcome) -> Result<Discovered, CaptureError> {
    match outcome {
        Outcome::Result(Value::Object(result)) => {
            // Servers of the old era that answer unknown methods with some result are not of the new one.
            let Some(Value::Array(supported)) = result.get("supportedVersions") else {
                return Ok(Discovered::NotModern);
            };
            if supports_modern(supported)? { modern(result).map(Discovered::Modern) } else { Ok(Discovered::NotModern) }
        }
        Outcome::Error(RpcError { code: UNSUPPORTED_PROTOCOL_VERSION, data, .. }) => {
            if let Some(Value::Array(supported)) = data.as_ref().and_then(|data| data.get("supported"))
                && supports_modern(supported)?
            {
                return Err(CaptureError::Malformed {
                    problem: "the requested protocol revision is refused and offered in one answer",
                });
            }
            Ok(Discovered::NotModern)
        }
        Outcome::Result(_) | Outcome::Error(_) => Ok(Discovered::NotModern),
    }
}

/// Whether a list of revisions has the modern one; if it has neither that nor one with `initialize`, there is no way on.
fn supports_modern(supported: &[Value]) -> Result<bool, CaptureError> {
    let mut revisions = supported.iter().filter_map(Value::as_str);
    if revisions.clone().any(|revision| revision == MODERN) {
        Ok(true)
    } else if revisions.any(|revision| known_legacy(revision).is_some()) {
        Ok(false)
    } else {
        let offered = Value::Array(supported.to_vec()).to_canonical_string();
        Err(CaptureError::UnsupportedVersion { offered: shown(&offered) })
    }
}

fn modern(mut result: Object) -> Result<Handshake, CaptureError> {
    complete(&result, "server/discover")?;
    let server_info = match result.remove("_meta") {
        Some(Value::Object(mut meta)) => match meta.remove("io.modelcontextprotocol/serverInfo") {
            Some(Value::Object(info)) => Some(info),
            None => None,
            Some(_) => return Err(CaptureError::Malformed { problem: "`serverInfo` is not an object" }),
        },
        _ => None,
    };
    Ok(Handshake {
        era: Era::Discover,
        protocol_version: MODERN,
        server_info,
        capabilities: capabilities(&mut result)?,
        instructions: instructions(&mut result)?,
    })
}

/// Reads the answer to `initialize`.
pub(crate) fn initialized(outcome: Outcome) -> Result<Handshake, CaptureError> {
    let mut result = match outcome {
        Outcome::Result(Value::Object(result)) => result,
        Outcome::Result(_) => {
            return Err(CaptureError::Malformed { problem: "the result of `initialize` is not an object" });
        }
        Outcome::Error(error) => {
            return Err(CaptureError::Refused { method: "initialize", code: error.code, message: error.message });
        }
    };
    let version = match result.remove("protocolVersion") {
        Some(Value::String(version)) => version,
        _ => return Err(CaptureError::Malformed { problem: "`initialize` was answered without `protocolVersion`" }),
    };
    let protocol_version =
        known_legacy(&version).ok_or_else(|| CaptureError::UnsupportedVersion { offered: shown(&version) })?;
    let Some(Value::Object(server_info)) = result.remove("serverInfo") else {
        return Err(CaptureError::Malformed { problem: "`initialize` was answered without `serverInfo`" });
    };
    Ok(Handshake {
        era: Era::Initialize,
        protocol_version,
        server_info: Some(server_info),
        capabilities: capabilities(&mut result)?,
        instructions: instructions(&mut result)?,
    })
}

fn capabilities(result: &mut Object) -> Result<Object, CaptureError> {
    match result.remove("capabilities") {
        Some(Value::Object(capabilities)) => Ok(capabilities),
        _ => Err(CaptureError::Malformed { problem: "`capabilities` is missing or not an object" }),
    }
}

fn instructions(result: &mut Object) -> Result<Option<String>, CaptureError> {
    match result.remove("instructions") {
        Some(Value::String(text)) => Ok(Some(text)),
        // Absent and null are the same to every client; both are pinned as absence.
        None | Some(Value::Null) => Ok(None),
        Some(_) => Err(CaptureError::Malformed { problem: "`instructions` is not text" }),
    }
}

/// Refuses a result that is only a step towards one (2026-07-28: `resultType`, absent means complete).
pub(crate) fn complete(result: &Object, method: &'static str) -> Result<(), CaptureError> {
    match result.get("resultType") {
        None => Ok(()),
        Some(Value::String(kind)) if kind == "complete" => Ok(()),
        Some(_) => Err(CaptureError::Incomplete(crate::IncompleteReason::InputRequired { method })),
    }
}
