//! Signatures of deliveries: HMAC-SHA-256 over the message's id, the time and the body.

use aws_lc_rs::hmac;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use zeroize::Zeroizing;

/// What every secret's text starts with.
const PREFIX: &str = "whsec_";

/// How long a secret is: as long as the hash, which is within the 24 to 64 bytes that the specification allows.
pub const SECRET_BYTES: usize = 32;

/// What one receiver's deliveries are signed with. It is shown once, and never logged.
pub struct WebhookSecret(Zeroizing<Vec<u8>>);

impl std::fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WebhookSecret")
    }
}

impl WebhookSecret {
    /// Takes random bytes.
    #[must_use]
    pub fn new(bytes: &[u8]) -> Self {
        Self(Zeroizing::new(bytes.to_vec()))
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The text that a receiver is given.
    #[must_use]
    pub fn to_text(&self) -> Zeroizing<String> {
        let encoded = Zeroizing::new(STANDARD.encode(&*self.0));
        Zeroizing::new(format!("{PREFIX}{}", encoded.as_str()))
    }

    /// The signature of a message, as it stands in the header.
    fn sign(&self, message: &[u8]) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.0);
        format!("v1,{}", STANDARD.encode(hmac::sign(&key, message)))
    }
}

/// The value of `webhook-signature`: one signature a secret, so that a receiver accepts the old or the new one while
/// secrets change.
#[must_use]
pub fn signatures(secrets: &[WebhookSecret], id: &str, timestamp: i64, body: &[u8]) -> String {
    let mut message = format!("{id}.{timestamp}.").into_bytes();
    message.extend_from_slice(body);
    secrets.iter().map(|secret| secret.sign(&message)).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification's own libraries.
    #[test]
    fn the_published_example_is_signed_alike() {
        let secret = WebhookSecret::new(&STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap());
        assert_eq!(*secret.to_text(), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let signature =
            signatures(&[secret], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, br#"{"test": 2432232314}"#);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn every_secret_signs() {
        let secrets = [WebhookSecret::new(&[1; 32]), WebhookSecret::new(&[2; 32])];
        let both = signatures(&secrets, "a", 1, b"{}");
        let one = signatures(&secrets[..1], "a", 1, b"{}");
        assert!(both.starts_with(&format!("{one} v1,")));
        assert!(!format!("{:?}", secrets[0]).contains('1'));
    }
}
