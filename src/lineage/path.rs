//! Paths into JSON, as DuckDB's functions take them, in the way in which they are shown: `.items[].sku`.

/// A step to a name. One that could be taken for more than one step is quoted.
pub(super) fn name(name: &str) -> String {
    match name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '$' | ' ')) && !name.is_empty() {
        true => format!(".{name}"),
        false => format!(".{}", crate::name::quote(name)),
    }
}

/// The steps of `$.a."b"[0]`, `/a/b` or a bare name; `None` where it is more than steps (`$..a`).
pub(super) fn steps(path: &str) -> Option<String> {
    if let Some(pointer) = path.strip_prefix('/') {
        let unescaped = pointer.split('/').map(|part| part.replace("~1", "/").replace("~0", "~"));
        return Some(unescaped.map(|part| if is_number(&part) { "[]".to_string() } else { name(&part) }).collect());
    }
    let Some(mut rest) = path.strip_prefix('$') else { return Some(name(path)) };
    let mut steps = String::new();
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('[') {
            let (inside, after) = after.split_once(']')?;
            (inside == "*" || is_number(inside.trim_start_matches(['#', '-']))).then_some(())?;
            steps.push_str("[]");
            rest = after;
            continue;
        }
        rest = rest.strip_prefix('.')?;
        if let Some(quoted) = rest.strip_prefix('"') {
            let (inside, after) = quoted.split_once('"')?;
            steps.push_str(&name(inside));
            rest = after;
        } else {
            let end = rest.find(['.', '[']).unwrap_or(rest.len());
            let (word, after) = rest.split_at(end);
            if word.is_empty() || word == "*" {
                return None;
            }
            steps.push_str(&name(word));
            rest = after;
        }
    }
    Some(steps)
}

fn is_number(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit()) && !text.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_all_kinds_are_shown_alike() {
        for (path, shown) in [
            ("$", Some("")),
            ("$.a.b", Some(".a.b")),
            ("$.\"a\".\"b.c\"[0].d", Some(".a.\"b.c\"[].d")),
            ("$[#-1]", Some("[]")),
            ("$[*].x", Some("[].x")),
            ("/a/0/b~1c", Some(".a[].\"b/c\"")),
            ("plain", Some(".plain")),
            ("a.b", Some(".\"a.b\"")),
            ("$..a", None),
            ("$.*", None),
            ("$[a", None),
            ("$a", None),
        ] {
            assert_eq!(steps(path).as_deref(), shown, "{path}");
        }
    }
}
