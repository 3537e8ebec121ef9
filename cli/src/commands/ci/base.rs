//! What a pull request is compared with, and whose trust it is judged by: both come from git.

use crate::{
    context::Context,
    error::CommandError,
    findings,
    git::Commit,
    project::{Project, pull_request},
};

/// The base of what is checked.
pub(super) struct Base {
    /// What it was called.
    pub(super) revision: String,
    /// Its newest commit. Trust comes from here: whoever opens a pull request chooses where it began, and could choose a commit
    /// at which somebody was still trusted.
    pub(super) tip: Commit,
    /// Where the pull request left it: what it changes is what differs from there.
    pub(super) left: Commit,
    /// What was not as it should be.
    pub(super) note: Option<String>,
}

impl Base {
    /// What is told about it.
    pub(super) fn told(&self) -> findings::Base {
        findings::Base {
            revision: self.revision.clone(),
            commit: self.tip.id().to_owned(),
            compared: self.left.id().to_owned(),
        }
    }
}

/// The base that was named, or that the CI system names; `None` where this is no pull request.
///
/// # Errors
/// Exit code 3 where it is not in this clone.
pub(super) fn find(named: Option<&str>, project: &Project, context: &Context) -> Result<Option<Base>, CommandError> {
    let (revision, tip) = match named {
        Some(revision) => (revision.to_owned(), Commit::resolve(&project.root, revision)?),
        None => {
            let candidates = pull_request::base_revisions(&context.environment);
            let Some(first) = candidates.first() else { return Ok(None) };
            let found = candidates
                .iter()
                .find_map(|revision| Some((revision.clone(), Commit::resolve(&project.root, revision).ok()?)));
            found.ok_or_else(|| {
                CommandError::could_not_check(format!("this is a pull request, but there is no `{first}` here"))
                    .hint("fetch the base branch with its history: in GitHub Actions `fetch-depth: 0`, elsewhere git fetch origin <branch>")
            })?
        }
    };
    let head = Commit::resolve(&project.root, "HEAD")?;
    let (left, note) = match tip.merge_base(&head)? {
        Some(left) => (left, None),
        None => (
            tip.clone(),
            Some(format!(
                "this clone does not reach back to where the pull request left {revision}, so it is compared with the newest \
                 commit of that: what changed there since looks as if it was undone here"
            )),
        ),
    };
    Ok(Some(Base { revision, tip, left, note }))
}
