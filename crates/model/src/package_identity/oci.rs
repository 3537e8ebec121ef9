//! Container images: `docker run`, `podman run`, `nerdctl run`.

use super::{Ecosystem, Package, Pin};
use crate::artifact::ArtifactDigest;

/// The limit on a reference without tag and digest.
const MAX_NAME: usize = 255;

/// The limit on a tag.
const MAX_TAG: usize = 128;

const FLAGS: &[&str] = &[
    "--interactive",
    "--tty",
    "--rm",
    "--detach",
    "--init",
    "--privileged",
    "--publish-all",
    "--read-only",
    "--no-healthcheck",
    "--oom-kill-disable",
    "--quiet",
    "--sig-proxy",
    "--disable-content-trust",
];

const WITH_VALUE: &[&str] = &[
    "--add-host",
    "--annotation",
    "--attach",
    "--cap-add",
    "--cap-drop",
    "--cgroupns",
    "--cidfile",
    "--cpu-shares",
    "--cpus",
    "--cpuset-cpus",
    "--device",
    "--dns",
    "--dns-search",
    "--entrypoint",
    "--env",
    "--env-file",
    "--expose",
    "--gpus",
    "--group-add",
    "--hostname",
    "--ip",
    "--ipc",
    "--label",
    "--label-file",
    "--link",
    "--log-driver",
    "--log-opt",
    "--mac-address",
    "--memory",
    "--memory-swap",
    "--mount",
    "--name",
    "--net",
    "--network",
    "--network-alias",
    "--pid",
    "--pids-limit",
    "--platform",
    "--publish",
    "--pull",
    "--restart",
    "--runtime",
    "--security-opt",
    "--shm-size",
    "--stop-signal",
    "--stop-timeout",
    "--sysctl",
    "--tmpfs",
    "--ulimit",
    "--user",
    "--userns",
    "--uts",
    "--volume",
    "--volumes-from",
    "--workdir",
];

const SHORT_FLAGS: &[char] = &['i', 't', 'd', 'P', 'q'];

const SHORT_WITH_VALUE: &[char] = &['e', 'v', 'p', 'w', 'u', 'm', 'l', 'h', 'c', 'a'];

/// What a reference without a host means.
#[derive(Clone, Copy)]
pub(super) enum ShortNames {
    /// An image of Docker Hub.
    DockerHub,
    /// Whatever the machine is configured to search.
    Configured,
}

/// The words after `run`.
pub(super) fn run(words: &[&str], short_names: ShortNames) -> Option<Package> {
    let mut at = 0;
    loop {
        let word = *words.get(at)?;
        if !word.starts_with('-') {
            return image(word, short_names);
        }
        at += 1 + usize::from(takes_next(word)?);
    }
}

/// Whether the value of an option is the next word; `None` where the option is not known.
fn takes_next(word: &str) -> Option<bool> {
    if word.starts_with("--") {
        return match word.split_once('=') {
            Some((option, _)) => (FLAGS.contains(&option) || WITH_VALUE.contains(&option)).then_some(false),
            None if FLAGS.contains(&word) => Some(false),
            None => WITH_VALUE.contains(&word).then_some(true),
        };
    }
    let mut letters = word.chars().skip(1).peekable();
    letters.peek()?;
    while let Some(letter) = letters.next() {
        if SHORT_WITH_VALUE.contains(&letter) {
            return Some(letters.peek().is_none());
        }
        if !SHORT_FLAGS.contains(&letter) {
            return None;
        }
    }
    Some(false)
}

/// `[host[:port]/]path[:tag][@digest]`.
fn image(reference: &str, short_names: ShortNames) -> Option<Package> {
    let (tagged, digest) = match reference.split_once('@') {
        Some((tagged, digest)) => (tagged, Some(digest.parse::<ArtifactDigest>().ok()?)),
        None => (reference, None),
    };
    // A digest of an image has a colon; the other spelling belongs to other ecosystems.
    if digest.as_ref().is_some_and(|digest| !digest.as_str().contains(':')) {
        return None;
    }
    let (name, tag) = match tagged.rsplit_once(':') {
        // A colon before a slash is that of a port.
        Some((name, tag)) if !tag.contains('/') => (name, Some(tag)),
        _ => (tagged, None),
    };
    let repository = repository(name, short_names)?;
    let last = repository.rsplit('/').next()?.to_owned();
    if !tag.is_none_or(is_tag) {
        return None;
    }
    let pin = digest.map_or(Pin::Floating, Pin::Digest);
    let mut package = Package::new(Ecosystem::Oci, &last, pin);
    package.purl.push_str("?repository_url=");
    package.purl.push_str(&repository);
    // Beside a digest a tag is an ornament that nobody checks.
    if let (Some(tag), Pin::Floating) = (tag, &package.pin) {
        package.purl.push_str("&tag=");
        package.purl.push_str(tag);
    }
    name.clone_into(&mut package.name);
    Some(package)
}

/// The repository in full.
fn repository(name: &str, short_names: ShortNames) -> Option<String> {
    if name.len() > MAX_NAME {
        return None;
    }
    let is_host = |part: &str| part.contains(['.', ':']) || part == "localhost";
    let (host, path) = match name.split_once('/') {
        Some((host, path)) if is_host(host) => (Some(host), path),
        _ => (None, name),
    };
    if !path.split('/').all(is_path_component) {
        return None;
    }
    match host {
        Some("docker.io" | "index.docker.io") if !path.contains('/') => Some(format!("docker.io/library/{path}")),
        Some("index.docker.io") => Some(format!("docker.io/{path}")),
        Some(host) if is_host_name(host) => Some(format!("{}/{path}", host.to_ascii_lowercase())),
        Some(_) => None,
        None => match short_names {
            ShortNames::DockerHub if path.contains('/') => Some(format!("docker.io/{path}")),
            ShortNames::DockerHub => Some(format!("docker.io/library/{path}")),
            ShortNames::Configured => Some(path.to_owned()),
        },
    }
}

fn is_host_name(host: &str) -> bool {
    let (name, port) = host.split_once(':').map_or((host, None), |(name, port)| (name, Some(port)));
    let label = |label: &str| {
        !label.is_empty()
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    name.split('.').all(label) && port.is_none_or(|port| port.parse::<u16>().is_ok())
}

fn is_path_component(part: &str) -> bool {
    let edge = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-".contains(&byte))
        && edge(part.bytes().next())
        && edge(part.bytes().last())
}

fn is_tag(tag: &str) -> bool {
    (1..=MAX_TAG).contains(&tag.len())
        && tag.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
        && !tag.starts_with(['.', '-'])
}
