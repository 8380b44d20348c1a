//! Settings of the sections `[[redis]]`.

use std::{path::PathBuf, str::FromStr};

use domain::subject::Subject;
use url::Url;

use super::signals::KIND;
use crate::collectors::http::ProbeUrl;

/// The port of an address that names none.
const PORT: u16 = 6379;

/// Settings of the Redis servers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// The servers that are watched.
    pub servers: Vec<RedisServer>,
}

/// A Redis that is watched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedisServer {
    /// Its name, as in `redis:main`.
    pub name: String,
    /// The address at which it listens.
    pub address: RedisAddress,
    /// The user, where it is not the default one.
    pub user: Option<String>,
    /// The file that contains only the password.
    pub password_file: Option<PathBuf>,
    /// More authorities to trust.
    pub ca_file: Option<PathBuf>,
}

impl RedisServer {
    /// Its subject.
    pub(super) fn subject(&self) -> Subject {
        Subject::build(KIND, &self.name, None)
    }
}

/// The address of a Redis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RedisAddress {
    /// A host and a port, as a URL of scheme `https` where TLS is used and of `http` where not: so
    /// connections are made as those of endpoints.
    Tcp(ProbeUrl),
    /// A socket of this machine.
    Socket(PathBuf),
}

/// No address of a Redis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "an address without user, password and database, such as 'redis://127.0.0.1:6379', 'rediss://redis.example:6379' (TLS) or 'unix:/run/redis/redis-server.sock'"
)]
pub struct BadRedisAddress;

impl FromStr for RedisAddress {
    type Err = BadRedisAddress;

    fn from_str(text: &str) -> Result<Self, BadRedisAddress> {
        if let Some(path) = text.strip_prefix("unix:") {
            let path = PathBuf::from(path);
            return if path.is_absolute() { Ok(Self::Socket(path)) } else { Err(BadRedisAddress) };
        }
        let url = Url::parse(text).map_err(|_| BadRedisAddress)?;
        let scheme = match url.scheme() {
            "redis" => "http",
            "rediss" => "https",
            _ => return Err(BadRedisAddress),
        };
        let is_bare = url.username().is_empty()
            && url.password().is_none()
            && matches!(url.path(), "" | "/")
            && url.query().is_none()
            && url.fragment().is_none();
        let host = url.host_str().filter(|_| is_bare).ok_or(BadRedisAddress)?;
        let port = url.port().unwrap_or(PORT);
        let url = format!("{scheme}://{host}:{port}/").parse().map_err(|_| BadRedisAddress)?;
        Ok(Self::Tcp(url))
    }
}

impl RedisAddress {
    /// Host and port, or the path of the socket, as sentences name it.
    pub(super) fn place(&self) -> String {
        match self {
            Self::Tcp(url) => {
                let url = url.as_url();
                let port = url.port_or_known_default().unwrap_or(PORT);
                format!("{}:{port}", url.host_str().unwrap_or_default())
            }
            Self::Socket(path) => path.display().to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_with_the_usual_port_and_without_what_lets_someone_in() {
        let place = |text: &str| text.parse::<RedisAddress>().map(|address| address.place());
        for (text, told) in [
            ("redis://127.0.0.1", "127.0.0.1:6379"),
            ("redis://127.0.0.1:80", "127.0.0.1:80"),
            ("redis://cache.example:7000/", "cache.example:7000"),
            ("redis://[::1]:6380", "[::1]:6380"),
            ("rediss://cache.example:443", "cache.example:443"),
            ("unix:/run/redis/redis-server.sock", "/run/redis/redis-server.sock"),
        ] {
            assert_eq!(place(text).as_deref(), Ok(told), "{text}");
        }
        for text in [
            "",
            "127.0.0.1:6379",
            "http://127.0.0.1:6379",
            "redis://",
            "redis://:6379",
            "redis://:hunter2@127.0.0.1",
            "redis://user@127.0.0.1",
            "redis://127.0.0.1/0",
            "redis://127.0.0.1?db=0",
            "redis://127.0.0.1#x",
            "redis://127.0.0.1:70000",
            "redis://a b",
            "unix:redis.sock",
            "/run/redis.sock",
        ] {
            assert_eq!(place(text), Err(BadRedisAddress), "{text}");
        }
        let tls: RedisAddress = "rediss://cache.example".parse().unwrap();
        let RedisAddress::Tcp(url) = tls else { panic!("{tls:?}") };
        assert_eq!(url.as_url().as_str(), "https://cache.example:6379/");
    }
}
