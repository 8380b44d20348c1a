//! Ports that programs listen on, from the kernel's tables and the open files of processes.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fs::File,
    io::{BufRead as _, BufReader, Read as _},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};

use domain::inspection::InspectionOutcome;

use super::{
    look::{Look, Looked, user},
    processes,
};

/// The tables, and the state of a socket that waits for others: `LISTEN`, and of UDP any that is
/// not connected.
const TABLES: [(&str, &str); 4] = [("tcp", "0A"), ("tcp6", "0A"), ("udp", "07"), ("udp6", "07")];
/// So much of a table is read, in bytes.
const LONGEST_TABLE: u64 = 16 * 1024 * 1024;
/// More programs that share one socket are not named.
const MOST_HOLDERS: usize = 3;

/// A socket that listens, as a table tells it.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Socket {
    protocol: &'static str,
    port: u16,
    address: IpAddr,
    user: u32,
    inode: u64,
}

/// Looks.
pub(super) fn look(look: &Look) -> Looked {
    let mut sockets = BTreeSet::new();
    let mut failed = Vec::new();
    for (table, state) in TABLES {
        let path = format!("/proc/net/{table}");
        match File::open(&path) {
            Ok(file) => {
                let lines = BufReader::new(file.take(LONGEST_TABLE)).lines();
                let lines = lines.map_while(Result::ok).take_while(|_| !look.is_over());
                sockets.extend(lines.filter_map(|line| socket(&line, table, state)));
            }
            // A kernel without IPv6 has no such table.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => failed.push(format!("{path} can't be read: {error}.")),
        }
    }
    if sockets.is_empty() && !failed.is_empty() {
        return Err(failed.join(" "));
    }
    let mut holders: HashMap<u64, BTreeMap<u32, String>> =
        sockets.iter().map(|socket| (socket.inode, BTreeMap::new())).collect();
    let unseen = processes::open_files(look, |pid, _, target| {
        let inode = target
            .to_str()
            .and_then(|text| text.strip_prefix("socket:[")?.strip_suffix(']')?.parse::<u64>().ok());
        if let Some(by) = inode.and_then(|inode| holders.get_mut(&inode)) {
            by.entry(pid).or_insert_with(|| processes::name(pid));
        }
    })?;
    let row = |socket: &Socket| {
        let Socket { protocol, port, address, user: uid, inode } = socket;
        let by = holders.get(inode);
        let named: Vec<String> = by
            .into_iter()
            .flatten()
            .take(MOST_HOLDERS)
            .map(|(pid, name)| format!("{name} ({pid})"))
            .collect();
        let more = by.map_or(0, BTreeMap::len).saturating_sub(MOST_HOLDERS);
        let more = if more > 0 { format!(", {more} more") } else { String::new() };
        let program = if named.is_empty() { "not known".to_owned() } else { named.join(", ") };
        let address = SocketAddr::new(*address, *port).to_string();
        format!("{protocol:<4} {address:<28} {:<12} {program}{more}", user(*uid))
    };
    let heading = format!("{:<4} {:<28} {:<12} program", "", "address", "user");
    let lines = std::iter::once(heading).chain(sockets.iter().map(row));
    let lines: Vec<String> = lines.collect();
    let mut notes = failed;
    if unseen.others {
        notes.push(format!(
            "Calm Ops runs as {} and may not see which program of another user listens; the user is known.",
            super::look::ours()
        ));
    }
    if unseen.rest {
        notes.push("There was no time to find all programs.".to_owned());
    }
    Ok(InspectionOutcome::table(lines, notes))
}

/// One line of a table.
fn socket(line: &str, table: &str, state: &str) -> Option<Socket> {
    let mut fields = line.split_ascii_whitespace();
    let (_, local, remote, found) =
        (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
    let (_, remote_port) = remote.rsplit_once(':')?;
    if found != state || remote_port != "0000" {
        return None;
    }
    let (address, port) = local.rsplit_once(':')?;
    let (user, inode) = (fields.nth(3)?.parse().ok()?, fields.nth(1)?.parse().ok()?);
    let protocol = if table.starts_with("tcp") { "tcp" } else { "udp" };
    let port = u16::from_str_radix(port, 16).ok()?;
    Some(Socket { protocol, port, address: address_of(address)?, user, inode })
}

/// The kernel writes each group of four bytes as a number of this machine's byte order.
fn address_of(text: &str) -> Option<IpAddr> {
    let group = |at: usize| {
        let digits = text.get(at * 8..at * 8 + 8)?;
        Some(u32::from_str_radix(digits, 16).ok()?.to_ne_bytes())
    };
    match text.len() {
        8 => Some(IpAddr::V4(Ipv4Addr::from(group(0)?))),
        32 => {
            let mut bytes = [0; 16];
            for at in 0..4 {
                bytes[at * 4..at * 4 + 4].copy_from_slice(&group(at)?);
            }
            Some(IpAddr::V6(Ipv6Addr::from(bytes)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, UdpSocket};

    use super::*;

    #[test]
    fn what_listens_is_found_with_its_program() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let addresses = [
            format!("tcp  {}", listener.local_addr().unwrap()),
            format!("udp  {}", socket.local_addr().unwrap()),
        ];
        let outcome = look(&Look::new(super::super::ENOUGH)).unwrap();
        let InspectionOutcome::Seen { lines, truncated, .. } = outcome else {
            panic!("it was seen")
        };
        let own = format!("({})", std::process::id());
        for address in addresses {
            let found = lines.iter().find(|line| line.starts_with(&format!("{address} ")));
            // More may listen on this machine than are shown.
            match found {
                Some(line) => assert!(line.contains(&own), "{line}"),
                None => assert!(truncated, "{address} is missing: {lines:#?}"),
            }
        }
    }

    #[test]
    fn lines_of_the_tables_are_read_or_left_out() {
        let line = "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 54321 1 0000000000000000 100 0 0 10 0";
        let read = socket(line, "tcp", "0A").unwrap();
        assert_eq!((read.port, read.user, read.inode), (8080, 1000, 54321));
        if cfg!(target_endian = "little") {
            assert_eq!(read.address, IpAddr::V4(Ipv4Addr::LOCALHOST));
            let six = line.replace("0100007F", "00000000000000000000000001000000");
            let six = six.replace("00000000:0000", "00000000000000000000000000000000:0000");
            let read = socket(&six, "tcp6", "0A").unwrap();
            assert_eq!(read.address, IpAddr::V6(Ipv6Addr::LOCALHOST));
        }
        let connected = line.replace("00000000:0000 0A", "0100007F:01BB 01");
        for other in [
            connected.as_str(),
            "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode",
            "",
            "0: 0100007F 0:0 0A",
            "0: é100007F:1F90 00000000:0000 0A 0 0 0 1000 0 5",
        ] {
            assert_eq!(socket(other, "tcp", "0A"), None, "{other}");
        }
    }
}
