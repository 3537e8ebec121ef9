//! Whose word is taken when a project is checked: never that of a pull request that could change it (threats T66, T80).

use std::path::{Path, PathBuf};

use mcp_pin_model::Digest;

use super::{Project, SETTINGS_FILE, pull_request, roots::UserRoots, settings::Origin, settings::Settings};
use crate::{context::Environment, error::CommandError, git::Commit};

/// How the trust of a pull request stands to that of its base branch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TrustChange {
    /// The same people, keys, roots, registries and preset; or no project file on either side.
    None,
    /// The base branch has no project file, so that nobody is trusted there.
    Brought,
    /// The pull request takes the project file away.
    Deleted,
    /// The pull request trusts others.
    Changed {
        /// The digest of the trust here.
        ours: Digest,
        /// The digest of the trust of the base branch.
        base: Digest,
    },
}

impl Project {
    /// The project, judged by the trust of a commit of the base branch, and how its own differs. Where the base branch trusts
    /// nobody the project's own trust is all there is, and whoever asks must not take that for a pass.
    ///
    /// # Errors
    /// Exit code 3 where the base's file cannot be read.
    pub fn under_base(
        self,
        revision: &str,
        commit: &Commit,
        user_roots: &UserRoots,
    ) -> Result<(Self, TrustChange), CommandError> {
        self.refuse_links()?;
        let origin = Origin::Commit { revision: revision.to_owned(), commit: commit.clone() };
        let base = Settings::read_from(origin, user_roots)?;
        let (ours, theirs) = (self.settings.trust_digest()?, base.trust_digest()?);
        let change = match (self.settings.exists(), base.exists()) {
            (false, false) => TrustChange::None,
            (true, false) => return Ok((self, TrustChange::Brought)),
            (false, true) => TrustChange::Deleted,
            (true, true) if ours == theirs => TrustChange::None,
            (true, true) => TrustChange::Changed { ours, base: theirs },
        };
        if !base.exists() {
            return Ok((self, change));
        }
        let settings = self.settings.under_the_trust_of(base);
        Ok((Self { settings, ..self }, change))
    }

    /// The project, judged by the trust of another project file: a path (absolute, or beginning with `./` or `../`), or else
    /// a git revision, whose `mcp-pin.toml` is read. What stands in the project's own file decides only which servers are
    /// wanted.
    ///
    /// # Errors
    /// Exit code 3 where there is no such file or commit, 2 for a file that belongs to what is being checked.
    pub fn trusting(self, from: &str, directory: &Path, user_roots: &UserRoots) -> Result<Self, CommandError> {
        let origin = self.origin_of(from, directory)?;
        self.under(origin, from, user_roots)
    }

    /// The project, judged by its own file; on a pull request only after that was found to trust whom the base branch trusts.
    ///
    /// # Errors
    /// Exit code 1 where the pull request changes whom mcp-pin trusts, 3 where that cannot be told.
    pub fn trusting_base(self, environment: &Environment, user_roots: &UserRoots) -> Result<Self, CommandError> {
        let candidates = pull_request::base_revisions(environment);
        let Some(first) = candidates.first() else { return Ok(self) };
        let base = candidates.iter().find_map(|revision| Some((revision, Commit::resolve(&self.root, revision).ok()?)));
        let Some((revision, commit)) = base else {
            return Err(CommandError::could_not_check(format!(
                "this is a pull request, and whether it changes whom mcp-pin trusts cannot be told: there is no `{first}` here"
            ))
            .hint("fetch the base branch (git fetch origin <branch>), or say whose trust counts with --trust-from"));
        };
        self.refuse_links()?;
        let origin = Origin::Commit { revision: revision.clone(), commit };
        let base = Settings::read_from(origin, user_roots)?;
        let (ours, theirs) = (self.settings.trust_digest()?, base.trust_digest()?);
        if self.settings.exists() != base.exists() || ours != theirs {
            let what = match (self.settings.exists(), base.exists()) {
                (true, false) => "brings",
                (false, true) => "deletes",
                _ => "changes",
            };
            let mut error = CommandError::failed(format!(
                "this pull request {what} {SETTINGS_FILE}: it would be judged by whom it trusts itself"
            ))
            .detail(format!("trust here                {ours}"))
            .detail(format!("trust of the base branch  {theirs}"));
            error.hint = Some(if base.exists() {
                format!(
                    "judge it by the base branch with --trust-from {revision}; merge a change of trust by itself, reviewed as such"
                )
            } else {
                format!(
                    "let people review {SETTINGS_FILE} and merge it by itself; or name a file outside with --trust-from"
                )
            });
            return Err(error);
        }
        if !base.exists() {
            return Ok(self);
        }
        let settings = self.settings.under_the_trust_of(base);
        Ok(Self { settings, ..self })
    }

    fn under(self, origin: Origin, from: &str, user_roots: &UserRoots) -> Result<Self, CommandError> {
        self.refuse_links()?;
        let trusted = Settings::read_from(origin, user_roots)?;
        if !trusted.exists() {
            return Err(CommandError::could_not_check(format!(
                "`{from}` has no {SETTINGS_FILE}, so nobody is trusted by it"
            ))
            .hint("trust begins with a file that people reviewed and merged"));
        }
        let settings = self.settings.under_the_trust_of(trusted);
        Ok(Self { settings, ..self })
    }

    fn origin_of(&self, from: &str, directory: &Path) -> Result<Origin, CommandError> {
        // What a name means must not depend on which files a pull request brings: a path looks like one.
        let is_path = Path::new(from).is_absolute() || from.starts_with("./") || from.starts_with("../");
        if !is_path {
            let commit = Commit::resolve(&self.root, from).map_err(|error| {
                error.hint("a path is absolute or begins with `./` or `../`; in CI, fetch the base branch first")
            })?;
            return Ok(Origin::Commit { revision: from.to_owned(), commit });
        }
        let path = directory.join(from);
        let real = std::fs::canonicalize(&path).map_err(|error| CommandError::io("read", &path, &error))?;
        if repository_of(&real) == repository_of(&self.root.join(SETTINGS_FILE)) {
            return Err(CommandError::usage(format!("--trust-from {from} is a file of the project that is checked"))
                .hint("name a file that a pull request cannot change, or a commit of the base branch"));
        }
        Ok(Origin::File(path))
    }

    /// A link or a submodule in place of the file could lead anywhere, and to something else tomorrow.
    fn refuse_links(&self) -> Result<(), CommandError> {
        let path = self.root.join(SETTINGS_FILE);
        match std::fs::symlink_metadata(&path) {
            Ok(metadata) if !metadata.is_file() => {
                Err(CommandError::failed(format!("{SETTINGS_FILE} is a link or a directory, not a file"))
                    .at(path, None)
                    .hint("put the file itself there"))
            }
            _ => Ok(()),
        }
    }
}

/// The directory that a file belongs to: the repository around it, or else its own folder.
fn repository_of(file: &Path) -> PathBuf {
    let folder = file.parent().unwrap_or(file);
    let folder = std::fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
    folder.ancestors().find(|ancestor| ancestor.join(".git").exists()).unwrap_or(&folder).to_owned()
}
