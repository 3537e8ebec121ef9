//! The header `Idempotency-Key`: a request that is to be done once, however often it is sent.

use std::sync::{Arc, OnceLock};

use axum::http::{HeaderMap, HeaderName, Method, request::Parts};
use mcp_pin_model::Digest;

use super::{error::Problem, outcomes};
use crate::service::Once;

/// The name of the header.
pub const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// The shortest key: what is shorter is a counter, and the answer is sealed with it.
const MIN_KEY: usize = 16;

/// The longest key.
const MAX_KEY: usize = 255;

/// Where the digest of the body is left by whoever reads the body.
#[derive(Clone, Debug, Default)]
pub struct BodyDigest(Arc<OnceLock<Digest>>);

impl BodyDigest {
    /// Notes what was sent.
    pub fn set(&self, body: &[u8]) {
        // A body is read once.
        let _ = self.0.set(Digest::of(body));
    }
}

/// The request as one that is to be done once, where its sender wants that. Only what is posted can make something
/// twice.
///
/// # Errors
/// 400 for a key that is none.
pub fn once(parts: &mut Parts) -> Result<Option<Once>, Problem> {
    if parts.method != Method::POST {
        return Ok(None);
    }
    let Some(key) = key(&parts.headers)? else { return Ok(None) };
    let digest = BodyDigest::default();
    let place = format!("{} {}", parts.method, parts.uri.path());
    let once = Once::new(key, place, Arc::clone(&digest.0), outcomes::render);
    parts.extensions.insert(digest);
    Ok(Some(once))
}

/// The key, with or without the quotes that the header field's grammar asks for.
fn key(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let mut values = headers.get_all(IDEMPOTENCY_KEY).iter();
    let value = match (values.next(), values.next()) {
        (None, _) => return Ok(None),
        (Some(value), None) => value.to_str().unwrap_or_default().trim(),
        (Some(_), Some(_)) => "",
    };
    let key = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(value);
    let fits = (MIN_KEY..=MAX_KEY).contains(&key.len())
        && key.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\');
    if fits {
        Ok(Some(key))
    } else {
        Err(Problem::bad_request("`Idempotency-Key` is one value of 16 to 255 visible characters, such as a UUID"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(values: &[&str]) -> Result<Option<String>, u16> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(IDEMPOTENCY_KEY, value.parse().unwrap());
        }
        key(&headers).map(|key| key.map(str::to_owned)).map_err(|problem| problem.status().as_u16())
    }

    #[test]
    fn a_key_is_one_value_of_some_length() {
        const UUID: &str = "8e03978e-40d5-43e8-bc93-6894a57f9324";
        assert_eq!(read(&[]), Ok(None));
        assert_eq!(read(&[UUID]), Ok(Some(UUID.to_owned())));
        assert_eq!(read(&[&format!("\"{UUID}\"")]), Ok(Some(UUID.to_owned())), "the same key in quotes");
        for values in [&["1"][..], &[""], &["\"\""], &[UUID, UUID], &["a b c d e f g h i j"], &[&"x".repeat(256)]] {
            assert_eq!(read(values), Err(400), "{values:?}");
        }
    }
}
