//! Asking the installed clients for their own default.

use std::{process::Stdio, time::Duration};

use tokio::process::Command;

use super::Surroundings;

/// How long a client may take to say one line: node starts in half a second, on a cold disk in several.
const PATIENCE: Duration = Duration::from_secs(20);

/// The longest line.
const MAX_ANSWER_BYTES: usize = 4096;

/// What `npm config get registry` says.
pub(super) async fn npm(surroundings: &Surroundings) -> Option<String> {
    ask(surroundings, "npm", &["config", "get", "registry"]).await
}

/// What pip is configured with, and else the default that stands in pip itself.
pub(super) async fn pip(surroundings: &Surroundings) -> Option<String> {
    if let Some(answer) = ask(surroundings, "pip", &["config", "get", "global.index-url"]).await {
        return Some(answer);
    }
    let default = "from pip._internal.models.index import PyPI; print(PyPI.simple_url)";
    for python in ["python3", "python"] {
        // Isolated: nothing of the directory, of the user's packages or variables takes part.
        if let Some(answer) = ask(surroundings, python, &["-I", "-c", default]).await {
            return Some(answer);
        }
    }
    None
}

/// Runs a client and takes its one line. A client that is not there, fails or says something else has said nothing.
async fn ask(surroundings: &Surroundings, program: &str, arguments: &[&str]) -> Option<String> {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .env_clear()
        .envs(surroundings.for_children())
        // Not in the project: whatever lies there must not decide which code a client loads.
        .current_dir(std::env::temp_dir())
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    let output = tokio::time::timeout(PATIENCE, command.output()).await.ok()?.ok()?;
    if !output.status.success() || output.stdout.len() > MAX_ANSWER_BYTES {
        return None;
    }
    let text = String::from_utf8(output.stdout).ok()?;
    let line = text.trim();
    (line.starts_with("http") && !line.contains(char::is_whitespace)).then(|| line.to_owned())
}
