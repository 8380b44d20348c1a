//! Values of a signal as comma-separated values. Fields are times and numbers only, so that no
//! spreadsheet takes one for a formula; a name stands in the file's name alone, reduced to letters
//! and digits.

use std::fmt::Write as _;

use axum::{extract::State, response::IntoResponse as _};
use commands::{reading::GetSignal, view::Series};
use http::header;

use crate::http::{api::route::Answer, auth::RequestPrincipal, extract::ApiQuery, state::Site};

/// The longest part of a file's name that comes from a subject.
const LONGEST_NAME: usize = 60;

/// Answers with the values of a period.
pub(super) async fn series(
    State(site): State<Site>,
    RequestPrincipal(principal): RequestPrincipal,
    ApiQuery(asked): ApiQuery<GetSignal>,
) -> Answer {
    let page = site.service.execute(principal, asked).await?;
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8; header=present".to_owned()),
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{}\"", file_name(&page.series)),
        ),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    Ok((headers, lines(&page.series)).into_response())
}

/// The lines of a file, each ended as RFC 4180 asks.
fn lines(series: &Series) -> String {
    let mut lines = String::from("time,min,mean,max\r\n");
    for point in &series.points {
        let at = point.at.to_seconds_text();
        let _ = write!(lines, "{at},{},{},{}\r\n", point.min, point.mean, point.max);
    }
    lines
}

/// The name of a file: `calm-ops-host.memory.used-host-web-1.csv`.
fn file_name(series: &Series) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' };
    let subject: String = series.subject.as_str().chars().map(plain).take(LONGEST_NAME).collect();
    let subject = subject.trim_matches(['-', '.']);
    format!("calm-ops-{}-{subject}.csv", series.signal)
}

#[cfg(test)]
mod tests {
    use commands::view::SeriesPoint;
    use domain::time::Timestamp;

    use super::*;

    fn series(subject: &str) -> Series {
        let at = Timestamp::from_secs(1_795_341_605);
        Series {
            subject: subject.parse().unwrap(),
            signal: "queue.depth".parse().unwrap(),
            unit: "jobs".parse().unwrap(),
            warning: None,
            critical: None,
            points: vec![SeriesPoint { at, until: at, min: -1.0, mean: 0.25, max: 7_000.0 }],
        }
    }

    #[test]
    fn a_line_is_a_time_and_three_numbers() {
        assert_eq!(
            lines(&series("service:imports")),
            "time,min,mean,max\r\n2026-11-22T10:00:05Z,-1,0.25,7000\r\n"
        );
    }

    #[test]
    fn no_name_can_leave_the_name_of_the_file() {
        for (subject, name) in [
            ("service:imports", "calm-ops-queue.depth-service-imports.csv"),
            ("service:=cmd|' /C calc'!A0", "calm-ops-queue.depth-service--cmd----C-calc--A0.csv"),
            ("service:a\"; x=\"../ä", "calm-ops-queue.depth-service-a---x.csv"),
        ] {
            let found = file_name(&series(subject));
            assert_eq!(found, name);
            assert!(!found.contains(['"', '/', '\\', ';', ' ']), "{found}");
        }
        let long = file_name(&series(&format!("service:{}", "x".repeat(150))));
        assert!(long.len() < 100, "{long}");
    }
}
