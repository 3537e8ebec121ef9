//! Options that stand before a package's name.

/// The options of a launcher that may stand before the package without changing which one it is. Any other option
/// makes the package unknown: what it does, and whether it takes a value, is not known either.
pub(super) struct Options {
    /// Without a value.
    pub flags: &'static [&'static str],
    /// With a value that does not matter here.
    pub ignored: &'static [&'static str],
    /// With a value that names the package.
    pub package: &'static [&'static str],
}

/// What stands before and after the options.
pub(super) struct Scanned<'a, 'w> {
    /// The values of the options that name packages.
    pub packages: Vec<&'a str>,
    /// From the first word on that is no option.
    pub rest: &'w [&'a str],
    /// Whether `--` ended the options.
    pub ended: bool,
}

impl Options {
    /// Reads options up to the first other word; `None` where one is not known.
    pub(super) fn scan<'a, 'w>(&self, words: &'w [&'a str]) -> Option<Scanned<'a, 'w>> {
        let mut packages = Vec::new();
        let mut at = 0;
        loop {
            let rest = words.get(at..)?;
            let Some(word) = rest.first() else { return Some(Scanned { packages, rest, ended: false }) };
            if *word == "--" {
                return Some(Scanned { packages, rest: rest.get(1..)?, ended: true });
            }
            if !word.starts_with('-') {
                return Some(Scanned { packages, rest, ended: false });
            }
            let (option, attached) = match word.split_once('=') {
                Some((option, value)) if option.starts_with("--") => (option, Some(value)),
                _ => (*word, None),
            };
            at += 1;
            if self.flags.contains(&option) {
                if attached.is_some() {
                    return None;
                }
                continue;
            }
            let is_package = self.package.contains(&option);
            if !is_package && !self.ignored.contains(&option) {
                return None;
            }
            let value = match attached {
                Some(value) => value,
                None => {
                    at += 1;
                    // A launcher may or may not take another option for the value.
                    rest.get(1).copied().filter(|value| !value.starts_with('-'))?
                }
            };
            if is_package {
                packages.push(value);
            }
        }
    }
}

/// Programs that machines have anyway. Named as the command of another package, it is not that package which runs.
const PROGRAMS_OF_THE_MACHINE: &[&str] = &[
    "bash", "bun", "bunx", "busybox", "cat", "cmd", "corepack", "curl", "dash", "deno", "docker", "doas", "dotnet",
    "env", "exec", "fish", "git", "go", "java", "ksh", "make", "nerdctl", "nix", "node", "nodejs", "npm", "npx",
    "perl", "php", "pip", "pip3", "pipx", "pnpm", "pnpx", "podman", "powershell", "pwsh", "ruby", "sh", "ssh", "sudo",
    "tsx", "ts-node", "uv", "uvx", "wget", "yarn", "zsh",
];

/// Whether a word can be a command that a package brings along.
pub(super) fn is_command_of_a_package(word: &str) -> bool {
    let plain = !word.is_empty()
        && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
        && !word.starts_with(['.', '-']);
    let lower = word.to_ascii_lowercase();
    plain && !is_python(&lower) && !PROGRAMS_OF_THE_MACHINE.contains(&lower.as_str())
}

/// `python`, `python3.12`, `pypy3`: an interpreter, which runs whatever its arguments say.
pub(super) fn is_python(lower: &str) -> bool {
    ["pythonw", "python", "pypy", "cpython", "graalpy"].iter().any(|interpreter| {
        lower.strip_prefix(interpreter).is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_digit() || b == b'.'))
    })
}

/// Whether a variable may be set without changing which package a name stands for. `prefixes` are those of the
/// launcher's own settings, in lower case: an index, a package, a settings file can be among them.
pub(super) fn is_harmless(name: &str, prefixes: &[&str], harmless: &[&str]) -> bool {
    let lower = name.to_ascii_lowercase().replace('-', "_");
    match prefixes.iter().find_map(|prefix| lower.strip_prefix(prefix)) {
        Some(setting) => harmless.contains(&setting),
        None => true,
    }
}
