//! `mcp-pin trust update`.

use std::collections::BTreeSet;

use mcp_pin_attest::InstanceName;
use mcp_pin_model::Digest;
use mcp_pin_signing::{FetchedRoot, TrustRepository, TrustUpdateError};
use serde::Serialize;

use crate::{
    cli::Format,
    context::Context,
    error::{CommandError, CommandResult, Status},
    evidence::root_origin,
    project::roots::{RootInForce, UserRoots},
    render::json,
    ui::{Role, Text},
};

/// Fetch the trusted roots of the public Sigstore instances, by TUF
///
/// A root is kept in your configuration directory once the instance's root keys verified it, and is used from then on where it is
/// newer than the one built in. Nothing older than what was fetched before is taken. Where the instance cannot be reached, what
/// was there stays.
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// Only these instances: public-good, github, staging [default: those that mcp-pin.toml needs, or else public-good]
    #[arg(long, value_name = "INSTANCE")]
    pub instance: Vec<InstanceName>,
    /// Fetch from this mirror of the instance's repository; what it serves is verified like the original
    #[arg(long, value_name = "URL", requires = "instance")]
    pub mirror: Option<String>,
}

/// What became of one root.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RootUpdate {
    /// Whose root.
    pub instance: InstanceName,
    /// `updated`, `unchanged`, or `kept` where nothing could be fetched.
    pub outcome: &'static str,
    /// The digest of the root in force.
    pub digest: Digest,
    /// The version of the repository's root keys.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub root_version: Option<u64>,
    /// The version of the repository's state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timestamp_version: Option<u64>,
    /// Why nothing was fetched.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    #[serde(skip)]
    status: Status,
}

#[derive(Debug, Serialize)]
struct Document<'a> {
    outcome: Status,
    roots: &'a [RootUpdate],
}

/// Runs it.
///
/// # Errors
/// Wrong usage. An instance that cannot be reached is in the outcome: exit code 3.
pub(super) fn run(arguments: &Arguments, context: &Context) -> CommandResult {
    if arguments.mirror.is_some() && arguments.instance.len() != 1 {
        return Err(CommandError::usage("--mirror is of one --instance"));
    }
    let mut updates = Vec::new();
    for instance in wanted(arguments, context)? {
        let repository = TrustRepository::of(&instance).ok_or_else(|| {
            CommandError::usage(format!("`{instance}` has no public repository of its trusted root"))
                .hint("the root of an instance of one's own comes with [[trust.root]] in mcp-pin.toml")
        })?;
        let repository = match &arguments.mirror {
            Some(mirror) => repository.at_mirror(mirror),
            None => repository,
        };
        updates.push(update_root(context, &context.roots, &instance, &repository)?);
    }
    let outcome = updates.iter().fold(Status::Passed, |status, update| status.and(update.status));
    match context.format {
        Format::Json => json::print(&context.ui, "trust-update", &Document { outcome, roots: &updates })?,
        Format::Human => {
            for update in &updates {
                say(context, update)?;
            }
        }
    }
    Ok(outcome)
}

fn wanted(arguments: &Arguments, context: &Context) -> Result<BTreeSet<InstanceName>, CommandError> {
    if !arguments.instance.is_empty() {
        return Ok(arguments.instance.iter().cloned().collect());
    }
    let settings = context.project()?.settings;
    let roots = settings.trust.roots.iter().map(|root| root.root.instance());
    let public: BTreeSet<InstanceName> =
        roots.filter(|instance| TrustRepository::of(instance).is_some()).cloned().collect();
    Ok(if public.is_empty() { BTreeSet::from([InstanceName::PublicGood]) } else { public })
}

/// Fetches one root, verifies it and keeps it.
///
/// # Errors
/// When there is nowhere to keep it, or no root at all. That nothing was fetched is an outcome.
pub fn update_root(
    context: &Context,
    roots: &UserRoots,
    instance: &InstanceName,
    repository: &TrustRepository,
) -> Result<RootUpdate, CommandError> {
    // A damaged root is what fetching puts right, so it does not stop that.
    let before = roots.in_force(instance);
    let folder = roots.prepare(instance)?;
    let progress = context.ui.progress(&format!("{instance}: asking for its trusted root"));
    let fetched = context.block_on(async { Ok::<_, CommandError>(repository.fetch(&folder, context.now()).await) });
    progress.finish();
    match fetched? {
        Ok(FetchedRoot { json, root_version, timestamp_version }) => {
            let root = roots.keep(instance, &json, context.now())?;
            let same = matches!(&before, Ok(Some(before)) if before.root.digest() == root.digest());
            Ok(RootUpdate {
                instance: instance.clone(),
                outcome: if same { "unchanged" } else { "updated" },
                digest: root.digest(),
                root_version: Some(root_version),
                timestamp_version: Some(timestamp_version),
                problem: None,
                status: Status::Passed,
            })
        }
        Err(error) => {
            let before = before?.ok_or_else(|| CommandError::internal("a public instance without a root"))?;
            Ok(kept(instance, &before, &error))
        }
    }
}

fn kept(instance: &InstanceName, before: &RootInForce, error: &TrustUpdateError) -> RootUpdate {
    RootUpdate {
        instance: instance.clone(),
        outcome: "kept",
        digest: before.root.digest(),
        root_version: None,
        timestamp_version: None,
        problem: Some(format!("{error}; the root {} stays in force", root_origin(&before.origin))),
        status: match error {
            TrustUpdateError::Address => Status::Usage,
            error if error.is_could_not_check() => Status::CouldNotCheck,
            _ => Status::Failed,
        },
    }
}

fn say(context: &Context, update: &RootUpdate) -> Result<(), CommandError> {
    let mut text = Text::new();
    match &update.problem {
        None => {
            text.push(Role::Good, format!("{:<10}", update.outcome));
            text.push(Role::Strong, update.instance.as_str());
            text.plain(format!("  {}\n", update.digest));
        }
        Some(problem) => {
            let word = if update.status == Status::CouldNotCheck { "could not fetch " } else { "refused " };
            text.push(Role::Bad, word);
            text.push(Role::Strong, update.instance.as_str());
            text.plain(format!(": {problem}\n"));
        }
    }
    crate::review::print(context, text)
}
