//! Signed checkpoints with and without witnesses, and what one is to the checkpoint that was seen before.

use mcp_pin_tlog::{
    Checkpoint, Hash, History, HistoryError, LogKeys, VerifiedCheckpoint, WitnessPolicy, history, note::KeyKind,
};
use serde_json::{Value, json};

use super::{
    NOW, ORIGIN, SEED, Tree, base64, checkpoint, checkpoint_word, expect, given, key, keys, leaf, signer, text,
};
use crate::{
    generate::pretty,
    vectors::{Text, say},
};

const ANNA: (&str, [u8; 32]) = ("anna.example/witness", [1; 32]);
const BEN: (&str, [u8; 32]) = ("ben.example/witness", [2; 32]);
const CLEO: (&str, [u8; 32]) = ("cleo.example/witness", [3; 32]);

/// Notes with the verdict about them, and pairs of checkpoints.
pub(crate) fn log_checkpoints() -> Text {
    let mut tree = Tree::with_entries(1_000);
    let mut checkpoints = signatures(&mut tree)?;
    checkpoints.extend(witnessed(&mut tree)?);
    checkpoints.extend(texts(&mut tree)?);
    pretty(&json!({ "checkpoints": checkpoints, "histories": histories(&mut tree)? }))
}

/// Three witnesses, so many of which have to have seen a checkpoint.
pub(super) fn policy(needed: usize) -> Result<WitnessPolicy, String> {
    let mut witnesses = Vec::new();
    for (name, seed) in [ANNA, BEN, CLEO] {
        witnesses.push(key(name, KeyKind::Cosignature, &seed)?);
    }
    WitnessPolicy::new(witnesses, needed).ok_or_else(|| "no policy".to_owned())
}

/// The note, with cosignatures below it.
pub(super) fn cosigned(note: &[u8], by: &[((&str, [u8; 32]), u64)]) -> Result<Vec<u8>, String> {
    let (head, _) = text(note)?.rsplit_once("\n\n").ok_or("no signatures")?;
    let mut bytes = note.to_vec();
    for ((name, seed), at) in by {
        let line = signer(name, KeyKind::Cosignature, seed)?.cosign(&format!("{head}\n"), *at).map_err(say)?;
        bytes.extend_from_slice(line.as_bytes());
    }
    Ok(bytes)
}

fn vector(what: &str, expected: &str, note: &[u8], log: &LogKeys, policy: &WitnessPolicy) -> Result<Value, String> {
    let mut vector = json!({ "what": what, "note": text(note)?, "given": given(log, policy, NOW) });
    let outcome = match VerifiedCheckpoint::verify(note, log, policy, NOW) {
        Ok(verified) => {
            let seen: Vec<Value> =
                verified.witnesses().iter().map(|(name, at)| json!({ "name": name, "at": at })).collect();
            vector["size"] = json!(verified.checkpoint().size);
            vector["root"] = json!(verified.checkpoint().root.to_base64());
            vector["signedAt"] = json!(verified.signed_at());
            vector["seenBy"] = json!(seen);
            "trusted"
        }
        Err(error) => checkpoint_word(&error)?,
    };
    expect(what, expected, outcome)?;
    vector["outcome"] = json!(outcome);
    Ok(vector)
}

/// By whom a checkpoint is signed, and when.
fn signatures(tree: &mut Tree) -> Result<Vec<Value>, String> {
    let (log, nobody) = (keys(ORIGIN, &[SEED])?, WitnessPolicy::default());
    let good = tree.signed(300)?;
    let of_300 = checkpoint(300, tree.root(300)?);
    let at = |seconds| of_300.sign(&SEED, seconds).map_err(say);
    let both = LogKeys::new(ORIGIN, keys(ORIGIN, &[[9; 32]])?.keys().iter().chain(log.keys()).map(|key| *key.key()));
    let plain = |text: &str, name: &str, seed: &[u8; 32]| {
        let line = signer(name, KeyKind::Ed25519, seed)?.sign(text).map_err(say)?;
        mcp_pin_tlog::note::write(text, &[line]).map_err(say)
    };
    let elsewhere = Checkpoint { origin: "other.example/log".to_owned(), ..of_300.clone() };
    let again = [good.as_slice(), text(&good)?.lines().nth(4).unwrap_or_default().as_bytes(), b"\n"].concat();
    let changed = |from: &str, to: &str| Ok::<_, String>(text(&good)?.replacen(from, to, 1).into_bytes());
    // The last character before the padding of the first signature: another one in the same form.
    let line = text(&good)?.lines().nth(4).ok_or("no signature")?;
    let spoilt = line.get(..line.len() - 12).map(|kept| format!("{kept}{}", "A".repeat(11))).ok_or("a short line")?;
    let spoilt = format!("{spoilt}=");
    let cases: Vec<(&str, &str, Vec<u8>)> = vec![
        ("signed by the log, and with the time", "trusted", good.clone()),
        ("of a log without entries", "trusted", checkpoint(0, Hash::EMPTY_ROOT).sign(&SEED, NOW).map_err(say)?),
        ("signed without the time", "trusted", plain(&of_300.text(), ORIGIN, &SEED)?),
        ("signed an hour ago", "trusted", at(NOW - 3_600)?),
        ("from five minutes ahead", "trusted", at(NOW + 300)?),
        ("from more than five minutes ahead", "future", at(NOW + 301)?),
        ("signed twice", "trusted", again),
        ("by another key under the log's name", "not-signed", of_300.sign(&[9; 32], NOW).map_err(say)?),
        ("by the log's key under another name", "not-signed", plain(&of_300.text(), "other.example/log", &SEED)?),
        ("of another log, signed by this one's key", "origin", plain(&elsewhere.text(), ORIGIN, &SEED)?),
        ("another size", "forged", changed("\n300\n", "\n301\n")?),
        ("another root", "forged", changed(&of_300.root.to_base64(), &leaf(1).to_base64())?),
        ("another origin", "forged", changed("registry.acme", "registry.acmf")?),
        ("an extension that nobody signed", "forged", changed("\n\n", "\nmore\n\n")?),
        ("a spoilt signature", "forged", changed(line, &spoilt)?),
        ("no signature", "layout", format!("{}\n", of_300.text()).into_bytes()),
        ("no empty line", "layout", changed("\n\n", "\n")?),
        ("the last line does not end", "layout", text(&good)?.trim_end().as_bytes().to_vec()),
        ("a tab", "text", changed("\n300\n", "\n\t300\n")?),
        ("a hyphen for the dash", "signature-line", changed("— ", "- ")?),
        ("base64 that is none", "signature-line", changed("/log ", "/log !")?),
        ("65 signatures", "too-many-signatures", {
            [good.as_slice(), "— dan.example AAAAAAAAAAA=\n".repeat(63).as_bytes()].concat()
        }),
    ];
    let mut vectors = Vec::new();
    for (what, expected, note) in cases {
        vectors.push(vector(what, expected, &note, &log, &nobody)?);
    }
    let both = both.map_err(say)?;
    vectors.push(vector("after a rotation, by the older key", "trusted", &good, &both, &nobody)?);
    let newer = of_300.sign(&[9; 32], NOW).map_err(say)?;
    vectors.push(vector("after a rotation, by the newer key", "trusted", &newer, &both, &nobody)?);
    Ok(vectors)
}

/// What witnesses say.
fn witnessed(tree: &mut Tree) -> Result<Vec<Value>, String> {
    let log = keys(ORIGIN, &[SEED])?;
    let note = tree.signed(300)?;
    let other = tree.signed(299)?;
    let with = |by: &[((&str, [u8; 32]), u64)]| cosigned(&note, by);
    let elsewhere = cosigned(&other, &[(BEN, NOW)])?;
    let stolen = text(&elsewhere)?.lines().last().unwrap_or_default().to_owned();
    let stolen = [with(&[(ANNA, NOW)])?.as_slice(), stolen.as_bytes(), b"\n"].concat();
    let unsigned = {
        let anna = with(&[(ANNA, NOW), (BEN, NOW)])?;
        let kept: Vec<&str> = text(&anna)?.split('\n').filter(|line| !line.contains(&format!("— {ORIGIN}"))).collect();
        kept.join("\n").into_bytes()
    };
    let cases = [
        ("two of three", 2, "trusted", with(&[(ANNA, NOW - 5), (CLEO, NOW)])?),
        ("all three, in another order", 2, "trusted", with(&[(CLEO, NOW), (ANNA, NOW), (BEN, NOW)])?),
        ("one of three where none is needed", 0, "trusted", with(&[(BEN, NOW)])?),
        (
            "somebody whom nobody asked, too",
            2,
            "trusted",
            with(&[(ANNA, NOW), (("dan.example", [4; 32]), NOW), (BEN, NOW)])?,
        ),
        ("one of three", 2, "witnesses", with(&[(ANNA, NOW)])?),
        ("the same one twice", 2, "witnesses", with(&[(ANNA, NOW), (ANNA, NOW - 1)])?),
        ("one is from the future", 2, "witnesses", with(&[(ANNA, NOW), (BEN, NOW + 301)])?),
        ("one is somebody else under a known name", 2, "witnesses", with(&[(ANNA, NOW), ((BEN.0, [4; 32]), NOW)])?),
        ("one is a known key under another name", 2, "witnesses", with(&[(ANNA, NOW), (("eve.example", BEN.1), NOW)])?),
        ("one is about another checkpoint", 2, "forged", stolen),
        ("enough witnesses, and not the log", 2, "not-signed", unsigned),
    ];
    let mut vectors = Vec::new();
    for (what, needed, expected, note) in cases {
        vectors.push(vector(&format!("witnesses: {what}"), expected, &note, &log, &policy(needed)?)?);
    }
    Ok(vectors)
}

/// Texts that the log signed and that are no checkpoint.
fn texts(tree: &mut Tree) -> Result<Vec<Value>, String> {
    let log = keys(ORIGIN, &[SEED])?;
    let root = tree.root(300)?.to_base64();
    let url_safe = root.replace('+', "-").replace('/', "_");
    let cases = [
        ("an extension", "trusted", format!("{ORIGIN}\n300\n{root}\nmore\n")),
        ("a size with a zero before it", "form", format!("{ORIGIN}\n0300\n{root}\n")),
        ("a size with a sign", "form", format!("{ORIGIN}\n+300\n{root}\n")),
        ("a size beyond 2^63", "form", format!("{ORIGIN}\n9223372036854775808\n{root}\n")),
        ("no root", "form", format!("{ORIGIN}\n300\n")),
        ("a root of 31 bytes", "form", format!("{ORIGIN}\n300\n{}=\n", root.get(..42).unwrap_or_default())),
        ("a root in hexadecimal", "form", format!("{ORIGIN}\n300\n{}\n", "0f".repeat(32))),
        ("an empty line", "form", format!("{ORIGIN}\n300\n{root}\n\nmore\n")),
        ("a root that no log without entries has", "form", format!("{ORIGIN}\n0\n{root}\n")),
        ("no origin", "form", format!("\n300\n{root}\n")),
    ];
    let mut vectors = Vec::new();
    let more = (url_safe != root)
        .then(|| ("a root in the base64 of addresses", "form", format!("{ORIGIN}\n300\n{url_safe}\n")));
    for (what, expected, text) in cases.into_iter().chain(more) {
        let line = signer(ORIGIN, KeyKind::Ed25519, &SEED)?.sign(&text).map_err(say)?;
        let note = mcp_pin_tlog::note::write(&text, &[line]).map_err(say)?;
        vectors.push(vector(&format!("text: {what}"), expected, &note, &log, &WitnessPolicy::default())?);
    }
    Ok(vectors)
}

/// A checkpoint that is shown after another one was seen.
fn histories(tree: &mut Tree) -> Result<Vec<Value>, String> {
    let log = keys(ORIGIN, &[SEED])?;
    let mut fork = Tree::of_leaves((0..1_000).map(|index| if index == 17 { leaf(18) } else { leaf(index) }).collect());
    let seen = checkpoint(300, tree.root(300)?);
    let grown = tree.consistency(300, 1_000)?;
    let cases = [
        ("it did not grow", "same", seen.clone(), tree.signed(300)?, Vec::new()),
        ("it grew", "continued", seen.clone(), tree.signed(1_000)?, grown.clone()),
        ("from nothing", "continued", checkpoint(0, Hash::EMPTY_ROOT), tree.signed(300)?, Vec::new()),
        ("it was rolled back", "rolled-back", seen.clone(), tree.signed(299)?, tree.consistency(299, 300)?),
        (
            "to nothing",
            "rolled-back",
            seen.clone(),
            checkpoint(0, Hash::EMPTY_ROOT).sign(&SEED, NOW).map_err(say)?,
            Vec::new(),
        ),
        ("two logs of one size", "forked", seen.clone(), fork.signed(300)?, Vec::new()),
        (
            "it grew and an earlier entry is another one",
            "not-continued",
            seen.clone(),
            fork.signed(1_000)?,
            fork.consistency(300, 1_000)?,
        ),
        (
            "it grew, with the proof of the log that it is not",
            "not-continued",
            seen.clone(),
            fork.signed(1_000)?,
            grown,
        ),
        ("it grew, without a proof", "not-continued", seen.clone(), tree.signed(1_000)?, Vec::new()),
        (
            "another log was seen",
            "other-log",
            Checkpoint { origin: "other.example/log".to_owned(), ..seen },
            tree.signed(300)?,
            Vec::new(),
        ),
    ];
    let mut vectors = Vec::new();
    for (what, expected, seen, shown, proof) in cases {
        let now = VerifiedCheckpoint::verify(&shown, &log, &WitnessPolicy::default(), NOW).map_err(say)?;
        let outcome = match history::follow(&seen, &now, &proof) {
            Ok(History::Same) => "same",
            Ok(History::Continued) => "continued",
            Err(HistoryError::OtherLog { .. }) => "other-log",
            Err(HistoryError::RolledBack { .. }) => "rolled-back",
            Err(HistoryError::Forked { .. }) => "forked",
            Err(HistoryError::NotContinued { .. }) => "not-continued",
            Err(other) => return Err(format!("{other:?} has no word yet")),
        };
        expect(what, expected, outcome)?;
        vectors.push(json!({
            "what": what,
            "seen": seen.text(),
            "shown": text(&shown)?,
            "proof": base64(&proof),
            "given": given(&log, &WitnessPolicy::default(), NOW),
            "outcome": outcome,
        }));
    }
    Ok(vectors)
}
