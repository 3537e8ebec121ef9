//! How long checking a lock of 1,000 servers takes: parsing it, and every signature, consent, snapshot and change report.

use std::path::Path;

use criterion::{Criterion, criterion_group, criterion_main};
use jiff::Timestamp;
use mcp_pin::{
    capture::Live,
    cli::Format,
    consenting::{Approver, Consented, admit_local},
    context::{Context, Environment},
    error::Status,
    project::{ConfiguredServer, Project},
    review::Acknowledged,
    state::{State, key::KeyFile, verification},
    ui::Ui,
};
use mcp_pin_model::{
    EntryKind, Launch, Lockfile,
    json::{Value, parse},
    launch::StdioLaunch,
    surface::SurfaceParts,
};
use mcp_pin_policy::Assessment;

criterion_main!(benches);
criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(10);
    targets = verify
}

const SERVERS: usize = 1_000;
/// The median real server has fewer.
const TOOLS: usize = 10;

fn verify(criterion: &mut Criterion) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let (project, state) = locked(directory.path());
    let lock = state.require_lock().expect("a lock");
    let now = now();
    criterion.bench_function("parse a lock of 1,000 servers", |bencher| {
        let text = lock.render();
        bencher.iter(|| Lockfile::parse(&text));
    });
    criterion.bench_function("verify a lock of 1,000 servers", |bencher| {
        bencher.iter(|| {
            let lock = state.require_lock().expect("a lock");
            let servers: Vec<_> = lock.servers().iter().collect();
            for checked in verification::check_all(&state, &project.settings, &servers, now) {
                assert_eq!(checked.status(), Status::Passed, "{:?}", checked.failures);
            }
        });
    });
}

fn now() -> Timestamp {
    Timestamp::from_second(1_790_000_000).expect("a time")
}

fn locked(root: &Path) -> (Project, State) {
    let (ui, _said) = Ui::captured(None);
    let key = KeyFile::default_of(root.join("home"));
    let context = Context::new(ui, Format::Human, root.to_owned(), Environment::default(), key, now);
    let mut project = context.project().expect("a project");
    let approver = Approver::of_first_use(&context, &mut project).expect("a key");
    let state = context.state(&project);
    let mut lock = Lockfile::new();
    let admissions: Vec<_> = (0..SERVERS)
        .map(|index| {
            let launch = Launch::Stdio(StdioLaunch {
                command: "server".to_owned(),
                args: vec![index.to_string()],
                env: Vec::new(),
                cwd: None,
            });
            let server = ConfiguredServer {
                alias: format!("server-{index:04}").parse().expect("an alias"),
                places: Vec::new(),
                launch: launch.clone(),
                values: Default::default(),
                unsupported: None,
                disabled: false,
            };
            let live = Live {
                surface: surface(index),
                placeholders: Vec::new(),
                protocol: "2025-11-25".to_owned(),
                launch,
                packages: Default::default(),
                evidence: None,
                is_locked: false,
                processing: std::time::Duration::ZERO,
            };
            let report = live.report(&server.alias, None).expect("comparable");
            let acknowledged = Acknowledged::as_a_whole(Assessment::without_exceptions(&report).findings());
            let consented = Consented { server: &server, live: &live, locked: None, acknowledged, reason: "a bench" };
            admit_local(&context, &project.settings, &approver, consented).expect("lockable")
        })
        .collect();
    state.writer(None).expect("nobody else writes").commit(&mut lock, &admissions).expect("written");
    (project, state)
}

fn surface(server: usize) -> mcp_pin_model::Surface {
    let tools = (0..TOOLS)
        .map(|tool| {
            let text = format!(
                r#"{{"name":"tool_{tool}","description":"Does the thing number {tool} of server {server}, and says what was done with the given subject.",
                "inputSchema":{{"type":"object","properties":{{"subject":{{"type":"string","description":"What to do it to."}},
                "limit":{{"type":"integer","minimum":1,"maximum":100,"default":10}}}},"required":["subject"],"additionalProperties":false}},
                "annotations":{{"readOnlyHint":true}}}}"#
            );
            parse(text.as_bytes()).expect("strict JSON")
        })
        .collect::<Vec<Value>>();
    let parts = SurfaceParts { sections: vec![(EntryKind::Tool, tools)], ..SurfaceParts::default() };
    parts.into_surface().expect("a surface")
}
