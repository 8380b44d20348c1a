//! Facts that readiness, messages, reviews and reports tell of the configuration and of the heartbeat.

use std::sync::{Arc, Mutex, PoisonError};

use commands::readiness::SignOfLife;
use domain::report::ReportKind;

use crate::threshold_file::ThresholdFile;
use crate::{baselines::Baselines, time_zones::TeamZone};

/// The last sign of life, for whoever asks how they stand.
#[derive(Debug, Default)]
pub struct LastSign(Mutex<Option<SignOfLife>>);

impl LastSign {
    /// The last one; not sent before the first try ended.
    pub fn get(&self) -> SignOfLife {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).unwrap_or(SignOfLife::NotSent)
    }

    /// Notes the end of a try.
    pub fn set(&self, sign: SignOfLife) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(sign);
    }
}

/// Facts that readiness, messages, reviews and reports tell of the configuration.
#[derive(Debug, Default)]
pub struct SetUp {
    /// True if the journal begins with generated data.
    pub is_generated: bool,
    /// The last sign of life, if they are sent.
    pub last_sign: Option<Arc<LastSign>>,
    /// True if `public_url` is set.
    pub links: bool,
    /// The name of the product, for messages to customers, if it is set.
    pub product: Option<String>,
    /// The address of an issue tracker with `{title}` and `{body}`, if it is set.
    pub issue_url: Option<String>,
    /// The file of the thresholds, for changes of a row on its page.
    pub thresholds: ThresholdFile,
    /// The time zone of the team.
    pub zone: TeamZone,
    /// The reports that are made by themselves.
    pub reports: Vec<ReportKind>,
    /// The usual values of each series.
    pub baselines: Arc<Baselines>,
}
