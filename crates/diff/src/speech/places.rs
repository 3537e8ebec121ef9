//! Words that are places: files, addresses, hosts.

use super::Class;

/// Parts of places that hold private material.
const SECRET_PLACES: &[&str] = &[
    "id_rsa",
    "id_ed25519",
    "id_ecdsa",
    "id_dsa",
    ".aws/",
    ".gnupg",
    ".kube/",
    ".netrc",
    ".pgpass",
    ".docker/config",
    "/etc/shadow",
    "/etc/passwd",
    "/etc/sudoers",
    "mcp.json",
    "mcp_config",
    "mcp_settings",
    "claude_desktop_config",
    ".cursor/",
    "wallet.dat",
    "login.keychain",
    ".bash_history",
    ".zsh_history",
    ".python_history",
    ".psql_history",
    ".mysql_history",
    "cookies.sqlite",
    "credentials.json",
    "secrets.json",
    "secrets.y",
    "/proc/self/environ",
    "169.254.169.254",
    "internal://",
    "keychain",
    ".git-credentials",
    ".npmrc",
    ".pypirc",
    "application_default_credentials",
    ".azure/",
    ".config/gcloud",
    "keystore",
    ".vault-token",
    "service-account",
    "service_account",
    ".ssh/",
    ".ssh",
    "/run/secrets",
    "serviceaccount/token",
    "ntds.dit",
    "config/sam",
    ".terraform.d",
    ".bitcoin",
    "keypair",
];

/// Files that start programs or let somebody in.
const STARTUP_PLACES: &[&str] = &[
    ".bashrc",
    ".zshrc",
    ".profile",
    ".bash_profile",
    "authorized_keys",
    "crontab",
    "/etc/cron",
    "launchagents",
    "launchdaemons",
    "/etc/hosts",
    "systemd/",
    ".git/hooks",
    "/etc/rc",
    "autostart",
];

/// The kinds of a token that is a place: it has a slash, a scheme, an at sign or a dot inside.
pub(crate) fn class_of_place(token: &str) -> Class {
    let slashes;
    let token = if token.contains('\\') {
        slashes = token.replace('\\', "/");
        slashes.as_str()
    } else {
        token
    };
    let mut class = Class::NONE;
    if STARTUP_PLACES.iter().any(|part| token.contains(part)) {
        class |= Class::STARTUP_FILE | Class::PATH;
    } else if SECRET_PLACES.iter().any(|part| token.contains(part))
        && !token.ends_with(".pub")
        && !token.contains(".ssh/config")
        && !token.contains(".ssh/known_hosts")
    {
        class |= Class::SECRET_FILE | Class::PATH;
    }
    let extension = token.rsplit('.').next().unwrap_or_default();
    if matches!(extension, "pem" | "key" | "p12" | "pfx" | "kdbx" | "ppk" | "jks") && token.len() > extension.len() {
        class |= Class::SECRET_FILE | Class::PATH;
    }
    let name = token.rsplit(['/', '\\']).next().unwrap_or_default();
    if (name == ".env" || name.starts_with(".env.") || name.ends_with(".env")) && !name.ends_with("example") {
        class |= Class::WEAK_FILE | Class::PATH;
    }
    if token.contains("://") || token.starts_with("www.") {
        class |= Class::ADDRESS;
    } else if let Some((local, host)) = token.split_once('@') {
        let dotted = host.split_once('.').is_some_and(|(label, rest)| {
            !label.is_empty() && rest.len() >= 2 && !rest.starts_with(|c: char| c.is_ascii_digit())
        });
        if !local.is_empty() && dotted {
            class |= Class::ADDRESS;
        }
    } else if token.starts_with(['/', '~']) || token.contains(":/") || token.contains("../") {
        class |= Class::PATH;
    } else if is_host(token) {
        class |= Class::ADDRESS;
    }
    class
}

/// A bare host name: `collector.example`, `evil-proxy.com`.
fn is_host(token: &str) -> bool {
    let host = token.split('/').next().unwrap_or_default();
    let Some((label, top)) = host.rsplit_once('.') else { return false };
    const TOPS: [&str; 24] = [
        "com", "net", "org", "io", "example", "dev", "app", "ai", "co", "xyz", "info", "ru", "cn", "site", "online",
        "test", "invalid", "top", "me", "cloud", "tech", "de", "uk", "onion",
    ];
    label.len() >= 2
        && TOPS.contains(&top)
        && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte))
}
