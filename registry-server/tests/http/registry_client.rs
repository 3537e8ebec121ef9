//! The typed client against a server that listens.

use mcp_pin_model::{Digest, consent::Decision, revocation::RevocationScope, statement::Statement as _};
use mcp_pin_registry_client::{
    CatalogueQuery, ClientError, ClientOptions, NewCredential, NewToken, RefusalKind, RegistryClient, SubmissionState,
};
use mcp_pin_test_support::keys::{self, Person};

use crate::support::{NAMESPACE, TestRegistry, WEATHER, weather};

fn client(address: &str, token: Option<&str>) -> RegistryClient {
    RegistryClient::new(address, token.map(|token| token.parse().unwrap()), &ClientOptions::default()).unwrap()
}

async fn somebody(admin: &RegistryClient, address: &str, principal: &str, role: &str) -> RegistryClient {
    let token = NewToken {
        principal: principal.to_owned(),
        roles: vec![role.to_owned()],
        label: "test".to_owned(),
        expires_at: None,
    };
    let issued = admin.issue_token(&token).await.unwrap();
    assert_eq!(issued.record.principal, principal);
    RegistryClient::new(address, Some(issued.secret), &ClientOptions::default()).unwrap()
}

fn key_of(person: &Person) -> NewCredential {
    NewCredential::Key { public_key: person.public_key().to_spki_pem() }
}

#[tokio::test]
async fn the_whole_life_of_a_version() {
    let mut registry = TestRegistry::new().await;
    let address = registry.listen();
    let admin = client(&address, Some(&registry.admin_token));
    let public = client(&address, None);
    let name = WEATHER.parse().unwrap();

    let about = public.well_known().await.unwrap();
    assert_eq!((about.kind.as_str(), about.ring.as_str()), ("urn:mcp-pin:registry:v1", "stable"));
    assert_eq!(admin.whoami().await.unwrap().roles, ["admin"]);

    // People.
    let paula = Person::new("paula");
    let publisher = somebody(&admin, &address, "paula", "publisher").await;
    let grant = admin.grant(NAMESPACE, "paula", &key_of(&paula)).await.unwrap();
    assert_eq!(admin.grants(NAMESPACE).await.unwrap(), std::slice::from_ref(&grant));
    let mut approvers = Vec::new();
    for principal in ["ann", "ben"] {
        let person = Person::new(principal);
        admin.add_approver(principal, &key_of(&person), "*").await.unwrap();
        approvers.push((person, somebody(&admin, &address, principal, "approver").await));
    }
    assert_eq!(admin.approvers().await.unwrap().len(), 2);

    // Submitted.
    let manifest = weather("1.0.0", "Forecasts the weather.", None);
    let mut submission = publisher.submit(&paula.sign(&manifest)).await.unwrap();
    assert_eq!((submission.state, submission.manifest), (SubmissionState::Pending, manifest.digest()));
    assert!(matches!(public.latest(&name).await, Err(ClientError::NotFound { .. })));
    assert!(matches!(public.manifest(&submission.manifest).await, Err(ClientError::NotFound { .. })));
    let error = public.submissions(None, None).await.unwrap_err();
    assert!(matches!(&error, ClientError::Refused { kind: RefusalKind::Unauthorized, .. }), "{error:?}");
    assert!(error.is_could_not_check());
    let waiting = approvers[0].1.submissions(Some(SubmissionState::Pending), None).await.unwrap();
    assert_eq!((waiting.submissions, waiting.next), (vec![submission.clone()], None));

    // Consented.
    let mut given = 0;
    for (person, client) in &approvers {
        if submission.state == SubmissionState::Live {
            break;
        }
        let report = client.submission_changes(&submission).await.unwrap();
        let value = mcp_pin_model::json::parse(&report).unwrap();
        let findings = value.get("findings").and_then(|findings| findings.as_array()).unwrap();
        let fingerprints =
            findings.iter().map(|finding| finding.get("fingerprint").unwrap().as_str().unwrap().to_owned());
        let consent = keys::approval(&manifest, submission.replaces, submission.changes, fingerprints);
        let outcome = client.consent(&person.sign(&consent)).await.unwrap();
        assert_eq!(outcome.consent, consent.digest());
        submission = outcome.submission;
        given += 1;
    }
    assert_eq!(submission.state, SubmissionState::Live);

    // Read by everybody.
    let entry = public.latest(&name).await.unwrap();
    assert_eq!((entry.manifest, entry.is_latest), (Some(manifest.digest()), true));
    assert_eq!(public.version(&name, &"1.0.0".parse().unwrap()).await.unwrap().server, manifest.server);
    assert_eq!(public.versions(&name).await.unwrap().len(), 1);
    let names = [(name.clone(), None), ("io.github.acme/none".parse().unwrap(), None)];
    let resolved = public.resolve(&names).await.unwrap();
    assert_eq!(resolved[0].as_ref().unwrap().manifest, manifest.digest());
    assert_eq!(resolved[1], None);
    let page = public.list(&CatalogueQuery { search: Some("weather".to_owned()), ..Default::default() }).await.unwrap();
    assert_eq!((page.entries.len(), page.next), (1, None));
    let attestation = public.manifest(&manifest.digest()).await.unwrap();
    let verified =
        mcp_pin_attest::verify_with_keys_only::<mcp_pin_model::Manifest>(&attestation, &keys::trust([&paula]));
    assert_eq!(verified.unwrap().digest(), manifest.digest());
    let consents = public.consents(&manifest.digest()).await.unwrap();
    assert_eq!(consents.len(), given);
    assert!(consents.iter().all(|consent| consent.decision == Decision::Approve));
    let report = public.changes(&manifest.digest(), &submission.changes).await.unwrap();
    assert_eq!(Digest::of(&report), submission.changes);

    // Revoked.
    let revocation = admin
        .order_revocation(RevocationScope::Manifest, &manifest.digest().to_string(), "key was stolen")
        .await
        .unwrap();
    assert_eq!(admin.revocations().await.unwrap(), [revocation]);
    assert!(matches!(public.latest(&name).await, Err(ClientError::NotFound { .. })));
    assert_eq!(admin.submission(&submission.id).await.unwrap().state, SubmissionState::Revoked);

    // Withdrawn.
    admin.withdraw_grant(NAMESPACE, &grant.id).await.unwrap();
    assert!(admin.grants(NAMESPACE).await.unwrap().is_empty());
    let approver = &admin.approvers().await.unwrap()[0];
    admin.withdraw_approver(&approver.id).await.unwrap();
    assert_eq!(admin.approvers().await.unwrap().len(), 1);
    for token in admin.tokens().await.unwrap() {
        if token.principal == "paula" {
            admin.revoke_token(&token.id).await.unwrap();
        }
    }
    assert!(publisher.whoami().await.is_err());
    let events = admin.events(0, 1000).await.unwrap();
    assert_eq!(events.events.len() as u64, events.last);
}

#[tokio::test]
async fn refusals_say_why() {
    let mut registry = TestRegistry::new().await;
    let address = registry.listen();
    let admin = client(&address, Some(&registry.admin_token));
    let error = admin.submit(&Person::new("mallory").sign(&weather("1.0.0", "", None))).await.unwrap_err();
    assert!(matches!(&error, ClientError::Refused { code: Some(_), .. }), "{error:?}");
    assert!(!error.is_could_not_check());
    let error = admin.reject("01JGFJJZ00AAAAAAAAAAAAAAAA", "no").await.unwrap_err();
    assert!(matches!(error, ClientError::NotFound { .. }), "{error:?}");
    for id in ["", ".", "..", "../whoami", "a/b"] {
        let error = admin.submission(id).await.unwrap_err();
        assert!(matches!(error, ClientError::NotFound { .. }), "{id}: {error:?}");
    }
}
