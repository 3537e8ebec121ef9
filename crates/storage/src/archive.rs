//! Whole tables, for moving a registry from one database to another.
//!
//! A backend finds its tables by itself, so that one that a later migration adds is moved without anybody thinking of it.
//! All backends have the same tables with the same columns, so what one gives another one takes.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;

use crate::StorageError;

/// What stands in one column of one row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// Nothing.
    Null,
    /// A whole number; of a yes or no, 1 or 0.
    Integer(i64),
    /// A text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnKind {
    /// [`Cell::Integer`].
    Integer,
    /// [`Cell::Text`].
    Text,
    /// [`Cell::Bytes`].
    Bytes,
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub kind: ColumnKind,
    /// Its type, as the backend calls it.
    pub declared: String,
}

/// A table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// Its columns.
    pub columns: Vec<Column>,
    /// Which of them are the primary key, in its order. Never empty.
    pub key: Vec<usize>,
    /// The other tables that its rows refer to.
    pub refers_to: BTreeSet<String>,
}

impl Table {
    /// The key of a row of this table.
    #[must_use]
    pub fn key_of(&self, row: &[Cell]) -> Vec<Cell> {
        self.key.iter().filter_map(|index| row.get(*index).cloned()).collect()
    }

    /// Sorts tables: what is referred to first, else by name. Rows can be inserted in this order.
    ///
    /// # Errors
    /// When tables refer to one another in a circle.
    pub fn sorted(tables: Vec<Self>) -> Result<Vec<Self>, StorageError> {
        let mut left: BTreeMap<String, Self> = tables.into_iter().map(|table| (table.name.clone(), table)).collect();
        let mut sorted = Vec::new();
        while !left.is_empty() {
            let free = left.values().find(|table| table.refers_to.iter().all(|other| !left.contains_key(other)));
            let Some(name) = free.map(|table| table.name.clone()) else {
                return Err(StorageError::Unsuitable("its tables refer to one another in a circle".to_owned()));
            };
            sorted.extend(left.remove(&name));
        }
        Ok(sorted)
    }
}

/// Reads whole tables.
#[async_trait]
pub trait ArchiveReader {
    /// Every table that holds records, in an order in which rows can be inserted.
    async fn tables(&mut self) -> Result<Vec<Table>, StorageError>;

    /// The rows after the one with this key, at most `limit`, by key, byte by byte.
    async fn rows(&mut self, table: &Table, after: Option<&[Cell]>, limit: u32)
    -> Result<Vec<Vec<Cell>>, StorageError>;
}

/// Fills whole tables. Nothing is checked but what the tables themselves insist on.
#[async_trait]
pub trait ArchiveWriter: ArchiveReader {
    /// Adds a row.
    async fn insert_row(&mut self, table: &Table, row: &[Cell]) -> Result<(), StorageError>;

    /// Has numbers that the database gives out itself go on after those of the rows that were added.
    async fn go_on_after(&mut self, table: &Table) -> Result<(), StorageError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(name: &str, refers_to: &[&str]) -> Table {
        let refers_to = refers_to.iter().map(|name| (*name).to_owned()).collect();
        Table { name: name.to_owned(), columns: Vec::new(), key: Vec::new(), refers_to }
    }

    #[test]
    fn what_is_referred_to_comes_first() {
        let sorted = Table::sorted(vec![table("a", &["b"]), table("b", &["c", "d"]), table("c", &[]), table("d", &[])]);
        let names: Vec<_> = sorted.unwrap().into_iter().map(|table| table.name).collect();
        assert_eq!(names, ["c", "d", "b", "a"]);
    }

    #[test]
    fn a_circle_is_refused() {
        assert!(Table::sorted(vec![table("a", &["b"]), table("b", &["a"])]).is_err());
    }
}
