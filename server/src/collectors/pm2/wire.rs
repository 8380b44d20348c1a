//! The messages on the daemon's socket. A message is one byte (version 1 in the upper half, number
//! of parts in the lower), then each part after its length in four bytes. A part is `j:` and JSON,
//! or `s:` and text. The last part of a request is an id that comes back as the last part of its
//! reply.

use std::{fmt, io, path::Path};

use serde::{
    Deserialize, Deserializer,
    de::{Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt},
    net::UnixStream,
};

/// A reply that is longer is not read. It holds each app's environment, so it can be large.
const LONGEST: u32 = 16 * 1024 * 1024;

/// A reply with more processes is not read.
const MOST_PROCESSES: usize = 10_000;
/// So many exit codes of one process are looked at.
const MOST_CODES: usize = 256;
/// So much of a text is kept, in bytes: a path has at most this many.
const LONGEST_TEXT: usize = 4_096;

const ID: &str = "s:calm-ops:0";

/// One process of an app: the only fields that are ever taken out of a reply. The rest,
/// environments among it, is skipped while parsing and never becomes a value.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Instance {
    #[serde(deserialize_with = "number")]
    pub pm_id: Option<f64>,
    #[serde(deserialize_with = "text")]
    pub name: String,
    pub pm2_env: State,
    pub monit: Use,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct State {
    #[serde(deserialize_with = "text")]
    pub status: String,
    #[serde(deserialize_with = "number")]
    pub restart_time: Option<f64>,
    #[serde(deserialize_with = "number")]
    pub pm_uptime: Option<f64>,
    /// The time at which it was started or restarted on purpose, by a person or by its schedule:
    /// what PM2 does after a crash leaves it as it is.
    #[serde(deserialize_with = "number")]
    pub created_at: Option<f64>,
    /// The exit code of its last run; 0 also where a signal ended it.
    #[serde(deserialize_with = "number")]
    pub exit_code: Option<f64>,
    /// PM2 does not start it again when it ends.
    #[serde(rename = "autorestart", deserialize_with = "is_off")]
    pub runs_once: bool,
    /// The pause before PM2 starts it again, in milliseconds.
    #[serde(deserialize_with = "number")]
    pub restart_delay: Option<f64>,
    /// The signal that ended its last run, where that was a fault: noted from PM2's log.
    #[serde(skip)]
    pub killed_by: Option<&'static str>,
    /// Exit codes after which PM2 does not start it again.
    #[serde(deserialize_with = "codes")]
    pub stop_exit_codes: Vec<f64>,
    /// PM2 restarts it when it uses more, in bytes.
    #[serde(deserialize_with = "number")]
    pub max_memory_restart: Option<f64>,
    #[serde(deserialize_with = "text")]
    pub namespace: String,
    #[serde(deserialize_with = "text")]
    pub pm_exec_path: String,
    #[serde(deserialize_with = "text")]
    pub pm_out_log_path: String,
    #[serde(deserialize_with = "text")]
    pub pm_err_log_path: String,
}

/// With a pause of this many milliseconds or more between its runs, a program that ends without an
/// error is run by a schedule; a service would be away for all of that time.
const PAUSE: f64 = 30_000.0;

impl State {
    /// True if it is a job: PM2 does not start it again, or only after a long pause.
    pub(super) fn is_job(&self) -> bool {
        self.runs_once || self.pauses()
    }

    fn pauses(&self) -> bool {
        self.exit_code == Some(0.0)
            && self.killed_by.is_none()
            && self.restart_delay.is_some_and(|delay| delay >= PAUSE)
    }

    /// True if its last run is over, and PM2 does not start another one, or not soon. With a delay
    /// PM2 says that it waits for the next start, also where none will come.
    pub(super) fn is_over(&self) -> bool {
        let ended = self.exit_code.is_some_and(|code| self.stop_exit_codes.contains(&code));
        match self.status.as_str() {
            "stopped" => true,
            "waiting restart" => self.is_job() || ended,
            _ => false,
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Use {
    #[serde(deserialize_with = "number")]
    pub cpu: Option<f64>,
    #[serde(deserialize_with = "number")]
    pub memory: Option<f64>,
}

#[derive(Debug, Deserialize)]
struct Reply {
    #[serde(default, deserialize_with = "first")]
    args: Option<Vec<Instance>>,
    error: Option<IgnoredAny>,
}

/// Any value, of which nothing is kept that is not looked at: what a reply holds beside that takes no
/// memory.
enum Lenient {
    Bool(bool),
    Number(f64),
    Text(String),
    /// The first numbers of a list; texts count as what they say.
    Numbers(Vec<f64>),
    Other,
}

impl<'de> Deserialize<'de> for Lenient {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Lenient;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Lenient, E> {
        Ok(Lenient::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Lenient, E> {
        Ok(Lenient::Number(value as f64))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Lenient, E> {
        Ok(Lenient::Number(value as f64))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Lenient, E> {
        Ok(Lenient::Number(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Lenient, E> {
        Ok(Lenient::Text(value.to_owned()))
    }

    fn visit_unit<E>(self) -> Result<Lenient, E> {
        Ok(Lenient::Other)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Lenient, A::Error> {
        let mut numbers = Vec::new();
        while let Some(one) = list.next_element::<Lenient>()? {
            numbers.extend(one.number().filter(|_| numbers.len() < MOST_CODES));
        }
        Ok(Lenient::Numbers(numbers))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Lenient, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Lenient::Other)
    }
}

impl Lenient {
    /// The number that it is, or says.
    fn number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Text(text) => text.trim().parse().ok(),
            Self::Bool(_) | Self::Numbers(_) | Self::Other => None,
        }
    }
}

/// The first of several lists of processes. The others are read over.
fn first<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<Instance>>, D::Error> {
    struct Lists;

    impl<'de> Visitor<'de> for Lists {
        type Value = Option<Vec<Instance>>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("lists of processes")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut lists: A) -> Result<Self::Value, A::Error> {
            let first = lists.next_element::<Processes>()?;
            while lists.next_element::<IgnoredAny>()?.is_some() {}
            Ok(first.map(|Processes(all)| all))
        }
    }

    deserializer.deserialize_seq(Lists)
}

/// A list of processes of bounded length.
struct Processes(Vec<Instance>);

impl<'de> Deserialize<'de> for Processes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List;

        impl<'de> Visitor<'de> for List {
            type Value = Processes;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of processes")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Processes, A::Error> {
                let mut all = Vec::new();
                while let Some(one) = list.next_element::<Instance>()? {
                    if all.len() == MOST_PROCESSES {
                        return Err(A::Error::custom("too many processes"));
                    }
                    all.push(one);
                }
                Ok(Processes(all))
            }
        }

        deserializer.deserialize_seq(List)
    }
}

/// One strange value must not hide all apps.
fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    Ok(match Lenient::deserialize(deserializer)? {
        Lenient::Number(number) if number.is_finite() && number >= 0.0 => Some(number),
        _ => None,
    })
}

/// One number, or several; PM2 takes texts for numbers.
fn codes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<f64>, D::Error> {
    Ok(match Lenient::deserialize(deserializer)? {
        Lenient::Numbers(codes) => codes,
        one => one.number().into_iter().collect(),
    })
}

/// PM2 takes the word for the value.
fn is_off<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    Ok(match Lenient::deserialize(deserializer)? {
        Lenient::Bool(on) => !on,
        Lenient::Text(text) => text == "false",
        _ => false,
    })
}

/// A text, as far as one of this kind is ever long.
fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(match Lenient::deserialize(deserializer)? {
        Lenient::Text(mut text) => {
            text.truncate(text.floor_char_boundary(LONGEST_TEXT));
            text
        }
        Lenient::Number(number) => number.to_string(),
        _ => String::new(),
    })
}

fn request() -> Vec<u8> {
    let call = r#"j:{"type":"call","method":"getMonitorData","args":[{}]}"#;
    let mut message = vec![0x12];
    for part in [call, ID] {
        message.extend_from_slice(&(part.len() as u32).to_be_bytes());
        message.extend_from_slice(part.as_bytes());
    }
    message
}

/// The answer of a daemon.
#[derive(Debug)]
pub(super) struct Answer {
    pub instances: Vec<Instance>,
    /// The process that listens, as far as this system tells it.
    pub daemon: Option<i32>,
}

/// Asks the daemon for its processes. The caller sets the time limit. What went wrong is told
/// without a word of the reply.
pub(super) async fn ask(socket: &Path) -> io::Result<Answer> {
    let mut stream = UnixStream::connect(socket).await?;
    let daemon = stream.peer_cred().ok().and_then(|peer| peer.pid()).filter(|pid| *pid > 0);
    stream.write_all(&request()).await?;
    Ok(Answer { instances: read(stream).await?, daemon })
}

/// Reads the answer.
pub(super) async fn read(mut stream: impl AsyncRead + Unpin) -> io::Result<Vec<Instance>> {
    let head = stream.read_u8().await?;
    if head != 0x12 {
        return Err(io::Error::other("the reply is not in the form that PM2 uses"));
    }
    let length = stream.read_u32().await?;
    if length > LONGEST {
        return Err(io::Error::other("the reply is too long"));
    }
    // Grows with what arrives, not with what was announced.
    let mut part = Vec::new();
    stream.take(u64::from(length)).read_to_end(&mut part).await?;
    if part.len() as u64 != u64::from(length) {
        return Err(io::Error::other("the reply was cut off"));
    }
    parse(&part)
}

fn parse(part: &[u8]) -> io::Result<Vec<Instance>> {
    let json = part.strip_prefix(b"j:").ok_or_else(|| io::Error::other("the reply is not JSON"))?;
    // The parser's message may quote the reply.
    let reply: Reply = serde_json::from_slice(json)
        .map_err(|_| io::Error::other("the reply is not what PM2 sends"))?;
    if reply.error.is_some() {
        return Err(io::Error::other("PM2 answered with an error"));
    }
    reply.args.ok_or_else(|| io::Error::other("the reply has no list of processes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_gives_the_listed_fields_only() {
        let reply = br#"j:{"args":[[{"pid":1,"name":"api","pm_id":0,"pm2_env":{"status":"online","restart_time":3,"pm_uptime":5,
            "env":{"SECRET":"hunter2"},"args":["--password=hunter2"]},"monit":{"cpu":1.5,"memory":1024}}]]}"#;
        let instances = parse(reply).unwrap();
        let seen = format!("{instances:?}");
        assert!(
            seen.contains("api") && seen.contains("1024.0") && !seen.contains("hunter2"),
            "{seen}"
        );
    }

    #[test]
    fn one_strange_value_does_not_hide_the_rest() {
        let reply = br#"j:{"args":[[{"name":7,"pm_id":"x","pm2_env":{"status":null,"restart_time":{},"pm_uptime":-1}},
            {"name":"api","pm2_env":{"status":"online"}}]]}"#;
        let instances = parse(reply).unwrap();
        assert_eq!(
            (instances[0].name.as_str(), instances[0].pm_id, instances[0].pm2_env.restart_time),
            ("7", None, None)
        );
        assert_eq!(instances[1].pm2_env.status, "online");
    }

    #[test]
    fn what_is_not_looked_at_takes_no_memory_and_lists_have_an_end() {
        let reply =
            |processes: &str| parse(format!("j:{{\"args\":[[{processes}],[0]]}}").as_bytes());
        let codes = format!("[{}0]", "\"7\",[1,{}],".repeat(5_000));
        let long = format!(
            r#"{{"name":"{}é","pm2_env":{{"stop_exit_codes":{codes}}}}}"#,
            "x".repeat(4_095)
        );
        let one = reply(&long).unwrap().remove(0);
        assert_eq!((one.name.len(), one.pm2_env.stop_exit_codes.len()), (4_095, MOST_CODES));
        let many = |count: usize| reply(&vec!["{}"; count].join(","));
        assert_eq!(many(MOST_PROCESSES).unwrap().len(), MOST_PROCESSES);
        assert!(many(MOST_PROCESSES + 1).is_err());
    }

    #[test]
    fn what_is_not_a_reply_is_an_error_that_quotes_nothing() {
        for reply in [
            "",
            "j:",
            "s:hunter2",
            "j:hunter2",
            "j:{\"args\":[\"hunter2\"]}",
            "j:{\"error\":\"hunter2\"}",
            "j:{}",
        ] {
            let error = parse(reply.as_bytes()).unwrap_err().to_string();
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
