//! Where the nodes of a graph stand when it is drawn in layers from left to right.
//!
//! An own small one after Sugiyama: the crates for it (rust-sugiyama, layout-rs, dagre) either give no way for the lines
//! between layers that are far apart, or not the same drawing for the same graph.

/// Between boxes of one layer, between a line and what is beside it, and between layers.
const GAP: f64 = 12.0;
const LINE_GAP: f64 = 7.0;
const LAYER_GAP: f64 = 56.0;
/// How often layers are put in order after their neighbours, and boxes drawn towards theirs.
const SWEEPS: usize = 24;

/// The height of a box.
pub(super) const HEIGHT: f64 = 28.0;

/// A graph, drawn.
pub(super) struct Drawing {
    pub(super) width: f64,
    pub(super) height: f64,
    /// The upper left corner of each box.
    pub(super) corners: Vec<(f64, f64)>,
    /// Where each line passes, from the right side of a box to the left side of another.
    pub(super) lines: Vec<Vec<(f64, f64)>>,
}

/// A box, or the place where a line passes through a layer.
struct Spot {
    layer: usize,
    width: f64,
    height: f64,
    /// Neighbours in the layers before and after.
    before: Vec<usize>,
    after: Vec<usize>,
    middle: f64,
}

/// Draws boxes of these widths with lines between them. Lines lead from boxes to later ones.
pub(super) fn draw(widths: &[f64], edges: &[(usize, usize)]) -> Drawing {
    let layers = layers_of(widths.len(), edges);
    let mut spots: Vec<Spot> = (widths.iter().zip(layers))
        .map(|(width, layer)| Spot {
            layer,
            width: *width,
            height: HEIGHT,
            before: Vec::new(),
            after: Vec::new(),
            middle: 0.0,
        })
        .collect();
    let ways: Vec<Vec<usize>> = edges.iter().map(|edge| way(&mut spots, *edge)).collect();
    let mut rows = vec![Vec::new(); spots.iter().map(|spot| spot.layer + 1).max().unwrap_or(0)];
    spots.iter().enumerate().for_each(|(index, spot)| rows[spot.layer].push(index));
    order(&mut rows, &spots);
    spread(&rows, &mut spots);
    let top = spots.iter().map(|spot| spot.middle - spot.height / 2.0).fold(f64::INFINITY, f64::min);
    spots.iter_mut().for_each(|spot| spot.middle = (spot.middle - top).round() + 1.0);
    let mut lefts = Vec::new();
    let mut left = 1.0;
    for row in &rows {
        lefts.push(left);
        left += row.iter().map(|index| spots[*index].width).fold(0.0, f64::max) + LAYER_GAP;
    }
    let right = |spot: &Spot| lefts.get(spot.layer + 1).map_or(left, |next| *next) - LAYER_GAP;
    let line = |way: &Vec<usize>| {
        let mut points = Vec::new();
        for (place, index) in way.iter().enumerate() {
            let spot = &spots[*index];
            let (start, is_box) = (lefts[spot.layer], *index < widths.len());
            if place > 0 {
                points.push((start, spot.middle));
            }
            if place + 1 < way.len() {
                points.push((if is_box { start + spot.width } else { right(spot) }, spot.middle));
            }
        }
        points
    };
    Drawing {
        width: (left - LAYER_GAP).max(0.0) + 1.0,
        height: spots.iter().map(|spot| spot.middle + spot.height / 2.0).fold(0.0, f64::max) + 1.0,
        corners: spots[..widths.len()].iter().map(|it| (lefts[it.layer], it.middle - it.height / 2.0)).collect(),
        lines: ways.iter().map(line).collect(),
    }
}

/// As far left as its parents let each node be; what has none stands right before its first child.
fn layers_of(count: usize, edges: &[(usize, usize)]) -> Vec<usize> {
    let mut layers = vec![0; count];
    let mut sorted = edges.to_vec();
    sorted.sort_unstable();
    for (from, to) in &sorted {
        layers[*to] = layers[*to].max(layers[*from] + 1);
    }
    for node in 0..count {
        if !edges.iter().any(|(_, to)| *to == node) {
            let children = edges.iter().filter(|(from, _)| *from == node).map(|(_, to)| layers[*to]);
            layers[node] = children.min().map_or(0, |first| first - 1);
        }
    }
    layers
}

/// The spots that a line passes, made where there are none.
fn way(spots: &mut Vec<Spot>, (from, to): (usize, usize)) -> Vec<usize> {
    let mut way = vec![from];
    for layer in spots[from].layer + 1..spots[to].layer {
        spots.push(Spot { layer, width: 0.0, height: 2.0, before: Vec::new(), after: Vec::new(), middle: 0.0 });
        way.push(spots.len() - 1);
    }
    way.push(to);
    for pair in way.windows(2) {
        spots[pair[0]].after.push(pair[1]);
        spots[pair[1]].before.push(pair[0]);
    }
    way
}

/// Puts each layer in an order in which few lines cross.
fn order(rows: &mut [Vec<usize>], spots: &[Spot]) {
    let mut best = (crossings(rows, spots), rows.to_vec());
    for sweep in 0..SWEEPS {
        let is_forward = sweep % 2 == 0;
        let layers: Vec<usize> =
            if is_forward { (1..rows.len()).collect() } else { (0..rows.len().saturating_sub(1)).rev().collect() };
        for layer in layers {
            let places = places(&rows[if is_forward { layer - 1 } else { layer + 1 }], spots.len());
            let mut keyed: Vec<(f64, usize)> = (rows[layer].iter().enumerate())
                .map(|(place, index)| {
                    let near = if is_forward { &spots[*index].before } else { &spots[*index].after };
                    let sum: f64 = near.iter().map(|it| places[*it]).sum();
                    (if near.is_empty() { place as f64 } else { sum / near.len() as f64 }, *index)
                })
                .collect();
            keyed.sort_by(|one, other| one.0.total_cmp(&other.0));
            rows[layer] = keyed.into_iter().map(|(_, index)| index).collect();
        }
        let count = crossings(rows, spots);
        if count < best.0 {
            best = (count, rows.to_vec());
        }
    }
    rows.clone_from_slice(&best.1);
}

fn places(row: &[usize], count: usize) -> Vec<f64> {
    let mut places = vec![0.0; count];
    row.iter().enumerate().for_each(|(place, index)| places[*index] = place as f64);
    places
}

fn crossings(rows: &[Vec<usize>], spots: &[Spot]) -> usize {
    let mut count = 0;
    for pair in rows.windows(2) {
        let places = places(&pair[1], spots.len());
        let ends: Vec<Vec<f64>> =
            pair[0].iter().map(|index| spots[*index].after.iter().map(|it| places[*it]).collect()).collect();
        for (place, upper) in ends.iter().enumerate() {
            for lower in &ends[place + 1..] {
                count += upper.iter().map(|one| lower.iter().filter(|other| *other < one).count()).sum::<usize>();
            }
        }
    }
    count
}

/// Draws spots towards their neighbours, as far as those beside them leave room.
fn spread(rows: &[Vec<usize>], spots: &mut [Spot]) {
    for row in rows {
        settle(row, spots, &vec![0.0; row.len()]);
    }
    for sweep in 0..SWEEPS {
        let rows: Vec<&Vec<usize>> = if sweep % 2 == 0 { rows.iter().collect() } else { rows.iter().rev().collect() };
        for row in rows {
            let wanted: Vec<f64> = (row.iter())
                .map(|index| {
                    let near: Vec<_> = spots[*index].before.iter().chain(&spots[*index].after).collect();
                    let sum: f64 = near.iter().map(|it| spots[**it].middle).sum();
                    if near.is_empty() { spots[*index].middle } else { sum / near.len() as f64 }
                })
                .collect();
            settle(row, spots, &wanted);
        }
    }
}

/// Puts a layer's spots as near to where they want to be as their order and the gaps allow: those that would overlap share
/// the mean of what they want.
fn settle(row: &[usize], spots: &mut [Spot], wanted: &[f64]) {
    let mut offsets = Vec::new();
    let mut offset = 0.0;
    for (place, index) in row.iter().enumerate() {
        if place > 0 {
            let (one, other) = (&spots[row[place - 1]], &spots[*index]);
            let gap = if one.width > 0.0 && other.width > 0.0 { GAP } else { LINE_GAP };
            offset += (one.height + other.height) / 2.0 + gap;
        }
        offsets.push(offset);
    }
    let mut blocks: Vec<(f64, usize)> = Vec::new();
    for (wanted, offset) in wanted.iter().zip(&offsets) {
        blocks.push((wanted - offset, 1));
        while let [.., (upper, above), (lower, below)] = blocks[..] {
            if upper <= lower {
                break;
            }
            let mean = (upper * above as f64 + lower * below as f64) / (above + below) as f64;
            blocks.truncate(blocks.len() - 2);
            blocks.push((mean, above + below));
        }
    }
    let settled = blocks.into_iter().flat_map(|(at, count)| std::iter::repeat_n(at, count));
    for ((index, at), offset) in row.iter().zip(settled).zip(offsets) {
        spots[*index].middle = at + offset;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_chain_is_a_straight_line() {
        let drawing = draw(&[50.0, 60.0, 70.0], &[(0, 1), (1, 2)]);
        assert_eq!(drawing.corners, [(1.0, 1.0), (107.0, 1.0), (223.0, 1.0)]);
        assert_eq!(drawing.lines[0], [(51.0, 15.0), (107.0, 15.0)]);
        assert_eq!((drawing.width, drawing.height), (294.0, 30.0));
        assert_eq!(draw(&[], &[]).corners, []);
    }

    proptest! {
        #[test]
        fn no_box_lies_on_another_and_lines_lead_to_the_right(
            widths in prop::collection::vec(20.0..200.0_f64, 1..14),
            pairs in prop::collection::vec((0_usize..14, 0_usize..14), 0..30),
        ) {
            let count = widths.len();
            let mut edges: Vec<_> = pairs.into_iter().filter(|(from, to)| from < to && *to < count).collect();
            edges.sort_unstable();
            edges.dedup();
            let drawing = draw(&widths, &edges);
            for one in 0..count {
                let (x, y) = drawing.corners[one];
                prop_assert!(x >= 0.0 && y >= 0.0 && x + widths[one] <= drawing.width && y + HEIGHT <= drawing.height);
                for other in one + 1..count {
                    let (left, top) = drawing.corners[other];
                    let is_apart = (top - y).abs() >= HEIGHT || x + widths[one] <= left || left + widths[other] <= x;
                    prop_assert!(is_apart, "{one} and {other} overlap");
                }
            }
            for ((from, to), line) in edges.iter().zip(&drawing.lines) {
                prop_assert!(line.windows(2).all(|pair| pair[0].0 <= pair[1].0));
                prop_assert_eq!(line[0].0, drawing.corners[*from].0 + widths[*from]);
                prop_assert_eq!(line[line.len() - 1].0, drawing.corners[*to].0);
            }
        }
    }
}
