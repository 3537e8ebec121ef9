//! Receipts (C2SP `tlog-proof`) of entries.

use mcp_pin_tlog::{LogKeys, Receipt, ReceiptError, WitnessPolicy};
use serde_json::{Value, json};

use super::{
    NOW, ORIGIN, SEED, Tree, checkpoint, checkpoint_word,
    checkpoints::{cosigned, policy},
    entry, expect, given, keys, proof_word, text,
};
use crate::{
    generate::pretty,
    vectors::{Text, say},
};

/// Receipts with the verdict about them.
pub(crate) fn log_receipts() -> Text {
    let mut tree = Tree::with_entries(100_000);
    let (log, nobody) = (keys(ORIGIN, &[SEED])?, WitnessPolicy::default());
    let mut vectors = accepted(&mut tree, &log)?;
    let good = receipt(&mut tree, 70, 300)?;
    let with = |change: &dyn Fn(&mut Receipt)| {
        let mut other = good.clone();
        change(&mut other);
        other.to_bytes()
    };
    let written = good.to_bytes();
    let changed = |from: &str, to: &str| Ok::<_, String>(text(&written)?.replacen(from, to, 1).into_bytes());
    let of_299 = tree.signed(299)?;
    let by_another = checkpoint(300, tree.root(300)?).sign(&[9; 32], NOW).map_err(say)?;
    let cases: Vec<(&str, &str, Vec<u8>)> = vec![
        ("another index", "root", with(&|one| one.index = 71)),
        ("an index that is not in the log", "outside", with(&|one| one.index = 300)),
        ("a hash of the proof is missing", "length", with(&|one| one.proof.truncate(one.proof.len() - 1))),
        ("two hashes of the proof changed places", "root", with(&|one| one.proof.swap(0, 1))),
        ("the checkpoint of another size", "root", with(&|one| one.checkpoint.clone_from(&of_299))),
        ("the checkpoint of another key", "not-signed", with(&|one| one.checkpoint.clone_from(&by_another))),
        ("another version of the format", "form", changed("@v1", "@v2")?),
        ("no index", "form", changed("index 70\n", "")?),
        ("an index with a zero before it", "form", changed("index 70", "index 070")?),
        ("extra data that are no base64", "form", changed("index 70\n", "extra !\nindex 70\n")?),
        ("extra data below the index", "form", changed("index 70\n", "index 70\nextra YQ==\n")?),
        ("a line of the proof that is no hash", "form", changed("index 70\n", "index 70\nAAAA\n")?),
        ("no empty line before the checkpoint", "form", changed("\n\n", "\n")?),
        ("64 hashes", "form", with(&|one| one.proof = vec![mcp_pin_tlog::Hash::EMPTY_ROOT; 64])),
    ];
    for (what, expected, receipt) in cases {
        vectors.push(vector(what, expected, &entry(70), &receipt, &log, &nobody)?);
    }
    vectors.push(vector("another entry", "root", &entry(71), &written, &log, &nobody)?);
    vectors.push(vector("too few witnesses", "witnesses", &entry(70), &written, &log, &policy(1)?)?);
    vectors.push(vector(
        "another log",
        "not-signed",
        &entry(70),
        &written,
        &keys("other.example/log", &[SEED])?,
        &nobody,
    )?);
    pretty(&Value::Array(vectors))
}

fn receipt(tree: &mut Tree, index: u64, size: u64) -> Result<Receipt, String> {
    Ok(Receipt { index, proof: tree.inclusion(index, size)?, checkpoint: tree.signed(size)?, extra: None })
}

fn accepted(tree: &mut Tree, log: &LogKeys) -> Result<Vec<Value>, String> {
    let nobody = WitnessPolicy::default();
    let mut vectors = Vec::new();
    for (index, size) in [(0, 1), (70, 300), (255, 256), (256, 257), (99_999, 100_000), (12_345, 100_000)] {
        let bytes = receipt(tree, index, size)?.to_bytes();
        vectors.push(vector(&format!("entry {index} of {size}"), "proved", &entry(index), &bytes, log, &nobody)?);
    }
    let extra = Receipt { extra: Some(b"io.github.acme/weather@1.0.0".to_vec()), ..receipt(tree, 70, 300)? }.to_bytes();
    vectors.push(vector("with extra data, which nobody signed", "proved", &entry(70), &extra, log, &nobody)?);
    let mut seen = receipt(tree, 70, 300)?;
    let by = [(("anna.example/witness", [1; 32]), NOW), (("cleo.example/witness", [3; 32]), NOW)];
    seen.checkpoint = cosigned(&seen.checkpoint, &by)?;
    vectors.push(vector("seen by two of three", "proved", &entry(70), &seen.to_bytes(), log, &policy(2)?)?);
    Ok(vectors)
}

fn vector(
    what: &str,
    expected: &str,
    entry: &[u8],
    receipt: &[u8],
    log: &LogKeys,
    policy: &WitnessPolicy,
) -> Result<Value, String> {
    let verified = Receipt::parse(receipt).and_then(|receipt| receipt.verify(entry, log, policy, NOW));
    let outcome = match verified {
        Ok(_) => "proved",
        Err(ReceiptError::TooLarge) => "too-large",
        Err(ReceiptError::Form(_)) => "form",
        Err(ReceiptError::Checkpoint(error)) => checkpoint_word(&error)?,
        Err(ReceiptError::Proof(error)) => proof_word(&error)?,
        Err(other) => return Err(format!("{other:?} has no word yet")),
    };
    expect(what, expected, outcome)?;
    Ok(json!({
        "what": what,
        "entry": text(entry)?,
        "receipt": text(receipt)?,
        "given": given(log, policy, NOW),
        "outcome": outcome,
    }))
}
