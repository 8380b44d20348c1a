//! Traffic of organizations: the present rate of each class, and the usual one.

use std::collections::{BTreeMap, VecDeque};

use domain::{
    protection::{ClassTraffic, LimitedRequests},
    subject::Subject,
};

/// Seconds of a bucket: what is usual is known of means over this time.
const BUCKET_SECONDS: f64 = 10.0;
/// Buckets that are kept: an hour.
const MOST_BUCKETS: usize = 360;
/// The newest buckets do not count as usual: a spike may have begun.
const NEWEST: usize = 2;
/// Buckets with requests from which on it is known what is usual.
const FEWEST_BUCKETS: usize = 3;
/// The present rate is a mean over this many windows.
const WINDOWS: usize = 3;

/// Counts of one class in a window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// Requests, refused ones too.
    pub requests: u64,
    /// Refused ones.
    pub refused: u64,
    /// Those that passed although they exceed a limit.
    pub above: u64,
}

/// The course of one class of one organization.
#[derive(Clone, Debug, Default)]
struct Course {
    /// The last windows: seconds and counts.
    windows: VecDeque<(f64, Counted)>,
    /// The bucket that is filled.
    filling: (f64, u64),
    /// Mean rates of full buckets, the oldest first.
    buckets: VecDeque<f32>,
}

impl Course {
    fn take(&mut self, counted: Counted, seconds: f64) {
        if self.windows.len() >= WINDOWS {
            self.windows.pop_front();
        }
        self.windows.push_back((seconds, counted));
        let (filled, requests) = &mut self.filling;
        *filled += seconds;
        *requests = requests.saturating_add(counted.requests);
        if *filled >= BUCKET_SECONDS {
            let rate = *requests as f64 / *filled;
            self.filling = (0.0, 0);
            if self.buckets.len() >= MOST_BUCKETS {
                self.buckets.pop_front();
            }
            self.buckets.push_back(rate as f32);
        }
    }

    fn rate(&self, count: impl Fn(&Counted) -> u64) -> f64 {
        let seconds: f64 = self.windows.iter().map(|(seconds, _)| seconds).sum();
        let counts: u64 = self.windows.iter().map(|(_, counted)| count(counted)).sum();
        if seconds > 0.0 { counts as f64 / seconds } else { 0.0 }
    }

    /// The median of the buckets in which something was sent; `None` if they are too few.
    fn usual(&self) -> Option<f64> {
        let known = self.buckets.len().saturating_sub(NEWEST);
        let mut rates: Vec<f32> =
            self.buckets.iter().take(known).copied().filter(|rate| *rate > 0.0).collect();
        if rates.len() < FEWEST_BUCKETS {
            return None;
        }
        rates.sort_unstable_by(f32::total_cmp);
        rates.get(rates.len() / 2).map(|rate| f64::from(*rate))
    }
}

/// The traffic of the organizations that are watched. About 6 KiB for each with four classes.
#[derive(Clone, Debug, Default)]
pub struct Baseline {
    organizations: BTreeMap<Subject, BTreeMap<String, Course>>,
}

impl Baseline {
    /// Takes the counts of one class of an organization in a window of some seconds. Each class of
    /// each organization comes once in a window, also without requests.
    pub fn take(&mut self, organization: &Subject, class: &str, counted: Counted, seconds: f64) {
        if !self.organizations.contains_key(organization) {
            self.organizations.insert(organization.clone(), BTreeMap::new());
        }
        let Some(classes) = self.organizations.get_mut(organization) else { return };
        if let Some(course) = classes.get_mut(class) {
            course.take(counted, seconds);
        } else {
            let mut course = Course::default();
            course.take(counted, seconds);
            classes.insert(class.to_owned(), course);
        }
    }

    /// Forgets what is no longer watched.
    pub fn retain(&mut self, is_watched: impl Fn(&Subject, &str) -> bool) {
        self.organizations.retain(|organization, classes| {
            classes.retain(|class, _| is_watched(organization, class));
            !classes.is_empty()
        });
    }

    /// The traffic of all, by organization and class; without those that send nothing and are not
    /// known to.
    pub fn traffic(&self) -> Vec<ClassTraffic> {
        let mut traffic = Vec::new();
        for (organization, classes) in &self.organizations {
            for (class, course) in classes {
                let (sent, usual) = (course.rate(|counted| counted.requests), course.usual());
                if sent <= 0.0 && usual.is_none() {
                    continue;
                }
                traffic.push(ClassTraffic {
                    requests: LimitedRequests {
                        organization: organization.clone(),
                        class: class.clone(),
                    },
                    sent,
                    refused: course.rate(|counted| counted.refused),
                    above: course.rate(|counted| counted.above),
                    usual,
                });
            }
        }
        traffic
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn acme() -> Subject {
        "organization:acme".parse().unwrap()
    }

    fn seconds(baseline: &mut Baseline, count: u64, requests: u64) {
        for _ in 0..count {
            let counted = Counted { requests, ..Counted::default() };
            baseline.take(&acme(), "uploads", counted, 1.0);
        }
    }

    fn uploads(baseline: &Baseline) -> (f64, Option<f64>) {
        let traffic = baseline.traffic();
        traffic.first().map_or((0.0, None), |one| (one.sent, one.usual))
    }

    #[test]
    fn a_spike_is_not_usual_at_once() {
        let mut baseline = Baseline::default();
        seconds(&mut baseline, 49, 5);
        assert_eq!(uploads(&baseline), (5.0, None), "too little is known");
        seconds(&mut baseline, 1, 5);
        assert_eq!(uploads(&baseline), (5.0, Some(5.0)));
        seconds(&mut baseline, 30, 60);
        assert_eq!(uploads(&baseline), (60.0, Some(5.0)));
        seconds(&mut baseline, 3_600, 60);
        assert_eq!(uploads(&baseline), (60.0, Some(60.0)), "after an hour it is usual");
    }

    #[test]
    fn silence_is_no_usual_rate_and_nothing_is_kept_of_those_who_are_not_watched() {
        let mut baseline = Baseline::default();
        seconds(&mut baseline, 60, 5);
        seconds(&mut baseline, 600, 0);
        assert_eq!(uploads(&baseline), (0.0, Some(5.0)));
        baseline.retain(|organization, class| *organization == acme() && class == "writes");
        assert!(baseline.traffic().is_empty());
    }
}
