//! What a CI system says about the pull request that it checks.

use crate::context::Environment;

/// What CI systems call the branch that a pull request is to be merged into. Each sets its variable for pull requests only.
const TARGET_BRANCHES: [&str; 7] = [
    // GitHub Actions, Gitea, Forgejo.
    "GITHUB_BASE_REF",
    // GitLab.
    "CI_MERGE_REQUEST_TARGET_BRANCH_NAME",
    "BITBUCKET_PR_DESTINATION_BRANCH",
    "BUILDKITE_PULL_REQUEST_BASE_BRANCH",
    // Azure Pipelines.
    "SYSTEM_PULLREQUEST_TARGETBRANCH",
    // Woodpecker.
    "CI_COMMIT_TARGET_BRANCH",
    // Jenkins.
    "CHANGE_TARGET",
];

/// What they call a commit of that branch: where the pull request began, so perhaps not its newest.
const TARGET_COMMITS: [&str; 2] = ["CI_MERGE_REQUEST_DIFF_BASE_SHA", "BITBUCKET_PR_DESTINATION_COMMIT"];

/// The git revisions that are the base of the pull request which is being checked, the one to be preferred first; empty where
/// no CI system says that this is a pull request.
///
/// The newest commit of the branch comes before the commit where the request began: whoever opens one chooses the latter, and
/// could choose one at which somebody was still trusted.
#[must_use]
pub fn base_revisions(environment: &Environment) -> Vec<String> {
    let set = |name: &&str| environment.get(name).map(str::trim).filter(|value| !value.is_empty());
    let branches = TARGET_BRANCHES.iter().filter_map(set).map(|branch| {
        let branch = branch.strip_prefix("refs/heads/").unwrap_or(branch);
        // Spelled out, so that no tag or local branch of this name stands for it.
        format!("refs/remotes/origin/{branch}")
    });
    branches.chain(TARGET_COMMITS.iter().filter_map(set).map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(variables: &[(&str, &str)]) -> Vec<String> {
        base_revisions(&variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn every_system_names_its_base() {
        assert_eq!(of(&[("GITHUB_BASE_REF", "main")]), ["refs/remotes/origin/main"]);
        assert_eq!(of(&[("SYSTEM_PULLREQUEST_TARGETBRANCH", "refs/heads/main")]), ["refs/remotes/origin/main"]);
        assert_eq!(
            of(&[("CI_MERGE_REQUEST_DIFF_BASE_SHA", "abc"), ("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "main")]),
            ["refs/remotes/origin/main", "abc"]
        );
    }

    #[test]
    fn a_push_is_no_pull_request() {
        assert!(of(&[("CI", "true"), ("GITHUB_BASE_REF", ""), ("GITHUB_REF", "refs/heads/main")]).is_empty());
    }
}
