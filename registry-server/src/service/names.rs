//! Names that people could take for each other.

use std::collections::BTreeSet;

use mcp_pin_model::ServerName;

/// What a name looks like: the skeletons of UTS 39 section 4, without case, and with all separators alike.
///
/// Two names that share a skeleton are confusable. There are up to two, because case can be folded before the letters
/// are mapped (`AI` is `ai`) or after (`AI` looks like `Al`).
#[must_use]
pub fn skeletons(name: &ServerName) -> BTreeSet<String> {
    [name.as_str().to_owned(), name.as_str().to_ascii_lowercase()].iter().map(|text| skeleton(text)).collect()
}

fn skeleton(text: &str) -> String {
    unicode_security::skeleton(text)
        .flat_map(char::to_lowercase)
        .map(|c| if matches!(c, '_' | '.') { '-' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn confusable(a: &str, b: &str) -> bool {
        let of = |name: &str| skeletons(&name.parse().unwrap());
        !of(a).is_disjoint(&of(b))
    }

    #[test]
    fn look_alikes_share_a_skeleton() {
        for (a, b) in [
            ("io.example/weather", "io.example/Weather"),
            ("io.example/weather", "io-example/weather"),
            ("io.example/mail", "io.example/rnail"),
            ("io.example/g0", "io.example/go"),
            ("io.example/tool1", "io.example/tooll"),
            ("io.example/AI", "io.example/Al"),
            ("io.example/AI", "io.example/ai"),
            ("io.example/my_tool", "io.example/my-tool"),
        ] {
            assert!(confusable(a, b), "{a} {b}");
        }
    }

    #[test]
    fn different_names_do_not() {
        for (a, b) in [
            ("io.example/weather", "io.example/weathers"),
            ("io.example/mail", "io.example/mall"),
            ("io.example/weather", "io.other/weather"),
        ] {
            assert!(!confusable(a, b), "{a} {b}");
        }
    }
}
