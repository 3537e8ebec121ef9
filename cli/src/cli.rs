//! The command line's grammar. What a command takes stands in that command's own file.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};

use crate::commands::{
    approve, break_glass, ci, completions, diff, explain, init, inspect, key, lock, log, ls, manifest, merge_driver,
    pending, registry, reject, review, revoke, rules, sign_bundle, steer, submit, trust, update, verify, verify_bundle,
    why,
};

/// Pin, verify and review what MCP servers tell an AI agent.
///
/// Exit codes: 0 ok, 1 drift or failed verification, 2 usage or configuration, 3 could not check, 4 consent required.
#[derive(Debug, Parser)]
#[command(name = "mcp-pin", version, propagate_version = true, max_term_width = 100)]
pub struct Cli {
    /// What holds for every command.
    #[command(flatten)]
    pub global: GlobalArguments,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Options of every command.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Global options")]
pub struct GlobalArguments {
    /// How results are printed
    #[arg(long, global = true, value_enum, default_value_t = Format::Human)]
    pub format: Format,
    /// The same as `--format json`
    #[arg(long, global = true, conflicts_with = "format")]
    pub json: bool,
    /// When to use colour
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto)]
    pub color: Color,
    /// Print results and errors only
    #[arg(long, short, global = true)]
    pub quiet: bool,
    /// Run as if started in this directory
    #[arg(long, short = 'C', global = true, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub directory: Option<PathBuf>,
    /// Your signing key: a file, or `exec:` and the command of a program that signs
    /// [default: mcp-pin/key.pem in the configuration directory]
    #[arg(long, global = true, value_name = "FILE|exec:COMMAND", env = "MCP_PIN_KEY", hide_env_values = true, value_hint = ValueHint::FilePath)]
    pub key: Option<PathBuf>,
}

impl GlobalArguments {
    /// How results are printed, however it was asked for.
    #[must_use]
    pub fn format(&self) -> Format {
        if self.json { Format::Json } else { self.format }
    }
}

/// How results are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Human,
    /// One versioned JSON document on standard output.
    Json,
}

/// When to use colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless `NO_COLOR` is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    #[expect(missing_docs, reason = "the help text is the arguments' own doc comment")]
    Init(init::Arguments),
    #[expect(missing_docs, reason = "the help text is the arguments' own doc comment")]
    Lock(lock::Arguments),
    #[expect(missing_docs, reason = "the help text is the arguments' own doc comment")]
    Verify(verify::Arguments),
    #[expect(missing_docs, reason = "the help text is the arguments' own doc comment")]
    Diff(diff::Arguments),
    #[expect(missing_docs, reason = "the help text is the arguments' own doc comment")]
    Ci(ci::Arguments),
    #[expect(missing_docs, reason = "the help text is the arguments' own doc comment")]
    Update(update::Arguments),
    #[expect(missing_docs, reason = "the help text is the arguments' own doc comment")]
    Ls(ls::Arguments),
    #[expect(missing_docs, reason = "the help text is the arguments' own doc comment")]
    Why(why::Arguments),
    #[expect(missing_docs, reason = "the help text is the arguments' own doc comment")]
    Inspect(inspect::Arguments),
    #[expect(missing_docs, reason = "the help text is the arguments' own doc comment")]
    Explain(explain::Arguments),
    #[expect(missing_docs, reason = "the help text is the arguments' own doc comment")]
    Rules(rules::Arguments),
    #[expect(missing_docs, reason = "the help text is the arguments' own doc comment")]
    Trust(trust::Arguments),
    #[expect(missing_docs, reason = "the help text is the arguments' own doc comment")]
    Key(key::Arguments),
    #[expect(missing_docs, reason = "the help text is the arguments' own doc comment")]
    Manifest(manifest::Arguments),
    #[command(hide = true)]
    #[expect(missing_docs, reason = "the help text is the arguments' own doc comment")]
    SignBundle(sign_bundle::Arguments),
    #[expect(missing_docs, reason = "the help text is the arguments' own doc comment")]
    Submit(submit::Arguments),
    #[expect(missing_docs, reason = "the help text is the arguments' own doc comment")]
    Approve(approve::Arguments),
    #[expect(missing_docs, reason = "the help text is the arguments' own doc comment")]
    Reject(reject::Arguments),
    #[expect(missing_docs, reason = "the help text is the arguments' own doc comment")]
    Pending(pending::Arguments),
    #[expect(missing_docs, reason = "the help text is the arguments' own doc comment")]
    Review(review::Arguments),
    #[expect(missing_docs, reason = "the help text is the arguments' own doc comment")]
    Promote(steer::promote::Arguments),
    #[expect(missing_docs, reason = "the help text is the arguments' own doc comment")]
    Pause(steer::pause::Arguments),
    #[expect(missing_docs, reason = "the help text is the arguments' own doc comment")]
    Resume(steer::resume::Arguments),
    #[expect(missing_docs, reason = "the help text is the arguments' own doc comment")]
    Halt(steer::halt::Arguments),
    #[expect(missing_docs, reason = "the help text is the arguments' own doc comment")]
    Rollback(steer::rollback::Arguments),
    #[expect(missing_docs, reason = "the help text is the arguments' own doc comment")]
    BreakGlass(break_glass::Arguments),
    #[expect(missing_docs, reason = "the help text is the arguments' own doc comment")]
    Revoke(revoke::Arguments),
    #[expect(missing_docs, reason = "the help text is the arguments' own doc comment")]
    Log(log::Arguments),
    #[expect(missing_docs, reason = "the help text is the arguments' own doc comment")]
    Registry(registry::Arguments),
    #[expect(missing_docs, reason = "the help text is the arguments' own doc comment")]
    VerifyBundle(verify_bundle::Arguments),
    #[expect(missing_docs, reason = "the help text is the arguments' own doc comment")]
    MergeDriver(merge_driver::Arguments),
    #[expect(missing_docs, reason = "the help text is the arguments' own doc comment")]
    Completions(completions::Arguments),
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_grammar_is_consistent() {
        super::Cli::command().debug_assert();
    }
}
