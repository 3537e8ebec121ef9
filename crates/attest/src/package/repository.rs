//! The one spelling of a repository's address.

use url::Url;

/// Brings a repository's address into one spelling: `https`, host in lower case, no user, `.git`, trailing slash, query or
/// fragment. `git+https:`, `git:`, `ssh:` and `git@host:path` name the same repository. The path keeps its case where it
/// decides. `None` for what names no repository on a host.
#[must_use]
pub fn normal_repository(text: &str) -> Option<String> {
    let text = text.strip_prefix("git+").unwrap_or(text);
    let address = match text.split_once("://") {
        Some(("https" | "http" | "git" | "ssh", rest)) => format!("https://{rest}"),
        Some(_) => return None,
        // The short form of SSH: `git@host:owner/name`.
        None => {
            let (host, path) = text.split_once(':')?;
            format!("https://{host}/{}", path.trim_start_matches('/'))
        }
    };
    let url = Url::parse(&address).ok()?;
    let host = url.host_str()?;
    let path = url.path().trim_end_matches('/');
    let path = path.strip_suffix(".git").unwrap_or(path);
    if path.split('/').filter(|part| !part.is_empty()).count() < 2 || path.contains("//") {
        return None;
    }
    // Both forges find repositories whatever the case, and give no two of them names that differ in nothing else.
    let path = if matches!(host, "github.com" | "gitlab.com") { path.to_ascii_lowercase() } else { path.to_owned() };
    // A port of SSH or git is none of the web's.
    Some(format!("https://{host}{path}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_repository_has_one_spelling() {
        for text in [
            "https://github.com/acme/weather",
            "https://github.com/Acme/Weather/",
            "https://GITHUB.com/acme/weather.git",
            "http://github.com/acme/weather",
            "git+https://github.com/acme/weather.git",
            "git+ssh://git@github.com/acme/weather.git",
            "ssh://git@github.com:22/acme/weather.git",
            "git://github.com/acme/weather.git",
            "git@github.com:acme/weather.git",
            "https://github.com/acme/weather#readme",
        ] {
            assert_eq!(normal_repository(text).as_deref(), Some("https://github.com/acme/weather"), "{text}");
        }
    }

    #[test]
    fn t84_what_looks_like_the_repository_is_not_it() {
        let ours = normal_repository("https://github.com/acme/weather");
        for text in [
            "https://github.com/acme/weather-evil",
            "https://github.com/acme-evil/weather",
            "https://github.com.evil.example/acme/weather",
            "https://github.com@evil.example/acme/weather",
            "https://evil.example/github.com/acme/weather",
            "https://github.com/acme/weather/../../evil/weather",
            "https://gitlab.com/acme/weather",
            "https://github.com//acme/weather",
            "https://github.com/acme/weather.git.git",
            "https://github.com/acme",
            "file:///acme/weather",
            "acme/weather",
            "",
        ] {
            assert_ne!(normal_repository(text), ours, "{text}");
        }
        assert_ne!(normal_repository("https://forge.example/a/B"), normal_repository("https://forge.example/a/b"));
    }
}
