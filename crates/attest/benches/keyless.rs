//! What verifying a keyless manifest costs, beside Sigstore's verifier alone on the same bytes, which also reads the
//! bundle and does all the cryptography, but decides nothing about who signed and reads no manifest.

use std::hint::black_box;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use mcp_pin_attest::{
    ArtifactInput, ArtifactSigner, Attestation, Bundle, IdentityPolicy, InstanceName, RequiredEvidence, Roots, Trust,
    TrustedRoot, verify, verify_artifact,
};
use mcp_pin_model::{Digest, Manifest, artifact::ArtifactDigest, statement::Statement as _};
use mcp_pin_test_support::{
    keys,
    sigstore::{TestClaims, TestSigstore},
};
use sigstore_verify::{VerificationPolicy, Verifier};

/// One more than the verdicts that are remembered, so that each round meets bytes that were forgotten.
const ROUNDS: usize = 4_100;

fn keyless(criterion: &mut Criterion) {
    let sigstore = TestSigstore::new("bench");
    let json = sigstore.trusted_root_json();
    let instance: InstanceName = "bench".parse().expect("a name");
    let root = TrustedRoot::from_json(instance.clone(), json.as_bytes(), RequiredEvidence::Log).expect("a root");
    let mut roots = Roots::none();
    roots.insert(root.clone());
    let claims = TestClaims::github("acme", "weather", "release.yml", "refs/tags/v1.4.2");
    let policy = IdentityPolicy::new(
        TestClaims::GITHUB_ISSUER,
        "https://github.com/acme/weather/.github/workflows/release.yml@refs/tags/*",
    )
    .expect("a policy");
    let mut trust = Trust::new();
    trust.add_identity("acme", policy.clone(), instance);
    let theirs = Verifier::new(&sigstore_trust_root::TrustedRoot::from_json(&json).expect("a root")).expect("a root");
    let any = VerificationPolicy::any_identity();

    // 20 tools with a paragraph each: the size of an ordinary server.
    let tools = (0..20).map(|index| keys::tool(&format!("tool_{index}"), &"A sentence about the tool. ".repeat(20)));
    let manifest = keys::manifest("io.github.example/weather", "1.4.2", tools, None);
    let bundle = sigstore.sign_statement(&manifest.to_payload(), &claims, keys::now());
    let digest = manifest.surface.digest();
    let sha256 = sigstore_types::Sha256Hash::from_hex(&digest.to_hex()).expect("a digest");

    // White space after the document makes other bytes of the same bundle.
    let mut round = 0;
    let mut bytes = || {
        round = (round + 1) % ROUNDS;
        let mut bytes = bundle.clone();
        bytes.resize(bundle.len() + round, b' ');
        bytes
    };
    let mut group = criterion.benchmark_group("keyless");
    group.bench_function("manifest", |bencher| {
        bencher.iter_batched(
            &mut bytes,
            |bytes| {
                let attestation = Attestation::from_bytes(bytes).expect("a bundle");
                verify::<Manifest>(&attestation, &trust, &roots).expect("a good signature")
            },
            BatchSize::SmallInput,
        );
    });
    group.bench_function("manifest/library_alone", |bencher| {
        bencher.iter_batched(
            &mut bytes,
            |bytes| {
                let text = std::str::from_utf8(&bytes).expect("text");
                let bundle = sigstore_types::Bundle::from_json(text).expect("a bundle");
                theirs.verify(sha256, &bundle, &any).expect("a good signature")
            },
            BatchSize::SmallInput,
        );
    });
    group.bench_function("manifest/remembered", |bencher| {
        let attestation = Attestation::from_bytes(bundle.clone()).expect("a bundle");
        bencher.iter(|| verify::<Manifest>(black_box(&attestation), &trust, &roots).expect("a good signature"));
    });

    let file = b"an artifact".as_slice();
    let blob = sigstore.sign_blob(file, &claims, keys::now());
    let digest: ArtifactDigest = Digest::of(file).to_string().parse().expect("a digest");
    let sha256 = sigstore_types::Sha256Hash::from_hex(&digest.to_hex()).expect("a digest");
    group.bench_function("artifact", |bencher| {
        bencher.iter(|| {
            let bundle = Bundle::from_bytes(black_box(&blob).clone()).expect("a bundle");
            verify_artifact(&bundle, ArtifactInput::Digest(&digest), ArtifactSigner::Identity(&policy), &root)
                .expect("a good signature")
        });
    });
    group.bench_function("artifact/library_alone", |bencher| {
        bencher.iter(|| {
            let text = std::str::from_utf8(black_box(&blob)).expect("text");
            let bundle = sigstore_types::Bundle::from_json(text).expect("a bundle");
            theirs.verify(sha256, &bundle, &any).expect("a good signature")
        });
    });
    group.finish();
}

criterion_group!(benches, keyless);
criterion_main!(benches);
