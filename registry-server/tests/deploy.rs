//! `examples/deploy`: what can be checked of it without a cluster, on the machine at hand. What is missing there is said.

#![expect(clippy::unwrap_used, clippy::panic, reason = "what fails in a test's set-up fails the test")]

use std::{
    collections::BTreeSet,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use saphyr::{LoadableYamlNode as _, Yaml};

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

fn deploy(name: &str) -> PathBuf {
    repository().join("examples/deploy").join(name)
}

fn text(name: &str) -> String {
    let path = deploy(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Written past the test harness, which shows only what failing tests say.
fn skipped(why: &str) {
    let _ = writeln!(std::io::stderr(), "SKIPPED: {why}");
}

/// `mcp-pin-registry` with nothing of this machine's environment.
fn registry(arguments: &[&str], variables: &[(String, String)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mcp-pin-registry"));
    command.env_clear().args(arguments).envs(variables.iter().cloned());
    command.output().unwrap()
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Checks a configuration with the program itself, in a folder of its own.
fn checked(config: Option<&str>, variables: &[(String, String)]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let mut arguments = vec!["config".to_owned(), "check".to_owned()];
    if let Some(config) = config {
        let path = folder.path().join("registry.toml");
        fs::write(&path, config).unwrap();
        arguments.extend(["--config".to_owned(), path.display().to_string()]);
    }
    let data = folder.path().join("data").display().to_string();
    let mut variables: Vec<(String, String)> = variables
        .iter()
        .filter(|(name, _)| !name.ends_with("DATA_DIR") && !name.ends_with("LISTEN"))
        .cloned()
        .collect();
    variables.push(("MCP_PIN_REGISTRY__DATA_DIR".to_owned(), data));
    variables.push(("MCP_PIN_REGISTRY__LISTEN".to_owned(), "127.0.0.1:0".to_owned()));
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let output = registry(&arguments, &variables);
    assert!(output.status.success(), "{}", said(&output));
    said(&output)
}

#[test]
fn the_example_configuration_is_what_the_program_prints_and_takes() {
    let printed = registry(&["config", "example"], &[]);
    assert_eq!(String::from_utf8(printed.stdout).unwrap().trim_end(), text("registry.example.toml").trim_end());
    let checked = checked(Some(&text("registry.example.toml")), &[]);
    assert!(checked.contains("limits.connections") && checked.contains("# default"), "{checked}");
}

#[test]
fn a_mistake_is_named_with_its_place_and_nothing_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("registry.toml");
    fs::write(&path, "exposure = \"behind-tls-proxy\"\n[limits]\nconections = 7\n").unwrap();
    let data = folder.path().join("data");
    let output =
        registry(&["config", "check", "--config", path.to_str().unwrap(), "--data-dir", data.to_str().unwrap()], &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains(&format!("{}:3: unknown field `conections`", path.display())), "{}", said(&output));
    fs::write(&path, "listen = \"127.0.0.1:0\"\n").unwrap();
    let output = registry(
        &["config", "check", "--config", path.to_str().unwrap(), "--data-dir", data.to_str().unwrap()],
        &[("MCP_PIN_REGISTRY__LOG__FILTER".to_owned(), "warn".to_owned())],
    );
    let said = said(&output);
    assert_eq!(output.status.code(), Some(0), "{said}");
    for line in ["# --data-dir", "# MCP_PIN_REGISTRY__LOG__FILTER", &format!("# {}:1", path.display())] {
        assert!(said.contains(line), "{line}: {said}");
    }
    assert!(!data.exists(), "checking makes nothing");
    // What cannot work is said before the start, with the code of the start.
    fs::write(&data, "a file").unwrap();
    let output =
        registry(&["config", "check", "--config", path.to_str().unwrap(), "--data-dir", data.to_str().unwrap()], &[]);
    assert_eq!(output.status.code(), Some(3), "{}", self::said(&output));
    let output = registry(&["config", "check", "--listen", "0.0.0.0:0"], &[]);
    assert_eq!(output.status.code(), Some(2), "{}", self::said(&output));
}

#[test]
fn the_container_runs_as_nobody_and_sets_settings() {
    let text = text("container/Containerfile");
    let lines: Vec<String> = text.replace("\\\n", " ").lines().map(|line| line.trim().to_owned()).collect();
    let last = lines.iter().rposition(|line| line.starts_with("FROM ")).unwrap();
    let image = &lines[last..];
    let user = image.iter().find_map(|line| line.strip_prefix("USER ")).unwrap();
    assert!(user.split(':').all(|id| id.parse::<u32>().is_ok_and(|id| id > 0)), "{user}: a number, and not root");
    assert!(lines.iter().filter(|line| line.starts_with("FROM ")).all(|line| !line.contains(":latest")));
    assert!(!image.iter().any(|line| line.starts_with("RUN ")), "the image has no shell to run anything");
    let environment = image.iter().find_map(|line| line.strip_prefix("ENV ")).unwrap();
    let variables: Vec<(String, String)> = environment
        .split_whitespace()
        .map(|pair| pair.split_once('=').unwrap())
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    assert!(variables.len() >= 4, "{variables:?}");
    checked(None, &variables);
}

#[test]
fn the_unit_is_accepted_by_systemd_and_exposes_little() {
    let unit = text("systemd/mcp-pin-registry.service");
    let variables: Vec<(String, String)> = unit
        .lines()
        .filter_map(|line| line.strip_prefix("Environment=")?.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    assert!(!variables.is_empty());
    checked(None, &variables);
    for needed in
        ["DynamicUser=yes", "ProtectSystem=strict", "NoNewPrivileges=yes", "CapabilityBoundingSet=\n", "UMask=0077"]
    {
        assert!(unit.contains(needed), "{needed}");
    }
    if Command::new("systemd-analyze").arg("--version").output().is_err() {
        return skipped("systemd-analyze is not here, so the unit was only read");
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mcp-pin-registry.service");
    // The program is where it was built, not where it will be.
    fs::write(&path, unit.replace("/usr/local/bin/mcp-pin-registry", env!("CARGO_BIN_EXE_mcp-pin-registry"))).unwrap();
    let verified = Command::new("systemd-analyze").args(["verify", "--man=no"]).arg(&path).output().unwrap();
    let complaints = String::from_utf8_lossy(&verified.stderr).into_owned();
    let ours: Vec<&str> = complaints.lines().filter(|line| line.contains("mcp-pin-registry.service")).collect();
    assert!(ours.is_empty(), "{complaints}");
    let security = Command::new("systemd-analyze")
        .args(["security", "--offline=true", "--threshold=20"])
        .arg(&path)
        .output()
        .unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&security.stdout), String::from_utf8_lossy(&security.stderr));
    if said.contains("unrecognized option") {
        return skipped("this systemd-analyze cannot judge a unit that is not loaded");
    }
    assert!(security.status.success(), "more exposed than 2.0: {said}");
}

/// The values of the chart, as JSON.
fn values() -> serde_json::Value {
    let text = text("helm/mcp-pin-registry/values.yaml");
    let documents = Yaml::load_from_str(&text).unwrap();
    to_json(&documents[0])
}

fn to_json(yaml: &Yaml<'_>) -> serde_json::Value {
    if let Some(mapping) = yaml.as_mapping() {
        let members = mapping.iter().map(|(key, value)| (key.as_str().unwrap().to_owned(), to_json(value)));
        return serde_json::Value::Object(members.collect());
    }
    if let Some(items) = yaml.as_sequence() {
        return items.iter().map(to_json).collect();
    }
    if let Some(flag) = yaml.as_bool() {
        return flag.into();
    }
    if let Some(number) = yaml.as_integer() {
        return number.into();
    }
    yaml.as_str().map_or(serde_json::Value::Null, Into::into)
}

fn schema() -> jsonschema::Validator {
    let schema: serde_json::Value =
        mcp_pin_model::json::parse(text("helm/mcp-pin-registry/values.schema.json").as_bytes())
            .map(|value| serde_json::to_value(value).unwrap())
            .unwrap();
    jsonschema::validator_for(&schema).unwrap()
}

#[test]
fn the_values_of_the_chart_fit_its_schema_and_its_configuration_is_one() {
    let (values, schema) = (values(), schema());
    let errors: Vec<String> = schema.iter_errors(&values).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?}");
    let with = |change: &dyn Fn(&mut serde_json::Value)| {
        let mut changed = values.clone();
        change(&mut changed);
        schema.is_valid(&changed)
    };
    assert!(!with(&|values| values["replicas"] = 2.into()), "a value that is none");
    assert!(!with(&|values| values["replicaCount"] = 2.into()), "several nodes without a database that they share");
    assert!(with(&|values| {
        values["replicaCount"] = 2.into();
        values["existingSecret"] = "registry".into();
    }));
    assert!(!with(&|values| values["image"]["tag"] = "latest".into()));
    assert!(!with(&|values| values["image"]["digest"] = "sha256:1".into()));
    assert!(!with(&|values| values["ingress"]["enabled"] = true.into()), "an ingress without a host and TLS");
    let config = values["config"].as_str().unwrap().replace("0.0.0.0:9420", "127.0.0.1:0");
    checked(Some(&config), &[]);
}

#[test]
fn the_chart_makes_what_a_cluster_takes() {
    let templates: Vec<PathBuf> = fs::read_dir(deploy("helm/mcp-pin-registry/templates"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .collect();
    assert!(templates.len() >= 8);
    let set = fs::read_to_string(deploy("helm/mcp-pin-registry/templates/statefulset.yaml")).unwrap();
    for needed in [
        "runAsNonRoot: true",
        "readOnlyRootFilesystem: true",
        "allowPrivilegeEscalation: false",
        "capabilities: {drop: [ALL]}",
        "automountServiceAccountToken: false",
        "seccompProfile: {type: RuntimeDefault}",
    ] {
        assert!(set.contains(needed), "{needed}");
    }
    let helm = std::env::var_os("HELM").unwrap_or_else(|| "helm".into());
    if Command::new(&helm).arg("version").output().is_err() {
        return skipped("helm is not here (or named by the variable HELM), so the chart was only read");
    }
    let render = |more: &[&str]| {
        let chart = deploy("helm/mcp-pin-registry");
        Command::new(&helm).args(["template", "registry"]).arg(&chart).args(more).output().unwrap()
    };
    let everything = [
        "--set",
        "ingress.enabled=true,ingress.host=mcp.acme.example,ingress.tlsSecretName=tls,ingress.className=nginx",
        "--set",
        "serviceMonitor.enabled=true,podDisruptionBudget.enabled=true,replicaCount=3,existingSecret=registry",
        "--set",
        "podAnnotations.a=b,nodeSelector.disk=ssd,persistence.storageClass=fast,imagePullSecrets[0].name=pull",
        "--set",
        "extraEnv[0].name=A,extraEnv[0].value=b,extraVolumes[0].name=v,extraVolumes[0].emptyDir.medium=Memory",
        "--set",
        "extraVolumeMounts[0].name=v,extraVolumeMounts[0].mountPath=/v,networkPolicy.from[0].podSelector.matchLabels.a=b",
    ];
    for more in
        [&[][..], &["--set", "persistence.enabled=false"], &["--set", "persistence.existingClaim=c"], &everything]
    {
        let output = render(more);
        assert!(output.status.success(), "{more:?}: {}", said(&output));
        let text = String::from_utf8(output.stdout).unwrap();
        let documents = Yaml::load_from_str(&text).unwrap();
        let kinds: Vec<&str> =
            documents.iter().filter_map(|document| document.as_mapping_get("kind").and_then(Yaml::as_str)).collect();
        for kind in ["StatefulSet", "Service", "ConfigMap", "ServiceAccount", "NetworkPolicy"] {
            assert!(kinds.contains(&kind), "{kind}: {kinds:?}");
        }
        let set = documents
            .iter()
            .find(|document| document.as_mapping_get("kind").and_then(Yaml::as_str) == Some("StatefulSet"))
            .unwrap();
        let volumes = to_json(set)["spec"].clone();
        let named: BTreeSet<&str> = volumes["template"]["spec"]["volumes"]
            .as_array()
            .unwrap()
            .iter()
            .chain(volumes["volumeClaimTemplates"].as_array().into_iter().flatten())
            .map(|volume| volume["name"].as_str().unwrap_or_else(|| volume["metadata"]["name"].as_str().unwrap()))
            .collect();
        for mount in volumes["template"]["spec"]["containers"][0]["volumeMounts"].as_array().unwrap() {
            assert!(named.contains(mount["name"].as_str().unwrap()), "{mount}: no such volume among {named:?}");
        }
    }
    assert!(!render(&["--set", "replicaCount=2"]).status.success(), "the schema is looked at");
}

#[test]
fn the_compose_file_names_versions_and_listens_on_this_machine() {
    let text = text("compose/compose.yaml");
    let documents = Yaml::load_from_str(&text).unwrap();
    let compose = to_json(&documents[0]);
    let postgres = &compose["services"]["postgres"];
    let image = postgres["image"].as_str().unwrap();
    assert!(image.rsplit('/').next().unwrap().contains(':') && !image.ends_with(":latest"), "{image}");
    for port in postgres["ports"].as_array().unwrap() {
        assert!(port.as_str().unwrap().starts_with("127.0.0.1:"), "{port}");
    }
    assert!(postgres["environment"]["POSTGRES_PASSWORD"].is_null(), "the password is in a file");
    assert_eq!(postgres["environment"]["POSTGRES_PASSWORD_FILE"], "/run/secrets/postgres-password");
    let command = postgres["command"].to_string();
    assert!(!command.contains("=off"), "nothing that makes what was acknowledged less than durable: {command}");
}

#[test]
fn alerts_are_about_metrics_that_exist_and_lead_to_a_part_of_the_page() {
    let documents_text = text("monitoring/alerts.yaml");
    let documents = Yaml::load_from_str(&documents_text).unwrap();
    let alerts = to_json(&documents[0]);
    let telemetry = fs::read_to_string(repository().join("registry-server/src/telemetry.rs")).unwrap();
    let page = fs::read_to_string(repository().join("docs/operations.md")).unwrap();
    let anchors: BTreeSet<String> = page
        .lines()
        .filter(|line| line.starts_with('#'))
        .map(|line| line.trim_start_matches('#').trim().to_lowercase())
        .map(|title| {
            title.chars().filter(|c| c.is_alphanumeric() || " -".contains(*c)).collect::<String>().replace(' ', "-")
        })
        .collect();
    let mut rules = 0;
    for group in alerts["groups"].as_array().unwrap() {
        for rule in group["rules"].as_array().unwrap() {
            rules += 1;
            let (name, expression) = (rule["alert"].as_str().unwrap(), rule["expr"].as_str().unwrap());
            for word in expression.split(|c: char| !c.is_ascii_alphanumeric() && c != '_') {
                if word.starts_with("mcp_pin_") {
                    let metric = word.strip_suffix("_bucket").unwrap_or(word);
                    assert!(telemetry.contains(&format!("\"{metric}\"")), "{name}: there is no metric {metric}");
                    assert!(page.contains(metric), "{name}: the page says nothing of {metric}");
                }
            }
            let runbook = rule["annotations"]["runbook"].as_str().unwrap();
            let anchor = runbook.strip_prefix("docs/operations.md#").unwrap();
            assert!(anchors.contains(anchor), "{name}: {anchor} is not among {anchors:?}");
        }
    }
    assert!(rules >= 8, "{rules}");
    // And the page describes no metric that does not exist.
    for word in page.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|word| word.starts_with("mcp_pin_"))
    {
        assert!(telemetry.contains(&format!("\"{word}\"")), "there is no metric {word}");
    }
}
