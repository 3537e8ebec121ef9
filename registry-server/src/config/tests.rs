//! Settings from flags, environment and file.

use clap::Parser as _;

use super::*;
use crate::cli::{Arguments, Command};

fn resolve(arguments: &[&str]) -> Result<Config, ConfigError> {
    let all = ["mcp-pin-registry", "serve"].into_iter().chain(arguments.iter().copied());
    let Command::Serve(arguments) = Arguments::parse_from(all).command else { unreachable!("`serve` was given") };
    Config::resolve(&arguments)
}

fn file(text: &str) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    file
}

#[test]
fn needs_no_configuration() {
    let config = resolve(&[]).unwrap();
    assert_eq!(config.data_dir, PathBuf::from(DEFAULT_DATA_DIR));
    assert_eq!(config.listen.to_string(), DEFAULT_LISTEN);
    assert_eq!(config.exposure, Exposure::LoopbackOnly);
}

#[test]
fn flags_win_over_the_file() {
    let file = file("listen = \"127.0.0.1:1\"\ndata-dir = \"from-file\"\n[limits]\nconcurrent-writes = 3\n");
    let config = resolve(&["--config", file.path().to_str().unwrap(), "--listen", "127.0.0.1:2"]).unwrap();
    assert_eq!(config.listen.port(), 2);
    assert_eq!(config.data_dir, PathBuf::from("from-file"));
    assert_eq!(config.limits.concurrent_writes, 3);
}

#[test]
fn an_unknown_key_of_the_file_is_refused() {
    let file = file("insecure = true\n");
    let error = resolve(&["--config", file.path().to_str().unwrap()]).unwrap_err();
    assert!(error.to_string().contains("unknown field `insecure`"), "{error}");
}

#[test]
fn a_database_is_named_once_and_never_with_its_password() {
    let url = "postgres://registry:hunter2@db.acme.example/mcp";
    let secret = file(&format!("{url}\n"));
    let in_file = format!("database-url-file = {:?}\n", secret.path().to_str().unwrap());
    let config = file(&in_file);
    let resolved = resolve(&["--config", config.path().to_str().unwrap()]).unwrap();
    assert_eq!(resolved.database.as_ref().unwrap().to_string(), "postgres://registry@db.acme.example/mcp");
    assert!(!format!("{resolved:?}").contains("hunter2"));
    let resolved = resolve(&["--config", config.path().to_str().unwrap(), "--database-url", "postgres://a@b/c"]);
    assert_eq!(resolved.unwrap().database.unwrap().to_string(), "postgres://a@b/c", "flags win over the file");
    let both = file(&format!("database-url = \"{url}\"\n{in_file}"));
    let error = resolve(&["--config", both.path().to_str().unwrap()]).unwrap_err();
    assert!(matches!(error, ConfigError::DatabaseTwice(_)), "{error}");
    let wrong = resolve(&["--database-url", "mysql://registry:hunter2@db.acme.example/mcp"]).unwrap_err();
    assert!(matches!(wrong, ConfigError::Database(..)));
    assert!(!format!("{wrong} {wrong:?}").contains("hunter2"), "{wrong:?}");
    assert!(resolve(&["--database-url", ""]).unwrap().database.is_none());
}

#[test]
fn plain_http_beyond_this_machine_needs_a_word() {
    assert!(matches!(resolve(&["--listen", "0.0.0.0:1"]), Err(ConfigError::Exposed(_))));
    assert!(matches!(resolve(&["--listen", "[::]:1"]), Err(ConfigError::Exposed(_))));
    assert!(resolve(&["--listen", "0.0.0.0:1", "--behind-tls-proxy"]).is_ok());
    assert!(resolve(&["--listen", "0.0.0.0:1", "--insecure-dev"]).is_ok());
    assert!(resolve(&["--listen", "[::1]:1"]).is_ok());
}

#[test]
fn a_public_url_is_https_and_an_origin() {
    assert!(resolve(&["--public-url", "https://mcp.acme.example"]).is_ok());
    assert!(resolve(&["--public-url", "http://127.0.0.1:8420"]).is_ok());
    for url in ["http://mcp.acme.example", "https://user@acme.example", "https://acme.example/base", "file:///x"] {
        assert!(matches!(resolve(&["--public-url", url]), Err(ConfigError::PublicUrl)), "{url}");
    }
}

fn resolve_with(arguments: &[&str], variables: &[(&str, &str)]) -> Result<(Config, layers::Layers), ConfigError> {
    let all = ["mcp-pin-registry", "serve"].into_iter().chain(arguments.iter().copied());
    let Command::Serve(arguments) = Arguments::parse_from(all).command else { unreachable!("`serve` was given") };
    let variables: Vec<(String, String)> =
        variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Config::resolve_in(&arguments, &variables)
}

#[test]
fn the_place_of_a_mistake_is_named() {
    let file = file("listen = \"127.0.0.1:1\"\n\n[limits]\nconections = 3\n");
    let error = resolve(&["--config", file.path().to_str().unwrap()]).unwrap_err().to_string();
    assert!(error.starts_with(&format!("{}:4: unknown field `conections`", file.path().display())), "{error}");
}

#[test]
fn the_environment_is_over_the_file_and_under_the_flags() {
    let file = file("listen = \"127.0.0.1:1\"\n[limits]\nconnections = 3\nconcurrent-writes = 4\n");
    let path = file.path().to_str().unwrap();
    let variables = [
        ("MCP_PIN_REGISTRY__LISTEN", "127.0.0.1:2"),
        ("MCP_PIN_REGISTRY__LIMITS__CONNECTIONS", "5"),
        ("MCP_PIN_REGISTRY__WEBHOOKS__ALLOW_NETWORKS", "[\"10.0.0.0/8\"]"),
        ("MCP_PIN_REGISTRY_UNRELATED", "x"),
    ];
    let (config, layers) = resolve_with(&["--config", path], &variables).unwrap();
    assert_eq!(config.listen.port(), 2);
    assert_eq!((config.limits.connections, config.limits.concurrent_writes), (5, 4));
    assert_eq!(config.webhook_targets.allowed.len(), 1);
    assert_eq!(layers.sources["listen"], layers::Source::Variable("MCP_PIN_REGISTRY__LISTEN".to_owned()));
    assert_eq!(layers.sources["limits.concurrent-writes"], layers::Source::File(file.path().to_owned(), 4));
    let (config, _) = resolve_with(&["--config", path, "--listen", "127.0.0.1:6"], &variables).unwrap();
    assert_eq!(config.listen.port(), 6);
}

#[test]
fn variables_are_as_strict_as_the_file() {
    for (name, value, said) in [
        ("MCP_PIN_REGISTRY__LISTNE", "127.0.0.1:2", "names no setting"),
        ("MCP_PIN_REGISTRY__LIMITS__CONNECTIONS", "many", "invalid type"),
        ("MCP_PIN_REGISTRY__LIMITS__CONNECTIONS", "0", "nonzero"),
        ("MCP_PIN_REGISTRY__WEBHOOKS__ALLOW_NETWORKS", "[\"10.0.0.1/8\"]", "is not a network"),
        ("MCP_PIN_REGISTRY__WEBHOOKS__ALLOW_NETWORKS", "10.0.0.0/8", "invalid type"),
    ] {
        let error = resolve_with(&[], &[(name, value)]).unwrap_err();
        assert!(matches!(error, ConfigError::Variable { .. }), "{name}={value}: {error}");
        let text = error.to_string();
        assert!(text.contains(name) && text.contains(said), "{name}={value}: {text}");
    }
}

#[test]
fn the_example_names_every_setting_and_no_other() {
    let settings = Config::settings();
    assert!(settings.len() >= 12, "{settings:?}");
    // What is commented out is a setting too.
    let uncommented: String = show::EXAMPLE
        .lines()
        .map(|line| match line.strip_prefix('#') {
            Some(setting) if setting.starts_with(|c: char| c.is_ascii_lowercase() || c == '[') => setting,
            _ => line,
        })
        .map(|line| format!("{line}\n"))
        .collect();
    let table: toml::Table = toml::from_str(&uncommented).unwrap_or_else(|error| panic!("{error}"));
    let mut missing = Vec::new();
    for setting in &settings {
        let mut place = Some(&table);
        let (last, outer) = setting.path.split_last().unwrap();
        for name in outer {
            place = place.and_then(|table| table.get(*name)).and_then(toml::Value::as_table);
        }
        match place.and_then(|table| table.get(*last)) {
            None => missing.push(setting.dotted()),
            Some(toml::Value::Array(tables)) if setting.tables => {
                let first = tables.first().and_then(toml::Value::as_table);
                missing.extend(
                    setting
                        .members
                        .iter()
                        .filter(|member| first.is_none_or(|table| !table.contains_key(**member)))
                        .map(|member| format!("{}[].{member}", setting.dotted())),
                );
            }
            Some(_) => {}
        }
    }
    assert!(missing.is_empty(), "the example says nothing of {missing:?}");
    // And everything in it is one: the types refuse the rest.
    toml::Value::Table(table).try_into::<File>().unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn the_defaults_of_the_example_are_those_of_the_program() {
    let defaults = show::defaults();
    assert!(defaults.len() >= 3, "{defaults:?}");
    let file = file(&toml::to_string(&defaults).unwrap());
    let said = resolve(&["--config", file.path().to_str().unwrap()]).unwrap();
    let mut nothing = resolve(&[]).unwrap();
    // Roots and policies have no form that could be compared; the example has no default for them.
    nothing.roots = said.roots.clone();
    // What the file leaves open here is filled in where decisions are made.
    nothing.policy = said.policy.clone();
    assert_eq!(format!("{said:?}"), format!("{nothing:?}"));
}

#[test]
fn the_effective_configuration_says_where_each_value_comes_from() {
    let file = file("[limits]\nconnections = 3\n");
    let path = file.path().to_str().unwrap();
    let (_, layers) = resolve_with(&["--config", path], &[("MCP_PIN_REGISTRY__LOG__FILTER", "warn")]).unwrap();
    let flags = [("listen", "127.0.0.1:9".to_owned(), layers::Source::Flag("--listen".to_owned()))];
    let shown = show::effective(&Config::settings(), &layers, &flags);
    let line = |name: &str| {
        let shown = shown.iter().find(|shown| shown.name == name).unwrap_or_else(|| panic!("{name}"));
        (shown.value.clone().unwrap_or_default(), shown.source.to_string())
    };
    assert_eq!(line("listen"), ("\"127.0.0.1:9\"".to_owned(), "--listen".to_owned()));
    assert_eq!(line("limits.connections"), ("3".to_owned(), format!("{path}:2")));
    assert_eq!(line("log.filter"), ("\"warn\"".to_owned(), "MCP_PIN_REGISTRY__LOG__FILTER".to_owned()));
    assert_eq!(line("data-dir"), (format!("\"{DEFAULT_DATA_DIR}\""), "default".to_owned()));
    assert_eq!(line("public-url"), (String::new(), "default".to_owned()), "not set");
}

#[test]
fn rates_are_set_and_taken_away() {
    let rates = |text: &str| {
        let file = file(&format!("[limits]\n{text}"));
        resolve(&["--config", file.path().to_str().unwrap()]).unwrap().limits.rates
    };
    let of = |rate: Option<Rate>| rate.map(|rate| (rate.per_minute.get(), rate.burst.get()));
    assert_eq!(of(rates("").anonymous), Some((3000, 1000)));
    assert_eq!(of(rates("anonymous-per-minute = 60").anonymous), Some((60, 20)));
    assert_eq!(of(rates("anonymous-burst = 7").anonymous), Some((3000, 7)));
    assert_eq!(of(rates("principal-per-minute = 0").principal), None);
    assert_eq!(of(rates("principal-per-minute = 1").principal), Some((1, 1)));
}
