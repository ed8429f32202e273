//! A column that two tables have, and how its values are compared in SQL.

use crate::diff::Retyped;
use crate::engine::Column;
use crate::name::quote;

/// Floating point numbers that differ by less than this share of themselves are equal: sums of them depend on the order.
const TOLERANCE: &str = "1e-12";

/// A column that both sides have.
pub(super) struct Pair {
    pub(super) before: Column,
    pub(super) after: Column,
    pub(super) is_masked: bool,
}

impl Pair {
    /// Its types, where they are two.
    pub(super) fn retyped(&self) -> Option<Retyped> {
        let (before, after) = (self.before.data_type.clone(), self.after.data_type.clone());
        (before != after).then(|| Retyped { name: self.after.name.clone(), before, after })
    }

    /// The column of each side of a join.
    pub(super) fn sides(&self) -> [String; 2] {
        [format!("b.{}", quote(&self.before.name)), format!("a.{}", quote(&self.after.name))]
    }

    /// Whether it holds numbers on both sides.
    pub(super) fn is_numeric(&self) -> bool {
        is_number(&self.before.data_type) && is_number(&self.after.data_type)
    }

    /// Whether it holds floating point numbers on one side at least.
    pub(super) fn is_float(&self) -> bool {
        [&self.before, &self.after].iter().any(|column| matches!(column.data_type.as_str(), "FLOAT" | "DOUBLE"))
    }

    /// Whether a plain comparison of both sides is one of values. Texts are compared where it is not.
    fn is_comparable(&self) -> bool {
        let is_plain = !["MAP", "UNION", "VARIANT"].iter().any(|kind| self.after.data_type.starts_with(kind));
        is_plain && (self.before.data_type == self.after.data_type || self.is_numeric())
    }

    /// An expression: whether the values differ.
    pub(super) fn differs_exactly(&self) -> String {
        let [b, a] = self.sides();
        match self.is_comparable() {
            true => format!("{b} is distinct from {a}"),
            false => format!("{} is distinct from {}", text(&b), text(&a)),
        }
    }

    /// An expression: whether the values differ by more than the order in which floating point numbers were added.
    pub(super) fn differs(&self) -> String {
        let exactly = self.differs_exactly();
        if !(self.is_comparable() && self.is_float()) {
            return exactly;
        }
        let [b, a] = self.sides();
        let is_near = format!(
            "isfinite({b}::double) and isfinite({a}::double)
             and abs({b} - {a}) <= {TOLERANCE} * greatest(abs({b}), abs({a}))"
        );
        format!("({exactly} and not coalesce({is_near}, false))")
    }
}

/// A column as text.
pub(super) fn text(column: &str) -> String {
    format!("cast({column} as varchar)")
}

fn is_number(data_type: &str) -> bool {
    let is_whole = ["TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT"]
        .iter()
        .any(|whole| data_type == *whole || data_type.strip_prefix('U') == Some(whole));
    is_whole
        || matches!(data_type, "FLOAT" | "DOUBLE")
        || (data_type.starts_with("DECIMAL") && !data_type.ends_with(']'))
}

/// The columns of one side, such that both sides' can stand under each other.
pub(super) fn listed(pairs: &[&Pair], side: fn(&Pair) -> &Column) -> String {
    let column = |pair: &&Pair| {
        let name = quote(&side(pair).name);
        match pair.is_comparable() {
            true => format!("{name} as {}", quote(&pair.after.name)),
            false => format!("{} as {}", text(&name), quote(&pair.after.name)),
        }
    };
    pairs.iter().map(column).collect::<Vec<_>>().join(", ")
}
