//! The chart of a signal: the line of its mean values with smallest and largest around it, the
//! threshold lines, gaps, incidents, and the moments that matter. Complete without Wasm; alive it
//! tells the value under the pointer or the keyboard's, and zooms.
//!
//! A chart is as wide as its card and as high on every screen. What is drawn is stretched to that
//! width; what is written is not: it stands at a part of the width, in the size of small text, so
//! that it can be read on a phone and never leaves the card.

mod figure;
mod geometry;
mod pointer;
#[cfg(test)]
mod properties;
mod ticks;
mod usual;

use domain::time::Timestamp;

pub(crate) use figure::ChartFigure;
pub(crate) use geometry::{Moment, MomentKind, Plot, build, lay_out};

/// The picture of one signal's values. What is drawn lies in a box of 1000 units by `height` that is
/// stretched to the chart's width; for what is not stretched, x is in percent of the width.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Chart {
    /// The subject as people say it.
    pub subject: String,
    /// The signal's short name.
    pub label: String,
    /// The address of the signal's page; it has a `?`.
    pub address: String,
    /// Stands beside others: the title leads to that address, and there is no legend.
    pub is_small: bool,
    /// The picture in one sentence, for those who don't see it.
    pub description: String,
    /// Readout while no value is chosen.
    pub summary: String,
    /// The height of what is drawn, in pixels.
    pub height: f32,
    /// Beginning and end.
    pub span: (Timestamp, Timestamp),
    /// The mean values' line, as `x,y x,y`; one for each stretch without a gap.
    pub lines: Vec<String>,
    /// The band between smallest and largest, as polygon points; one for each stretch.
    pub bands: Vec<String>,
    /// The band of the usual range, as polygon points; one for each stretch.
    pub usual: Vec<String>,
    /// The line of the week before, in the same way.
    pub before: Vec<String>,
    /// Horizontal lines: y, class, label.
    pub levels: Vec<(f32, String, String)>,
    /// Values that stand alone: x in percent, y.
    pub dots: Vec<(f32, f32)>,
    /// Moments, oldest first.
    pub marks: Vec<Mark>,
    /// Incidents.
    pub strips: Vec<Strip>,
    /// Times without data.
    pub gaps: Vec<Gap>,
    /// The value axis: y, label.
    pub values: Vec<(f32, String)>,
    /// Every value that can be chosen, oldest first.
    pub samples: Vec<Sample>,
}

/// A moment on a chart: a vertical line with its name.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Mark {
    /// Its place, in percent.
    pub x: f32,
    /// Its class.
    pub class: &'static str,
    /// Its name; empty where there is no room for one.
    pub name: String,
    /// The row above the chart in which the name stands.
    pub row: usize,
    /// The name stands before the line, as there is no room behind it.
    pub before: bool,
}

/// A time on a chart during which an incident held.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Strip {
    /// Its beginning, in percent.
    pub x: f32,
    /// Its length, in percent.
    pub width: f32,
    /// The severity.
    pub class: &'static str,
}

/// A time on a chart without data.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Gap {
    /// Its beginning, in percent.
    pub x: f32,
    /// Its length, in percent.
    pub width: f32,
    /// Its name; empty where there is no room for one.
    pub name: String,
}

/// A value that can be chosen.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Sample {
    /// Its time.
    pub at: Timestamp,
    /// Its place, in percent.
    pub x: f32,
    /// The place of its mean.
    pub y: f32,
    /// The value in words.
    pub text: String,
}
