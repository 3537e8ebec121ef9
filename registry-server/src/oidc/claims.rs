//! From an issuer's claims to an identity, as Fulcio writes the same claims into certificates (fulcio
//! `docs/oid-info.md`), so that one policy judges both.

use mcp_pin_attest::IdentityClaims;
use mcp_pin_model::json::{Number, Value};

use super::{IssuerConfig, IssuerKind, TokenRefusal};

/// Where GitHub's repositories and workflows are.
const GITHUB: &str = "https://github.com/";

/// The event in which the code of a stranger may run with the rights of the repository.
const UNTRUSTED_EVENT: &str = "pull_request_target";

/// The identity that a token is about.
pub(super) fn identity(issuer: &IssuerConfig, claims: &Value) -> Result<IdentityClaims, TokenRefusal> {
    let identity = match issuer.kind {
        IssuerKind::GitHub => github(claims)?,
        IssuerKind::GitLab => gitlab(&issuer.url, claims)?,
        IssuerKind::Generic => generic(claims)?,
    };
    if identity.trigger.as_deref() == Some(UNTRUSTED_EVENT) {
        return Err(TokenRefusal::Event);
    }
    Ok(IdentityClaims { issuer: Some(issuer.url.clone()), ..identity })
}

/// GitHub Actions. `sub` is not read: its form changed in 2026, and the repository's owner can choose it.
fn github(claims: &Value) -> Result<IdentityClaims, TokenRefusal> {
    let below = |path: String| format!("{GITHUB}{path}");
    let repository = required(claims, "repository")?;
    let run = match (id(claims, "run_id")?, id(claims, "run_attempt")?) {
        (Some(run), Some(attempt)) => Some(below(format!("{repository}/actions/runs/{run}/attempts/{attempt}"))),
        _ => None,
    };
    Ok(IdentityClaims {
        issuer: None,
        subject: Some(below(required(claims, "job_workflow_ref")?)),
        repository: Some(below(repository)),
        repository_id: Some(id(claims, "repository_id")?.ok_or(TokenRefusal::Claims)?),
        owner_id: Some(id(claims, "repository_owner_id")?.ok_or(TokenRefusal::Claims)?),
        workflow: text(claims, "workflow_ref")?.map(below),
        reference: text(claims, "ref")?,
        commit: text(claims, "sha")?,
        environment: text(claims, "environment")?,
        runner: text(claims, "runner_environment")?,
        // Without it nobody could say that the event is not the one that is refused.
        trigger: Some(required(claims, "event_name")?),
        run,
    })
}

/// GitLab CI.
fn gitlab(issuer: &str, claims: &Value) -> Result<IdentityClaims, TokenRefusal> {
    let configuration = format!("https://{}", required(claims, "ci_config_ref_uri")?);
    let repository = format!("{}/{}", issuer.trim_end_matches('/'), required(claims, "project_path")?);
    let reference = match (text(claims, "ref_type")?.as_deref(), text(claims, "ref")?) {
        (Some("branch"), Some(name)) => Some(format!("refs/heads/{name}")),
        (Some("tag"), Some(name)) => Some(format!("refs/tags/{name}")),
        _ => None,
    };
    Ok(IdentityClaims {
        issuer: None,
        subject: Some(configuration.clone()),
        repository_id: Some(id(claims, "project_id")?.ok_or(TokenRefusal::Claims)?),
        owner_id: Some(id(claims, "namespace_id")?.ok_or(TokenRefusal::Claims)?),
        workflow: Some(configuration),
        reference,
        commit: text(claims, "sha")?,
        environment: text(claims, "environment")?,
        runner: text(claims, "runner_environment")?,
        trigger: text(claims, "pipeline_source")?,
        run: id(claims, "job_id")?.map(|job| format!("{repository}/-/jobs/{job}")),
        repository: Some(repository),
    })
}

/// Anybody else: an e-mail address that the issuer verified (OpenID Connect Core 1.0 section 5.1).
fn generic(claims: &Value) -> Result<IdentityClaims, TokenRefusal> {
    let address = required(claims, "email")?;
    if claims.get("email_verified").and_then(Value::as_bool) != Some(true) {
        return Err(TokenRefusal::Claims);
    }
    Ok(IdentityClaims { subject: Some(address), ..IdentityClaims::default() })
}

fn required(claims: &Value, name: &str) -> Result<String, TokenRefusal> {
    text(claims, name)?.ok_or(TokenRefusal::Claims)
}

fn text(claims: &Value, name: &str) -> Result<Option<String>, TokenRefusal> {
    match claims.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if !text.is_empty() => Ok(Some(text.clone())),
        Some(_) => Err(TokenRefusal::Claims),
    }
}

/// An id, as a text or as a number.
fn id(claims: &Value, name: &str) -> Result<Option<String>, TokenRefusal> {
    match claims.get(name) {
        Some(Value::Number(number)) => {
            Number::as_u64(*number).map(|number| Some(number.to_string())).ok_or(TokenRefusal::Claims)
        }
        _ => text(claims, name),
    }
}

#[cfg(test)]
mod tests {
    use mcp_pin_model::json;

    use super::*;

    fn of(kind: IssuerKind, url: &str, claims: &str) -> Result<IdentityClaims, TokenRefusal> {
        let issuer =
            IssuerConfig { url: url.to_owned(), jwks_url: None, algorithm: super::super::Algorithm::RS256, kind };
        identity(&issuer, &json::parse(claims.as_bytes()).unwrap())
    }

    const GITLAB_CLAIMS: &str = r#"{
        "sub": "project_path:acme/weather:ref_type:tag:ref:v1.4.2", "project_path": "acme/weather", "project_id": "22",
        "namespace_id": "72", "ref": "v1.4.2", "ref_type": "tag", "sha": "abc", "pipeline_source": "push",
        "ci_config_ref_uri": "gitlab.com/acme/weather//.gitlab-ci.yml@refs/tags/v1.4.2", "job_id": "302",
        "runner_environment": "gitlab-hosted", "environment": "production"
    }"#;

    #[test]
    fn a_pipeline_of_gitlab_is_its_configuration_at_a_ref() {
        let identity = of(IssuerKind::GitLab, "https://gitlab.com", GITLAB_CLAIMS).unwrap();
        let subject = "https://gitlab.com/acme/weather//.gitlab-ci.yml@refs/tags/v1.4.2";
        assert_eq!(identity.subject.as_deref(), Some(subject));
        assert_eq!(identity.repository.as_deref(), Some("https://gitlab.com/acme/weather"));
        assert_eq!(identity.repository_id.as_deref(), Some("22"));
        assert_eq!(identity.owner_id.as_deref(), Some("72"));
        assert_eq!(identity.reference.as_deref(), Some("refs/tags/v1.4.2"));
        assert_eq!(identity.runner.as_deref(), Some("gitlab-hosted"));
    }

    #[test]
    fn a_ref_whose_kind_is_not_stated_is_none() {
        let claims = GITLAB_CLAIMS.replace("\"tag\"", "\"merge-request\"");
        assert_eq!(of(IssuerKind::GitLab, "https://gitlab.com", &claims).unwrap().reference, None);
    }

    #[test]
    fn an_address_that_was_not_verified_is_nobody() {
        let of = |claims| of(IssuerKind::Generic, "https://accounts.example", claims);
        let identity = of(r#"{"sub":"1","email":"a@b.example","email_verified":true}"#).unwrap();
        assert_eq!(identity.subject.as_deref(), Some("a@b.example"));
        for claims in [
            r#"{"sub":"a@b.example"}"#,
            r#"{"email":"a@b.example"}"#,
            r#"{"email":"a@b.example","email_verified":false}"#,
            r#"{"email":"a@b.example","email_verified":"true"}"#,
            r#"{"email":["a@b.example"],"email_verified":true}"#,
        ] {
            assert_eq!(of(claims), Err(TokenRefusal::Claims), "{claims}");
        }
    }
}
