//! The project: where it is, its settings (`mcp-pin.toml`), and the servers that MCP clients are configured with.

mod configured;
pub mod launching;
pub mod pull_request;
pub mod roots;
pub mod secrets;
pub mod settings;
mod trust_from;

use std::path::{Path, PathBuf};

use mcp_pin_model::{Alias, lockfile::LOCK_FILE};

pub use configured::{ConfiguredServer, Secret};
pub use settings::Settings;
pub use trust_from::TrustChange;

use self::{roots::UserRoots, settings::Origin};
use crate::error::CommandError;

/// The project file's name.
pub const SETTINGS_FILE: &str = "mcp-pin.toml";

/// What marks a project's root, the strongest first: our own files win over a client's configuration, that over the
/// end of a repository.
const ROOT_MARKS: [&[&str]; 3] =
    [&[SETTINGS_FILE, LOCK_FILE, ".mcp-pin"], &[".mcp.json", ".vscode/mcp.json"], &[".git"]];

/// A project.
#[derive(Clone, Debug)]
pub struct Project {
    /// The directory that holds `mcp-pin.lock`.
    pub root: PathBuf,
    /// `mcp-pin.toml`; the defaults where there is none.
    pub settings: Settings,
    /// The configured servers, sorted by alias.
    pub servers: Vec<ConfiguredServer>,
}

impl Project {
    /// Finds and reads the project that `directory` belongs to: the nearest directory upwards that holds one of our
    /// own files; else the nearest with a client's configuration; else the repository; else `directory` itself. The
    /// search does not leave a git repository: a lock outside it belongs to something else.
    ///
    /// # Errors
    /// A configuration that cannot be read, with file and line.
    pub fn load(directory: &Path, user_roots: &UserRoots) -> Result<Self, CommandError> {
        let root = find_root(directory);
        let settings = Settings::read_from(Origin::Project(root.clone()), user_roots)?;
        let servers = configured::read_all(&root)?;
        Ok(Self { root, settings, servers })
    }

    /// One configured server.
    #[must_use]
    pub fn server(&self, alias: &Alias) -> Option<&ConfiguredServer> {
        self.servers.iter().find(|server| server.alias == *alias)
    }
}

fn find_root(directory: &Path) -> PathBuf {
    let within: Vec<&Path> = {
        let mut within = Vec::new();
        for ancestor in directory.ancestors() {
            within.push(ancestor);
            if ancestor.join(".git").exists() {
                break;
            }
        }
        within
    };
    ROOT_MARKS
        .iter()
        .find_map(|marks| within.iter().find(|ancestor| marks.iter().any(|mark| ancestor.join(mark).exists())))
        .map_or_else(|| directory.to_owned(), |root| (*root).to_owned())
}
