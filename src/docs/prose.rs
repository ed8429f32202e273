//! Descriptions: Markdown, as dbt shows them, in which no HTML and no script of theirs gets through.

use pulldown_cmark::Event;
use pulldown_cmark::Options;
use pulldown_cmark::Parser;
use pulldown_cmark::Tag;
use pulldown_cmark::TagEnd;
use pulldown_cmark::html::push_html;

/// Where a link may lead to.
const SCHEMES: &[&str] = &["https://", "http://", "mailto:", "#"];

/// A description as HTML.
pub(super) fn html(text: &str) -> String {
    let mut links = Vec::new();
    let events = Parser::new_ext(text.trim(), Options::ENABLE_TABLES).filter_map(move |event| match event {
        Event::Html(text) | Event::InlineHtml(text) => Some(Event::Text(text)),
        // The page has headings of its own.
        Event::Start(Tag::Heading { .. }) => Some(Event::Html("<p><strong>".into())),
        Event::End(TagEnd::Heading(_)) => Some(Event::Html("</strong></p>\n".into())),
        Event::Start(Tag::HtmlBlock) => Some(Event::Start(Tag::Paragraph)),
        Event::End(TagEnd::HtmlBlock) => Some(Event::End(TagEnd::Paragraph)),
        Event::Start(Tag::Link { ref dest_url, .. }) => {
            let is_fine = SCHEMES.iter().any(|scheme| dest_url.starts_with(scheme));
            links.push(is_fine);
            is_fine.then_some(event)
        }
        Event::End(TagEnd::Link) => links.pop().unwrap_or(false).then_some(event),
        // A picture would be fetched from elsewhere; its words stay.
        Event::Start(Tag::Image { .. }) | Event::End(TagEnd::Image) => None,
        event => Some(event),
    });
    let mut html = String::new();
    push_html(&mut html, events);
    html.trim().to_string()
}

/// The first sentence of a description.
pub(super) fn first_sentence(text: &str) -> &str {
    let text = text.trim();
    let paragraph = text.split("\n\n").next().unwrap_or_default();
    let ends = paragraph.match_indices(". ").chain(paragraph.match_indices(".\n")).map(|(at, _)| at + 1);
    // `e.g. this` and `1. one` end no sentence.
    let end = ends.filter(|at| paragraph[*at..].trim_start().starts_with(|c: char| !c.is_lowercase())).min();
    paragraph[..end.unwrap_or(paragraph.len())].trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markdown_is_shown_and_nothing_of_it_runs() {
        assert_eq!(html("One `code` and *more*."), "<p>One <code>code</code> and <em>more</em>.</p>");
        assert_eq!(html("# A `b`\n\nc"), "<p><strong>A <code>b</code></strong></p>\n<p>c</p>");
        assert_eq!(html("A\n="), "<p><strong>A</strong></p>");
        assert_eq!(html("a <script>alert(1)</script> b"), "<p>a &lt;script&gt;alert(1)&lt;/script&gt; b</p>");
        assert_eq!(html("<img src=x onerror=alert(1)>"), "<p>&lt;img src=x onerror=alert(1)&gt;</p>");
        assert_eq!(html("[x](javascript:alert(1)) [y](https://a.b/)"), "<p>x <a href=\"https://a.b/\">y</a></p>");
        assert_eq!(html("![cat](https://a.b/c.png)"), "<p>cat</p>");
        assert_eq!(html("`</code><script>`"), "<p><code>&lt;/code&gt;&lt;script&gt;</code></p>");
    }

    #[test]
    fn a_first_sentence_ends_where_one_ends() {
        assert_eq!(first_sentence(" One, e.g. this. Two. "), "One, e.g. this.");
        assert_eq!(first_sentence("No end"), "No end");
        assert_eq!(first_sentence("One\nline. `b` too."), "One\nline.");
    }
}
