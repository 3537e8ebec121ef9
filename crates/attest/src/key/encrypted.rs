//! Private keys encrypted with a password, as cosign writes them: scrypt (RFC 7914), then NaCl's secretbox
//! (XSalsa20-Poly1305), in a JSON document (`encrypted.encryptedData` of secure-systems-lab/go-securesystemslib).

use aws_lc_rs::rand;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use crypto_secretbox::{
    XSalsa20Poly1305,
    aead::{Aead as _, KeyInit as _},
};
use mcp_pin_model::json::{self, Limits, Object, Value};
use zeroize::Zeroizing;

use super::{KeyError, MAX_KEY_TEXT_BYTES, SigningKey, pem};

/// What cosign labels such a key since 2.0.
const LABEL: &str = "ENCRYPTED SIGSTORE PRIVATE KEY";

/// What cosign labelled it before.
const OLD_LABEL: &str = "ENCRYPTED COSIGN PRIVATE KEY";

const DERIVATION: &str = "scrypt";
const CIPHER: &str = "nacl/secretbox";

/// log₂ of the cost that is written: what cosign writes, 64 MiB and a fifth of a second.
const LOG_COST: u8 = 16;

/// The costs `N` that are accepted, with their log₂: the two that cosign ever wrote. Anything else is refused before
/// work is done, since the file's author chooses the number and the reader pays for it.
const COSTS: [(u64, u8); 2] = [(1 << 15, 15), (1 << LOG_COST, LOG_COST)];
const BLOCK_SIZE: u32 = 8;
const PARALLELISM: u32 = 1;

/// The salt's bytes.
const SALT_BYTES: usize = 32;
/// The nonce's bytes: XSalsa20's.
const NONCE_BYTES: usize = 24;
/// The derived key's bytes: XSalsa20's.
const KEY_BYTES: usize = 32;
/// The bytes that the authenticator adds.
const TAG_BYTES: usize = 16;
/// The most bytes of a ciphertext: a P-256 key in PKCS#8 has 138, with every optional part 230.
const MAX_CIPHERTEXT_BYTES: usize = 512;

/// A private key that a password protects. Its parameters were checked: [`EncryptedKey::decrypt`] does a bounded amount
/// of work. Nothing in it is secret.
pub struct EncryptedKey {
    log_cost: u8,
    salt: Vec<u8>,
    nonce: [u8; NONCE_BYTES],
    ciphertext: Vec<u8>,
}

impl EncryptedKey {
    /// Reads a PEM `ENCRYPTED SIGSTORE PRIVATE KEY` or `ENCRYPTED COSIGN PRIVATE KEY`. No password is needed yet, so
    /// that nobody is asked for one in vain.
    ///
    /// # Errors
    /// See [`KeyError`]: another encryption, another derivation or cipher, other parameters, a damaged document.
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        let document = pem::decode_encrypted(text, &[LABEL, OLD_LABEL])?;
        let limits = Limits { bytes: MAX_KEY_TEXT_BYTES, ..Limits::FOREIGN };
        let document = json::parse_with(&document, &limits).map_err(|_| malformed("document"))?;

        let derivation = member(&document, "kdf")?;
        if member(derivation, "name")?.as_str() != Some(DERIVATION) {
            return Err(KeyError::UnsupportedDerivation);
        }
        let parameters = member(derivation, "params")?;
        let number = |name| {
            member(parameters, name)?.as_number().and_then(json::Number::as_u64).ok_or_else(|| malformed("kdf.params"))
        };
        let (cost, block_size, parallelism) = (number("N")?, number("r")?, number("p")?);
        let log_cost = COSTS
            .into_iter()
            .find_map(|(accepted, log)| (accepted == cost).then_some(log))
            .filter(|_| block_size == u64::from(BLOCK_SIZE) && parallelism == u64::from(PARALLELISM))
            .ok_or(KeyError::UnsupportedDerivationParameters)?;
        let salt = decode(member(derivation, "salt")?, "kdf.salt")?;
        if salt.len() != SALT_BYTES {
            return Err(malformed("kdf.salt"));
        }

        let cipher = member(&document, "cipher")?;
        if member(cipher, "name")?.as_str() != Some(CIPHER) {
            return Err(KeyError::UnsupportedCipher);
        }
        let nonce = decode(member(cipher, "nonce")?, "cipher.nonce")?;
        let nonce = nonce.try_into().map_err(|_| malformed("cipher.nonce"))?;
        let ciphertext = decode(member(&document, "ciphertext")?, "ciphertext")?;
        if !(TAG_BYTES + 1..=MAX_CIPHERTEXT_BYTES).contains(&ciphertext.len()) {
            return Err(malformed("ciphertext"));
        }
        Ok(Self { log_cost, salt, nonce, ciphertext })
    }

    /// Opens it. Takes a fifth of a second and 64 MiB at most.
    ///
    /// # Errors
    /// [`KeyError::WrongPassword`], and what [`SigningKey::from_pkcs8_pem`] says of the key inside.
    pub fn decrypt(&self, password: &str) -> Result<SigningKey, KeyError> {
        let pkcs8 = cipher(password, &self.salt, self.log_cost)?
            .decrypt((&self.nonce).into(), self.ciphertext.as_slice())
            .map_err(|_| KeyError::WrongPassword)?;
        SigningKey::from_pkcs8_der(&Zeroizing::new(pkcs8))
    }
}

impl SigningKey {
    /// The key as a PEM `ENCRYPTED SIGSTORE PRIVATE KEY`, which cosign reads too.
    ///
    /// # Errors
    /// [`KeyError::Generation`] when the system gives no randomness.
    pub fn to_encrypted_pem(&self, password: &str) -> Result<String, KeyError> {
        let mut salt = [0; SALT_BYTES];
        let mut nonce = [0; NONCE_BYTES];
        rand::fill(&mut salt).and_then(|()| rand::fill(&mut nonce)).map_err(|_| KeyError::Generation)?;
        let ciphertext = cipher(password, &salt, LOG_COST)?
            .encrypt((&nonce).into(), self.pkcs8_der())
            .map_err(|_| KeyError::Generation)?;

        let parameters = Object::from_iter([
            ("N", Value::from(1_u32 << LOG_COST)),
            ("r", Value::from(BLOCK_SIZE)),
            ("p", Value::from(PARALLELISM)),
        ]);
        let derivation = Object::from_iter([
            ("name", Value::from(DERIVATION)),
            ("params", Value::Object(parameters)),
            ("salt", Value::from(STANDARD.encode(salt))),
        ]);
        let cipher = Object::from_iter([("name", Value::from(CIPHER)), ("nonce", Value::from(STANDARD.encode(nonce)))]);
        let document = Value::Object(Object::from_iter([
            ("kdf", Value::Object(derivation)),
            ("cipher", Value::Object(cipher)),
            ("ciphertext", Value::from(STANDARD.encode(ciphertext))),
        ]));
        Ok(pem::encode(LABEL, &document.to_canonical_bytes()))
    }
}

fn cipher(password: &str, salt: &[u8], log_cost: u8) -> Result<XSalsa20Poly1305, KeyError> {
    let parameters = scrypt::Params::new(log_cost, BLOCK_SIZE, PARALLELISM, KEY_BYTES)
        .map_err(|_| KeyError::UnsupportedDerivationParameters)?;
    let mut key = Zeroizing::new([0_u8; KEY_BYTES]);
    scrypt::scrypt(password.as_bytes(), salt, &parameters, key.as_mut())
        .map_err(|_| KeyError::UnsupportedDerivationParameters)?;
    // The cipher wipes its copy when dropped.
    Ok(XSalsa20Poly1305::new((&*key).into()))
}

fn member<'a>(value: &'a Value, name: &'static str) -> Result<&'a Value, KeyError> {
    value.get(name).ok_or_else(|| malformed(name))
}

fn decode(value: &Value, name: &'static str) -> Result<Vec<u8>, KeyError> {
    value.as_str().and_then(|text| STANDARD.decode(text).ok()).ok_or_else(|| malformed(name))
}

fn malformed(member: &'static str) -> KeyError {
    KeyError::EncryptionDocument { member }
}
