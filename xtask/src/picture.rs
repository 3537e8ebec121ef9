//! The terminal picture of the README, from a real run of the quickstart.

use std::path::Path;

/// Where the picture is kept.
const PICTURE: &str = "docs/images/quickstart.svg";

/// Runs the quickstart with colours and keeps the act in which the server turns.
///
/// # Errors
/// When the quickstart fails or the act is not found.
pub(crate) fn draw(root: &Path) -> Result<(), String> {
    let output = crate::programs::cargo()
        .args(["run", "--quiet", "--package", "quickstart", "--", "--exit"])
        .env("CLICOLOR_FORCE", "1")
        .current_dir(root)
        .output()
        .map_err(|error| format!("cannot run the quickstart: {error}"))?;
    if !output.status.success() {
        return Err(format!("the quickstart failed: {}", String::from_utf8_lossy(&output.stderr)));
    }
    let told = String::from_utf8_lossy(&output.stdout);
    let act = act(&told, "3.", "4.").ok_or("the quickstart has no third act")?;
    let svg = anstyle_svg::Term::new().render_svg(&act);
    let path = root.join(PICTURE);
    let folder = path.parent().unwrap_or(root);
    std::fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    std::fs::write(&path, svg).map_err(|error| format!("{}: {error}", path.display()))
}

fn act(told: &str, from: &str, to: &str) -> Option<String> {
    let is_headline = |line: &str, number: &str| line.contains(&format!("── {number}"));
    let lines = told.lines().skip_while(|line| !is_headline(line, from));
    let act: Vec<&str> = lines.take_while(|line| !is_headline(line, to)).collect();
    (!act.is_empty()).then(|| act.join("\n"))
}
