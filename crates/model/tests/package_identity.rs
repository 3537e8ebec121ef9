//! Which package a command line runs: what is read, and what is left alone.

use mcp_pin_model::{
    Launch, PackageIdentity,
    launch::{HttpLaunch, StdioLaunch},
    package_identity::{Pin, identify},
};
use proptest::prelude::*;

const SHA: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// Words between spaces; a word with spaces is written between bars.
fn words(line: &str) -> Vec<String> {
    let mut out = Vec::new();
    for (index, part) in line.split('|').enumerate() {
        if index % 2 == 1 {
            out.push(part.to_owned());
        } else {
            out.extend(part.split_whitespace().map(str::to_owned));
        }
    }
    out
}

fn launch(words: Vec<String>, env: &[&str]) -> Launch {
    let mut words = words.into_iter();
    Launch::Stdio(StdioLaunch {
        command: words.next().unwrap_or_default(),
        args: words.collect(),
        env: env.iter().map(|name| (*name).to_owned()).collect(),
        cwd: None,
    })
}

fn of(line: &str) -> PackageIdentity {
    identify(&launch(words(line), &[]))
}

#[test]
fn pinned_packages_are_named_with_their_version() {
    for (line, purl) in [
        ("npx -y @acme/weather@1.4.2 dir", "pkg:npm/%40acme/weather@1.4.2"),
        ("npx --yes weather@1.4.2", "pkg:npm/weather@1.4.2"),
        ("npx weather@v1.4.2", "pkg:npm/weather@1.4.2"),
        ("npx -y -- weather@1.4.2-rc.1 --flag", "pkg:npm/weather@1.4.2-rc.1"),
        ("npx weather@1.4.2+build.7", "pkg:npm/weather@1.4.2%2Bbuild.7"),
        ("npx JSONStream@1.0.0", "pkg:npm/JSONStream@1.0.0"),
        ("npx -y weather@1.4.2 --package evil@1.0.0", "pkg:npm/weather@1.4.2"),
        ("npx -y --package=@acme/tools@2.0.0 weather --port 1", "pkg:npm/%40acme/tools@2.0.0"),
        ("npx -p @acme/tools@2.0.0 -y -- weather", "pkg:npm/%40acme/tools@2.0.0"),
        ("npx --loglevel error --cache=/tmp/c weather@1.0.0", "pkg:npm/weather@1.0.0"),
        ("npm exec -y -- weather@1.4.2 --flag", "pkg:npm/weather@1.4.2"),
        ("npm x weather@1.4.2 dir -- --flag", "pkg:npm/weather@1.4.2"),
        ("npm exec --package=weather@1.4.2 -- weather-cli", "pkg:npm/weather@1.4.2"),
        ("bunx --bun weather@1.4.2", "pkg:npm/weather@1.4.2"),
        ("bun x @acme/weather@1.4.2", "pkg:npm/%40acme/weather@1.4.2"),
        ("pnpm dlx weather@1.4.2 -p 1", "pkg:npm/weather@1.4.2"),
        ("pnpm --package=weather@1.4.2 dlx weather", ""),
        ("pnpm dlx --package=weather@1.4.2 weather-cli", "pkg:npm/weather@1.4.2"),
        ("pnpx weather@1.4.2", "pkg:npm/weather@1.4.2"),
        ("yarn dlx -q -p weather@1.4.2 weather-cli", "pkg:npm/weather@1.4.2"),
        ("uvx weather==1.4.2 --dir x", "pkg:pypi/weather@1.4.2"),
        ("uvx Acme_Weather.Server@1.4.2", "pkg:pypi/acme-weather-server@1.4.2"),
        ("uvx weather[http,cli]==1.4", "pkg:pypi/weather@1.4"),
        ("uvx --from weather[http]==v1.4.2 weather-server --port 1", "pkg:pypi/weather@1.4.2"),
        ("uvx --from=weather@1.4.2 weather-server", "pkg:pypi/weather@1.4.2"),
        ("uvx -p 3.12 --prerelease allow weather@1.4.2", "pkg:pypi/weather@1.4.2"),
        ("uvx |weather == 1!2.0.RC1+Local|", "pkg:pypi/weather@1%212.0.rc1%2Blocal"),
        ("uv tool run weather@1.4.2", "pkg:pypi/weather@1.4.2"),
        ("pipx run weather==1.4.2 x", "pkg:pypi/weather@1.4.2"),
        ("pipx run --spec weather[cli]==1.4.2 weather-cli", "pkg:pypi/weather@1.4.2"),
        ("env A=b -- npx weather@1.4.2", ""),
        ("env -i -u HOME A=b C= npx weather@1.4.2", "pkg:npm/weather@1.4.2"),
        ("/usr/bin/env npx weather@1.4.2", "pkg:npm/weather@1.4.2"),
        ("/opt/node/bin/npx weather@1.4.2", "pkg:npm/weather@1.4.2"),
        (r"|C:\Program Files\nodejs\NPX.CMD| -y weather@1.4.2", "pkg:npm/weather@1.4.2"),
        ("npx.cmd -y weather@1.4.2", "pkg:npm/weather@1.4.2"),
        ("cmd /c npx -y weather@1.4.2", "pkg:npm/weather@1.4.2"),
        ("cmd.exe /d /s /C |npx -y weather@1.4.2 dir|", "pkg:npm/weather@1.4.2"),
        (r"cmd /c npx -y weather@1.4.2 |C:\my files|", "pkg:npm/weather@1.4.2"),
        ("sh -c |npx -y @acme/weather@1.4.2 dir|", "pkg:npm/%40acme/weather@1.4.2"),
        ("bash -lc |A=b exec npx weather@1.4.2|", ""),
        ("bash -lc |exec npx weather@1.4.2|", "pkg:npm/weather@1.4.2"),
        ("/bin/sh -e -c |A=b uvx weather==1.4.2|", "pkg:pypi/weather@1.4.2"),
        ("sh -c |env A=b npx weather@1.4.2|", "pkg:npm/weather@1.4.2"),
    ] {
        let identity = of(line);
        if purl.is_empty() {
            assert_eq!(identity, PackageIdentity::Unknown, "{line}");
            continue;
        }
        let package = identity.package().unwrap_or_else(|| panic!("{line}: {identity:?}"));
        assert_eq!(package.purl, purl, "{line}");
        assert!(package.is_pinned(), "{line}");
        let artifact = package.artifact();
        let mut normal = artifact.clone();
        normal.normalise();
        assert_eq!(normal, artifact, "{line}: not in the normal form");
    }
}

#[test]
fn t23_ranges_tags_and_bare_names_are_not_pinned() {
    let range = |text: &str| Pin::Range(text.to_owned());
    for (line, purl, pin) in [
        ("npx -y weather", "pkg:npm/weather", Pin::Floating),
        ("npx -y weather@", "pkg:npm/weather", Pin::Floating),
        ("npx -y @acme/weather@latest", "pkg:npm/%40acme/weather", Pin::Floating),
        ("npx -y weather@next", "pkg:npm/weather", Pin::Floating),
        ("npx -y weather@^1.4.2", "pkg:npm/weather", range("^1.4.2")),
        ("npx -y weather@~1.4", "pkg:npm/weather", range("~1.4")),
        ("npx -y weather@1", "pkg:npm/weather", range("1")),
        ("npx -y weather@1.x", "pkg:npm/weather", range("1.x")),
        ("npx -y weather@*", "pkg:npm/weather", range("*")),
        ("npx -y |weather@>=1 <2|", "pkg:npm/weather", range(">=1 <2")),
        ("npx -y -p weather cli", "pkg:npm/weather", Pin::Floating),
        ("uvx weather", "pkg:pypi/weather", Pin::Floating),
        ("uvx weather@latest", "pkg:pypi/weather", Pin::Floating),
        ("uvx |weather>=1.4|", "pkg:pypi/weather", range(">=1.4")),
        ("uvx weather==1.4.*", "pkg:pypi/weather", range("==1.4.*")),
        ("uvx weather===1.4", "pkg:pypi/weather", range("===1.4")),
        ("uvx weather==1.4,!=1.5", "pkg:pypi/weather", range("==1.4,!=1.5")),
        ("pipx run weather~=1.4", "pkg:pypi/weather", range("~=1.4")),
        ("docker run -i --rm weather", "pkg:oci/weather?repository_url=docker.io/library/weather", Pin::Floating),
        (
            "docker run -i acme/weather:latest",
            "pkg:oci/weather?repository_url=docker.io/acme/weather&tag=latest",
            Pin::Floating,
        ),
        (
            "docker run -i ghcr.io/acme/weather:1.4.2",
            "pkg:oci/weather?repository_url=ghcr.io/acme/weather&tag=1.4.2",
            Pin::Floating,
        ),
    ] {
        let identity = of(line);
        let package = identity.package().unwrap_or_else(|| panic!("{line}: {identity:?}"));
        assert_eq!((package.purl.as_str(), &package.pin), (purl, &pin), "{line}");
        assert!(!package.is_pinned() && package.version().is_none(), "{line}");
    }
}

#[test]
fn images_are_pinned_by_digest() {
    for (line, repository) in [
        ("docker run -i --rm IMAGE", "docker.io/library/weather"),
        (
            "docker run -ie A=b -v/x:/y -p 8080:80 --env=C=d --rm=true --network none IMAGE -e x",
            "docker.io/library/weather",
        ),
        ("docker container run -i IMAGE", "docker.io/library/weather"),
        ("nerdctl run -it IMAGE", "docker.io/library/weather"),
        ("podman run -i IMAGE", "weather"),
        ("podman container run -i IMAGE", "weather"),
    ] {
        let identity = of(&line.replace("IMAGE", &format!("weather:1.4@{SHA}")));
        let package = identity.package().unwrap_or_else(|| panic!("{line}: {identity:?}"));
        assert_eq!(package.purl, format!("pkg:oci/weather@{SHA}?repository_url={repository}"), "{line}");
        assert_eq!(package.artifact().digest.unwrap().as_str(), SHA);
        assert_eq!(package.version(), None, "a tag beside a digest is not checked");
    }
    let identity = of(&format!("docker run Registry.example:5000/a/b@{SHA}"));
    let purl = format!("pkg:oci/b@{SHA}?repository_url=registry.example:5000/a/b");
    assert_eq!(identity.package().unwrap().purl, purl);
}

#[test]
fn what_could_be_read_in_two_ways_is_unknown() {
    for line in [
        "",
        "npx",
        "npx -y",
        "npx -y true",
        "npx --yes=true weather@1.4.2",
        "npx --registry https://evil.example weather@1.4.2",
        "npx --unknown weather@1.4.2",
        "npx -c |weather|",
        "npx -p a@1.0.0 -p b@1.0.0 weather",
        "npx -p weather@1.4.2",
        "npx -p weather@1.4.2 node evil.js",
        "npx -p weather@1.4.2 python3.12 evil.py",
        "npx -p weather@1.4.2 ./evil",
        "npx -p -y weather@1.4.2",
        "npx alias@npm:weather@1.4.2",
        "npx weather@git+https://code.example/weather",
        "npx github:acme/weather",
        "npx acme/weather",
        "npx https://code.example/weather.tgz",
        "npx weather.tgz",
        "npx ./weather",
        "npx .",
        "npx @acme",
        "npx @acme/",
        "npx @/weather@1.0.0",
        "npx ${PACKAGE}@1.4.2",
        "npx weather@${VERSION}",
        "npx |weather@1.4.2 other|",
        "npx wéather@1.4.2",
        "npm install weather@1.4.2",
        "npm --yes exec weather@1.4.2",
        "npm exec weather@1.4.2 --package=evil@1.0.0",
        "npm exec -w ws weather@1.4.2",
        "bun weather.js",
        "bunx tsc@1.0.0",
        "pnpm dlx -c weather@1.4.2",
        "pnpm dlx -- weather@1.4.2",
        "yarn weather",
        "uvx",
        "uvx python@3.12",
        "uvx weather.py",
        "uvx weather@>=1",
        "uvx |weather @ https://code.example/w.whl|",
        "uvx git+https://code.example/weather",
        "uvx |weather==1 ; python_version > '3'|",
        "uvx weather[http==1.4.2",
        "uvx --with evil weather==1.4.2",
        "uvx --index-url https://evil.example weather==1.4.2",
        "uvx --from weather==1.4.2 python -c x",
        "uvx --from a==1 --from b==1 weather",
        "uv run weather",
        "uv tool install weather",
        "pipx run weather@1.4.2",
        "pipx run --index-url https://evil.example weather==1.4.2",
        "pipx run -- weather==1.4.2",
        "pipx install weather",
        "docker run",
        "docker run -i",
        "docker run --unknown weather",
        "docker run -x weather",
        "docker run - weather",
        "docker --context other run weather",
        "docker run $IMAGE",
        "docker run Weather",
        "docker run weather@sha256:abc",
        "docker run weather@latest",
        "docker run weather:",
        "docker run a//b",
        "docker run evil.example:port/weather",
        "docker compose up",
        "env",
        "env A=b",
        "env -S |npx weather@1.4.2|",
        "cmd",
        "cmd /c",
        "cmd /k npx weather@1.4.2",
        "cmd /c npx weather@^1.4.2",
        "cmd /c npx weather@1.4.2 & evil",
        "cmd /c |npx weather@1.4.2 & evil|",
        "cmd /c npx weather@%VERSION%",
        r"cmd /c |C:\Program Files\nodejs\npx.cmd| weather@1.4.2",
        "sh",
        "sh script.sh",
        "sh -c",
        "sh -c |npx weather@1.4.2; evil|",
        "sh -c |npx weather@1.4.2 && evil|",
        "sh -c |npx $(evil)|",
        "sh -c |npx `evil`|",
        "sh -c |npx weather@1.4.2 > x|",
        "sh -c |npx 'weather@1.4.2'|",
        "sh -c |npx weather@1.4.2\nevil|",
        "sh -c |npx weather@1.4.2| evil",
        "sh -xc |npx weather@1.4.2|",
        "sh -c |a-b=c npx weather@1.4.2|",
        "zsh -c |=npx weather@1.4.2|",
        "bash -c |exec -a x npx weather@1.4.2|",
        "NPX weather@1.4.2",
        "$HOME/bin/npx weather@1.4.2",
        "~/bin/npx weather@1.4.2",
        "weather-server",
        "node",
        "node -e x",
        "python -m weather",
        "sudo npx weather@1.4.2",
        "env env env env env env env env env env npx weather@1.4.2",
    ] {
        assert_eq!(of(line), PackageIdentity::Unknown, "{line}");
    }
}

#[test]
fn files_and_addresses_are_no_packages() {
    for line in [
        "./server",
        "./npx weather@1.4.2",
        "node_modules/.bin/weather",
        r"tools\npx.cmd weather@1.4.2",
        r"\\host\share\npx.exe weather@1.4.2",
        "//host/npx weather@1.4.2",
        "/opt/weather/server --flag",
        "node server.js",
        "python3 server.py",
        "env A=b ./server",
    ] {
        assert_eq!(of(line), PackageIdentity::File, "{line}");
    }
    let remote = Launch::Http(HttpLaunch { url: "https://mcp.example/".to_owned(), headers: Vec::new() });
    assert_eq!(identify(&remote), PackageIdentity::Remote);
}

#[test]
fn t26_a_variable_that_redirects_the_launcher_makes_the_package_unknown() {
    for (line, harmful, harmless) in [
        ("npx weather@1.4.2", "NPM_CONFIG_REGISTRY", "npm_config_cache"),
        ("npx weather@1.4.2", "npm_config_package", "WEATHER_TOKEN"),
        ("npx @acme/weather@1.4.2", "npm_config_@acme:registry", "NPM_CONFIG_LOGLEVEL"),
        ("bunx weather@1.4.2", "BUN_CONFIG_REGISTRY", "BUN_INSTALL"),
        ("yarn dlx weather@1.4.2", "YARN_RC_FILENAME", "YARN_CACHE_FOLDER"),
        ("uvx weather==1.4.2", "UV_INDEX_URL", "UV_CACHE_DIR"),
        ("pipx run weather==1.4.2", "PIP_EXTRA_INDEX_URL", "PIPX_HOME"),
    ] {
        assert_eq!(identify(&launch(words(line), &[harmful])), PackageIdentity::Unknown, "{line} {harmful}");
        assert!(identify(&launch(words(line), &[harmless])).package().is_some(), "{line} {harmless}");
        assert_eq!(of(&format!("env {harmful}=x {line}")), PackageIdentity::Unknown, "env {harmful} {line}");
    }
}

#[test]
fn only_semantic_versions_become_versions() {
    let version = |line| of(line).package().unwrap().version().map(|version| version.to_string());
    assert_eq!(version("npx weather@2026.1.14").as_deref(), Some("2026.1.14"));
    assert_eq!(version("uvx weather==1.4.2").as_deref(), Some("1.4.2"));
    assert_eq!(version("uvx weather==1.4"), None);
    assert_eq!(version("uvx weather==2026.01.14"), None);
}

proptest! {
    #[test]
    fn hostile_words_never_panic(args in prop::collection::vec(any::<String>(), 0..8), env in any::<String>()) {
        let _ = identify(&launch(args, &[&env]));
    }

    #[test]
    fn pieces_of_the_grammars_never_panic_and_never_leave_the_normal_form(
        args in prop::collection::vec(
            prop::sample::select(vec![
                "npx", "npm", "exec", "bunx", "pnpm", "dlx", "uvx", "--from", "pipx", "run", "--spec", "docker",
                "podman", "-p", "-y", "--", "-ie", "--env", "env", "A=b", "=", "cmd", "/c", "sh", "-c", "-",
                "npx -y a@1.0.0", "a@1.0.0", "@a/b@1.0.0", "@", "a@", "@@", "a==1", "a[", "a[b]==1", "a:b@c", "é@é",
                "x.example:1/a/b:c", "pkg@\u{0}",
            ]).prop_map(str::to_owned),
            0..8,
        ),
    ) {
        if let Some(package) = identify(&launch(args, &[])).package() {
            let mut artifact = package.artifact();
            artifact.normalise();
            prop_assert_eq!(&artifact.purl, &package.purl);
            prop_assert_eq!(package.is_pinned(), package.purl.contains('@'));
        }
    }
}
