//! One decision at a time: a transaction, the time at which it is made, and what it logs.

use std::future::Future;

use jiff::Timestamp;
use mcp_pin_model::leaf::{Leaf, LeafType};
use mcp_pin_storage::{Submission, Transaction};
use tokio::sync::MutexGuard;

use super::{
    Caller, Inner, Service, ServiceError,
    live::{Unverified, advance},
};

/// A decision that is being made. Dropping it undoes it.
pub(super) struct Deciding<'s> {
    pub(super) inner: &'s Inner,
    pub(super) tx: Box<dyn Transaction>,
    /// The one time of everything in this decision.
    pub(super) at: Timestamp,
    /// The request that this is, where it is to be done once.
    pub(super) doing: Option<super::once::Doing>,
    // Held until the live set is swapped, so that a later decision's set is never replaced by an earlier one's.
    _turn: MutexGuard<'s, ()>,
}

impl Service {
    /// Takes the turn and begins.
    pub(super) async fn deciding(&self) -> Result<Deciding<'_>, ServiceError> {
        let turn = self.inner.turn.lock().await;
        let mut tx = self.inner.store.begin().await?;
        // Another node may have decided since: what this decision changes is what is live now. A store that is behind what
        // this node has seen is decided over by nobody.
        let known = self.inner.live.load_full();
        self.inner.show(advance(&mut *tx, &known, &self.inner.settings, Unverified::Withhold).await?);
        Ok(Deciding { inner: &self.inner, tx, at: self.inner.clock.now(), doing: None, _turn: turn })
    }

    /// Like [`Service::deciding`], for somebody whose token still holds at that moment.
    ///
    /// It was checked when the head of the request came. The body can come much later, and a token that was revoked in
    /// between must not decide anything, least of all issue its own successor.
    ///
    /// What has become due by then is decided first, as the decision of its own that it is: whether it happened does not
    /// depend on what comes after, nor on a clock that is set back later.
    pub(super) async fn deciding_for(&self, caller: &Caller) -> Result<Deciding<'_>, ServiceError> {
        self.catch_up().await;
        let mut deciding = self.deciding().await?;
        if caller.token.is_none() {
            // What a certificate does, or whoever is at the machine, is written down under a name of theirs.
            deciding.tx.ensure_principal(&caller.principal, deciding.at).await?;
        }
        if !caller.still_holds(&mut *deciding.tx, deciding.at).await? {
            return Err(ServiceError::TokenEnded);
        }
        if let Some(once) = &caller.once {
            deciding.begin_once(once, &caller.principal).await?;
        }
        Ok(deciding)
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
        let before = self.inner.live.load_full();
        let next = advance(&mut *self.tx, &before, &self.inner.settings, Unverified::Refuse).await?;
        self.tx.commit().await?;
        self.inner.show(next);
        Ok(())
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
