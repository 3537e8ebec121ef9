//! Consecutive versions of real servers.

use std::{
    fs,
    path::{Path, PathBuf},
};

use mcp_pin_diff::{ChangeReport, Grade, Side, compare, load};
use mcp_pin_model::{
    Launch, Surface,
    json::{self, Object, Value},
    lockfile::{KeyIdentity, SignerIdentity},
};
use mcp_pin_policy::{Assessment, Preset, Requirements, approvers_needed};

use super::tally::{ByRule, Tally, named};

/// What the real pairs gave.
#[derive(Debug, Default)]
pub(super) struct Real {
    pub(super) tally: Tally,
    /// Only pairs whose version numbers are neighbours, so that hardly a release lies between.
    pub(super) neighbours: Tally,
    pub(super) rules: ByRule,
    /// By preset: pairs that take at least one approver, and pairs that take two.
    pub(super) interrupted: Vec<(Preset, usize, usize)>,
    lines: Vec<usize>,
    pub(super) slowest: u128,
    ids: Vec<String>,
    /// The newest version of each server as a first admission: tools, and tools with a finding at review or above.
    pub(super) newest_tools: usize,
    pub(super) newest_loud: usize,
}

impl Real {
    pub(super) fn ids(&self) -> Vec<String> {
        self.ids.clone()
    }

    pub(super) fn median_lines(&self) -> usize {
        let mut lines = self.lines.clone();
        lines.sort_unstable();
        lines.get(lines.len() / 2).copied().unwrap_or_default()
    }
}

/// # Errors
/// A file that cannot be read, or a comparison that contradicts itself.
pub(super) fn run(folder: &Path) -> Result<Real, String> {
    let mut out = Real { interrupted: Preset::ALL.iter().map(|&preset| (preset, 0, 0)).collect(), ..Real::default() };
    // The same publisher on both sides, as trusted publishers are.
    let signer = SignerIdentity::Key(KeyIdentity { key: "corpus".to_owned() });
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
            let [(old_number, old), (new_number, new)] = pair else { continue };
            let (before, after) = (Captured::read(old)?, Captured::read(new)?);
            #[expect(clippy::disallowed_methods, reason = "a measurement for the person who runs the bench")]
            let started = std::time::Instant::now();
            let report = compare(Some(&before.side(&signer)), &after.side(&signer), &[]);
            out.slowest = out.slowest.max(started.elapsed().as_micros());
            if before.surface.digest() != after.surface.digest() && report.is_unchanged() {
                return Err(format!("{}: the digests differ and the report says unchanged", new.display()));
            }
            if !compare(Some(&after.side(&signer)), &after.side(&signer), &[]).is_unchanged() {
                return Err(format!("{}: differs from itself", new.display()));
            }
            out.pair(&report, &label(&server, new));
            if is_next(old_number, new_number) {
                out.neighbours.add(report.grade());
            }
        }
        if let Some((_, newest)) = versions.last() {
            out.newest(&Captured::read(newest)?, &label(&server, newest));
        }
    }
    Ok(out)
}

/// Whether one of three numbers went up by one, and those after it to zero. Calendar versions have no next one.
fn is_next(old: &[u64], new: &[u64]) -> bool {
    const FIRST_YEAR: u64 = 2_000;
    match (old, new) {
        ([a, ..], _) if *a >= FIRST_YEAR => false,
        ([a, b, c], [x, y, z]) => {
            (*x, *y, *z) == (*a, *b, c + 1) || (*x, *y, *z) == (*a, b + 1, 0) || (*x, *y, *z) == (a + 1, 0, 0)
        }
        _ => false,
    }
}

fn label(server: &Path, version: &Path) -> String {
    let name =
        |part: Option<&std::ffi::OsStr>| part.map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    format!("{} {}", name(server.file_name()), name(version.file_stem()))
}

impl Real {
    fn pair(&mut self, report: &ChangeReport, label: &str) {
        self.tally.add(report.grade());
        self.lines.push(report.groups().iter().filter(|group| group.grade >= Grade::Notice).count());
        self.rules.add(report);
        let assessment = Assessment::without_exceptions(report);
        for (preset, one, two) in &mut self.interrupted {
            let needed = approvers_needed(&assessment, &Requirements::new(*preset));
            *one += usize::from(needed > 0);
            *two += usize::from(needed > 1);
        }
        if report.grade() >= Grade::Review {
            self.ids.push(format!("real {label}: {}, {}", report.grade(), named(report, report.grade())));
        }
    }

    /// The entry rules over a whole server, whose tools all have their schemas.
    fn newest(&mut self, captured: &Captured, label: &str) {
        let report = compare(None, &Side::of_surface(&captured.surface), &[]);
        let tools = captured.surface.section(mcp_pin_model::EntryKind::Tool).unwrap_or_default();
        self.newest_tools += tools.len();
        for tool in tools {
            let loud = report.findings().iter().find(|finding| {
                let here = finding.location.entry.as_ref().is_some_and(|entry| entry.key == tool.key());
                here && finding.grade >= Grade::Review && finding.rule != "first-admission"
            });
            if let Some(finding) = loud {
                self.newest_loud += 1;
                self.ids.push(format!("newest {label} {}: {} {}", tool.key(), finding.grade, finding.rule));
            }
        }
    }
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

    fn side<'c>(&'c self, signer: &'c SignerIdentity) -> Side<'c> {
        let mut side = Side::of_surface(&self.surface);
        side.launch = self.launch.as_ref();
        side.signer = Some(signer);
        side
    }
}

fn sorted(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect();
    paths.sort();
    Ok(paths)
}
