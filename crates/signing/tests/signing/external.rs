//! External signers: an honest one, and those that lie, hang, fail and flood.

use std::time::Duration;

use mcp_pin_attest::{SignError, Signer as _, sign, verify_with_keys_only};
use mcp_pin_model::Manifest;
use mcp_pin_signing::{ExternalSignerError, SignerCommand};
use mcp_pin_test_support::{
    fake::fake_signer,
    keys::{self, Person, tool, trust},
};

fn command(behaviour: &str) -> SignerCommand {
    let program = fake_signer();
    // Quoted, since directories may hold spaces.
    format!("'{}' {behaviour}", program.to_str().unwrap()).parse().unwrap()
}

fn manifest() -> Manifest {
    keys::manifest("io.github.acme/weather", "1.0.0", [tool("forecast", "Tells the weather.")], None)
}

fn refused_at_sign(behaviour: &str) -> SignError {
    sign(&manifest(), &command(behaviour).open().unwrap()).unwrap_err()
}

#[test]
fn what_an_external_signer_signs_verifies_with_its_key() {
    let signer = command("honest").open().unwrap();
    assert_eq!(signer.public_key(), keys::key("signer").public_key());
    let attestation = sign(&manifest(), &signer).unwrap();
    let person = Person::with_key("anna", "signer");
    assert_eq!(verify_with_keys_only::<Manifest>(&attestation, &trust([&person])).unwrap().statement(), &manifest());
}

#[test]
fn a_signature_of_another_key_than_the_one_it_names_is_refused() {
    assert!(matches!(refused_at_sign("lies"), SignError::WrongSignature));
}

#[test]
fn what_is_no_signature_is_refused() {
    for behaviour in ["garbage", "silent"] {
        let error = refused_at_sign(behaviour);
        assert!(matches!(&error, SignError::Signer(reason) if reason.contains("no signature in base64")), "{error}");
    }
    assert!(matches!(command("no-key").open().unwrap_err(), ExternalSignerError::PublicKey(_)));
}

#[test]
fn a_signer_that_hangs_is_ended_in_time() {
    let limit = Duration::from_millis(300);
    let error = command("hangs").with_time_limit(limit).open().unwrap_err();
    assert!(matches!(error, ExternalSignerError::TimedOut { request: "public-key", .. }), "{error}");
    assert!(error.is_could_not_check());
    let signer = command("hangs-at-sign").with_time_limit(Duration::from_secs(2)).open().unwrap();
    let error = sign(&manifest(), &signer).unwrap_err();
    assert!(matches!(&error, SignError::Signer(reason) if reason.contains("did not answer `sign`")), "{error}");
}

#[test]
fn output_without_end_is_cut() {
    assert!(matches!(command("floods").open().unwrap_err(), ExternalSignerError::TooMuchOutput { .. }));
}

#[test]
fn t52_what_a_failed_signer_said_is_shown_without_its_escape_sequences() {
    let error = command("fails").open().unwrap_err();
    assert!(matches!(error, ExternalSignerError::Failed { .. }), "{error}");
    let message = error.to_string();
    assert!(message.contains("no token in slot 0") && !message.contains('\u{1b}') && !message.contains('\u{7}'));
}

#[test]
fn a_command_is_split_without_a_shell_and_has_to_be_one() {
    assert!(matches!("".parse::<SignerCommand>().unwrap_err(), ExternalSignerError::Empty));
    assert!(matches!("'' a".parse::<SignerCommand>().unwrap_err(), ExternalSignerError::Empty));
    assert!(matches!("kms 'open".parse::<SignerCommand>().unwrap_err(), ExternalSignerError::Quotes));
    let error = "/nonexistent/kms $(touch x); true".parse::<SignerCommand>().unwrap().open().unwrap_err();
    assert!(matches!(&error, ExternalSignerError::Start { program, .. } if program == "/nonexistent/kms"), "{error}");
}
