//! What a publisher signs: the official server.json of a version, with what the server declares.

use std::path::{Path, PathBuf};

use mcp_pin_attest::Bundle;
use mcp_pin_model::{
    Alias, Digest, Launch, Manifest, ServerName,
    json::{self as strict, Object, Value},
    launch::StdioLaunch,
    server_json,
};

use crate::{
    capture::{Wanted, capture},
    consenting::refuse_unlockable,
    context::Context,
    error::CommandError,
    project::ConfiguredServer,
    state::{read_bounded, verification::check},
};

/// The largest `server.json`: those of real registries have some 10 KiB.
const MAX_SERVER_JSON_BYTES: u64 = 1 << 20;

/// What a server that is captured with a command of its own is called in messages.
const COMMAND_ALIAS: &str = "server";

/// Where the surface and the launch of a manifest come from.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Origin<'a> {
    /// A configured server, captured now.
    Configured(&'a Alias),
    /// What is locked.
    Locked(&'a Alias),
    /// A command, started and captured now; it is what the manifest says consumers start.
    Command(&'a [String]),
}

/// The official document of a version, checked.
pub(crate) struct ServerJson {
    path: PathBuf,
    document: Object,
}

impl ServerJson {
    /// Reads it.
    ///
    /// # Errors
    /// When it breaks the rules.
    pub(crate) fn read(context: &Context, path: &Path) -> Result<Self, CommandError> {
        let bytes = read_bounded(&context.directory.join(path), MAX_SERVER_JSON_BYTES)?
            .ok_or_else(|| CommandError::usage(format!("there is no {}", path.display())))?;
        let value = strict::parse(&bytes).map_err(|error| CommandError::usage(error.to_string()).at(path, None))?;
        let Value::Object(document) = value else {
            return Err(CommandError::usage("it is not an object").at(path, None));
        };
        let mut errors = server_json::validate(&document).into_iter().filter(server_json::Issue::is_error).peekable();
        if errors.peek().is_none() {
            return Ok(Self { path: path.to_owned(), document });
        }
        let failure = CommandError::usage("the document breaks the rules of server.json").at(path, None);
        Err(errors.fold(failure, |failure, issue| failure.detail(issue.to_string())))
    }

    /// The server's name.
    ///
    /// # Errors
    /// Never after the rules were checked.
    pub(crate) fn name(&self) -> Result<ServerName, CommandError> {
        self.document
            .get("name")
            .and_then(Value::as_str)
            .and_then(|name| name.parse().ok())
            .ok_or_else(|| CommandError::usage("server.json: `name` is missing"))
    }

    /// The manifest of this version, after `previous`.
    ///
    /// # Errors
    /// When the two do not fit together.
    pub(crate) fn manifest(self, template: Manifest, previous: Option<Digest>) -> Result<Manifest, CommandError> {
        let Manifest { surface, launch, artifacts, capture, .. } = template;
        Manifest::new(self.document, surface, launch, artifacts, capture, previous)
            .map_err(|error| CommandError::usage(error.to_string()).at(self.path, None))
    }
}

/// What is known here about a server.
pub(crate) struct Known {
    /// As a manifest of a local lock would say it.
    pub(crate) manifest: Manifest,
    /// The attestations of where its packages were built.
    pub(crate) evidence: Vec<Bundle>,
}

/// What is known here about the server.
///
/// # Errors
/// When it cannot be captured, or its lock does not hold.
pub(crate) fn known_here(context: &Context, origin: Origin<'_>) -> Result<Known, CommandError> {
    let project = context.project()?;
    match origin {
        Origin::Locked(alias) => {
            let state = context.state(&project);
            let lock = state.require_lock()?;
            let server = lock.server(alias).ok_or_else(|| {
                CommandError::usage(format!("`{alias}` is not locked")).hint(format!("mcp-pin lock {alias}"))
            })?;
            let checked = check(&state, &project.settings, server, context.now());
            if let Some(failure) = checked.failures.first() {
                return Err(CommandError::new(
                    failure.status,
                    format!("the lock of `{alias}` does not hold: {failure}"),
                ));
            }
            let manifest = checked
                .locked
                .map(|locked| locked.manifest.statement().clone())
                .ok_or_else(|| CommandError::could_not_check(format!("the lock of `{alias}` could not be checked")))?;
            let mut evidence = Vec::new();
            for provenance in manifest.artifacts.iter().filter_map(|artifact| artifact.provenance.as_ref()) {
                evidence.extend(state.bundle(&provenance.attestation)?);
            }
            Ok(Known { manifest, evidence })
        }
        Origin::Configured(alias) => {
            let server = project.server(alias).ok_or_else(|| {
                CommandError::usage(format!("no client is configured with a server `{alias}`"))
                    .hint("`mcp-pin ls` lists the servers")
            })?;
            captured(context, &project, server)
        }
        Origin::Command(words) => captured(context, &project, &started_by(words)?),
    }
}

fn captured(
    context: &Context,
    project: &crate::project::Project,
    server: &ConfiguredServer,
) -> Result<Known, CommandError> {
    refuse_unlockable(server)?;
    let live = capture(context, project, &Wanted { server, locked: None })?;
    let manifest = live.to_local_manifest(&server.alias, None, context.now())?;
    Ok(Known { manifest, evidence: live.packages.bundles })
}

fn started_by(words: &[String]) -> Result<ConfiguredServer, CommandError> {
    let (command, args) = words.split_first().ok_or_else(|| CommandError::usage("no command follows `--`"))?;
    Ok(ConfiguredServer {
        alias: COMMAND_ALIAS.parse().map_err(|_| CommandError::internal("the alias of a command is one"))?,
        places: Vec::new(),
        launch: Launch::Stdio(StdioLaunch {
            command: command.clone(),
            args: args.to_vec(),
            env: Vec::new(),
            cwd: None,
        }),
        values: std::collections::BTreeMap::new(),
        unsupported: None,
        disabled: false,
    })
}
