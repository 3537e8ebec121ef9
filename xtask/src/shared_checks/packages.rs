//! Evidence about real packages: what npm, PyPI and GitHub attested gives the right verdict under the right root, and none
//! under another root, for other bytes, another package or another repository.

use std::{fs, path::Path};

use mcp_pin_attest::{
    InstanceName, Roots, TrustedRoot,
    package::{
        CheckKind, Expected, Fetched, Hashed, Mcpb, Npm, Outcome, PackageEvidence, Pypi, judge_mcpb, judge_npm,
        judge_pypi,
    },
};
use mcp_pin_model::{Digest, artifact::ArtifactDigest, json};

/// SHA-512 of any bytes that are none of the packages'.
const OTHER_SHA512: &str = "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce\
                            47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e";

/// What npm calls the key that signed its publications then.
const REGISTRY_KEY_ID: &str = "SHA256:jl3bwswu80PjjokCgh0o2w5c2U4LhQAE57gj9cz1kzA";

/// One real attestation, and what is true about it.
struct Case {
    name: &'static str,
    kind: Kind,
    file: &'static str,
    /// The name and version of the package; for files, of the file.
    package: (&'static str, &'static str),
    /// Where the bytes are, or for npm the SHA-512 of the archive.
    artifact: &'static str,
    repository: &'static str,
    builder: &'static str,
    instance: InstanceName,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Npm,
    Pypi,
    Mcpb,
}

const CASES: [Case; 6] = [
    Case {
        name: "npm SLSA v1",
        kind: Kind::Npm,
        file: "npm/sigstore.js@2.0.0-provenance.sigstore.json",
        package: ("sigstore", "2.0.0"),
        artifact: "46d4e2f74c4877316640000a6fdf8a8b59f1e0847667973e9859f774dd31b8f1e0937813b777fb66a2ac67d50540fe34640966eee9fc2ccca387082b4c85cd3c",
        repository: "git+https://github.com/sigstore/sigstore-js.git",
        builder: "https://github.com/sigstore/sigstore-js/.github/workflows/release.yml",
        instance: InstanceName::PublicGood,
    },
    Case {
        name: "npm SLSA v0.2 with publication",
        kind: Kind::Npm,
        file: "npm/sigstore-1.3.0.provenance.sigstore.json",
        package: ("sigstore", "1.3.0"),
        artifact: "76176ffa33808b54602c7c35de5c6e9a4deb96066dba6533f50ac234f4f1f4c6b3527515dc17c06fbe2860030f410eee69ea20079bd3a2c6f3dcf3b329b10751",
        repository: "https://github.com/sigstore/sigstore-js",
        builder: "https://github.com/sigstore/sigstore-js/.github/workflows/release.yml",
        instance: InstanceName::PublicGood,
    },
    Case {
        name: "PyPI provenance object",
        kind: Kind::Pypi,
        file: "pypi/pypi_attestations-0.0.19.tar.gz.provenance",
        package: ("pypi-attestations", "0.0.19"),
        artifact: "pypi/pypi_attestations-0.0.19.tar.gz",
        repository: "https://github.com/trailofbits/pypi-attestations",
        builder: "https://github.com/trailofbits/pypi-attestations/.github/workflows/release.yml",
        instance: InstanceName::PublicGood,
    },
    Case {
        name: "PyPI SLSA attestation",
        kind: Kind::Pypi,
        file: "pypi/pypi_attestations-0.0.19.tar.gz.slsa.attestation",
        package: ("pypi-attestations", "0.0.19"),
        artifact: "pypi/pypi_attestations-0.0.19.tar.gz",
        repository: "https://github.com/trailofbits/pypi-attestations",
        builder: "https://github.com/trailofbits/pypi-attestations/.github/workflows/release.yml",
        instance: InstanceName::PublicGood,
    },
    Case {
        name: "PyPI attestation of a GitLab publisher",
        kind: Kind::Pypi,
        file: "pypi/gitlab_oidc_project-0.0.3.tar.gz.publish.attestation",
        package: ("gitlab-oidc-project", "0.0.3"),
        artifact: "pypi/gitlab_oidc_project-0.0.3.tar.gz",
        repository: "https://gitlab.com/facutuesca/gitlab-oidc-project",
        builder: "https://gitlab.com/facutuesca/gitlab-oidc-project//.gitlab-ci.yml",
        instance: InstanceName::PublicGood,
    },
    Case {
        name: "GitHub release",
        kind: Kind::Mcpb,
        file: "github/github-private-attestation.sigstore.json",
        package: ("communique-aarch64-apple-darwin.tar.gz", "v0.1.9"),
        artifact: "76f1fe8593bf227cca2c089e3c16dc95014a8d3e89c5dd220530469ca043c428",
        repository: "https://github.com/jdx/communique",
        builder: "https://dotcom.releases.github.com",
        instance: InstanceName::GitHub,
    },
];

/// Runs them.
///
/// # Errors
/// The first that gives another verdict.
pub(crate) fn check(data: &Path) -> Result<String, String> {
    let bundles = data.join("sigstore/bundles");
    let embedded = Roots::embedded().map_err(|error| error.to_string())?;
    let mut refused = 0_usize;
    for case in &CASES {
        let document = case.document(&bundles)?;
        let hashed = case.hashed(&bundles)?;
        let judge = |hashed: &Hashed, package, repository, roots: &Roots| {
            case.judge(&bundles, &document, hashed, package, repository, roots)
        };
        let right = judge(&hashed, case.package, case.repository, &embedded)?;
        let wrong = |what: &str, evidence: &PackageEvidence| format!("{}: {what}: {:?}", case.name, evidence.checks);
        let provenance = right.provenance.as_ref().ok_or_else(|| wrong("no provenance", &right))?;
        if !passed(&right, CheckKind::Repository) || provenance.builder != case.builder {
            return Err(wrong("not accepted as it should be", &right));
        }
        if provenance.instance != case.instance.as_str() {
            return Err(wrong("another instance vouched", &right));
        }
        if case.package.1 == "1.3.0" && !passed(&right, CheckKind::Publication) {
            return Err(wrong("the publication is not accepted", &right));
        }
        let others = [
            ("other bytes", judge(&other_bytes()?, case.package, case.repository, &embedded)?),
            ("another package", judge(&hashed, other_package(case), case.repository, &embedded)?),
            ("no root", judge(&hashed, case.package, case.repository, &Roots::none())?),
            ("the staging root", judge(&hashed, case.package, case.repository, &staging_as(&case.instance)?)?),
        ];
        for (what, evidence) in &others {
            if evidence.provenance.is_some() || passed(evidence, CheckKind::Repository) {
                return Err(wrong(&format!("accepted for {what}"), evidence));
            }
            refused += 1;
        }
        let other = judge(&hashed, case.package, "https://github.com/evil/weather", &embedded)?;
        if !matches!(other.outcome(CheckKind::Repository), Some(Outcome::Failed(_))) {
            return Err(wrong("another repository is no failure", &other));
        }
        refused += 1;
    }
    refused += staging(&bundles, &embedded)?;
    Ok(format!("{} accepted with origin, {refused} refused for what was wrong with them", CASES.len()))
}

fn passed(evidence: &PackageEvidence, kind: CheckKind) -> bool {
    matches!(evidence.outcome(kind), Some(Outcome::Passed))
}

/// Made on Sigstore's staging instance, which vouches for nothing.
fn staging(bundles: &Path, roots: &Roots) -> Result<usize, String> {
    let file_name = "rfc8785-0.1.2-py3-none-any.whl";
    let bytes = read(&bundles.join("pypi").join(file_name))?;
    let hashed = hashed_of(&bytes)?;
    let mut refused = 0;
    for end in ["attestation", "publish.attestation"] {
        let document = read(&bundles.join(format!("pypi/{file_name}.{end}")))?;
        let input = Pypi {
            file_name,
            published: None,
            provenance: Fetched::Found(&document),
            hashed: &hashed,
            metadata: Fetched::Absent,
        };
        let expected = Expected { name: "rfc8785", version: "0.1.2", repository: None, server: None, builder: None };
        let evidence = judge_pypi(&input, &expected, roots);
        if evidence.provenance.is_some() || passed(&evidence, CheckKind::Provenance) {
            return Err(format!("staging: accepted: {:?}", evidence.checks));
        }
        refused += 1;
    }
    Ok(refused)
}

impl Case {
    /// The document as the host would send it.
    fn document(&self, bundles: &Path) -> Result<Vec<u8>, String> {
        let text = |bytes| String::from_utf8(bytes).map_err(|error| error.to_string());
        let bundle = text(read(&bundles.join(self.file))?)?;
        let mut list = vec![format!("{{\"bundle\":{bundle}}}")];
        if self.package.1 == "1.3.0" {
            let publication = text(read(&bundles.join("npm/sigstore-1.3.0.publish.sigstore.json"))?)?;
            list.push(format!("{{\"bundle\":{publication}}}"));
        }
        Ok(match self.kind {
            Kind::Pypi => bundle.into_bytes(),
            Kind::Npm | Kind::Mcpb => format!("{{\"attestations\":[{}]}}", list.join(",")).into_bytes(),
        })
    }

    fn hashed(&self, bundles: &Path) -> Result<Hashed, String> {
        match self.kind {
            Kind::Pypi => hashed_of(&read(&bundles.join(self.artifact))?),
            Kind::Npm => hashed(&Digest::of(b"").to_hex(), self.artifact),
            Kind::Mcpb => hashed(self.artifact, OTHER_SHA512),
        }
    }

    fn judge(
        &self,
        bundles: &Path,
        document: &[u8],
        hashed: &Hashed,
        (name, version): (&str, &str),
        repository: &str,
        roots: &Roots,
    ) -> Result<PackageEvidence, String> {
        let expected = Expected { name, version, repository: Some(repository), server: None, builder: None };
        Ok(match self.kind {
            Kind::Npm => {
                let version = format!("{{\"name\":\"{name}\",\"version\":\"{version}\"}}");
                let pem = read(&bundles.join("npm/npm-registry-key-jl3b.pub"))?;
                let keys = registry_keys(&pem)?;
                let input = Npm {
                    version: version.as_bytes(),
                    attestations: Fetched::Found(document),
                    keys: Fetched::Found(keys.as_bytes()),
                    hashed,
                    package_json: Fetched::Absent,
                };
                judge_npm(&input, &expected, roots)
            }
            Kind::Pypi => {
                let file_name = if name == self.package.0 {
                    self.artifact.rsplit('/').next().unwrap_or_default().to_owned()
                } else {
                    format!("{name}-{version}.tar.gz")
                };
                let input = Pypi {
                    file_name: &file_name,
                    published: None,
                    provenance: Fetched::Found(document),
                    hashed,
                    metadata: Fetched::Absent,
                };
                judge_pypi(&input, &expected, roots)
            }
            Kind::Mcpb => {
                let input = Mcpb { file_sha256: None, file_name: name, hashed, attestations: Fetched::Found(document) };
                judge_mcpb(&input, &expected, roots)
            }
        })
    }
}

fn other_package(case: &Case) -> (&'static str, &'static str) {
    (if case.kind == Kind::Mcpb { "other.tar.gz" } else { "other" }, case.package.1)
}

/// The registry's key as its document of keys has it, ended as it really did.
fn registry_keys(pem: &[u8]) -> Result<String, String> {
    let pem = std::str::from_utf8(pem).map_err(|error| error.to_string())?;
    let body: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    let document = format!(
        "{{\"keys\":[{{\"expires\":\"2025-01-29T00:00:00.000Z\",\"keyid\":\"{REGISTRY_KEY_ID}\",\"key\":\"{body}\"}}]}}"
    );
    json::parse(document.as_bytes()).map_err(|error| error.to_string())?;
    Ok(document)
}

/// Staging's root under the name of another instance: the wrong root, as somebody might configure it.
fn staging_as(instance: &InstanceName) -> Result<Roots, String> {
    let json = TrustedRoot::embedded_json(&InstanceName::Staging).ok_or("no staging root")?;
    let required = match instance {
        InstanceName::GitHub => mcp_pin_attest::RequiredEvidence::Timestamp,
        _ => mcp_pin_attest::RequiredEvidence::Log,
    };
    let root =
        TrustedRoot::from_json(instance.clone(), json.as_bytes(), required).map_err(|error| error.to_string())?;
    let mut roots = Roots::none();
    roots.insert(root);
    Ok(roots)
}

fn other_bytes() -> Result<Hashed, String> {
    hashed(&Digest::of(b"other").to_hex(), OTHER_SHA512)
}

fn hashed(sha256: &str, sha512: &str) -> Result<Hashed, String> {
    let digest = |text: String| text.parse::<ArtifactDigest>().map_err(|error| error.to_string());
    Ok(Hashed { sha256: digest(format!("sha256:{sha256}"))?, sha512: digest(format!("sha512:{sha512}"))? })
}

fn hashed_of(bytes: &[u8]) -> Result<Hashed, String> {
    hashed(&Digest::of(bytes).to_hex(), OTHER_SHA512)
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    fs::read(path).map_err(|error| format!("{}: {error}", path.display()))
}
