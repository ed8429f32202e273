//! What a chart says, in words and numbers: for who cannot see it.

use crate::report::chart::Chart;
use crate::report::chart::Kind;
use crate::report::chart::Series;

impl Chart {
    /// What it shows, as a sentence for each line or group of bars.
    pub(in crate::report) fn told(&self) -> String {
        let series = self.series.iter().map(|series| match self.kind {
            Kind::Line => self.line_told(series),
            Kind::Bar => self.bars_told(series),
        });
        let kind = match self.kind {
            Kind::Line => "Line chart",
            Kind::Bar => "Bar chart",
        };
        let told: Vec<_> = series.collect();
        format!("{kind} by {}, in {}. {}", self.over, self.unit.axis(), told.join(" "))
    }

    fn line_told(&self, series: &Series) -> String {
        let known: Vec<(&String, f64)> =
            self.labels.iter().zip(&series.values).filter_map(|(label, value)| Some((label, (*value)?))).collect();
        let (Some(first), Some(last)) = (known.first(), known.last()) else {
            return format!("{}: nothing is known.", series.name);
        };
        let least = known.iter().copied().reduce(|a, b| if b.1 < a.1 { b } else { a }).unwrap_or(*first);
        let most = known.iter().copied().reduce(|a, b| if b.1 > a.1 { b } else { a }).unwrap_or(*first);
        let said = |(label, value): (&String, f64)| format!("{} on {label}", self.unit.short(value));
        format!(
            "{}: {}, and {}; the highest is {}, the lowest {}.",
            series.name,
            said(*first),
            said(*last),
            said(most),
            said(least)
        )
    }

    fn bars_told(&self, series: &Series) -> String {
        let bars = self.labels.iter().zip(&series.values).map(|(label, value)| {
            let value = value.map_or("nothing known".to_string(), |value| self.unit.short(value));
            format!("{label} {value}")
        });
        format!("{}: {}.", series.name, bars.collect::<Vec<_>>().join(", "))
    }
}
