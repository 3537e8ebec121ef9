//! The tables, the bars and the budgets.

use std::{collections::BTreeMap, fmt::Write as _};

use mcp_pin_diff::{Grade, rules};

use super::{
    real::Real,
    records::{NO_TARGETS, Records},
    tally::{Tally, percent},
};

/// Categories of entries: at least so many of a hundred at `review` or above.
const RECALL: [(&str, f64); 9] = [
    ("hidden_unicode", 98.0),
    ("terminal_escape", 100.0),
    ("schema_poisoning", 95.0),
    ("poisoning", 80.0),
    ("shadowing", 80.0),
    ("annotation_lie", 60.0),
    ("sensitive_param", 60.0),
    ("name_collision", 80.0),
    ("preference", 50.0),
];
/// Categories of benign entries: at most so many of a hundred at `review` or above.
const ALARMS: [(&str, f64); 2] = [("benign_real", 0.5), ("benign_hard", 5.0)];
/// Malicious pairs: at least so many of a hundred at the grade; benign updates: at most so many.
const PAIRS: [(Grade, f64, f64); 2] = [(Grade::Block, 70.0, 1.0), (Grade::Review, 98.0, 15.0)];
/// Consecutive captures of real servers: at most so many of a hundred at the grade. Between most of them releases were
/// left out, so that more changed than between neighbouring ones; this holds the line that is reached.
const REAL: [(Grade, f64); 2] = [(Grade::Block, 1.0), (Grade::Review, 55.0)];
/// Neighbouring releases.
const NEIGHBOURS: [(Grade, f64); 2] = [(Grade::Block, 1.0), (Grade::Review, 35.0)];
/// A median review has at most so many lines.
const MEDIAN_LINES: usize = 5;

/// Benign entries, then benign pairs, on which one rule may speak at `review` or above. A rule that is not named may on
/// [`BUDGET`]; those that are speak of facts (a parameter was added), where there is no false alarm, or are known to be
/// louder than the rest.
const BUDGETS: [(&str, usize, usize); 10] = [
    ("capability-changed", 0, 20),
    ("default-changed", 0, 20),
    ("entry-added", 0, 60),
    ("icon-changed", 0, 5),
    ("instructions-changed", 0, 20),
    ("limiting-sentence-removed", 0, 15),
    ("new-host", 1, 15),
    ("new-instruction", 0, 30),
    ("preference-manipulation", 10, 5),
    ("safety-hint-contradicted", 4, 3),
];
const BUDGET: (usize, usize) = (3, 3);

pub(super) fn render(records: &Records, real: &Real, mutations: &str) -> String {
    let mut out = String::new();
    table(&mut out, "Single tools, by the entry rules alone", &records.entries);
    table(&mut out, "Pairs: one tool before and after", &records.pairs);
    let all = records.malicious_pairs;
    line(
        &mut out,
        &format!(
            "All malicious pairs ({}): `block` {:.1} %, `review` or above {:.1} %, `notice` or above {:.1} %.\n",
            all.total,
            all.rate(Grade::Block),
            all.rate(Grade::Review),
            all.rate(Grade::Notice)
        ),
    );
    line(&mut out, "### Real version pairs\n");
    line(
        &mut out,
        &format!(
            "{} consecutive version pairs: `block` {:.1} %, `review` or above {:.1} %, median review {} lines.\n",
            real.tally.total,
            real.tally.rate(Grade::Block),
            real.tally.rate(Grade::Review),
            real.median_lines()
        ),
    );
    line(
        &mut out,
        &format!(
            "Of these, {} are neighbours by number (0.0.80 and 0.0.81; calendar versions have none): `block` {:.1} %, `review` or above {:.1} %. Between the others releases were left out.\n",
            real.neighbours.total,
            real.neighbours.rate(Grade::Block),
            real.neighbours.rate(Grade::Review),
        ),
    );
    line(&mut out, "| preset | asks somebody | asks two |\n|---|---|---|");
    for (preset, one, two) in &real.interrupted {
        let rate = |count: usize| percent(count, real.tally.total);
        line(&mut out, &format!("| `{preset}` | {:.1} % | {:.1} % |", rate(*one), rate(*two)));
    }
    line(
        &mut out,
        &format!(
            "\nThe newest version of each as a first admission: {} of {} tools have a finding of `review` or above ({:.1} %).\n",
            real.newest_loud,
            real.newest_tools,
            percent(real.newest_loud, real.newest_tools)
        ),
    );
    line(&mut out, "### Rules on benign material\n\nCases with a finding of `review` or above.\n");
    line(&mut out, "| rule | benign tools | benign pairs | real version pairs |\n|---|---|---|---|");
    for rule in rules::all() {
        let (entries, pairs, versions) =
            (records.benign_entries.of(rule.id), records.benign_pairs.of(rule.id), real.rules.of(rule.id));
        if entries + pairs + versions > 0 {
            line(&mut out, &format!("| [`{0}`](rules/{0}.md) | {entries} | {pairs} | {versions} |", rule.id));
        }
    }
    line(&mut out, &format!("\n{mutations}."));
    out
}

fn line(out: &mut String, text: &str) {
    // Writing into a string does not fail.
    let _ = writeln!(out, "{text}");
}

fn table(out: &mut String, title: &str, tallies: &BTreeMap<(String, String), Tally>) {
    line(out, &format!("### {title}\n"));
    line(out, "| category | source | records | `notice`+ | `review`+ | `block`+ |\n|---|---|---|---|---|---|");
    let row = |category: &str, source: &str, tally: Tally| {
        format!(
            "| {category} | {source} | {} | {:.1} % | {:.1} % | {:.1} % |",
            tally.total,
            tally.rate(Grade::Notice),
            tally.rate(Grade::Review),
            tally.rate(Grade::Block)
        )
    };
    let mut last = "";
    for ((category, source), tally) in tallies {
        if category != last {
            let apart = if NO_TARGETS.contains(&category.as_str()) { " (no target)" } else { "" };
            let whole = Records::category(tallies, category);
            line(out, &row(&format!("**{category}**{apart}"), "all", whole));
            last = category;
        }
        line(out, &row("", source, *tally));
    }
    line(out, "");
}

/// Every bar that is missed and every budget that is exceeded.
pub(super) fn missed(records: &Records, real: &Real) -> Vec<String> {
    let mut out = Vec::new();
    let mut at_least = |what: String, is: f64, bar: f64| {
        if is < bar {
            out.push(format!("{what}: {is:.1} % is less than {bar} %"));
        }
    };
    for (category, bar) in RECALL {
        at_least(format!("entries {category}"), Records::category(&records.entries, category).rate(Grade::Review), bar);
    }
    let update = Records::category(&records.pairs, "benign_update");
    for (grade, bar, _) in PAIRS {
        at_least(format!("malicious pairs at {grade}"), records.malicious_pairs.rate(grade), bar);
    }
    at_least("malicious pairs at notice".to_owned(), records.malicious_pairs.rate(Grade::Notice), 100.0);
    let mut at_most = |what: String, is: f64, bar: f64| {
        if is > bar {
            out.push(format!("{what}: {is:.1} % is more than {bar} %"));
        }
    };
    for (category, bar) in ALARMS {
        at_most(format!("entries {category}"), Records::category(&records.entries, category).rate(Grade::Review), bar);
    }
    for (grade, _, bar) in PAIRS {
        at_most(format!("benign updates at {grade}"), update.rate(grade), bar);
    }
    for (grade, bar) in REAL {
        at_most(format!("real version pairs at {grade}"), real.tally.rate(grade), bar);
    }
    for (grade, bar) in NEIGHBOURS {
        at_most(format!("neighbouring real releases at {grade}"), real.neighbours.rate(grade), bar);
    }
    if real.median_lines() > MEDIAN_LINES {
        out.push(format!("a median review has {} lines, more than {MEDIAN_LINES}", real.median_lines()));
    }
    for rule in rules::all() {
        let named = BUDGETS.iter().find(|(id, ..)| *id == rule.id);
        let (entries, pairs) = named.map_or(BUDGET, |(_, entries, pairs)| (*entries, *pairs));
        let (spent_entries, spent_pairs) = (records.benign_entries.of(rule.id), records.benign_pairs.of(rule.id));
        // Facts about a pair are for a person to see; their sum is held to the bars above.
        let facts = ["parameter-", "schema-", "safety-hint-", "output-schema-", "text-"];
        let counts_pairs = !facts.iter().any(|prefix| rule.id.starts_with(prefix));
        if spent_entries > entries || counts_pairs && spent_pairs > pairs {
            out.push(format!(
                "{}: speaks on {spent_entries} benign tools and {spent_pairs} benign pairs, its budget is {entries} and {pairs}",
                rule.id
            ));
        }
    }
    out
}
