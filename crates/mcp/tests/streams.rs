//! Captures over in-memory streams: what is accepted, and every misbehaviour beside it.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a helper of tests may fail as they do")]

mod common;
#[path = "common/memory.rs"]
mod memory;

use common::quick;
use mcp_pin_mcp::{CaptureError, CaptureLimits, CaptureOptions, DeclaredManifest, Era, IncompleteReason};
use mcp_pin_model::{
    EntryKind, Surface,
    json::{self, ParseErrorKind},
    surface::SurfaceError,
};
use mcp_pin_test_support::fake::{Misbehaviour, Scenario, Speaks, Step};
use memory::{capture_scenario, error_of};
use serde_json::json;

async fn misbehaving(how: Misbehaviour) -> CaptureError {
    error_of(Scenario::weather().misbehaving(how)).await
}

fn keys(surface: &Surface, kind: EntryKind) -> Option<Vec<&str>> {
    surface.section(kind).map(|entries| entries.iter().map(mcp_pin_model::Entry::key).collect())
}

#[tokio::test]
async fn an_ordinary_server_of_the_initialize_era_is_captured_whole() {
    let captured = capture_scenario(Scenario::full(), &quick()).await.unwrap();
    let surface = &captured.surface;
    assert_eq!((captured.era, captured.protocol_version.as_str()), (Era::Initialize, "2025-11-25"));
    assert_eq!(keys(surface, EntryKind::Tool), Some(vec!["add_station", "get_forecast"]));
    assert_eq!(keys(surface, EntryKind::Prompt), Some(vec!["plan_trip"]));
    assert_eq!(keys(surface, EntryKind::Resource), Some(vec!["weather://stations"]));
    assert_eq!(keys(surface, EntryKind::ResourceTemplate), Some(vec!["weather://stations/{id}"]));
    assert_eq!(keys(surface, EntryKind::Skill), None);
    assert_eq!(surface.instructions(), Some("Ask for one city at a time."));
    assert_eq!(surface.server_info().unwrap().get("title").unwrap().as_str(), Some("Weather"));
    assert!(surface.completeness().answered.contains("resources/templates/list"));
    assert_eq!((captured.stats.rounds, captured.stats.pages), (1, 4));
    assert_eq!(Surface::parse(surface.to_snapshot().as_bytes()).as_ref(), Ok(surface));
}

#[tokio::test]
async fn an_ordinary_server_of_the_discover_era_is_captured_whole() {
    let modern = capture_scenario(Scenario::full().speaking(Speaks::Discover), &quick()).await.unwrap();
    assert_eq!((modern.era, modern.protocol_version.as_str()), (Era::Discover, "2026-07-28"));
    let legacy = capture_scenario(Scenario::full(), &quick()).await.unwrap();
    // `ttlMs`, `cacheScope`, `resultType` and `_meta` of the lists are no part of the surface.
    assert_eq!(modern.surface, legacy.surface);
    let both = capture_scenario(Scenario::full().speaking(Speaks::Both), &quick()).await.unwrap();
    assert_eq!(both.era, Era::Discover, "the newer era is preferred");
}

#[tokio::test]
async fn the_surface_does_not_depend_on_the_size_of_pages() {
    let whole = capture_scenario(Scenario::large(53), &quick()).await.unwrap();
    let paged = Scenario { page_size: Some(10), ..Scenario::large(53) };
    let paged = capture_scenario(paged, &quick()).await.unwrap();
    assert_eq!(whole.surface.digest(), paged.surface.digest());
    assert_eq!(paged.stats.pages, 6);
}

#[tokio::test]
async fn absent_empty_and_present_sections_are_three_things() {
    let absent = Scenario { prompts: None, ..Scenario::weather() };
    let empty = Scenario { prompts: Some(Vec::new()), ..Scenario::weather() };
    let absent = capture_scenario(absent, &quick()).await.unwrap();
    let empty = capture_scenario(empty, &quick()).await.unwrap();
    assert_eq!(keys(&absent.surface, EntryKind::Prompt), None);
    assert_eq!(keys(&empty.surface, EntryKind::Prompt), Some(Vec::new()));
    assert_ne!(absent.surface.digest(), empty.surface.digest());
}

#[tokio::test]
async fn templates_that_are_an_unknown_method_are_an_absent_section() {
    let scenario = Scenario { resource_templates: None, ..Scenario::full() };
    let captured = capture_scenario(scenario, &quick()).await.unwrap();
    assert_eq!(keys(&captured.surface, EntryKind::ResourceTemplate), None);
    assert!(captured.surface.section(EntryKind::Resource).is_some());
}

#[tokio::test]
async fn skills_are_listed_where_the_extension_is_advertised() {
    let skill = json!({"uri": "skill://billing/SKILL.md", "frontmatter": {"name": "billing"}, "resources": []});
    let scenario = Scenario { skills: Some(vec![skill]), ..Scenario::weather() }.speaking(Speaks::Discover);
    let captured = capture_scenario(scenario, &quick()).await.unwrap();
    assert_eq!(keys(&captured.surface, EntryKind::Skill), Some(vec!["skill://billing/SKILL.md"]));
}

#[tokio::test]
async fn t06_every_member_of_an_entry_arrives_as_it_was_sent() {
    let tool = json!({
        "name": "t", "inputSchema": {"type": "object", "x-mcp-header": "Authorization", "$comment": "c"},
        "annotations": {"secretHint": true}, "execution": {"taskSupport": "optional"}, "x-unknown": [1, 2.5, null],
        "_meta": {"vendor/key": {"deep": "\u{202e}"}}, "icons": [{"src": "data:image/svg+xml,"}],
    });
    let scenario = Scenario { tools: Some(vec![tool.clone()]), ..Scenario::default() };
    let captured = capture_scenario(scenario, &quick()).await.unwrap();
    let entry = captured.surface.entry(EntryKind::Tool, "t").unwrap();
    assert_eq!(json::Value::Object(entry.value().clone()), json::parse(tool.to_string().as_bytes()).unwrap());
}

#[tokio::test]
async fn t14_an_unknown_section_makes_the_capture_incomplete() {
    let error = misbehaving(Misbehaviour::UnknownCapability).await;
    assert!(matches!(error, CaptureError::Incomplete(IncompleteReason::UnknownSection(name)) if name == "`gadgets`"));
}

#[tokio::test]
async fn t20_two_tools_of_one_name_are_refused() {
    for how in [Misbehaviour::DuplicateTools, Misbehaviour::DuplicateAcrossPages] {
        let error = misbehaving(how).await;
        assert!(
            matches!(&error, CaptureError::Surface(SurfaceError::DuplicateEntry { key, .. }) if key == "get_forecast"),
            "{how:?}: {error}"
        );
    }
}

#[tokio::test]
async fn t29_the_capture_does_not_announce_itself_as_a_verifier() {
    let sent = memory::sent_by_capture(Scenario::weather(), &quick()).await.to_lowercase();
    assert!(sent.contains("mcp-client"));
    for word in ["pin", "verif", "audit", "scan", "lock", "capture"] {
        assert!(!sent.contains(word), "{word} in {sent}");
    }
}

#[tokio::test]
async fn t30_what_is_offered_to_the_server_does_not_depend_on_it() {
    let sent = memory::sent_by_capture(Scenario::weather(), &quick()).await;
    assert!(sent.contains(r#""capabilities":{}"#), "{sent}");
    let options = CaptureOptions {
        client: mcp_pin_mcp::ClientIdentity { name: "other".to_owned(), version: "2".to_owned() },
        ..quick()
    };
    let sent = memory::sent_by_capture(Scenario::weather(), &options).await;
    assert!(sent.contains(r#""clientInfo":{"name":"other","version":"2"}"#), "{sent}");
}

#[tokio::test]
async fn t33_list_changed_is_answered_by_reading_again_until_two_readings_agree() {
    let scenario = Scenario::weather().misbehaving(Misbehaviour::ListChangedOnce);
    let captured = capture_scenario(scenario, &quick()).await.unwrap();
    assert_eq!(captured.stats.rounds, 3);
    assert!(captured.surface.entry(EntryKind::Tool, "late_0").is_some());
    let error = misbehaving(Misbehaviour::ListChangedForEver).await;
    assert!(matches!(error, CaptureError::Unstable { rounds: 3 }), "{error}");
}

#[tokio::test]
async fn t34_cursors_that_repeat_or_never_end_are_refused() {
    let error = misbehaving(Misbehaviour::RepeatedCursor).await;
    assert!(matches!(error, CaptureError::CursorRepeated { method: "tools/list" }), "{error}");
    let error = misbehaving(Misbehaviour::EndlessCursor).await;
    assert!(matches!(error, CaptureError::TooManyPages { limit: 1_000, .. }), "{error}");
}

#[tokio::test]
async fn t34_a_page_that_fails_makes_the_list_incomplete() {
    let error = misbehaving(Misbehaviour::SecondPageFails).await;
    assert!(
        matches!(
            error,
            CaptureError::Incomplete(IncompleteReason::SectionFailed { section: "tools", code: -32603, .. })
        ),
        "{error}"
    );
}

#[tokio::test]
async fn t36_replies_nobody_asked_for_are_refused() {
    for how in [Misbehaviour::UnsolicitedReply, Misbehaviour::WrongId] {
        let error = misbehaving(how).await;
        assert!(matches!(&error, CaptureError::WrongId { id } if id == "4711"), "{how:?}: {error}");
    }
    let error = misbehaving(Misbehaviour::IdAsText).await;
    assert!(matches!(&error, CaptureError::WrongId { id } if id == "`3`"), "{error}");
}

#[tokio::test]
async fn t36_a_second_reply_is_refused_even_after_the_last_list() {
    let error = misbehaving(Misbehaviour::DoubledReply).await;
    assert!(matches!(error, CaptureError::DoubledReply { method: "tools/list" }), "{error}");
}

#[tokio::test]
async fn t36_batches_and_ambiguous_messages_are_refused() {
    assert!(matches!(misbehaving(Misbehaviour::Batch).await, CaptureError::Batch));
    assert!(matches!(misbehaving(Misbehaviour::ResultAndError).await, CaptureError::Malformed { .. }));
}

#[tokio::test]
async fn t36_notifications_before_the_first_reply_are_ordinary() {
    let scenario = Scenario::weather().misbehaving(Misbehaviour::NotificationsFirst);
    let captured = capture_scenario(scenario, &quick()).await.unwrap();
    assert_eq!((captured.stats.notifications, captured.stats.list_changed, captured.stats.rounds), (2, 1, 1));
}

#[tokio::test]
async fn t36_advertised_but_empty_or_unanswered_is_incomplete() {
    let error = misbehaving(Misbehaviour::EmptyTools).await;
    assert!(matches!(error, CaptureError::Incomplete(IncompleteReason::NoTools)), "{error}");
    let error = misbehaving(Misbehaviour::CapabilityWithoutAnswer).await;
    assert!(
        matches!(
            error,
            CaptureError::Incomplete(IncompleteReason::SectionFailed { section: "prompts", code: -32601, .. })
        ),
        "{error}"
    );
    let error = misbehaving(Misbehaviour::InputRequired).await;
    assert!(matches!(error, CaptureError::Incomplete(IncompleteReason::InputRequired { .. })), "{error}");
}

#[tokio::test]
async fn t37_silence_and_sudden_ends_have_their_own_errors() {
    let error = misbehaving(Misbehaviour::Hang).await;
    assert!(matches!(error, CaptureError::Timeout { method: "tools/list", .. }), "{error}");
    let error = misbehaving(Misbehaviour::CrashMidway).await;
    assert!(matches!(error, CaptureError::Exited { method: "tools/list", .. }), "{error}");
    assert!(error.is_could_not_check());
}

#[tokio::test]
async fn t40_requests_of_the_server_are_declined_and_recorded_and_ping_is_answered() {
    for (how, method) in [(Misbehaviour::AsksForRoots, "`roots/list`"), (Misbehaviour::Pings, "`ping`")] {
        let captured = capture_scenario(Scenario::weather().misbehaving(how), &quick()).await.unwrap();
        assert_eq!(captured.stats.server_requests, [method]);
    }
    let sent = memory::sent_by_capture(Scenario::weather().misbehaving(Misbehaviour::AsksForRoots), &quick()).await;
    assert!(sent.contains(r#""id":"s1""#) && sent.contains("-32601"), "{sent}");
    let sent = memory::sent_by_capture(Scenario::weather().misbehaving(Misbehaviour::Pings), &quick()).await;
    assert!(sent.contains(r#"{"id":"s2","jsonrpc":"2.0","result":{}}"#), "{sent}");
}

#[tokio::test]
async fn t42_duplicate_keys_are_refused() {
    let error = misbehaving(Misbehaviour::DuplicateKeys).await;
    assert!(
        matches!(&error, CaptureError::Json { source } if matches!(&source.kind, ParseErrorKind::DuplicateMember { name } if name == "description")),
        "{error}"
    );
}

#[tokio::test]
async fn t43_numbers_beyond_2_to_the_53_are_refused() {
    let error = misbehaving(Misbehaviour::UnsafeInteger).await;
    assert!(
        matches!(&error, CaptureError::Json { source } if matches!(source.kind, ParseErrorKind::Number(_))),
        "{error}"
    );
}

#[tokio::test]
async fn t45_lone_surrogates_and_byte_order_marks_are_refused() {
    let error = misbehaving(Misbehaviour::LoneSurrogate).await;
    assert!(matches!(&error, CaptureError::Json { source } if source.kind == ParseErrorKind::LoneSurrogate), "{error}");
    let error = misbehaving(Misbehaviour::ByteOrderMark).await;
    assert!(matches!(&error, CaptureError::Json { source } if source.kind == ParseErrorKind::ByteOrderMark), "{error}");
}

#[tokio::test]
async fn t45_invalid_utf8_is_refused() {
    let answer = b"{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"x\":\"\xff\"}}\n".to_vec();
    let error = memory::capture_bytes(answer, &quick()).await.unwrap_err();
    assert!(matches!(&error, CaptureError::Json { source } if source.kind == ParseErrorKind::InvalidUtf8), "{error}");
}

#[tokio::test]
async fn t45_words_on_standard_output_are_shown_without_their_power() {
    let error = misbehaving(Misbehaviour::NoiseOnStdout).await;
    let CaptureError::NotJson { line } = &error else { panic!("{error}") };
    assert!(line.contains("Server listening") && !error.to_string().contains('\u{1b}'), "{line}");
}

#[tokio::test]
async fn t46_depth_and_size_have_limits() {
    let error = misbehaving(Misbehaviour::DeepNesting).await;
    assert!(
        matches!(&error, CaptureError::Json { source } if matches!(source.kind, ParseErrorKind::TooDeep { .. })),
        "{error}"
    );
    let error = misbehaving(Misbehaviour::OversizedLine).await;
    assert!(matches!(error, CaptureError::TooLarge { what: "bytes in one message", .. }), "{error}");
    let options = |limits| CaptureOptions { limits, ..quick() };
    let limits = CaptureLimits { entries: 9, ..CaptureLimits::default() };
    let paged = Scenario { page_size: Some(5), ..Scenario::large(10) };
    let error = capture_scenario(paged, &options(limits)).await.unwrap_err();
    assert!(matches!(error, CaptureError::TooManyEntries { limit: 9, .. }), "{error}");
    let limits = CaptureLimits { surface_bytes: 5_000, ..CaptureLimits::default() };
    let error = capture_scenario(Scenario::large(20), &options(limits)).await.unwrap_err();
    assert!(matches!(error, CaptureError::TooLarge { what: "bytes of declarations", .. }), "{error}");
    let limits = CaptureLimits { total_bytes: 5_000, ..CaptureLimits::default() };
    let error = capture_scenario(Scenario::large(20), &options(limits)).await.unwrap_err();
    assert!(matches!(error, CaptureError::TooLarge { what: "bytes in all", .. }), "{error}");
    let limits = CaptureLimits { unasked_messages: 1, ..CaptureLimits::default() };
    let scenario = Scenario::weather().misbehaving(Misbehaviour::NotificationsFirst);
    let error = capture_scenario(scenario, &options(limits)).await.unwrap_err();
    assert!(matches!(error, CaptureError::TooLarge { what: "messages that nobody asked for", .. }), "{error}");
}

#[tokio::test]
async fn an_older_revision_is_accepted_and_said_and_an_unknown_one_refused() {
    let scenario = Scenario::weather().misbehaving(Misbehaviour::ProtocolDowngrade);
    assert_eq!(capture_scenario(scenario, &quick()).await.unwrap().protocol_version, "2024-11-05");
    let error = misbehaving(Misbehaviour::UnknownRevision).await;
    assert!(matches!(&error, CaptureError::UnsupportedVersion { offered } if offered == "`1999-12-31`"), "{error}");
}

#[tokio::test]
async fn introductions_of_the_wrong_shape_are_refused() {
    use mcp_pin_test_support::fake::Step;
    for result in [
        r#"{"protocolVersion":"2025-11-25","capabilities":{}}"#,
        r#"{"protocolVersion":"2025-11-25","serverInfo":{"name":"a"}}"#,
        r#"{"protocolVersion":"2025-11-25","serverInfo":{"name":"a"},"capabilities":[]}"#,
        r#"{"protocolVersion":"2025-11-25","serverInfo":{"name":"a"},"capabilities":{},"instructions":["x"]}"#,
        r#"{"protocolVersion":"2025-11-25","serverInfo":{"name":"a"},"capabilities":{"tools":true}}"#,
        r#"{"protocolVersion":20251125,"serverInfo":{"name":"a"},"capabilities":{}}"#,
        "[]",
    ] {
        let line = format!(r#"{{"jsonrpc":"2.0","id":$ID,"result":{result}}}"#);
        let error = error_of(Scenario::weather().on("initialize", [Step::Line(line)])).await;
        assert!(matches!(error, CaptureError::Malformed { .. }), "{result}: {error}");
    }
    let refusal = r#"{"jsonrpc":"2.0","id":$ID,"error":{"code":-32000,"message":"go \u001b[2Jaway"}}"#;
    let error = error_of(Scenario::weather().on("initialize", [Step::Line(refusal.to_owned())])).await;
    assert!(matches!(error, CaptureError::Refused { code: -32000, .. }), "{error}");
    assert!(!error.to_string().contains('\u{1b}'), "{error}");
}

#[tokio::test]
async fn t34_lists_of_the_wrong_shape_are_refused() {
    use mcp_pin_test_support::fake::Step;
    for result in [r#"{"tools":{}}"#, "{}", "[]", r#"{"tools":[],"nextCursor":7}"#] {
        let line = format!(r#"{{"jsonrpc":"2.0","id":$ID,"result":{result}}}"#);
        let error = error_of(Scenario::weather().on("tools/list", [Step::Line(line)])).await;
        assert!(matches!(error, CaptureError::Malformed { .. }), "{result}: {error}");
    }
    let nameless = r#"{"jsonrpc":"2.0","id":$ID,"result":{"tools":[{"description":"who?"}]}}"#;
    let error = error_of(Scenario::weather().on("tools/list", [Step::Line(nameless.to_owned())])).await;
    assert!(matches!(error, CaptureError::Surface(SurfaceError::EntryShape { .. })), "{error}");
}

#[tokio::test]
async fn a_server_that_never_answers_the_probe_costs_the_patience_and_no_more() {
    let scenario = Scenario::weather().misbehaving(Misbehaviour::SilentOnDiscover);
    let captured = capture_scenario(scenario, &quick()).await.unwrap();
    assert_eq!(captured.era, Era::Initialize);
    assert!(!captured.stats.late_discover);
}

#[tokio::test]
async fn a_late_answer_to_the_probe_is_borne_once_and_recorded() {
    use mcp_pin_test_support::fake::Step;
    let late = |times: usize| {
        let line = Step::Line(r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"late"}}"#.to_owned());
        let mut steps = vec![line; times];
        steps.push(Step::Reply);
        Scenario::weather().misbehaving(Misbehaviour::SilentOnDiscover).on("tools/list", steps)
    };
    let captured = capture_scenario(late(1), &quick()).await.unwrap();
    assert!(captured.stats.late_discover);
    let error = error_of(late(2)).await;
    assert!(matches!(error, CaptureError::DoubledReply { method: "server/discover" }), "{error}");
}

#[tokio::test]
async fn an_error_without_an_id_counts_for_the_probe_only() {
    use mcp_pin_test_support::fake::Step;
    let null = || [Step::Line(r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"?"}}"#.to_owned())];
    let captured = capture_scenario(Scenario::weather().on("server/discover", null()), &quick()).await.unwrap();
    assert_eq!(captured.era, Era::Initialize);
    let error = error_of(Scenario::weather().on("tools/list", null())).await;
    assert!(matches!(&error, CaptureError::WrongId { id } if id == "null"), "{error}");
}

#[tokio::test]
async fn revisions_in_an_answer_to_the_probe_are_heeded() {
    use mcp_pin_test_support::fake::Step;
    let refusing = |supported: &str| {
        let line = format!(
            r#"{{"jsonrpc":"2.0","id":$ID,"error":{{"code":-32022,"message":"no","data":{{"supported":{supported}}}}}}}"#
        );
        Scenario::weather().on("server/discover", [Step::Line(line)])
    };
    let captured = capture_scenario(refusing(r#"["2025-06-18"]"#), &quick()).await.unwrap();
    assert_eq!(captured.era, Era::Initialize);
    let error = error_of(refusing(r#"["2031-01-01"]"#)).await;
    assert!(matches!(error, CaptureError::UnsupportedVersion { .. }), "{error}");
}

#[tokio::test]
async fn a_thousand_tools_are_captured() {
    let captured = capture_scenario(Scenario::large(1_000), &quick()).await.unwrap();
    assert_eq!(captured.surface.section(EntryKind::Tool).unwrap().len(), 1_000);
}

/// SEP-3140: asked for only where it is advertised; what came is kept apart from the surface.
#[tokio::test]
async fn a_signed_manifest_is_asked_for_where_it_is_advertised() {
    let answers = |line: &str| {
        let mut scenario = Scenario::weather();
        scenario.on.insert("declarations/manifest".to_owned(), vec![Step::Line(line.to_owned())]);
        scenario
    };
    let received = r#"{"jsonrpc":"2.0","id":$ID,"result":{"payload":{}}}"#;
    let captured = capture_scenario(answers(received), &quick()).await.unwrap();
    assert_eq!(captured.declared_manifest, DeclaredManifest::NotOffered);

    let offered = json!({"tools": {}, "declarations": {"signed": true}});
    let captured = capture_scenario(Scenario { capabilities: offered.clone(), ..answers(received) }, &quick()).await;
    let DeclaredManifest::Received(document) = captured.unwrap().declared_manifest else { panic!("not received") };
    assert_eq!(document, json::parse(br#"{"payload":{}}"#).unwrap());

    let refused = r#"{"jsonrpc":"2.0","id":$ID,"error":{"code":-32603,"message":"not \u001b[2J today"}}"#;
    let captured = capture_scenario(Scenario { capabilities: offered, ..answers(refused) }, &quick()).await;
    let DeclaredManifest::Unavailable(reason) = captured.unwrap().declared_manifest else { panic!("available") };
    assert!(reason.contains("-32603") && !reason.contains('\u{1b}'), "{reason}");
}
