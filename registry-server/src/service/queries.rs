//! What callers may read. What they may not is not told apart from what does not exist.

use std::collections::BTreeMap;

use mcp_pin_model::Digest;
use mcp_pin_storage::{Snapshot, StateKind, Submission, SubmissionFilter, SubmissionId};

use super::{
    Caller, ConsentView, Counts, Document, EventFilter, EventPage, MAX_PAGE, Service, ServiceError, SubmissionPage,
    authorize::Authority, leaf,
};
use crate::authorization::{Action, Resource};

/// How many submissions are read at once while looking for those that a caller may see.
const BATCH: u32 = 200;

/// How many times [`MAX_PAGE`] events are read at most while looking for those that a filter wants.
const MAX_FILTERED_BATCHES: u32 = 10;

impl Service {
    /// The submissions that the caller may see, oldest first, after one, at most `limit` (and [`MAX_PAGE`]).
    ///
    /// # Errors
    /// Store errors.
    pub async fn submissions(
        &self,
        caller: &Caller,
        state: Option<StateKind>,
        after: Option<SubmissionId>,
        limit: u32,
    ) -> Result<SubmissionPage, ServiceError> {
        let limit = usize::try_from(limit.clamp(1, MAX_PAGE)).unwrap_or(usize::MAX);
        let mut snapshot = self.inner.store.read().await?;
        let authority = Authority::of(self, &mut *snapshot, Some(caller), self.now()).await?;
        let mut filter = SubmissionFilter { state, after, limit: Some(BATCH), ..SubmissionFilter::default() };
        let mut submissions = Vec::new();
        // One more than asked for says whether there are more.
        while submissions.len() <= limit {
            let batch = snapshot.submissions(&filter).await?;
            let Some(last) = batch.last() else { break };
            filter.after = Some(last.id.clone());
            submissions.extend(batch.into_iter().filter(|submission| authority.may_see(submission)));
        }
        let more = submissions.len() > limit;
        submissions.truncate(limit);
        Ok(SubmissionPage { submissions, more })
    }

    /// One submission.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`]; store errors.
    pub async fn submission(&self, caller: &Caller, id: &SubmissionId) -> Result<Submission, ServiceError> {
        let mut snapshot = self.inner.store.read().await?;
        let authority = Authority::of(self, &mut *snapshot, Some(caller), self.now()).await?;
        let found = snapshot.submission(id).await?;
        found.filter(|found| authority.may_see(found)).ok_or(ServiceError::NotFound("submission"))
    }

    /// The canonical bytes of the change report that consents to a submission are asked for.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`]; store errors.
    pub async fn submission_changes(&self, caller: &Caller, id: &SubmissionId) -> Result<Document, ServiceError> {
        let mut snapshot = self.inner.store.read().await?;
        let authority = Authority::of(self, &mut *snapshot, Some(caller), self.now()).await?;
        let found = snapshot.submission(id).await?.filter(|found| authority.may_see(found));
        changes(&mut *snapshot, &found.ok_or(ServiceError::NotFound("submission"))?).await
    }

    /// A manifest's bundle, by the digest of its payload: for everybody once it was live.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`]; store errors.
    pub async fn manifest(&self, caller: Option<&Caller>, manifest: &Digest) -> Result<Document, ServiceError> {
        let mut snapshot = self.inner.store.read().await?;
        let submission = self.visible(&mut *snapshot, caller, manifest).await?;
        let bytes = snapshot.attestation(&submission.attestation).await?;
        let bytes = bytes.ok_or_else(|| ServiceError::Unsound(format!("the bundle of {manifest} is missing")))?;
        Ok(Document { digest: *manifest, bytes })
    }

    /// The evidence that came with a manifest, in the order in which it came. Visible like the manifest.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`]; store errors.
    pub async fn manifest_evidence(
        &self,
        caller: Option<&Caller>,
        manifest: &Digest,
    ) -> Result<Vec<Document>, ServiceError> {
        let mut snapshot = self.inner.store.read().await?;
        let submission = self.visible(&mut *snapshot, caller, manifest).await?;
        let evidence = snapshot.evidence(&submission.id).await?;
        Ok(evidence.into_iter().map(|(digest, bytes)| Document { digest, bytes }).collect())
    }

    /// The consents about a manifest, with their bundles, in the order in which they came. Visible like the manifest.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`]; store errors.
    pub async fn manifest_consents(
        &self,
        caller: Option<&Caller>,
        manifest: &Digest,
    ) -> Result<Vec<ConsentView>, ServiceError> {
        let mut snapshot = self.inner.store.read().await?;
        self.visible(&mut *snapshot, caller, manifest).await?;
        let mut views = Vec::new();
        for record in snapshot.consents(manifest).await? {
            let bundle = snapshot.attestation(&record.attestation).await?;
            let bundle =
                bundle.ok_or_else(|| ServiceError::Unsound(format!("consent {} is missing", record.digest)))?;
            views.push(ConsentView { record, bundle });
        }
        Ok(views)
    }

    /// A manifest's change report: the one that consents to it are asked for or, where it is named by its digest, one that
    /// they were asked for before something else came to be replaced. Visible like the manifest.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`]; store errors.
    pub async fn manifest_changes(
        &self,
        caller: Option<&Caller>,
        manifest: &Digest,
        report: Option<Digest>,
    ) -> Result<Document, ServiceError> {
        let mut snapshot = self.inner.store.read().await?;
        let submission = self.visible(&mut *snapshot, caller, manifest).await?;
        if let Some(digest) = report.filter(|digest| *digest != submission.review.changes) {
            let bytes = snapshot.change_report(&digest).await?.ok_or(ServiceError::NotFound("change report"))?;
            let unsound = |error| ServiceError::Unsound(format!("the change report {digest}: {error}"));
            let found = mcp_pin_diff::ChangeReport::parse(&bytes).map_err(unsound)?;
            // Reports of other manifests are none of this one's, and may be nobody's to read.
            return if found.to().manifest == Some(*manifest) {
                Ok(Document { digest, bytes })
            } else {
                Err(ServiceError::NotFound("change report"))
            };
        }
        changes(&mut *snapshot, &submission).await
    }

    /// That a caller may read events, at this moment.
    ///
    /// # Errors
    /// See [`Service::events`].
    pub async fn check_reads_events(&self, caller: &Caller) -> Result<(), ServiceError> {
        let end = self.live().sequence;
        self.events(caller, end, 1, &EventFilter::default()).await.map(drop)
    }

    /// The events after `after` (0 for the first) that a filter wants, at most `limit` (and [`MAX_PAGE`]). Takes the right
    /// to, at that moment: who follows the log for days is asked again each time.
    ///
    /// A filter that wants little does not search for long: [`EventPage::seen`] says how far it came.
    ///
    /// # Errors
    /// [`ServiceError::TokenEnded`], [`ServiceError::Forbidden`]; store errors.
    pub async fn events(
        &self,
        caller: &Caller,
        after: u64,
        limit: u32,
        filter: &EventFilter,
    ) -> Result<EventPage, ServiceError> {
        let now = self.inner.clock.now();
        let mut snapshot = self.inner.store.read().await?;
        if !caller.still_holds(&mut *snapshot, now).await? {
            return Err(ServiceError::TokenEnded);
        }
        let authority = Authority::of(self, &mut *snapshot, Some(caller), now).await?;
        authority.require(Action::ReadEvents, &Resource::registry())?;
        let last = snapshot.last_event().await?;
        let limit = limit.clamp(1, MAX_PAGE);
        let mut page = EventPage { events: Vec::new(), last, seen: after };
        if filter.is_empty() {
            page.events = snapshot.events(after, limit).await?;
            page.seen = page.events.last().map_or(after, |event| event.sequence);
            return Ok(page);
        }
        for _ in 0..MAX_FILTERED_BATCHES {
            let batch = snapshot.events(page.seen, MAX_PAGE).await?;
            for event in batch {
                page.seen = event.sequence;
                if filter.matches(&leaf(&event)?) {
                    page.events.push(event);
                    if page.events.len() >= usize::try_from(limit).unwrap_or(usize::MAX) {
                        return Ok(page);
                    }
                }
            }
            if page.seen >= last {
                break;
            }
        }
        Ok(page)
    }

    /// How much there is.
    ///
    /// # Errors
    /// Store errors.
    pub async fn counts(&self) -> Result<Counts, ServiceError> {
        let mut snapshot = self.inner.store.read().await?;
        let mut submissions: BTreeMap<StateKind, u64> = StateKind::ALL.into_iter().map(|kind| (kind, 0)).collect();
        submissions.extend(snapshot.submission_counts().await?);
        Ok(Counts { submissions, last_event: snapshot.last_event().await? })
    }

    async fn visible(
        &self,
        snapshot: &mut (dyn Snapshot + '_),
        caller: Option<&Caller>,
        manifest: &Digest,
    ) -> Result<Submission, ServiceError> {
        let authority = Authority::of(self, snapshot, caller, self.now()).await?;
        let found = snapshot.submission_of_manifest(manifest).await?;
        found.filter(|found| authority.may_see(found)).ok_or(ServiceError::NotFound("manifest"))
    }
}

async fn changes(snapshot: &mut (dyn Snapshot + '_), submission: &Submission) -> Result<Document, ServiceError> {
    let digest = submission.review.changes;
    let bytes = snapshot.change_report(&digest).await?;
    let bytes = bytes.ok_or_else(|| ServiceError::Unsound(format!("the change report {digest} is missing")))?;
    Ok(Document { digest, bytes })
}
