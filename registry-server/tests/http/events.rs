//! The event log as lines and as a stream: nothing is missing, nothing comes twice, and every end has a reason.

use std::time::Duration;

use axum::{
    body::{Body, BodyDataStream},
    http::{Request, StatusCode},
};
use futures_util::StreamExt as _;
use serde_json::Value;

use crate::support::{TestRegistry, weather};

/// Longer than anything here takes that is going to happen at all.
const PATIENCE: Duration = Duration::from_secs(20);

fn parsed(text: &str) -> Value {
    serde_json::to_value(mcp_pin_model::json::parse(text.as_bytes()).unwrap()).unwrap()
}

/// Reads a stream of server-sent events, block by block.
struct Reader {
    body: BodyDataStream,
    text: String,
}

/// One block: its id, its type, and its data.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Block {
    id: Option<u64>,
    kind: String,
    data: String,
}

impl Reader {
    async fn open(registry: &TestRegistry, token: &str, query: &str, headers: &[(&str, &str)]) -> Self {
        let mut request =
            Request::get(format!("/v1/events?{query}")).header("authorization", format!("Bearer {token}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = registry.response(request.body(Body::empty()).unwrap()).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert_eq!(response.headers()["cache-control"], "private, no-store");
        Self { body: response.into_body().into_data_stream(), text: String::new() }
    }

    /// The next block with data or an id; none at the end of the stream.
    async fn next(&mut self) -> Option<Block> {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n").map(|(a, b)| (a.to_owned(), b.to_owned())) {
                self.text = rest;
                let mut read = Block::default();
                for line in block.lines() {
                    match line.split_once(": ") {
                        Some(("id", id)) => read.id = Some(id.parse().unwrap()),
                        Some(("event", kind)) => kind.clone_into(&mut read.kind),
                        Some(("data", data)) => data.clone_into(&mut read.data),
                        _ => {}
                    }
                }
                if read != Block::default() {
                    return Some(read);
                }
                continue;
            }
            let chunk = tokio::time::timeout(PATIENCE, self.body.next()).await.expect("something comes")?.unwrap();
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    async fn sequences(&mut self, count: usize) -> Vec<u64> {
        let mut found = Vec::new();
        while found.len() < count {
            let block = self.next().await.expect("the stream goes on");
            let data = parsed(&block.data);
            assert_eq!(data["sequence"].as_u64(), block.id);
            found.extend(block.id);
        }
        found
    }
}

#[tokio::test]
async fn lines_are_the_pages_of_the_log() {
    let registry = TestRegistry::new().await;
    let people = registry.people().await;
    registry.make_live(&people, &weather("1.0.0", "Forecasts the weather.", None)).await;
    let admin = registry.admin();
    let page = admin.get("/v1/events?limit=1000").await.json();
    let events = page["events"].as_array().unwrap();
    let mut lines = Vec::new();
    let mut after = 0;
    loop {
        let answer = admin.get(&format!("/v1/events?format=jsonl&limit=3&after={after}")).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.header("content-type"), "application/x-ndjson");
        assert_eq!(answer.header("x-last-sequence"), page["last"].to_string());
        let text = String::from_utf8(answer.body.clone()).unwrap();
        assert!(text.is_empty() || text.ends_with('\n'));
        lines.extend(text.lines().map(parsed));
        let next = answer.header("x-next-after").parse::<u64>().unwrap();
        if next == after {
            break;
        }
        after = next;
    }
    assert_eq!(lines, *events);
    // The media type asks for the same.
    let accept = [("accept", "application/x-ndjson;q=0.9, application/json;q=0.1")];
    let asked = admin.send(axum::http::Method::GET, "/v1/events?limit=3", &accept, Vec::new()).await;
    assert_eq!(asked.header("content-type"), "application/x-ndjson");
}

#[tokio::test]
async fn ocsf_is_written_on_request() {
    let registry = TestRegistry::new().await;
    let people = registry.people().await;
    registry.make_live(&people, &weather("1.0.0", "Forecasts the weather.", None)).await;
    let answer = registry.admin().get("/v1/events?format=ocsf&type=ring-moved").await;
    let text = String::from_utf8(answer.body).unwrap();
    let lines: Vec<Value> = text.lines().map(parsed).collect();
    assert_eq!(lines.len(), 1, "{text}");
    insta::assert_json_snapshot!("ocsf", lines[0], {
        ".time" => "[time]",
        ".entity.uid" => "[digest]",
        ".unmapped.leaf.time" => "[time]",
        ".unmapped.leaf.manifest" => "[digest]",
        ".unmapped.leaf.attestation" => "[digest]",
        ".metadata.product.version" => "[version]",
    });
}

#[tokio::test]
async fn filters_find_what_they_name_and_go_on_from_where_they_came() {
    let registry = TestRegistry::new().await;
    let people = registry.people().await;
    registry.make_live(&people, &weather("1.0.0", "Forecasts the weather.", None)).await;
    let admin = registry.admin();
    let kinds = async |query: &str| {
        let page = admin.get(&format!("/v1/events?{query}")).await.json();
        assert_eq!(page["next"], page["last"], "everything was looked at");
        let kinds = page["events"].as_array().unwrap().iter().map(|event| event["leaf"]["type"].clone());
        kinds.map(|kind| kind.as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(kinds("type=submitted").await, ["submitted"]);
    assert_eq!(kinds("type=submitted,verified&actor=paula").await, ["submitted"]);
    assert_eq!(kinds("server=io.github.acme/weather&type=verified").await, ["verified"]);
    assert_eq!(kinds("namespace=io.github.acme&type=submitted").await, ["submitted"]);
    for nothing in ["actor=nobody", "namespace=io.github", "server=io.github.acme/other"] {
        assert_eq!(kinds(nothing).await, Vec::<String>::new(), "{nothing}");
    }
    for wrong in ["type=sumbitted", "type=", "type=submitted,", "server=weather", "format=xml", "follow=maybe"] {
        let answer = admin.get(&format!("/v1/events?{wrong}")).await;
        if wrong == "type=" {
            assert_eq!(answer.status, StatusCode::OK, "an empty parameter is none");
        } else {
            answer.problem(422);
        }
    }
}

#[tokio::test]
async fn a_stream_goes_on_and_is_resumed_without_gap_or_repetition() {
    let registry = TestRegistry::new().await;
    registry.people().await;
    let token = registry.admin_token.clone();
    let last = registry.admin().get("/v1/events").await.json()["last"].as_u64().unwrap();
    let mut stream = Reader::open(&registry, &token, "follow=true", &[]).await;
    let count = usize::try_from(last).unwrap();
    assert_eq!(stream.sequences(count).await, (1..=last).collect::<Vec<_>>());
    // What comes now.
    registry.somebody("rob", &["reader"]).await;
    assert_eq!(stream.sequences(1).await, [last + 1]);
    drop(stream);
    registry.somebody("rita", &["reader"]).await;
    registry.somebody("rosa", &["reader"]).await;
    // The header wins over the address that the client was first given.
    let seen = (last + 1).to_string();
    let headers = [("last-event-id", seen.as_str()), ("accept", "text/event-stream")];
    let mut stream = Reader::open(&registry, &token, "after=0", &headers).await;
    assert_eq!(stream.sequences(2).await, [last + 2, last + 3]);
}

#[tokio::test]
async fn a_filtered_stream_says_how_far_it_came() {
    let registry = TestRegistry::new().await;
    let token = registry.admin_token.clone();
    let mut stream = Reader::open(&registry, &token, "follow=true&type=revoked", &[]).await;
    let block = stream.next().await.unwrap();
    assert_eq!((block.id, block.data.as_str()), (Some(1), ""), "only where to go on");
    registry.somebody("rob", &["reader"]).await;
    assert_eq!(stream.next().await.unwrap().id, Some(2));
}

#[tokio::test]
async fn a_stream_is_for_who_may_read_and_ends_with_the_token() {
    let registry = TestRegistry::new().await;
    registry.anonymous().get("/v1/events?follow=true").await.problem(401);
    let reader = registry.somebody("rob", &["reader"]).await;
    let token = reader.token.clone().unwrap();
    let last = registry.admin().get("/v1/events").await.json()["last"].as_u64().unwrap();
    let mut stream = Reader::open(&registry, &token, &format!("follow=true&after={last}"), &[]).await;
    let tokens = registry.admin().get("/v1/tokens").await.json();
    let id =
        tokens["tokens"].as_array().unwrap().iter().find(|token| token["principal"] == "rob").unwrap()["id"].clone();
    registry.admin().delete(&format!("/v1/tokens/{}", id.as_str().unwrap())).await;
    let end = stream.next().await.unwrap();
    assert_eq!((end.kind.as_str(), end.data.as_str()), ("end", r#"{"reason":"unauthorized"}"#));
    assert_eq!(stream.next().await, None, "not even the event that ended it");
}

#[tokio::test]
async fn what_was_seen_after_the_end_of_the_log_is_not_silence() {
    let registry = TestRegistry::new().await;
    let answer = registry.admin().get("/v1/events?follow=true&after=1000").await;
    assert_eq!(answer.problem(409), "after-the-end");
    let headers = [("last-event-id", "x")];
    let answer = registry.admin().send(axum::http::Method::GET, "/v1/events?follow=true", &headers, Vec::new()).await;
    answer.problem(400);
}

#[tokio::test]
async fn streams_are_counted_and_given_back() {
    let registry = TestRegistry::new().await;
    let token = registry.admin_token.clone();
    let mut streams = Vec::new();
    for _ in 0..mcp_pin_registry::service::MAX_FOLLOWERS {
        streams.push(Reader::open(&registry, &token, "follow=true", &[]).await);
    }
    let refused = registry.admin().get("/v1/events?follow=true").await;
    refused.problem(503);
    assert!(!refused.header("retry-after").is_empty());
    assert_eq!(registry.admin().get("/v1/events").await.status, StatusCode::OK, "pages are for everybody still");
    streams.clear();
    let mut again = None;
    for _ in 0..100 {
        let request = Request::get("/v1/events?follow=true").header("authorization", format!("Bearer {token}"));
        let response = registry.response(request.body(Body::empty()).unwrap()).await;
        if response.status() == StatusCode::OK {
            again = Some(response);
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(again.is_some(), "who left gives its place back");
}

#[tokio::test]
async fn who_does_not_read_is_told_so_and_nobody_else_notices() {
    let limits = mcp_pin_registry::config::RequestLimits { timeout: Duration::from_secs(1), ..Default::default() };
    let registry = TestRegistry::with_limits(limits).await;
    let token = registry.admin_token.clone();
    let mut idle = Reader::open(&registry, &token, "follow=true", &[]).await;
    let mut busy = Reader::open(&registry, &token, "follow=true", &[]).await;
    // More than the buffers hold, each decision in a batch of its own.
    let mut decided = 1;
    for round in 0..24 {
        registry.somebody(&format!("rob{round}"), &["reader"]).await;
        decided += 1;
        while busy.sequences(1).await != [decided] {}
    }
    tokio::time::sleep(Duration::from_millis(1500)).await;
    let mut seen = Vec::new();
    let end = loop {
        match idle.next().await.expect("the end comes before the end of the stream") {
            block if block.kind == "end" => break block.data,
            block => seen.extend(block.id),
        }
    };
    assert_eq!(end, r#"{"reason":"slow-reader"}"#);
    assert_eq!(seen, (1..=seen.len() as u64).collect::<Vec<_>>(), "what was buffered came whole");
    assert!(seen.len() < 25, "{}", seen.len());
    // And goes on from there.
    let mut again = Reader::open(&registry, &token, &format!("follow=true&after={}", seen.len()), &[]).await;
    assert_eq!(again.sequences(1).await, [seen.len() as u64 + 1]);
}

#[tokio::test]
async fn a_registry_that_stops_says_so() {
    let mut registry = TestRegistry::new().await;
    let token = registry.admin_token.clone();
    let mut stream = Reader::open(&registry, &token, "follow=true&after=1", &[]).await;
    registry.lose_database().await;
    let end = stream.next().await.unwrap();
    assert_eq!((end.kind.as_str(), end.data.as_str()), ("end", r#"{"reason":"stopping"}"#));
}
