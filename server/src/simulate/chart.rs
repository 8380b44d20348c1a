//! The picture of a run: rates of the organization with the limits in force, and of the others.

use std::fmt::Write as _;

use engine::simulation::{Counts, RatePoint};
use wording::humanize::value;

use super::report::Report;

const WIDTH: f64 = 960.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 16.0;
/// Top and height of the two plots.
const PLOTS: [(f64, f64); 2] = [(72.0, 220.0), (372.0, 140.0)];
const HEIGHT: f64 = 556.0;

/// Colours of the pages, light and dark.
const STYLE: &str = "\
:root{color-scheme:light dark}\
svg{font:13px system-ui,sans-serif}\
.ground{fill:#fffdfa}.text{fill:#26231f}.quiet{fill:#5c564e}.line{stroke:#e0dad0}.trouble{fill:#f0ece5}\
.sent{stroke:#5f6068}.admitted{stroke:#0b6068}.refused{stroke:#b02a2a}.limit{stroke:#8a5300}\
path{fill:none;stroke-width:2;stroke-linejoin:round}.limit{stroke-dasharray:6 4}.sent{stroke-width:1.5}.refused{stroke-dasharray:2 2}\
@media(prefers-color-scheme:dark){.ground{fill:#22201d}.text{fill:#ece7df}.quiet{fill:#b5aea4}.line{stroke:#37342f}.trouble{fill:#2b2925}\
.sent{stroke:#a9a9b2}.admitted{stroke:#6cc5c3}.refused{stroke:#f28b82}.limit{stroke:#e5ae58}}";

/// A plot: a rectangle with its scales.
struct Plot {
    top: f64,
    height: f64,
    /// Seconds of the whole run.
    length: f64,
    /// The largest rate of the scale.
    most: f64,
    tick: f64,
}

impl Plot {
    fn new((top, height): (f64, f64), length: f64, largest: f64) -> Self {
        let tick = round_step(largest.max(1.0) / 4.0);
        let most = (largest.max(1.0) / tick).ceil() * tick;
        Self { top, height, length: length.max(1.0), most, tick }
    }

    fn x(&self, seconds: f64) -> f64 {
        LEFT + seconds.clamp(0.0, self.length) / self.length * (WIDTH - LEFT - RIGHT)
    }

    fn y(&self, rate: f64) -> f64 {
        self.top + self.height * (1.0 - (rate / self.most).min(1.0))
    }

    /// Axes, with the time of the trouble behind them.
    fn frame(&self, svg: &mut String, title: &str, trouble: (f64, f64)) {
        let (from, until) = (self.x(trouble.0), self.x(trouble.1));
        let _ = writeln!(
            svg,
            r#"<text class="text" x="{LEFT}" y="{:.1}" font-weight="600">{}</text>"#,
            self.top - 14.0,
            escape(title)
        );
        let _ = writeln!(
            svg,
            r#"<rect class="trouble" x="{from:.1}" y="{:.1}" width="{:.1}" height="{:.1}"/>"#,
            self.top,
            (until - from).max(0.0),
            self.height
        );
        let mut rate = 0.0;
        while rate <= self.most + self.tick / 2.0 {
            let y = self.y(rate);
            let label = value(rate, &domain::unit::Unit::Count);
            let _ = writeln!(
                svg,
                r#"<path class="line" d="M{LEFT} {y:.1}H{:.1}" style="stroke-width:1"/><text class="quiet" x="{:.1}" y="{:.1}" text-anchor="end">{label}</text>"#,
                WIDTH - RIGHT,
                LEFT - 8.0,
                y + 4.0
            );
            rate += self.tick;
        }
        let step = round_step(self.length / 8.0).max(1.0);
        let mut second = 0.0;
        while second <= self.length {
            let _ = writeln!(
                svg,
                r#"<text class="quiet" x="{:.1}" y="{:.1}" text-anchor="middle">{second:.0} s</text>"#,
                self.x(second),
                self.top + self.height + 18.0
            );
            second += step;
        }
    }

    /// Rates as steps.
    fn steps(&self, svg: &mut String, class: &str, points: impl Iterator<Item = (f64, f64)>) {
        let mut path = String::new();
        for (index, (at, rate)) in points.enumerate() {
            let (x, y) = (self.x(at), self.y(rate));
            let _ = match index {
                0 => write!(path, "M{x:.1} {y:.1}"),
                _ => write!(path, "H{x:.1}V{y:.1}"),
            };
        }
        if !path.is_empty() {
            let _ =
                writeln!(svg, r#"<path class="{class}" d="{path}H{:.1}"/>"#, self.x(self.length));
        }
    }
}

/// 1, 2 or 5 times a power of ten, not below `least`.
fn round_step(least: f64) -> f64 {
    let power = 10_f64.powf(least.log10().floor());
    [1.0, 2.0, 5.0, 10.0]
        .map(|digit| digit * power)
        .into_iter()
        .find(|step| *step >= least)
        .unwrap_or(power)
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Draws the picture.
pub(super) fn draw(report: &Report) -> String {
    let summary = &report.summary;
    let step = summary.step.as_secs_f64().max(1.0);
    let length = report.phases.end.as_secs_f64();
    let trouble =
        (report.phases.trouble_from.as_secs_f64(), report.phases.trouble_until.as_secs_f64());
    let organization = escape(&report.parameters.organization);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" width=\"{WIDTH}\" height=\"{HEIGHT}\" role=\"img\" aria-labelledby=\"title description\">\n\
         <title id=\"title\">Rates of a simulation of {organization}</title>\n\
         <desc id=\"description\">Requests per second that were sent, admitted and refused, with the limits in force. The time of the trouble is shaded.</desc>\n\
         <style>{STYLE}</style>\n<rect class=\"ground\" width=\"{WIDTH}\" height=\"{HEIGHT}\"/>\n"
    );
    legend(&mut svg);
    let limits = limits(report, length);
    let titles = [
        format!("Uploads of {}, requests per second", report.parameters.organization),
        "All requests of the others, requests per second".to_owned(),
    ];
    for (index, title) in titles.iter().enumerate() {
        let counts = |point: &RatePoint| if index == 0 { point.uploads } else { point.others };
        let rate = |of: fn(&Counts) -> u64| {
            summary
                .rates
                .iter()
                .map(move |point| (point.at.as_secs_f64(), of(&counts(point)) as f64 / step))
        };
        let largest = rate(|counts| counts.sent).map(|(_, rate)| rate).fold(0.0, f64::max);
        let plot = Plot::new(PLOTS[index], length, largest);
        plot.frame(&mut svg, title, trouble);
        plot.steps(&mut svg, "sent", rate(|counts| counts.sent));
        plot.steps(&mut svg, "admitted", rate(|counts| counts.admitted));
        plot.steps(&mut svg, "refused", rate(|counts| counts.refused));
        if index == 0 {
            for (from, until, rate) in &limits {
                let (from, until, y) = (plot.x(*from), plot.x(*until), plot.y(*rate));
                let _ = writeln!(
                    svg,
                    r#"<path class="limit" d="M{from:.1} {y:.1}H{until:.1}"><title>limit of {rate:.1}/s</title></path>"#
                );
            }
        }
    }
    svg.push_str("</svg>\n");
    svg
}

fn legend(svg: &mut String) {
    for (x, class) in (0..).zip(["sent", "admitted", "refused", "limit"]) {
        let x = LEFT + 120.0 * f64::from(x);
        let _ = writeln!(
            svg,
            r#"<path class="{class}" d="M{x} 24H{}"/><text class="text" x="{}" y="28">{class}</text>"#,
            x + 28.0,
            x + 36.0
        );
    }
}

/// Limits in force: from, until and rate.
fn limits(report: &Report, length: f64) -> Vec<(f64, f64, f64)> {
    let document = report.static_limit;
    let mut lines = Vec::new();
    let (mut from, mut rate) = (0.0, document);
    for step in &report.reactions.steps {
        let at = report.offset(step.at).clamp(0.0, length);
        lines.extend(rate.map(|rate| (from, at, rate)));
        // The stricter one counts.
        rate = [step.rate, document].into_iter().flatten().reduce(f64::min);
        from = at;
    }
    lines.extend(rate.map(|rate| (from, length, rate)));
    lines
}

impl Report {
    /// The picture of the rates: SVG, readable on light and dark ground.
    pub fn picture(&self) -> String {
        draw(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_of_scales_are_round() {
        let steps = [0.25, 1.0, 1.1, 3.0, 7.0, 12.5, 60.0].map(round_step);
        assert_eq!(steps, [0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 100.0]);
    }
}
