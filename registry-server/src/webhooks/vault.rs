//! Secrets of webhooks, as the store has them: sealed with a key that is not in the store.
//!
//! They have to be known to sign with, so a hash will not do. Sealed, a copy of the database alone lets nobody speak in
//! the registry's name to its receivers. See docs/adr/0019.

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    digest,
};
use zeroize::Zeroizing;

use super::WebhookSecret;

/// How many bytes say which key sealed: enough to tell the few keys that a registry ever has apart.
const KEY_ID_BYTES: usize = 8;

/// Keeps what is sealed here apart from everything else that may ever be sealed with the same key.
const DOMAIN: &str = "urn:mcp-pin:webhook-secret:v1\n";

/// Seals and opens.
pub struct Vault {
    key: LessSafeKey,
    id: [u8; KEY_ID_BYTES],
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Vault").field("id", &hex::encode(self.id)).finish_non_exhaustive()
    }
}

impl Vault {
    /// Takes a key of 32 random bytes.
    ///
    /// # Panics
    /// Never: 32 bytes are a key of AES-256.
    #[must_use]
    pub fn new(key: &[u8; 32]) -> Self {
        let domain = Zeroizing::new([DOMAIN.as_bytes(), key].concat());
        let hash = digest::digest(&digest::SHA256, &domain);
        let mut id = [0; KEY_ID_BYTES];
        for (to, from) in id.iter_mut().zip(hash.as_ref()) {
            *to = *from;
        }
        let key = UnboundKey::new(&AES_256_GCM, key).expect("32 bytes are a key of AES-256");
        Self { key: LessSafeKey::new(key), id }
    }

    /// Seals a secret for one webhook: moved to another, it does not open. `nonce` is random and used once.
    #[must_use]
    pub fn seal(&self, webhook: &str, secret: &WebhookSecret, nonce: [u8; NONCE_LEN]) -> Option<Vec<u8>> {
        let mut sealed = self.id.to_vec();
        sealed.extend_from_slice(&nonce);
        let mut bytes = secret.as_bytes().to_vec();
        let aad = Aad::from(format!("{DOMAIN}{webhook}"));
        self.key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), aad, &mut bytes).ok()?;
        sealed.extend_from_slice(&bytes);
        Some(sealed)
    }

    /// Opens what was sealed with this key for this webhook; none for anything else.
    #[must_use]
    pub fn open(&self, webhook: &str, sealed: &[u8]) -> Option<WebhookSecret> {
        let (id, rest) = sealed.split_at_checked(KEY_ID_BYTES)?;
        let (nonce, bytes) = rest.split_at_checked(NONCE_LEN)?;
        if id != self.id {
            return None;
        }
        let mut bytes = Zeroizing::new(bytes.to_vec());
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let secret = self.key.open_in_place(nonce, Aad::from(format!("{DOMAIN}{webhook}")), &mut bytes).ok()?;
        Some(WebhookSecret::new(secret))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_for_its_webhook_and_key_only() {
        let (vault, secret) = (Vault::new(&[7; 32]), WebhookSecret::new(&[9; 32]));
        let sealed = vault.seal("A", &secret, [1; NONCE_LEN]).unwrap();
        assert_eq!(vault.open("A", &sealed).unwrap().as_bytes(), [9; 32]);
        assert!(!sealed.windows(4).any(|window| window == [9; 4]), "it does not stand there readable");
        assert!(vault.open("B", &sealed).is_none(), "another webhook");
        assert!(Vault::new(&[8; 32]).open("A", &sealed).is_none(), "another key");
        for index in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[index] ^= 1;
            assert!(vault.open("A", &changed).is_none(), "changed at {index}");
        }
        for length in 0..sealed.len() {
            assert!(vault.open("A", &sealed[..length]).is_none());
        }
    }
}
