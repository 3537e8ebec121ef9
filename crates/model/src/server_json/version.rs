//! What looks like a range of versions.

/// Whether a version text is a range, a wildcard or an alternative rather than one version.
///
/// The official registry also takes an `x` inside a pre-release (`1.0.0-next.1`) for a wildcard; that is a known
/// mistake of its pattern and is not repeated.
pub(super) fn is_range(text: &str) -> bool {
    let text = text.trim();
    if text.contains("||") || text.starts_with(['^', '~', '>', '<', '=']) {
        return true;
    }
    if let Some((from, to)) = text.split_once(" - ") {
        return is_number(from.trim()) && is_number(to.trim());
    }
    // Pre-release and build parts may hold any letter: only the numbers before them can be wildcards.
    let release = text.split(['-', '+']).next().unwrap_or_default();
    let release = release.strip_prefix('v').unwrap_or(release);
    let wild = |part: &str| matches!(part, "x" | "X" | "*");
    let mut parts = release.split('.').peekable();
    parts.peek().is_some_and(|first| *first == "*" || first.bytes().all(|byte| byte.is_ascii_digit()))
        && release.split('.').any(wild)
}

/// `1`, `1.2`, `v1.2.3-rc.1`: what can stand at an end of a hyphen range.
fn is_number(text: &str) -> bool {
    let text = text.strip_prefix('v').unwrap_or(text);
    let release = text.split(['-', '+']).next().unwrap_or_default();
    !release.is_empty()
        && release.split('.').all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::is_range;

    #[test]
    fn ranges_are_seen() {
        for text in [
            "^1.2.3", "~1", ">=1.2", ">= 1.2.3", "<2", "=1.0.0", "1.2.3 - 2.0.0", "1 - 2", "1.2 || 1.3", "1.x",
            "1.X.3", "1.2.*", "*", "v1.x",
        ] {
            assert!(is_range(text), "{text}");
        }
    }

    #[test]
    fn exact_versions_pass() {
        for text in [
            "1.2.3",
            "1.2.3-alpha.1",
            "snapshot",
            "2021.03.15",
            "snapshot - 2025.09",
            "v1.0",
            "1.0.0-next.1",
            "2.0.0-experimental",
            "1.0.0-x.1",
            "0.3.0-x",
            "",
        ] {
            assert!(!is_range(text), "{text}");
        }
    }
}
