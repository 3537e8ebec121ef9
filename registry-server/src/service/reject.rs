//! Rejections without a signed statement.

use mcp_pin_storage::{Role, Submission, SubmissionId};

use super::{Caller, Service, ServiceError, decision::to_its_end, queries::may_see, text};

impl Service {
    /// Rejects a submission that waits for consent, or for its first ring. Takes the role `admin`; or the role `approver` and a registration
    /// for the server; or the role `publisher` and to be the submission's own, which withdraws it.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`], [`ServiceError::WrongState`] unless it waits for consent; store errors.
    pub async fn reject(&self, caller: &Caller, id: &SubmissionId, reason: &str) -> Result<Submission, ServiceError> {
        caller.require(&[Role::Approver, Role::Admin, Role::Publisher])?;
        caller.require_unrestricted()?;
        let reason = text::required("reason", reason)?;
        let (service, caller, id) = (self.clone(), caller.clone(), id.clone());
        to_its_end(async move {
            let mut deciding = service.deciding_for(&caller).await?;
            let submission = deciding.tx.submission(&id).await?.filter(|found| may_see(Some(&caller), found));
            let submission = submission.ok_or(ServiceError::NotFound("submission"))?;
            let own = caller.has(Role::Publisher) && submission.publisher == caller.principal;
            let approver = caller.has(Role::Approver)
                && deciding.is_approver(&caller.principal, submission.server.namespace()).await?;
            if !caller.has(Role::Admin) && !own && !approver {
                return Err(ServiceError::NotAnApprover);
            }
            let submission = deciding.reject_by(submission, caller.principal.as_str(), &reason).await?;
            deciding.commit().await?;
            Ok(submission)
        })
        .await
    }
}
