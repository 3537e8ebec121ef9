//! `mcp-pin registry export`.

mod allow_lists;
mod codex;
mod kiro;
mod tree;

use std::{collections::BTreeMap, path::PathBuf, str::FromStr};

use clap::{ValueEnum, ValueHint};
use mcp_pin_model::{Alias, Manifest, Ring, ServerName};
use mcp_pin_registry_client::{CatalogueEntry, CatalogueQuery, EntryStatus, RegistryClient};
use semver::{Comparator, Op, VersionReq};
use serde::Serialize;
use url::Url;

use super::connection::{Connection, ask, client_error};
use crate::{
    cli::Format,
    context::Context,
    error::{CommandError, CommandResult, Status},
    project::settings::ServerSettings,
    registry_source,
    render::json,
    state::write_atomic,
};

/// More pages than any registry has; a list that never ends is cut off as an error.
const MAX_PAGES: usize = 2_000;

/// Write what is live as the allow-list of a client, or as files for a CDN
///
/// Every server is checked as `lock` checks it: its manifest and consents have to satisfy the trust of this project's
/// mcp-pin.toml, because a list that lets servers start must not rest on a registry's word. (`static` copies the catalogue
/// as it is; whoever reads the copy checks it.)
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// The form
    // `--format` is how results are printed, in every command.
    #[arg(long = "as", value_enum, value_name = "FORM")]
    pub form: Form,
    /// What is live in this ring
    #[arg(long, value_name = "RING", default_value = "stable")]
    pub ring: Ring,
    /// What a server is called in a client's configuration, as NAME=ALIAS [default: what stands after the slash]
    #[arg(long = "name", value_name = "NAME=ALIAS")]
    pub names: Vec<Named>,
    /// Leave a server out that the form cannot express; may be repeated
    #[arg(long, value_name = "NAME")]
    pub without: Vec<ServerName>,
    /// Where to write it: a file, or for `static` a folder
    #[arg(long, short, value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub output: PathBuf,
    /// Which registry, and as whom.
    #[command(flatten)]
    pub connection: Connection,
}

/// What a server is called.
#[derive(Clone, Debug)]
pub struct Named {
    name: ServerName,
    alias: Alias,
}

impl FromStr for Named {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, alias) = text.split_once('=').ok_or("is not NAME=ALIAS")?;
        Ok(Self {
            name: name.parse().map_err(|error: mcp_pin_model::name::NameError| error.to_string())?,
            alias: alias.parse().map_err(|error: mcp_pin_model::name::NameError| error.to_string())?,
        })
    }
}

/// A form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Form {
    /// `managed-settings.json` of GitHub Copilot.
    Copilot,
    /// `managed-settings.json` of Claude Code.
    ClaudeCode,
    /// `requirements.toml` of Codex.
    Codex,
    /// The list that Amazon Q and Kiro read.
    Kiro,
    /// The catalogue as files, as the MCP Registry API v0.1 answers it.
    Static,
}

impl Form {
    fn as_str(self) -> &'static str {
        match self {
            Self::Copilot => "copilot",
            Self::ClaudeCode => "claude-code",
            Self::Codex => "codex",
            Self::Kiro => "kiro",
            Self::Static => "static",
        }
    }
}

/// A server that goes into a list: its manifest was verified.
#[derive(Clone, Debug)]
struct Exported {
    alias: Alias,
    manifest: Manifest,
}

/// Why a form has no way to say what a server is.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Inexpressible(&'static str);

#[derive(Debug, Serialize)]
struct Document {
    form: &'static str,
    output: String,
    servers: Vec<String>,
    written: bool,
}

/// Runs it.
///
/// # Errors
/// When a server does not verify or cannot be expressed, the registry cannot be asked, or nothing can be written.
pub(super) fn run(arguments: &Arguments, context: &Context) -> CommandResult {
    let client = arguments.connection.in_ring(context, &arguments.ring)?;
    let output = context.directory.join(&arguments.output);
    let entries = ask(context, "reading the catalogue", latest(&client))?;
    let wanted: Vec<CatalogueEntry> =
        entries.into_iter().filter(|entry| !arguments.without.contains(&entry.name)).collect();
    let names: Vec<String> = wanted.iter().map(|entry| format!("{}@{}", entry.name, entry.version)).collect();
    let written = if arguments.form == Form::Static {
        if !arguments.without.is_empty() {
            return Err(CommandError::usage("`--without` is for lists; the catalogue is copied as it is"));
        }
        let files = context.block_on(async { tree::files(&client).await.map_err(client_error) })?;
        tree::write(&output, &files)?
    } else {
        let exported = verified(arguments, context, &client, wanted)?;
        let text = match arguments.form {
            Form::Copilot => expressed(&exported, allow_lists::copilot)?,
            Form::ClaudeCode => expressed(&exported, allow_lists::claude_code)?,
            Form::Codex => expressed(&exported, codex::requirements)?,
            Form::Kiro | Form::Static => expressed(&exported, kiro::list)?,
        };
        write_atomic(&output, text.as_bytes())?
    };
    let document = Document {
        form: arguments.form.as_str(),
        output: arguments.output.display().to_string(),
        servers: names,
        written,
    };
    match context.format {
        Format::Json => json::print(&context.ui, "registry-export", &document)?,
        Format::Human => {
            let did = if written { "wrote" } else { "nothing has changed in" };
            context.ui.talk(format!("{did} {} ({} servers)", arguments.output.display(), document.servers.len()));
        }
    }
    Ok(Status::Passed)
}

/// The latest live version of every server in the client's ring, by name. What a ring has nothing of its own of it has from
/// a later one, so the rings of an entry do not say whether it belongs here: the registry's answer for the ring does.
async fn latest(client: &RegistryClient) -> Result<Vec<CatalogueEntry>, mcp_pin_registry_client::ClientError> {
    let mut found = BTreeMap::new();
    let mut query = CatalogueQuery { latest_only: true, ..CatalogueQuery::default() };
    for _ in 0..MAX_PAGES {
        let page = client.list(&query).await?;
        for entry in page.entries {
            if entry.status != EntryStatus::Deleted {
                found.insert(entry.name.clone(), entry);
            }
        }
        match page.next {
            Some(next) if query.cursor.as_ref() != Some(&next) => query.cursor = Some(next),
            Some(_) => break,
            None => return Ok(found.into_values().collect()),
        }
    }
    Err(mcp_pin_registry_client::ClientError::Shape { problem: "the catalogue does not end".to_owned() })
}

/// Checks every server by this project's trust, and gives each its alias.
fn verified(
    arguments: &Arguments,
    context: &Context,
    client: &RegistryClient,
    entries: Vec<CatalogueEntry>,
) -> Result<Vec<Exported>, CommandError> {
    let project = context.project()?;
    let state = context.state(&project);
    let registry = Url::parse(client.base()).map_err(|_| CommandError::internal("the registry's address is none"))?;
    let mut exported: Vec<Exported> = Vec::new();
    for entry in entries {
        let alias = alias(arguments, &entry.name)?;
        if let Some(other) = exported.iter().find(|other| other.alias == alias) {
            return Err(CommandError::usage(format!(
                "`{}` and `{}` would both be called `{alias}`",
                other.manifest.name(),
                entry.name
            ))
            .hint(format!("name one of them: --name {}=<alias>", entry.name)));
        }
        let version = entry.version.semver();
        let exactly = Comparator {
            op: Op::Exact,
            major: version.major,
            minor: Some(version.minor),
            patch: Some(version.patch),
            pre: version.pre.clone(),
        };
        let wanted = ServerSettings {
            name: entry.name.clone(),
            version: VersionReq { comparators: vec![exactly] },
            ring: arguments.ring.clone(),
            registry: registry.clone(),
            line: 0,
        };
        let published = registry_source::resolve(context, &project.settings, &alias, &wanted, &state)?;
        exported.push(Exported { alias, manifest: published.manifest.statement().clone() });
    }
    Ok(exported)
}

fn alias(arguments: &Arguments, name: &ServerName) -> Result<Alias, CommandError> {
    if let Some(named) = arguments.names.iter().find(|named| named.name == *name) {
        return Ok(named.alias.clone());
    }
    let last = name.as_str().rsplit('/').next().unwrap_or_default();
    last.parse().map_err(|_| {
        CommandError::usage(format!("`{name}` has no name that a configuration could use"))
            .hint(format!("give it one: --name {name}=<alias>"))
    })
}

/// Writes a list, or says all of what it cannot hold.
fn expressed(
    exported: &[Exported],
    write: impl Fn(&[Exported]) -> Result<String, Vec<(ServerName, Inexpressible)>>,
) -> Result<String, CommandError> {
    write(exported).map_err(|problems| {
        let mut error = CommandError::failed("the form cannot express every server, and a list that lets more start than was consented to is not written");
        for (name, Inexpressible(problem)) in &problems {
            error = error.detail(format!("`{name}`: {problem}"));
        }
        error.hint("leave them out with --without <name>, or publish them with another launch")
    })
}

#[cfg(test)]
mod tests {
    use mcp_pin_model::{
        Launch,
        launch::{HttpLaunch, StdioLaunch},
    };
    use mcp_pin_test_support::keys;

    use super::*;

    pub(super) fn local(alias: &str, command: &str, args: &[&str]) -> Exported {
        let mut manifest =
            keys::manifest(&format!("io.github.acme/{alias}"), "1.2.3", [keys::tool("run", "Runs.")], None);
        manifest.launch = Launch::Stdio(StdioLaunch {
            command: command.to_owned(),
            args: args.iter().map(|arg| (*arg).to_owned()).collect(),
            env: vec!["API_KEY".to_owned()],
            cwd: None,
        });
        Exported { alias: alias.parse().unwrap(), manifest }
    }

    pub(super) fn remote(alias: &str, url: &str) -> Exported {
        let mut exported = local(alias, "x", &[]);
        exported.manifest.launch = Launch::Http(HttpLaunch { url: url.to_owned(), headers: Vec::new() });
        exported
    }

    type Write = fn(&[Exported]) -> Result<String, Vec<(ServerName, Inexpressible)>>;

    fn sample() -> Vec<Exported> {
        vec![
            remote("mail", "https://mail.acme.example/mcp"),
            local("weather", "npx", &["-y", "@acme/weather@1.2.3", "--unit=c", "a \"quoted\" \\ one"]),
        ]
    }

    #[test]
    fn every_form_says_exactly_what_was_consented_to() {
        let sample = sample();
        insta::assert_snapshot!("copilot", expressed(&sample, allow_lists::copilot).unwrap());
        insta::assert_snapshot!("claude_code", expressed(&sample, allow_lists::claude_code).unwrap());
        insta::assert_snapshot!("codex", expressed(&sample, codex::requirements).unwrap());
        insta::assert_snapshot!("kiro", expressed(&sample, kiro::list).unwrap());
    }

    #[test]
    fn an_empty_catalogue_allows_nothing() {
        assert!(allow_lists::copilot(&[]).unwrap().contains("\"allowedMcpServers\": []"));
        assert!(allow_lists::claude_code(&[]).unwrap().contains("\"allowedMcpServers\": []"));
        assert!(kiro::list(&[]).unwrap().contains("\"servers\": []"));
        assert!(!codex::requirements(&[]).unwrap().contains("[mcp_servers."));
    }

    #[test]
    fn hostile_text_is_inert_in_every_form() {
        let hostile = "a\u{202e}b\u{1b}[2J\"\n[mcp_servers.evil.identity]\ncommand = \"sh\"\u{e0041}'''\\";
        let sample = [local("weather", "npx", &[hostile])];
        for text in [
            allow_lists::copilot(&sample).unwrap(),
            allow_lists::claude_code(&sample).unwrap(),
            codex::requirements(&sample).unwrap(),
            kiro::list(&sample).unwrap(),
        ] {
            assert!(text.is_ascii() && !text.contains('\u{1b}'), "{text}");
            assert!(!text.lines().any(|line| line.starts_with("[mcp_servers.evil")), "{text}");
        }
        let read: toml::Table = toml::from_str(&codex::requirements(&sample).unwrap()).unwrap();
        let identity = &read["mcp_servers"]["weather"]["identity"];
        assert_eq!(identity["command"]["args"][0]["value"].as_str(), Some(hostile));
        assert_eq!(read["mcp_servers"].as_table().unwrap().len(), 1);
        let read = mcp_pin_model::json::parse(allow_lists::copilot(&sample).unwrap().as_bytes()).unwrap();
        let command = read.get("allowedMcpServers").unwrap().as_array().unwrap()[0].get("serverCommand").unwrap();
        assert_eq!(command.as_array().unwrap()[1].as_str(), Some(hostile));
    }

    #[test]
    fn what_would_allow_more_than_was_consented_to_is_refused() {
        let refused = |exported: Exported, write: Write| write(&[exported]).unwrap_err().remove(0).1.0;
        // A star in an address is a pattern there.
        for write in [allow_lists::copilot as Write, allow_lists::claude_code] {
            assert!(refused(remote("mail", "https://*.acme.example/mcp"), write).contains("pattern"));
            assert!(refused(local("weather", "npx", &["${HOME}/server"]), write).contains("variable"));
            assert!(refused(remote("mail", "https://mail.acme.example/$TENANT"), write).contains("variable"));
        }
        assert!(refused(local("weather", "${SHELL}", &[]), codex::requirements).contains("variable"));
    }
}
