//! A text of every value that DuckDB and BigQuery make alike, so that a hash that one makes can be compared with one that the
//! other makes. (What each of them prints of a decimal, a time or a float is its own.)

use crate::name::quote;

use super::types::{Kind, Sent};

/// Who makes the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    DuckDb,
    BigQuery,
}

impl Side {
    /// An expression for an order-free hash over rows: over these columns of each, as they travel.
    pub(super) fn hash<'c>(self, columns: impl Iterator<Item = (&'c str, &'c Sent)>) -> String {
        let text = |(name, sent): (&str, &Sent)| match self {
            Self::DuckDb => {
                let value = sent.without_sign_of_zero(&quote(name));
                self.value(sent, &format!("cast({value} as {})", sent.cast), 0)
            }
            Self::BigQuery => self.value(sent, &format!("`{name}`"), 0),
        };
        let all = columns.map(text).collect::<Vec<_>>().join(", ");
        match self {
            Self::DuckDb => self.folded(&format!("md5(concat('', {all}))")),
            Self::BigQuery => self.folded(&format!("TO_HEX(MD5(CONCAT('', {all})))")),
        }
    }

    /// An expression for an order-free hash over what are hashes already, in hexadecimal digits: a sum, in which equal rows
    /// count as often as they are there. NULL, and what is no hash, count as something else.
    pub(super) fn folded(self, hex: &str) -> String {
        match self {
            Self::DuckDb => {
                format!("coalesce(sum(coalesce(try_cast('0x' || substr({hex}, 1, 15) as bigint), -1)), 0)")
            }
            Self::BigQuery => {
                let one = format!("COALESCE(SAFE_CAST(CONCAT('0x', SUBSTR({hex}, 1, 15)) AS INT64), -1)");
                format!("COALESCE(SUM(CAST({one} AS NUMERIC)), 0)")
            }
        }
    }

    /// The text of one value among others: it ends where it says, and NULL is no text.
    fn value(self, sent: &Sent, value: &str, depth: usize) -> String {
        let inner = self.inner(sent, value, depth);
        match self {
            Self::DuckDb => {
                format!("coalesce('=' || replace(replace({inner}, '~', '~~'), ';', '~.'), '-') || ';'")
            }
            Self::BigQuery => {
                format!("COALESCE(CONCAT('=', REPLACE(REPLACE({inner}, '~', '~~'), ';', '~.')), '-'), ';'")
            }
        }
    }

    fn inner(self, sent: &Sent, value: &str, depth: usize) -> String {
        if !sent.is_repeated {
            return self.one(sent, value, depth);
        }
        let (item, at) = (format!("_item{depth}"), format!("_at{depth}"));
        let text = self.value(&Sent { is_repeated: false, ..sent.clone() }, &item, depth + 1);
        // BigQuery has no list that is NULL.
        match self {
            Self::DuckDb => {
                format!("coalesce(array_to_string(list_transform({value}, lambda {item}: {text}), ''), '')")
            }
            Self::BigQuery => format!(
                "ARRAY_TO_STRING(ARRAY(SELECT CONCAT('', {text}) FROM UNNEST({value}) AS {item} WITH OFFSET AS {at} ORDER BY {at}), '')"
            ),
        }
    }

    fn one(self, sent: &Sent, value: &str, depth: usize) -> String {
        let kind = match &sent.kind {
            Kind::Scalar(kind) => *kind,
            Kind::Struct(fields) => return self.structure(fields, value, depth),
        };
        match (self, kind) {
            (_, "STRING") => value.to_string(),
            // A whole number may have been published as a decimal.
            (Self::DuckDb, "INT64" | "NUMERIC" | "BIGNUMERIC") => self.shortened(&format!("cast({value} as varchar)")),
            (Self::BigQuery, "INT64" | "NUMERIC" | "BIGNUMERIC") => self.shortened(&format!("CAST({value} AS STRING)")),
            (Self::DuckDb, "FLOAT64") => format!("format('{{:.17g}}', {value} + 0)"),
            (Self::BigQuery, "FLOAT64") => format!("FORMAT('%.17g', {value} + 0)"),
            (Self::DuckDb, "TIMESTAMP" | "TIME") => format!("cast(epoch_us({value}) as varchar)"),
            (Self::BigQuery, "TIMESTAMP") => format!("CAST(UNIX_MICROS({value}) AS STRING)"),
            (Self::BigQuery, "TIME") => {
                format!("CAST(TIME_DIFF({value}, TIME '00:00:00', MICROSECOND) AS STRING)")
            }
            (Self::DuckDb, "BYTES") => format!("lower(hex({value}))"),
            (Self::BigQuery, "BYTES") => format!("TO_HEX({value})"),
            (Self::DuckDb, _) => format!("cast({value} as varchar)"),
            (Self::BigQuery, _) => format!("CAST({value} AS STRING)"),
        }
    }

    fn structure(self, fields: &[(String, Sent)], value: &str, depth: usize) -> String {
        let text = |(name, sent): &(String, Sent)| match self {
            Self::DuckDb => {
                self.value(sent, &format!("struct_extract({value}, '{}')", name.replace('\'', "''")), depth)
            }
            Self::BigQuery => self.value(sent, &format!("{value}.`{name}`"), depth),
        };
        let all = fields.iter().map(text).collect::<Vec<_>>().join(", ");
        match self {
            Self::DuckDb => format!("case when {value} is not null then concat('', {all}) end"),
            Self::BigQuery => format!("IF({value} IS NULL, NULL, CONCAT('', {all}))"),
        }
    }

    /// A decimal without the zeros that say nothing.
    fn shortened(self, text: &str) -> String {
        let raw = if self == Self::BigQuery { "r" } else { "" };
        format!("regexp_replace(regexp_replace({text}, {raw}'([.][0-9]*?)0+$', {raw}'\\1'), '[.]$', '')")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Engine;
    use crate::publish::bigquery::types::sent;

    /// The text of a value, as DuckDB makes it.
    fn text(value: &str) -> String {
        let session = Engine::in_memory().unwrap().session().unwrap();
        let kind = session.query(&format!("select typeof({value})")).unwrap().rows[0][0].to_string();
        let sent = sent(&kind).unwrap();
        let expression = Side::DuckDb.value(&sent, &format!("cast({value} as {})", sent.cast), 0);
        session.query(&format!("select {expression}")).unwrap().rows[0][0].to_string()
    }

    #[test]
    fn no_two_values_have_the_same_text() {
        for (value, expected) in [
            ("null::varchar", "-;"),
            ("''", "=;"),
            ("'-;='", "=-~.=;"),
            ("'~'", "=~~;"),
            ("1.50::decimal(18, 2)", "=1.5;"),
            ("100::decimal(18, 2)", "=100;"),
            ("-0.10::decimal(38, 9)", "=-0.1;"),
            ("0.1::double", "=0.10000000000000001;"),
            ("-0.0::double", "=0;"),
            ("timestamp '2025-01-01 00:00:00.5'", "=1735689600500000;"),
            ("time '10:00:00.5'", "=36000500000;"),
            ("date '2025-01-01'", "=2025-01-01;"),
            ("'ab'::blob", "=6162;"),
            ("true", "=true;"),
            ("[]::varchar[]", "=;"),
            ("null::varchar[]", "=;"),
            ("null::struct(a integer)", "-;"),
        ] {
            assert_eq!(text(value), expected, "{value}");
        }
        let alike =
            ["['a', 'b']", "['a', 'b;=']", "['ab']", "['a;=b']", "['a~', 'b']", "['a', null]", "['a', '']", "['a']"];
        let mut texts: Vec<_> = alike.iter().map(|value| text(value)).collect();
        texts.sort();
        texts.dedup();
        assert_eq!(texts.len(), alike.len(), "{texts:?}");
    }
}
