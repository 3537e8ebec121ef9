//! One decision at a time: a transaction, the time at which it is made, and what it logs.

use std::{future::Future, sync::Arc};

use jiff::Timestamp;
use mcp_pin_model::{
    ServerName,
    leaf::{Leaf, LeafType},
};
use mcp_pin_storage::{StateKind, Submission, Transaction};
use tokio::sync::MutexGuard;

use super::{Caller, Inner, LiveSet, Service, ServiceError, live};

/// A decision that is being made. Dropping it undoes it.
pub(super) struct Deciding<'s> {
    pub(super) inner: &'s Inner,
    pub(super) tx: Box<dyn Transaction>,
    /// The one time of everything in this decision.
    pub(super) at: Timestamp,
    // Held until the live set is swapped, so that a later decision's set is never replaced by an earlier one's.
    _turn: MutexGuard<'s, ()>,
}

impl Service {
    /// Takes the turn and begins.
    pub(super) async fn deciding(&self) -> Result<Deciding<'_>, ServiceError> {
        let turn = self.inner.turn.lock().await;
        let tx = self.inner.store.begin().await?;
        Ok(Deciding { inner: &self.inner, tx, at: self.inner.clock.now(), _turn: turn })
    }

    /// Like [`Service::deciding`], for somebody whose token still holds at that moment.
    ///
    /// It was checked when the head of the request came. The body can come much later, and a token that was revoked in
    /// between must not decide anything, least of all issue its own successor.
    pub(super) async fn deciding_for(&self, caller: &Caller) -> Result<Deciding<'_>, ServiceError> {
        let mut deciding = self.deciding().await?;
        let token = deciding.tx.token(&caller.token).await?;
        if token.is_some_and(|token| token.is_valid_at(deciding.at)) {
            Ok(deciding)
        } else {
            Err(ServiceError::TokenEnded)
        }
    }
}

impl Deciding<'_> {
    /// Appends an event.
    pub(super) async fn log(&mut self, leaf: &Leaf) -> Result<(), ServiceError> {
        self.tx.append_event(leaf).await?;
        Ok(())
    }

    /// A leaf about a submission.
    pub(super) fn leaf_about(&self, kind: LeafType, actor: &str, submission: &Submission) -> Leaf {
        let mut leaf = Leaf::new(kind, self.at, actor);
        leaf.server = Some(submission.server.clone());
        leaf.version = Some(submission.version.clone());
        leaf.manifest = Some(submission.manifest);
        leaf.attestation = Some(submission.attestation);
        leaf
    }

    /// Makes the decision durable, then visible.
    pub(super) async fn commit(mut self) -> Result<(), ServiceError> {
        // Read inside the transaction: after the commit nothing can fail any more that would leave readers behind.
        let next: LiveSet = live::read(&mut *self.tx).await?;
        self.tx.commit().await?;
        self.inner.live.store(Arc::new(next));
        Ok(())
    }

    /// The submissions of a server that wait for consent.
    pub(super) async fn pending_of(&mut self, server: &ServerName) -> Result<Vec<Submission>, ServiceError> {
        let filter = mcp_pin_storage::SubmissionFilter {
            state: Some(StateKind::Pending),
            server: Some(server.clone()),
            ..Default::default()
        };
        Ok(self.tx.submissions(&filter).await?)
    }
}

/// Runs a decision to its end, whatever becomes of the caller: a decision that is cut off between its commit and the
/// swap of the live set would be durable without being visible.
pub(super) async fn to_its_end<T: Send + 'static>(
    decision: impl Future<Output = Result<T, ServiceError>> + Send + 'static,
) -> Result<T, ServiceError> {
    match tokio::spawn(decision).await {
        Ok(result) => result,
        Err(error) => Err(ServiceError::Internal(format!("a decision ended early: {error}"))),
    }
}
