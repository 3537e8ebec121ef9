//! Mirrors, with an upstream and a registry that say what a test wants.

use std::{
    path::Path,
    sync::{Arc, Mutex},
};

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use wiremock::{
    Mock, MockServer, Request, Respond, ResponseTemplate,
    matchers::{method, path_regex},
};

use super::*;
use crate::{
    context::Environment,
    state::key::KeyFile,
    ui::{Captured, Ui},
};

fn now() -> Timestamp {
    "2026-03-01T00:00:00Z".parse().unwrap()
}

fn entry(name: &str, version: &str, description: &str, status: &str, updated: &str) -> Value {
    json!({
        "server": {
            "$schema": "https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json",
            "name": name, "description": description, "version": version,
        },
        "_meta": { OFFICIAL: { "status": status, "updatedAt": updated, "publishedAt": updated, "isLatest": true } },
    })
}

const OFFICIAL: &str = "io.modelcontextprotocol.registry/official";

/// Answers pages in the order of a list, by cursors that are their numbers; notes what was asked.
#[derive(Clone, Default)]
struct Pages {
    pages: Arc<Mutex<Vec<Vec<Value>>>>,
    asked: Arc<Mutex<Vec<String>>>,
    endless: bool,
}

impl Respond for Pages {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        self.asked.lock().unwrap().push(request.url.query().unwrap_or_default().to_owned());
        let cursor = request.url.query_pairs().find(|(name, _)| name == "cursor").map(|(_, value)| value.into_owned());
        let index: usize = cursor.and_then(|cursor| cursor.parse().ok()).unwrap_or(0);
        let pages = self.pages.lock().unwrap();
        let servers = pages.get(index).cloned().unwrap_or_default();
        let mut metadata = json!({ "count": servers.len() });
        if self.endless {
            metadata["nextCursor"] = "1".into();
        } else if index + 1 < pages.len() {
            metadata["nextCursor"] = (index + 1).to_string().into();
        }
        ResponseTemplate::new(200).set_body_json(json!({ "servers": servers, "metadata": metadata }))
    }
}

/// Takes drafts and gives them numbers; notes what was done.
#[derive(Clone, Default)]
struct Quarantine {
    done: Arc<Mutex<Vec<String>>>,
    /// How many documents it still takes before it is away.
    left: Arc<Mutex<Option<usize>>>,
}

impl Respond for Quarantine {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let mut done = self.done.lock().unwrap();
        if request.method.as_str() == "DELETE" {
            done.push(format!("delete {}", request.url.path()));
            return ResponseTemplate::new(204);
        }
        let mut left = self.left.lock().unwrap();
        if *left == Some(0) {
            return ResponseTemplate::new(500);
        }
        if let Some(left) = left.as_mut() {
            *left -= 1;
        }
        let document: Value = request.body_json().unwrap();
        let name = document["name"].as_str().unwrap();
        if name.ends_with("/taken") {
            let problem = json!({ "type": "urn:mcp-pin:problem:version-taken", "detail": "taken \u{1b}[2J" });
            return ResponseTemplate::new(409).set_body_json(problem);
        }
        done.push(format!("draft {name}@{}", document["version"].as_str().unwrap()));
        let link = format!("/v1/drafts/{:026}", done.len());
        let answer = json!({ "server": document, "_meta": { "io.github.mcp-pin/registry": { "state": "quarantined", "link": link } } });
        ResponseTemplate::new(200).set_body_json(answer)
    }
}

struct Stage {
    /// Runs the servers.
    _runtime: Runtime,
    upstream: MockServer,
    registry: MockServer,
    pages: Pages,
    quarantine: Quarantine,
    folder: tempfile::TempDir,
}

impl Stage {
    fn new(pages: Pages) -> Self {
        let runtime = Runtime::new().unwrap();
        let (upstream, registry) = runtime.block_on(async { (MockServer::start().await, MockServer::start().await) });
        let quarantine = Quarantine::default();
        runtime.block_on(async {
            Mock::given(method("GET"))
                .and(path_regex("^/v0.1/servers$"))
                .respond_with(pages.clone())
                .mount(&upstream)
                .await;
            Mock::given(path_regex("^/v")).respond_with(quarantine.clone()).mount(&registry).await;
        });
        Self { _runtime: runtime, upstream, registry, pages, quarantine, folder: tempfile::tempdir().unwrap() }
    }

    fn with(pages: Vec<Vec<Value>>) -> Self {
        let stage = Self::new(Pages::default());
        *stage.pages.pages.lock().unwrap() = pages;
        stage
    }

    fn run(&self, pages: u32) -> (CommandResult, Captured) {
        let (ui, captured) = Ui::captured(None);
        let environment: Environment = [("MCP_PIN_TOKEN".to_owned(), "mcpp_test".to_owned())].into_iter().collect();
        let folder: &Path = self.folder.path();
        let context = Context::new(ui, Format::Human, folder.to_owned(), environment, KeyFile::default_of(folder), now);
        let arguments = Arguments {
            upstream: self.upstream.uri().parse().unwrap(),
            state: "mirror.json".into(),
            namespace: Vec::new(),
            pages,
            connection: Connection { registry: Some(self.registry.uri()), token_file: None },
        };
        (run(&arguments, &context), captured)
    }

    fn done(&self) -> Vec<String> {
        std::mem::take(&mut self.quarantine.done.lock().unwrap())
    }

    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.pages.asked.lock().unwrap())
    }
}

#[test]
fn the_next_run_reads_what_was_changed_and_tombstones_leave_the_quarantine() {
    let first = entry("io.example/weather", "1.0.0", "Forecasts.", "active", "2026-02-01T00:00:00Z");
    let second = entry("io.example/mail", "1.0.0", "Mails.", "deprecated", "2026-02-02T00:00:00Z");
    let stage = Stage::with(vec![vec![first], vec![second]]);
    assert_eq!(stage.run(100).0.unwrap(), Status::Passed);
    assert_eq!(stage.done(), ["draft io.example/weather@1.0.0", "draft io.example/mail@1.0.0"]);
    assert_eq!(stage.asked(), ["limit=100", "limit=100&cursor=1"]);

    let gone = entry("io.example/weather", "1.0.0", "Forecasts.", "deleted", "2026-02-03T00:00:00Z");
    let same = entry("io.example/mail", "1.0.0", "Mails.", "active", "2026-02-02T00:00:00Z");
    let new = entry("io.example/mail", "1.1.0", "Mails.", "active", "2026-02-03T00:00:00Z");
    *stage.pages.pages.lock().unwrap() = vec![vec![gone, same, new]];
    assert_eq!(stage.run(100).0.unwrap(), Status::Passed);
    assert_eq!(stage.asked(), ["limit=100&updated_since=2026-02-01T23%3A55%3A00Z"]);
    let done = stage.done();
    assert_eq!(done, [format!("delete /v1/drafts/{:026}", 1), "draft io.example/mail@1.1.0".to_owned()]);
    // The tombstone again is nothing new.
    assert_eq!(stage.run(100).0.unwrap(), Status::Passed);
    assert_eq!(stage.done(), Vec::<String>::new());
}

#[test]
fn a_run_that_was_cut_off_goes_on_with_its_page() {
    let page = |name: &str| vec![entry(&format!("io.example/{name}"), "1.0.0", "x", "active", "2026-02-01T00:00:00Z")];
    let stage = Stage::with(vec![page("aa"), page("bb"), page("cc")]);
    assert_eq!(stage.run(1).0.unwrap(), Status::Passed);
    assert_eq!(stage.done(), ["draft io.example/aa@1.0.0"]);
    *stage.quarantine.left.lock().unwrap() = Some(0);
    assert!(stage.run(100).0.is_err(), "the registry is away");
    *stage.quarantine.left.lock().unwrap() = None;
    stage.asked();
    assert_eq!(stage.run(100).0.unwrap(), Status::Passed);
    assert_eq!(stage.asked(), ["limit=100&cursor=1", "limit=100&cursor=2"]);
    assert_eq!(stage.done(), ["draft io.example/bb@1.0.0", "draft io.example/cc@1.0.0"]);
}

#[test]
fn what_is_not_acceptable_is_named_and_the_rest_is_taken() {
    let bad = json!({ "server": { "name": "io.example/bad\u{202e}", "version": "1.0.0" } });
    let taken = entry("io.example/taken", "1.0.0", "x", "active", "2026-02-01T00:00:00Z");
    let good = entry("io.example/good", "1.0.0", "x", "active", "2026-02-01T00:00:00Z");
    let stage = Stage::with(vec![vec![bad, taken, good]]);
    let (result, captured) = stage.run(100);
    assert_eq!(result.unwrap(), Status::Failed);
    assert_eq!(stage.done(), ["draft io.example/good@1.0.0"]);
    let said = captured.err();
    assert!(said.contains("its name is none") && said.contains("version-taken"), "{said}");
    assert!(!said.contains('\u{202e}') && !said.contains('\u{1b}'), "{said}");
}

#[test]
fn a_hostile_upstream_comes_to_an_end() {
    let one = |version: &str, text: &str| entry("io.example/aa", version, text, "active", "2026-02-01T00:00:00Z");
    let endless = Stage::new(Pages { endless: true, ..Pages::default() });
    let error = endless.run(100).0.unwrap_err();
    assert!(error.message.contains("a cursor comes again"), "{error}");
    let twice = Stage::with(vec![vec![one("1.0.0", "x"), one("1.0.0", "y")]]);
    let error = twice.run(100).0.unwrap_err();
    assert!(error.message.contains("io.example/aa@1.0.0 comes twice"), "{error}");
    assert_eq!(twice.done(), Vec::<String>::new(), "nothing of such a page is taken");
    // A time in the future must not hide what comes before it.
    let future = Stage::with(vec![vec![entry("io.example/aa", "1.0.0", "x", "active", "2099-01-01T00:00:00Z")]]);
    future.run(100).0.unwrap();
    future.asked();
    future.run(100).0.unwrap();
    assert_eq!(future.asked(), ["limit=100&updated_since=2026-02-28T23%3A55%3A00Z"]);
}

#[test]
fn a_state_of_another_mirror_is_refused() {
    let stage = Stage::with(vec![vec![]]);
    stage.run(1).0.unwrap();
    let path = stage.folder.path().join("mirror.json");
    let text = std::fs::read_to_string(&path).unwrap().replace(&stage.upstream.uri(), "https://other.example");
    std::fs::write(&path, text).unwrap();
    assert_eq!(stage.run(1).0.unwrap_err().status, Status::Usage);
    std::fs::write(&path, "{").unwrap();
    assert_eq!(stage.run(1).0.unwrap_err().status, Status::CouldNotCheck);
}
