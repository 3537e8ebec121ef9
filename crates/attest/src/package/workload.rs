//! Attestations that a build or publication signed with a certificate: who signed, and whether that is a builder whose
//! word counts.

use mcp_pin_model::{Artifact, Provenance, artifact::ArtifactDigest, json::Value};

use super::{
    Absence, CheckKind, Expected, Fetched, Outcome, PackageEvidence, PackageFailure, Unsupported,
    documents::DocumentError, normal_repository, slsa,
};
use crate::{
    ArtifactInput, Bundle, Evidence, ForeignStatement, IdentityClaims, IdentityPolicy, InstanceName, RequiredEvidence,
    Roots, TrustedRoot, VerificationError, artifact::verify_artifact_of_anybody,
};

/// What the predicate types of GitHub's release attestations begin with.
pub const RELEASE_PREDICATE_PREFIX: &str = "https://in-toto.io/attestation/release/v0.";

/// Whom GitHub's certificates for release attestations are given to. They have no issuer: the instance signs itself.
const RELEASE_SUBJECT: &str = "https://dotcom.releases.github.com";

/// The identity providers whose tokens the public instances turn into certificates of a workload, and the host whose
/// repositories they speak for.
const ISSUERS: [(&str, &str); 2] = [
    ("https://token.actions.githubusercontent.com", "https://github.com/"),
    ("https://gitlab.com", "https://gitlab.com/"),
];

/// Runners that the host starts anew for each job.
const HOSTED: [&str; 2] = ["github-hosted", "gitlab-hosted"];

/// See [`crate::identity`]: a stranger's code with the repository's rights.
const UNTRUSTED_TRIGGER: &str = "pull_request_target";

/// What an attestation has to be about.
pub(super) struct Subject<'a> {
    /// The digest of the bytes, by the hash function that the ecosystem's attestations use.
    pub(super) digest: &'a ArtifactDigest,
    /// What it may be called.
    pub(super) names: &'a [String],
    /// How many others may be beside it.
    pub(super) company: Company,
}

/// How many subjects an attestation may have.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Company {
    /// This one alone.
    Alone,
    /// Any: one run builds several files.
    Others,
}

/// The predicate types that count, by the check that they are evidence for.
pub(super) struct Predicates {
    pub(super) build: &'static [&'static str],
    pub(super) publication: Option<&'static str>,
}

impl Predicates {
    fn kind(&self, predicate_type: &str) -> Option<CheckKind> {
        if self.build.contains(&predicate_type) {
            return Some(CheckKind::Provenance);
        }
        self.publication.filter(|prefix| predicate_type.starts_with(prefix)).map(|_| CheckKind::Publication)
    }
}

/// Judges what was attested about a package: provenance, publication where the ecosystem has one, repository, builder.
pub(super) fn judge(
    evidence: &mut PackageEvidence,
    bundles: Fetched<Result<Vec<Bundle>, DocumentError>>,
    predicates: &Predicates,
    subject: &Subject<'_>,
    expected: &Expected<'_>,
    roots: &Roots,
) {
    let mut found: Vec<(CheckKind, Result<Attested, Outcome>, Bundle)> = Vec::new();
    let nothing: fn() -> Outcome = match bundles {
        Fetched::NotReached => || Outcome::Unsupported(Unsupported::NotReached { what: "its attestations" }),
        Fetched::Absent => || Outcome::Absent(Absence::Attestation),
        Fetched::Found(Err(problem)) => {
            // Neither is there to be trusted, and one finding says why.
            evidence.push(
                CheckKind::Provenance,
                PackageFailure::Document { what: "the document of attestations", problem }.into(),
            );
            origin(evidence, None, expected);
            return;
        }
        Fetched::Found(Ok(bundles)) => {
            let is_empty = bundles.is_empty();
            for bundle in bundles {
                // What the host chose to add is sorted by what it claims to be, and then has to be that.
                let claimed = bundle.statement_unverified();
                let kind = claimed.ok().and_then(|statement| predicates.kind(statement.predicate_type()));
                if let (Some(kind), Ok(true)) = (kind, bundle.has_certificate()) {
                    found.push((kind, attested(&bundle, subject, expected.builder, roots), bundle));
                }
            }
            if is_empty { || Outcome::Absent(Absence::Attestation) } else { || Outcome::Absent(Absence::Kind) }
        }
    };
    let mut accepted: Vec<(CheckKind, Attested, Bundle)> = Vec::new();
    for kind in [CheckKind::Provenance, CheckKind::Publication] {
        if kind == CheckKind::Publication && predicates.publication.is_none() {
            continue;
        }
        let mut outcome = None;
        for (_, result, bundle) in found.extract_if(.., |(found, ..)| *found == kind) {
            match result {
                // Every one has to stand: a second opinion that is a lie is no reason to believe the first.
                Err(failure) if !matches!(outcome, Some(Outcome::Failed(_))) => outcome = Some(failure),
                Err(_) => {}
                Ok(attested) => {
                    outcome.get_or_insert(Outcome::Passed);
                    accepted.push((kind, attested, bundle));
                }
            }
        }
        evidence.push(kind, outcome.unwrap_or_else(nothing));
    }
    let all_stand = evidence.checks.iter().all(|check| {
        !matches!(check.kind, CheckKind::Provenance | CheckKind::Publication)
            || matches!(check.outcome, Outcome::Passed | Outcome::Absent(_))
    });
    if !all_stand {
        accepted.clear();
    }
    // A build says more than a publication.
    accepted.sort_by_key(|(kind, attested, _)| (*kind != CheckKind::Provenance, !attested.is_build));
    let agree = accepted.windows(2).all(|pair| match pair {
        [(_, a, _), (_, b, _)] => a.provenance.repository == b.provenance.repository,
        _ => true,
    });
    if !agree {
        evidence.checks.retain(|check| check.kind != CheckKind::Provenance);
        evidence.push(CheckKind::Provenance, PackageFailure::Contradiction.into());
        accepted.clear();
    }
    let first = accepted.into_iter().next();
    origin(evidence, first.as_ref().map(|(_, attested, _)| attested), expected);
    if let Some((_, attested, bundle)) = first {
        evidence.provenance = Some(attested.provenance);
        evidence.bundle = Some(bundle);
    }
}

/// Repository and builder, where something is expected of them.
fn origin(evidence: &mut PackageEvidence, attested: Option<&Attested>, expected: &Expected<'_>) {
    let unknown = || Outcome::Unsupported(Unsupported::NoProvenance);
    if let Some(wanted) = expected.repository {
        let outcome = match attested {
            None => unknown(),
            Some(attested) => match &attested.provenance.repository {
                Some(found) if same_repository(wanted, found) => Outcome::Passed,
                Some(found) => {
                    PackageFailure::OtherRepository { expected: wanted.to_owned(), found: found.clone() }.into()
                }
                None => Outcome::Unsupported(Unsupported::NotStated { member: "repository" }),
            },
        };
        evidence.push(CheckKind::Repository, outcome);
    }
    if let Some(policy) = expected.builder {
        let outcome = match attested.map(|attested| policy.check(&attested.claims)) {
            None => unknown(),
            Some(Ok(())) => Outcome::Passed,
            Some(Err(mismatch)) => PackageFailure::Builder(mismatch).into(),
        };
        evidence.push(CheckKind::Builder, outcome);
    }
}

fn same_repository(a: &str, b: &str) -> bool {
    let (a, b) = (normal_repository(a), normal_repository(b));
    a.is_some() && a == b
}

/// An attestation that stands.
struct Attested {
    provenance: Provenance,
    claims: IdentityClaims,
    is_build: bool,
}

fn attested(
    bundle: &Bundle,
    subject: &Subject<'_>,
    builder: Option<&IdentityPolicy>,
    roots: &Roots,
) -> Result<Attested, Outcome> {
    let (statement, claims, instance) = verified(bundle, subject.digest, roots)?;
    check_subject(&statement, subject)?;
    let provenance = provenance_of(bundle, &statement, &claims, &instance, builder)?;
    let is_build = matches!(statement.predicate_type(), slsa::PROVENANCE_V1 | slsa::PROVENANCE_V0_2);
    Ok(Attested { provenance, claims, is_build })
}

/// Verifies under the root whose kind of evidence the bundle brings. Staging certificates vouch for nothing.
fn verified(
    bundle: &Bundle,
    digest: &ArtifactDigest,
    roots: &Roots,
) -> Result<(ForeignStatement, IdentityClaims, InstanceName), Outcome> {
    let required = if bundle.has_log_entries() { RequiredEvidence::Log } else { RequiredEvidence::Timestamp };
    let candidates: Vec<&TrustedRoot> = roots
        .iter()
        .filter(|root| root.required_evidence() == required && *root.instance() != InstanceName::Staging)
        .collect();
    let mut first_error = None;
    for root in candidates {
        match verify_artifact_of_anybody(bundle, ArtifactInput::Digest(digest), root) {
            Ok(verified) => {
                let Evidence::Certificate { claims, .. } = verified.evidence() else {
                    return Err(VerificationError::EvidenceNotChecked { what: "the certificate" }.into());
                };
                let statement = verified.statement().ok_or(PackageFailure::NoStatement)?;
                return Ok((statement.clone(), claims.as_ref().clone(), root.instance().clone()));
            }
            Err(error) => {
                first_error.get_or_insert(error);
            }
        }
    }
    let missing = if required == RequiredEvidence::Log { InstanceName::PublicGood } else { InstanceName::GitHub };
    Err(first_error.unwrap_or(VerificationError::NoRoot { instance: missing }).into())
}

fn check_subject(statement: &ForeignStatement, subject: &Subject<'_>) -> Result<(), PackageFailure> {
    let found = statement.subjects().len();
    if subject.company == Company::Alone && found != 1 {
        return Err(PackageFailure::Subjects { found });
    }
    let (algorithm, hex) = (subject.digest.algorithm().as_str(), subject.digest.to_hex());
    let mut of_these_bytes = statement.subjects().iter().filter(|item| item.digest.get(algorithm) == Some(&hex));
    let mut called = None;
    // One file may stand there under several names.
    let is_ours = of_these_bytes.any(|item| {
        called.get_or_insert_with(|| item.name.clone());
        subject.names.contains(&item.name)
    });
    if is_ours {
        return Ok(());
    }
    match called {
        Some(found) => {
            Err(PackageFailure::SubjectName { expected: subject.names.first().cloned().unwrap_or_default(), found })
        }
        None => Err(PackageFailure::Bundle(VerificationError::ArtifactMismatch)),
    }
}

fn provenance_of(
    bundle: &Bundle,
    statement: &ForeignStatement,
    claims: &IdentityClaims,
    instance: &InstanceName,
    builder: Option<&IdentityPolicy>,
) -> Result<Provenance, Outcome> {
    let not_stated = |member| Outcome::Unsupported(Unsupported::NotStated { member });
    let subject = claims.subject.clone().ok_or_else(|| not_stated("subject"))?;
    let attestation = bundle.payload_digest_unverified()?;
    let predicate_type = statement.predicate_type().to_owned();
    if predicate_type.starts_with(RELEASE_PREDICATE_PREFIX) {
        return release(statement, claims, instance, subject, attestation);
    }
    let issuer = claims.issuer.clone().ok_or_else(|| not_stated("issuer"))?;
    let repository = claims.repository.clone().ok_or_else(|| not_stated("repository"))?;
    match ISSUERS.iter().find(|(known, _)| *known == issuer) {
        Some((_, host)) if repository.starts_with(host) => {}
        Some(_) => return Err(PackageFailure::IssuerOfOtherHost.into()),
        None if builder.is_some_and(|policy| policy.issuer() == issuer) => {}
        None => return Err(Outcome::Unsupported(Unsupported::Issuer { issuer })),
    }
    if claims.trigger.as_deref() == Some(UNTRUSTED_TRIGGER) {
        return Err(PackageFailure::UntrustedTrigger.into());
    }
    match claims.runner.as_deref() {
        Some(runner) if HOSTED.contains(&runner) => {}
        Some(_) => return Err(PackageFailure::SelfHosted.into()),
        None => return Err(not_stated("runner")),
    }
    slsa::check(statement, claims)?;
    // A ref may hold `@`, the path before it cannot.
    let builder = subject.split('@').next().unwrap_or(&subject).to_owned();
    Ok(Provenance {
        instance: instance.to_string(),
        issuer: Some(issuer),
        subject,
        builder,
        repository: Some(repository),
        repository_id: claims.repository_id.clone(),
        owner_id: claims.owner_id.clone(),
        reference: claims.reference.clone(),
        commit: claims.commit.clone(),
        predicate_type,
        attestation,
    })
}

/// GitHub's own word about a release: its certificate says only that GitHub signed, and the predicate says of which
/// repository.
fn release(
    statement: &ForeignStatement,
    claims: &IdentityClaims,
    instance: &InstanceName,
    subject: String,
    attestation: mcp_pin_model::Digest,
) -> Result<Provenance, Outcome> {
    // Only the instance that signs for itself may say this; a workload's certificate always names its issuer.
    if *instance != InstanceName::GitHub || claims.issuer.is_some() || subject != RELEASE_SUBJECT {
        return Err(PackageFailure::Inconsistent { member: "predicateType" }.into());
    }
    let text = |member: &'static str| statement.predicate().get(member).and_then(Value::as_str).map(str::to_owned);
    let (Some(repository), Some(tag)) = (text("repository"), text("tag")) else {
        return Err(Outcome::Unsupported(Unsupported::NotStated { member: "repository" }));
    };
    if text("purl") != Some(format!("pkg:github/{repository}@{tag}")) {
        return Err(PackageFailure::Inconsistent { member: "purl" }.into());
    }
    Ok(Provenance {
        instance: instance.to_string(),
        issuer: None,
        builder: subject.clone(),
        subject,
        repository: Some(format!("https://github.com/{repository}")),
        repository_id: text("repositoryId"),
        owner_id: text("ownerId"),
        reference: Some(format!("refs/tags/{tag}")),
        commit: None,
        predicate_type: statement.predicate_type().to_owned(),
        attestation,
    })
}

/// Verifies again, from the bundle that is filed beside a lock, what the lock says about where an artifact was built.
/// Offline, and against the roots of now.
///
/// # Errors
/// Why it does not hold, or could not be checked.
pub fn reverify(bundle: &Bundle, artifact: &Artifact, roots: &Roots) -> Result<(), Outcome> {
    let (Some(digest), Some(recorded)) = (&artifact.digest, &artifact.provenance) else {
        return Err(Outcome::Absent(Absence::Attestation));
    };
    let (statement, claims, instance) = verified(bundle, digest, roots)?;
    // Whose word counts was decided when it was locked; here it has to be the same word.
    let known = recorded.issuer.as_ref().and_then(|issuer| IdentityPolicy::new(issuer, &recorded.subject).ok());
    let found = provenance_of(bundle, &statement, &claims, &instance, known.as_ref())?;
    if found == *recorded { Ok(()) } else { Err(PackageFailure::Contradiction.into()) }
}
