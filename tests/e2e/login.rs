//! A person logs in with a browser, which this test is, at a provider on this machine.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    process::{Child, Stdio},
    time::Duration,
};

use jiff::Timestamp;
use mcp_pin_test_support::oidc::{CLIENT, TestProvider};
use serde_json::{Value, json};
use url::Url;

use crate::{
    registry::RegistryProcess,
    world::{Person, World},
};

/// How long one answer may take.
const PATIENCE: Duration = Duration::from_secs(40);

/// What a browser gets: a status and headers, as they came.
struct Page {
    status: u16,
    head: String,
    body: String,
}

impl Page {
    fn header(&self, name: &str) -> Option<String> {
        self.head.lines().find_map(|line| {
            let (own, value) = line.split_once(": ")?;
            own.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        })
    }

    /// Where the browser is sent on to.
    #[track_caller]
    fn onward(&self) -> Url {
        assert_eq!(self.status, 303, "{}\n{}", self.head, self.body);
        self.header("location").unwrap().parse().unwrap()
    }
}

/// A browser: it follows no address by itself, so that each can be looked at.
fn browse(url: &Url, cookie: Option<&str>) -> Page {
    let address = format!("{}:{}", url.host_str().unwrap(), url.port().unwrap());
    let target = url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
    let mut stream = TcpStream::connect(&address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let cookie = cookie.map(|cookie| format!("Cookie: {cookie}\r\n")).unwrap_or_default();
    write!(stream, "GET {target} HTTP/1.1\r\nHost: {address}\r\n{cookie}Connection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Page { status, head: head.to_owned(), body: body.to_owned() }
}

fn parameter(url: &Url, name: &str) -> String {
    url.query_pairs().find(|(own, _)| own == name).unwrap_or_else(|| panic!("no `{name}` in {url}")).1.into_owned()
}

/// A registry whose people log in at a provider.
struct Scene {
    world: World,
    provider: TestProvider,
    registry: RegistryProcess,
}

impl Scene {
    fn new() -> Self {
        let world = World::new();
        let provider = TestProvider::start_on_a_thread();
        // The provider sends browsers back to the public address, so the port is chosen before the start.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let data = world.path("data");
        let configuration = format!(
            "listen = \"127.0.0.1:{port}\"\npublic-url = \"http://127.0.0.1:{port}\"\n\n[login]\nissuer = \"{}\"\nclient-id = \"{CLIENT}\"\n\
             algorithm = \"ES256\"\nroles = {{ \"reviewers\" = [\"approver\"] }}\n",
            provider.url
        );
        fs::write(data.with_extension("toml"), configuration).unwrap();
        let registry = RegistryProcess::start(&data);
        Self { world, provider, registry }
    }

    fn login(&self, person: &Person) -> Login {
        let mut command = person.mcp_pin(&["registry", "login", "--web", "--registry", &self.registry.url()]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut said = BufReader::new(child.stderr.take().unwrap());
        let mut lines = String::new();
        let address = loop {
            let mut line = String::new();
            assert!(said.read_line(&mut line).unwrap() > 0, "it ended without an address: {lines}");
            lines.push_str(&line);
            if let Some(address) = line.trim().strip_prefix("http://") {
                break format!("http://{address}").parse().unwrap();
            }
        };
        Login { child, said, address }
    }

    /// What the provider's page does when somebody who is known there asks to be let in.
    fn let_in(&self, asked: &Url, subject: &str, groups: &Value) -> Url {
        assert!(asked.as_str().starts_with(&format!("{}/authorize?", self.provider.url)), "{asked}");
        #[expect(clippy::disallowed_methods, reason = "real processes judge the token by real time")]
        let now = Timestamp::now();
        let mut claims = self.provider.claims(subject, &parameter(asked, "nonce"), now);
        claims["groups"] = groups.clone();
        self.provider.give("the-code", self.provider.token(&claims), &parameter(asked, "code_challenge"));
        let mut back: Url = parameter(asked, "redirect_uri").parse().unwrap();
        back.query_pairs_mut().append_pair("code", "the-code").append_pair("state", &parameter(asked, "state"));
        back
    }
}

/// `mcp-pin registry login --web` while it waits.
struct Login {
    child: Child,
    said: BufReader<std::process::ChildStderr>,
    address: Url,
}

impl Login {
    /// How it ended, and what it said.
    fn end(mut self) -> (Option<i32>, String) {
        let mut said = String::new();
        self.said.read_to_string(&mut said).unwrap();
        (self.child.wait().unwrap().code(), said)
    }

    fn give_up(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

#[test]
fn somebody_logs_in_with_a_browser_and_out_again() {
    let scene = Scene::new();
    let person = scene.world.person("dana");
    let url = scene.registry.url();
    person.run(&["pending", "--registry", &url]).expect(2);

    let login = scene.login(&person);
    let start = browse(&login.address, None);
    let cookie = start.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    let back = scene.let_in(&start.onward(), "dana", &json!(["reviewers"]));
    assert_eq!(back.origin().ascii_serialization(), url);
    // A login that comes back in another browser is nobody's.
    let onward = browse(&back, Some(&cookie)).onward();
    assert_eq!(onward.host_str(), Some("127.0.0.1"));
    // Whatever else comes to the waiting program is answered and left.
    let mut wrong = onward.clone();
    wrong.set_query(Some("code=guessed&state=guessed"));
    assert_eq!(browse(&wrong, None).status, 400);
    let page = browse(&onward, None);
    assert_eq!(page.status, 200);
    assert!(page.body.contains("You are logged in"), "{}", page.body);
    let (code, said) = login.end();
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("as `dana` (approver) until "), "{said}");

    // The token is kept for this registry, where only its owner can read it, and is never shown.
    let kept: Vec<_> =
        crate::world::files(&person.home).into_iter().filter(|(name, _)| name.ends_with(".json")).collect();
    let [(name, bytes)] = &kept[..] else { panic!("{:?}", kept.iter().map(|(name, _)| name).collect::<Vec<_>>()) };
    let kept: Value = String::from_utf8_lossy(bytes).parse().unwrap();
    let token = kept["token"].as_str().unwrap().to_owned();
    assert!(!said.contains(&token));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(person.home.join(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{mode:o}");
    }
    let me = scene.registry.read("/v1/whoami", Some(&token));
    assert_eq!(
        (&me["principal"], &me["method"], &me["roles"]),
        (&json!("dana"), &json!("login"), &json!(["approver"]))
    );
    person.run(&["pending", "--registry", &url]).expect(0);
    // An approver administers nothing.
    person.run(&["registry", "token", "list", "--registry", &url]).expect(0);
    person.run(&["registry", "offboard", "admin", "--plan", "--registry", &url]).expect(1);

    person.run(&["registry", "logout", "--registry", &url]).expect(0);
    assert_eq!(scene.registry.get("/v1/whoami", Some(&token)).unwrap().status, 401, "it is worth nothing now");
    person.run(&["pending", "--registry", &url]).expect(2);
}

#[test]
fn a_login_of_another_browser_or_without_a_role_gives_nothing() {
    let scene = Scene::new();
    let person = scene.world.person("dana");
    let login = scene.login(&person);
    let start = browse(&login.address, None);
    let cookie = start.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    let back = scene.let_in(&start.onward(), "dana", &json!(["reviewers"]));
    assert_eq!(browse(&back, None).status, 403, "another browser's");
    assert_eq!(browse(&back, Some(&cookie)).status, 403, "and it comes back once");

    let start = browse(&login.address, None);
    let cookie = start.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    let back = scene.let_in(&start.onward(), "erin", &json!(["others"]));
    let refused = browse(&back, Some(&cookie));
    assert_eq!(refused.status, 403);
    assert!(refused.body.contains("no-role"), "{}", refused.body);
    login.give_up();
    let principals = scene.registry.read("/v1/events?limit=1000", Some(&scene.registry.admin_token)).to_string();
    assert!(!principals.contains("dana") && !principals.contains("erin"), "{principals}");
    assert!(crate::world::files(&person.home).is_empty());
}
