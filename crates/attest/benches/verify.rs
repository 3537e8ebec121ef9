//! What verifying one key-signed manifest costs, beside the least that it can cost: one P-256 verification.

use std::hint::black_box;

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _, ParsedPublicKey},
};
use criterion::{Criterion, criterion_group, criterion_main};
use mcp_pin_attest::{Attestation, sign, verify_with_keys_only};
use mcp_pin_model::{Digest, Manifest, statement::Statement as _};
use mcp_pin_test_support::keys::{self, Person};

fn verify(criterion: &mut Criterion) {
    let alice = Person::new("alice");
    let trust = keys::trust([&alice]);
    // 20 tools with a paragraph each: the size of an ordinary server.
    let tools = (0..20).map(|index| keys::tool(&format!("tool_{index}"), &"A sentence about the tool. ".repeat(20)));
    let manifest = keys::manifest("io.github.example/weather", "1.4.2", tools, None);
    let bytes = alice.sign(&manifest).as_bytes().to_vec();
    let attestation = alice.sign(&manifest);

    let mut group = criterion.benchmark_group("attest");
    group.bench_function("verify/parsed", |bencher| {
        bencher.iter(|| verify_with_keys_only::<Manifest>(black_box(&attestation), &trust).expect("a good signature"));
    });
    group.bench_function("verify/from_bytes", |bencher| {
        bencher.iter(|| {
            let attestation = Attestation::from_bytes(black_box(&bytes).clone()).expect("a good bundle");
            verify_with_keys_only::<Manifest>(&attestation, &trust).expect("a good signature")
        });
    });
    group.bench_function("sign", |bencher| {
        bencher.iter(|| sign(black_box(&manifest), &alice.key).expect("an acceptable statement"));
    });

    let payload = manifest.to_payload();
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).expect("a key");
    let signature = pair.sign(&SystemRandom::new(), &payload).expect("a signature");
    let key = ParsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, pair.public_key().as_ref()).expect("a key");
    group.bench_function("floor/p256_verify", |bencher| {
        bencher.iter(|| key.verify_sig(black_box(&payload), signature.as_ref()).expect("a good signature"));
    });
    group.bench_function("floor/payload_digest", |bencher| {
        bencher.iter(|| Digest::of(black_box(&payload)));
    });
    group.bench_function("floor/read_statement", |bencher| {
        bencher.iter(|| Manifest::from_payload(black_box(&payload)).expect("a manifest"));
    });
    group.finish();
}

criterion_group!(benches, verify);
criterion_main!(benches);
