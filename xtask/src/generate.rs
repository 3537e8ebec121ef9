//! Generated files: JSON Schemas and test vectors. The list below is the place to add one.

use std::{fs, path::Path, process::Command};

use mcp_pin_model::{json, schema};
use serde_json::Value;

use crate::{programs, vectors};

/// A file and what it must hold. A schema of another crate joins here: its crate derives it behind its feature `schema`.
type Generated = (&'static str, fn() -> Result<String, String>);

const FILES: [Generated; 22] = [
    ("schemas/surface.schema.json", || pretty(&schema::surface())),
    ("schemas/lock.schema.json", || pretty(&schema::lock())),
    ("schemas/manifest.schema.json", || pretty(&schema::manifest())),
    ("schemas/consent.schema.json", || pretty(&schema::consent())),
    ("schemas/revocation.schema.json", || pretty(&schema::revocation())),
    ("schemas/leaf.schema.json", || pretty(&schema::leaf())),
    ("schemas/state.schema.json", || pretty(&schema::state())),
    ("schemas/state-part.schema.json", || pretty(&schema::state_part())),
    ("schemas/registry-root.schema.json", || pretty(&schema::registry_root())),
    ("schemas/change-report.schema.json", || pretty(&schemars::schema_for!(mcp_pin_diff::ChangeReport).to_value())),
    ("schemas/openapi.json", openapi),
    ("tests/vectors/canonical-json.json", vectors::canonical_json),
    ("tests/vectors/surfaces.json", vectors::surfaces),
    ("tests/vectors/statements.json", vectors::statements),
    ("tests/vectors/capability-manifests.json", vectors::capability_manifests),
    ("tests/vectors/registry-roots.json", vectors::registry_roots),
    ("tests/vectors/local-names.json", vectors::local_names),
    ("tests/vectors/log-trees.json", vectors::log_trees),
    ("tests/vectors/log-tiles.json", vectors::log_tiles),
    ("tests/vectors/log-checkpoints.json", vectors::log_checkpoints),
    ("tests/vectors/log-receipts.json", vectors::log_receipts),
    ("tests/vectors/mcp-pin.lock", vectors::lock),
];

/// Writes every file whose content differs; with `check`, writes nothing and fails instead.
///
/// # Errors
/// Files that cannot be written, or, with `check`, those that differ.
pub(crate) fn run(root: &Path, check: bool) -> Result<(), String> {
    let mut stale = Vec::new();
    for (name, content) in FILES {
        let (path, content) = (root.join(name), content()?);
        // Unreadable counts as different: a missing file is made, a broken one is replaced.
        if fs::read(&path).is_ok_and(|found| found == content.as_bytes()) {
            continue;
        }
        if check {
            stale.push(name);
            continue;
        }
        let problem = |error: std::io::Error| format!("{name}: {error}");
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(problem)?;
        }
        fs::write(&path, content).map_err(problem)?;
    }
    if stale.is_empty() {
        Ok(())
    } else {
        Err(format!("out of date: {}\nhint: run `cargo xtask generate`", stale.join(", ")))
    }
}

/// The registry's own description of its interface. Asked of the program, so that this crate needs nothing of the server.
fn openapi() -> Result<String, String> {
    programs::build(&["mcp-pin-registry"])?;
    let output = Command::new(programs::beside("mcp-pin-registry")?)
        .arg("openapi")
        .output()
        .map_err(|error| format!("cannot run mcp-pin-registry: {error}"))?;
    if !output.status.success() {
        return Err(format!("mcp-pin-registry openapi failed: {}", String::from_utf8_lossy(&output.stderr)));
    }
    String::from_utf8(output.stdout).map_err(|error| format!("mcp-pin-registry openapi: {error}"))
}

/// Sorted and indented like every reviewed JSON file.
pub(crate) fn pretty(document: &Value) -> Result<String, String> {
    json::to_value(document).map(|value| json::to_pretty_string(&value)).map_err(|error| error.to_string())
}
