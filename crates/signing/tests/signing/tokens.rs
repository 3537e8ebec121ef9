//! Identity tokens: what is refused before it is sent anywhere.

use jiff::Timestamp;
use mcp_pin_signing::{IdentityToken, MAX_TOKEN_BYTES, TokenError};
use mcp_pin_test_support::sigstore::{TestClaims, token};
use serde_json::json;

fn now() -> Timestamp {
    "2026-11-01T12:00:00Z".parse().unwrap()
}

fn error(text: &str) -> TokenError {
    IdentityToken::from_text(text, now()).unwrap_err()
}

#[test]
fn a_token_is_taken_with_the_line_end_that_a_pipe_adds_and_never_shown() {
    let text = TestClaims::email("anna@acme.example").token();
    let token = IdentityToken::from_text(&format!("{text}\n"), now()).unwrap();
    assert_eq!(format!("{token:?}"), "IdentityToken { .. }");
}

#[test]
fn an_expired_token_is_refused_with_its_time() {
    let at = |seconds: i64| token(&json!({"iss": "https://i.example", "sub": "s", "exp": seconds}));
    let second = now().as_second();
    assert!(IdentityToken::from_text(&at(second + 1), now()).is_ok());
    assert_eq!(error(&at(second)), TokenError::Expired(now()));
    assert!(error(&at(second)).to_string().contains("2026-11-01T12:00:00Z"));
}

#[test]
fn what_is_no_token_is_refused_and_not_repeated() {
    for text in ["", "secret", "a.b", "a.b.c.d", "a.!!!.c", "a.c2VjcmV0.c"] {
        assert_eq!(error(text), TokenError::Malformed, "{text}");
    }
    assert_eq!(error(&token(&json!({"iss": "https://i.example"}))), TokenError::Claims);
    assert_eq!(error(&"a".repeat(MAX_TOKEN_BYTES + 1)), TokenError::TooLarge);
    assert!(!error("a.c2VjcmV0.c").to_string().contains("c2VjcmV0"));
}
