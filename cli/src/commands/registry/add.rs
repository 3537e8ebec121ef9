//! `mcp-pin registry add`.

use mcp_pin_attest::registry_root::{RegistryRoot, RootPin};
use mcp_pin_model::Digest;
use mcp_pin_registry_client::{ClientOptions, RegistryClient, WellKnown};
use mcp_pin_tlog::VerifierKey;
use serde::Serialize;
use toml_edit::{ArrayOfTables, DocumentMut, Item, Table, value};
use url::Url;

use super::connection::{ask, client_error};
use crate::{
    cli::Format,
    context::Context,
    error::{CommandError, CommandResult, Status},
    log::key_of,
    project::{SETTINGS_FILE, Settings},
    registry_root,
    render::json,
    state::{read_bounded, write_atomic},
    ui::{Key, Role, Text, sanitize},
};

/// What a registry's self-description says it is.
const REGISTRY_TYPE: &str = "urn:mcp-pin:registry:v1";

/// The largest project file, as `Settings` has it.
const MAX_SETTINGS_BYTES: u64 = 1 << 20;

/// Put a registry into mcp-pin.toml, after showing what it says about itself
///
/// What it serves is still checked against the publishers and approvers that mcp-pin.toml trusts. A registry with a root
/// of its own is pinned by that; run it again to follow the root to its current version.
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// The registry's address
    #[arg(value_name = "URL", value_hint = clap::ValueHint::Url)]
    pub url: Url,
    /// The digest of the registry's root, as whoever runs it told you by another way
    #[arg(long, value_name = "DIGEST")]
    pub root: Option<Digest>,
    /// Without a terminal: accept the registry as it is found now
    #[arg(long, value_name = "WHAT", value_parser = ["first-use"])]
    pub accept: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    url: &'a Url,
    /// `added`, `root-updated`, `log-key-added`, `log-key-updated` or `unchanged`.
    outcome: &'static str,
    software: String,
    ring: String,
    origin: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    root: Option<RootDocument>,
    /// The key of its log.
    #[serde(skip_serializing_if = "Option::is_none")]
    log_key: Option<String>,
}

/// The root that is pinned.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct RootDocument {
    version: u64,
    digest: Digest,
    expires: String,
}

/// Runs it.
///
/// # Errors
/// When the address is no registry, or nobody accepted it.
pub(super) fn run(arguments: &Arguments, context: &Context) -> CommandResult {
    let project = context.project()?;
    let url = &arguments.url;
    let client = RegistryClient::new(url.as_str(), None, &ClientOptions::default()).map_err(client_error)?;
    let about = ask(context, "asking the registry what it is", client.well_known())?;
    if about.kind != REGISTRY_TYPE {
        return Err(CommandError::failed(format!("{url} is no registry of mcp-pin, or a newer kind")));
    }
    let known = project.settings.registries.iter().find(|known| same(known, url));
    let pinned = known.and_then(|known| project.settings.registry_roots.get(known));
    let root = ask_root(context, &client, arguments, pinned)?;
    let pin = root.as_ref().map(RegistryRoot::pin);
    let known_key = known.and_then(|known| project.settings.registry_logs.get(known));
    let key = log_key(&about, root.as_ref(), known_key)?;
    let outcome = match (known, pinned.copied() == pin, known_key) {
        (None, ..) => "added",
        (Some(_), false, _) => "root-updated",
        (Some(_), true, known_key) if known_key == key.as_ref() => "unchanged",
        (Some(_), true, None) => "log-key-added",
        (Some(_), true, Some(_)) => "log-key-updated",
    };
    if outcome != "unchanged" {
        // What the pinned root leads to was accepted with it.
        if pinned.is_none() {
            accept(arguments, context, &about, root.as_ref(), key.as_ref())?;
        }
        let path = project.root.join(SETTINGS_FILE);
        let text = match read_bounded(&path, MAX_SETTINGS_BYTES)? {
            Some(bytes) => String::from_utf8(bytes)
                .map_err(|_| CommandError::usage("the file is not UTF-8 text").at(SETTINGS_FILE, None))?,
            None => String::new(),
        };
        write_atomic(&path, with_registry(&text, url, pin.as_ref(), key.as_ref())?.as_bytes())?;
        // What was written is what will be read.
        Settings::read(&path)?;
    }
    match context.format {
        Format::Json => {
            let root = root.as_ref().map(|root| RootDocument {
                version: root.pin().version,
                digest: root.pin().digest,
                expires: root.document().expires.to_string(),
            });
            let WellKnown { software, ring, origin, .. } = about;
            json::print(
                &context.ui,
                "registry-add",
                &Document { url, outcome, software, ring, origin, root, log_key: key.map(|key| key.to_string()) },
            )?;
        }
        Format::Human => {
            let pinned = pin.map(|pin| format!(", with version {} of its root, {}", pin.version, pin.digest));
            let pinned = pinned.unwrap_or_default();
            match outcome {
                "unchanged" => context.ui.talk(format!("{url} is in {SETTINGS_FILE} already{pinned}")),
                "root-updated" => {
                    let text = format!("the root of {url} in {SETTINGS_FILE}{pinned}");
                    context.ui.talk(Text::new().with(Role::Good, "updated ").with(Role::Plain, text));
                }
                "log-key-added" | "log-key-updated" => {
                    let text = format!("the key of the log of {url} in {SETTINGS_FILE}");
                    context.ui.talk(Text::new().with(Role::Good, "updated ").with(Role::Plain, text));
                }
                _ => {
                    let text = format!("{url} to {SETTINGS_FILE}{pinned}");
                    context.ui.talk(Text::new().with(Role::Good, "added ").with(Role::Plain, text));
                    context.ui.hint("a server is taken from it with [servers.<alias>] name = \"…\", and is checked against [[trust.publisher]] and [[trust.approver]]");
                }
            }
        }
    }
    Ok(Status::Passed)
}

/// The registry's current root: followed from the pinned one, or for the first time by the digest that was given, or as it
/// is shown. None where it has none and none is expected.
fn ask_root(
    context: &Context,
    client: &RegistryClient,
    arguments: &Arguments,
    pinned: Option<&RootPin>,
) -> Result<Option<RegistryRoot>, CommandError> {
    let progress = context.ui.progress("asking the registry for its root");
    let root = context.block_on(async {
        match pinned {
            Some(known) => registry_root::follow(client, known, context.now()).await.map(Some),
            None => registry_root::first(client, arguments.root.as_ref(), context.now()).await,
        }
    });
    progress.finish();
    if let (Some(known), Some(wanted), Ok(Some(root))) = (pinned, &arguments.root, &root)
        && *wanted != known.digest
        && *wanted != root.pin().digest
    {
        return Err(CommandError::failed(format!("another root than {wanted} is pinned in {SETTINGS_FILE}"))
            .hint("remove `root` and `root-version` there, if the pinned one is wrong"));
    }
    root
}

fn same(a: &Url, b: &Url) -> bool {
    a.as_str().trim_end_matches('/') == b.as_str().trim_end_matches('/')
}

fn accept(
    arguments: &Arguments,
    context: &Context,
    about: &WellKnown,
    root: Option<&RegistryRoot>,
    key: Option<&VerifierKey>,
) -> Result<(), CommandError> {
    let mut text = Text::new().with(Role::Strong, arguments.url.to_string()).with(Role::Plain, " says it is ");
    text.plain(sanitize::quoted(&about.software));
    text.plain(format!(", serving the ring {}", sanitize::quoted(&about.ring)));
    if let Some(origin) = &about.origin {
        text.plain(format!(", known as {}", sanitize::quoted(origin)));
    }
    context.ui.talk(text);
    if let Some(root) = root {
        let (pin, holders) = (root.pin(), &root.document().roles.root);
        context.ui.talk(format!(
            "its root has version {}, {} of {} keys, and ends {}; compare its digest with what its operators say:\n  {}",
            pin.version,
            holders.threshold,
            holders.keyids.len(),
            root.document().expires,
            pin.digest
        ));
    }
    // That of a root was shown with it.
    if let (Some(key), None) = (key, root) {
        context.ui.talk(format!("the key of its log; compare it with what its operators say:\n  {key}"));
    }
    if arguments.accept.is_some() {
        return Ok(());
    }
    if !context.ui.is_interactive() {
        return Err(CommandError::consent_required(format!("nobody is there to accept {}", arguments.url))
            .hint("run it on a terminal, or say --accept first-use"));
    }
    match context
        .ui
        .choose("add it to this project?", &[(Key::Letter('y'), "yes"), (Key::Letter('n'), "no")])
        .map_err(super::super::prompt_error)?
    {
        Key::Letter('y') => Ok(()),
        _ => Err(CommandError::consent_required("the registry was not accepted")),
    }
}

/// The key of the registry's log: that of its root where it has one, and where it has none the one that is known, or that it
/// states itself. None where it publishes no log.
fn log_key(
    about: &WellKnown,
    root: Option<&RegistryRoot>,
    known: Option<&VerifierKey>,
) -> Result<Option<VerifierKey>, CommandError> {
    let Some(stated) = &about.log_key else {
        return match known {
            Some(_) => Err(CommandError::failed("the registry publishes no log any more, and its key is known")
                .hint("ask whoever runs it, by another way than the registry")),
            None => Ok(None),
        };
    };
    let stated = key_of(stated).map_err(|error| {
        CommandError::failed(format!("what the registry states as the key of its log is none: {error}"))
    })?;
    match (root, known) {
        (Some(root), _) => registry_root::check_log_key(root, &stated)?,
        (None, Some(known)) if *known != stated => {
            return Err(CommandError::failed(format!(
                "the key of the registry's log is another one than in {SETTINGS_FILE}"
            ))
            .detail(format!("known:  {known}"))
            .detail(format!("stated: {stated}"))
            .hint("ask whoever runs it, by another way than the registry; take `log-key` out if it was replaced"));
        }
        (None, _) => {}
    }
    Ok(Some(stated))
}

/// The project file with this registry, pinned by this root and the key of its log; comments and order stay.
fn with_registry(
    text: &str,
    url: &Url,
    pin: Option<&RootPin>,
    key: Option<&VerifierKey>,
) -> Result<String, CommandError> {
    let mut document: DocumentMut = text.parse().map_err(|error: toml_edit::TomlError| {
        CommandError::usage(error.message().to_owned()).at(SETTINGS_FILE, None)
    })?;
    let registries = document.entry("registry").or_insert_with(|| Item::ArrayOfTables(ArrayOfTables::new()));
    let Some(registries) = registries.as_array_of_tables_mut() else {
        return Err(CommandError::usage("`registry` is not a list of tables")
            .at(SETTINGS_FILE, None)
            .hint("write it as [[registry]]"));
    };
    let is_this = |table: &Table| {
        let own = table.get("url").and_then(Item::as_str).and_then(|text| Url::parse(text).ok());
        own.is_some_and(|own| same(&own, url))
    };
    let place = registries.iter().position(is_this);
    if place.is_none() {
        let mut table = Table::new();
        table.insert("url", value(url.as_str()));
        registries.push(table);
    }
    let place = place.unwrap_or(registries.len().saturating_sub(1));
    if let (Some(pin), Some(table)) = (pin, registries.get_mut(place)) {
        let version = i64::try_from(pin.version)
            .map_err(|_| CommandError::failed("the version of the registry's root is none that a file can hold"))?;
        table.insert("root", value(pin.digest.to_string()));
        table.insert("root-version", value(version));
    }
    if let (Some(key), Some(table)) = (key, registries.get_mut(place)) {
        table.insert("log-key", value(key.to_string()));
    }
    Ok(document.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_order_of_the_project_file_stay() {
        let before = "# ours\n[policy] # strict soon\npreset = \"standard\"\n\n[[registry]]\nurl = \"https://a.example/\" # first\n";
        let after = with_registry(before, &"https://b.example".parse().unwrap(), None, None).unwrap();
        assert_eq!(after, format!("{before}\n[[registry]]\nurl = \"https://b.example/\"\n"));
        assert_eq!(
            with_registry("", &"https://b.example".parse().unwrap(), None, None).unwrap(),
            "[[registry]]\nurl = \"https://b.example/\"\n"
        );
    }

    #[test]
    fn a_root_is_written_beside_its_registry_and_replaced_there() {
        let pin = |version| RootPin { version, digest: Digest::of(b"root") };
        let before =
            "[[registry]]\nurl = \"https://a.example\" # first\n\n[[registry]]\nurl = \"https://b.example/\"\n";
        let url = "https://a.example/".parse().unwrap();
        let once = with_registry(before, &url, Some(&pin(1)), None).unwrap();
        let digest = Digest::of(b"root");
        let expected = |version: u64| {
            before.replacen("# first\n", &format!("# first\nroot = \"{digest}\"\nroot-version = {version}\n"), 1)
        };
        assert_eq!(once, expected(1));
        assert_eq!(with_registry(&once, &url, Some(&pin(2)), None).unwrap(), expected(2));
    }

    #[test]
    fn a_project_file_of_another_shape_is_not_touched() {
        assert!(with_registry("registry = 3\n", &"https://b.example".parse().unwrap(), None, None).is_err());
        assert!(with_registry("[[registry]\n", &"https://b.example".parse().unwrap(), None, None).is_err());
    }
}
