//! Identity tokens with a signature that nobody checks, and what the certificate authority reads in them.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value, json};

use super::{TestClaims, TestSubject};

/// Whom tokens for Sigstore are for.
const AUDIENCE: &str = "sigstore";

/// When tokens expire: 2100-01-01.
const EXPIRES: i64 = 4_102_444_800;

/// Below which GitHub's repositories, owners and workflows are.
const GITHUB: &str = "https://github.com/";

impl TestClaims {
    /// The identity token of a GitHub workflow or a person, from which the server makes a certificate with these claims.
    /// Of other subjects it has issuer and subject only.
    #[must_use]
    pub fn token(&self) -> String {
        let mut claims = json!({"iss": self.issuer, "aud": AUDIENCE, "exp": EXPIRES});
        match (&self.subject, &self.token_subject) {
            (TestSubject::Email(address), _) => {
                claims["sub"] = json!(address);
                claims["email"] = json!(address);
                claims["email_verified"] = json!(true);
            }
            (TestSubject::Uri(_), Some(subject)) => claims["sub"] = json!(subject),
            (TestSubject::Uri(uri), None) => claims["sub"] = json!(uri),
        }
        let path = |uri: &Option<String>| uri.as_ref().map(|uri| uri.trim_start_matches(GITHUB).to_owned());
        let mut run = self.run_invocation_uri.iter().flat_map(|uri| uri.rsplit('/'));
        let attempt = run.next().map(str::to_owned);
        let run = run.nth(1).map(str::to_owned);
        for (name, claim) in [
            ("job_workflow_ref", path(&self.build_signer_uri)),
            ("job_workflow_sha", self.build_signer_digest.clone()),
            ("runner_environment", self.runner_environment.clone()),
            ("repository", path(&self.repository_uri)),
            ("sha", self.repository_digest.clone()),
            ("ref", self.repository_ref.clone()),
            ("repository_id", self.repository_id.clone()),
            ("repository_owner", path(&self.owner_uri)),
            ("repository_owner_id", self.owner_id.clone()),
            ("workflow_ref", path(&self.build_config_uri)),
            ("workflow_sha", self.build_config_digest.clone()),
            ("event_name", self.build_trigger.clone()),
            ("run_id", run),
            ("run_attempt", attempt),
            ("repository_visibility", self.repository_visibility.clone()),
            ("environment", self.deployment_environment.clone()),
        ] {
            if let (true, Some(claim)) = (self.issuer == Self::GITHUB_ISSUER, claim) {
                claims[name] = json!(claim);
            }
        }
        token(&claims)
    }
}

/// An identity token with these claims, whatever they are.
#[must_use]
pub fn token(claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.{}", part(&json!({"alg": "RS256", "typ": "JWT"})), part(claims), URL_SAFE_NO_PAD.encode("unchecked"))
}

/// What a token says, and the text whose signature proves that its bearer has the key.
pub(super) fn read(token: &str) -> Result<(TestClaims, String), &'static str> {
    let payload = token.split('.').nth(1).ok_or("the token is no JWT")?;
    let payload = URL_SAFE_NO_PAD.decode(payload).map_err(|_| "the token's claims are not base64url")?;
    let claims = super::parse(&payload).ok_or("the token's claims are not JSON")?;
    let claims = claims.as_object().ok_or("the token's claims are not an object")?;
    if claims.get("aud") != Some(&json!(AUDIENCE)) {
        return Err("the token is for another audience");
    }
    let issuer = text(claims, "iss").ok_or("the token has no issuer")?;
    let subject = text(claims, "sub").ok_or("the token has no subject")?;
    if let Some(address) = text(claims, "email") {
        if claims.get("email_verified") != Some(&json!(true)) {
            return Err("the token's e-mail address is not verified");
        }
        return Ok((TestClaims::bare(&issuer, TestSubject::Email(address.clone())), address));
    }
    if issuer != TestClaims::GITHUB_ISSUER {
        return Ok((TestClaims::bare(&issuer, TestSubject::Uri(subject.clone())), subject));
    }
    let claims = github(&issuer, &subject, claims).ok_or("the token lacks a claim of GitHub's")?;
    Ok((claims, subject))
}

/// The claims as Fulcio translates GitHub's.
fn github(issuer: &str, subject: &str, claims: &Map<String, Value>) -> Option<TestClaims> {
    let below = |name| Some(format!("{GITHUB}{}", text(claims, name)?));
    let build = below("job_workflow_ref")?;
    let repository = below("repository")?;
    let run = text(claims, "run_id").zip(text(claims, "run_attempt"));
    Some(TestClaims {
        subject: TestSubject::Uri(build.clone()),
        issuer: issuer.to_owned(),
        build_signer_uri: Some(build),
        build_signer_digest: text(claims, "job_workflow_sha"),
        runner_environment: text(claims, "runner_environment"),
        run_invocation_uri: run.map(|(run, attempt)| format!("{repository}/actions/runs/{run}/attempts/{attempt}")),
        repository_uri: Some(repository),
        repository_digest: text(claims, "sha"),
        repository_ref: text(claims, "ref"),
        repository_id: text(claims, "repository_id"),
        owner_uri: below("repository_owner"),
        owner_id: text(claims, "repository_owner_id"),
        build_config_uri: below("workflow_ref"),
        build_config_digest: text(claims, "workflow_sha"),
        build_trigger: text(claims, "event_name"),
        repository_visibility: text(claims, "repository_visibility"),
        deployment_environment: text(claims, "environment"),
        token_subject: Some(subject.to_owned()),
    })
}

fn text(claims: &Map<String, Value>, name: &str) -> Option<String> {
    claims.get(name)?.as_str().map(str::to_owned)
}
