//! The signals of the built-in collectors.

use domain::unit::Unit;

/// The unit of a signal that Calm Ops' own collectors report; `None` for any other.
pub fn known_unit(signal: &str) -> Option<Unit> {
    KNOWN.iter().find(|(name, _, _)| *name == signal).and_then(|(_, _, unit)| unit.parse().ok())
}

/// The signals of Calm Ops' own collectors: name, label, unit.
pub const KNOWN: &[(&str, &str, &str)] = &[
    ("host.cpu.used", "CPU", "%"),
    ("host.load.per_core", "Load per core", ""),
    ("host.memory.used", "Memory used", "%"),
    ("host.memory.available", "Memory available", "B"),
    ("host.swap.used", "Swap used", "%"),
    ("host.processes.count", "Processes", ""),
    ("host.processes.zombies", "Zombie processes", ""),
    ("host.files.open", "Open files", "%"),
    ("host.pressure.cpu", "CPU pressure", "%"),
    ("host.pressure.memory", "Memory pressure", "%"),
    ("host.pressure.io", "Disk pressure", "%"),
    ("host.uptime", "Uptime", "s"),
    ("disk.used", "Space used", "%"),
    ("disk.available", "Space available", "B"),
    ("disk.inodes.used", "Inodes used", "%"),
    ("network.received", "Received", "B/s"),
    ("network.sent", "Sent", "B/s"),
    ("app.up", "Running", "yes/no"),
    ("app.stopped", "Stopped in PM2", "yes/no"),
    ("app.restarts", "Restarts in 10 min", ""),
    ("app.cpu", "CPU", "%"),
    ("app.memory", "Memory", "B"),
    ("app.uptime", "Uptime", "s"),
    ("pm2.up", "PM2 answers", "yes/no"),
    ("endpoint.up", "Answers as expected", "yes/no"),
    ("endpoint.status", "Status", ""),
    ("endpoint.first_byte", "Time to first byte", "ms"),
    ("endpoint.total", "Time in all", "ms"),
    ("endpoint.certificate.days_left", "Certificate valid for", "d"),
    ("collector.failed", "Failing", "yes/no"),
    ("monitor.loop_lag", "Loop lag", "ms"),
    ("monitor.database_write", "Database write", "ms"),
    ("monitor.stream_clients", "Stream clients", ""),
];
