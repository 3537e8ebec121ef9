//! Whole tables. The statements are made from the names in the database's own catalogue, never from what is imported.

use async_trait::async_trait;
use mcp_pin_storage::{
    StorageError,
    archive::{ArchiveReader, ArchiveWriter, Cell, Column, ColumnKind, Table},
    rows::columns::unavailable,
};
use sqlx::{
    AssertSqlSafe, Postgres, Row as _,
    postgres::{PgArguments, PgRow},
    query::Query,
};

use crate::{answer::Answer as _, connection::Connection, inserted};

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn list(names: impl IntoIterator<Item = String>) -> String {
    names.into_iter().collect::<Vec<_>>().join(", ")
}

/// The parameter of a column: numbers come as the widest type and become what the column has.
fn parameter(number: usize, column: &Column) -> String {
    match column.declared.as_str() {
        "boolean" => format!("${number}::bigint::integer::boolean"),
        declared => format!("${number}::{declared}"),
    }
}

/// A column as it is read: every number as the widest type.
fn selected(column: &Column) -> String {
    let name = quoted(&column.name);
    match column.declared.as_str() {
        "boolean" => format!("{name}::integer::bigint"),
        "integer" | "smallint" => format!("{name}::bigint"),
        _ => name,
    }
}

fn bind<'q>(
    query: Query<'q, Postgres, PgArguments>,
    kind: ColumnKind,
    cell: &Cell,
) -> Query<'q, Postgres, PgArguments> {
    match (cell, kind) {
        (Cell::Integer(number), _) => query.bind(*number),
        (Cell::Text(text), _) => query.bind(text.clone()),
        (Cell::Bytes(bytes), _) => query.bind(bytes.clone()),
        (Cell::Null, ColumnKind::Integer) => query.bind(None::<i64>),
        (Cell::Null, ColumnKind::Text) => query.bind(None::<String>),
        (Cell::Null, ColumnKind::Bytes) => query.bind(None::<Vec<u8>>),
    }
}

fn cell(row: &PgRow, index: usize, kind: ColumnKind) -> Result<Cell, StorageError> {
    let cell = match kind {
        ColumnKind::Integer => row.try_get::<Option<i64>, _>(index).map(|cell| cell.map(Cell::Integer)),
        ColumnKind::Text => row.try_get::<Option<String>, _>(index).map(|cell| cell.map(Cell::Text)),
        ColumnKind::Bytes => row.try_get::<Option<Vec<u8>>, _>(index).map(|cell| cell.map(Cell::Bytes)),
    };
    Ok(cell.map_err(unavailable)?.unwrap_or(Cell::Null))
}

impl Connection {
    async fn table(&mut self, name: String) -> Result<Table, StorageError> {
        let found: Vec<(String, String, Option<i32>)> = sqlx::query_as(
            "SELECT attname::text, format_type(atttypid, NULL), array_position(indkey::int2[], attnum)
             FROM pg_attribute LEFT JOIN pg_index ON indrelid = attrelid AND indisprimary
             WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
        )
        .bind(quoted(&name))
        .fetch_all(self.db())
        .answer()
        .await?;
        let mut key: Vec<(i32, usize)> = Vec::new();
        let mut columns = Vec::new();
        for (index, (column, declared, position)) in found.into_iter().enumerate() {
            let kind = match declared.as_str() {
                "bigint" | "integer" | "smallint" | "boolean" => ColumnKind::Integer,
                "text" => ColumnKind::Text,
                "bytea" => ColumnKind::Bytes,
                _ => return Err(StorageError::Unsuitable(format!("{name}.{column} is of the type {declared}"))),
            };
            if let Some(position) = position {
                key.push((position, index));
            }
            columns.push(Column { name: column, kind, declared });
        }
        if key.is_empty() {
            return Err(StorageError::Unsuitable(format!("the table {name} has no primary key")));
        }
        key.sort_unstable();
        let refers_to: Vec<String> = sqlx::query_scalar(
            "SELECT DISTINCT other.relname::text FROM pg_constraint JOIN pg_class other ON other.oid = confrelid
             WHERE contype = 'f' AND conrelid = $1::regclass",
        )
        .bind(quoted(&name))
        .fetch_all(self.db())
        .answer()
        .await?;
        let refers_to = refers_to.into_iter().filter(|other| *other != name).collect();
        Ok(Table { name, columns, key: key.into_iter().map(|(_, index)| index).collect(), refers_to })
    }
}

#[async_trait]
impl ArchiveReader for Connection {
    #[tracing::instrument(name = "db.archive.tables", skip_all)]
    async fn tables(&mut self) -> Result<Vec<Table>, StorageError> {
        let names: Vec<String> = sqlx::query_scalar(
            "SELECT relname::text FROM pg_class
             WHERE relkind IN ('r', 'p') AND relnamespace = current_schema()::regnamespace
                 AND relname <> '_sqlx_migrations'",
        )
        .fetch_all(self.db())
        .answer()
        .await?;
        let mut tables = Vec::new();
        for name in names {
            tables.push(self.table(name).await?);
        }
        Table::sorted(tables)
    }

    #[tracing::instrument(name = "db.archive.rows", skip_all)]
    async fn rows(
        &mut self,
        table: &Table,
        after: Option<&[Cell]>,
        limit: u32,
    ) -> Result<Vec<Vec<Cell>>, StorageError> {
        let columns = list(table.columns.iter().map(selected));
        let keys: Vec<&Column> = table.key.iter().filter_map(|index| table.columns.get(*index)).collect();
        let key = list(keys.iter().map(|column| match column.kind {
            ColumnKind::Text => format!("{} COLLATE \"C\"", quoted(&column.name)),
            ColumnKind::Integer | ColumnKind::Bytes => quoted(&column.name),
        }));
        let beyond = after.map_or_else(String::new, |_| {
            let parameters = list(keys.iter().enumerate().map(|(index, column)| parameter(index + 1, column)));
            format!("WHERE ({key}) > ({parameters})")
        });
        let text = format!("SELECT {columns} FROM {} {beyond} ORDER BY {key} LIMIT {limit}", quoted(&table.name));
        let mut query = sqlx::query(AssertSqlSafe(text));
        for (cell, column) in after.unwrap_or_default().iter().zip(keys) {
            query = bind(query, column.kind, cell);
        }
        let rows = query.fetch_all(self.db()).answer().await?;
        rows.iter()
            .map(|row| {
                let kinds = table.columns.iter().enumerate();
                kinds.map(|(index, column)| cell(row, index, column.kind)).collect()
            })
            .collect()
    }
}

#[async_trait]
impl ArchiveWriter for Connection {
    #[tracing::instrument(name = "db.archive.insert", skip_all)]
    async fn insert_row(&mut self, table: &Table, row: &[Cell]) -> Result<(), StorageError> {
        let columns = list(table.columns.iter().map(|column| quoted(&column.name)));
        let parameters = list(table.columns.iter().enumerate().map(|(index, column)| parameter(index + 1, column)));
        // Numbers that the database would give out by itself are part of what is imported.
        let text = format!(
            "INSERT INTO {} ({columns}) OVERRIDING SYSTEM VALUE VALUES ({parameters}) ON CONFLICT DO NOTHING",
            quoted(&table.name)
        );
        let mut query = sqlx::query(AssertSqlSafe(text));
        for (cell, column) in row.iter().zip(&table.columns) {
            query = bind(query, column.kind, cell);
        }
        let result = query.execute(self.db()).answer().await?;
        inserted(&result, "a row")
    }

    #[tracing::instrument(name = "db.archive.go_on", skip_all)]
    async fn go_on_after(&mut self, table: &Table) -> Result<(), StorageError> {
        for column in &table.columns {
            let text = format!(
                "SELECT setval(pg_get_serial_sequence($1, $2), (SELECT max({})::bigint FROM {}))
                 WHERE pg_get_serial_sequence($1, $2) IS NOT NULL",
                quoted(&column.name),
                quoted(&table.name)
            );
            if column.kind == ColumnKind::Integer {
                let query = sqlx::query(AssertSqlSafe(text)).bind(quoted(&table.name)).bind(&column.name);
                query.execute(self.db()).answer().await?;
            }
        }
        Ok(())
    }
}
