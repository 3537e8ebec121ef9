//! Files of a git revision, read with the git that is installed.

use std::{
    io::{Read as _, Write as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::error::CommandError;

/// The largest file that is read out of a repository: the limit of a lock.
const MAX_BYTES: u64 = 64 << 20;

/// How git writes the mode of a plain file, and of one that may be run. Everything else (a symbolic link, a submodule, a
/// directory) holds no text of its own.
const FILE_MODES: [&str; 2] = ["100644", "100755"];

/// A commit, by its full id.
#[derive(Clone, Debug)]
pub struct Commit {
    root: PathBuf,
    id: String,
}

impl Commit {
    /// Resolves what a person calls it: a branch, a tag, an id, `HEAD~1`.
    ///
    /// # Errors
    /// Exit code 2 for what is no name of a revision, 3 where git does not know it.
    pub fn resolve(root: &Path, revision: &str) -> Result<Self, CommandError> {
        // git is told that no options follow, too; a name that looks like one is a mistake or an attack in any case.
        if revision.is_empty() || revision.starts_with('-') || revision.chars().any(char::is_control) {
            return Err(CommandError::could_not_check(format!("`{revision}` is not the name of a git revision")));
        }
        let output = git(root)
            .args(["rev-parse", "--verify", "--quiet", "--end-of-options"])
            .arg(format!("{revision}^{{commit}}"))
            .output()
            .map_err(|error| CommandError::could_not_check(format!("cannot run git: {error}")))?;
        let id = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        let hexadecimal = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_hexdigit());
        if output.status.success() && hexadecimal {
            return Ok(Self { root: root.to_owned(), id });
        }
        Err(CommandError::could_not_check(format!("`{revision}` is not a commit of the git repository here"))
            .hint("in CI, fetch the base branch first: git fetch origin <branch>"))
    }

    /// The newest commit that two share: where a branch left another; `None` where there is none, or where a shallow clone
    /// does not reach back to it.
    ///
    /// # Errors
    /// Exit code 3 where git cannot be run.
    pub fn merge_base(&self, other: &Self) -> Result<Option<Self>, CommandError> {
        let output = git(&self.root)
            .args(["merge-base", &self.id, &other.id])
            .output()
            .map_err(|error| CommandError::could_not_check(format!("cannot run git: {error}")))?;
        let id = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        let hexadecimal = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_hexdigit());
        Ok((output.status.success() && hexadecimal).then(|| Self { root: self.root.clone(), id }))
    }

    /// The commits before and including this one that changed a file, the newest first, at most `limit`.
    ///
    /// # Errors
    /// Exit code 3 where git cannot say.
    pub fn history(&self, path: &str, limit: usize) -> Result<Vec<Self>, CommandError> {
        let failed =
            |why: String| CommandError::could_not_check(format!("git cannot list the history of `{path}`: {why}"));
        let output = git(&self.root)
            .args(["log", "--format=%H", "--full-history", &format!("--max-count={limit}"), &self.id, "--", path])
            .output()
            .map_err(|error| failed(error.to_string()))?;
        if !output.status.success() {
            return Err(failed(format!("commit {}", self.short())));
        }
        Ok(String::from_utf8_lossy(&output.stdout)
            .lines()
            .map(|id| Self { root: self.root.clone(), id: id.to_owned() })
            .collect())
    }

    /// Commits of any branch that brought or took a file with this content, the newest first; for finding the one that a file
    /// was checked out from. Empty where git cannot say.
    #[must_use]
    pub fn with_file(root: &Path, path: &str, content: &[u8]) -> Vec<Self> {
        /// Versions come and go with few commits.
        const LIMIT: &str = "--max-count=20";
        let ask = || {
            let mut child =
                git(root).args(["hash-object", "--no-filters", "--stdin"]).stdin(Stdio::piped()).spawn().ok()?;
            child.stdin.take()?.write_all(content).ok()?;
            let output = child.wait_with_output().ok()?;
            let object = String::from_utf8(output.stdout).ok().filter(|_| output.status.success())?;
            let object = format!("--find-object={}", object.trim());
            git(root)
                .args(["log", "--all", "-m", "--full-history", "--format=%H", LIMIT, &object, "--", path])
                .output()
                .ok()
        };
        let Some(output) = ask() else { return Vec::new() };
        String::from_utf8_lossy(&output.stdout)
            .lines()
            .map(|id| Self { root: root.to_owned(), id: id.to_owned() })
            .collect()
    }

    /// The files right in a folder, by their paths from the project's root.
    ///
    /// # Errors
    /// Exit code 3 where git cannot say.
    pub fn list(&self, folder: &str) -> Result<Vec<String>, CommandError> {
        let listed = git(&self.root)
            .args(["ls-tree", "-z", "--name-only", &self.id, "--", &format!("./{folder}/")])
            .output()
            .map_err(|error| CommandError::could_not_check(format!("cannot run git: {error}")))?;
        if !listed.status.success() {
            return Err(CommandError::could_not_check(format!("git cannot list the files of commit {}", self.short())));
        }
        Ok(String::from_utf8_lossy(&listed.stdout)
            .split('\0')
            .filter(|path| !path.is_empty())
            .map(str::to_owned)
            .collect())
    }

    /// Whether the clone was cut off, so that histories end early.
    #[must_use]
    pub fn is_shallow(&self) -> bool {
        // Where git does not say, the history may as well be cut off.
        git(&self.root)
            .args(["rev-parse", "--is-shallow-repository"])
            .output()
            .map_or(true, |output| String::from_utf8_lossy(&output.stdout).trim() != "false")
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The first characters of its id.
    #[must_use]
    pub fn short(&self) -> String {
        self.id.chars().take(12).collect()
    }

    /// A file of it, by its path from the project's root; `None` where it has none.
    ///
    /// # Errors
    /// Exit code 3 where git cannot say, or the path is no plain file: a symbolic link or a submodule would take the content
    /// from somewhere else than the commit.
    pub fn file(&self, path: &str) -> Result<Option<Vec<u8>>, CommandError> {
        // `./` makes git take the path from the directory it runs in, which may be below the repository's root.
        let object = format!("{}:./{path}", self.id);
        let failed =
            |error: std::io::Error| CommandError::could_not_check(format!("cannot read `{path}` with git: {error}"));
        let listed =
            git(&self.root).args(["ls-tree", "-z", &self.id, "--", &format!("./{path}")]).output().map_err(failed)?;
        if !listed.status.success() {
            return Err(CommandError::could_not_check(format!("git cannot list the files of commit {}", self.short())));
        }
        if listed.stdout.is_empty() {
            return Ok(None);
        }
        let listed = String::from_utf8_lossy(&listed.stdout);
        if !FILE_MODES.iter().any(|mode| listed.starts_with(&format!("{mode} blob "))) {
            return Err(CommandError::could_not_check(format!(
                "`{path}` of commit {} is not a plain file (a symbolic link, a submodule or a directory)",
                self.short()
            )));
        }
        let mut child = git(&self.root).args(["cat-file", "blob", &object]).spawn().map_err(failed)?;
        let mut bytes = Vec::new();
        if let Some(stdout) = child.stdout.take() {
            stdout.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(failed)?;
        }
        // A file beyond the limit leaves git with a closed pipe, which ends it.
        let status = child.wait().map_err(failed)?;
        if bytes.len() as u64 > MAX_BYTES {
            return Err(CommandError::could_not_check(format!(
                "`{path}` of commit {} is larger than {MAX_BYTES} bytes",
                self.short()
            )));
        }
        if status.success() {
            return Ok(Some(bytes));
        }
        Err(CommandError::could_not_check(format!("git cannot read `{path}` of commit {}", self.short())))
    }
}

fn git(root: &Path) -> Command {
    let mut command = Command::new("git");
    command
        .arg("--literal-pathspecs")
        .current_dir(root)
        // Reading only: no prompts, no writes, no fetching of what a partial clone left out, no objects in place of others.
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_OPTIONAL_LOCKS", "0")
        .env("GIT_NO_LAZY_FETCH", "1")
        .env("GIT_NO_REPLACE_OBJECTS", "1")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    command
}
