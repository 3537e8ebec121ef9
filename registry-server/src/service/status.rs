//! The statuses of the MCP Registry API, in terms of the life of a version.
//!
//! `deprecated` is said about a version beside its content: it goes on being served. `deleted` ends it: a draft is taken
//! back, what waits for consent is rejected, what is or was live is revoked. A revocation holds for ever, so there is no
//! way back from `deleted` to `active`.

use mcp_pin_model::{
    Digest, Revocation, ServerName, ServerVersion,
    json::{Object, Value},
    leaf::LeafType,
    revocation::RevocationScope,
};
use mcp_pin_storage::{
    Advice, Draft, DraftOutcome, RevocationSource, StateKind, Submission, SubmissionFilter, VersionStatus,
};

use super::{
    Caller, Drafted, Service, ServiceError,
    authorize::Authority,
    decision::{Deciding, to_its_end},
    drafts::check_document,
    once::Outcome,
    text,
};
use crate::authorization::{Action, Resource};

/// What a version is to become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NewStatus {
    /// To be used.
    Active,
    /// Not to be used any more.
    Deprecated,
    /// Not to be served any more.
    Deleted,
}

/// A change of status.
#[derive(Clone, Debug)]
pub struct StatusUpdate {
    /// What it is to become.
    pub status: NewStatus,
    /// Why, for those who use it.
    pub message: Option<String>,
}

/// A version whose status was changed, as it stands now.
#[derive(Clone, Debug)]
pub enum Changed {
    /// An unsigned document.
    Draft(Draft),
    /// A signed version.
    Version(Box<Submission>),
}

impl Changed {
    fn is_seen_by(&self, authority: &Authority) -> bool {
        match self {
            Self::Draft(draft) => authority.may_see_draft(draft),
            Self::Version(submission) => authority.may_see(submission),
        }
    }

    fn resource(&self) -> Resource {
        match self {
            Self::Draft(draft) => Resource::draft(draft),
            Self::Version(submission) => Resource::version(submission),
        }
    }
}

impl StatusUpdate {
    fn check(self) -> Result<Self, ServiceError> {
        let message = match &self.message {
            None => None,
            Some(_) if self.status == NewStatus::Active => {
                return Err(ServiceError::BadRequest("`statusMessage` says why a version is not `active`".to_owned()));
            }
            Some(message) => Some(text::optional("statusMessage", message)?).filter(|message| !message.is_empty()),
        };
        Ok(Self { message, ..self })
    }
}

impl Service {
    /// Changes the status of one version. Takes the right to.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] for what the caller may not see, [`ServiceError::Forbidden`],
    /// [`ServiceError::NoChange`], [`ServiceError::Revoked`] for what was deleted, [`ServiceError::WrongState`]; store
    /// errors.
    pub async fn set_status(
        &self,
        caller: &Caller,
        name: &ServerName,
        version: &ServerVersion,
        update: StatusUpdate,
    ) -> Result<Changed, ServiceError> {
        self.require_possible(caller, Action::SetStatus)?;
        let update = update.check()?;
        let (service, caller, name, version) = (self.clone(), caller.clone(), name.clone(), version.clone());
        to_its_end(async move {
            let mut deciding = service.deciding_for(&caller).await?;
            let target = deciding.version_for(&caller, Action::SetStatus, &name, &version).await?;
            let changed = deciding.change_status(&caller, target, &update).await?;
            deciding.commit().await?;
            Ok(changed)
        })
        .await
    }

    /// Changes the status of every version of a server for which it is a change, all or none.
    ///
    /// # Errors
    /// See [`Service::set_status`].
    pub async fn set_server_status(
        &self,
        caller: &Caller,
        name: &ServerName,
        update: StatusUpdate,
    ) -> Result<Vec<Changed>, ServiceError> {
        self.require_possible(caller, Action::SetStatus)?;
        let update = update.check()?;
        let (service, caller, name) = (self.clone(), caller.clone(), name.clone());
        to_its_end(async move {
            let mut deciding = service.deciding_for(&caller).await?;
            let authority = deciding.authority(&caller).await?;
            let filter = SubmissionFilter { server: Some(name.clone()), ..Default::default() };
            let mut targets: Vec<Changed> =
                deciding.tx.submissions(&filter).await?.into_iter().map(Box::new).map(Changed::Version).collect();
            targets.extend(deciding.drafts_of(&name).await?.into_iter().map(Changed::Draft));
            targets.retain(|target| target.is_seen_by(&authority));
            if targets.is_empty() {
                return Err(ServiceError::NotFound("server"));
            }
            for target in &targets {
                authority.require(Action::SetStatus, &target.resource())?;
            }
            let mut changed = Vec::new();
            for target in targets {
                // One by one: what a revocation ends may be more than its own version.
                let target = deciding.again(target).await?;
                match deciding.change_status(&caller, target, &update).await {
                    Ok(target) => changed.push(target),
                    // What cannot become this, or is this already, stays what it is.
                    Err(ServiceError::NoChange(_) | ServiceError::WrongState(_) | ServiceError::Revoked(_)) => {}
                    Err(error) => return Err(error),
                }
            }
            if changed.is_empty() {
                return Err(ServiceError::NoChange("no version can change to it"));
            }
            deciding.commit().await?;
            Ok(changed)
        })
        .await
    }

    /// Puts another document in the place of a draft. What was signed never changes.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] for what the caller may not see, [`ServiceError::NotGranted`],
    /// [`ServiceError::BadRequest`] for a document of another name or version, [`ServiceError::Document`],
    /// [`ServiceError::VersionTaken`] for another document than the signed one; store errors.
    pub async fn edit(
        &self,
        caller: &Caller,
        name: &ServerName,
        version: &ServerVersion,
        server: Object,
    ) -> Result<Changed, ServiceError> {
        self.require_possible(caller, Action::Submit)?;
        let (service, caller, name, version) = (self.clone(), caller.clone(), name.clone(), version.clone());
        to_its_end(async move {
            let mut deciding = service.deciding_for(&caller).await?;
            let target = deciding.version_for(&caller, Action::Submit, &name, &version).await?;
            for (member, expected) in [("name", name.to_string()), ("version", version.to_string())] {
                if server.get(member).and_then(Value::as_str) != Some(&expected) {
                    return Err(ServiceError::BadRequest(format!("`{member}` is not that of the address")));
                }
            }
            check_document(&server)?;
            match target {
                Changed::Version(submission)
                    if Value::Object(server.clone()).to_canonical_string() == submission.server_json =>
                {
                    Ok(Changed::Version(submission))
                }
                Changed::Version(_) => {
                    Err(ServiceError::VersionTaken { server: name.to_string(), version: version.to_string() })
                }
                Changed::Draft(_) => {
                    let drafted = deciding.take_draft(&caller, name, version, server).await?;
                    if drafted.created {
                        deciding.commit_as(Outcome::Drafted(&drafted)).await?;
                    }
                    let Drafted { draft, .. } = drafted;
                    Ok(Changed::Draft(draft))
                }
            }
        })
        .await
    }
}

impl Deciding<'_> {
    /// A version with which the caller may do something.
    async fn version_for(
        &mut self,
        caller: &Caller,
        action: Action,
        name: &ServerName,
        version: &ServerVersion,
    ) -> Result<Changed, ServiceError> {
        let authority = self.authority(caller).await?;
        let target = match self.tx.submission_of_version(name, version).await? {
            Some(submission) => Some(Changed::Version(Box::new(submission))),
            None => self.tx.open_draft(name, version).await?.map(Changed::Draft),
        };
        // What somebody may not see does not exist for them; what everybody may see is not theirs.
        let target = target.filter(|target| target.is_seen_by(&authority));
        let target = target.ok_or(ServiceError::NotFound("version"))?;
        if action == Action::Submit {
            self.check_granted(caller, name).await?;
        } else {
            authority.require(action, &target.resource())?;
        }
        Ok(target)
    }

    /// The drafts of a server that have not ended.
    async fn drafts_of(&mut self, name: &ServerName) -> Result<Vec<Draft>, ServiceError> {
        const BATCH: u32 = 200;
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let batch = self.tx.open_drafts(after.as_ref(), BATCH).await?;
            let Some(last) = batch.last() else { return Ok(found) };
            after = Some(last.id.clone());
            found.extend(batch.into_iter().filter(|draft| draft.server == *name));
        }
    }

    /// A target as it stands now.
    async fn again(&mut self, target: Changed) -> Result<Changed, ServiceError> {
        Ok(match target {
            Changed::Version(submission) => Changed::Version(Box::new(
                self.tx.submission(&submission.id).await?.ok_or(ServiceError::NotFound("version"))?,
            )),
            draft @ Changed::Draft(_) => draft,
        })
    }

    async fn change_status(
        &mut self,
        caller: &Caller,
        target: Changed,
        update: &StatusUpdate,
    ) -> Result<Changed, ServiceError> {
        let submission = match target {
            Changed::Draft(draft) => {
                if update.status != NewStatus::Deleted {
                    return Err(ServiceError::WrongState("in quarantine: no signed manifest of it has come"));
                }
                self.end_draft(&draft, DraftOutcome::Withdrawn(caller.principal.clone()), &caller.principal).await?;
                return Ok(Changed::Draft(draft));
            }
            Changed::Version(submission) => submission,
        };
        let submission = match (submission.state.kind(), update.status) {
            (StateKind::Revoked | StateKind::Rejected, NewStatus::Deleted) => {
                return Err(ServiceError::NoChange("it is `deleted` already"));
            }
            (StateKind::Revoked, _) => return Err(ServiceError::Revoked("version")),
            (StateKind::Pending, NewStatus::Deleted) => {
                let reason = update.message.as_deref().unwrap_or(WITHDRAWN);
                self.reject_by(*submission, caller.principal.as_str(), reason).await?
            }
            (_, NewStatus::Deleted) => self.delete(caller, *submission, update).await?,
            (StateKind::Live, NewStatus::Active) => self.advise(caller, *submission, Advice::Active, None).await?,
            (StateKind::Live, NewStatus::Deprecated) => {
                self.advise(caller, *submission, Advice::Deprecated, update.message.clone()).await?
            }
            (other, _) => return Err(ServiceError::WrongState(other.as_str())),
        };
        Ok(Changed::Version(Box::new(submission)))
    }

    /// Revokes a version by the order of whoever was granted its namespace.
    async fn delete(
        &mut self,
        caller: &Caller,
        submission: Submission,
        update: &StatusUpdate,
    ) -> Result<Submission, ServiceError> {
        let revocation = Revocation {
            scope: RevocationScope::Version,
            target: format!("{}@{}", submission.server, submission.version),
            reason: update.message.clone().unwrap_or_else(|| WITHDRAWN.to_owned()),
            effective: self.at,
        };
        self.revoke_here(RevocationSource::Ordered(&revocation), &caller.principal).await?;
        self.tx.submission(&submission.id).await?.ok_or(ServiceError::NotFound("version"))
    }

    /// Says something about a version beside its content.
    async fn advise(
        &mut self,
        caller: &Caller,
        submission: Submission,
        advice: Advice,
        message: Option<String>,
    ) -> Result<Submission, ServiceError> {
        let before = self.tx.version_status(&submission.id).await?;
        let (old, old_message) = before.map_or((Advice::Active, None), |before| (before.advice, before.message));
        if old == advice && old_message == message {
            return Err(ServiceError::NoChange("its status and message are these already"));
        }
        let mut leaf = self.leaf_about(LeafType::StatusChanged, caller.principal.as_str(), &submission);
        // The message itself is not for the log; its digest says which one was served.
        leaf.target = Some(match &message {
            Some(message) => format!("{} {}", advice.as_str(), Digest::of(message.as_bytes())),
            None => advice.as_str().to_owned(),
        });
        let status = VersionStatus {
            submission: submission.id.clone(),
            advice,
            message,
            changed_at: self.at,
            changed_by: caller.principal.clone(),
        };
        self.tx.set_version_status(&status).await?;
        self.log(&leaf).await?;
        Ok(submission)
    }
}

/// Why a version was ended, where its publisher gave no reason.
const WITHDRAWN: &str = "withdrawn by its publisher";
