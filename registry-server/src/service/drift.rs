//! What clients report: that a server declared something else than its manifest says, or could not be used.

use jiff::Timestamp;
use mcp_pin_model::{Digest, leaf::LeafType};
use mcp_pin_storage::{DriftKind, DriftReport, HaltCause, PrincipalName, Submission};

use super::{
    Caller, Service, ServiceError,
    authorize::Authority,
    decision::{Deciding, to_its_end},
    text,
};
use crate::authorization::{Action, Resource};

/// A report.
#[derive(Clone, Debug)]
pub struct NewDriftReport {
    /// The manifest that the client has.
    pub manifest: Digest,
    /// What was found.
    pub kind: DriftKind,
    /// The digest of the surface that the client saw.
    pub seen: Option<Digest>,
    /// In the client's words; at most [`super::MAX_LABEL_LENGTH`] characters.
    pub detail: String,
}

/// What became of a report.
#[derive(Clone, Debug)]
pub struct DriftReported {
    /// `false` when the same principal had reported it before, and nothing was done.
    pub created: bool,
    /// Whether a rollout was halted for it.
    pub halted: bool,
}

impl Service {
    /// Takes a client's report. Takes the right to; each principal counts once for each kind.
    ///
    /// When enough clients report it, the rollout of the version is halted. What is served stays: the client that
    /// reports has refused what it saw, and the manifest is still what people consented to.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`]; [`ServiceError::Invalid`]; store errors.
    pub async fn report_drift(&self, caller: &Caller, report: NewDriftReport) -> Result<DriftReported, ServiceError> {
        let detail = text::optional("detail", &report.detail)?;
        let (service, caller) = (self.clone(), caller.clone());
        to_its_end(async move {
            let mut deciding = service.deciding_for(&caller).await?;
            let found = deciding.tx.submission_of_manifest(&report.manifest).await?;
            // Reports are about what clients were given, so what never was live is not told apart from what is not there.
            let authority = deciding.authority(&caller).await?;
            let found = found.filter(|found| found.state.live_since().is_some() && authority.may_see(found));
            let submission = found.ok_or(ServiceError::NotFound("manifest"))?;
            authority.require(Action::ReportDrift, &Resource::server(&submission.server))?;
            let new = DriftReport {
                id: deciding.inner.new_id(deciding.at)?,
                submission: submission.id.clone(),
                principal: caller.principal.clone(),
                kind: report.kind,
                seen: report.seen,
                detail,
                at: deciding.at,
            };
            deciding.tx.ensure_principal(&caller.principal, deciding.at).await?;
            if !deciding.tx.insert_drift_report(&new).await? {
                return Ok(DriftReported { created: false, halted: false });
            }
            let mut leaf = deciding.leaf_about(LeafType::DriftReported, caller.principal.as_str(), &submission);
            leaf.target = Some(report.kind.as_str().to_owned());
            deciding.log(&leaf).await?;
            let halted = deciding.halt_if_too_many(&submission, report.kind).await?;
            deciding.commit().await?;
            metrics::counter!("mcp_pin_drift_reports_total", "kind" => report.kind.as_str()).increment(1);
            Ok(DriftReported { created: true, halted })
        })
        .await
    }

    /// What was reported about a version. Takes the right to read its rollout.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`]; store errors.
    pub async fn drift_reports(&self, caller: &Caller, manifest: &Digest) -> Result<Vec<DriftReport>, ServiceError> {
        let mut snapshot = self.inner.store.read().await?;
        let authority = Authority::of(self, &mut *snapshot, Some(caller), self.now()).await?;
        let found = snapshot.submission_of_manifest(manifest).await?.filter(|found| authority.may_see(found));
        let found = found.ok_or(ServiceError::NotFound("manifest"))?;
        authority.require(Action::ReadRollout, &Resource::server(&found.server))?;
        Ok(snapshot.drift_reports(&found.id).await?)
    }
}

impl Deciding<'_> {
    async fn halt_if_too_many(&mut self, submission: &Submission, kind: DriftKind) -> Result<bool, ServiceError> {
        let settings = &self.inner.settings;
        let (limit, cause) = match kind {
            DriftKind::Drift => (settings.drift_reports, HaltCause::Drift),
            DriftKind::Error => (settings.error_budget, HaltCause::ErrorBudget),
        };
        // What was known when somebody resumed the rollout has been decided about; the soak began anew then.
        let since: Option<Timestamp> = self.tx.rollout(&submission.id).await?.map(|rollout| rollout.since);
        let reports = self.tx.drift_reports(&submission.id).await?;
        let counted =
            reports.iter().filter(|report| report.kind == kind && since.is_none_or(|since| report.at >= since)).count();
        if u32::try_from(counted).unwrap_or(u32::MAX) < limit.get() {
            return Ok(false);
        }
        let what = format!("{counted} clients reported it");
        self.halt(submission, cause, PrincipalName::REGISTRY, &what).await
    }
}
