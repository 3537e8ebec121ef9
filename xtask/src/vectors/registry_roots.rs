//! Roots of registries: chains that lead somewhere, and each way in which one does not.

use mcp_pin_attest::registry_root::{RegistryRoot, RegistryRootError, RootPin, SignedRoot};
use mcp_pin_model::json;
use serde_json::{Value, json};

use super::{Text, say};
use crate::generate::pretty;

/// Roots that were signed once: ECDSA is random.
///
/// `first` and `second` are 2 of Ada, Bea and Cem, then of Ada, Bea and Dov; `third` is Dov alone, and short-lived. `fork`
/// is another first one; `takeover` is signed by one of two, `unproven` by one of its own two.
const SIGNED: &str = include_str!("signed_registry_roots.json");

const NOW: &str = "2026-01-02T03:04:05Z";
const LATER: &str = "2026-03-01T00:00:00Z";

/// Chains with their outcomes.
pub(crate) fn registry_roots() -> Text {
    let signed = json::parse(SIGNED.as_bytes()).map_err(say)?;
    let root = |name: &str| {
        let text = signed.get(name).and_then(json::Value::as_str).ok_or_else(|| format!("no root `{name}`"))?;
        Ok::<String, String>(text.to_owned())
    };
    let flipped = |name: &str| {
        let text = root(name)?;
        // The first character of the first signature's last part: another number, in the same form.
        let place = text.find("\"sig\":\"").ok_or("no signature")? + 40;
        let (before, after) = text.split_at_checked(place).ok_or("a short signature")?;
        let mut after = after.chars();
        let other = if after.next() == Some('A') { 'B' } else { 'A' };
        Ok::<String, String>(format!("{before}{other}{}", after.as_str()))
    };
    let twice = |name: &str| {
        let text = root(name)?;
        let (before, list) = text.split_once("\"signatures\":[").ok_or("no signatures")?;
        let (one, _) = list.split_once("},").ok_or("one signature")?;
        Ok::<String, String>(format!("{before}\"signatures\":[{one}}},{one}}}]}}"))
    };
    let (first, second, third) = (root("first")?, root("second")?, root("third")?);
    let cases: Vec<(&str, &str, Vec<String>, &str)> = vec![
        ("the known root is the current one", "first", vec![first.clone()], NOW),
        ("one rotation", "first", vec![first.clone(), second.clone()], NOW),
        ("two rotations, from the first", "first", vec![first.clone(), second.clone(), third.clone()], NOW),
        ("from the second, whose older signers say nothing", "second", vec![second.clone(), third.clone()], NOW),
        ("the current root has expired", "first", vec![first.clone(), second.clone(), third], LATER),
        ("an old root was put back", "second", vec![first.clone()], NOW),
        ("another root of the known version", "first", vec![root("fork")?], NOW),
        ("the known version is missing", "first", vec![second], NOW),
        ("a version is missing", "first", vec![first.clone(), root("third")?], NOW),
        ("too few of the version before", "first", vec![first.clone(), root("takeover")?], NOW),
        ("too few of its own", "first", vec![first.clone(), root("unproven")?], NOW),
        ("a wrong signature", "first", vec![first.clone(), flipped("second")?], NOW),
        ("one signer twice", "first", vec![first, twice("second")?], NOW),
    ];
    let mut vectors = Vec::new();
    for (what, known, chain, at) in cases {
        let known = SignedRoot::from_bytes(root(known)?.as_bytes()).map_err(say)?.pin();
        vectors.push(vector(what, &known, &chain, at)?);
    }
    pretty(&Value::Array(vectors))
}

fn vector(what: &str, known: &RootPin, chain: &[String], at: &str) -> Result<Value, String> {
    let bytes: Vec<Vec<u8>> = chain.iter().map(|root| root.as_bytes().to_vec()).collect();
    let mut vector = json!({
        "what": what,
        "known": { "version": known.version, "digest": known.digest },
        "at": at,
        "chain": chain,
    });
    let outcome = match RegistryRoot::verify_chain(known, &bytes, at.parse().map_err(say)?) {
        Ok(root) => {
            vector["current"] = json!(root.pin().digest);
            "trusted"
        }
        Err(RegistryRootError::Rollback { .. }) => "rollback",
        Err(RegistryRootError::Fork { .. }) => "fork",
        Err(RegistryRootError::Skipped { .. }) => "skipped",
        Err(RegistryRootError::Threshold { .. }) => "threshold",
        Err(RegistryRootError::BadSignature { .. }) => "bad-signature",
        Err(RegistryRootError::Expired { .. }) => "expired",
        Err(RegistryRootError::Malformed) => "malformed",
        Err(other) => return Err(format!("{what}: {other}")),
    };
    vector["outcome"] = json!(outcome);
    Ok(vector)
}
