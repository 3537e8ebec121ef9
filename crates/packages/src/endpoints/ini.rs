//! The lines of `.npmrc` and `pip.conf`.

/// The `key = value` lines of a section; those before any section belong to the section with no name.
pub(super) fn entries<'t>(text: &'t str, section: &str) -> Vec<(&'t str, &'t str)> {
    let mut current = "";
    let mut found = Vec::new();
    for line in text.lines().map(str::trim) {
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            current = name.trim();
        } else if current == section
            && let Some((key, value)) = line.split_once('=')
        {
            found.push((key.trim(), value.trim().trim_matches('"')));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_comments_and_quotes() {
        let text = "a=1\n; b=2\n# c=3\n[x]\n d = \"4\" \nno value\n[y]\nd=5";
        assert_eq!(entries(text, ""), [("a", "1")]);
        assert_eq!(entries(text, "x"), [("d", "4")]);
        assert_eq!(entries(text, "y"), [("d", "5")]);
    }
}
