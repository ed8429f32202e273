//! Expected and actual rows, side by side.

use crate::check::Difference;
use crate::check::Mark;
use crate::check::Verdict;

/// Characters that are shown of a cell.
const WIDEST: usize = 40;

/// Compares rows of a model, in whichever order; each has a cell for every column.
pub fn compare(model: &str, columns: &[String], expected: Vec<Vec<String>>, mut got: Vec<Vec<String>>) -> Verdict {
    let (counts, mut missing, mut equal) = ((expected.len(), got.len()), Vec::new(), Vec::new());
    for row in expected {
        match got.iter().position(|other| *other == row) {
            Some(at) => equal.push(got.remove(at)),
            None => missing.push(row),
        }
    }
    if missing.is_empty() && got.is_empty() {
        return Verdict::Equal;
    }
    let mut lines: Vec<(Mark, Vec<String>)> = vec![(Mark::Plain, columns.to_vec())];
    lines.extend(equal.into_iter().map(|row| (Mark::Plain, row)));
    for row in missing {
        // Beside the row that has most in common with it.
        let common = |other: &Vec<String>| row.iter().zip(other).filter(|(one, two)| one == two).count();
        match (0..got.len())
            .max_by_key(|at| (common(&got[*at]), usize::MAX - at))
            .filter(|at| common(&got[*at]) > 0 || columns.len() == 1)
        {
            Some(at) => {
                let other = got.remove(at);
                let beside = row.iter().zip(&other).map(|(one, two)| match one == two {
                    true => one.clone(),
                    false => format!("{one} → {two}"),
                });
                lines.push((Mark::Changed, beside.collect()));
            }
            None => lines.push((Mark::Removed, row)),
        }
    }
    lines.extend(got.into_iter().map(|row| (Mark::Added, row)));
    let headline = format!("`{model}` is to make {} and makes {} (expected → made):", rows(counts.0), counts.1);
    Verdict::Differs(Box::new(Difference { headline, lines: aligned(lines) }))
}

fn rows(count: usize) -> String {
    format!("{count} row{}", if count == 1 { "" } else { "s" })
}

fn aligned(lines: Vec<(Mark, Vec<String>)>) -> Vec<(Mark, String)> {
    let cut = |cell: String| match cell.chars().count() > WIDEST {
        true => cell.chars().take(WIDEST).chain(['…']).collect(),
        false => cell,
    };
    let lines: Vec<(Mark, Vec<String>)> =
        lines.into_iter().map(|(mark, row)| (mark, row.into_iter().map(cut).collect())).collect();
    let columns = lines.first().map_or(0, |(_, row)| row.len());
    let width = |column: usize| lines.iter().map(|(_, row)| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let told = |(mark, row): &(Mark, Vec<String>)| {
        let cells: Vec<_> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        (*mark, cells.join(" | ").trim_end().to_string())
    };
    lines.iter().map(told).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(expected: &[&[&str]], got: &[&[&str]]) -> String {
        let owned =
            |rows: &[&[&str]]| rows.iter().map(|row| row.iter().map(|it| (*it).to_string()).collect()).collect();
        let sign = |mark: &Mark| match mark {
            Mark::Plain => ' ',
            Mark::Added => '+',
            Mark::Removed => '-',
            Mark::Changed => '~',
        };
        match compare("sales", &["id".to_string(), "amount".to_string()], owned(expected), owned(got)) {
            Verdict::Differs(it) => {
                let lines: String = it.lines.iter().map(|(mark, text)| format!("\n{} {text}", sign(mark))).collect();
                it.headline + &lines
            }
            other => other.as_str().to_string(),
        }
    }

    #[test]
    fn rows_are_told_beside_those_that_are_most_like_them() {
        assert_eq!(told(&[&["1", "2"], &["1", "2"]], &[&["1", "2"], &["1", "2"]]), "equal");
        assert_eq!(told(&[], &[]), "equal");
        insta::assert_snapshot!(told(
            &[&["1", "2.50"], &["2", "3"], &["4", "NULL"], &["5", "6"]],
            &[&["2", "3"], &["1", "2.55"], &["4", "0"], &["7", "8"], &["1", "9"]]
        ), @r"
        `sales` is to make 4 rows and makes 5 (expected → made):
          id | amount
          2  | 3
        ~ 1  | 2.50 → 2.55
        ~ 4  | NULL → 0
        - 5  | 6
        + 7  | 8
        + 1  | 9
        ");
    }
}
