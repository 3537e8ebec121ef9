//! What is odd about a lock although every signature in it may hold: consents that were given for something else, by the
//! wrong person or at another time, and signed files that nothing in the lock asks for.

use std::{collections::BTreeSet, fs};

use mcp_pin_attest::{Roots, Trust, Verified, verify};
use mcp_pin_model::{Consent, Lockfile, Manifest};
use mcp_pin_policy::{Case, NotCounted, Requirements, SelfConsent, eligibility};

use super::{
    STATE_DIRECTORY, State,
    verification::{Checked, Failure},
};

/// How many names of stray files a note repeats.
const MAX_NAMED: usize = 5;

/// The signature of a version's manifest, and whose would have been one: what a consent to it must not be by.
pub struct Publication<'a> {
    /// The manifest.
    pub manifest: &'a Verified<Manifest>,
    /// Who may publish the server.
    pub publishers: &'a Trust,
    /// The roots that identities are checked under.
    pub roots: &'a Roots,
}

impl Publication<'_> {
    /// Whether a consent is about this very version, and by somebody else than its publisher.
    #[must_use]
    pub fn may_count(&self, consent: &Verified<Consent>) -> bool {
        let (about, manifest) = (consent.statement(), self.manifest.statement());
        let is_about_this = about.manifest == self.manifest.digest()
            && about.server == *manifest.name()
            && about.version == *manifest.version();
        is_about_this && !self.is_by_publisher(consent)
    }

    /// Whether a consent is by whoever published, under whichever name, key or identity. Two policies of identities may both
    /// fit one signer, so the names that they stand under are not enough.
    fn is_by_publisher(&self, consent: &Verified<Consent>) -> bool {
        consent.signer() == self.manifest.signer()
            || consent.principal() == self.manifest.principal()
            || verify::<Consent>(consent.attestation(), self.publishers, self.roots)
                .is_ok_and(|published| published.principal() == self.manifest.principal())
    }
}

/// Why a consent does not count for a case, beyond what the policy can see: see [`Publication`].
///
/// # Errors
/// Why not.
pub fn counts(
    case: &Case<'_>,
    consent: &Verified<Consent>,
    requirements: &Requirements,
    publication: &Publication<'_>,
) -> Result<(), NotCounted> {
    eligibility(case, consent, requirements)?;
    match requirements.self_consent {
        SelfConsent::Never if publication.is_by_publisher(consent) => Err(NotCounted::ByPublisher),
        SelfConsent::Never | SelfConsent::OwnProject => Ok(()),
    }
}

/// Looks at each consent of a lock entry by itself. mcp-pin locks only consents that count, so one that never did was put
/// there by something else.
pub(super) fn check_consents(
    case: &Case<'_>,
    consents: &[Verified<Consent>],
    requirements: &Requirements,
    publication: &Publication<'_>,
    checked: &mut Checked,
) {
    for consent in consents {
        let Err(why) = counts(case, consent, requirements, publication) else { continue };
        let message =
            format!("the consent {} by `{}` does not count: {why}", consent.digest().short(), consent.principal());
        match why {
            // It did count once, or for another audience: the quorum decides.
            NotCounted::Expired | NotCounted::NotYet | NotCounted::OtherRing => checked.notes.push(message),
            _ => checked.failures.push(Failure::failed("consent", message)),
        }
    }
}

/// What lies among the attestations and is named by no lock entry, as a note; nothing where a server could not be checked,
/// since its predecessor is then not known.
#[must_use]
pub fn stray_attestations(state: &State, lock: &Lockfile, results: &[&Checked]) -> Option<String> {
    let mut named = BTreeSet::new();
    for server in lock.servers() {
        named.insert(state.attestation_path(&server.manifest));
        named.extend(server.consent.iter().map(|digest| state.attestation_path(digest)));
    }
    for checked in results {
        let locked = checked.locked.as_ref()?;
        let replaced = locked.consents.iter().filter_map(|consent| consent.statement().replaces);
        let baselines = locked.consents.iter().filter_map(|consent| consent.statement().baseline.as_ref());
        let baselines = baselines.map(|baseline| baseline.manifest);
        let before = locked.report.from().and_then(|side| side.manifest);
        named.extend(replaced.chain(before).chain(baselines).map(|digest| state.attestation_path(&digest)));
    }
    let folder = state.root().join(STATE_DIRECTORY).join("attestations");
    let mut stray: Vec<String> = fs::read_dir(folder)
        .ok()?
        .flatten()
        .filter(|entry| !named.contains(&entry.path()))
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        // Temporary files of a writer that was killed.
        .filter(|name| !name.starts_with('.'))
        .collect();
    if stray.is_empty() {
        return None;
    }
    stray.sort();
    let more = stray.len().saturating_sub(MAX_NAMED);
    let (count, noun) = (stray.len(), if stray.len() == 1 { "file" } else { "files" });
    stray.truncate(MAX_NAMED);
    let more = if more > 0 { format!(", and {more} more") } else { String::new() };
    Some(format!(
        "{count} {noun} in {STATE_DIRECTORY}/attestations belong to nothing that is locked: {}{more}",
        stray.join(", ")
    ))
}
