//! Drafts: unsigned documents, kept where nobody but those concerned sees them.
//!
//! Publishers of the MCP Registry send a `server.json` that nobody signed. It is checked as a document and kept; it is no
//! submission, is not compared, asks nobody for consent, reserves neither name nor version, and there is no way from it
//! into the catalogue. What goes live is a signed manifest, submitted by itself; when that of the draft's version
//! comes, the draft has served its purpose and ends.

use mcp_pin_model::{
    Digest, ServerName, ServerVersion,
    json::{Object, Value},
    leaf::{Leaf, LeafType},
    revocation::RevocationScope,
    server_json,
};
use mcp_pin_storage::{Draft, DraftEnd, DraftId, DraftOutcome, PrincipalName, Submission};

use super::{
    Caller, Service, ServiceError,
    authorize::Authority,
    decision::{Deciding, to_its_end},
    names::skeletons,
    once::Outcome,
    signers::RevokedSigners,
};
use crate::authorization::{Action, Resource};

/// The most drafts of one namespace that have not ended: more is no release, but somebody who fills the disk.
const MAX_OPEN_DRAFTS: u32 = 100;

/// What became of an unsigned document.
#[derive(Clone, Debug)]
pub struct Drafted {
    /// The draft.
    pub draft: Draft,
    /// `false` when exactly this was in quarantine before and nothing was done.
    pub created: bool,
}

/// A page of drafts.
#[derive(Clone, Debug)]
pub struct DraftPage {
    /// Oldest first.
    pub drafts: Vec<Draft>,
    /// Whether there are more after the last one.
    pub more: bool,
}

/// The name and the version of an acceptable document.
pub(super) fn check_document(server: &Object) -> Result<(ServerName, ServerVersion), ServiceError> {
    let issues = server_json::validate(server);
    if issues.iter().any(server_json::Issue::is_error) {
        return Err(ServiceError::Document(issues));
    }
    let text = |member: &str| server.get(member).and_then(Value::as_str).unwrap_or_default();
    let name =
        text("name").parse().map_err(|error| ServiceError::Invalid { member: "name", problem: format!("{error}") })?;
    let version = text("version").parse().map_err(|_| ServiceError::Invalid {
        member: "version",
        problem: "is no semantic version, such as 1.4.2, and versions here are ordered".to_owned(),
    })?;
    Ok((name, version))
}

impl Service {
    /// Puts an unsigned document into quarantine, in place of the one that its version has there. Takes the right to
    /// submit, and a grant of the namespace or the right to grant it.
    ///
    /// # Errors
    /// [`ServiceError::Document`], [`ServiceError::NotGranted`], and everything that would refuse the manifest of this
    /// version whatever it held; store errors.
    pub async fn draft(&self, caller: &Caller, server: Object) -> Result<Drafted, ServiceError> {
        self.require_possible(caller, Action::Submit)?;
        let (name, version) = check_document(&server)?;
        let (service, caller) = (self.clone(), caller.clone());
        to_its_end(async move {
            let mut deciding = service.deciding_for(&caller).await?;
            deciding.check_granted(&caller, &name).await?;
            let drafted = deciding.take_draft(&caller, name, version, server).await?;
            if drafted.created {
                deciding.commit_as(Outcome::Drafted(&drafted)).await?;
            } else {
                deciding.nothing_done(Outcome::Drafted(&drafted)).await?;
            }
            Ok(drafted)
        })
        .await
    }

    /// The drafts that the caller may see, oldest first, after one, at most `limit`.
    ///
    /// # Errors
    /// Store errors.
    pub async fn drafts(&self, caller: &Caller, after: Option<DraftId>, limit: u32) -> Result<DraftPage, ServiceError> {
        const BATCH: u32 = 200;
        let limit = usize::try_from(limit.clamp(1, super::MAX_PAGE)).unwrap_or(usize::MAX);
        let mut snapshot = self.inner.store.read().await?;
        let authority = Authority::of(self, &mut *snapshot, Some(caller), self.now()).await?;
        let (mut drafts, mut after) = (Vec::new(), after);
        while drafts.len() <= limit {
            let batch = snapshot.open_drafts(after.as_ref(), BATCH).await?;
            let Some(last) = batch.last() else { break };
            after = Some(last.id.clone());
            drafts.extend(batch.into_iter().filter(|draft| authority.may_see_draft(draft)));
        }
        let more = drafts.len() > limit;
        drafts.truncate(limit);
        Ok(DraftPage { drafts, more })
    }

    /// One draft, ended or not.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`]; store errors.
    pub async fn draft_by_id(&self, caller: &Caller, id: &DraftId) -> Result<Draft, ServiceError> {
        let mut snapshot = self.inner.store.read().await?;
        let draft = snapshot.draft(id).await?.ok_or(ServiceError::NotFound("draft"))?;
        let authority = Authority::of(self, &mut *snapshot, Some(caller), self.now()).await?;
        if authority.may_see_draft(&draft) { Ok(draft) } else { Err(ServiceError::NotFound("draft")) }
    }

    /// Takes a draft back. Takes what putting one there takes.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] when there is none that has not ended, or not for this caller; store errors.
    pub async fn withdraw_draft(&self, caller: &Caller, id: &DraftId) -> Result<(), ServiceError> {
        self.require_possible(caller, Action::Submit)?;
        let (service, caller, id) = (self.clone(), caller.clone(), id.clone());
        to_its_end(async move {
            let mut deciding = service.deciding_for(&caller).await?;
            let draft = deciding.tx.draft(&id).await?.filter(|draft| draft.end.is_none());
            let draft = draft.ok_or(ServiceError::NotFound("draft"))?;
            // Whoever may not do this may not know of it either.
            deciding.check_granted(&caller, &draft.server).await.map_err(|error| match error {
                ServiceError::NotGranted { .. } | ServiceError::Forbidden { .. } => ServiceError::NotFound("draft"),
                other => other,
            })?;
            deciding.end_draft(&draft, DraftOutcome::Withdrawn(caller.principal.clone()), &caller.principal).await?;
            deciding.commit().await
        })
        .await
    }
}

impl Deciding<'_> {
    /// Refuses who may not submit under a name, and who was not granted its namespace: by a credential that holds, not by a
    /// signature, which an unsigned document has not. Whoever may grant the namespace needs no grant.
    pub(super) async fn check_granted(&mut self, caller: &Caller, name: &ServerName) -> Result<(), ServiceError> {
        self.authorize_submit(caller, &Resource::server(name), name).await?;
        if self.authority(caller).await?.allows(Action::GrantNamespace, &Resource::namespace(name.namespace())) {
            return Ok(());
        }
        let revoked = RevokedSigners::read(&mut *self.tx).await?;
        let granted = self
            .tx
            .grants(Some(name.namespace()))
            .await?
            .iter()
            .any(|grant| grant.principal == caller.principal && !revoked.cover_credential(&grant.credential));
        if granted { Ok(()) } else { Err(ServiceError::NotGranted { namespace: name.namespace().to_owned() }) }
    }

    /// Keeps a document as the draft of its version.
    pub(super) async fn take_draft(
        &mut self,
        caller: &Caller,
        name: ServerName,
        version: ServerVersion,
        server: Object,
    ) -> Result<Drafted, ServiceError> {
        self.check_draft_rules(&name, &version).await?;
        let server_json = Value::Object(server).to_canonical_string();
        let open = self.tx.open_draft(&name, &version).await?;
        if let Some(draft) = open.as_ref().filter(|open| open.server_json == server_json) {
            return Ok(Drafted { draft: draft.clone(), created: false });
        }
        let draft = Draft {
            id: self.inner.new_id(self.at)?,
            server: name,
            version,
            server_json,
            submitted_by: caller.principal.clone(),
            submitted_at: self.at,
            end: None,
        };
        match open {
            Some(open) => self.end_draft(&open, DraftOutcome::Replaced(draft.id.clone()), &caller.principal).await?,
            None if self.tx.count_open_drafts(draft.server.namespace()).await? >= MAX_OPEN_DRAFTS => {
                return Err(ServiceError::TooManyDrafts);
            }
            None => {}
        }
        self.tx.insert_draft(&draft).await?;
        let leaf =
            self.draft_leaf(LeafType::Drafted, &draft, &caller.principal, Digest::of(draft.server_json.as_bytes()));
        self.log(&leaf).await?;
        Ok(Drafted { draft, created: true })
    }

    /// What would refuse the manifest of this version whatever it held, so that a publisher hears of it now.
    async fn check_draft_rules(&mut self, name: &ServerName, version: &ServerVersion) -> Result<(), ServiceError> {
        let questions = [
            (RevocationScope::Server, name.to_string(), "server"),
            (RevocationScope::Version, format!("{name}@{version}"), "version"),
        ];
        for (scope, target, what) in questions {
            if self.tx.revocation(scope, &target).await?.is_some() {
                return Err(ServiceError::Revoked(what));
            }
        }
        if self.tx.submission_of_version(name, version).await?.is_some() {
            return Err(ServiceError::VersionTaken { server: name.to_string(), version: version.to_string() });
        }
        for skeleton in skeletons(name) {
            if let Some(existing) = self.tx.server_by_skeleton(&skeleton).await?.filter(|existing| existing != name) {
                let public = !self.tx.once_live(Some(&existing)).await?.is_empty();
                let existing = public.then(|| existing.to_string());
                return Err(ServiceError::ConfusableName { name: name.to_string(), existing });
            }
        }
        Ok(())
    }

    /// The signed manifest of a version came: its draft has served its purpose.
    ///
    /// A signature wins over a document that nobody signed, also where the two differ: were it otherwise, a stolen
    /// token could hold up whoever has the key.
    pub(super) async fn end_draft_of(&mut self, submission: &Submission) -> Result<(), ServiceError> {
        match self.tx.open_draft(&submission.server, &submission.version).await? {
            Some(draft) => {
                let actor = submission.submitted_by.clone();
                self.end_draft(&draft, DraftOutcome::Submitted(submission.id.clone()), &actor).await
            }
            None => Ok(()),
        }
    }

    /// Ends a draft.
    pub(super) async fn end_draft(
        &mut self,
        draft: &Draft,
        how: DraftOutcome,
        actor: &PrincipalName,
    ) -> Result<(), ServiceError> {
        let leaf = self.draft_leaf(LeafType::DraftEnded, draft, actor, how.as_str());
        if !self.tx.end_draft(&draft.id, &DraftEnd { at: self.at, how }).await? {
            return Err(ServiceError::Conflict);
        }
        self.log(&leaf).await
    }

    fn draft_leaf(&self, kind: LeafType, draft: &Draft, actor: &PrincipalName, what: impl std::fmt::Display) -> Leaf {
        let mut leaf = Leaf::new(kind, self.at, actor.as_str());
        leaf.server = Some(draft.server.clone());
        leaf.version = Some(draft.version.clone());
        leaf.target = Some(format!("{} {what}", draft.id));
        leaf
    }
}
