//! Who sees what: whatever may not be seen does not exist.

use mcp_pin_model::Digest;
use mcp_pin_test_support::keys::{manifest, tool};

use super::harness::{SERVER, TestRegistry};
use crate::service::{Caller, EventFilter, Role, ServiceError, StateKind, Submission};

const PLAIN: &str = "Gives the forecast of a city.";

/// Whether a caller sees a submission, by every way there is; they must agree.
async fn sees(registry: &TestRegistry, caller: Option<&Caller>, submission: &Submission) -> bool {
    let service = &registry.service;
    let mut answers = vec![
        service.manifest(caller, &submission.manifest).await.map(drop),
        service.manifest_consents(caller, &submission.manifest).await.map(drop),
        service.manifest_changes(caller, &submission.manifest, None).await.map(drop),
    ];
    if let Some(caller) = caller {
        answers.push(service.submission(caller, &submission.id).await.map(drop));
        answers.push(service.submission_changes(caller, &submission.id).await.map(drop));
        let page = service.submissions(caller, None, None, 100).await.unwrap();
        let listed = page.submissions.iter().any(|listed| listed.id == submission.id);
        answers.push(if listed { Ok(()) } else { Err(ServiceError::NotFound("submission")) });
    }
    let seen = answers.first().is_some_and(Result::is_ok);
    for answer in answers {
        match answer {
            Ok(()) => assert!(seen),
            Err(ServiceError::NotFound(_)) => assert!(!seen),
            Err(other) => panic!("{other}"),
        }
    }
    seen
}

#[tokio::test]
async fn t87_what_was_never_live_is_seen_by_those_it_concerns_only() {
    let mut registry = TestRegistry::staffed().await;
    registry.publisher("other", "io.other").await;
    let reader = registry.token("reader", [Role::Reader]).await;
    let first = registry.publish("1.0.0", PLAIN).await;
    let second = registry.publish("1.1.0", "Gives the forecast of a town.").await;
    let pending = registry.submit("1.2.0", "Gives the forecast of a village.").await;
    let rejected = registry.submit("1.3.0", "Gives the forecast of a hamlet.").await;
    registry.service.reject(&registry.admin, &rejected.id, "no").await.unwrap();

    let (own, other, approver) = (registry.caller("acme"), registry.caller("other"), registry.caller("bob"));
    for (submission, anonymous, token, owner) in [
        (&second, true, true, true),
        (&first, true, true, true),
        (&pending, false, false, true),
        (&rejected, false, false, true),
    ] {
        let version = &submission.version;
        assert_eq!(sees(&registry, None, submission).await, anonymous, "anybody, {version}");
        assert_eq!(sees(&registry, Some(&reader), submission).await, token, "a reader, {version}");
        assert_eq!(sees(&registry, Some(other), submission).await, token, "another publisher, {version}");
        assert_eq!(sees(&registry, Some(own), submission).await, owner, "its publisher, {version}");
        assert!(sees(&registry, Some(approver), submission).await, "an approver, {version}");
        assert!(sees(&registry, Some(&registry.admin), submission).await, "the administrator, {version}");
    }
    let unknown = registry.service.manifest(Some(&registry.admin), &Digest::of(b"unknown")).await;
    assert!(matches!(unknown, Err(ServiceError::NotFound("manifest"))));
}

#[tokio::test]
async fn what_is_handed_out_is_what_was_handed_in() {
    let registry = TestRegistry::staffed().await;
    let bundle = registry.person("acme").sign(&manifest(SERVER, "1.0.0", [tool("forecast", PLAIN)], None));
    let submitted = registry.service.submit(registry.caller("acme"), bundle.as_bytes().to_vec()).await.unwrap();
    let consent = registry.person("alice").sign(&registry.approval_of(&submitted.submission).await);
    registry.service.consent(registry.caller("alice"), consent.as_bytes().to_vec()).await.unwrap();
    let manifest = submitted.submission.manifest;
    assert_eq!(registry.service.manifest(None, &manifest).await.unwrap().bytes, bundle.as_bytes());
    let consents = registry.service.manifest_consents(None, &manifest).await.unwrap();
    assert_eq!(consents.len(), 1);
    assert_eq!(consents[0].bundle, consent.as_bytes());
    let changes = registry.service.manifest_changes(None, &manifest, None).await.unwrap();
    assert_eq!(Digest::of(&changes.bytes), submitted.submission.review.changes);
}

#[tokio::test]
async fn pages_are_bounded_and_complete() {
    let registry = TestRegistry::staffed().await;
    for minor in 0..5 {
        registry.clock.advance(jiff::SignedDuration::from_secs(1));
        registry.submit(&format!("1.{minor}.0"), PLAIN).await;
    }
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let page =
            registry.service.submissions(registry.caller("acme"), Some(StateKind::Pending), after, 2).await.unwrap();
        seen.extend(page.submissions.iter().map(|submission| submission.version.to_string()));
        after = page.submissions.last().map(|last| last.id.clone());
        if !page.more {
            break;
        }
    }
    assert_eq!(seen, ["1.0.0", "1.1.0", "1.2.0", "1.3.0", "1.4.0"]);

    let events = registry.service.events(&registry.admin, 0, 3, &EventFilter::default()).await.unwrap();
    assert_eq!(events.events.iter().map(|event| event.sequence).collect::<Vec<_>>(), [1, 2, 3]);
    let rest = registry.service.events(&registry.admin, 3, 1_000, &EventFilter::default()).await.unwrap();
    assert_eq!(rest.events.len() as u64 + 3, rest.last);
    assert!(
        registry
            .service
            .events(&registry.admin, rest.last, 10, &EventFilter::default())
            .await
            .unwrap()
            .events
            .is_empty()
    );
}
