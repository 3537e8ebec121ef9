//! Versions as packages spell them, as semantic versions.
//!
//! Python's spelling of pre-releases (`1.2.0rc1`, PEP 440), missing numbers (`1.2`) and leading zeros of months
//! (`2026.08.31`) mean the same to everybody. What has no place in the order of semantic versions is refused: a version
//! that is put in the wrong place would pass a step that was never made.

use semver::Version;

/// The longest version: what `server.json` allows.
const MAX_BYTES: usize = 255;

/// Reads a version.
///
/// # Errors
/// Why it is none, in our own words.
pub fn parse(text: &str) -> Result<Version, &'static str> {
    if text.len() > MAX_BYTES {
        return Err("it is longer than 255 bytes");
    }
    let text = text.strip_prefix('v').unwrap_or(text);
    match Version::parse(text) {
        Ok(version) => Ok(version),
        Err(_) => python(text),
    }
}

/// The letters of pre-releases, as PEP 440 writes them.
const PRE_RELEASES: [&str; 3] = ["a", "b", "rc"];

fn python(text: &str) -> Result<Version, &'static str> {
    const NONE: &str = "it is neither a semantic version nor one that can be read as one";
    let (public, local) = match text.split_once('+') {
        Some((public, local)) => (public, Some(local)),
        None => (text, None),
    };
    if public.contains('!') {
        return Err("an epoch has no place among semantic versions");
    }
    if public.contains("post") {
        return Err("a post-release has no place among semantic versions");
    }
    let end = public.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(public.len());
    let (release, suffix) = public.split_at(end);
    // `1.2.dev3`: the dot belongs to the suffix.
    let release = release.strip_suffix('.').filter(|_| !suffix.is_empty()).unwrap_or(release);
    let mut numbers = release.split('.').map(|number| number.parse::<u64>().map_err(|_| NONE));
    let mut version = Version::new(numbers.next().ok_or(NONE)??, 0, 0);
    version.minor = numbers.next().transpose()?.unwrap_or(0);
    version.patch = numbers.next().transpose()?.unwrap_or(0);
    for more in numbers {
        if more? != 0 {
            return Err("it has more than three numbers");
        }
    }
    let pre = match suffix.split_at(suffix.find(|c: char| c.is_ascii_digit()).unwrap_or(suffix.len())) {
        ("", "") => String::new(),
        // Before every other pre-release, which starts with a letter.
        ("dev", number) => format!("0.dev.{}", whole(number).ok_or(NONE)?),
        (letters, number) if PRE_RELEASES.contains(&letters) => format!("{letters}.{}", whole(number).ok_or(NONE)?),
        _ => return Err(NONE),
    };
    version.pre = semver::Prerelease::new(&pre).map_err(|_| NONE)?;
    if let Some(local) = local {
        version.build = semver::BuildMetadata::new(local).map_err(|_| NONE)?;
    }
    Ok(version)
}

fn whole(number: &str) -> Option<u64> {
    number.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_packages_are_read() {
        for (text, version) in [
            ("1.4.2", "1.4.2"),
            ("v1.4.2", "1.4.2"),
            ("1.4.2-rc.1+b", "1.4.2-rc.1+b"),
            ("1.4", "1.4.0"),
            ("3", "3.0.0"),
            ("1.2.0rc1", "1.2.0-rc.1"),
            ("1.2b3", "1.2.0-b.3"),
            ("1.2.dev3", "1.2.0-0.dev.3"),
            ("1.2.0+local.1", "1.2.0+local.1"),
            ("2026.08.31", "2026.8.31"),
            ("1.2.0.0", "1.2.0"),
        ] {
            assert_eq!(parse(text).unwrap().to_string(), version, "{text}");
        }
    }

    #[test]
    fn the_order_is_that_of_the_spelling() {
        let order = ["1.2.dev1", "1.2a1", "1.2b1", "1.2rc1", "1.2rc10", "1.2", "1.2.1"];
        let versions: Vec<Version> = order.iter().map(|text| parse(text).unwrap()).collect();
        assert!(versions.is_sorted_by(|a, b| a < b), "{versions:?}");
    }

    #[test]
    fn what_has_no_place_in_the_order_is_refused() {
        for text in [
            "",
            "dev",
            "1.2.0.post1",
            "1!1.2",
            "1.2.3.4",
            "1.2rc",
            "1.2rc1.dev2",
            "1..2",
            "1.2.0 ",
            "99999999999999999999",
            "1.2-x y",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
        assert!(parse(&format!("1.0.0-{}", "x".repeat(300))).is_err());
    }
}
