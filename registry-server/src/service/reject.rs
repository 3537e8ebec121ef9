//! Rejections without a signed statement.

use mcp_pin_storage::{Submission, SubmissionId};

use super::{Caller, Service, ServiceError, decision::to_its_end, text};
use crate::authorization::{Action, Resource};

impl Service {
    /// Rejects a submission that waits for consent, or for its first ring. Takes the right to.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`], [`ServiceError::Forbidden`], [`ServiceError::WrongState`] unless it waits for consent; store errors.
    pub async fn reject(&self, caller: &Caller, id: &SubmissionId, reason: &str) -> Result<Submission, ServiceError> {
        let reason = text::required("reason", reason)?;
        let (service, caller, id) = (self.clone(), caller.clone(), id.clone());
        to_its_end(async move {
            let mut deciding = service.deciding_for(&caller).await?;
            let authority = deciding.authority(&caller).await?;
            let submission = deciding.tx.submission(&id).await?.filter(|found| authority.may_see(found));
            let submission = submission.ok_or(ServiceError::NotFound("submission"))?;
            authority.require(Action::Reject, &Resource::version(&submission))?;
            let submission = deciding.reject_by(submission, caller.principal.as_str(), &reason).await?;
            deciding.commit().await?;
            Ok(submission)
        })
        .await
    }
}
