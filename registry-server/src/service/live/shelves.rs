//! A sorted collection of which a changed copy shares almost everything with the original.
//!
//! Items stand on shelves of bounded length, in order. A change makes anew the shelves that it touches and the list of
//! shelves, which is short; all others are shared. Each shelf has a label, made from its items, by which a search
//! passes it by without looking at them. Nothing is ever taken away: what was live once stays known.

use std::sync::Arc;

/// The most items of a shelf.
const MAX_ITEMS: usize = 128;

/// Something that stands on a shelf.
pub(super) trait Shelved: Clone {
    /// What it is found by.
    type Key: Ord + ?Sized;
    /// What is known about a shelf without looking at its items.
    type Label;

    /// Its key.
    fn key(&self) -> &Self::Key;

    /// Makes the label of these items.
    fn label(items: &[Self]) -> Self::Label;
}

/// Some neighbouring items, and what is known about them.
struct Shelf<T: Shelved> {
    items: Vec<T>,
    label: T::Label,
}

impl<T: Shelved> Shelf<T> {
    fn new(items: Vec<T>) -> Arc<Self> {
        let label = T::label(&items);
        Arc::new(Self { items, label })
    }

    /// Whether everything here comes before a key.
    fn is_before(&self, key: &T::Key) -> bool {
        self.items.last().is_none_or(|last| last.key() < key)
    }
}

/// The collection: no two items have one key.
pub(super) struct Shelves<T: Shelved>(Vec<Arc<Shelf<T>>>);

impl<T: Shelved> Default for Shelves<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Shelved> Shelves<T> {
    /// The item with this key.
    pub(super) fn get(&self, key: &T::Key) -> Option<&T> {
        let shelf = self.0.get(self.0.partition_point(|shelf| shelf.is_before(key)))?;
        let index = shelf.items.binary_search_by(|item| item.key().cmp(key)).ok()?;
        shelf.items.get(index)
    }

    /// All items, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.0.iter().flat_map(|shelf| &shelf.items)
    }

    /// The labels, in the order of the shelves.
    pub(super) fn labels(&self) -> impl Iterator<Item = &T::Label> {
        self.0.iter().map(|shelf| &shelf.label)
    }

    /// The items from a key on (from the first, where there is none), in order, without those of shelves that the label
    /// says are not worth looking at.
    pub(super) fn from<'s>(
        &'s self,
        key: Option<&T::Key>,
        worth: impl Fn(&T::Label) -> bool + 's,
    ) -> impl Iterator<Item = &'s T> {
        let shelf = key.map_or(0, |key| self.0.partition_point(|shelf| shelf.is_before(key)));
        let within =
            key.zip(self.0.get(shelf)).map_or(0, |(key, first)| first.items.partition_point(|item| item.key() < key));
        let shelves = self.0.get(shelf..).unwrap_or_default().iter().enumerate();
        shelves.filter(move |(_, shelf)| worth(&shelf.label)).flat_map(move |(index, shelf)| {
            let skip = if index == 0 { within } else { 0 };
            shelf.items.get(skip..).unwrap_or_default()
        })
    }

    /// A copy with these items added, each in place of the one that had its key.
    pub(super) fn with(&self, mut changed: Vec<T>) -> Self {
        changed.sort_by(|a, b| a.key().cmp(b.key()));
        changed.dedup_by(|a, b| a.key() == b.key());
        let mut shelves = Vec::with_capacity(self.0.len() + changed.len() / MAX_ITEMS + 1);
        let mut changed = changed.into_iter().peekable();
        let mut done = 0;
        while let Some(first) = changed.peek() {
            // What comes after everything belongs on the last shelf.
            let index =
                self.0.partition_point(|shelf| shelf.is_before(first.key())).min(self.0.len().saturating_sub(1));
            shelves.extend_from_slice(self.0.get(done..index).unwrap_or_default());
            let old = self.0.get(index).map_or(&[][..], |shelf| &shelf.items);
            let end = self.0.get(index + 1).and_then(|next| next.items.first()).map(Shelved::key);
            let here = std::iter::from_fn(|| changed.next_if(|item| end.is_none_or(|end| item.key() < end)));
            put(merge(old, here), &mut shelves);
            done = index + 1;
        }
        shelves.extend_from_slice(self.0.get(done..).unwrap_or_default());
        Self(shelves)
    }
}

/// Two sorted runs in one; of two items with one key, the new one.
fn merge<T: Shelved>(old: &[T], new: impl Iterator<Item = T>) -> Vec<T> {
    let mut merged = Vec::with_capacity(old.len() + 1);
    let mut rest = old;
    for item in new {
        let before = rest.partition_point(|old| old.key() < item.key());
        let (head, tail) = rest.split_at(before);
        merged.extend_from_slice(head);
        rest = match tail.split_first() {
            Some((replaced, after)) if replaced.key() == item.key() => after,
            _ => tail,
        };
        merged.push(item);
    }
    merged.extend_from_slice(rest);
    merged
}

/// Puts items on as few shelves as hold them, evenly, so that the next ones find room.
fn put<T: Shelved>(items: Vec<T>, shelves: &mut Vec<Arc<Shelf<T>>>) {
    if items.len() <= MAX_ITEMS {
        if !items.is_empty() {
            shelves.push(Shelf::new(items));
        }
        return;
    }
    let count = items.len().div_ceil(MAX_ITEMS / 4 * 3);
    let length = items.len().div_ceil(count);
    shelves.extend(items.chunks(length).map(|items| Shelf::new(items.to_vec())));
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    /// A key and a value; the label is the sum of the values.
    impl Shelved for (u16, u64) {
        type Key = u16;
        type Label = u64;

        fn key(&self) -> &u16 {
            &self.0
        }

        fn label(items: &[Self]) -> u64 {
            items.iter().map(|(_, value)| value).sum()
        }
    }

    proptest! {
        #[test]
        fn is_a_map(batches in prop::collection::vec(prop::collection::vec((0u16..2000, any::<u32>()), 0..400), 0..12), start in 0u16..2100) {
            let mut map = BTreeMap::new();
            let mut shelves = Shelves::<(u16, u64)>::default();
            for batch in batches {
                let before: Vec<_> = shelves.iter().copied().collect();
                let batch: BTreeMap<u16, u64> = batch.into_iter().map(|(key, value)| (key, u64::from(value))).collect();
                let next = shelves.with(batch.iter().map(|(key, value)| (*key, *value)).collect());
                prop_assert_eq!(before, shelves.iter().copied().collect::<Vec<_>>(), "the original stays");
                shelves = next;
                map.extend(batch);
                prop_assert!(shelves.0.iter().all(|shelf| !shelf.items.is_empty() && shelf.items.len() <= MAX_ITEMS));
            }
            let all: Vec<(u16, u64)> = map.iter().map(|(key, value)| (*key, *value)).collect();
            prop_assert_eq!(&all, &shelves.iter().copied().collect::<Vec<_>>());
            prop_assert_eq!(map.values().sum::<u64>(), shelves.labels().sum::<u64>());
            let from: Vec<(u16, u64)> = map.range(start..).map(|(key, value)| (*key, *value)).collect();
            prop_assert_eq!(from, shelves.from(Some(&start), |_| true).copied().collect::<Vec<_>>());
            prop_assert_eq!(shelves.get(&start).map(|(_, value)| value), map.get(&start));
        }
    }

    #[test]
    fn a_change_shares_what_it_does_not_touch() {
        let shelves = Shelves::default().with((0..5_000u16).map(|key| (key, 1)).collect());
        let changed = shelves.with(vec![(17, 2), (4_000, 3)]);
        let shared = changed.0.iter().filter(|new| shelves.0.iter().any(|old| Arc::ptr_eq(new, old))).count();
        assert_eq!(shared, shelves.0.len() - 2);
    }

    #[test]
    fn shelves_that_are_not_worth_it_are_passed_by() {
        let shelves = Shelves::default().with((0..5_000u16).map(|key| (key, u64::from(key == 4_321))).collect());
        let looked_at: Vec<_> = shelves.from(None, |sum| *sum > 0).collect();
        assert!(looked_at.len() <= MAX_ITEMS && looked_at.iter().any(|(key, _)| *key == 4_321));
    }
}
