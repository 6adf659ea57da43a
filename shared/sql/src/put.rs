//! Many rows in few statements.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::{Postgres, QueryBuilder, Sqlite};
use uuid::Uuid;

use crate::{Tx, chunks};

/// Rows in one statement on PostgreSQL, at most: so few that rows to be changed are looked up one by one, and tables not
/// read whole for them.
const AT_ONCE_MAX: usize = 1024;

/// One value of a row; also where there is none, its type is known.
#[derive(Debug, Clone, Copy)]
pub enum Cell<'a> {
    /// A large number.
    Long(Option<i64>),
    /// A number.
    Int(Option<i32>),
    /// A text.
    Text(Option<&'a str>),
    /// Bytes.
    Bytes(Option<&'a [u8]>),
    /// An id.
    Id(Option<Uuid>),
    /// A moment.
    Time(Option<DateTime<Utc>>),
    /// A day.
    Day(Option<NaiveDate>),
}

macro_rules! cells {
    ($($kind:ident: $type:ty),* $(,)?) => {
        $(
            impl<'a> From<$type> for Cell<'a> {
                fn from(value: $type) -> Self {
                    Self::$kind(Some(value))
                }
            }

            impl<'a> From<Option<$type>> for Cell<'a> {
                fn from(value: Option<$type>) -> Self {
                    Self::$kind(value)
                }
            }
        )*
    };
}

cells! {
    Long: i64,
    Int: i32,
    Text: &'a str,
    Bytes: &'a [u8],
    Id: Uuid,
    Time: DateTime<Utc>,
    Day: NaiveDate,
}

/// The values of one row, in the order of the columns.
#[derive(Debug, Default)]
pub struct Values<'a> {
    cells: Vec<Cell<'a>>,
}

impl<'a> Values<'a> {
    /// The next one.
    pub fn put(&mut self, value: impl Into<Cell<'a>>) -> &mut Self {
        self.cells.push(value.into());
        self
    }
}

/// One column of many rows, as PostgreSQL takes it.
#[derive(Debug)]
enum Column<'a> {
    Long(Vec<Option<i64>>),
    Int(Vec<Option<i32>>),
    Text(Vec<Option<&'a str>>),
    Bytes(Vec<Option<&'a [u8]>>),
    Id(Vec<Option<Uuid>>),
    Time(Vec<Option<DateTime<Utc>>>),
    Day(Vec<Option<NaiveDate>>),
}

impl<'a> Column<'a> {
    fn like(cell: Cell<'a>, rows: usize) -> Self {
        match cell {
            Cell::Long(_) => Self::Long(Vec::with_capacity(rows)),
            Cell::Int(_) => Self::Int(Vec::with_capacity(rows)),
            Cell::Text(_) => Self::Text(Vec::with_capacity(rows)),
            Cell::Bytes(_) => Self::Bytes(Vec::with_capacity(rows)),
            Cell::Id(_) => Self::Id(Vec::with_capacity(rows)),
            Cell::Time(_) => Self::Time(Vec::with_capacity(rows)),
            Cell::Day(_) => Self::Day(Vec::with_capacity(rows)),
        }
    }

    /// Whether the cell was of this column's type.
    fn push(&mut self, cell: Cell<'a>) -> bool {
        match (self, cell) {
            (Self::Long(column), Cell::Long(value)) => column.push(value),
            (Self::Int(column), Cell::Int(value)) => column.push(value),
            (Self::Text(column), Cell::Text(value)) => column.push(value),
            (Self::Bytes(column), Cell::Bytes(value)) => column.push(value),
            (Self::Id(column), Cell::Id(value)) => column.push(value),
            (Self::Time(column), Cell::Time(value)) => column.push(value),
            (Self::Day(column), Cell::Day(value)) => column.push(value),
            _ => return false,
        }
        true
    }
}

/// Writes many rows: `head`, then their values, then `tail`, as in `INSERT INTO … (…)`, `ON CONFLICT … DO …`; or takes many
/// out, as in `DELETE FROM … WHERE … IN (`, `)`.
///
/// SQLite gets them as `VALUES`, some hundreds a statement; PostgreSQL as one array a column. A statement with a place for
/// every value has PostgreSQL set thousands of expressions up each time: it cost a sixth of making a read model again.
pub async fn put<'a, T>(
    tx: &mut Tx,
    head: &str,
    rows: &'a [T],
    values: impl Fn(&mut Values<'a>, &'a T),
    tail: &str,
) -> Result<(), sqlx::Error> {
    match tx {
        Tx::Sqlite(connection) => {
            for chunk in chunks(rows) {
                let mut query = query_of_values(head, chunk, &values);
                query.push(tail);
                query.build().execute(&mut **connection).await?;
            }
        }
        Tx::Postgres(connection) => {
            for chunk in rows.chunks(AT_ONCE_MAX) {
                let mut query = query_of_columns(head, &columns(chunk, &values)?);
                query.push(tail);
                query.build().execute(&mut **connection).await?;
            }
        }
    }
    Ok(())
}

fn query_of_values<'a, T>(head: &str, rows: &'a [T], values: &impl Fn(&mut Values<'a>, &'a T)) -> QueryBuilder<Sqlite> {
    let mut query = QueryBuilder::new(head);
    query.push(" ");
    let mut row = Values::default();
    query.push_values(rows, |mut places, one| {
        row.cells.clear();
        values(&mut row, one);
        for cell in &row.cells {
            match *cell {
                Cell::Long(value) => places.push_bind(value),
                Cell::Int(value) => places.push_bind(value),
                Cell::Text(value) => places.push_bind(value),
                Cell::Bytes(value) => places.push_bind(value),
                Cell::Id(value) => places.push_bind(value),
                Cell::Time(value) => places.push_bind(value),
                Cell::Day(value) => places.push_bind(value),
            };
        }
    });
    query
}

fn columns<'a, T>(rows: &'a [T], values: &impl Fn(&mut Values<'a>, &'a T)) -> Result<Vec<Column<'a>>, sqlx::Error> {
    let mut row = Values::default();
    let mut columns: Vec<Column<'a>> = Vec::new();
    for one in rows {
        row.cells.clear();
        values(&mut row, one);
        if columns.is_empty() {
            columns.extend(row.cells.iter().map(|cell| Column::like(*cell, rows.len())));
        }
        let fits = columns.len() == row.cells.len()
            && columns
                .iter_mut()
                .zip(&row.cells)
                .all(|(column, cell)| column.push(*cell));
        if !fits {
            return Err(sqlx::Error::Encode(
                "rows of one statement are of different shapes".into(),
            ));
        }
    }
    Ok(columns)
}

fn query_of_columns(head: &str, columns: &[Column<'_>]) -> QueryBuilder<Postgres> {
    let mut query = QueryBuilder::new(head);
    query.push(" SELECT * FROM unnest(");
    let mut places = query.separated(", ");
    for column in columns {
        match column {
            Column::Long(values) => places.push_bind(values),
            Column::Int(values) => places.push_bind(values),
            Column::Text(values) => places.push_bind(values),
            Column::Bytes(values) => places.push_bind(values),
            Column::Id(values) => places.push_bind(values),
            Column::Time(values) => places.push_bind(values),
            Column::Day(values) => places.push_bind(values),
        };
    }
    query.push(")");
    query
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_database_gets_its_own_statement_and_a_missing_value_keeps_its_type() {
        let rows = [(1_i64, Some("a")), (2, None)];
        let values = |row: &mut Values<'static>, (id, text): &'static (i64, Option<&'static str>)| {
            row.put(*id).put(*text);
        };
        let rows: &'static [(i64, Option<&'static str>)] = Box::leak(Box::new(rows));
        assert_eq!(
            query_of_values("INSERT INTO t (a, b)", rows, &values).sql(),
            "INSERT INTO t (a, b) VALUES (?, ?), (?, ?)"
        );
        let columns = columns(rows, &values).expect("of one shape");
        assert!(matches!(&columns[1], Column::Text(texts) if texts == &[Some("a"), None]));
        assert_eq!(
            query_of_columns("INSERT INTO t (a, b)", &columns).sql(),
            "INSERT INTO t (a, b) SELECT * FROM unnest($1, $2)"
        );
    }

    #[test]
    fn rows_of_different_shapes_are_refused() {
        let shapes = |row: &mut Values<'_>, nth: &i64| {
            if *nth == 1 {
                row.put(1_i64);
            } else {
                row.put("one");
            }
        };
        assert!(columns(&[1_i64, 2], &shapes).is_err());
    }
}
