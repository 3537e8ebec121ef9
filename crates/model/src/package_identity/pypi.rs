//! PyPI packages: `uvx`, `uv tool run`, `pipx run`.

use super::{
    Ecosystem, Package, Pin,
    options::{Options, is_command_of_a_package, is_harmless, is_python},
};

/// Longer requirements name more than one thing.
const MAX_REQUIREMENT: usize = 512;

const UVX: Options = Options {
    flags: &[
        "-q",
        "--quiet",
        "-v",
        "--verbose",
        "-n",
        "--no-cache",
        "--offline",
        "--isolated",
        "--native-tls",
        "--no-progress",
        "--refresh",
        "--managed-python",
        "--no-managed-python",
        "--no-python-downloads",
    ],
    ignored: &["-p", "--python", "--cache-dir", "--color", "--exclude-newer", "--prerelease", "--resolution"],
    package: &["--from"],
};

const PIPX_RUN: Options = Options {
    flags: &["-q", "--quiet", "-v", "--verbose", "--no-cache"],
    ignored: &["--python"],
    package: &["--spec"],
};

/// `uvx …` and `uv tool run …`.
pub(super) fn uvx(words: &[&str], environment: &[&str]) -> Option<Package> {
    const HARMLESS: &[&str] = &[
        "cache_dir", "exclude_newer", "http_timeout", "link_mode", "native_tls", "no_cache", "no_progress", "offline",
        "python", "system_certs", "tool_bin_dir", "tool_dir",
    ];
    if !environment.iter().all(|name| is_harmless(name, &["uv_"], HARMLESS)) {
        return None;
    }
    run(&UVX, words, parse_with_at)
}

/// `pipx run …`.
pub(super) fn pipx_run(words: &[&str], environment: &[&str]) -> Option<Package> {
    const HARMLESS: &[&str] =
        &["bin_dir", "cache_dir", "default_python", "disable_pip_version_check", "home", "no_cache_dir"];
    if !environment.iter().all(|name| is_harmless(name, &["pipx_", "pip_"], HARMLESS)) {
        return None;
    }
    // Whether `--` ends its options depends on the version of Python.
    if words.contains(&"--") { None } else { run(&PIPX_RUN, words, parse) }
}

fn run(options: &Options, words: &[&str], parse: fn(&str) -> Option<Package>) -> Option<Package> {
    let scanned = options.scan(words)?;
    let first = *scanned.rest.first()?;
    if scanned.packages.iter().chain([&first]).any(|text| text.len() > MAX_REQUIREMENT) {
        return None;
    }
    match scanned.packages.as_slice() {
        [] => parse(first),
        [package] if is_command_of_a_package(first) => parse(package),
        _ => None,
    }
}

/// `name@1.2.3` and `name@latest`, as only uv has them, and requirements.
fn parse_with_at(text: &str) -> Option<Package> {
    let Some((name, version)) = text.split_once('@') else { return parse(text) };
    let name = without_extras(name)?;
    let pin = if version == "latest" { Pin::Floating } else { Pin::Exact(exact(version)?) };
    Some(Package::new(Ecosystem::Pypi, name, pin))
}

/// A requirement without a marker or an address: `name`, `name[extra]==1.2.3`, `name>=1,<2`.
fn parse(text: &str) -> Option<Package> {
    let (name, specifiers) = text.split_at(text.find(['=', '<', '>', '~', '!']).unwrap_or(text.len()));
    let name = without_extras(name.trim_end_matches(' '))?;
    if specifiers.is_empty() {
        return Some(Package::new(Ecosystem::Pypi, name, Pin::Floating));
    }
    if let Some(version) = specifiers.strip_prefix("==").map(str::trim).and_then(exact) {
        return Some(Package::new(Ecosystem::Pypi, name, Pin::Exact(version)));
    }
    let spelled = specifiers.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"=<>~!., *+-_".contains(&byte));
    spelled.then(|| Package::new(Ecosystem::Pypi, name, Pin::Range(specifiers.to_owned())))
}

/// The name before `[extra,other]`.
fn without_extras(text: &str) -> Option<&str> {
    let name = match text.split_once('[') {
        Some((name, extras)) => {
            extras.strip_suffix(']')?.split(',').all(|extra| is_name(extra.trim())).then_some(name.trim_end())?
        }
        None => text,
    };
    let lower = name.to_ascii_lowercase();
    // Launchers run interpreters and scripts themselves.
    (is_name(name) && !is_python(&lower) && !lower.ends_with(".py") && !lower.ends_with(".pyw")).then_some(name)
}

fn is_name(name: &str) -> bool {
    let edge = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric());
    name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
        && edge(name.bytes().next())
        && edge(name.bytes().last())
}

/// One version (PEP 440) in lower case and without a leading `v`.
fn exact(text: &str) -> Option<String> {
    let version = text.strip_prefix(['v', 'V']).unwrap_or(text);
    let spelled = version.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".!+_-".contains(&byte))
        && version.bytes().next().is_some_and(|byte| byte.is_ascii_digit())
        && version.bytes().last().is_some_and(|byte| byte.is_ascii_alphanumeric());
    spelled.then(|| version.to_ascii_lowercase())
}
