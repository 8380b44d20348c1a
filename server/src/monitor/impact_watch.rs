//! The customer impact as it was last seen.

use std::sync::Arc;

use domain::time::MonotonicTime;
use engine::impact::{Assessor, OrganizationMinute};

/// The impact as it was last seen, and the counts that it was seen in.
#[derive(Debug, Default)]
pub(super) struct ImpactWatch {
    pub assessor: Assessor,
    pub counted: Option<Arc<Vec<OrganizationMinute>>>,
    pub looked_at: Option<MonotonicTime>,
}
