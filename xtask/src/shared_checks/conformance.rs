//! The verification cases of sigstore-conformance, each by path and by digest: through the library, and through the
//! command line as the suite itself calls it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use mcp_pin_attest::{
    ArtifactInput, ArtifactSigner, Bundle, IdentityPolicy, InstanceName, PublicKey, RequiredEvidence, TrustedRoot,
    verify_artifact,
};
use mcp_pin_model::{Digest, artifact::ArtifactDigest};

/// What the suite takes where a case does not say otherwise (its `test/client.py`).
const IDENTITY: &str = "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/\
                        extremely-dangerous-oidc-beacon.yml@refs/heads/main";
const ISSUER: &str = "https://token.actions.githubusercontent.com";

/// The case whose `key.pub` is not PEM.
const KEY_THAT_IS_NONE: &str = "managed-key-wrong-key_fail";

/// The cases of the snapshot, by path and by digest. A snapshot with fewer would be a check of less.
const EXPECTED: usize = 140;

/// One folder.
struct Case {
    name: String,
    bundle: PathBuf,
    artifact: PathBuf,
    root: Option<PathBuf>,
    key: Option<PathBuf>,
    identity: String,
    issuer: String,
}

impl Case {
    fn read(assets: &Path, folder: &Path) -> Result<Self, String> {
        let optional = |name: &str| Some(folder.join(name)).filter(|path| path.exists());
        let text = |name: &str, otherwise: &str| {
            optional(name).map_or_else(
                || Ok(otherwise.to_owned()),
                |path| fs::read_to_string(&path).map(|text| text.trim().to_owned()).map_err(|error| error.to_string()),
            )
        };
        let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        Ok(Self {
            name,
            bundle: folder.join("bundle.sigstore.json"),
            artifact: optional("artifact").unwrap_or_else(|| assets.join("a.txt")),
            root: optional("trusted_root.json"),
            key: optional("key.pub"),
            identity: text("identity", IDENTITY)?,
            issuer: text("issuer", ISSUER)?,
        })
    }

    fn must_verify(&self) -> bool {
        !self.name.ends_with("_fail")
    }

    fn digest(&self) -> Result<ArtifactDigest, String> {
        let bytes = read(&self.artifact)?;
        format!("sha256:{}", Digest::of(&bytes).to_hex()).parse().map_err(|error| format!("{error}"))
    }

    /// The verdict of the library, with the reason of a refusal; the outer error is one of the check itself.
    fn library(&self, by_digest: bool) -> Result<Result<(), String>, String> {
        let root = match &self.root {
            None => TrustedRoot::embedded(&InstanceName::PublicGood).ok_or("no embedded root")?,
            Some(path) => TrustedRoot::from_json(
                InstanceName::Private("conformance".to_owned()),
                &read(path)?,
                RequiredEvidence::Log,
            ),
        };
        let root = match root {
            Ok(root) => root,
            Err(error) => return Ok(Err(error.to_string())),
        };
        let key = match &self.key {
            None => None,
            Some(path) => {
                let pem = fs::read_to_string(path).map_err(|error| error.to_string())?;
                match PublicKey::from_spki_pem(&pem) {
                    Ok(key) => Some(key),
                    Err(error) => return Ok(Err(error.to_string())),
                }
            }
        };
        let policy = IdentityPolicy::new(&self.issuer, &self.identity).map_err(|error| error.to_string())?;
        let signer = key.as_ref().map_or(ArtifactSigner::Identity(&policy), ArtifactSigner::Key);
        let bytes = read(&self.artifact)?;
        let digest = self.digest()?;
        let input = if by_digest { ArtifactInput::Digest(&digest) } else { ArtifactInput::Bytes(&bytes) };
        Ok(Bundle::from_bytes(read(&self.bundle)?)
            .and_then(|bundle| verify_artifact(&bundle, input, signer, &root).map(|_| ()))
            .map_err(|error| error.to_string()))
    }

    /// The exit code of the command, called as the suite calls it.
    fn command(&self, program: &Path, by_digest: bool) -> Result<i32, String> {
        let mut command = Command::new(program);
        command.args(["verify-bundle", "--bundle"]).arg(&self.bundle);
        match &self.key {
            Some(key) => command.arg("--key").arg(key),
            None => command
                .args(["--certificate-identity", &self.identity])
                .args(["--certificate-oidc-issuer", &self.issuer]),
        };
        if let Some(root) = &self.root {
            command.arg("--trusted-root").arg(root);
        }
        if by_digest {
            command.arg(self.digest()?.to_string());
        } else {
            command.arg(&self.artifact);
        }
        let output = command.output().map_err(|error| format!("{}: {error}", program.display()))?;
        output.status.code().ok_or_else(|| "ended by a signal".to_owned())
    }
}

/// Runs every case.
///
/// # Errors
/// Those whose verdict is wrong, by either way.
pub(crate) fn check(data: &Path) -> Result<String, String> {
    let assets = data.join("sigstore/conformance-assets/bundle-verify");
    let program = super::program()?;
    let mut cases = Vec::new();
    for entry in fs::read_dir(&assets).map_err(|error| format!("{}: {error}", assets.display()))? {
        let path = entry.map_err(|error| error.to_string())?.path();
        if path.is_dir() {
            cases.push(Case::read(&assets, &path)?);
        }
    }
    cases.sort_by(|a, b| a.name.cmp(&b.name));
    let (mut count, mut wrong) = (0, Vec::new());
    for case in &cases {
        for by_digest in [false, true] {
            count += 1;
            let how = if by_digest { "by digest" } else { "by path" };
            match case.library(by_digest)? {
                Ok(()) if !case.must_verify() => wrong.push(format!("{} {how}: verified", case.name)),
                Err(error) if case.must_verify() => wrong.push(format!("{} {how}: {error}", case.name)),
                _ => {}
            }
            // 2 is a usage error: the wrong reason, but for the one case whose key is no key.
            match case.command(&program, by_digest)? {
                0 if case.must_verify() => {}
                1 | 3 if !case.must_verify() => {}
                2 if case.name == KEY_THAT_IS_NONE => {}
                code => wrong.push(format!("{} {how}: `mcp-pin verify-bundle` ended with {code}", case.name)),
            }
        }
    }
    if count < EXPECTED {
        return Err(format!("{count} cases instead of {EXPECTED}"));
    }
    if wrong.is_empty() {
        Ok(format!("{count} of {count} cases, by library and by command"))
    } else {
        Err(wrong.join("\n  "))
    }
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    fs::read(path).map_err(|error| format!("{}: {error}", path.display()))
}
