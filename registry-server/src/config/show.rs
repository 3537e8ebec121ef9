//! The effective configuration: every setting, its value, and where that comes from.

use toml::{Table, Value};
use url::Url;

use super::{
    introspect::Setting,
    layers::{Layers, Source},
};

/// The commented example, which is the one place that says what the defaults are.
pub const EXAMPLE: &str = include_str!("../../../examples/deploy/registry.example.toml");

/// The settings of the example that are what they are by default: those whose line is `#name = value`, without the remark
/// that there is no default.
#[must_use]
pub fn defaults() -> Table {
    let mut text = String::new();
    for line in EXAMPLE.lines() {
        if line.starts_with('[') && !line.starts_with("[[") {
            text.push_str(line);
        } else if let Some(setting) = line.strip_prefix('#')
            && setting.starts_with(|character: char| character.is_ascii_lowercase())
            && !setting.ends_with(NO_DEFAULT)
        {
            text.push_str(setting);
        }
        text.push('\n');
    }
    toml::from_str(&text).unwrap_or_default()
}

/// What ends the line of a setting that has no default.
pub const NO_DEFAULT: &str = "# no default";

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// The setting's dotted name.
    pub name: String,
    /// Its value in TOML, without secrets; none where it is not set.
    pub value: Option<String>,
    /// Where it comes from.
    pub source: Source,
}

/// Every setting with its value; `flags` are those of the command line, which win.
#[must_use]
pub fn effective(settings: &[Setting], layers: &Layers, flags: &[(&'static str, String, Source)]) -> Vec<Shown> {
    let defaults = defaults();
    settings
        .iter()
        .map(|setting| {
            let name = setting.dotted();
            if let Some((_, value, source)) = flags.iter().find(|(flag, _, _)| *flag == name) {
                let value = shown(&name, &Value::String(value.clone()));
                return Shown { name, value: Some(value), source: source.clone() };
            }
            let (value, source) = match get(&layers.merged, &setting.path) {
                Some(value) => (Some(value), layers.sources.get(&name).cloned().unwrap_or(Source::Default)),
                None => (get(&defaults, &setting.path), Source::Default),
            };
            Shown { value: value.map(|value| shown(&name, value)), name, source }
        })
        .collect()
}

fn get<'a>(table: &'a Table, path: &[&'static str]) -> Option<&'a Value> {
    let (name, rest) = path.split_first()?;
    let value = table.get(*name)?;
    if rest.is_empty() { Some(value) } else { get(value.as_table()?, rest) }
}

/// A value without what must not be seen: what is named a secret, and passwords in addresses.
fn shown(name: &str, value: &Value) -> String {
    match value {
        Value::String(_) if is_secret(name) => "\"(secret)\"".to_owned(),
        Value::String(text) => Value::String(without_password(text)).to_string(),
        Value::Array(items) => {
            format!("[{}]", items.iter().map(|item| shown(name, item)).collect::<Vec<_>>().join(", "))
        }
        Value::Table(table) => {
            let members = table.iter().map(|(key, value)| format!("{key} = {}", shown(key, value)));
            format!("{{ {} }}", members.collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}

fn is_secret(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or(name);
    ["secret", "password", "token", "key"].iter().any(|word| last == *word || last.ends_with(&format!("-{word}")))
}

fn without_password(text: &str) -> String {
    let Ok(mut url) = Url::parse(text) else { return text.to_owned() };
    // An address that cannot have a password has none to hide.
    if url.password().is_some() && url.set_password(Some("(secret)")).is_ok() {
        url.to_string()
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_not_shown() {
        let text = |text: &str| Value::String(text.to_owned());
        assert_eq!(shown("login.client-secret", &text("hunter2")), "\"(secret)\"");
        assert_eq!(shown("x.password", &text("hunter2")), "\"(secret)\"");
        let url = shown("database-url", &text("postgres://registry:hunter2@db.example/registry"));
        assert!(!url.contains("hunter2") && url.contains("db.example"), "{url}");
        let table: Table = toml::from_str("client-secret = \"hunter2\"\nname = \"a\"").unwrap();
        let list = shown("providers", &Value::Array(vec![Value::Table(table)]));
        assert!(!list.contains("hunter2") && list.contains("name = \"a\""), "{list}");
        assert_eq!(shown("webhooks.key-file", &text("/run/key")), "\"/run/key\"", "where a secret is, is none");
    }
}
