//! The small text files of the kernel, parsed. All of it is treated as hostile text: what does not
//! parse is not there.

/// Bytes received and sent by each interface since it came up, from `/proc/net/dev`.
pub(super) fn traffic(text: &str) -> Vec<(&str, u64, u64)> {
    let lines = text.lines().skip(2);
    lines
        .filter_map(|line| {
            let (name, counters) = line.rsplit_once(':')?;
            let mut counters = counters.split_ascii_whitespace();
            let received = counters.next()?.parse().ok()?;
            let sent = counters.nth(7)?.parse().ok()?;
            Some((name.trim(), received, sent))
        })
        .collect()
}

/// Open files in percent of what the kernel allows, from `/proc/sys/fs/file-nr`: allocated, free,
/// maximum.
pub(super) fn open_files(text: &str) -> Option<f64> {
    let mut numbers = text.split_ascii_whitespace().map(str::parse::<f64>);
    let (allocated, free, most) =
        (numbers.next()?.ok()?, numbers.next()?.ok()?, numbers.next()?.ok()?);
    (most > 0.0).then(|| ((allocated - free) / most * 100.0).clamp(0.0, 100.0))
}

/// The share of the last 10 s in which some task waited, in percent, from a file of
/// `/proc/pressure`.
pub(super) fn pressure(text: &str) -> Option<f64> {
    let some = text.lines().find(|line| line.starts_with("some "))?;
    let average = some.split_ascii_whitespace().find_map(|part| part.strip_prefix("avg10="))?;
    average.parse().ok().filter(|share| (0.0..=100.0).contains(share))
}

/// The facts of `/proc/PID/stat` of a process that is of interest here. There is neither its
/// command line nor its environment in it.
#[derive(Debug, PartialEq)]
pub(crate) struct Stat<'a> {
    /// The name of its executable, at most 15 bytes for programs; whoever wrote the program chose
    /// it.
    pub name: &'a str,
    /// `R`, `S`, `Z` and so on.
    pub state: char,
    /// User and system time in clock ticks.
    pub ticks: u64,
    /// The start, in clock ticks since boot: a process id that is used again starts later.
    pub started: u64,
    /// Resident pages.
    pub pages: u64,
}

/// Parses `/proc/PID/stat`. The name stands in parentheses and may hold any of `)`, space and
/// digits: the last `)` ends it.
pub(crate) fn stat(text: &str) -> Option<Stat<'_>> {
    let (head, tail) = text.rsplit_once(')')?;
    let (_, name) = head.split_once('(')?;
    let mut fields = tail.split_ascii_whitespace();
    let state = fields.next()?.chars().next()?;
    let user: u64 = fields.nth(10)?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    let started = fields.nth(6)?.parse().ok()?;
    let pages = fields.nth(1)?.parse().unwrap_or(0);
    Some(Stat { name, state, ticks: user.saturating_add(system), started, pages })
}

/// A process's name made fit to be shown: no control characters, at most 64 characters. A program
/// that renames itself may put the beginning of its command line there (`node /srv/app/i`): only
/// the first word is its name.
pub(crate) fn shown_name(name: &str) -> String {
    name.split_whitespace()
        .next()
        .unwrap_or(name)
        .chars()
        .map(|c| if c.is_control() { '_' } else { c })
        .take(64)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn traffic_is_read_by_interface() {
        let text = "Inter-|   Receive                                                |  Transmit\n face |bytes    packets\n\
                        lo: 10 1 0 0 0 0 0 0 10 1 0 0 0 0 0 0\n  eth0:5000 3 0 0 0 0 0 0 700 2 0 0 0 0 0 0\n broken: 1 2\n";
        assert_eq!(traffic(text), [("lo", 10, 10), ("eth0", 5000, 700)]);
    }

    #[test]
    fn a_process_cannot_hide_behind_its_name() {
        let text = "42 (a) R (evil) Z 1 42 42 0 -1 4194304 100 0 0 0 7 5 0 0 20 0 1 0 900 1000000 321 184467 1 1 0";
        assert_eq!(
            stat(text),
            Some(Stat { name: "a) R (evil", state: 'Z', ticks: 12, started: 900, pages: 321 })
        );
        for broken in
            ["", "42", "42 (x", "42 (x)", "42 (x) S", ")(", "42 (x) S 1 2 3 4 5 6 7 8 9 a b c"]
        {
            assert_eq!(stat(broken), None, "{broken}");
        }
        assert_eq!(shown_name("a\u{1b}[31m\n"), "a_[31m");
        assert_eq!(shown_name("node /srv/app/i"), "node");
        assert_eq!(shown_name(" "), " ");
    }

    #[test]
    fn shares_are_read_or_left_out() {
        assert_eq!(open_files("519\t0\t2076\n"), Some(25.0));
        assert_eq!(open_files("1 0 0"), None);
        assert_eq!(
            pressure("some avg10=12.50 avg60=1.00 avg300=0.00 total=5\nfull avg10=3.00"),
            Some(12.5)
        );
        for broken in
            ["", "some", "some avg10=x", "some avg10=NaN", "some avg10=900", "full avg10=3.00"]
        {
            assert_eq!(pressure(broken), None, "{broken}");
        }
    }
}
