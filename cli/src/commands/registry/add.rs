//! `mcp-pin registry add`.

use mcp_pin_registry_client::{ClientOptions, RegistryClient, WellKnown};
use serde::Serialize;
use toml_edit::{ArrayOfTables, DocumentMut, Item, Table, value};
use url::Url;

use super::connection::{ask, client_error};
use crate::{
    cli::Format,
    context::Context,
    error::{CommandError, CommandResult, Status},
    project::{SETTINGS_FILE, Settings},
    render::json,
    state::{read_bounded, write_atomic},
    ui::{Role, Text, sanitize},
};

/// What a registry's self-description says it is.
const REGISTRY_TYPE: &str = "urn:mcp-pin:registry:v1";

/// The largest project file, as `Settings` has it.
const MAX_SETTINGS_BYTES: u64 = 1 << 20;

/// Put a registry into mcp-pin.toml, after showing what it says about itself
///
/// What it serves is still checked against the publishers and approvers that mcp-pin.toml trusts.
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// The registry's address
    #[arg(value_name = "URL", value_hint = clap::ValueHint::Url)]
    pub url: Url,
    /// Without a terminal: accept the registry as it is found now
    #[arg(long, value_name = "WHAT", value_parser = ["first-use"])]
    pub accept: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    url: &'a Url,
    /// `added` or `unchanged`.
    outcome: &'static str,
    software: String,
    ring: String,
    origin: Option<String>,
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
    let known = project.settings.registries.iter().any(|known| same(known, url));
    if !known {
        accept(arguments, context, &about)?;
        let path = project.root.join(SETTINGS_FILE);
        let text = match read_bounded(&path, MAX_SETTINGS_BYTES)? {
            Some(bytes) => String::from_utf8(bytes)
                .map_err(|_| CommandError::usage("the file is not UTF-8 text").at(SETTINGS_FILE, None))?,
            None => String::new(),
        };
        write_atomic(&path, with_registry(&text, url)?.as_bytes())?;
        // What was written is what will be read.
        Settings::read(&path)?;
    }
    let outcome = if known { "unchanged" } else { "added" };
    match context.format {
        Format::Json => {
            let document = Document { url, outcome, software: about.software, ring: about.ring, origin: about.origin };
            json::print(&context.ui, "registry-add", &document)?;
        }
        Format::Human if known => context.ui.talk(format!("{url} is in {SETTINGS_FILE} already")),
        Format::Human => {
            context
                .ui
                .talk(Text::new().with(Role::Good, "added ").with(Role::Plain, format!("{url} to {SETTINGS_FILE}")));
            context.ui.hint("a server is taken from it with [servers.<alias>] name = \"…\", and is checked against [[trust.publisher]] and [[trust.approver]]");
        }
    }
    Ok(Status::Passed)
}

fn same(a: &Url, b: &Url) -> bool {
    a.as_str().trim_end_matches('/') == b.as_str().trim_end_matches('/')
}

fn accept(arguments: &Arguments, context: &Context, about: &WellKnown) -> Result<(), CommandError> {
    let mut text = Text::new().with(Role::Strong, arguments.url.to_string()).with(Role::Plain, " says it is ");
    text.plain(sanitize::quoted(&about.software));
    text.plain(format!(", serving the ring {}", sanitize::quoted(&about.ring)));
    if let Some(origin) = &about.origin {
        text.plain(format!(", known as {}", sanitize::quoted(origin)));
    }
    context.ui.talk(text);
    if arguments.accept.is_some() {
        return Ok(());
    }
    if !context.ui.is_interactive() {
        return Err(CommandError::consent_required(format!("nobody is there to accept {}", arguments.url))
            .hint("run it on a terminal, or say --accept first-use"));
    }
    match context
        .ui
        .choose("add it to this project?", &[('y', "yes"), ('n', "no")])
        .map_err(super::super::prompt_error)?
    {
        'y' => Ok(()),
        _ => Err(CommandError::consent_required("the registry was not accepted")),
    }
}

/// The project file with one more registry; comments and order stay.
fn with_registry(text: &str, url: &Url) -> Result<String, CommandError> {
    let mut document: DocumentMut = text.parse().map_err(|error: toml_edit::TomlError| {
        CommandError::usage(error.message().to_owned()).at(SETTINGS_FILE, None)
    })?;
    let mut table = Table::new();
    table.insert("url", value(url.as_str()));
    let registries = document.entry("registry").or_insert_with(|| Item::ArrayOfTables(ArrayOfTables::new()));
    let Some(registries) = registries.as_array_of_tables_mut() else {
        return Err(CommandError::usage("`registry` is not a list of tables")
            .at(SETTINGS_FILE, None)
            .hint("write it as [[registry]]"));
    };
    registries.push(table);
    Ok(document.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_order_of_the_project_file_stay() {
        let before = "# ours\n[policy] # strict soon\npreset = \"standard\"\n\n[[registry]]\nurl = \"https://a.example/\" # first\n";
        let after = with_registry(before, &"https://b.example".parse().unwrap()).unwrap();
        assert_eq!(after, format!("{before}\n[[registry]]\nurl = \"https://b.example/\"\n"));
        assert_eq!(
            with_registry("", &"https://b.example".parse().unwrap()).unwrap(),
            "[[registry]]\nurl = \"https://b.example/\"\n"
        );
    }

    #[test]
    fn a_project_file_of_another_shape_is_not_touched() {
        assert!(with_registry("registry = 3\n", &"https://b.example".parse().unwrap()).is_err());
        assert!(with_registry("[[registry]\n", &"https://b.example".parse().unwrap()).is_err());
    }
}
