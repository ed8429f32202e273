//! The graph as SVG in which every box is a link.

use std::fmt::Write;

use indexmap::IndexSet;

use super::Facts;
use super::entry::is_published;
use super::entry::kind;
use super::entry::name;
use super::entry::url;
use super::layers;
use super::layers::HEIGHT;
use super::listing::escaped;
use crate::name::NodeId;

/// The width of a character in the drawing's font, and what is left free beside a name.
const CHARACTER: f64 = 7.25;
const PADDING: f64 = 22.0;

/// How many boxes the drawing around one node may have; a larger neighbourhood is drawn with fewer steps.
const BOXES: usize = 44;

/// What stands around a node in the graph, and of how many steps, where not all of it is drawn.
pub(super) fn neighbourhood(facts: &Facts<'_>, id: &NodeId) -> (IndexSet<NodeId>, Option<usize>) {
    let around = |steps: Option<usize>| -> IndexSet<NodeId> {
        let mut found: IndexSet<NodeId> = facts.graph.ancestors(id, steps);
        found.extend(facts.graph.descendants(id, steps));
        found.insert(id.clone());
        found.retain(|id| facts.is_shown(id));
        found
    };
    let all = around(None);
    if all.len() <= BOXES {
        return (all, None);
    }
    let fits = (1..12)
        .rev()
        .map(|steps| (steps, around(Some(steps))))
        .find(|(steps, found)| found.len() <= BOXES || *steps == 1);
    fits.map_or((all, None), |(steps, found)| (found, Some(steps)))
}

/// Draws these nodes, one of them as the one that a page is about.
pub(super) fn svg(facts: &Facts<'_>, nodes: &IndexSet<NodeId>, about: Option<&NodeId>) -> String {
    let shown: Vec<&NodeId> = facts.graph.order().iter().filter(|id| nodes.contains(*id)).collect();
    let place = |id: &NodeId| shown.iter().position(|other| *other == id);
    let names: Vec<String> = shown.iter().map(|id| name(facts, id)).collect();
    let widths: Vec<f64> =
        names.iter().map(|name| (name.chars().count() as f64 * CHARACTER + PADDING).ceil()).collect();
    let edges: Vec<(usize, usize)> = (shown.iter().enumerate())
        .flat_map(|(to, id)| facts.graph.parents(id).iter().filter_map(place).map(move |from| (from, to)))
        .collect();
    let drawing = layers::draw(&widths, &edges);
    let (width, height) = (drawing.width, drawing.height);
    let mut svg = format!(
        "<svg class=\"graph\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" role=\"group\" aria-label=\"lineage\">\n"
    );
    let middle = about.and_then(place);
    for ((from, to), line) in edges.iter().zip(&drawing.lines) {
        let is_near = if middle == Some(*from) || middle == Some(*to) { " near" } else { "" };
        let _ = writeln!(
            svg,
            "<path class=\"line{is_near}\" data-from=\"{from}\" data-to=\"{to}\" d=\"{}\"/>",
            curve(line)
        );
    }
    for (index, id) in shown.iter().enumerate() {
        let (x, y) = drawing.corners[index];
        let published = if is_published(facts, id) { " published" } else { "" };
        let current = if middle == Some(index) { " current\" aria-current=\"page" } else { "" };
        let (name, kind) = (escaped(&names[index]), kind(facts, id));
        let _ = writeln!(
            svg,
            "<a href=\"{}\" class=\"box {kind}{published}{current}\" data-box=\"{index}\"><title>{name}: {kind}{}</title>\
             <rect x=\"{x}\" y=\"{y}\" width=\"{}\" height=\"{HEIGHT}\" rx=\"6\"/><rect class=\"edge\" x=\"{x}\" y=\"{y}\" width=\"5\" height=\"{HEIGHT}\" rx=\"2\"/>\
             <text x=\"{}\" y=\"{}\">{name}</text></a>",
            url(id),
            published.replace(' ', ", "),
            widths[index],
            x + 13.0,
            y + HEIGHT / 2.0 + 4.0,
        );
    }
    svg.push_str("</svg>");
    svg
}

/// A smooth line through points, level at each of them.
fn curve(points: &[(f64, f64)]) -> String {
    let mut path = String::new();
    for (index, (x, y)) in points.iter().enumerate() {
        if index == 0 {
            let _ = write!(path, "M{x} {y}");
            continue;
        }
        let (before, level) = points[index - 1];
        if level == *y {
            let _ = write!(path, "H{x}");
        } else {
            let half = f64::midpoint(before, *x);
            let _ = write!(path, "C{half} {level} {half} {y} {x} {y}");
        }
    }
    path
}
