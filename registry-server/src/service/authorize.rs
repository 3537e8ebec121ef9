//! The one place that asks the policies. Nothing else in here decides who may do what, and no handler does.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use jiff::Timestamp;
use mcp_pin_model::{
    Ring,
    leaf::{Leaf, LeafType},
};
use mcp_pin_storage::{Draft, Snapshot, Submission};

use super::{
    Caller, Service, ServiceError,
    decision::{Deciding, to_its_end},
};
use crate::authorization::{Action, Answer, Person, Policies, Resource, Subject};

/// Somebody, the policies in force, and a time: for several questions about one request.
pub(super) struct Authority {
    policies: Arc<Policies>,
    subject: Subject,
    at: Timestamp,
}

impl Authority {
    /// Reads what policies may ask about somebody.
    pub(super) async fn of(
        service: &Service,
        snapshot: &mut (dyn Snapshot + '_),
        caller: Option<&Caller>,
        at: Timestamp,
    ) -> Result<Self, ServiceError> {
        let subject = match caller {
            None => Subject::ANYONE,
            Some(caller) => person(snapshot, caller).await?.into(),
        };
        Ok(Self { policies: service.inner.policies.load_full(), subject, at })
    }

    /// Whether it is permitted.
    pub(super) fn allows(&self, action: Action, resource: &Resource) -> bool {
        self.answer(action, resource).allowed
    }

    fn answer(&self, action: Action, resource: &Resource) -> Answer {
        ask(&self.policies, &self.subject, action, resource, self.at)
    }

    /// Refuses what is not permitted. A version that somebody may not even see does not exist for them.
    pub(super) fn require(&self, action: Action, resource: &Resource) -> Result<(), ServiceError> {
        let answer = self.answer(action, resource);
        let target = resource.name();
        // What somebody reads is in the log of requests; what they do, and what they try to do, is in the audit log.
        if answer.allowed {
            if !action.is_read() {
                tracing::info!(
                    target: AUDIT, principal = self.subject.name(), authorization.action = %action,
                    authorization.resource = ?target, authorization.decision = "allow",
                    authorization.policies = ?answer.policies, "permitted"
                );
            }
            return Ok(());
        }
        tracing::warn!(
            target: AUDIT, principal = self.subject.name(), authorization.action = %action,
            authorization.resource = ?target, authorization.decision = "deny",
            authorization.policies = ?answer.policies, "denied"
        );
        metrics::counter!("mcp_pin_authorization_denied_total", "action" => action.as_str()).increment(1);
        if resource.is_hidden_from_strangers() && !self.allows(Action::ReadPending, resource) {
            return Err(ServiceError::NotFound("submission"));
        }
        Err(ServiceError::Forbidden { action, policies: answer.policies })
    }

    /// Whether somebody may see an unsigned document.
    pub(super) fn may_see_draft(&self, draft: &Draft) -> bool {
        matches!(self.subject, Subject::Person(_)) && self.allows(Action::ReadPending, &Resource::draft(draft))
    }

    /// Whether somebody may see a submission.
    pub(super) fn may_see(&self, submission: &Submission) -> bool {
        // What was live once was public then, and stays readable: a client that locks a later version for the first time
        // checks its consents against the change from this one. Being readable is not being served: only what is live is.
        let public =
            submission.state.live_since().is_some() && self.allows(Action::ReadCatalogue, &Resource::registry());
        public
            || matches!(self.subject, Subject::Person(_))
                && self.allows(Action::ReadPending, &Resource::version(submission))
    }
}

/// An answer that holds for a second: the second and the answer in one number, 0 for none.
#[derive(Debug, Default)]
pub(super) struct OpenCache(AtomicI64);

impl OpenCache {
    fn get(&self, second: i64, ask: impl FnOnce() -> bool) -> bool {
        let kept = self.0.load(Ordering::Acquire);
        if kept != 0 && kept >> 1 == second {
            return kept & 1 == 1;
        }
        let answer = ask();
        self.0.store(second << 1 | i64::from(answer), Ordering::Release);
        answer
    }

    fn forget(&self) {
        self.0.store(0, Ordering::Release);
    }
}

/// Where the audit log is, for filters: `mcp_pin_registry::audit`.
const AUDIT: &str = "mcp_pin_registry::audit";

fn ask(policies: &Policies, subject: &Subject, action: Action, resource: &Resource, at: Timestamp) -> Answer {
    policies.ask(subject, action, resource, at).unwrap_or_else(|error| {
        tracing::error!(error.message = %error, authorization.action = %action, "a question was not answered");
        Answer { allowed: false, policies: BTreeSet::new() }
    })
}

async fn person(snapshot: &mut (dyn Snapshot + '_), caller: &Caller) -> Result<Person, ServiceError> {
    let grants = snapshot.grants(None).await?.into_iter().filter(|grant| grant.principal == caller.principal);
    let approvers = snapshot.approvers().await?.into_iter();
    let approvers =
        approvers.filter(|approver| approver.principal == caller.principal && approver.withdrawn_at.is_none());
    let revoked = super::signers::RevokedSigners::read(snapshot).await?;
    Ok(Person {
        name: caller.principal.clone(),
        roles: caller.roles.clone(),
        groups: caller.groups.clone(),
        method: caller.method,
        authenticated_at: caller.authenticated_at,
        namespaces: caller.namespaces.clone(),
        actions: caller.actions.clone(),
        granted: grants
            .filter(|grant| !revoked.cover_credential(&grant.credential))
            .map(|grant| grant.namespace)
            .collect(),
        approves: approvers
            .filter(|approver| !revoked.cover_credential(&approver.credential))
            .map(|approver| approver.scope.to_string())
            .collect(),
    })
}

impl Service {
    /// Asks the policies whether somebody may do something, as things stand now. Decisions ask inside their transaction
    /// instead: `Deciding::authorize`.
    ///
    /// # Errors
    /// [`ServiceError::Forbidden`]; [`ServiceError::NotFound`] where what it is about does not exist for them; store errors.
    pub async fn authorize(&self, caller: &Caller, action: Action, resource: &Resource) -> Result<(), ServiceError> {
        let mut snapshot = self.inner.store.read().await?;
        Authority::of(self, &mut *snapshot, Some(caller), self.now()).await?.require(action, resource)
    }

    /// Says no before the work that it takes to know on what: to somebody whom no policy permits the action on anything.
    ///
    /// # Errors
    /// [`ServiceError::Forbidden`].
    pub(super) fn require_possible(&self, caller: &Caller, action: Action) -> Result<(), ServiceError> {
        let subject = Subject::from(Person {
            name: caller.principal.clone(),
            roles: caller.roles.clone(),
            groups: caller.groups.clone(),
            method: caller.method,
            authenticated_at: caller.authenticated_at,
            namespaces: caller.namespaces.clone(),
            actions: caller.actions.clone(),
            granted: BTreeSet::new(),
            approves: BTreeSet::new(),
        });
        if self.inner.policies.load().could(&subject, action) {
            Ok(())
        } else {
            Err(ServiceError::Forbidden { action, policies: BTreeSet::new() })
        }
    }

    /// Whether what is live is read without a token. Every read asks, so the policies are asked once a second.
    #[must_use]
    pub fn is_open(&self) -> bool {
        let now = self.now();
        self.inner.open.get(now.as_second(), || {
            let policies = self.inner.policies.load();
            ask(&policies, &Subject::ANYONE, Action::ReadCatalogue, &Resource::registry(), now).allowed
        })
    }

    /// The policies in force.
    ///
    /// # Errors
    /// [`ServiceError::Forbidden`]; store errors.
    pub async fn policies(&self, caller: &Caller) -> Result<Arc<Policies>, ServiceError> {
        self.authorize(caller, Action::ReadPolicies, &Resource::registry()).await?;
        Ok(self.inner.policies.load_full())
    }

    /// Puts other policies in force, for somebody who may. They were checked when they were made.
    ///
    /// # Errors
    /// [`ServiceError::Forbidden`]; store errors, and the ones before stay in force.
    pub async fn replace_policies(&self, caller: &Caller, policies: Policies) -> Result<(), ServiceError> {
        let (service, caller) = (self.clone(), caller.clone());
        to_its_end(async move {
            let mut deciding = service.deciding_for(&caller).await?;
            deciding.authorize(&caller, Action::ManagePolicies, &Resource::registry()).await?;
            deciding.replace_policies(caller.principal.as_str(), policies).await
        })
        .await
    }

    /// Puts other policies in force, for whoever runs the process: at its start, and on a signal.
    ///
    /// # Errors
    /// Store errors, and the ones before stay in force.
    pub async fn adopt_policies(&self, policies: Policies) -> Result<(), ServiceError> {
        let service = self.clone();
        to_its_end(async move {
            let deciding = service.deciding().await?;
            deciding.replace_policies(mcp_pin_storage::PrincipalName::REGISTRY, policies).await
        })
        .await
    }
}

impl Deciding<'_> {
    /// Asks the policies inside the decision. Call it before anything is written, and before it can be told from the
    /// answer whether what is asked about exists.
    pub(super) async fn authorize(
        &mut self,
        caller: &Caller,
        action: Action,
        resource: &Resource,
    ) -> Result<(), ServiceError> {
        self.authority(caller).await?.require(action, resource)
    }

    /// For several questions in one decision.
    pub(super) async fn authority(&mut self, caller: &Caller) -> Result<Authority, ServiceError> {
        let subject = person(&mut *self.tx, caller).await?.into();
        Ok(Authority { policies: self.inner.policies.load_full(), subject, at: self.at })
    }

    /// Admission: the policies that keep a version with every consent it needs from going live in a ring now; none when
    /// it may.
    pub(super) fn held_by(&self, submission: &Submission, ring: &Ring) -> Option<BTreeSet<String>> {
        let resource = Resource::version(submission).in_ring(ring);
        let answer = ask(&self.inner.policies.load(), &Subject::System, Action::GoLive, &resource, self.at);
        if answer.allowed {
            return None;
        }
        tracing::warn!(
            target: AUDIT, principal = Subject::System.name(), authorization.action = %Action::GoLive,
            authorization.resource = ?resource.name(), authorization.decision = "deny",
            authorization.policies = ?answer.policies, "a version is kept from going live"
        );
        Some(answer.policies)
    }

    async fn replace_policies(mut self, actor: &str, policies: Policies) -> Result<(), ServiceError> {
        let digest = policies.digest().to_string();
        let known = self.tx.last_policy_change().await?;
        // A registry that never had others than those of its program says nothing about them.
        let usual = known.is_none() && digest == Policies::default().digest().to_string();
        if !usual && known.as_deref() != Some(&digest) {
            let mut leaf = Leaf::new(LeafType::PolicyChanged, self.at, actor);
            leaf.target = Some(digest.clone());
            self.tx.note_policy_change(&digest, self.at).await?;
            self.log(&leaf).await?;
        }
        let inner = self.inner;
        self.commit().await?;
        inner.policies.store(Arc::new(policies));
        inner.open.forget();
        // What the policies before held back may go on now, with the next look at what is due.
        inner.waiting.forget();
        tracing::info!(target: AUDIT, principal = actor, authorization.digest = %digest, "policies are in force");
        Ok(())
    }
}
