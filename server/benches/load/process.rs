//! The resources of a process, by the kernel's own account.

use std::{io, time::Duration};

use crate::proc;

/// See the module.
#[derive(Clone, Copy, Debug)]
pub struct Usage {
    /// CPU time of the process and of the children that it waited for.
    pub cpu: Duration,
    /// Resident memory in bytes.
    pub resident: u64,
    /// Number of its child processes.
    pub children: usize,
}

impl Usage {
    pub fn of(pid: u32) -> io::Result<Self> {
        let stat = proc(pid, "stat")?;
        let fields: Vec<&str> =
            stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let ticks: u64 =
            fields.iter().skip(11).take(4).filter_map(|field| field.parse::<u64>().ok()).sum();
        let per_second = rustix::param::clock_ticks_per_second();
        let status = proc(pid, "status")?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib: u64 = line
            .and_then(|line| line.trim().trim_end_matches("kB").trim().parse().ok())
            .unwrap_or(0);
        let children = proc(pid, &format!("task/{pid}/children"))
            .unwrap_or_default()
            .split_whitespace()
            .count();
        Ok(Self {
            cpu: Duration::from_micros(ticks * 1_000_000 / per_second),
            resident: kib * 1024,
            children,
        })
    }
}
