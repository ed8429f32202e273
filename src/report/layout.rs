//! Plain text that fits a page: tables whose cells wrap, paragraphs, SQL.

/// Characters of a line.
pub(super) const WIDTH: usize = 100;

/// Between two columns.
const GAP: &str = "  ";

/// A column is not made narrower than this.
const NARROWEST: usize = 12;

/// A table on its way to the page.
pub(super) struct Grid {
    /// Heading, and whether the cells stand at the right.
    pub(super) columns: Vec<(String, bool)>,
    pub(super) rows: Vec<Vec<String>>,
}

impl Grid {
    /// Lines of at most `width` characters: headings, a rule, rows. The widest columns wrap until it fits; where there
    /// are too many columns for that, each row becomes a paragraph of `heading: value` lines.
    pub(super) fn lines(&self, width: usize) -> Vec<String> {
        let mut widths: Vec<usize> = self.columns.iter().map(|(heading, _)| length(heading)).collect();
        for row in &self.rows {
            for (held, cell) in widths.iter_mut().zip(row) {
                *held = (*held).max(length(cell));
            }
        }
        let gaps = GAP.len() * widths.len().saturating_sub(1);
        while widths.iter().sum::<usize>() + gaps > width {
            let over = widths.iter().sum::<usize>() + gaps - width;
            // Numbers do not wrap.
            let texts = widths.iter_mut().zip(&self.columns).filter(|(_, (_, right))| !right).map(|(held, _)| held);
            let Some(widest) = texts.max() else { return self.records(width) };
            if *widest <= NARROWEST {
                return self.records(width);
            }
            *widest = widest.saturating_sub(over).max(NARROWEST);
        }
        let headings: Vec<_> = self.columns.iter().map(|(heading, _)| heading.clone()).collect();
        let mut lines = self.line(&headings, &widths);
        lines.push("-".repeat(widths.iter().sum::<usize>() + gaps));
        lines.extend(self.rows.iter().flat_map(|row| self.line(row, &widths)));
        lines
    }

    fn line(&self, cells: &[String], widths: &[usize]) -> Vec<String> {
        let wrapped: Vec<_> = cells.iter().zip(widths).map(|(cell, width)| wrap(cell, *width)).collect();
        let height = wrapped.iter().map(Vec::len).max().unwrap_or(0);
        let line = |index: usize| {
            let cells = wrapped.iter().zip(widths).zip(&self.columns).map(|((cell, width), (_, right))| {
                let text = cell.get(index).map_or("", String::as_str);
                if *right { format!("{text:>width$}") } else { format!("{text:<width$}") }
            });
            cells.collect::<Vec<_>>().join(GAP).trim_end().to_string()
        };
        (0..height).map(line).collect()
    }

    fn records(&self, width: usize) -> Vec<String> {
        let mut lines = Vec::new();
        for row in &self.rows {
            for ((heading, _), cell) in self.columns.iter().zip(row) {
                lines.extend(hanging(&format!("{heading}: {cell}"), width, "    ", wrap));
            }
            lines.push(String::new());
        }
        lines.pop();
        lines
    }
}

fn length(text: &str) -> usize {
    text.chars().count()
}

/// A text in lines of at most `width` characters, broken at spaces, and in a word only where it is longer than a line.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let mut word: Vec<char> = word.chars().collect();
        loop {
            let last = lines.last_mut().map(|line| (length(line), line));
            let Some((used, line)) = last else { break };
            let space = usize::from(used > 0);
            if used + space + word.len() <= width {
                if space > 0 {
                    line.push(' ');
                }
                line.extend(&word);
                break;
            }
            if used == 0 {
                line.extend(word.drain(..width.max(1).min(word.len())));
            }
            lines.push(String::new());
        }
    }
    if lines.len() > 1 && lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    lines
}

/// SQL in lines of about `width` characters, broken only where a line break changes nothing: at spaces outside of
/// quotes. It can be pasted as it stands.
pub(super) fn wrap_sql(sql: &str, width: usize) -> Vec<String> {
    let mut pieces = vec![String::new()];
    let mut quoted = None;
    for character in sql.trim().chars() {
        match quoted {
            Some(quote) if quote == character => quoted = None,
            None if matches!(character, '\'' | '"') => quoted = Some(character),
            _ => {}
        }
        match pieces.last_mut() {
            Some(piece) if quoted.is_some() || !character.is_whitespace() => piece.push(character),
            _ => pieces.push(String::new()),
        }
    }
    let mut lines: Vec<String> = Vec::new();
    for piece in pieces.into_iter().filter(|piece| !piece.is_empty()) {
        match lines.last_mut() {
            Some(line) if length(line) + 1 + length(&piece) <= width => {
                line.push(' ');
                line.push_str(&piece);
            }
            _ => lines.push(piece),
        }
    }
    lines
}

/// A paragraph whose lines after the first are set in.
pub(super) fn hanging(
    text: &str,
    width: usize,
    indent: &str,
    wrap: impl Fn(&str, usize) -> Vec<String>,
) -> Vec<String> {
    let lines = wrap(text, width.saturating_sub(indent.len()).max(NARROWEST));
    let set = |(index, line): (usize, String)| if index == 0 { line } else { format!("{indent}{line}") };
    lines.into_iter().enumerate().map(set).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sql_breaks_only_where_it_may() {
        let sql = "select * from t where note = 'a  long   text with spaces' and id = 1";
        let lines = wrap_sql(sql, 30);
        assert_eq!(lines, ["select * from t where note =", "'a  long   text with spaces'", "and id = 1"]);
    }

    #[test]
    fn words_longer_than_a_line_break_and_nothing_is_lost() {
        assert_eq!(wrap("abcdefgh ij k", 4), ["abcd", "efgh", "ij k"]);
        assert_eq!(wrap("", 4), [""]);
        assert_eq!(wrap("ééééé", 2), ["éé", "éé", "é"]);
    }

    #[test]
    fn a_wide_table_wraps_and_a_wider_one_becomes_records() {
        let cell = "word ".repeat(30);
        let grid = Grid {
            columns: vec![("metric".into(), false), ("rows".into(), true)],
            rows: vec![vec![cell.clone(), "1,234".into()]],
        };
        assert!(grid.lines(60).iter().all(|line| length(line) <= 60));
        let many = Grid {
            columns: (0..20).map(|index| (format!("column {index}"), index % 2 == 0)).collect(),
            rows: vec![vec![cell; 20]],
        };
        let lines = many.lines(60);
        assert!(lines.iter().all(|line| length(line) <= 60) && lines[0].starts_with("column 0: word"), "{lines:?}");
    }
}
