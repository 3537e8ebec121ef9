//! The archive: all records and documents of a registry in one file that no database has anything to do with.
//!
//! JSON Lines in canonical form. The first line says what it is; then come the rows, tables in an order in which they can
//! be inserted, rows by key; the last line has the digest of everything before it. The same records make the same bytes,
//! whichever backend they come from.
//!
//! ```text
//! {"archive":"mcp-pin-registry","schema":2,"version":1}
//! {"row":{"created_at":1767323045678,"name":"admin"},"table":"principals"}
//! {"digest":"sha256:…","rows":1}
//! ```

use std::{
    collections::BTreeMap,
    io::{self, BufRead, Read as _, Write},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use mcp_pin_model::{
    Digest,
    json::{self, Number, Object, Value},
};
use mcp_pin_storage::{
    Snapshot, StorageError, Transaction,
    archive::{Cell, ColumnKind, Table},
};
use sha2::{Digest as _, Sha256};
use thiserror::Error;

/// What the first line calls it.
const NAME: &str = "mcp-pin-registry";

/// The version of the format.
const VERSION: i64 = 1;

/// How many rows are read at once.
const BATCH: u32 = 200;

/// The longest line: the largest document that the registry takes, in base64, and the columns beside it.
const MAX_LINE_BYTES: usize = 64 << 20;

/// Why an archive could not be written or read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ArchiveError {
    /// The file.
    #[error("cannot read or write the archive")]
    Io(#[from] io::Error),
    /// The store.
    #[error(transparent)]
    Store(#[from] StorageError),
    /// Not an archive of this program.
    #[error("the file is not an archive of a registry")]
    NotAnArchive,
    /// Of another version.
    #[error("the archive is of schema {found}, and this program has schema {own}")]
    Schema {
        /// The archive's.
        found: i64,
        /// This program's.
        own: i64,
    },
    /// A line that cannot be.
    #[error("line {line} of the archive: {problem}")]
    Line {
        /// Which, counted from 1.
        line: u64,
        /// What is wrong.
        problem: String,
    },
    /// It ends before its last line, or was changed.
    #[error("the archive is not whole: {0}")]
    NotWhole(&'static str),
    /// There is something in the store already.
    #[error("the store is not empty: `{0}` has rows")]
    NotEmpty(String),
}

impl ArchiveError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Schema { .. } => Some("import with the version that exported, then start the newer one"),
            Self::NotWhole(_) => Some("take another copy; this one was cut off or changed"),
            Self::NotEmpty(_) => Some("import into a new data directory or a new database"),
            _ => None,
        }
    }
}

/// What was moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Summary {
    /// How many rows.
    pub rows: u64,
    /// The digest of everything before the last line.
    pub digest: Digest,
}

/// Writes everything that a snapshot has.
///
/// # Errors
/// Those of the store and of the file.
pub(super) async fn write(
    snapshot: &mut (dyn Snapshot + '_),
    schema: i64,
    out: &mut (dyn Write + Send),
) -> Result<Summary, ArchiveError> {
    let mut out = Hashing { inner: out, hash: Sha256::new() };
    let header = [("archive", Value::from(NAME)), ("schema", number(schema)?), ("version", number(VERSION)?)];
    out.line(header)?;
    let mut rows = 0;
    for table in snapshot.tables().await? {
        let mut after: Option<Vec<Cell>> = None;
        loop {
            let batch = snapshot.rows(&table, after.as_deref(), BATCH).await?;
            let Some(last) = batch.last() else { break };
            after = Some(table.key_of(last));
            for row in &batch {
                let mut cells = Object::new();
                for (column, cell) in table.columns.iter().zip(row) {
                    cells.insert(column.name.clone(), value(cell)?);
                }
                out.line([("row", Value::Object(cells)), ("table", Value::from(table.name.as_str()))])?;
                rows += 1;
            }
        }
    }
    let Hashing { inner, hash } = out;
    let digest = digest_of(hash);
    let rows_value = number(i64::try_from(rows).unwrap_or(i64::MAX))?;
    let last = Object::from_iter([("digest", Value::from(digest.to_string())), ("rows", rows_value)]);
    writeln!(inner, "{}", Value::Object(last).to_canonical_string())?;
    inner.flush()?;
    Ok(Summary { rows, digest })
}

/// Fills an empty store. The caller checks what is then there, and commits or does not.
///
/// # Errors
/// When the file is no whole archive of this schema, or the store is not empty; those of the store and of the file.
pub(super) async fn read(
    tx: &mut (dyn Transaction + '_),
    schema: i64,
    from: &mut (dyn BufRead + Send),
) -> Result<Summary, ArchiveError> {
    let tables = tx.tables().await?;
    for table in &tables {
        if !tx.rows(table, None, 1).await?.is_empty() {
            return Err(ArchiveError::NotEmpty(table.name.clone()));
        }
    }
    let by_name: BTreeMap<&str, &Table> = tables.iter().map(|table| (table.name.as_str(), table)).collect();
    let mut lines = Lines { from, hash: Sha256::new(), number: 0 };
    let header = lines.next()?.ok_or(ArchiveError::NotAnArchive)?;
    if header.get("archive").and_then(Value::as_str) != Some(NAME) || integer(&header, "version") != Some(VERSION) {
        return Err(ArchiveError::NotAnArchive);
    }
    let found = integer(&header, "schema").ok_or(ArchiveError::NotAnArchive)?;
    if found != schema {
        return Err(ArchiveError::Schema { found, own: schema });
    }
    let mut rows = 0;
    loop {
        // The digest is of what comes before the line that has it.
        let digest = digest_of(lines.hash.clone());
        let line = lines.next()?.ok_or(ArchiveError::NotWhole("its last line is missing"))?;
        if let Some(named) = line.get("digest").and_then(Value::as_str) {
            if named != digest.to_string() || integer(&line, "rows") != i64::try_from(rows).ok() {
                return Err(ArchiveError::NotWhole("its digest is not that of its lines"));
            }
            if lines.next()?.is_some() {
                return Err(ArchiveError::NotWhole("something follows its last line"));
            }
            for table in &tables {
                tx.go_on_after(table).await?;
            }
            return Ok(Summary { rows, digest });
        }
        let wrong = |problem: String| ArchiveError::Line { line: lines.number, problem };
        let name = line.get("table").and_then(Value::as_str).unwrap_or_default();
        let table = by_name.get(name).ok_or_else(|| wrong("a table that this program does not have".to_owned()))?;
        let cells = line.get("row").and_then(Value::as_object);
        let row = cells.ok_or("no row".to_owned()).and_then(|cells| cells_of(table, cells)).map_err(wrong)?;
        tx.insert_row(table, &row).await.map_err(|error| match error {
            StorageError::Exists(_) => wrong("a row that is there already".to_owned()),
            error => ArchiveError::Store(error),
        })?;
        rows += 1;
    }
}

fn number(value: i64) -> Result<Value, ArchiveError> {
    let number = Number::from_i64(value);
    let number = number.map_err(|error| StorageError::Damaged(format!("a number of {value}: {error}")))?;
    Ok(Value::Number(number))
}

fn integer(line: &Value, name: &str) -> Option<i64> {
    line.get(name)?.as_number()?.as_i64()
}

fn value(cell: &Cell) -> Result<Value, ArchiveError> {
    Ok(match cell {
        Cell::Null => Value::Null,
        Cell::Integer(integer) => number(*integer)?,
        Cell::Text(text) => Value::from(text.as_str()),
        Cell::Bytes(bytes) => Value::from(STANDARD.encode(bytes)),
    })
}

/// The cells of a row, which must be exactly those of the table.
fn cells_of(table: &Table, row: &Object) -> Result<Vec<Cell>, String> {
    if row.len() != table.columns.len() {
        return Err(format!("a row of {} with other columns", table.name));
    }
    let cells = table.columns.iter().map(|column| {
        let cell = match (row.get(&column.name), column.kind) {
            (Some(Value::Null), _) => Some(Cell::Null),
            (Some(value), ColumnKind::Integer) => value.as_number().and_then(Number::as_i64).map(Cell::Integer),
            (Some(value), ColumnKind::Text) => value.as_str().map(|text| Cell::Text(text.to_owned())),
            (Some(value), ColumnKind::Bytes) => {
                value.as_str().and_then(|text| STANDARD.decode(text).ok()).map(Cell::Bytes)
            }
            (None, _) => None,
        };
        cell.ok_or_else(|| format!("`{}` of a row of {} is not what it should be", column.name, table.name))
    });
    cells.collect()
}

fn digest_of(hash: Sha256) -> Digest {
    Digest::from_bytes(hash.finalize().into())
}

/// Writes lines and hashes them.
struct Hashing<'w> {
    inner: &'w mut (dyn Write + Send),
    hash: Sha256,
}

impl Hashing<'_> {
    fn line<const N: usize>(&mut self, members: [(&str, Value); N]) -> io::Result<()> {
        let mut line = Value::Object(Object::from_iter(members)).to_canonical_string();
        line.push('\n');
        self.hash.update(line.as_bytes());
        self.inner.write_all(line.as_bytes())
    }
}

/// Reads lines and hashes them.
struct Lines<'r> {
    from: &'r mut (dyn BufRead + Send),
    hash: Sha256,
    number: u64,
}

impl Lines<'_> {
    fn next(&mut self) -> Result<Option<Value>, ArchiveError> {
        let mut line = Vec::new();
        let limit = u64::try_from(MAX_LINE_BYTES).unwrap_or(u64::MAX);
        (&mut *self.from).take(limit).read_until(b'\n', &mut line)?;
        if line.is_empty() {
            return Ok(None);
        }
        self.number += 1;
        let Some(text) = line.strip_suffix(b"\n") else {
            return Err(ArchiveError::NotWhole("a line has no end"));
        };
        let limits = json::Limits { bytes: MAX_LINE_BYTES, ..json::Limits::OURS };
        let value = json::parse_with(text, &limits)
            .map_err(|error| ArchiveError::Line { line: self.number, problem: error.to_string() })?;
        self.hash.update(&line);
        Ok(Some(value))
    }
}
