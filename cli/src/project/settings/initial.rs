//! The project file of a first use.

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use mcp_pin_attest::PublicKey;

/// The project file of a first use: it trusts one key as approver.
#[must_use]
pub fn initial(name: &str, key: &PublicKey) -> String {
    format!(
        "# The settings of mcp-pin for this project. Whoever is trusted here may consent to what AI agents are told, so\n\
         # review changes of this file like changes of the lock. On a pull request, have them read from elsewhere:\n\
         # `mcp-pin verify --trust-from <commit of the base branch>`.\n\
         \n\
         # Who may consent, and sign what is locked without a registry. The key is the base64 of a public key\n\
         # (`mcp-pin key show`); all entries of one name count as one person.\n\
         [[trust.approver]]\n\
         name = {}\n\
         key = \"{}\"\n\
         \n\
         # The same person signing without a key of their own, by logging in (keyless). Issuer and subject are both\n\
         # needed, and compared as a whole:\n\
         #\n\
         # [[trust.approver]]\n\
         # name = {}\n\
         # issuer = \"https://accounts.google.com\"\n\
         # subject = \"you@example.com\"\n\
         \n\
         # A registry, and a server that is taken from it:\n\
         #\n\
         # [[registry]]\n\
         # url = \"https://mcp.example.com\"\n\
         #\n\
         # [[trust.publisher]]\n\
         # names = [\"com.example/*\"]\n\
         # key = \"…\"\n\
         #\n\
         # [[trust.publisher]]\n\
         # names = [\"io.github.example/weather\"]\n\
         # issuer = \"https://token.actions.githubusercontent.com\"\n\
         # subject = \"https://github.com/example/weather/.github/workflows/release.yml@refs/tags/*\"\n\
         # repository-id = \"1234567\"\n\
         #\n\
         # [servers.weather]\n\
         # name = \"com.example/weather\"\n\
         # version = \"^1.4\"\n\
         #\n\
         # [policy]\n\
         # preset = \"standard\"\n\
         \n\
         # The trusted root of a Sigstore instance of your own, named by `instance` in the entries above:\n\
         #\n\
         # [[trust.root]]\n\
         # instance = \"example\"\n\
         # file = \"sigstore/trusted_root.json\"\n\
         # digest = \"sha256:…\"\n",
        toml::Value::from(name),
        BASE64.encode(key.spki_der()),
        toml::Value::from(name),
    )
}

/// What the user is called, for a name that people recognise in reviews.
#[must_use]
pub fn name_of_user(environment: &crate::context::Environment) -> String {
    ["USER", "USERNAME", "LOGNAME"]
        .iter()
        .find_map(|name| environment.get(name))
        .map(str::trim)
        .filter(|name| !name.is_empty() && name.len() <= 64 && !name.chars().any(mcp_pin_model::json::is_hidden))
        .unwrap_or("developer")
        .to_owned()
}
