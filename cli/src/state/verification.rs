//! Checking a locked server from what is on disk: no process is started, no socket opened.
//!
//! Every check says what it found; the first failure does not hide the others.

use std::{collections::BTreeSet, fmt, num::NonZero};

use jiff::Timestamp;
use mcp_pin_attest::package::{Outcome as PackageOutcome, reverify};
use mcp_pin_attest::{Trust, VerificationError, Verified, verify};
use mcp_pin_diff::{ChangeReport, Side, compare};
use mcp_pin_model::{
    Consent, Digest, EntryKind, Manifest, Ring, ServerName,
    lockfile::{LockedServer, Source, Tombstone},
};
use mcp_pin_policy::{Assessment, Case, Outcome, Requirements, decide};

use super::{
    State,
    lint::{self, Publication},
};
use crate::{
    error::{CommandError, Status},
    packages,
    project::Settings,
};

/// A locked server whose signatures and consents were checked.
#[derive(Clone, Debug)]
pub struct Locked {
    /// Its block in the lock.
    pub server: LockedServer,
    /// Its manifest.
    pub manifest: Verified<Manifest>,
    /// The consents to it.
    pub consents: Vec<Verified<Consent>>,
    /// The change report that they are about.
    pub report: ChangeReport,
}

/// Something that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What it means.
    pub status: Status,
    /// What was checked, a stable word for scripts.
    pub check: &'static str,
    /// What was found; may quote hostile text.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Failure {
    /// A check that did not hold.
    #[must_use]
    pub fn failed(check: &'static str, message: impl Into<String>) -> Self {
        Self { status: Status::Failed, check, message: message.into(), hint: None }
    }

    /// With what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// An error as the outcome of a check.
    #[must_use]
    pub fn of(check: &'static str, error: CommandError) -> Self {
        let message = error.to_string();
        Self { status: error.status, check, message, hint: error.hint }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// What checking a server came to.
#[derive(Clone, Debug, Default)]
pub struct Checked {
    /// What does not hold; empty when everything does.
    pub failures: Vec<Failure>,
    /// What is worth knowing and does not fail.
    pub notes: Vec<String>,
    /// The server with everything about it, where signatures and consents hold. Other failures may still be there.
    pub locked: Option<Locked>,
}

impl Checked {
    /// The gravest failure's status.
    #[must_use]
    pub fn status(&self) -> Status {
        self.failures.iter().fold(Status::Passed, |status, failure| status.and(failure.status))
    }

    fn internal() -> Self {
        let failure = Failure::of("internal", CommandError::internal("a check did not come to an end"));
        Self { failures: vec![failure], ..Self::default() }
    }

    fn fail(&mut self, failure: Failure) {
        self.failures.push(failure);
    }
}

/// Which signatures count for a server: the manifest's and the consents'.
#[must_use]
pub fn trust_for(settings: &Settings, source: &Source, name: &ServerName) -> (Trust, Trust) {
    let approvers = settings.approvers().clone();
    match source {
        // Whoever may consent in this project may also capture for it; what a lock of one's own project says is that
        // somebody trusted looked at it.
        Source::Local => (approvers.clone(), approvers),
        Source::Registry(_) => (settings.publishers_of(name), approvers),
    }
}

/// What consent a server from this source takes.
#[must_use]
pub fn requirements_for(settings: &Settings, source: &Source) -> Requirements {
    let requirements = match source {
        Source::Local => Requirements::local(),
        Source::Registry(_) => Requirements::new(settings.policy.preset),
    };
    requirements.with_exceptions(settings.policy.exceptions.clone())
}

/// The ring that a server's consents must hold for.
#[must_use]
pub fn ring_for(settings: &Settings, alias: &mcp_pin_model::Alias) -> Ring {
    settings.servers.get(alias).map_or_else(Ring::stable, |server| server.ring.clone())
}

/// Checks several locked servers, on all processors; the results are in the order of `servers`. Threads are no
/// processes: nothing is started.
#[must_use]
pub fn check_all(state: &State, settings: &Settings, servers: &[&LockedServer], now: Timestamp) -> Vec<Checked> {
    let workers = std::thread::available_parallelism().map_or(1, NonZero::get).min(servers.len().max(1));
    let share = servers.len().div_ceil(workers).max(1);
    if workers == 1 {
        return servers.iter().map(|server| check(state, settings, server, now)).collect();
    }
    std::thread::scope(|scope| {
        let parts: Vec<_> = servers
            .chunks(share)
            .map(|part| {
                let work = move || part.iter().map(|server| check(state, settings, server, now)).collect::<Vec<_>>();
                (part.len(), scope.spawn(work))
            })
            .collect();
        parts
            .into_iter()
            .flat_map(|(length, part)| {
                // A worker that panicked has checked nothing, which is never a pass.
                part.join().unwrap_or_else(|_| vec![Checked::internal(); length])
            })
            .collect()
    })
}

/// Checks one locked server.
#[must_use]
pub fn check(state: &State, settings: &Settings, server: &LockedServer, now: Timestamp) -> Checked {
    let mut checked = Checked::default();
    check_source(settings, server, &mut checked);
    let (publishers, approvers) = trust_for(settings, &server.source, &server.name);
    let manifest =
        state.attestation(&server.manifest).map_err(|error| Failure::of("manifest", error)).and_then(|attestation| {
            verify::<Manifest>(&attestation, &publishers, settings.roots())
                .map_err(|error| signature_failure("manifest", "the manifest", &error))
        });
    let manifest = match manifest {
        Ok(manifest) => Some(manifest),
        Err(failure) => {
            checked.fail(failure);
            None
        }
    };
    let mut consents = Vec::new();
    let mut consents_complete = true;
    for digest in &server.consent {
        let consent =
            state.attestation(digest).map_err(|error| Failure::of("consent", error)).and_then(|attestation| {
                verify::<Consent>(&attestation, &approvers, settings.roots())
                    .map_err(|error| signature_failure("consent", "a consent", &error))
            });
        match consent {
            Ok(consent) => consents.push(consent),
            Err(failure) => {
                consents_complete = false;
                checked.fail(failure);
            }
        }
    }
    let Some(manifest) = manifest else {
        // Without the manifest there is still the snapshot to look at.
        if let Err(error) = state.snapshot(server) {
            checked.fail(Failure::of("snapshot", error));
        }
        return checked;
    };
    check_block(server, &manifest, &mut checked);
    check_snapshot(state, server, manifest.statement(), &mut checked);
    check_provenance(state, settings, server, &mut checked);
    match reviewed(state, server, &manifest, &consents) {
        Ok(reviewed) => {
            check_report(server, &reviewed, manifest.statement(), &mut checked);
            if consents_complete {
                let publication = Publication { manifest: &manifest, publishers: &publishers, roots: settings.roots() };
                check_consent(settings, server, &publication, &consents, &reviewed.report, now, &mut checked);
            }
            let report = reviewed.report;
            checked.locked = Some(Locked { server: server.clone(), manifest, consents, report });
        }
        Err(failure) => checked.fail(failure),
    }
    checked
}

/// A signature that does not count, in words of the project.
fn signature_failure(check: &'static str, what: &str, error: &VerificationError) -> Failure {
    let status = if error.is_could_not_check() { Status::CouldNotCheck } else { Status::Failed };
    let hint = match error {
        VerificationError::UnknownKey { .. } | VerificationError::UnknownIdentity { .. } => Some(
            "whoever signed it is not trusted in mcp-pin.toml; trust changes only by a reviewed edit of that file"
                .to_owned(),
        ),
        _ => None,
    };
    Failure { status, check, message: format!("{what} is not accepted: {error}"), hint }
}

/// The lock comes from where the project file says.
fn check_source(settings: &Settings, server: &LockedServer, checked: &mut Checked) {
    match (&server.source, settings.servers.get(&server.alias)) {
        // A lock of one's own project takes one approver, who may be the publisher. What a registry publishes takes more,
        // and must not get by as one's own; nor may what was reviewed under one alias stand under another.
        (Source::Local, None) => {
            if server.name != ServerName::local(&server.alias) {
                checked.fail(Failure::failed(
                    "source",
                    format!("`{}` is locked as local, which is not the name of this server here", server.name),
                ));
            }
        }
        (Source::Local, Some(wanted)) => checked.fail(Failure::failed(
            "source",
            format!(
                "mcp-pin.toml (line {}) takes it from a registry as `{}`, but it is locked locally",
                wanted.line, wanted.name
            ),
        )),
        (Source::Registry(url), wanted) => {
            if !settings.registries.contains(url) {
                checked.fail(Failure::failed(
                    "source",
                    format!("it is locked from {url}, which is no registry of mcp-pin.toml"),
                ));
            }
            match wanted {
                None => checked.fail(Failure::failed(
                    "source",
                    format!("it is locked from a registry, but mcp-pin.toml has no [servers.{}]", server.alias),
                )),
                Some(wanted) => {
                    if wanted.registry != *url {
                        let expected = &wanted.registry;
                        checked.fail(Failure::failed(
                            "source",
                            format!(
                                "mcp-pin.toml (line {}) takes it from {expected}, but it is locked from {url}",
                                wanted.line
                            ),
                        ));
                    }
                    if wanted.name != server.name || !wanted.version.matches(server.version.semver()) {
                        checked.fail(Failure::failed(
                            "source",
                            format!(
                                "mcp-pin.toml (line {}) wants `{}` {}, but `{}` {} is locked",
                                wanted.line, wanted.name, wanted.version, server.name, server.version
                            ),
                        ));
                    }
                }
            }
        }
    }
}

/// Every value of the block follows from the signed manifest.
fn check_block(server: &LockedServer, manifest: &Verified<Manifest>, checked: &mut Checked) {
    let statement = manifest.statement();
    let surface = &statement.surface;
    let mut launch = statement.launch.clone();
    launch.normalise();
    let checks: [(&str, bool); 9] = [
        ("name", server.name == *statement.name()),
        ("version", server.version == *statement.version()),
        ("protocol", server.protocol == statement.capture.protocol_version),
        ("surface", server.surface == surface.digest()),
        ("model-visible", server.model_visible == surface.model_visible_digest()),
        ("signer", server.signer == *manifest.signer()),
        ("launch", server.launch == launch),
        // Manifests keep them sorted, as the lock does.
        ("artifact", server.artifact == statement.artifacts),
        ("entries", server.entries == LockedServer::entries_of(surface)),
    ];
    for (member, holds) in checks {
        if !holds {
            checked
                .fail(Failure::failed("lock", format!("`{member}` in the lock is not what the signed manifest says")));
        }
    }
}

/// What the lock says about where packages were built follows from what is filed beside it (threat T84).
fn check_provenance(state: &State, settings: &Settings, server: &LockedServer, checked: &mut Checked) {
    let mut roots = None;
    for artifact in &server.artifact {
        let Some(provenance) = &artifact.provenance else { continue };
        let outcome = state.bundle(&provenance.attestation).and_then(|bundle| {
            let Some(bundle) = bundle else { return Ok(None) };
            let roots = match &roots {
                Some(roots) => roots,
                None => roots.insert(packages::roots(settings)?),
            };
            Ok(Some(reverify(&bundle, artifact, roots)))
        });
        match outcome {
            Ok(Some(Ok(()))) => {}
            Ok(Some(Err(outcome))) => checked.fail(Failure {
                status: if matches!(outcome, PackageOutcome::Failed(_)) {
                    Status::Failed
                } else {
                    Status::CouldNotCheck
                },
                check: "provenance",
                message: format!("{}: {}", artifact.purl, outcome.reason().unwrap_or_default()),
                hint: None,
            }),
            Ok(None) => checked.fail(Failure {
                status: Status::CouldNotCheck,
                check: "provenance",
                message: format!("the attestation of where {} was built is missing", artifact.purl),
                hint: Some("restore .mcp-pin/attestations from version control".to_owned()),
            }),
            Err(error) => checked.fail(Failure::of("provenance", error)),
        }
    }
}

/// The readable copy is a copy.
fn check_snapshot(state: &State, server: &LockedServer, manifest: &Manifest, checked: &mut Checked) {
    let path = state.snapshot_path(&server.alias);
    let shown = state.shown(&path);
    let hint = "restore it from version control, or with `mcp-pin lock` from the signed manifest";
    match super::read_bounded(&path, super::MAX_DOCUMENT_BYTES) {
        Err(error) => checked.fail(Failure::of("snapshot", error)),
        Ok(None) => checked.fail(Failure {
            status: Status::CouldNotCheck,
            check: "snapshot",
            message: format!("the snapshot {shown} is missing"),
            hint: Some(hint.to_owned()),
        }),
        // Byte for byte: what people review is exactly what was signed.
        Ok(Some(bytes)) if bytes == manifest.surface.to_snapshot().as_bytes() => {}
        Ok(Some(_)) => checked.fail(
            Failure::failed("snapshot", format!("the snapshot {shown} is not the surface that is locked")).hint(hint),
        ),
    }
}

/// What the approvers of a version were shown.
struct Reviewed {
    /// The report that their consents are about.
    report: ChangeReport,
    /// The same one computed by this program, where consents of others are counted. In a lock of one's own project who
    /// signed the consent also computed the report, and one consent is enough whatever its grade, so that nothing would
    /// follow from computing it again; and a newer mcp-pin with other rules must not spoil older locks.
    recomputed: Option<ChangeReport>,
    /// The manifest before.
    predecessor: Option<Manifest>,
}

/// What a version was reviewed relative to: what its approvers say, and nothing where there are none. What the manifest
/// itself names as its predecessor is the publisher's word: nobody may ever have consented to that one, and "nothing
/// changed since" would then admit both.
#[must_use]
pub fn replaced_by(consents: &[Verified<Consent>]) -> Option<Digest> {
    consents.first().and_then(|consent| consent.statement().replaces)
}

fn reviewed(
    state: &State,
    server: &LockedServer,
    manifest: &Verified<Manifest>,
    consents: &[Verified<Consent>],
) -> Result<Reviewed, Failure> {
    let statement = manifest.statement();
    let replaces = replaced_by(consents);
    let predecessor = replaces
        .map(|digest| state.replaced_manifest(&digest))
        .transpose()
        .map_err(|error| Failure::of("consent", error))?;
    let compute = |tombstones: &[Tombstone], like: Option<&ChangeReport>| {
        report_of(statement, Some(manifest.digest()), predecessor.as_ref(), tombstones, like)
    };
    let Some(changes) = consents.first().map(|consent| consent.statement().changes) else {
        let report = compute(&[], None);
        return Ok(Reviewed { report, recomputed: None, predecessor });
    };
    let report = state.report(&changes).map_err(|error| Failure::of("consent", error))?;
    let recomputed = match server.source {
        Source::Local => None,
        Source::Registry(_) => Some(compute(report.tombstones(), Some(&report))),
    };
    Ok(Reviewed { report, recomputed, predecessor })
}

/// The change report of a manifest relative to the one it replaces.
///
/// Signers are compared only where `like`, a report of the same change, has them: a lock of one's own project does not
/// care which of its approvers captured. `digest` is `None` while the manifest is not signed yet: that report's digest
/// is the same for everybody who looks at the same live server, and is what `update --accept` takes.
#[must_use]
pub fn report_of(
    manifest: &Manifest,
    digest: Option<Digest>,
    predecessor: Option<&Manifest>,
    tombstones: &[Tombstone],
    like: Option<&ChangeReport>,
) -> ChangeReport {
    let before = predecessor.map(|predecessor| Side {
        signer: like.and_then(|report| report.from()).and_then(|side| side.signer.as_ref()),
        ..Side::of_manifest(predecessor, None)
    });
    let after = Side {
        manifest: digest,
        signer: like.and_then(|report| report.to().signer.as_ref()),
        ..Side::of_manifest(manifest, None)
    };
    compare(before.as_ref(), &after, tombstones)
}

/// The stored report is of this change, and nothing in it was left out.
fn check_report(server: &LockedServer, reviewed: &Reviewed, manifest: &Manifest, checked: &mut Checked) {
    let Reviewed { report, recomputed, predecessor } = reviewed;
    let to = report.to();
    let is_of_this = to.surface == server.surface
        && to.model_visible == server.model_visible
        && to.launch.is_none_or(|launch| launch == manifest.launch.digest());
    let same_change = recomputed.as_ref().is_none_or(|recomputed| {
        report.from() == recomputed.from() && to == recomputed.to() && report.changes() == recomputed.changes()
    });
    if !is_of_this || !same_change {
        checked.fail(Failure::failed("consent", "the change report that was consented to is not of this change"));
    } else if let Some(recomputed) = recomputed
        && recomputed.findings() != report.findings()
    {
        if recomputed.grade() <= report.grade() {
            checked
                .notes
                .push("this mcp-pin judges the change by other rules than the one it was consented with".to_owned());
        } else {
            checked.fail(Failure::failed(
                "consent",
                format!(
                    "this mcp-pin grades the change as `{}`, the consents were given for `{}`",
                    recomputed.grade(),
                    report.grade()
                ),
            ));
        }
    }
    if let Some(signer) = &report.to().signer
        && *signer != server.signer
    {
        checked.fail(Failure::failed("consent", "the change report names another signer"));
    }
    let mut expected = tombstones_of(manifest, predecessor.as_ref(), report.tombstones());
    let mut found = server.tombstones.clone();
    expected.sort();
    found.sort();
    if expected != found {
        checked.fail(Failure::failed("lock", "`tombstones` in the lock are not those of what was replaced"));
    }
}

/// The tombstones that follow from a change: what the version before or the tombstones before had, and the new one has
/// not.
#[must_use]
pub fn tombstones_of(manifest: &Manifest, predecessor: Option<&Manifest>, before: &[Tombstone]) -> Vec<Tombstone> {
    let old = EntryKind::ALL.into_iter().flat_map(|kind| {
        let entries = predecessor.and_then(|predecessor| predecessor.surface.section(kind)).unwrap_or_default();
        entries.iter().map(move |entry| Tombstone { kind, name: entry.key().to_owned(), digest: entry.digest() })
    });
    // The most recent digest of a name wins: those of the version before come first.
    let mut tombstones: Vec<Tombstone> = Vec::new();
    let mut seen = BTreeSet::new();
    for tombstone in old.chain(before.iter().cloned()) {
        if manifest.surface.entry(tombstone.kind, &tombstone.name).is_none()
            && seen.insert((tombstone.kind, tombstone.name.clone()))
        {
            tombstones.push(tombstone);
        }
    }
    tombstones
}

fn check_consent(
    settings: &Settings,
    server: &LockedServer,
    publication: &Publication<'_>,
    consents: &[Verified<Consent>],
    report: &ChangeReport,
    now: Timestamp,
    checked: &mut Checked,
) {
    let ring = ring_for(settings, &server.alias);
    let manifest = publication.manifest;
    let statement = manifest.statement();
    let case = Case {
        report,
        manifest: manifest.digest(),
        replaces: report.from().and_then(|side| side.manifest),
        name: statement.name(),
        version: statement.version(),
        publisher: manifest.principal(),
        ring: &ring,
        at: now,
    };
    let requirements = requirements_for(settings, &server.source);
    lint::check_consents(&case, consents, &requirements, publication, checked);
    let assessment = Assessment::of(report, &requirements.exceptions, now);
    match assessment.exempted().count() {
        0 => {}
        1 => checked.notes.push("1 finding is exempted by mcp-pin.toml".to_owned()),
        count => checked.notes.push(format!("{count} findings are exempted by mcp-pin.toml")),
    }
    if let Some(failure) = outcome_failure(&decide(&case, consents, &requirements)) {
        checked.fail(failure);
    }
}

/// A decision that does not admit, as a failure.
#[must_use]
pub fn outcome_failure(outcome: &Outcome) -> Option<Failure> {
    match outcome {
        Outcome::Admitted { .. } => None,
        Outcome::ConsentRequired { needed, have, missing_acknowledgements } => {
            let mut message = format!("{} of {needed} consents that it takes", have.len());
            if !missing_acknowledgements.is_empty() {
                message.push_str(&format!(", {} findings not acknowledged", missing_acknowledgements.len()));
            }
            Some(Failure { status: Status::ConsentRequired, check: "consent", message, hint: None })
        }
        Outcome::Rejected { by, reason } => Some(Failure::failed("consent", format!("`{by}` rejected it: {reason}"))),
        Outcome::Refused { findings } => Some(Failure::failed(
            "consent",
            format!("it holds {} findings that nobody may accept", findings.len().max(1)),
        )),
        Outcome::Mismatch { what } => Some(Failure::failed("consent", *what)),
    }
}
