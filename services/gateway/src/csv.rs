//! Tables as files: every cell as text, none that a program takes for a formula.

use contracts::problem::Problem;

/// A table on its way into a file.
pub(crate) struct Table(csv::Writer<Vec<u8>>);

#[expect(clippy::needless_pass_by_value, reason = "it is used to map errors")]
fn not_made(error: csv::Error) -> Problem {
    tracing::warn!(%error, "a table could not be written");
    Problem::unavailable("the table could not be made; try again")
}

/// A cell that no program takes for a formula.
fn cell(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        return format!("'{text}");
    }
    text.to_owned()
}

impl Table {
    /// Begins one with its head.
    pub(crate) fn new(head: &[&str]) -> Result<Self, Problem> {
        let mut table = Self(csv::Writer::from_writer(Vec::new()));
        table.row(head)?;
        Ok(table)
    }

    /// Adds a row.
    pub(crate) fn row(&mut self, cells: &[&str]) -> Result<(), Problem> {
        self.0
            .write_record(cells.iter().map(|text| cell(text)))
            .map_err(not_made)
    }

    /// The file.
    pub(crate) fn done(self) -> Result<Vec<u8>, Problem> {
        self.0.into_inner().map_err(|error| not_made(error.into_error().into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_people_wrote_is_a_formula() {
        let mut table = Table::new(&["words"]).expect("begun");
        for words in ["=1+1", "@SUM(A1)", "-2", "a, \"b\"\nc"] {
            table.row(&[words]).expect("a row");
        }
        let text = String::from_utf8(table.done().expect("done")).expect("text");
        assert_eq!(text, "words\n'=1+1\n'@SUM(A1)\n'-2\n\"a, \"\"b\"\"\nc\"\n");
    }
}
