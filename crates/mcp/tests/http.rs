//! Captures over Streamable HTTP, in both forms.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a helper of tests may fail as they do")]

mod common;

use common::quick;
use mcp_pin_mcp::{CaptureError, CaptureLimits, CaptureOptions, Captured, Era, HttpTarget, Target, capture};
use mcp_pin_model::json::ParseErrorKind;
use mcp_pin_test_support::fake::{FakeHttpServer, HttpBehaviour, Misbehaviour, Scenario, Speaks, Step};

async fn capture_from(server: &FakeHttpServer) -> Result<Captured, CaptureError> {
    capture_with(server, &quick()).await
}

async fn capture_with(server: &FakeHttpServer, options: &CaptureOptions) -> Result<Captured, CaptureError> {
    let headers = vec![("Authorization".to_owned(), "Bearer secret".to_owned())];
    capture(&Target::Http(HttpTarget { url: server.url(), headers }), options).await
}

async fn error_of(scenario: Scenario) -> CaptureError {
    let server = FakeHttpServer::start(scenario).await.unwrap();
    match capture_from(&server).await {
        Ok(captured) => panic!("captured a surface: {}", captured.surface.digest()),
        Err(error) => error,
    }
}

fn with(http: HttpBehaviour) -> Scenario {
    Scenario { http, ..Scenario::full() }
}

#[tokio::test]
async fn both_eras_and_both_kinds_of_answer_give_one_surface() {
    let mut digests = Vec::new();
    for speaks in [Speaks::Initialize, Speaks::Discover, Speaks::Both] {
        for event_stream in [false, true] {
            let http = HttpBehaviour { event_stream, sessions: true, ..HttpBehaviour::default() };
            let server = FakeHttpServer::start(with(http).speaking(speaks)).await.unwrap();
            let captured = capture_from(&server).await.unwrap();
            let era = if speaks == Speaks::Initialize { Era::Initialize } else { Era::Discover };
            assert_eq!(captured.era, era);
            assert!(captured.machine.cwd.is_none(), "a remote server does not run here");
            digests.push(captured.surface.digest());
        }
    }
    digests.dedup();
    assert_eq!(digests.len(), 1);
}

#[tokio::test]
async fn a_session_is_kept_named_and_ended() {
    let http = HttpBehaviour { sessions: true, ..HttpBehaviour::default() };
    let server = FakeHttpServer::start(with(http)).await.unwrap();
    capture_from(&server).await.unwrap();
    let requests = server.requests();
    let list = requests.iter().find(|request| request.method() == Some("tools/list")).unwrap();
    assert_eq!(list.headers["mcp-session-id"], "fake-session-1");
    assert_eq!(list.headers["mcp-protocol-version"], "2025-11-25");
    assert_eq!(list.headers["accept"], "application/json, text/event-stream");
    assert_eq!(list.headers["authorization"], "Bearer secret");
    assert!(!list.headers.contains_key("mcp-method"));
    assert!(requests.iter().any(|request| request.method() == Some("notifications/initialized")));
    let last = requests.last().unwrap();
    assert_eq!((last.verb.as_str(), last.headers["mcp-session-id"].as_str()), ("DELETE", "fake-session-1"));
}

#[tokio::test]
async fn the_stateless_form_names_revision_and_method_in_headers_and_body() {
    let server = FakeHttpServer::start(Scenario::full().speaking(Speaks::Discover)).await.unwrap();
    capture_from(&server).await.unwrap();
    for request in server.requests() {
        assert_eq!(request.verb, "POST");
        assert_eq!(request.headers["mcp-protocol-version"], "2026-07-28");
        assert_eq!(Some(request.headers["mcp-method"].as_str()), request.method());
        assert!(!request.headers.contains_key("mcp-session-id"));
        let meta = &request.body["params"]["_meta"];
        assert_eq!(meta["io.modelcontextprotocol/protocolVersion"], "2026-07-28");
        assert!(meta["io.modelcontextprotocol/clientCapabilities"].is_object());
    }
}

#[tokio::test]
async fn statuses_of_old_servers_to_the_probe_lead_to_initialize() {
    for status in [400, 404, 405, 406, 500] {
        let http =
            HttpBehaviour { status: [("server/discover".to_owned(), status)].into(), ..HttpBehaviour::default() };
        let server = FakeHttpServer::start(with(http)).await.unwrap();
        assert_eq!(capture_from(&server).await.unwrap().era, Era::Initialize, "{status}");
    }
    let server = FakeHttpServer::start(Scenario::full().on("server/discover", [Step::Hang])).await.unwrap();
    assert_eq!(capture_from(&server).await.unwrap().era, Era::Initialize, "silence");
}

#[tokio::test]
async fn credentials_that_are_wanted_are_said_so() {
    let http = HttpBehaviour { status: [("server/discover".to_owned(), 401)].into(), ..HttpBehaviour::default() };
    let error = error_of(with(http)).await;
    assert!(matches!(error, CaptureError::HttpStatus { status: 401, .. }), "{error}");
    assert!(error.to_string().contains("credentials"));
}

#[tokio::test]
async fn the_old_transport_is_recognised_and_refused() {
    let error = error_of(with(HttpBehaviour { old_transport: true, ..HttpBehaviour::default() })).await;
    assert!(matches!(error, CaptureError::OldHttpSse), "{error}");
}

#[tokio::test]
async fn t24_redirects_to_another_origin_are_refused_and_get_no_credentials() {
    let elsewhere = FakeHttpServer::start(Scenario::full()).await.unwrap();
    for status in [301, 302, 303, 307, 308] {
        let redirect = Some((status, format!("{}?token=secret", elsewhere.url())));
        let error = error_of(with(HttpBehaviour { redirect, ..HttpBehaviour::default() })).await;
        assert!(matches!(error, CaptureError::Redirected { .. }), "{status}: {error}");
        assert!(!error.to_string().contains("secret"), "{error}");
    }
    assert!(elsewhere.requests().is_empty());
}

#[tokio::test]
async fn t24_redirects_within_the_origin_end() {
    let error =
        error_of(with(HttpBehaviour { redirect: Some((308, "/mcp/".to_owned())), ..HttpBehaviour::default() })).await;
    assert!(matches!(error, CaptureError::Redirected { .. }), "{error}");
}

#[tokio::test]
async fn t36_replies_over_http_are_correlated_as_strictly() {
    for how in [Misbehaviour::WrongId, Misbehaviour::UnsolicitedReply] {
        let error = error_of(Scenario::weather().misbehaving(how)).await;
        assert!(matches!(&error, CaptureError::WrongId { id } if id == "4711"), "{how:?}: {error}");
    }
    let error = error_of(Scenario::weather().misbehaving(Misbehaviour::DoubledReply)).await;
    assert!(matches!(error, CaptureError::DoubledReply { .. }), "{error}");
    let error = error_of(Scenario::weather().misbehaving(Misbehaviour::Batch)).await;
    assert!(matches!(error, CaptureError::Batch), "{error}");
}

#[tokio::test]
async fn t37_a_stream_or_connection_that_ends_early_is_an_error() {
    let notification = Step::Line(r#"{"jsonrpc":"2.0","method":"notifications/message","params":{}}"#.to_owned());
    let http = HttpBehaviour { event_stream: true, ..HttpBehaviour::default() };
    let error = error_of(with(http).on("tools/list", [notification])).await;
    assert!(matches!(error, CaptureError::StreamEnded { method: "tools/list" }), "{error}");
    let error = error_of(Scenario::weather().misbehaving(Misbehaviour::CrashMidway)).await;
    assert!(matches!(error, CaptureError::Unreachable { .. }), "{error}");
    let error = error_of(Scenario::weather().misbehaving(Misbehaviour::Hang)).await;
    assert!(matches!(error, CaptureError::Timeout { method: "tools/list", .. }), "{error}");
}

#[tokio::test]
async fn t40_requests_of_the_server_on_a_stream_are_declined() {
    let server = FakeHttpServer::start(Scenario::weather().misbehaving(Misbehaviour::AsksForRoots)).await.unwrap();
    let captured = capture_from(&server).await.unwrap();
    assert_eq!(captured.stats.server_requests, ["`roots/list`"]);
    let answer = server.requests().into_iter().find(|request| request.body["id"] == "s1").unwrap();
    assert_eq!(answer.body["error"]["code"], -32601);
}

#[tokio::test]
async fn t42_duplicate_keys_over_http_are_refused() {
    for event_stream in [false, true] {
        let scenario = Scenario {
            http: HttpBehaviour { event_stream, ..HttpBehaviour::default() },
            ..Scenario::weather().misbehaving(Misbehaviour::DuplicateKeys)
        };
        let error = error_of(scenario).await;
        assert!(
            matches!(&error, CaptureError::Json { source } if matches!(source.kind, ParseErrorKind::DuplicateMember { .. })),
            "{error}"
        );
    }
}

#[tokio::test]
async fn t46_bodies_and_events_have_a_limit() {
    for event_stream in [false, true] {
        let http = HttpBehaviour { event_stream, ..HttpBehaviour::default() };
        let server = FakeHttpServer::start(Scenario { http, ..Scenario::large(50) }).await.unwrap();
        let limits = CaptureLimits { message_bytes: 10_000, ..CaptureLimits::default() };
        let error = capture_with(&server, &CaptureOptions { limits, ..quick() }).await.unwrap_err();
        assert!(matches!(error, CaptureError::TooLarge { limit: 10_000, .. }), "{error}");
        assert!(capture_from(&server).await.is_ok());
    }
}

#[tokio::test]
async fn pages_that_are_no_answer_are_refused() {
    let html = HttpBehaviour { content_type: Some("text/html".to_owned()), ..HttpBehaviour::default() };
    let error = error_of(with(html)).await;
    assert!(
        matches!(&error, CaptureError::ContentType { content_type, .. } if content_type == "`text/html`"),
        "{error}"
    );
}

#[tokio::test]
async fn targets_that_cannot_be_used_are_the_callers_mistake() {
    for url in ["", "not a url", "file:///etc/passwd", "ws://example.com/mcp"] {
        let target = Target::Http(HttpTarget { url: url.to_owned(), headers: Vec::new() });
        let error = capture(&target, &quick()).await.unwrap_err();
        assert!(!error.is_could_not_check(), "{url}: {error}");
    }
    // Port 9 (discard) of this machine: nobody listens.
    let url = "http://127.0.0.1:9/mcp?token=secret".to_owned();
    let target = Target::Http(HttpTarget { url, headers: Vec::new() });
    assert!(!format!("{target:?}").contains("secret"));
    let error = capture(&target, &quick()).await.unwrap_err();
    assert!(matches!(error, CaptureError::Unreachable { .. }) && error.is_could_not_check(), "{error}");
    assert!(!format!("{error} {error:?}").contains("secret"));
}
