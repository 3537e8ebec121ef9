//! Key files: what is read, what is written, what is refused and how it is called.

use mcp_pin_attest::{KeyAlgorithm, KeyError, MAX_KEY_TEXT_BYTES, PublicKey, SigningKey};
use mcp_pin_test_support::keys;

macro_rules! pem {
    ($name:literal) => {
        include_str!(concat!("key_files/", $name, ".pem"))
    };
}

fn private_error(text: &str) -> KeyError {
    SigningKey::from_pkcs8_pem(text).unwrap_err()
}

fn public_error(text: &str) -> KeyError {
    PublicKey::from_spki_pem(text).unwrap_err()
}

#[test]
fn a_key_of_openssl_is_read_and_written_back() {
    let key = SigningKey::from_pkcs8_pem(pem!("p256")).unwrap();
    assert_eq!(key.to_pkcs8_pem().as_str(), pem!("p256"));
    assert_eq!(key.public_key().to_spki_pem(), pem!("p256.pub"));
    let public = PublicKey::from_spki_pem(pem!("p256.pub")).unwrap();
    assert_eq!(&public, key.public_key());
    assert_eq!(PublicKey::from_spki_der(public.spki_der()).unwrap(), public);
}

#[test]
fn a_keys_id_is_what_cosign_would_write_as_its_hint() {
    let public = PublicKey::from_spki_pem(pem!("p256.pub")).unwrap();
    assert_eq!(public.id().key, include_str!("key_files/p256.id").trim());
}

#[test]
fn a_generated_key_survives_its_text_form_and_no_two_are_alike() {
    let key = SigningKey::generate().unwrap();
    let again = SigningKey::from_pkcs8_pem(&key.to_pkcs8_pem()).unwrap();
    assert_eq!(key.public_key(), again.public_key());
    assert_ne!(key.public_key(), SigningKey::generate().unwrap().public_key());
}

#[test]
fn windows_line_ends_and_a_comment_before_the_block_are_read() {
    let text = format!("my key\n{}", pem!("p256"));
    assert!(SigningKey::from_pkcs8_pem(&text).is_ok());
    assert!(SigningKey::from_pkcs8_pem(&pem!("p256").replace('\n', "\r\n")).is_ok());
}

#[test]
fn debug_shows_the_public_id_and_nothing_of_the_private_key() {
    let key = SigningKey::from_pkcs8_pem(pem!("p256")).unwrap();
    let shown = format!("{key:?}");
    assert_eq!(shown, format!("SigningKey {{ public_key: PublicKey(\"{}\"), .. }}", key.public_key().id().key));
    let secret: String = pem!("p256").lines().filter(|line| !line.starts_with('-')).collect();
    for window in secret.as_bytes().windows(8) {
        assert!(!shown.contains(std::str::from_utf8(window).unwrap()));
    }
}

#[test]
fn encrypted_keys_are_named_as_such() {
    assert_eq!(private_error(pem!("p256-encrypted")), KeyError::Encrypted);
    assert_eq!(private_error(pem!("p256-sec1-encrypted")), KeyError::Encrypted);
    for label in ["ENCRYPTED SIGSTORE PRIVATE KEY", "ENCRYPTED COSIGN PRIVATE KEY"] {
        let text = format!("-----BEGIN {label}-----\nAAAA\n-----END {label}-----\n");
        assert_eq!(private_error(&text), KeyError::Encrypted);
    }
}

#[test]
fn other_private_key_forms_are_named() {
    assert_eq!(private_error(pem!("p256-sec1")), KeyError::NotPkcs8 { form: "SEC 1" });
    assert_eq!(private_error(pem!("rsa-pkcs1")), KeyError::NotPkcs8 { form: "PKCS#1" });
    assert_eq!(private_error(pem!("openssh")), KeyError::NotPkcs8 { form: "OpenSSH" });
}

#[test]
fn t75_other_algorithms_are_refused_by_name() {
    for (text, algorithm) in [(pem!("ed25519"), "Ed25519"), (pem!("ed448"), "Ed448"), (pem!("rsa"), "RSA")] {
        assert_eq!(private_error(text), KeyError::WrongAlgorithm { algorithm });
    }
    assert_eq!(public_error(pem!("rsa.pub")), KeyError::WrongAlgorithm { algorithm: "RSA" });
    assert_eq!(public_error(pem!("rsa-pkcs1.pub")), KeyError::WrongAlgorithm { algorithm: "RSA" });
}

#[test]
fn an_ed25519_key_verifies_and_does_not_sign() {
    let key = PublicKey::from_spki_pem(pem!("ed25519.pub")).unwrap();
    assert_eq!(key.algorithm(), KeyAlgorithm::Ed25519);
    let mut longer = key.spki_der().to_vec();
    longer.push(0);
    assert_eq!(PublicKey::from_spki_der(&longer).unwrap_err(), KeyError::Malformed);
    assert_eq!(private_error(pem!("ed25519")), KeyError::WrongAlgorithm { algorithm: "Ed25519" });
}

#[test]
fn t75_other_curves_are_refused_by_name() {
    for (text, curve) in [(pem!("p-384"), "P-384"), (pem!("p-521"), "P-521"), (pem!("secp256k1"), "secp256k1")] {
        assert_eq!(private_error(text), KeyError::WrongCurve { curve });
    }
    assert_eq!(public_error(pem!("p-384.pub")), KeyError::WrongCurve { curve: "P-384" });
    let curve = "with explicit parameters";
    assert_eq!(private_error(pem!("p256-explicit")), KeyError::WrongCurve { curve });
    assert_eq!(public_error(pem!("p256-explicit.pub")), KeyError::WrongCurve { curve });
}

#[test]
fn t69_a_second_encoding_of_a_key_is_refused_so_that_it_has_one_id() {
    assert_eq!(public_error(pem!("p256-compressed.pub")), KeyError::Malformed);
    let public = PublicKey::from_spki_pem(pem!("p256.pub")).unwrap();
    let trailing = [public.spki_der(), &[0]].concat();
    assert_eq!(PublicKey::from_spki_der(&trailing).unwrap_err(), KeyError::Malformed);
}

#[test]
fn a_point_off_the_curve_is_refused() {
    let public = PublicKey::from_spki_pem(pem!("p256.pub")).unwrap();
    let mut der = public.spki_der().to_vec();
    *der.last_mut().unwrap() ^= 1;
    assert_eq!(PublicKey::from_spki_der(&der).unwrap_err(), KeyError::Malformed);
}

#[test]
fn private_and_public_keys_are_not_taken_for_each_other() {
    assert_eq!(private_error(pem!("p256.pub")), KeyError::PublicKeyGiven);
    for text in [pem!("p256"), pem!("p256-encrypted"), pem!("p256-sec1"), pem!("openssh")] {
        assert_eq!(public_error(text), KeyError::PrivateKeyGiven);
    }
    assert_eq!(public_error(pem!("certificate")), KeyError::CertificateGiven);
    assert_eq!(private_error(pem!("certificate")), KeyError::CertificateGiven);
}

#[test]
fn what_is_no_single_pem_key_is_refused() {
    assert_eq!(private_error(""), KeyError::NotPem);
    assert_eq!(private_error("hello"), KeyError::NotPem);
    assert_eq!(private_error(&pem!("p256").replace("-----END", "----END")), KeyError::NotPem);
    assert_eq!(private_error(&pem!("p256").repeat(2)), KeyError::MoreThanOneBlock);
    assert_eq!(public_error(&pem!("p256.pub").repeat(2)), KeyError::MoreThanOneBlock);
    assert_eq!(private_error(&" ".repeat(MAX_KEY_TEXT_BYTES + 1)), KeyError::TooLarge);
    let other = "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n";
    assert_eq!(private_error(other), KeyError::UnknownBlock);
    let damaged = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    assert_eq!(private_error(damaged), KeyError::Malformed);
}

#[test]
fn every_cut_and_every_flipped_bit_of_a_private_key_is_refused_or_is_another_key() {
    let key = SigningKey::from_pkcs8_pem(pem!("p256")).unwrap();
    let text = pem!("p256");
    for (end, _) in text.char_indices().take(text.len() - 2) {
        assert!(SigningKey::from_pkcs8_pem(text.get(..end).unwrap()).is_err(), "cut at {end}");
    }
    let public = key.public_key().spki_der();
    for bit in 0..public.len() * 8 {
        let mut der = public.to_vec();
        der[bit / 8] ^= 1 << (bit % 8);
        assert!(PublicKey::from_spki_der(&der).is_err(), "bit {bit}");
    }
}

#[test]
fn messages_never_hold_text_of_the_file() {
    let text = "-----BEGIN \u{1b}[31mEVIL-----\nc2VjcmV0\n-----END \u{1b}[31mEVIL-----\n";
    let message = private_error(text).to_string();
    assert!(!message.contains("EVIL") && !message.contains("c2VjcmV0"), "{message}");
}

#[test]
fn test_keys_are_the_same_in_every_run() {
    assert_eq!(keys::key("alice").public_key(), keys::key("alice").public_key());
    assert_ne!(keys::key("alice").public_key(), keys::key("bob").public_key());
}
