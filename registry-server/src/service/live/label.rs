//! What is known about some servers together: enough to see that none of them can answer a query.

use jiff::Timestamp;

use super::{CatalogueEntry, Server};

/// The bits of a [`Traces`].
const BITS: usize = 1 << 15;

/// What the servers of one shelf have between them.
pub(super) struct Label {
    /// The last change of any of their versions.
    newest: Timestamp,
    /// How many of their versions are live.
    pub(super) live: usize,
    traces: Traces,
}

/// What entries are looked for by. Everything that is given must hold.
///
/// A walk passes servers by that cannot hold, and still yields some that do not: whoever walks looks at each entry.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wanted<'q> {
    /// A text in the name, title or description, in lower case.
    pub search: Option<&'q str>,
    /// A change after this time.
    pub updated_since: Option<Timestamp>,
    /// This very version.
    pub version: Option<&'q str>,
}

impl Label {
    pub(super) fn new<'e>(servers: impl Iterator<Item = &'e Server>) -> Self {
        let mut label = Self { newest: Timestamp::MIN, live: 0, traces: Traces::new() };
        for server in servers {
            for entry in server.everything() {
                label.newest = label.newest.max(entry.updated_at);
                label.traces.leave(entry);
            }
            label.live += server.default_view().live().len();
        }
        label
    }

    /// Whether any of these servers could have an entry that is wanted.
    pub(super) fn may_have(&self, wanted: &Wanted<'_>) -> bool {
        wanted.updated_since.is_none_or(|since| self.newest > since)
            && wanted.search.is_none_or(|search| self.traces.of_text(search))
            && wanted.version.is_none_or(|version| self.traces.has(hash(VERSION, version.as_bytes())))
    }
}

/// A set of texts' parts that forgets which is which: what it has seen it recognises; of what it has not seen, it says so
/// most of the time.
struct Traces(Box<[u64]>);

/// Keeps the traces of versions apart from those of texts.
const VERSION: u32 = 0x9e37_79b9;

impl Traces {
    fn new() -> Self {
        Self(vec![0; BITS / 64].into())
    }

    /// Parts of one, two and three bytes of its text, and its version.
    fn leave(&mut self, entry: &CatalogueEntry) {
        let text = entry.search_text().as_bytes();
        for length in 1..=3 {
            for part in text.windows(length) {
                self.mark(hash(0, part));
            }
        }
        self.mark(hash(VERSION, entry.version.to_string().as_bytes()));
    }

    fn mark(&mut self, hash: usize) {
        if let Some(word) = self.0.get_mut(hash / 64) {
            *word |= 1 << (hash % 64);
        }
    }

    fn has(&self, hash: usize) -> bool {
        self.0.get(hash / 64).is_some_and(|word| word & (1 << (hash % 64)) != 0)
    }

    /// Whether all parts of a text were seen.
    fn of_text(&self, text: &str) -> bool {
        text.as_bytes().windows(text.len().clamp(1, 3)).all(|part| self.has(hash(0, part)))
    }
}

/// Which bit a part is (FNV-1a, folded). Whoever makes it collide makes searches of their own shelf slower.
fn hash(seed: u32, bytes: &[u8]) -> usize {
    let hash =
        bytes.iter().fold(0x811c_9dc5 ^ seed, |hash: u32, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193));
    (hash ^ (hash >> 15)) as usize % BITS
}
