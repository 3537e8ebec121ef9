//! Where packages come from.

use std::{fs, path::Path};

use mcp_pin_packages::{EndpointError, Endpoints, PackageSettings, Surroundings};
use tempfile::TempDir;

struct Place {
    project: TempDir,
    home: TempDir,
}

impl Place {
    fn new() -> Self {
        Self { project: TempDir::new().unwrap(), home: TempDir::new().unwrap() }
    }

    fn write(folder: &Path, name: &str, text: &str) {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// With no `PATH`: nothing is asked, so that only what is configured here counts.
    fn endpoints(&self, variables: &[(&str, &str)]) -> Endpoints {
        let variables: Vec<(String, String)> =
            variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let surroundings = Surroundings::new(variables, self.project.path(), Some(self.home.path()));
        Endpoints::of_user(PackageSettings::default(), surroundings)
    }

    async fn npm(&self, package: &str, variables: &[(&str, &str)]) -> String {
        self.endpoints(variables).npm(package).await.unwrap().url.to_string()
    }
}

#[tokio::test]
async fn npm_is_configured_as_npm_is() {
    let place = Place::new();
    Place::write(place.home.path(), ".npmrc", "registry=https://user.example\n@acme:registry = https://${HOST}/acme/");
    assert_eq!(place.npm("weather", &[]).await, "https://user.example/");
    assert_eq!(place.npm("@acme/weather", &[("HOST", "scope.example")]).await, "https://scope.example/acme/");
    Place::write(place.project.path(), ".npmrc", "; a comment\nregistry=\"https://project.example/npm\"\n");
    assert_eq!(place.npm("weather", &[]).await, "https://project.example/npm/");
    let variable = ("npm_config_registry", "https://variable.example");
    assert_eq!(place.npm("weather", &[variable]).await, "https://variable.example/");
    // A registry for the scope wins over one for all, wherever it stands.
    assert_eq!(place.npm("@acme/weather", &[variable, ("HOST", "h.example")]).await, "https://h.example/acme/");
    assert_eq!(place.npm("@other/weather", &[variable]).await, "https://variable.example/");
}

#[tokio::test]
async fn t69_a_projects_file_sends_no_token_anywhere() {
    let place = Place::new();
    Place::write(
        place.project.path(),
        ".npmrc",
        "registry=https://evil.example/\n//evil.example/:_authToken=${NPM_TOKEN}\n",
    );
    let endpoint = place.endpoints(&[("NPM_TOKEN", "secret")]).npm("weather").await.unwrap();
    assert!(endpoint.credential.is_none());
    // The user's own file does, and for that host alone.
    Place::write(place.home.path(), ".npmrc", "//good.example/npm/:_authToken=${NPM_TOKEN}\n");
    let endpoint = place.endpoints(&[("NPM_TOKEN", "secret")]).npm("weather").await.unwrap();
    assert!(endpoint.credential.is_none());
    let variables = [("NPM_TOKEN", "secret"), ("npm_config_registry", "https://good.example/npm/sub/")];
    let endpoint = place.endpoints(&variables).npm("weather").await.unwrap();
    assert!(endpoint.credential.is_some());
    assert!(!format!("{endpoint:?}").contains("secret"));
    for other in ["https://good.example/", "https://good.example.evil/npm/", "https://good.example:8443/npm/"] {
        let variables = [("NPM_TOKEN", "secret"), ("npm_config_registry", other)];
        assert!(place.endpoints(&variables).npm("weather").await.unwrap().credential.is_none(), "{other}");
    }
}

#[tokio::test]
async fn python_is_configured_as_uv_and_pip_are() {
    let place = Place::new();
    let pypi = async |variables: &[(&str, &str)]| place.endpoints(variables).pypi().await.unwrap();
    Place::write(
        place.home.path(),
        ".config/pip/pip.conf",
        "[install]\nindex-url = https://no.example\n[global]\nindex-url = https://pip.example/simple\n",
    );
    assert_eq!(pypi(&[]).await.url.as_str(), "https://pip.example/simple/");
    Place::write(
        place.project.path(),
        "uv.toml",
        "[[index]]\nname = \"x\"\nurl = \"https://extra.example/\"\n[[index]]\nurl = \"https://uv.example/simple\"\ndefault = true\n",
    );
    assert_eq!(pypi(&[]).await.url.as_str(), "https://uv.example/simple/");
    assert_eq!(pypi(&[("PIP_INDEX_URL", "https://a.example/simple")]).await.url.as_str(), "https://a.example/simple/");
    let named = pypi(&[("UV_DEFAULT_INDEX", "ours=https://user:p%40ss@b.example/simple")]).await;
    assert_eq!(named.url.as_str(), "https://b.example/simple/");
    assert!(named.credential.is_some());
    assert!(!format!("{named:?}").contains("p@ss"));
}

#[tokio::test]
async fn addresses_that_are_not_spoken_to_are_refused() {
    let place = Place::new();
    for address in ["http://packages.example/", "ftp://packages.example/", "file:///srv/npm", "packages.example"] {
        let error = place.endpoints(&[("npm_config_registry", address)]).npm("weather").await.unwrap_err();
        assert!(matches!(error, EndpointError::Address { .. }), "{address}: {error}");
    }
    let error =
        place.endpoints(&[("npm_config_registry", "http://u:secret@packages.example/")]).npm("x").await.unwrap_err();
    assert!(!error.to_string().contains("secret"), "{error}");
}

#[tokio::test]
async fn a_registry_asks_only_where_it_is_told_to() {
    let nowhere = Endpoints::only(PackageSettings::default());
    assert!(matches!(nowhere.npm("x").await, Err(EndpointError::Unknown { .. })));
    assert!(matches!(nowhere.pypi().await, Err(EndpointError::Unknown { .. })));
    assert!(matches!(nowhere.oci("acme/weather"), Err(EndpointError::Unknown { .. })));
    assert!(matches!(nowhere.oci("images.example/acme/weather"), Err(EndpointError::NotAllowed { .. })));
    assert!(nowhere.github_api().unwrap().is_none());
    let message = nowhere.npm("x").await.unwrap_err().to_string();
    assert!(message.contains("`npm` below [packages] in mcp-pin.toml"), "{message}");
    let settings = PackageSettings { oci: Some("https://images.example".parse().unwrap()), ..Default::default() };
    let one = Endpoints::only(settings);
    assert_eq!(one.oci("images.example/acme/weather").unwrap().1, "acme/weather");
    assert_eq!(one.oci("acme/weather").unwrap().0.url.as_str(), "https://images.example/");
    assert!(matches!(one.oci("other.example/acme/weather"), Err(EndpointError::NotAllowed { .. })));
}
