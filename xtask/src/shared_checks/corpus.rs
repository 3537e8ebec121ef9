//! The rules against a corpus of tools and real version pairs, printed by category and by source.
//!
//! The corpus is hostile and third-party data: it is read from a path that is given, never part of the repository, and
//! nothing of it is printed but ids and counts.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use mcp_pin_diff::{ChangeReport, Grade, Side, compare, load};
use mcp_pin_model::{
    Launch, Surface,
    json::{self, Object, Value},
};

/// How often each grade was given.
#[derive(Clone, Copy, Default)]
struct Tally {
    total: usize,
    notice: usize,
    review: usize,
    block: usize,
}

impl Tally {
    fn add(&mut self, grade: Grade) {
        self.total += 1;
        self.notice += usize::from(grade >= Grade::Notice);
        self.review += usize::from(grade >= Grade::Review);
        self.block += usize::from(grade >= Grade::Block);
    }

    fn row(self) -> String {
        #[expect(clippy::cast_precision_loss, reason = "counts of a corpus")]
        let rate = |count: usize| 100.0 * count as f64 / self.total.max(1) as f64;
        format!(
            "{:>6}   notice+ {:>5.1} %   review+ {:>5.1} %   block+ {:>5.1} %",
            self.total,
            rate(self.notice),
            rate(self.review),
            rate(self.block)
        )
    }
}

/// Runs the corpus. The rates are printed; what must hold is that no single-field mutation goes unseen, that a
/// re-serialisation changes nothing, and that every real surface compares with itself as unchanged.
///
/// # Errors
/// The first thing that does not hold, or a file that cannot be read.
#[expect(clippy::print_stdout, reason = "a report for the person who runs the check")]
pub(crate) fn run(shared: &Path) -> Result<(), String> {
    let corpus = shared.join("data").join("corpus");
    let text = fs::read_to_string(corpus.join("tools.jsonl")).map_err(|error| format!("tools.jsonl: {error}"))?;

    let mut entries: BTreeMap<String, Tally> = BTreeMap::new();
    let mut pairs: BTreeMap<String, Tally> = BTreeMap::new();
    let mut missed: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut loud: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut refused = 0_usize;
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let record = json::parse_with(line.as_bytes(), &json::Limits::OURS);
        let Ok(Value::Object(record)) = record else {
            // A lone surrogate or a number that no double holds: refused with its own message, as it must be.
            refused += 1;
            continue;
        };
        let member = |name: &str| record.get(name).and_then(Value::as_str).unwrap_or("?").to_owned();
        let (id, category, source) = (member("id"), member("category"), member("source"));
        let malicious = member("label") == "malicious";
        let keys = [category.clone(), format!("{category} / {source}")];
        if let (Some(before), Some(after)) = (record.get("before"), record.get("after")) {
            let (before, after) = (one_tool(before)?, one_tool(after)?);
            let report = compare(Some(&Side::of_surface(&before)), &Side::of_surface(&after), &[]);
            if before.digest() != after.digest() && report.is_unchanged() {
                return Err(format!("record {index} ({id}): the digests differ and the report says unchanged"));
            }
            keys.iter().for_each(|key| pairs.entry(key.clone()).or_default().add(report.grade()));
            if malicious && report.grade() < Grade::Block {
                missed.entry(category.clone()).or_default().push(format!("{id} ({})", report.grade()));
            }
            if !malicious && report.grade() >= Grade::Block {
                loud.entry(category.clone()).or_default().push(format!("{id} {}", blocking(&report)));
            }
        } else if let Some(tool) = record.get("tool") {
            let Ok(surface) = one_tool(tool) else {
                refused += 1;
                continue;
            };
            let report = compare(None, &Side::of_surface(&surface), &[]);
            let grade = entry_grade(&report);
            keys.iter().for_each(|key| entries.entry(key.clone()).or_default().add(grade));
            let graver = if malicious { Grade::Review } else { Grade::Block };
            if malicious && grade < graver {
                missed.entry(category.clone()).or_default().push(format!("{id} ({grade})"));
            }
            if !malicious && grade >= graver {
                loud.entry(category.clone()).or_default().push(format!("{id} {}", blocking(&report)));
            }
        }
    }
    println!("entries, on first admission ({refused} records are no acceptable JSON or no tool)");
    entries.iter().for_each(|(key, tally)| println!("  {key:<50} {}", tally.row()));
    println!("pairs");
    pairs.iter().for_each(|(key, tally)| println!("  {key:<50} {}", tally.row()));
    println!("malicious below block (pairs) or review (entries), by id");
    // What only behaves badly, or says openly that it does, is no target of rules about declarations.
    let targets =
        missed.iter().filter(|(key, _)| !["behaviour_only", "overt_malicious_capability"].contains(&key.as_str()));
    targets.for_each(|(key, ids)| println!("  {key}: {}", ids.join(", ")));
    println!("benign at block");
    loud.iter().for_each(|(key, ids)| println!("  {key}: {}", ids.join(", ")));

    real(&corpus.join("real"))?;
    mutations()
}

/// What the entry rules alone say: not that everything is new.
fn entry_grade(report: &ChangeReport) -> Grade {
    let findings = report.findings().iter().filter(|finding| finding.rule != "first-admission");
    findings.map(|finding| finding.grade).max().unwrap_or(Grade::None)
}

fn blocking(report: &ChangeReport) -> String {
    let rules: Vec<&str> = report
        .findings()
        .iter()
        .filter(|finding| finding.grade >= Grade::Block)
        .map(|finding| finding.message.as_str())
        .collect();
    format!("[{}]", rules.join("; "))
}

fn one_tool(tool: &Value) -> Result<Surface, String> {
    let document = Value::Array(vec![tool.clone()]);
    load::surface_document(&document.to_canonical_bytes()).map_err(|error| error.to_string())
}

/// Consecutive versions of real servers.
#[expect(clippy::print_stdout, reason = "a report for the person who runs the check")]
fn real(folder: &Path) -> Result<(), String> {
    let mut tally = Tally::default();
    let mut lines: Vec<usize> = Vec::new();
    let mut rules: BTreeMap<String, usize> = BTreeMap::new();
    let mut blocks = Vec::new();
    let mut slowest = 0;
    for server in sorted(folder)? {
        let mut versions: Vec<(Vec<u64>, PathBuf)> = sorted(&server)?
            .into_iter()
            .map(|path| {
                let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
                (stem.split(['.', '-', '+']).map(|part| part.parse().unwrap_or(0)).collect(), path)
            })
            .collect();
        versions.sort();
        for pair in versions.windows(2) {
            let [(_, old), (_, new)] = pair else { continue };
            let (before, after) = (Captured::read(old)?, Captured::read(new)?);
            #[expect(clippy::disallowed_methods, reason = "a measurement for the person who runs the check")]
            let started = std::time::Instant::now();
            let report = compare(Some(&before.side()), &after.side(), &[]);
            slowest = slowest.max(started.elapsed().as_micros());
            if before.surface.digest() != after.surface.digest() && report.is_unchanged() {
                return Err(format!("{}: the digests differ and the report says unchanged", new.display()));
            }
            if !compare(Some(&after.side()), &after.side(), &[]).is_unchanged() {
                return Err(format!("{}: differs from itself", new.display()));
            }
            tally.add(report.grade());
            lines.push(report.groups().iter().filter(|group| group.grade >= Grade::Notice).count());
            let fired: std::collections::BTreeSet<&str> =
                report.findings().iter().filter(|f| f.grade >= Grade::Review).map(|f| f.rule.as_str()).collect();
            fired.into_iter().for_each(|rule| *rules.entry(rule.to_owned()).or_default() += 1);
            if report.grade() >= Grade::Block {
                let server = server.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
                let version = new.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
                blocks.push(format!("{server} {version} {}", blocking(&report)));
            }
        }
    }
    lines.sort_unstable();
    println!("real version pairs\n  {}", tally.row());
    println!("  median lines {}, most {}", lines.get(lines.len() / 2).unwrap_or(&0), lines.last().unwrap_or(&0));
    println!("  slowest comparison {slowest} µs in this build");
    println!("  pairs by rule at review or above: {rules:?}");
    blocks.iter().for_each(|block| println!("  block: {block}"));
    Ok(())
}

/// A capture of a real server.
struct Captured {
    surface: Surface,
    launch: Option<Launch>,
}

impl Captured {
    fn read(path: &Path) -> Result<Self, String> {
        let at = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
        let bytes = fs::read(path).map_err(|error| at(&error))?;
        let surface = load::surface_document(&bytes).map_err(|error| at(&error))?;
        let document = json::parse(&bytes).map_err(|error| at(&error))?;
        let launch = document.get("launch").and_then(|launch| {
            let mut object = Object::new();
            object.insert("command", launch.get("command")?.clone());
            object.insert("args", launch.get("args")?.clone());
            json::from_value(&Value::Object(object)).ok()
        });
        Ok(Self { surface, launch })
    }

    fn side(&self) -> Side<'_> {
        let mut side = Side::of_surface(&self.surface);
        side.launch = self.launch.as_ref();
        side
    }
}

fn sorted(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect();
    paths.sort();
    Ok(paths)
}

/// The single-field mutations of one tool, all of which must be seen, and two re-serialisations, which must not.
#[expect(clippy::print_stdout, reason = "a report for the person who runs the check")]
fn mutations() -> Result<(), String> {
    let tool = |text: &str| load::surface_document(text.as_bytes()).map_err(|error| error.to_string());
    let base = tool(MUTATED)?;
    let mut seen = 0;
    for (was, is) in MUTATIONS {
        if !MUTATED.contains(was) {
            return Err(format!("the sample has no {was}"));
        }
        let after = tool(&MUTATED.replacen(was, is, 1))?;
        let report = compare(Some(&Side::of_surface(&base)), &Side::of_surface(&after), &[]);
        if report.is_unchanged() || report.grade() < Grade::Notice {
            return Err(format!("mutation of {was} was not seen"));
        }
        seen += 1;
    }
    for same in [MUTATED.replace(r#"64"#, "64.0"), MUTATED.replace("Finds", r"\u0046inds").replace(": ", " :\n")] {
        let after = tool(&same)?;
        if !compare(Some(&Side::of_surface(&base)), &Side::of_surface(&after), &[]).is_unchanged() {
            return Err("a re-serialisation was taken for a change".to_owned());
        }
    }
    println!("mutations seen: {seen} of {}; re-serialisations seen: 0 of 2", MUTATIONS.len());
    Ok(())
}

const MUTATED: &str = r##"[{"name": "find", "title": "Find", "description": "Finds things.",
"inputSchema": {"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object", "required": ["q"],
 "additionalProperties": false, "properties": {"q": {"type": "string", "description": "What to find", "title": "Query",
 "maxLength": 64, "pattern": "^[a-z]+$", "examples": ["cat"], "default": "all"}, "kind": {"enum": ["a", "b"]},
 "at": {"$ref": "#/$defs/At", "$comment": "where"}}, "$defs": {"At": {"type": "string", "format": "uri"}}},
"outputSchema": {"type": "object", "properties": {"hits": {"type": "array"}}},
"annotations": {"title": "Finder", "readOnlyHint": false, "destructiveHint": true},
"icons": [{"src": "https://icons.example/find.png"}], "_meta": {"team": "search"},
"execution": {"taskSupport": "forbidden"}, "x-vendor": {"level": 1}}]"##;

const MUTATIONS: [(&str, &str); 24] = [
    ("\"name\": \"find\"", "\"name\": \"found\""),
    ("\"title\": \"Find\"", "\"title\": \"Search\""),
    ("Finds things.", "Finds all things."),
    ("2020-12/schema", "2019-09/schema"),
    ("\"required\": [\"q\"]", "\"required\": []"),
    ("\"additionalProperties\": false", "\"additionalProperties\": true"),
    ("What to find", "What to look for"),
    ("\"title\": \"Query\"", "\"title\": \"Q\""),
    ("64", "65"),
    ("^[a-z]+$", "^.+$"),
    ("[\"cat\"]", "[\"dog\"]"),
    ("\"default\": \"all\"", "\"default\": \"none\""),
    ("[\"a\", \"b\"]", "[\"a\", \"b\", \"c\"]"),
    ("#/$defs/At\"", "#/$defs/There\""),
    ("\"$comment\": \"where\"", "\"$comment\": \"here\""),
    ("\"format\": \"uri\"", "\"format\": \"date\""),
    ("\"type\": \"array\"", "\"type\": \"string\""),
    ("\"title\": \"Finder\"", "\"title\": \"Seeker\""),
    ("\"readOnlyHint\": false", "\"readOnlyHint\": true"),
    ("\"destructiveHint\": true", "\"destructiveHint\": false"),
    ("icons.example", "other.example"),
    ("\"team\": \"search\"", "\"team\": \"find\""),
    ("\"forbidden\"", "\"optional\""),
    ("\"level\": 1", "\"level\": 2"),
];
