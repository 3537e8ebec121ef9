//! Why a locked server counts: the whole chain in words, from the signatures over the people to the roots.

use jiff::Timestamp;
use mcp_pin_attest::{Evidence, Verified};
use mcp_pin_model::{Consent, Digest, Grade, lockfile::Source};
use mcp_pin_policy::{Assessment, Case, Outcome, SelfConsent, approvers_needed, decide};
use serde::Serialize;

use crate::{
    error::{CommandError, Place},
    project::{Settings, roots::RootOrigin, settings::day},
    state::{
        lint::{Publication, counts},
        verification::{Locked, requirements_for, ring_for, trust_for},
    },
};

/// Whose trust was applied.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TrustInForce {
    /// Where it is read from: a path, or a commit and a path. Absent where there is no project file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The digest over publishers, approvers, roots, registries, policy and rings.
    pub digest: Digest,
}

impl TrustInForce {
    /// That of these settings.
    ///
    /// # Errors
    /// Never in practice.
    pub fn of(settings: &Settings) -> Result<Self, CommandError> {
        let source = settings.origin.as_ref().map(|origin| origin.shown().display().to_string());
        Ok(Self { source, digest: settings.trust_digest()? })
    }
}

/// Everything that speaks for a locked server.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ServerEvidence {
    /// The signature of the manifest.
    pub manifest: SignatureEvidence,
    /// The signatures of the consents.
    pub consents: Vec<SignatureEvidence>,
    /// What was changed, and what the approvers were shown.
    pub change: Vec<String>,
    /// How the consents add up.
    pub quorum: Vec<String>,
}

/// One signature and everything that was checked of it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SignatureEvidence {
    /// The digest of the statement.
    pub digest: Digest,
    /// Who that is here.
    pub principal: String,
    /// The key or identity.
    pub signer: String,
    /// Where it is written that this signature counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trusted_by: Option<String>,
    /// The root that it was checked under; none for a key alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub root: Option<RootUsed>,
    /// The chain, one step a line.
    pub chain: Vec<String>,
}

/// A root that a signature was checked under.
#[derive(Clone, Debug, Serialize)]
pub struct RootUsed {
    /// Whose it is.
    pub instance: String,
    /// Its digest.
    pub digest: Digest,
    /// Where it comes from, in words.
    pub origin: String,
}

/// Where a root comes from, in words.
#[must_use]
pub fn root_origin(origin: &RootOrigin) -> String {
    match origin {
        RootOrigin::Configured(place) => format!("configured at {place}"),
        RootOrigin::Updated(at) => format!("fetched on {}", at.strftime("%Y-%m-%d")),
        RootOrigin::BuiltIn => {
            format!("built in, of {}", origin.fetched_at().unwrap_or_default().strftime("%Y-%m-%d"))
        }
    }
}

/// Explains a server whose signatures and consents were checked.
#[must_use]
pub fn explain(settings: &Settings, locked: &Locked, now: Timestamp) -> ServerEvidence {
    let server = &locked.server;
    let published_by = match server.source {
        Source::Local => settings.trust.place_of_approver(&locked.manifest),
        Source::Registry(_) => settings.trust.place_of_publisher(&server.name, &locked.manifest),
    };
    let consents =
        locked.consents.iter().map(|consent| signature(settings, consent, settings.trust.place_of_approver(consent)));
    ServerEvidence {
        manifest: signature(settings, &locked.manifest, published_by),
        consents: consents.collect(),
        change: change(locked),
        quorum: quorum(settings, locked, now),
    }
}

fn signature<T>(settings: &Settings, signed: &Verified<T>, place: Option<&Place>) -> SignatureEvidence {
    let instance = match signed.evidence() {
        Evidence::KeyInLog { instance, .. } | Evidence::Certificate { instance, .. } => Some(instance),
        _ => None,
    };
    let root = settings.trust.roots.iter().find(|root| Some(root.root.instance()) == instance);
    SignatureEvidence {
        digest: signed.digest(),
        principal: signed.principal().to_owned(),
        signer: signed.signer().to_string(),
        trusted_by: place.map(ToString::to_string),
        root: root.map(|root| RootUsed {
            instance: root.root.instance().to_string(),
            digest: root.root.digest(),
            origin: root_origin(&root.origin),
        }),
        chain: signed.evidence().chain(),
    }
}

fn change(locked: &Locked) -> Vec<String> {
    let report = &locked.report;
    let relative = match report.from().and_then(|side| side.manifest) {
        Some(manifest) => format!("relative to manifest {manifest}"),
        None => "relative to nothing: a first admission".to_owned(),
    };
    let findings = report.findings();
    let of = |grade: Grade| {
        let count = findings.iter().filter(|finding| finding.grade == grade).count();
        (count > 0).then(|| format!("{count} {grade}"))
    };
    let counts: Vec<String> =
        [Grade::Refuse, Grade::Block, Grade::Review, Grade::Notice].into_iter().filter_map(of).collect();
    let counts =
        if counts.is_empty() { "nothing found".to_owned() } else { format!("findings: {}", counts.join(", ")) };
    vec![
        format!("change report {}", report.digest()),
        relative,
        format!("graded `{}` by this mcp-pin; {counts}", report.grade()),
    ]
}

fn quorum(settings: &Settings, locked: &Locked, now: Timestamp) -> Vec<String> {
    let server = &locked.server;
    let ring = ring_for(settings, &server.alias);
    let requirements = requirements_for(settings, &server.source);
    let (publishers, _) = trust_for(settings, &server.source, &server.name);
    let publication = Publication { manifest: &locked.manifest, publishers: &publishers, roots: settings.roots() };
    let case = Case {
        report: &locked.report,
        manifest: locked.manifest.digest(),
        replaces: locked.report.from().and_then(|side| side.manifest),
        name: locked.manifest.statement().name(),
        version: locked.manifest.statement().version(),
        publisher: locked.manifest.principal(),
        ring: &ring,
        at: now,
    };
    let mut lines = vec![match requirements.self_consent {
        SelfConsent::OwnProject => {
            "a lock of one's own project: who captured it may also consent, and one is enough".to_owned()
        }
        SelfConsent::Never => format!(
            "preset `{}`, ring `{ring}`: the publisher `{}` never counts; what is graded `block` takes {}",
            requirements.preset,
            locked.manifest.principal(),
            people(usize::from(requirements.quorum_block.get()))
        ),
    }];
    let eligible = |consent: &&Verified<Consent>| counts(&case, consent, &requirements, &publication).is_ok();
    let mut counted: Vec<&str> = locked.consents.iter().filter(eligible).map(Verified::principal).collect();
    counted.sort_unstable();
    counted.dedup();
    let assessment = Assessment::of(&locked.report, &requirements.exceptions, now);
    lines.extend(exceptions(settings, &assessment));
    let needed = approvers_needed(&assessment, &requirements);
    let names = if counted.is_empty() { String::new() } else { format!(": {}", counted.join(", ")) };
    lines.push(format!("{} of {} that it takes{names}", counted.len(), people(usize::from(needed))));
    for consent in &locked.consents {
        if let Err(why) = counts(&case, consent, &requirements, &publication) {
            lines.push(format!("{} does not count: {why}", consent.principal()));
        }
    }
    let findings = assessment.findings().iter().filter(|assessed| assessed.grade >= Grade::Review).count();
    match decide(&case, &locked.consents, &requirements) {
        Outcome::ConsentRequired { missing_acknowledgements, .. } if !missing_acknowledgements.is_empty() => {
            lines.push(format!(
                "{} of {findings} findings are not acknowledged by enough",
                missing_acknowledgements.len()
            ));
        }
        Outcome::Admitted { .. } if findings > 0 => {
            lines.push(format!("findings of grade `review` and above: {findings}, each acknowledged by enough"));
        }
        _ => {}
    }
    lines
}

/// What weighs other than its rule says, each with where that is written.
fn exceptions(settings: &Settings, assessment: &Assessment<'_>) -> Vec<String> {
    let at = |place: Option<&Place>| place.map(|place| format!(" ({place})")).unwrap_or_default();
    let line = |assessed: &mcp_pin_policy::Assessed<'_>| {
        let (rule, grade) = (&assessed.finding.rule, assessed.finding.grade);
        if let Some(exemption) = assessed.exempted_by {
            let place = at(settings.policy.place_of(exemption));
            return Some(format!(
                "`{rule}`, graded `{grade}`, is exempted until {} by {}: {}{place}",
                day(exemption.expires()),
                exemption.author(),
                exemption.reason()
            ));
        }
        let weighs = assessed.overridden_by?;
        let place = at(settings.policy.place_of_override(weighs));
        Some(format!("`{rule}`, graded `{grade}`, counts as `{}`: {}{place}", assessed.grade, weighs.reason()))
    };
    assessment.findings().iter().filter_map(line).collect()
}

fn people(count: usize) -> String {
    format!("{count} {}", if count == 1 { "approver" } else { "approvers" })
}
