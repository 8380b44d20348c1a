//! Finds out whether the name servers of this host answer at all, asked for the root of all names.

use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use domain::reason::FailureReason;
use futures::{StreamExt as _, stream::FuturesUnordered};
use tokio::net::UdpSocket;

use crate::collectors::http::is_inside;

const RESOLV_CONF: &str = "/etc/resolv.conf";
/// As many as the system's resolver takes.
pub(super) const MOST: usize = 3;
/// A query for the name servers of the root, with recursion; its first two bytes are its number.
pub(super) const QUERY: [u8; 17] = [0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 1];

/// The reason that no name can be looked up: no name server answers. `None` if one does.
pub(super) async fn failing(patience: Duration) -> Option<FailureReason> {
    let servers = configured();
    let asked = u32::try_from(servers.len()).unwrap_or(u32::MAX);
    (!any_answers(&servers, 53, patience).await).then_some(FailureReason::NoNameServer { asked })
}

/// True if a name server answers that lies outside; `None` if none lies there.
pub(super) async fn outside(patience: Duration) -> Option<bool> {
    let servers: Vec<IpAddr> =
        configured().into_iter().filter(|server| !is_inside(*server)).collect();
    if servers.is_empty() { None } else { Some(any_answers(&servers, 53, patience).await) }
}

/// Finds out whether the name servers here, which may lie inside, get answers from outside: asked
/// for a name that nobody has asked for, in the domain at the top of `host`.
pub(super) async fn pass_on(host: &str, patience: Duration) -> bool {
    let Some(query) = fresh_query(host) else { return false };
    any_replies(&configured(), 53, patience, &query).await
}

/// A query for an address of a name that does not exist, so that no server knows the answer by
/// heart.
fn fresh_query(host: &str) -> Option<Vec<u8>> {
    let top = host.trim_end_matches('.').rsplit('.').next()?;
    let fits = (1..=63).contains(&top.len()) && !top.bytes().all(|byte| byte.is_ascii_digit());
    let mut random = [0; 12];
    getrandom::fill(&mut random).ok()?;
    let label: String = random.iter().map(|byte| char::from(b'a' + byte % 26)).collect();
    let mut query = vec![0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for part in [label.as_str(), top] {
        query.push(u8::try_from(part.len()).ok()?);
        query.extend_from_slice(part.as_bytes());
    }
    query.extend([0, 0, 1, 0, 1]);
    fits.then_some(query)
}

fn configured() -> Vec<IpAddr> {
    servers(&std::fs::read_to_string(RESOLV_CONF).unwrap_or_default())
}

/// The name servers of a `resolv.conf`; without any, this host itself, as the resolver does it.
pub(super) fn servers(text: &str) -> Vec<IpAddr> {
    let address = |line: &str| {
        let mut words = line.split_whitespace();
        let address = (words.next() == Some("nameserver")).then(|| words.next()).flatten()?;
        address.split('%').next()?.parse().ok()
    };
    let found: Vec<IpAddr> = text.lines().filter_map(address).take(MOST).collect();
    if found.is_empty() { vec![IpAddr::from([127, 0, 0, 1])] } else { found }
}

async fn any_answers(servers: &[IpAddr], port: u16, patience: Duration) -> bool {
    any_replies(servers, port, patience, &QUERY).await
}

async fn any_replies(servers: &[IpAddr], port: u16, patience: Duration, query: &[u8]) -> bool {
    let mut asked: FuturesUnordered<_> =
        servers.iter().map(|server| answers((*server, port).into(), query)).collect();
    let any = async {
        while let Some(answered) = asked.next().await {
            if answered == Some(true) {
                return true;
            }
        }
        false
    };
    tokio::time::timeout(patience, any).await.unwrap_or(false)
}

/// Asks one server; a packet may get lost, so it is asked twice.
async fn answers(server: SocketAddr, query: &[u8]) -> Option<bool> {
    let own: SocketAddr =
        if server.is_ipv4() { ([0, 0, 0, 0], 0).into() } else { ([0; 8], 0).into() };
    let socket = UdpSocket::bind(own).await.ok()?;
    socket.connect(server).await.ok()?;
    let mut query = query.to_vec();
    getrandom::fill(&mut query[..2]).ok()?;
    let mut answer = [0; 1_232];
    for _ in 0..2 {
        socket.send(&query).await.ok()?;
        let received =
            tokio::time::timeout(Duration::from_millis(900), socket.recv(&mut answer)).await;
        if let Ok(received) = received {
            let length = received.ok()?;
            return Some(is_answer(&query, answer.get(..length)?));
        }
    }
    None
}

/// True if a packet answers the query, and not with a failure: that there is no such name is an
/// answer too.
pub(super) fn is_answer(query: &[u8], packet: &[u8]) -> bool {
    let is_reply = packet.len() >= 12 && packet[..2] == query[..2] && packet[2] & 0x80 != 0;
    is_reply && matches!(packet[3] & 0x0f, 0 | 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_servers_of_this_host_are_read() {
        let text = "# nameserver 9.9.9.9\nnameserver 10.0.0.53\nsearch lan\nnameserver fe80::1%eth0\nnameserver x\noptions edns0\n";
        let found: [IpAddr; 2] = ["10.0.0.53".parse().unwrap(), "fe80::1".parse().unwrap()];
        assert_eq!(servers(text), found);
        assert_eq!(servers(""), ["127.0.0.1".parse::<IpAddr>().unwrap()]);
    }

    #[tokio::test]
    async fn only_a_server_that_answers_without_a_failure_answers() {
        for (code, expected) in [(0, true), (3, true), (2, false), (5, false)] {
            let server = UdpSocket::bind("127.0.0.1:0").await.unwrap();
            let address = server.local_addr().unwrap();
            tokio::spawn(async move {
                let mut packet = [0; 512];
                let (length, from) = server.recv_from(&mut packet).await.unwrap();
                (packet[2], packet[3]) = (0x81, 0x80 | code);
                server.send_to(&packet[..length], from).await.unwrap();
            });
            let patience = Duration::from_secs(2);
            let answered = any_answers(&[address.ip()], address.port(), patience).await;
            assert_eq!(answered, expected, "{code}");
        }
        // A query for a name that nobody knows is one that servers understand.
        let query = fresh_query("shop.example.").unwrap();
        assert_eq!((query[12], query.len()), (12, 12 + 13 + 8 + 5));
        assert_eq!(query[25..], *b"\x07example\0\0\x01\0\x01");
        assert_ne!(fresh_query("shop.example"), fresh_query("shop.example"));
        assert_eq!(fresh_query("192.0.2.7"), None);
        let silent = UdpSocket::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        assert!(!any_answers(&[silent.ip()], silent.port(), Duration::from_millis(100)).await);
    }
}
