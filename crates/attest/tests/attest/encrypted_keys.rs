//! Keys encrypted with a password: what cosign and another implementation wrote, and what is refused.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use mcp_pin_attest::{EncryptedKey, KeyError, PublicKey, SigningKey};

const COSIGN: &str = include_str!("key_files/encrypted-sigstore.pem");
const COSIGN_PUBLIC: &str = include_str!("key_files/encrypted-sigstore.pub.pem");
const OLD: &str = include_str!("key_files/encrypted-cosign-32768.pem");
const OLD_PUBLIC: &str = include_str!("key_files/encrypted-cosign-32768.pub.pem");
const PASSWORD: &str = "correct horse battery staple";

fn open(text: &str, password: &str) -> Result<SigningKey, KeyError> {
    EncryptedKey::from_pem(text)?.decrypt(password)
}

/// The JSON inside a key file, changed, in a file again.
fn with(change: impl Fn(String) -> String) -> String {
    let body: String = COSIGN.lines().filter(|line| !line.starts_with('-')).collect();
    let document = change(String::from_utf8(STANDARD.decode(body).unwrap()).unwrap());
    let body = STANDARD.encode(document);
    let lines: Vec<&str> = body.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!(
        "-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\n{}\n-----END ENCRYPTED SIGSTORE PRIVATE KEY-----\n",
        lines.join("\n")
    )
}

fn refused(change: impl Fn(String) -> String) -> KeyError {
    EncryptedKey::from_pem(&with(change)).err().expect("refused before a password is needed")
}

#[test]
fn keys_of_other_programs_are_opened() {
    let key = open(COSIGN, PASSWORD).unwrap();
    assert_eq!(*key.public_key(), PublicKey::from_spki_pem(COSIGN_PUBLIC).unwrap());
    let key = open(OLD, "").unwrap();
    assert_eq!(*key.public_key(), PublicKey::from_spki_pem(OLD_PUBLIC).unwrap());
}

#[test]
fn what_is_written_is_opened_with_its_password_only_and_never_written_alike() {
    let key = SigningKey::generate().unwrap();
    let text = key.to_encrypted_pem("pässword").unwrap();
    assert!(text.starts_with("-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\n"), "{text}");
    assert_eq!(open(&text, "pässword").unwrap().public_key(), key.public_key());
    assert_eq!(open(&text, "password").unwrap_err(), KeyError::WrongPassword);
    assert_ne!(text, key.to_encrypted_pem("pässword").unwrap());
}

#[test]
fn a_wrong_password_and_a_damaged_ciphertext_are_refused() {
    assert_eq!(open(COSIGN, "wrong").unwrap_err(), KeyError::WrongPassword);
    assert_eq!(open(COSIGN, "").unwrap_err(), KeyError::WrongPassword);
    let damaged = with(|document| document.replace("\"PkQo/0b4", "\"PkQo/0b5"));
    assert_eq!(open(&damaged, PASSWORD).unwrap_err(), KeyError::WrongPassword);
}

#[test]
fn a_cost_that_the_file_chooses_is_refused_before_any_work() {
    for (from, to) in [
        ("\"N\":65536", "\"N\":1073741824"),
        ("\"N\":65536", "\"N\":131072"),
        ("\"N\":65536", "\"N\":16384"),
        ("\"N\":65536", "\"N\":2"),
        ("\"r\":8", "\"r\":1024"),
        ("\"p\":1", "\"p\":4000000000"),
    ] {
        let error = refused(|document| document.replace(from, to));
        assert_eq!(error, KeyError::UnsupportedDerivationParameters, "{to}");
    }
    let error = refused(|document| document.replace("\"N\":65536", "\"N\":-1"));
    assert_eq!(error, KeyError::EncryptionDocument { member: "kdf.params" });
}

#[test]
fn other_derivations_and_ciphers_are_refused_by_name() {
    assert_eq!(refused(|document| document.replace("scrypt", "argon2")), KeyError::UnsupportedDerivation);
    assert_eq!(refused(|document| document.replace("nacl/secretbox", "none")), KeyError::UnsupportedCipher);
}

#[test]
fn cut_and_damaged_documents_are_refused_where_they_break() {
    let broken = |member| KeyError::EncryptionDocument { member };
    assert_eq!(refused(|document| document.chars().take(document.len() - 20).collect()), broken("document"));
    assert_eq!(refused(|document| document.replace("\"kdf\"", "\"KDF\"")), broken("kdf"));
    assert_eq!(refused(|document| document.replace("\"salt\":\"", "\"salt\":\"!")), broken("kdf.salt"));
    assert_eq!(refused(|document| document.replace("ArQ3agLce3Rm", "")), broken("kdf.salt"));
    assert_eq!(refused(|document| document.replace("16PH5Zl0", "")), broken("cipher.nonce"));
    let emptied = |document: String| {
        let (before, _) = document.split_once("\"ciphertext\":").unwrap();
        format!("{before}\"ciphertext\":\"AAAA\"}}")
    };
    assert_eq!(refused(emptied), broken("ciphertext"));
    // A second member of one name: two readers would open two keys.
    assert_eq!(
        refused(|document| document.replace("{\"kdf\"", "{\"ciphertext\":\"AAAA\",\"kdf\"")),
        broken("document")
    );
}

#[test]
fn other_forms_are_named() {
    let error = |text: &str| EncryptedKey::from_pem(text).err().unwrap();
    let pkcs8 = error(include_str!("key_files/p256-encrypted.pem"));
    assert_eq!(pkcs8, KeyError::UnsupportedEncryption { form: "PKCS#8" });
    let old = error(include_str!("key_files/p256-sec1-encrypted.pem"));
    assert_eq!(old, KeyError::UnsupportedEncryption { form: "old PEM (`Proc-Type`)" });
    assert_eq!(error(include_str!("key_files/p256.pem")), KeyError::NotEncrypted);
    assert_eq!(error(COSIGN_PUBLIC), KeyError::PublicKeyGiven);
    assert_eq!(error(&COSIGN.repeat(2)), KeyError::MoreThanOneBlock);
}
