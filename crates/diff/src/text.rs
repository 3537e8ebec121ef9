//! Text by sentence, then by word.

use similar::{Algorithm, ChangeTag, capture_diff_slices};
use unicode_segmentation::UnicodeSegmentation as _;

/// What happened to a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HunkKind {
    /// It is the same.
    Equal,
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// It was reworded; its words say how.
    Rewritten,
}

/// What happened to a piece of a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SegmentKind {
    /// In both.
    Equal,
    /// Only after.
    Added,
    /// Only before.
    Removed,
}

/// A run of words. Hostile text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// What happened to it.
    pub kind: SegmentKind,
    /// The words, with the white space around them.
    pub text: String,
}

/// One sentence, or a run of sentences that was rewritten as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hunk {
    /// What happened to it.
    pub kind: HunkKind,
    /// Its words, in reading order: removed before added.
    pub segments: Vec<Segment>,
}

/// The difference of two texts. Joining the equal and removed segments gives the text before, byte for byte; the equal
/// and added ones give the text after.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TextDiff {
    /// The sentences, in order.
    pub hunks: Vec<Hunk>,
}

/// Beyond this many words the word-level difference of one rewritten run is left out: the differ's worst case is
/// quadratic, and nobody reads a word diff of that size.
const WORD_DIFF_LIMIT: usize = 4_000;

/// Sentences with the white space that follows them; line ends count as sentence ends.
pub(crate) fn sentences(text: &str) -> Vec<&str> {
    text.split_inclusive('\n').flat_map(|line| line.split_sentence_bounds()).collect()
}

/// Compares two texts by sentence and, where sentences were rewritten, by word.
#[must_use]
pub fn text_diff(before: &str, after: &str) -> TextDiff {
    let (old, new) = (sentences(before), sentences(after));
    let mut hunks = Vec::new();
    for op in capture_diff_slices(Algorithm::Myers, &old, &new) {
        let (tag, old_range, new_range) = op.as_tag_tuple();
        let removed: &[&str] = old.get(old_range).unwrap_or_default();
        let added: &[&str] = new.get(new_range).unwrap_or_default();
        match tag {
            similar::DiffTag::Equal => {
                hunks.extend(removed.iter().map(|s| hunk(HunkKind::Equal, SegmentKind::Equal, s)));
            }
            similar::DiffTag::Delete => {
                hunks.extend(removed.iter().map(|s| hunk(HunkKind::Removed, SegmentKind::Removed, s)));
            }
            similar::DiffTag::Insert => {
                hunks.extend(added.iter().map(|s| hunk(HunkKind::Added, SegmentKind::Added, s)));
            }
            similar::DiffTag::Replace => {
                hunks.push(Hunk { kind: HunkKind::Rewritten, segments: words(&removed.concat(), &added.concat()) });
            }
        }
    }
    TextDiff { hunks }
}

fn hunk(kind: HunkKind, segment: SegmentKind, text: &str) -> Hunk {
    Hunk { kind, segments: vec![Segment { kind: segment, text: text.to_owned() }] }
}

fn words(before: &str, after: &str) -> Vec<Segment> {
    let (old, new): (Vec<&str>, Vec<&str>) =
        (before.split_word_bounds().collect(), after.split_word_bounds().collect());
    let mut out: Vec<Segment> = Vec::new();
    let mut push = |kind: SegmentKind, text: &str| match out.last_mut() {
        Some(last) if last.kind == kind => last.text.push_str(text),
        _ => out.push(Segment { kind, text: text.to_owned() }),
    };
    if old.len() + new.len() > WORD_DIFF_LIMIT {
        push(SegmentKind::Removed, before);
        push(SegmentKind::Added, after);
        return out;
    }
    for op in capture_diff_slices(Algorithm::Myers, &old, &new) {
        for change in op.iter_changes(&old, &new) {
            let kind = match change.tag() {
                ChangeTag::Equal => SegmentKind::Equal,
                ChangeTag::Delete => SegmentKind::Removed,
                ChangeTag::Insert => SegmentKind::Added,
            };
            push(kind, change.value());
        }
    }
    out
}

/// Whether two texts list the same items, separated by commas, in another order.
pub(crate) fn same_items(before: &str, after: &str) -> bool {
    let items = |text: &str| {
        let mut items: Vec<String> = text.split(',').map(|item| item.trim().to_owned()).collect();
        items.sort();
        items
    };
    before.contains(',') && items(before) == items(after)
}
