//! The layout of a chart: where values, levels, moments, incidents and gaps lie. Pure.

#[cfg(test)]
mod tests;

use commands::{
    signal_page::UsualSpan,
    view::{BlindSpan, Series, SeriesPoint},
};
use domain::{
    journal::BlindReason,
    severity::Severity,
    text,
    time::{Span, Timestamp},
    unit::Unit,
};
use wording::humanize;

use super::{Chart, Gap, Mark, Sample, Strip, usual};
use crate::{clock, status::signal_href};

/// The width of what is drawn, before it is stretched.
pub(super) const WIDTH: f64 = 1_000.0;
/// The height of a row of names above what is drawn.
pub(super) const ROW: f32 = 15.0;
/// The height of the row of times below it.
pub(super) const BOTTOM: f32 = 22.0;
/// The height of a chart beside others.
const SMALL: f32 = 150.0;
/// The narrowest that a chart is shown, and the widest that a letter is on it.
const NARROWEST: f64 = 290.0;
const LETTER: f64 = 7.2;
/// Closer than this, two lines of text lie on each other.
const APART: f32 = 14.0;
/// The longest name beside a line, in letters.
const LONGEST_LABEL: usize = 26;
/// The most rows of names: what finds no room in them has none.
const MOST_ROWS: usize = 3;
/// The narrowest that an incident or a gap is drawn, in percent.
const LEAST_WIDTH: f32 = 0.3;

/// Kind of a moment: it decides how the moment is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MomentKind {
    /// Something happened to the incident.
    Step,
    /// An approved command ran.
    Command,
    /// A change was reported.
    Change,
}

impl MomentKind {
    const fn class(self) -> &'static str {
        match self {
            Self::Step => "moment",
            Self::Command => "moment command",
            Self::Change => "moment change",
        }
    }
}

/// A moment that is marked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    /// Its time.
    pub at: Timestamp,
    /// Its kind.
    pub kind: MomentKind,
    /// Its name.
    pub name: String,
}

/// Everything that a chart is drawn of.
pub(crate) struct Plot<'a> {
    /// The values and their levels.
    pub series: &'a Series,
    /// The length of a step of the values; zero where each is of its moment.
    pub step: Span,
    /// Beginning and end; those of the values and moments where it is left out.
    pub period: Option<(Timestamp, Timestamp)>,
    /// The values of the week before, at the time at which they are shown.
    pub before: &'a [SeriesPoint],
    /// The usual ranges in parts of the period, oldest first.
    pub usual: &'a [UsualSpan],
    /// The newest value: the line goes on to it.
    pub newest: Option<(Timestamp, f64)>,
    /// Moments that are marked.
    pub moments: Vec<Moment>,
    /// Times at which an incident held.
    pub incidents: Vec<(Timestamp, Timestamp, Severity)>,
    /// Times of which nothing is known.
    pub blind: &'a [BlindSpan],
    /// The height of what is drawn.
    pub height: f32,
}

/// Lays the chart of an incident out, with the moments that are marked in it. It ends at `until` if
/// there is no data as late as that.
pub(crate) fn build(
    series: &Series,
    moments: &[(Timestamp, &'static str)],
    until: Option<Timestamp>,
) -> Chart {
    let ends = series.points.iter().map(|point| point.at).chain(until);
    let period = series.points.first().map(|first| {
        let ends = ends.chain(moments.iter().map(|(at, _)| *at));
        (first.at, ends.max().unwrap_or(first.at))
    });
    let moment = |&(at, name): &(Timestamp, &'static str)| Moment {
        at,
        kind: MomentKind::Step,
        name: name.to_owned(),
    };
    let plot = Plot {
        series,
        step: Span::ZERO,
        period,
        before: &[],
        usual: &[],
        newest: None,
        moments: moments.iter().map(moment).collect(),
        incidents: Vec::new(),
        blind: &[],
        height: SMALL,
    };
    Chart { is_small: true, ..lay_out(plot) }
}

fn tenth(value: f64) -> f32 {
    ((value * 10.0).round() / 10.0) as f32
}

fn is_number(point: &SeriesPoint) -> bool {
    [point.min, point.mean, point.max].iter().all(|value| value.is_finite())
}

/// Steps of 1, 2 or 5 times a power of ten (or of 1024 for bytes): about four of them.
fn step(room: f64, binary: bool) -> f64 {
    let rough = (room / 4.0).max(f64::MIN_POSITIVE);
    let base: f64 =
        if binary && rough >= 1024.0 { 1024f64.powf(rough.log(1024.0).floor()) } else { 1.0 };
    let decade = 10f64.powf((rough / base).log10().floor());
    let size = [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .find(|size| size * decade * base >= rough)
        .unwrap_or(10.0);
    size * decade * base
}

/// Scale of times and values.
#[derive(Clone, Copy)]
struct Scale {
    from: Timestamp,
    to: Timestamp,
    low: f64,
    high: f64,
    height: f32,
}

impl Scale {
    fn part(&self, at: Timestamp) -> f64 {
        let total = self.to.since(self.from).as_micros() as f64;
        (at.since(self.from).as_micros() as f64 / total).clamp(0.0, 1.0)
    }

    fn x(&self, at: Timestamp) -> f32 {
        tenth(self.part(at) * WIDTH)
    }

    fn percent(&self, at: Timestamp) -> f32 {
        ((self.part(at) * 10_000.0).round() / 100.0) as f32
    }

    fn y(&self, value: f64) -> f32 {
        // Halves first: the distance of two numbers may be too large for one.
        let part = (value / 2.0 - self.low / 2.0) / (self.high / 2.0 - self.low / 2.0);
        tenth(f64::from(self.height) * (1.0 - part).clamp(0.0, 1.0))
    }

    /// A time as its beginning and length in percent; `None` outside of the chart.
    fn strip(&self, from: Timestamp, to: Timestamp) -> Option<(f32, f32)> {
        if to < self.from || from > self.to || to < from {
            return None;
        }
        let (begin, end) = (self.percent(from), self.percent(to));
        let width = (end - begin).max(LEAST_WIDTH);
        Some((begin.min(100.0 - width), width))
    }
}

/// A value at its place in time.
#[derive(Clone, Copy)]
struct Vertex {
    point: SeriesPoint,
    /// The moment at which it is drawn: the middle of its step.
    at: Timestamp,
}

/// The values as they are drawn: each in the middle of its step, and the newest one at its moment.
fn vertices(
    points: &[SeriesPoint],
    step: Span,
    newest: Option<(Timestamp, f64)>,
    to: Timestamp,
) -> Vec<Vertex> {
    let half = Span::from_micros(step.as_micros() / 2);
    let mut points: Vec<SeriesPoint> =
        points.iter().filter(|one| is_number(one)).copied().collect();
    points.sort_by_key(|point| point.at);
    points.dedup_by_key(|point| point.at);
    // Nothing is drawn behind what comes after it.
    let next = points.iter().skip(1).map(|next| next.at).chain([Timestamp::MAX]);
    let mut vertices: Vec<Vertex> = points
        .iter()
        .zip(next)
        .map(|(point, next)| Vertex {
            point: *point,
            at: point.at.plus(half).min(to).max(point.at).min(next),
        })
        .collect();
    let Some((at, value)) = newest.filter(|(at, value)| value.is_finite() && *at <= to) else {
        return vertices;
    };
    let reach = vertices.last().map_or(step, |last| last.point.until.since(last.point.at));
    match vertices.last_mut() {
        Some(last) if at < last.point.at => return vertices,
        Some(last) => last.at = last.at.min(at),
        None => {}
    }
    let point = SeriesPoint { at, until: at.plus(reach), min: value, mean: value, max: value };
    vertices.push(Vertex { point, at });
    vertices
}

/// Gives each moment's name a side of its line and a row in which it lies on no other, even on the
/// narrowest chart.
fn marks(moments: impl Iterator<Item = (f32, Moment)>) -> Vec<Mark> {
    let mut rows: Vec<Vec<(f64, f64)>> = Vec::new();
    let mut marks = Vec::new();
    for (x, Moment { kind, name, .. }) in moments {
        let (at, width) =
            (f64::from(x), (name.chars().count() as f64 * LETTER + 8.0) / NARROWEST * 100.0);
        let before = at + width > 100.0;
        let (from, to) = if before { (at - width, at) } else { (at, at + width) };
        let is_free =
            |row: &Vec<(f64, f64)>| row.iter().all(|(start, end)| to <= *start || from >= *end);
        let row = rows.iter().position(is_free).unwrap_or(rows.len());
        // A name that fits on neither side, or in no row, is told below the chart only.
        let has_room = row < MOST_ROWS && from >= 0.0;
        if has_room {
            if row == rows.len() {
                rows.push(Vec::new());
            }
            rows[row].push((from, to));
        }
        let name = if has_room { name } else { String::new() };
        let row = if has_room { row } else { 0 };
        marks.push(Mark { x, class: kind.class(), name, row, before });
    }
    marks
}

/// The name of a gap: why nothing is known, where that is known and there is room.
fn gap_name(from: Timestamp, to: Timestamp, width: f32, blind: &[BlindSpan]) -> String {
    let covered = |span: &&BlindSpan| {
        let common = span.to.min(to).since(span.from.max(from));
        common.as_micros() >= to.since(from).as_micros() / 2
    };
    let why = blind.iter().find(covered).map(|span| match span.why {
        BlindReason::NotRunning => "Calm Ops was not running",
        BlindReason::Asleep => "suspended",
    });
    let fits = |name: &&str| {
        (name.chars().count() as f64 * LETTER + 8.0) / NARROWEST * 100.0 <= f64::from(width)
    };
    why.into_iter().chain(["no data"]).find(fits).unwrap_or_default().to_owned()
}

/// The times without data: before the first value, between two where the next came too late, and
/// after the last one.
fn gaps(vertices: &[Vertex], step: Span, scale: &Scale, blind: &[BlindSpan]) -> Vec<Gap> {
    let end = |vertex: &Vertex| vertex.point.at.plus(step).max(vertex.at);
    let is_late = |pair: &&[Vertex]| pair[1].point.at > pair[0].point.until;
    let between = vertices.windows(2).filter(is_late).map(|pair| (end(&pair[0]), pair[1].point.at));
    let first = vertices.first().map(|first| (scale.from, first.point.at));
    let first = first.filter(|(from, to)| to.since(*from) > step);
    let last = vertices.last().filter(|last| last.point.until < scale.to);
    let last = last.map(|last| (end(last), scale.to));
    let gap = |(from, to): (Timestamp, Timestamp)| {
        let (x, width) = scale.strip(from, to).filter(|_| from < to)?;
        Some(Gap { x, width, name: gap_name(from, to, width, blind) })
    };
    first.into_iter().chain(between).chain(last).filter_map(gap).collect()
}

/// Lays a chart out.
pub(crate) fn lay_out(plot: Plot<'_>) -> Chart {
    let Plot { series, step: length, before, blind, height, .. } = plot;
    let label = humanize::label(&series.signal);
    let subject = humanize::subject(&series.subject);
    let address = signal_href(&series.subject, &series.signal);
    let numbers = series.points.iter().filter(|point| is_number(point));
    let ends = || numbers.clone().map(|point| point.at).chain(plot.newest.map(|(at, _)| at));
    let span = plot.period.or_else(|| Some((ends().min()?, ends().max()?)));
    let (from, to) = span.unwrap_or_default();
    let to = to.max(from.plus(Span::from_secs(1)));
    let vertices = vertices(&series.points, length, plot.newest, to);
    let before: Vec<Vertex> = self::vertices(before, length, None, to);
    let Some(last) = vertices.last() else {
        let description = format!("{label} of {subject}: there is no data for this time.");
        return Chart {
            subject,
            label,
            address,
            description,
            height,
            span: (from, to),
            ..Chart::default()
        };
    };
    // What is yes or no has no levels worth a line.
    let is_yes_no = series.unit == Unit::YesNo;
    let levels: Vec<(&str, f64)> = [("warning", series.warning), ("critical", series.critical)]
        .into_iter()
        .filter_map(|(name, level)| Some((name, level?)))
        .filter(|(_, level)| level.is_finite() && !is_yes_no)
        .collect();
    let smallest = vertices.iter().fold(f64::INFINITY, |low, one| low.min(one.point.min));
    let largest = vertices.iter().fold(f64::NEG_INFINITY, |high, one| high.max(one.point.max));
    let beside = levels.iter().map(|(_, level)| *level);
    let beside = beside.chain(before.iter().map(|one| one.point.mean));
    let (low, high) =
        beside.fold((smallest, largest), |(low, high), value| (low.min(value), high.max(value)));
    let spans = if is_yes_no { &[] } else { plot.usual };
    let (low, high) = usual::reach(spans, (low, high));
    let room = if high > low { (high - low).min(f64::MAX) } else { high.abs().max(1.0) };
    let (low, high) = ((low - room * 0.06).max(f64::MIN), (high + room * 0.06).min(f64::MAX));
    let scale = Scale { from, to, low, high, height };
    let text = |value: f64| text::clip(&humanize::value(value, &series.unit), LONGEST_LABEL);

    let (mut lines, mut bands, mut dots) = (Vec::new(), Vec::new(), Vec::new());
    for stretch in vertices.chunk_by(|one, next| next.point.at <= one.point.until) {
        if let [only] = stretch {
            dots.push((scale.percent(only.at), scale.y(only.point.mean)));
            continue;
        }
        let corner = |one: &Vertex, value: f64| format!("{},{}", scale.x(one.at), scale.y(value));
        let means: Vec<String> = stretch.iter().map(|one| corner(one, one.point.mean)).collect();
        lines.push(means.join(" "));
        if stretch.iter().any(|one| scale.y(one.point.min) != scale.y(one.point.max)) {
            let upper = stretch.iter().map(|one| corner(one, one.point.max));
            let lower = stretch.iter().rev().map(|one| corner(one, one.point.min));
            bands.push(upper.chain(lower).collect::<Vec<_>>().join(" "));
        }
    }
    let earlier = before.chunk_by(|one, next| next.point.at <= one.point.until);
    let earlier = earlier.filter(|stretch| stretch.len() > 1).map(|stretch| {
        let corner = |one: &Vertex| format!("{},{}", scale.x(one.at), scale.y(one.point.mean));
        stretch.iter().map(corner).collect::<Vec<_>>().join(" ")
    });

    let size = if is_yes_no {
        1.0
    } else {
        step(high - low, matches!(series.unit, Unit::Bytes | Unit::BytesPerSecond))
    };
    let start = (low / size).ceil();
    let values = (0..8)
        .map(|index| (start + f64::from(index)) * size)
        .take_while(|value| *value <= high)
        .map(|value| (scale.y(value), text(if value.abs() < size * 1e-6 { 0.0 } else { value })))
        // The uppermost has no room for its text above it.
        .filter(|(y, _)| *y >= APART)
        .collect();
    let late = vertices.windows(2).filter(|pair| pair[1].point.at > pair[0].point.until).count();
    let said_gaps = match late {
        0 => String::new(),
        1 => " It has a gap without data.".to_owned(),
        _ => format!(" It has {late} gaps without data."),
    };
    let said_levels: Vec<String> =
        levels.iter().map(|(name, level)| format!("{name} at {}", text(*level))).collect();
    let said_levels = if said_levels.is_empty() {
        String::new()
    } else {
        format!("; {}", said_levels.join(", "))
    };
    let mut shown: Vec<Moment> =
        plot.moments.into_iter().filter(|one| (from..=to).contains(&one.at)).collect();
    shown.sort_by_key(|one| one.at);
    let strip = |&(from, to, severity): &(Timestamp, Timestamp, Severity)| {
        let (x, width) = scale.strip(from, to)?;
        Some(Strip { x, width, class: severity.as_str() })
    };
    let usually = |at: Timestamp| {
        let words = usual::words(spans, at, text);
        words.map_or_else(String::new, |words| format!("; {words}"))
    };
    let sample = |one: &Vertex| {
        let point = &one.point;
        let (mean, min, max) = (text(point.mean), text(point.min), text(point.max));
        let around = if min == max { String::new() } else { format!(" ({min} to {max})") };
        let week = before.binary_search_by_key(&point.at, |one| one.point.at).ok();
        let week = week.map_or_else(String::new, |place| {
            format!("; a week before {}", text(before[place].point.mean))
        });
        Sample {
            at: one.at,
            x: scale.percent(one.at),
            y: scale.y(point.mean),
            text: format!("{mean}{around}{week}{}", usually(one.at)),
        }
    };
    Chart {
        description: format!(
            "{label} of {subject} from {} to {}: between {} and {}, last value {}{}{said_levels}.{said_gaps}",
            clock::utc(from),
            clock::utc(to),
            text(smallest),
            text(largest),
            text(last.point.mean),
            usually(last.at)
        ),
        summary: format!("Between {} and {}", text(smallest), text(largest)),
        address,
        is_small: false,
        height,
        span: (from, to),
        lines,
        bands,
        usual: usual::bands(spans, |at, value| format!("{},{}", scale.x(at), scale.y(value))),
        before: earlier.collect(),
        dots,
        levels: levels
            .iter()
            .map(|(name, level)| {
                (scale.y(*level), (*name).to_owned(), format!("{name} {}", text(*level)))
            })
            .collect(),
        marks: marks(shown.into_iter().map(|one| (scale.percent(one.at), one))),
        strips: plot.incidents.iter().filter_map(strip).collect(),
        gaps: gaps(&vertices, length, &scale, blind),
        values,
        samples: vertices.iter().map(sample).collect(),
        subject,
        label,
    }
}

/// Places of the names of the levels: above their lines, or below where there is no room; never
/// on each other.
pub(super) fn level_labels(levels: &[(f32, String, String)], height: f32) -> Vec<f32> {
    let mut placed = Vec::<f32>::new();
    for (y, _, _) in levels {
        let (above, below) = (y - 4.0, y + 12.0);
        let is_free = |at: f32| {
            (10.0..=height).contains(&at) && placed.iter().all(|other| (at - other).abs() >= APART)
        };
        placed.push(
            [above, below, above - APART, below + APART, above - 2.0 * APART, below + 2.0 * APART]
                .into_iter()
                .find(|at| is_free(*at))
                .unwrap_or(above),
        );
    }
    placed
}
