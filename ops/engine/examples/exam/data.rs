//! The labelled data, in a folder that is not part of the repository:
//!
//! - `series.csv`: set, name, step in seconds, rows at the beginning that may be learned from
//!   without being judged, rows, metrics;
//! - `labels.csv`: set, name, from and to of each labelled event, in seconds since the first row;
//! - `SET/NAME.csv.gz`: seconds since the first row, and a value of each metric.
//!
//! `nab` is numenta/NAB at ea702d7 (`data/realAWSCloudwatch`, `data/realKnownCause`,
//! `labels/combined_windows.json`); `smd` is zhhlee/InterFusion at 8c85d51
//! (`data/processed/machine-*`), rounded to 4 digits.

use std::{
    error::Error,
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    str::FromStr,
};

use domain::time::Span;
use flate2::read::GzDecoder;

/// One labelled set; its subjects in alphabetical order.
pub struct Set {
    pub subjects: Vec<Subject>,
}

/// One series or server.
pub struct Subject {
    pub name: String,
    /// Its values, compressed.
    file: PathBuf,
    /// The time between rows, in seconds.
    pub step: i64,
    /// The time from which only learning happens, without judging.
    pub learning: Span,
    pub metrics: usize,
    /// Labelled events: from and to, in seconds since the first row.
    pub events: Vec<(i64, i64)>,
}

/// A row: seconds since the first one, and a value of each metric.
pub struct Row {
    pub time: i64,
    pub values: Vec<f64>,
}

fn field<T: FromStr>(fields: &[&str], place: usize, line: &str) -> Result<T, String> {
    fields
        .get(place)
        .and_then(|text| text.parse().ok())
        .ok_or_else(|| format!("column {} of '{line}' can't be read", place + 1))
}

impl Set {
    /// Reads what there is of a set; the values are read when they are needed.
    pub fn read(folder: &Path, set: &str) -> Result<Self, Box<dyn Error>> {
        let labels = fs::read_to_string(folder.join("labels.csv"))?;
        let series = fs::read_to_string(folder.join("series.csv"))?;
        let mut subjects = Vec::new();
        for line in series.lines().skip(1) {
            let fields: Vec<&str> = line.split(',').collect();
            if fields.first() != Some(&set) {
                continue;
            }
            let name: String = field(&fields, 1, line)?;
            let step: i64 = field(&fields, 2, line)?;
            let rows: i64 = field(&fields, 3, line)?;
            let mut events = Vec::new();
            for label in labels.lines().skip(1) {
                let fields: Vec<&str> = label.split(',').collect();
                if fields.first() == Some(&set) && fields.get(1) == Some(&name.as_str()) {
                    events.push((field(&fields, 2, label)?, field(&fields, 3, label)?));
                }
            }
            subjects.push(Subject {
                file: folder.join(set).join(format!("{name}.csv.gz")),
                name,
                step,
                learning: Span::from_secs(u64::try_from(rows.saturating_mul(step))?),
                metrics: field(&fields, 5, line)?,
                events,
            });
        }
        subjects.sort_by(|one, two| one.name.cmp(&two.name));
        Ok(Self { subjects })
    }
}

impl Subject {
    /// Calls `take` with each row, in order. A value that is missing is not a number.
    pub fn each_row(
        &self,
        mut take: impl FnMut(&Row) -> Result<(), Box<dyn Error>>,
    ) -> Result<(), Box<dyn Error>> {
        let file = fs::File::open(&self.file)
            .map_err(|error| format!("{}: {error}", self.file.display()))?;
        let mut lines = BufReader::with_capacity(1 << 16, GzDecoder::new(file));
        let mut line = String::new();
        let mut row = Row { time: 0, values: Vec::new() };
        lines.read_line(&mut line)?;
        loop {
            line.clear();
            if lines.read_line(&mut line)? == 0 {
                return Ok(());
            }
            let mut fields = line.trim_end().split(',');
            let time = fields.next().and_then(|time| time.parse::<f64>().ok());
            row.time =
                time.ok_or_else(|| format!("a row without a time: '{}'", line.trim()))? as i64;
            row.values.clear();
            row.values.extend(fields.map(|value| value.parse().unwrap_or(f64::NAN)));
            take(&row)?;
        }
    }
}
