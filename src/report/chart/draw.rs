//! Charts as SVG. Colours are marks that the page's style sheet knows (`#0000A1` is the first series) and turns into those
//! of light, dark or paper; text takes the page's font.

use std::fmt::Display;

use plotters::coord::ranged1d::DefaultFormatting;
use plotters::coord::ranged1d::KeyPointHint;
use plotters::coord::ranged1d::NoDefaultFormatting;
use plotters::coord::ranged1d::Ranged;
use plotters::coord::ranged1d::ValueFormatter;
use plotters::prelude::*;
use plotters::style::text_anchor::HPos;
use plotters::style::text_anchor::Pos;
use plotters::style::text_anchor::VPos;

use crate::report::chart::Chart;
use crate::report::chart::Kind;
use crate::report::number::Unit;

/// The first of the series; the others follow.
const SERIES: u8 = 0xA1;
const TEXT: RGBColor = RGBColor(0, 0, 0xB1);
const GRID: RGBColor = RGBColor(0, 0, 0xB2);

/// Points; a font of this height is written with four fifths of it.
const LETTER: u32 = 15;

/// What a letter takes of a line, about.
const LETTER_WIDTH: u32 = 7;

/// Of one bar, and of the space to the next group.
const BAR: u32 = 20;
const SPACE: u32 = 14;

/// For a tick's label and the title of the axis below it.
const BELOW: u32 = 46;

/// A chart in a given width, in pixels: what stands inside of the `svg` element, and the height.
pub(in crate::report) struct Drawing {
    pub(in crate::report) inside: String,
    pub(in crate::report) width: u32,
    pub(in crate::report) height: u32,
}

impl Chart {
    /// Draws it this wide.
    ///
    /// # Errors
    /// A phrase that says what cannot be drawn.
    pub(in crate::report) fn draw(&self, width: u32) -> Result<Drawing, String> {
        match self.kind {
            Kind::Line => drawing(width, if width < 500 { 260 } else { 300 }, |area| self.lines(area)),
            Kind::Bar => drawing(width, self.height(), |area| self.bars(area)),
        }
    }

    fn color(series: usize) -> RGBColor {
        RGBColor(0, 0, SERIES + series as u8)
    }

    /// From the least to the most that is drawn, and always with 0.
    fn span(&self) -> (f64, f64) {
        let all = self.series.iter().flat_map(|series| series.values.iter().flatten());
        let (least, most) = match self.is_stacked {
            false => all.fold((0.0_f64, 0.0_f64), |(least, most), value| (least.min(*value), most.max(*value))),
            true => (0..self.places.len()).fold((0.0_f64, 0.0_f64), |(least, most), place| {
                let known = || self.series.iter().filter_map(|series| series.values[place]);
                let below: f64 = known().filter(|value| *value < 0.0).sum();
                let above: f64 = known().filter(|value| *value > 0.0).sum();
                (least.min(below), most.max(above))
            }),
        };
        if least == most { (0.0, 1.0) } else { (least, most) }
    }

    fn lines(&self, area: &Area<'_>) -> Drawn {
        let (least, most) = self.span();
        let first = self.places.first().copied().unwrap_or_default();
        let last = self.places.last().copied().unwrap_or_default().max(first + 1);
        let (width, _) = area.dim_in_pixel();
        let days = Days { first, last, ticks: (width / 90).max(2) as usize };
        let room = (most - least) * 0.06;
        let least = if least < 0.0 { least - room } else { 0.0 };
        let mut chart = ChartBuilder::on(area)
            .margin_top(10)
            .margin_left(4)
            .margin_right(22)
            .x_label_area_size(BELOW)
            .y_label_area_size(72)
            .build_cartesian_2d(days, Amounts { least, most: most + room, ticks: 5, unit: self.unit.clone() })
            .map_err(told)?;
        chart
            .configure_mesh()
            .disable_x_mesh()
            .light_line_style(TRANSPARENT)
            .bold_line_style(GRID)
            .axis_style(GRID)
            .label_style(("sans-serif", LETTER, &TEXT))
            .axis_desc_style(("sans-serif", LETTER, &TEXT))
            .x_desc(&self.over)
            .y_desc(self.unit.axis())
            .draw()
            .map_err(told)?;
        for (index, series) in self.series.iter().enumerate() {
            // A gap stays a gap: what is not known is no line.
            let points: Vec<_> = self.places.iter().copied().zip(series.values.iter().copied()).collect();
            for known in points.split(|(_, value)| value.is_none()).filter(|known| !known.is_empty()) {
                let known = known.iter().map(|(day, value)| (*day, value.unwrap_or_default()));
                let style = Self::color(index).stroke_width(2);
                chart.draw_series(LineSeries::new(known.clone(), style)).map_err(told)?;
                let end = known.clone().next_back().map(|end| Circle::new(end, 3, Self::color(index).filled()));
                chart.draw_series(end).map_err(told)?;
            }
        }
        Ok(())
    }

    /// Bars of one place.
    fn beside(&self) -> u32 {
        if self.is_stacked { 1 } else { self.series.len() as u32 }
    }

    fn height(&self) -> u32 {
        self.places.len() as u32 * (self.beside() * BAR + SPACE) + BELOW + 10
    }

    fn bars(&self, area: &Area<'_>) -> Drawn {
        let (width, height) = area.dim_in_pixel();
        let longest = self.labels.iter().map(|label| label.chars().count()).max().unwrap_or(0) as u32;
        let left = (longest * LETTER_WIDTH + 14).clamp(40, width / 3);
        let (least, most) = self.span();
        // Beyond the longest bar stands what it says.
        let letters = if self.is_stacked { 10 + 8 * self.series.len() as u32 } else { 9 };
        let part = f64::from(letters * LETTER_WIDTH) / f64::from(width - left);
        let room = (most - least) * part / (1.0 - part).max(0.2);
        let amounts = Amounts {
            least: if least < 0.0 { least - room } else { 0.0 },
            most: most + room,
            ticks: 4,
            unit: self.unit.clone(),
        };
        let mut chart = ChartBuilder::on(area)
            .margin_top(4)
            .margin_right(6)
            .x_label_area_size(BELOW)
            .y_label_area_size(left)
            .build_cartesian_2d(amounts, Lines((height - BELOW - 4) as i32))
            .map_err(told)?;
        chart
            .configure_mesh()
            .disable_y_mesh()
            .disable_y_axis()
            .y_labels(0)
            .light_line_style(TRANSPARENT)
            .bold_line_style(GRID)
            .axis_style(GRID)
            .label_style(("sans-serif", LETTER, &TEXT))
            .axis_desc_style(("sans-serif", LETTER, &TEXT))
            .x_desc(self.unit.axis())
            .draw()
            .map_err(told)?;
        for (place, label) in self.labels.iter().enumerate() {
            let top = (place as u32 * (self.beside() * BAR + SPACE)) as i32 + SPACE as i32 / 2;
            let middle = top + (self.beside() * BAR) as i32 / 2;
            let name = shortened(label, (left / LETTER_WIDTH) as usize);
            let (_, y) = chart.backend_coord(&(0.0, middle));
            area.draw(&Text::new(name, (left as i32 - 6, y), style(HPos::Right))).map_err(told)?;
            let mut end = 0.0;
            for (index, series) in self.series.iter().enumerate() {
                let Some(value) = series.values[place] else { continue };
                let top = if self.is_stacked { top } else { top + (index as u32 * BAR) as i32 };
                let (from, to) = if self.is_stacked { (end, end + value) } else { (0.0, value) };
                end = to;
                let corners = [(from, top + 1), (to, top + BAR as i32 - 1)];
                let bar = Rectangle::new(corners, Self::color(index).filled());
                chart.draw_series([bar]).map_err(told)?;
                if !self.is_stacked {
                    self.say(&chart, area, (to, top), self.unit.short(value))?;
                }
            }
            if self.is_stacked {
                let parts = self.series.iter().filter_map(|series| Some(self.unit.short(series.values[place]?)));
                let parts = parts.collect::<Vec<_>>().join(" + ");
                self.say(&chart, area, (end, top), format!("{} ({parts})", self.unit.short(end)))?;
            }
        }
        Ok(())
    }

    /// Writes a value beside the end of its bar.
    fn say(&self, chart: &Bars<'_, '_>, area: &Area<'_>, (end, top): (f64, i32), said: String) -> Drawn {
        let (x, y) = chart.backend_coord(&(end.max(0.0), top + BAR as i32 / 2));
        area.draw(&Text::new(said, (x + 5, y), style(HPos::Left))).map_err(told)
    }
}

/// A line of numbers without axes, for a cell of a table.
pub(in crate::report) fn spark(values: &[f64]) -> Result<Drawing, String> {
    let most = values.iter().copied().fold(1.0, f64::max);
    drawing(110, 26, |area| {
        let last = values.len().saturating_sub(1);
        let range = 0.0..most;
        let mut chart =
            ChartBuilder::on(area).margin(4).build_cartesian_2d(0..last.max(1) as i32, range).map_err(told)?;
        let mut points = values.iter().enumerate().map(|(index, value)| (index as i32, *value));
        chart.draw_series(LineSeries::new(points.clone(), Chart::color(0).stroke_width(2))).map_err(told)?;
        let end = points.next_back().map(|point| Circle::new(point, 3, Chart::color(0).filled()));
        chart.draw_series(end).map_err(told)?;
        Ok(())
    })
}

type Area<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;
type Bars<'a, 'b> = ChartContext<'b, SVGBackend<'a>, Cartesian2d<Amounts, Lines>>;
type Drawn = Result<(), String>;

fn told(error: impl Display) -> String {
    error.to_string()
}

fn drawing(width: u32, height: u32, draw: impl FnOnce(&Area<'_>) -> Drawn) -> Result<Drawing, String> {
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, (width, height)).into_drawing_area();
        draw(&area)?;
        area.present().map_err(told)?;
    }
    // The page has an element of its own, with a title and a description.
    let inside = svg.split_once('>').map_or("", |(_, rest)| rest).trim().trim_end_matches("</svg>");
    Ok(Drawing { inside: inside.replace(" opacity=\"1\"", ""), width, height })
}

fn style(side: HPos) -> TextStyle<'static> {
    TextStyle::from(("sans-serif", LETTER).into_font()).color(&TEXT).pos(Pos::new(side, VPos::Center))
}

fn shortened(label: &str, most: usize) -> String {
    if label.chars().count() <= most {
        return label.to_string();
    }
    label.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}

/// An axis of amounts, with ticks that a person reads.
struct Amounts {
    least: f64,
    most: f64,
    ticks: usize,
    unit: Unit,
}

impl Amounts {
    /// A round number (of minutes, hours or days), so that no more ticks than wanted stand.
    fn step(&self) -> f64 {
        let rough = (self.most - self.least) / self.ticks as f64;
        if self.unit == Unit::Minutes {
            let spans = [1.0, 5.0, 15.0, 30.0, 60.0, 120.0, 360.0, 720.0];
            let days = || DAY * round_step(rough / DAY).max(1.0);
            return spans.into_iter().find(|span| *span >= rough).unwrap_or_else(days);
        }
        // Of what is counted there are no halves.
        round_step(rough).max(if self.unit == Unit::Count { 1.0 } else { 0.0 })
    }
}

/// In minutes.
const DAY: f64 = 1440.0;

/// 1, 2, 2.5 or 5 times a power of ten: the least that is not less.
fn round_step(rough: f64) -> f64 {
    let power = 10_f64.powf(rough.log10().floor());
    [1.0, 2.0, 2.5, 5.0, 10.0].into_iter().map(|part| part * power).find(|step| *step >= rough).unwrap_or(rough)
}

impl Ranged for Amounts {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, (from, to): (i32, i32)) -> i32 {
        let part = (value - self.least) / (self.most - self.least);
        from + (part * f64::from(to - from)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, _: Hint) -> Vec<f64> {
        let step = self.step();
        let first = (self.least / step).ceil();
        (0..=self.ticks * 2).map(|index| (first + index as f64) * step).take_while(|tick| *tick <= self.most).collect()
    }

    fn range(&self) -> std::ops::Range<f64> {
        self.least..self.most
    }
}

impl ValueFormatter<f64> for Amounts {
    fn format_ext(&self, value: &f64) -> String {
        self.unit.short(*value)
    }
}

/// An axis of pixels, from the top down, without ticks.
struct Lines(i32);

impl Ranged for Lines {
    type FormatOption = DefaultFormatting;
    type ValueType = i32;

    fn map(&self, line: &i32, (from, to): (i32, i32)) -> i32 {
        // The axis goes up, and lines are counted down.
        to + (from - to) * line / self.0.max(1)
    }

    fn key_points<Hint: KeyPointHint>(&self, _: Hint) -> Vec<i32> {
        Vec::new()
    }

    fn range(&self) -> std::ops::Range<i32> {
        0..self.0
    }
}

/// An axis of days, with ticks where months, weeks or days begin.
struct Days {
    first: i32,
    last: i32,
    ticks: usize,
}

impl Days {
    fn date(day: i32) -> jiff::civil::Date {
        let start = jiff::civil::date(1970, 1, 1);
        start.checked_add(jiff::Span::new().days(day)).unwrap_or(start)
    }

    fn is_tick(&self, day: i32, every: i32) -> bool {
        let date = Self::date(day);
        match every {
            // Every so many months, counted from January.
            28.. => date.day() == 1 && (i32::from(date.year()) * 12 + i32::from(date.month()) - 1) % (every / 28) == 0,
            // Mondays.
            7.. => (day + 3) % every == 0,
            _ => (day - self.first) % every == 0,
        }
    }
}

impl Ranged for Days {
    type FormatOption = NoDefaultFormatting;
    type ValueType = i32;

    fn map(&self, day: &i32, (from, to): (i32, i32)) -> i32 {
        let part = f64::from(day - self.first) / f64::from(self.last - self.first);
        from + (part * f64::from(to - from)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, _: Hint) -> Vec<i32> {
        let month = 28;
        let steps = [1, 2, 7, 14, month, 2 * month, 3 * month, 6 * month, 12 * month, 24 * month, 60 * month];
        let ticks = |every: &i32| (self.first..=self.last).filter(|day| self.is_tick(*day, *every)).collect::<Vec<_>>();
        let fitting = steps.iter().map(ticks).find(|ticks| ticks.len() <= self.ticks);
        fitting.unwrap_or_else(|| vec![self.first, self.last])
    }

    fn range(&self) -> std::ops::Range<i32> {
        self.first..self.last
    }
}

impl ValueFormatter<i32> for Days {
    fn format_ext(&self, day: &i32) -> String {
        let date = Self::date(*day);
        date.strftime(if self.last - self.first > 200 { "%b %Y" } else { "%-d %b" }).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::chart::Series;

    fn chart(kind: Kind, is_stacked: bool, places: Vec<i32>, series: Vec<Vec<Option<f64>>>) -> Chart {
        Chart {
            kind,
            title: "Title".into(),
            over: "day".into(),
            unit: Unit::Count,
            is_stacked,
            labels: places.iter().map(|place| format!("<place {place}>")).collect(),
            places,
            series: series.into_iter().map(|values| Series { name: "name".into(), values }).collect(),
        }
    }

    #[test]
    fn whatever_the_numbers_are_there_is_a_drawing() {
        let values = [
            vec![Some(0.0), Some(0.0)],
            vec![None, None],
            vec![Some(-5.0), Some(7.5)],
            vec![Some(1e300), Some(-1e300)],
            vec![Some(f64::MAX), Some(-f64::MAX)],
            vec![Some(1e-300), Some(2.0)],
        ];
        for series in values {
            for places in [vec![0, 1], vec![20_000, 20_001], vec![-40_000, 47_000]] {
                for (kind, is_stacked) in [(Kind::Line, false), (Kind::Bar, false), (Kind::Bar, true)] {
                    let chart = chart(kind, is_stacked, places.clone(), vec![series.clone(), series.clone()]);
                    let drawing = chart.draw(380).unwrap();
                    assert!(drawing.inside.contains("<text"), "{series:?}");
                    assert!(!drawing.inside.contains("<place"), "what comes from data is escaped");
                    assert!(!chart.told().is_empty());
                }
            }
        }
        assert!(
            chart(Kind::Line, false, vec![20_000], vec![vec![Some(1.0)]]).draw(380).unwrap().inside.contains("<circle")
        );
        assert!(spark(&[]).is_ok() && spark(&[0.0, 3.0]).is_ok());
    }

    #[test]
    fn ticks_are_round() {
        let amounts = |most, unit| Amounts { least: 0.0, most, ticks: 4, unit };
        let ticks = |axis: Amounts| axis.key_points(9).iter().map(|tick| axis.format_ext(tick)).collect::<Vec<_>>();
        assert_eq!(ticks(amounts(45e6, Unit::of(Some("NGN")))), ["0", "20 M", "40 M"]);
        assert_eq!(ticks(amounts(1.0, Unit::Share)), ["0 %", "25 %", "50 %", "75 %", "100 %"]);
        assert_eq!(ticks(amounts(2.0, Unit::Count)), ["0", "1", "2"]);
        assert_eq!(ticks(amounts(250.0, Unit::Minutes)), ["0", "2 hours", "4 hours"]);
        assert_eq!(ticks(amounts(150_000.0, Unit::Minutes)), ["0", "50 days", "100 days"]);
        let days = |first, last, ticks| Days { first, last, ticks };
        let labels = |axis: Days| axis.key_points(9).iter().map(|tick| axis.format_ext(tick)).collect::<Vec<_>>();
        assert_eq!(labels(days(20_088, 20_104, 4)), ["6 Jan", "13 Jan"]);
        assert_eq!(labels(days(19_723, 20_104, 4)), ["Jan 2024", "Jul 2024", "Jan 2025"]);
    }
}
