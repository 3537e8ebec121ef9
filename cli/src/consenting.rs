//! From "somebody decided" to something that may be written into the lock: signing, checking what was signed, deciding.

use mcp_pin_attest::{Signer, sign, verify};
use mcp_pin_model::{Consent, Manifest, consent::Decision, lockfile::Source};
use mcp_pin_policy::{Case, Outcome, decide};

use crate::{
    capture::Live,
    context::Context,
    cumulative::baseline_of,
    error::{CommandError, Status},
    project::{ConfiguredServer, Project, SETTINGS_FILE, Settings, settings},
    review::Acknowledged,
    state::{
        Admission,
        verification::{Locked, outcome_failure, report_of, requirements_for, ring_for, trust_for},
        write_atomic,
    },
};

/// A key that this project trusts.
pub struct Approver {
    key: Box<dyn Signer>,
    name: String,
}

impl Approver {
    /// The key of whoever runs this, for a project that trusts it already.
    ///
    /// # Errors
    /// When there is no key, or the project does not trust it. Trust is never changed here.
    pub fn of(context: &Context, settings: &Settings) -> Result<Self, CommandError> {
        let key = context.signing_key()?;
        match settings.approvers().principal_of(key.public_key()) {
            Some(name) => Ok(Self { name: name.to_owned(), key }),
            None => Err(CommandError::usage(format!("your key {} is not trusted by {SETTINGS_FILE}", context.key))
                .detail("whoever may consent stands there as [[trust.approver]], with name and public key")
                .hint("show the public key with `mcp-pin key show`, and have it added by a reviewed change")),
        }
    }

    /// As [`Approver::of`], for a first lock: makes the key where there is none, and, only where there is no project
    /// file yet, writes one that trusts it. Says so.
    ///
    /// # Errors
    /// See [`Approver::of`].
    pub fn of_first_use(context: &Context, project: &mut Project) -> Result<Self, CommandError> {
        if !project.settings.exists() {
            let (key, made) = context.signing_key_or_new()?;
            if made {
                context.ui.talk(format!("made your signing key {}", context.key));
            }
            let path = project.root.join(SETTINGS_FILE);
            let name = settings::name_of_user(&context.environment);
            write_atomic(&path, settings::initial(&name, key.public_key()).as_bytes())?;
            context.ui.talk(format!("wrote {SETTINGS_FILE}, which trusts that key as approver `{name}`"));
            project.settings = Settings::read(&path)?;
        }
        Self::of(context, &project.settings)
    }
}

/// What speaks against locking a configured server, whoever consents: it is never lockable.
///
/// # Errors
/// Exit code 1, at the place of the entry.
pub fn refuse_unlockable(server: &ConfiguredServer) -> Result<(), CommandError> {
    let at = |error: CommandError| match server.place() {
        Some(place) => error.at(place.path.clone(), place.line),
        None => error,
    };
    if let Some(what) = crate::project::secrets::literal_secret(&server.launch) {
        return Err(at(CommandError::failed(format!("`{}` cannot be locked: {what}", server.alias)).hint(
            "put the secret into an environment variable and write ${NAME} in its place; the lock is committed",
        )));
    }
    if let Some(name) = crate::project::secrets::loader_variable(&server.launch) {
        return Err(at(CommandError::failed(format!(
            "`{}` cannot be locked: its `env` sets `{name}`, whose value decides which code runs and is not part of a lock",
            server.alias
        ))
        .hint("say the same in `command` or `args`, which are pinned, or leave it to the environment mcp-pin runs in")));
    }
    Ok(())
}

/// What somebody decided to lock.
pub struct Consented<'a> {
    /// As configured.
    pub server: &'a ConfiguredServer,
    /// As captured.
    pub live: &'a Live,
    /// As locked so far.
    pub locked: Option<Locked>,
    /// What was acknowledged of it.
    pub acknowledged: Acknowledged,
    /// Why.
    pub reason: &'a str,
}

/// Signs the manifest of a captured server and the consent to it, checks both as anybody else will, and decides.
///
/// # Errors
/// When what was captured may not be locked, whoever consents, or a signature does not come out right.
pub fn admit_local(
    context: &Context,
    settings: &Settings,
    approver: &Approver,
    consented: Consented<'_>,
) -> Result<Admission, CommandError> {
    let Consented { server, live, locked, acknowledged, reason } = consented;
    let alias = &server.alias;
    let now = context.now();
    let signing = |error: mcp_pin_attest::SignError| {
        CommandError::could_not_check(format!("`{alias}` cannot be locked: {error}"))
    };
    let untrusted = |error: mcp_pin_attest::VerificationError| {
        CommandError::internal(format!("what was just signed for `{alias}` does not verify: {error}"))
    };
    let previous = locked.as_ref().map(|locked| locked.manifest.digest());
    let manifest = live.to_local_manifest(alias, previous, now)?;
    let (publishers, approvers) = trust_for(settings, &Source::Local, manifest.name());
    let roots = settings.roots();
    let manifest = verify::<Manifest>(&sign(&manifest, approver.key.as_ref()).map_err(signing)?, &publishers, roots)
        .map_err(untrusted)?;
    let predecessor = locked.as_ref().map(|locked| locked.manifest.statement());
    let tombstones = locked.as_ref().map(|locked| locked.server.tombstones.as_slice()).unwrap_or_default();
    let report = report_of(manifest.statement(), Some(manifest.digest()), predecessor, tombstones, None);
    let ring = ring_for(settings, alias);
    let consent = Consent {
        manifest: manifest.digest(),
        decision: Decision::Approve,
        server: manifest.statement().name().clone(),
        version: manifest.statement().version().clone(),
        replaces: previous,
        changes: report.digest(),
        acknowledged: acknowledged.into_fingerprints(),
        rings: vec![ring.clone()],
        reason: reason.to_owned(),
        at: now,
        expires: None,
        by: approver.name.clone(),
        baseline: locked.as_ref().and_then(|locked| baseline_of(locked.manifest.digest(), &locked.consents)),
    };
    let consents = vec![
        verify::<Consent>(&sign(&consent, approver.key.as_ref()).map_err(signing)?, &approvers, roots)
            .map_err(untrusted)?,
    ];
    let case = Case {
        report: &report,
        manifest: manifest.digest(),
        replaces: previous,
        name: manifest.statement().name(),
        version: manifest.statement().version(),
        publisher: manifest.principal(),
        ring: &ring,
        at: now,
    };
    match decide(&case, &consents, &requirements_for(settings, &Source::Local)) {
        Outcome::Admitted { .. } => {}
        outcome => {
            let (status, why) = outcome_failure(&outcome)
                .map_or((Status::Failed, String::new()), |failure| (failure.status, failure.message));
            return Err(CommandError::new(status, format!("`{alias}` cannot be locked: {why}")));
        }
    }
    let tombstones =
        locked.as_ref().map(|locked| locked.server.tombstones_after(&manifest.statement().surface)).unwrap_or_default();
    Ok(Admission {
        alias: alias.clone(),
        source: Source::Local,
        manifest,
        consents,
        report,
        tombstones,
        predecessor: None,
        bundles: live.packages.bundles.clone(),
        log: None,
        replaces: locked.map(Box::new),
    })
}
