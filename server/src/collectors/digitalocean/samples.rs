//! The answers of the monitoring API: series of samples by their labels. Everything in them may be
//! wrong: what can't be read is refused as a whole, what makes no sense is left out.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::inventory::Unreadable;

/// The most series of one answer: modes of a processor, file systems, instances of an app.
const MOST_SERIES: usize = 500;
/// The most samples that are taken of one series: those of about a day.
const MOST_SAMPLES: usize = 1_000;
/// The longest label that is kept.
const LONGEST_LABEL: usize = 200;
/// No machine counts further: far below where a number loses its seconds or bytes.
const LARGEST: f64 = 1e18;

/// One series of an answer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Series {
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Its samples: seconds since 1970, and the value. In the order of their times, each time once.
    pub samples: Vec<(i64, f64)>,
}

impl Series {
    /// A label, empty where it has none.
    pub(crate) fn label(&self, name: &str) -> &str {
        self.labels.get(name).map_or("", String::as_str)
    }
}

#[derive(Deserialize)]
struct Answer<'a> {
    status: &'a str,
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    result: Vec<RawSeries>,
}

#[derive(Deserialize)]
struct RawSeries {
    #[serde(default)]
    metric: BTreeMap<String, String>,
    #[serde(default)]
    values: Vec<(serde_json::Number, Value)>,
}

/// Values are texts in practice, and may be numbers by the description.
#[derive(Deserialize)]
#[serde(untagged)]
enum Value {
    Number(f64),
    Text(String),
}

impl Value {
    fn get(&self) -> Option<f64> {
        let value = match self {
            Self::Number(value) => *value,
            Self::Text(text) => text.trim().parse().ok()?,
        };
        (value.is_finite() && value.abs() <= LARGEST).then_some(value)
    }
}

/// Reads an answer. No series, or none with samples, is a valid answer: nothing is known.
pub(crate) fn read(body: &[u8]) -> Result<Vec<Series>, Unreadable> {
    let answer: Answer<'_> =
        serde_json::from_slice(body).map_err(|error| Unreadable::of(&error))?;
    if answer.status != "success" {
        return Err(Unreadable::new("its status is not 'success'"));
    }
    if answer.data.result.len() > MOST_SERIES {
        return Err(Unreadable::new("it has too many series"));
    }
    Ok(answer.data.result.into_iter().map(series).collect())
}

fn series(result: RawSeries) -> Series {
    let times = result.values.iter().filter_map(|(at, value)| {
        // Seconds since 1970, where a fraction is possible.
        let at = at.as_i64().or_else(|| at.as_f64().map(|at| at as i64))?;
        (0..=LARGEST_TIME).contains(&at).then_some((at, value.get()?))
    });
    // The last one of a time counts.
    let mut samples: BTreeMap<i64, f64> = times.collect();
    while samples.len() > MOST_SAMPLES {
        samples.pop_first();
    }
    let is_short = |(name, text): &(String, String)| name.len().max(text.len()) <= LONGEST_LABEL;
    Series {
        labels: result.metric.into_iter().filter(is_short).collect(),
        samples: samples.into_iter().collect(),
    }
}

/// The year 9999.
const LARGEST_TIME: i64 = 253_402_300_799;

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Vec<Series>, Unreadable> {
        read(text.as_bytes())
    }

    #[test]
    fn samples_come_with_their_labels_in_the_order_of_their_times() {
        let all = parse(
            r#"{"status":"success","data":{"resultType":"matrix","result":[
                {"metric":{"host_id":"1","mode":"idle"},
                 "values":[[1635386880,"2.5"],[1635386760,1],[1635386880,"3.5"],[1635387000.5,"4"]]}]}}"#,
        )
        .unwrap();
        assert_eq!(all[0].label("mode"), "idle");
        assert_eq!(all[0].label("other"), "");
        assert_eq!(
            all[0].samples,
            [(1_635_386_760, 1.0), (1_635_386_880, 3.5), (1_635_387_000, 4.0)]
        );
    }

    #[test]
    fn values_that_make_no_sense_are_left_out() {
        let all = parse(
            r#"{"status":"success","data":{"result":[{"metric":{},"values":
                [[1,"NaN"],[2,"+Inf"],[3,""],[4,"1e30"],[-5,"1"],[1e300,"1"],[7,"7"]]}]}}"#,
        )
        .unwrap();
        assert_eq!(all[0].samples, [(7, 7.0)]);
    }

    #[test]
    fn empty_and_half_answers_are_told_apart() {
        let empty = r#"{"status":"success","data":{"resultType":"matrix","result":[]}}"#;
        assert!(parse(empty).unwrap().is_empty());
        for half in [
            "",
            "{}",
            &empty[..40],
            r#"{"status":"success"}"#,
            r#"{"status":"success","data":{}}"#,
            r#"{"status":"error","data":{"result":[]}}"#,
            r#"{"status":"success","data":{"result":[{"values":[[1]]}]}}"#,
            "<html>502 Bad Gateway</html>",
        ] {
            assert!(parse(half).is_err(), "{half}");
        }
    }
}
