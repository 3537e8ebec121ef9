//! npm packages: `npx`, `npm exec`, `bunx`, `pnpm dlx`, `yarn dlx`.

use super::{
    Ecosystem, Package, Pin,
    options::{Options, Scanned, is_command_of_a_package, is_harmless},
};

/// npm's own limit on a name.
const MAX_NAME: usize = 214;

/// npm's limit on a version.
const MAX_VERSION: usize = 256;

const NPX: Options = Options {
    flags: &[
        "-y",
        "--yes",
        "--no",
        "--no-install",
        "-q",
        "--quiet",
        "-s",
        "--silent",
        "--offline",
        "--prefer-offline",
        "--prefer-online",
        "--ignore-existing",
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
        "--no-update-notifier",
        "--no-progress",
    ],
    ignored: &["--loglevel", "--cache"],
    package: &["-p", "--package"],
};

const BUNX: Options = Options {
    flags: &["--bun", "-y", "--yes", "--no-install", "--silent", "--verbose"],
    ignored: &[],
    package: &["-p", "--package"],
};

const PNPM_DLX: Options = Options { flags: &["-s", "--silent"], ignored: &["--allow-build"], package: &["--package"] };

const YARN_DLX: Options = Options { flags: &["-q", "--quiet"], ignored: &[], package: &["-p", "--package"] };

/// Commands that `bunx` takes for packages of other names.
const BUNX_SHORTHANDS: &[&str] = &["tsc", "claude"];

/// `npx …`: everything after the package is the package's.
pub(super) fn npx(words: &[&str], environment: &[&str]) -> Option<Package> {
    let scanned = NPX.scan(words)?;
    package(&scanned, environment)
}

/// `npm exec …`: without `--`, options after the package are still npm's, and could name another one.
pub(super) fn npm_exec(words: &[&str], environment: &[&str]) -> Option<Package> {
    let scanned = NPX.scan(words)?;
    if !scanned.ended {
        let before_end = scanned.rest.iter().take_while(|word| **word != "--");
        if before_end.into_iter().any(|word| word.starts_with('-')) {
            return None;
        }
    }
    package(&scanned, environment)
}

/// `bunx …` and `bun x …`.
pub(super) fn bunx(words: &[&str], environment: &[&str]) -> Option<Package> {
    let scanned = BUNX.scan(words)?;
    let package = package(&scanned, environment)?;
    (!scanned.ended && !BUNX_SHORTHANDS.contains(&package.name.as_str())).then_some(package)
}

/// `pnpm dlx …` and `pnpx …`.
pub(super) fn pnpm_dlx(words: &[&str], environment: &[&str]) -> Option<Package> {
    let scanned = PNPM_DLX.scan(words)?;
    if scanned.ended { None } else { package(&scanned, environment) }
}

/// `yarn dlx …`.
pub(super) fn yarn_dlx(words: &[&str], environment: &[&str]) -> Option<Package> {
    let scanned = YARN_DLX.scan(words)?;
    if scanned.ended { None } else { package(&scanned, environment) }
}

fn package(scanned: &Scanned<'_, '_>, environment: &[&str]) -> Option<Package> {
    const PREFIXES: &[&str] = &["npm_config_", "pnpm_config_", "bun_config_", "yarn_"];
    const HARMLESS: &[&str] = &[
        "audit",
        "cache",
        "cache_folder",
        "color",
        "fund",
        "loglevel",
        "offline",
        "prefer_offline",
        "prefer_online",
        "progress",
        "update_notifier",
        "yes",
    ];
    if !environment.iter().all(|name| is_harmless(name, PREFIXES, HARMLESS)) {
        return None;
    }
    let first = *scanned.rest.first()?;
    match scanned.packages.as_slice() {
        [] => parse(first),
        [package] if is_command_of_a_package(first) => parse(package),
        // Of several packages, the one that has the command runs; which one that is, is not written here.
        _ => None,
    }
}

/// `name`, `name@spec`, `@scope/name@spec`.
fn parse(text: &str) -> Option<Package> {
    let at = text.char_indices().skip(1).find(|(_, c)| *c == '@').map(|(at, _)| at);
    let (name, spec) = match at {
        Some(at) => (text.get(..at)?, text.get(at + 1..)?),
        None => (text, ""),
    };
    is_name(name).then_some(())?;
    Some(Package::new(Ecosystem::Npm, name, pin(spec)?))
}

fn is_name(name: &str) -> bool {
    let part = |part: &str| {
        part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._~-".contains(&byte))
            && part.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric())
    };
    let named = match name.strip_prefix('@') {
        Some(scoped) => scoped.split_once('/').is_some_and(|(scope, name)| part(scope) && part(name)),
        None => part(name),
    };
    let lower = name.to_ascii_lowercase();
    // npm takes these endings for files, and these words for the value of the switch before them.
    let is_file = [".tgz", ".tar", ".tar.gz"].iter().any(|end| lower.ends_with(end));
    named && name.len() <= MAX_NAME && !is_file && !matches!(name, "true" | "false" | "null")
}

fn pin(spec: &str) -> Option<Pin> {
    if spec.len() > MAX_VERSION {
        return None;
    }
    let exact = spec.strip_prefix('=').unwrap_or(spec);
    let exact = exact.strip_prefix('v').unwrap_or(exact);
    if semver::Version::parse(exact).is_ok() {
        return Some(Pin::Exact(exact.to_owned()));
    }
    if is_range(spec) {
        return Some(Pin::Range(spec.to_owned()));
    }
    // A tag. Protocols (`npm:`, `git+https:`, `file:`) name something else, and have a colon or a slash.
    spec.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte)).then_some(Pin::Floating)
}

/// Comparators between spaces; that each is a whole one does not matter, as none of them pins.
fn is_range(spec: &str) -> bool {
    let comparator = |part: &str| {
        let first = part.strip_prefix('v').unwrap_or(part);
        part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-+_<>=~^*|".contains(&byte))
            && (part.starts_with(['^', '~', '<', '>', '=', '*', '|'])
                || matches!(first, "-" | "x" | "X")
                || first.starts_with(|c: char| c.is_ascii_digit()))
    };
    let mut parts = spec.split(' ').filter(|part| !part.is_empty()).peekable();
    parts.peek().is_some() && parts.all(comparator)
}
