//! SQL as a listing: comments, texts, keywords and Jinja told apart.

/// Words that a reader finds a query by.
const KEYWORDS: &[&str] = &[
    "all",
    "and",
    "anti",
    "as",
    "asc",
    "between",
    "by",
    "case",
    "cast",
    "create",
    "cross",
    "desc",
    "distinct",
    "else",
    "end",
    "except",
    "exclude",
    "exists",
    "false",
    "filter",
    "from",
    "full",
    "group",
    "having",
    "in",
    "inner",
    "intersect",
    "is",
    "join",
    "lambda",
    "lateral",
    "left",
    "like",
    "limit",
    "not",
    "null",
    "on",
    "or",
    "order",
    "outer",
    "over",
    "partition",
    "qualify",
    "recursive",
    "replace",
    "right",
    "rows",
    "select",
    "semi",
    "then",
    "true",
    "union",
    "unnest",
    "using",
    "values",
    "when",
    "where",
    "with",
];

/// The SQL as HTML.
pub(super) fn html(sql: &str) -> String {
    let mut html = String::with_capacity(sql.len() * 2);
    let mut rest = sql.trim_end().trim_start_matches(['\n', '\r']);
    while let Some(first) = rest.chars().next() {
        let (length, class) = token(rest, first);
        let (text, after) = rest.split_at(length);
        match class {
            "" => html.push_str(&escaped(text)),
            class => html.push_str(&format!("<span class=\"{class}\">{}</span>", escaped(text))),
        }
        rest = after;
    }
    html
}

/// How long the token is that a text begins with, and what it is.
fn token(text: &str, first: char) -> (usize, &'static str) {
    for (open, close, class) in
        [("--", "\n", "c"), ("/*", "*/", "c"), ("{#", "#}", "c"), ("{{", "}}", "j"), ("{%", "%}", "j"), ("'", "'", "s")]
    {
        if let Some(inside) = text.strip_prefix(open) {
            let end = inside.find(close).map_or(text.len(), |at| open.len() + at + close.len());
            return (if close == "\n" { end - usize::from(text[..end].ends_with('\n')) } else { end }, class);
        }
    }
    if first.is_alphabetic() || first == '_' {
        let length = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
        let is_keyword = KEYWORDS.contains(&text[..length].to_lowercase().as_str());
        return (length, if is_keyword { "k" } else { "" });
    }
    (first.len_utf8(), "")
}

/// A text in which nothing is markup.
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_told_apart_and_nothing_is_lost() {
        assert_eq!(
            html("select a, 'it''s <b>' -- why\nfrom {{ ref('x') }} {# no #}"),
            "<span class=\"k\">select</span> a, <span class=\"s\">&#39;it&#39;</span><span class=\"s\">&#39;s &lt;b&gt;&#39;</span> \
             <span class=\"c\">-- why</span>\n<span class=\"k\">from</span> <span class=\"j\">{{ ref(&#39;x&#39;) }}</span> \
             <span class=\"c\">{# no #}</span>"
        );
        for text in ["--", "-- end", "'open", "{{ open", "é_1 ☃", "/*/", ""] {
            let shown = html(text);
            let bare = shown
                .replace("</span>", "")
                .split("<span class=\"")
                .map(|part| part.split_once("\">").map_or(part, |it| it.1))
                .collect::<String>();
            assert_eq!(bare, escaped(text));
        }
    }
}
