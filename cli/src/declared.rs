//! What a live server says about its own declarations in the form of SEP-3140, held against what it declares.
//!
//! Evidence can only take away: a contradiction refuses the capture, agreement is told and admits nothing.

use mcp_pin_attest::{SignedCapabilityManifest, Trust, verify_capability_manifest};
use mcp_pin_mcp::{DeclaredManifest, WrongContentHash};
use mcp_pin_model::{
    Alias, Launch, Surface,
    capability_manifest::{
        Audience,
        agreement::{Agreement, compare},
    },
    hostile::quoted,
    placeholder::Placeholder,
};

use crate::error::CommandError;

/// The live server.
pub(crate) struct Declared<'a> {
    pub(crate) alias: &'a Alias,
    pub(crate) launch: &'a Launch,
    pub(crate) surface: &'a Surface,
    pub(crate) placeholders: &'a [Placeholder],
}

/// How many contradictions an error lists: enough to see what is wrong.
const MAX_SHOWN: usize = 10;

/// Refuses a server whose own hashes are wrong in entries of which the lock does not keep every byte. Of all others the
/// change report says so, where somebody decides.
pub(crate) fn check_own_hashes(declared: &Declared<'_>, wrong: &[WrongContentHash]) -> Result<(), CommandError> {
    for entry in wrong {
        let stored = declared.surface.entry(entry.kind, &entry.key);
        if stored.is_none_or(|stored| stored.stored_form_may_differ(declared.placeholders)) {
            return Err(CommandError::failed(format!(
                "`{}` declares the {} {} with a `contentHash` that is the hash of something else",
                declared.alias,
                entry.kind.noun(),
                quoted(&entry.key)
            )));
        }
    }
    Ok(())
}

/// Checks the signed manifest that a server offers; gives back what there is to tell.
///
/// # Errors
/// Exit code 1 when it is refused or contradicts what the server declares; 3 when a publisher is trusted to sign it and
/// it could not be checked.
pub(crate) fn check_manifest(
    declared: &Declared<'_>,
    manifest: &DeclaredManifest,
    publishers: &Trust,
    now: jiff::Timestamp,
) -> Result<Option<String>, CommandError> {
    let alias = declared.alias;
    let document = match manifest {
        DeclaredManifest::NotOffered => return Ok(None),
        _ if publishers.is_empty() => {
            return Ok(Some(
                "it offers a signed manifest, which could not be checked: no publisher is trusted".to_owned(),
            ));
        }
        DeclaredManifest::Received(document) => document,
        DeclaredManifest::Unavailable(reason) => {
            return Err(CommandError::could_not_check(format!(
                "`{alias}` offers a signed manifest and gives none: {reason}"
            )));
        }
    };
    let Launch::Http(launch) = declared.launch else {
        return Ok(Some(
            "it offers a signed manifest, which could not be checked: a server that is started here has no canonical URI"
                .to_owned(),
        ));
    };
    let audience: Audience = launch.url.parse().map_err(|error| {
        CommandError::could_not_check(format!(
            "`{alias}` offers a signed manifest, and its url is no audience: {error}"
        ))
    })?;
    let refused = |error| CommandError::failed(format!("the signed manifest of `{alias}` is not accepted: {error}"));
    let document = SignedCapabilityManifest::from_value(document).map_err(refused)?;
    let verified = verify_capability_manifest(&document, publishers, &audience, now).map_err(refused)?;
    let entries = compare(verified.manifest(), declared.surface, declared.placeholders);
    let contradicts = |agreement: &Agreement| *agreement != Agreement::Agrees && !agreement.is_could_not_check();
    let mut contradictions = entries.iter().filter(|entry| contradicts(&entry.agreement)).peekable();
    if contradictions.peek().is_some() {
        let error = CommandError::failed(format!("`{alias}` declares something else than its signed manifest lists"));
        return Err(contradictions.take(MAX_SHOWN).fold(error, |error, entry| {
            error.detail(format!("{} {}: {}", entry.kind.noun(), quoted(&entry.key), entry.agreement.words()))
        }));
    }
    let agreeing = entries.iter().filter(|entry| entry.agreement == Agreement::Agrees).count();
    let rest = if agreeing == entries.len() { "" } else { "; the others could not be compared" };
    Ok(Some(format!(
        "its signed manifest (by {}, until {}) agrees with {agreeing} of {} entries{rest}",
        quoted(verified.principal()),
        verified.manifest().expires_at,
        entries.len()
    )))
}

#[cfg(test)]
mod tests {
    use mcp_pin_attest::sign_capability_manifest;
    use mcp_pin_model::{
        CapabilityManifest, EntryKind,
        capability_manifest::ListedEntry,
        json::{self, Value},
        launch::HttpLaunch,
        surface::SurfaceParts,
    };
    use mcp_pin_test_support::keys::{Person, now};

    use super::*;
    use crate::error::Status;

    const URL: &str = "https://mcp.example.com/mcp";

    fn surface(tools: &str) -> Surface {
        let tools = json::parse(tools.as_bytes()).unwrap().as_array().unwrap().to_vec();
        SurfaceParts { sections: vec![(EntryKind::Tool, tools)], ..SurfaceParts::default() }.into_surface().unwrap()
    }

    fn signed(surface: &Surface, server: &str) -> DeclaredManifest {
        let listed = |entry: &mcp_pin_model::Entry| ListedEntry {
            name: entry.key().to_owned(),
            uri: None,
            version: None,
            content_hash: entry.digest().into(),
        };
        let manifest = CapabilityManifest {
            server: server.parse().unwrap(),
            publisher: "https://publisher.example/".to_owned(),
            spec_version: "2025-11-25".to_owned(),
            issued_at: now(),
            expires_at: "2026-02-01T00:00:00Z".parse().unwrap(),
            nonce: "n".to_owned(),
            tools: surface.entries().map(listed).collect(),
            prompts: vec![],
            resources: vec![],
        };
        let document = sign_capability_manifest(&manifest, &Person::new("publisher").key).unwrap().to_text();
        DeclaredManifest::Received(json::parse(document.as_bytes()).unwrap())
    }

    fn check(live: &Surface, manifest: &DeclaredManifest, trusted: &str) -> Result<Option<String>, CommandError> {
        let launch = Launch::Http(HttpLaunch { url: URL.to_owned(), headers: vec![] });
        let alias = "weather".parse().unwrap();
        let declared = Declared { alias: &alias, launch: &launch, surface: live, placeholders: &[] };
        let mut publishers = Trust::new();
        if !trusted.is_empty() {
            publishers.add_key(trusted, Person::new(trusted).public_key().clone());
        }
        check_manifest(&declared, manifest, &publishers, now())
    }

    #[test]
    fn agreement_is_told() {
        let live = surface(r#"[{"name":"a"},{"name":"b","title":"B"}]"#);
        let told = check(&live, &signed(&live, URL), "publisher").unwrap().unwrap();
        assert!(told.contains("`publisher`") && told.ends_with("agrees with 2 of 2 entries"), "{told}");
        assert_eq!(check(&live, &DeclaredManifest::NotOffered, "publisher"), Ok(None));
    }

    #[test]
    fn a_manifest_that_contradicts_what_is_declared_refuses_the_server() {
        let before = surface(r#"[{"name":"a"},{"name":"b","title":"B"}]"#);
        for live in [
            r#"[{"name":"a"},{"name":"b","title":"C"}]"#,
            r#"[{"name":"a"}]"#,
            r#"[{"name":"a"},{"name":"b","title":"B"},{"name":"c"}]"#,
        ] {
            let error = check(&surface(live), &signed(&before, URL), "publisher").unwrap_err();
            assert_eq!((error.status, error.details.len()), (Status::Failed, 1), "{live}");
        }
    }

    #[test]
    fn a_manifest_by_somebody_else_or_for_another_server_refuses_the_server() {
        let live = surface(r#"[{"name":"a"}]"#);
        assert_eq!(check(&live, &signed(&live, URL), "mallory").unwrap_err().status, Status::Failed);
        let other = signed(&live, "https://mcp.example.com/other");
        assert_eq!(check(&live, &other, "publisher").unwrap_err().status, Status::Failed);
        let none = DeclaredManifest::Received(Value::from(json::Object::new()));
        assert_eq!(check(&live, &none, "publisher").unwrap_err().status, Status::Failed);
    }

    #[test]
    fn what_could_not_be_checked_is_said_and_is_no_pass() {
        let live = surface(r#"[{"name":"a"}]"#);
        let gone = DeclaredManifest::Unavailable("error".to_owned());
        assert_eq!(check(&live, &gone, "publisher").unwrap_err().status, Status::CouldNotCheck);
        let told = check(&live, &signed(&live, URL), "").unwrap().unwrap();
        assert!(told.contains("could not be checked"), "{told}");
    }
}
