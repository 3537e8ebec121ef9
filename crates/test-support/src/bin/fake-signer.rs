//! `fake-signer <behaviour> <request>`: an external signer with the test key `signer`, honest or not.

use std::{
    io::{Read as _, Write as _},
    process::ExitCode,
    thread,
    time::Duration,
};

use aws_lc_rs::{
    digest::{Digest, SHA256},
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use mcp_pin_test_support::keys;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [behaviour, request] = arguments.as_slice() else { return ExitCode::from(64) };
    match (behaviour.as_str(), request.as_str()) {
        ("hangs", _) => {
            thread::sleep(Duration::from_secs(300));
            ExitCode::SUCCESS
        }
        ("hangs-at-sign", "sign") => {
            thread::sleep(Duration::from_secs(300));
            ExitCode::SUCCESS
        }
        ("floods", _) => {
            let line = [b'A'; 4096];
            while std::io::stdout().write_all(&line).is_ok() {}
            ExitCode::SUCCESS
        }
        ("fails", _) => {
            let _ = std::io::stderr().write_all(b"no token in slot 0 \x1b[2J\x1b]0;gotcha\x07\n");
            ExitCode::from(3)
        }
        ("tells-variables", _) => {
            let names: Vec<String> = std::env::vars().map(|(name, _)| name).filter(|name| name.contains("_")).collect();
            let _ = writeln!(std::io::stderr(), "{}", names.join(" "));
            ExitCode::from(1)
        }
        ("no-key", "public-key") => say("hello"),
        (_, "public-key") => say(&keys::key("signer").public_key().to_spki_pem()),
        ("garbage", "sign") => say("not base64!"),
        ("silent", "sign") => ExitCode::SUCCESS,
        // A good signature of another key than the one that it names.
        ("lies", "sign") => sign("somebody else"),
        ("honest", "sign") => sign("signer"),
        _ => ExitCode::from(64),
    }
}

#[expect(clippy::expect_used, reason = "for tests only")]
fn sign(key: &str) -> ExitCode {
    let mut digest = Vec::new();
    if std::io::stdin().read_to_end(&mut digest).is_err() || digest.len() != 32 {
        return ExitCode::from(65);
    }
    let pem = keys::key(key).to_pkcs8_pem();
    let (_, pkcs8) = pem_rfc7468::decode_vec(pem.as_bytes()).expect("a key in PEM");
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &pkcs8).expect("a key");
    let digest = Digest::import_less_safe(&digest, &SHA256).expect("32 bytes");
    let signature = STANDARD.encode(pair.sign_digest(&digest).expect("a signature"));
    // In lines of 76 characters, as `base64` breaks them.
    let (first, rest) = signature.split_at(76);
    say(&format!("{first}\n{rest}"))
}

fn say(text: &str) -> ExitCode {
    match writeln!(std::io::stdout(), "{text}") {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}
