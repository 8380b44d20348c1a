//! The operating mode, as the product follows it.

use commands::protection::{ClassAccess, ModeName, OperatingMode};
use domain::protection::{Protection, SafeModeStage};
use policy::limits::{Class, ClassKind, Limits};

/// True if a class passes at a stage of safe mode.
pub fn passes(class: &Class, stage: SafeModeStage) -> bool {
    class.is_critical
        || match stage {
            SafeModeStage::ReadOnly => false,
            SafeModeStage::Interactive => class.kind == ClassKind::Interactive,
        }
}

/// The operating mode, with what it means for each class of requests.
pub fn mode(protection: &Protection, limits: Option<&Limits>) -> OperatingMode {
    let safe_mode = protection.safe_mode.as_ref();
    let access = |class: &Class| match safe_mode {
        Some(in_force) if !passes(class, in_force.stage) => ClassAccess::Refused,
        Some(_) | None => ClassAccess::Passes,
    };
    let classes = limits.map(Limits::classes).unwrap_or_default();
    let keep_writing = limits.map(|limits| &limits.automation().keep_writing);
    OperatingMode {
        mode: if safe_mode.is_some() { ModeName::Safe } else { ModeName::Normal },
        stage: safe_mode.map(|one| one.stage),
        since: safe_mode.map_or(protection.safe_mode_ended_at, |one| Some(one.stage_since)),
        classes: classes.iter().map(|class| (class.name.clone(), access(class))).collect(),
        keep_writing: keep_writing
            .into_iter()
            .flatten()
            .map(|organization| organization.as_str().to_owned())
            .collect(),
    }
}
