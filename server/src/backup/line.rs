//! The lines of a backup, as they are written and read.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use commands::accounts::Row;
use domain::{hash::Hash, journal::StoredEntry};
use serde::{Deserialize, Serialize};

use crate::store::{Block, Rollup, RollupStep, SeriesHistory, StoreError};

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Line {
    CalmOpsBackup {
        format: u32,
        epoch: u32,
        number: u64,
        hash: Hash,
    },
    Entry {
        number: u64,
        at: i64,
        actor: String,
        kind: String,
        incident: Option<u32>,
        payload_hash: Hash,
        hash: Hash,
        sealed: Option<Sealed>,
    },
    Rollup {
        subject: String,
        signal: String,
        unit: String,
        hour: bool,
        start: i64,
        values: [f64; 4],
        count: u32,
    },
    /// Roll-ups of a series in one period, as they are packed.
    Block {
        subject: String,
        signal: String,
        unit: String,
        hour: bool,
        start: i64,
        base64: String,
    },
    Bundle {
        incident: u32,
        hex: String,
    },
    /// A person.
    Person(Row),
    End {
        sha256: Hash,
    },
}

/// A payload is JSON, and so a text; a salt is not.
#[derive(Serialize, Deserialize)]
pub(super) struct Sealed {
    pub salt: String,
    pub payload: String,
}

pub(super) fn entry_line(entry: StoredEntry) -> Result<Line, StoreError> {
    let StoredEntry { number, at_micros: at, actor, kind, incident, payload_hash, hash, payload } =
        entry;
    let sealed = payload.map(|(salt, payload)| {
        let payload = String::from_utf8(payload).map_err(|_| StoreError::Inconsistent {
            table: "journal",
            row: number.to_string(),
            problem: "its payload was changed: it is not a text".to_owned(),
        })?;
        Ok::<_, StoreError>(Sealed { salt: hex(&salt), payload })
    });
    Ok(Line::Entry {
        number,
        at,
        actor,
        kind,
        incident,
        payload_hash,
        hash,
        sealed: sealed.transpose()?,
    })
}

pub(super) fn rollup_line(rollup: &Rollup) -> Line {
    Line::Rollup {
        subject: rollup.subject.to_string(),
        signal: rollup.signal.to_string(),
        unit: rollup.unit.to_string(),
        hour: rollup.step == RollupStep::Hour,
        start: rollup.start.as_micros(),
        values: [rollup.min, rollup.max, rollup.mean, rollup.last],
        count: rollup.count,
    }
}

pub(super) fn block_line(history: &SeriesHistory, block: &Block) -> Line {
    Line::Block {
        subject: history.subject.to_string(),
        signal: history.signal.to_string(),
        unit: history.unit.to_string(),
        hour: block.step == RollupStep::Hour,
        start: block.start.as_micros(),
        base64: BASE64_STANDARD.encode(&block.body),
    }
}

pub(super) const fn step(hour: bool) -> RollupStep {
    if hour { RollupStep::Hour } else { RollupStep::Minute }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

pub(super) fn unhex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    text.as_bytes()
        .chunks(2)
        .map(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok())
        .collect()
}
