//! A connection that is kept, and just enough of HTTP for measuring.

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
};

/// An answer.
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Its body, as it came over the wire (still compressed).
    pub body: Vec<u8>,
    /// The cookie that it sets, as a request sends it.
    pub cookie: Option<String>,
}

/// See the module.
pub struct Connection {
    stream: BufReader<TcpStream>,
    host: String,
    /// The owner's sign-in.
    cookie: String,
}

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

impl Connection {
    pub async fn open(address: &str, cookie: &str) -> Outcome<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream: BufReader::new(stream),
            host: address.to_owned(),
            cookie: cookie.to_owned(),
        })
    }

    /// Names another host in each request than the address.
    pub fn with_host(self, host: &str) -> Self {
        Self { host: host.to_owned(), ..self }
    }

    pub async fn get(&mut self, path: &str, headers: &[(&str, &str)]) -> Outcome<Answer> {
        let more: String =
            headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: {}\r\nCookie: {}\r\n{more}\r\n",
            self.host, self.cookie
        );
        self.stream.get_mut().write_all(request.as_bytes()).await?;
        self.answer().await
    }

    pub async fn post(&mut self, path: &str, body: &[u8]) -> Outcome<Answer> {
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: {}\r\nCookie: {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            self.host,
            self.cookie,
            body.len()
        );
        self.stream.get_mut().write_all(&[head.as_bytes(), body].concat()).await?;
        self.answer().await
    }

    async fn answer(&mut self) -> Outcome<Answer> {
        let (mut status, mut length, mut chunked, mut cookie) = (0, 0, false, None);
        loop {
            let line = self.line().await?;
            if line.is_empty() {
                break;
            }
            if let Some(rest) = line.strip_prefix("HTTP/1.1 ") {
                status = rest.get(..3).unwrap_or_default().parse()?;
            }
            let lower = line.to_ascii_lowercase();
            if lower.starts_with("set-cookie: calm_session") {
                cookie = line
                    .split_once(':')
                    .and_then(|(_, value)| value.split(';').next())
                    .map(|value| value.trim().to_owned());
            }
            if let Some(value) = lower.strip_prefix("content-length:") {
                length = value.trim().parse()?;
            }
            chunked |= lower.starts_with("transfer-encoding:") && lower.contains("chunked");
        }
        let mut body = vec![0; length];
        if chunked {
            loop {
                let size = usize::from_str_radix(self.line().await?.trim(), 16)?;
                let start = body.len();
                body.resize(start + size, 0);
                self.stream.read_exact(&mut body[start..]).await?;
                self.line().await?;
                if size == 0 {
                    break;
                }
            }
        } else {
            self.stream.read_exact(&mut body).await?;
        }
        Ok(Answer { status, body, cookie })
    }

    async fn line(&mut self) -> Outcome<String> {
        let mut line = String::new();
        if self.stream.read_line(&mut line).await? == 0 {
            return Err("the connection ended".into());
        }
        Ok(line.trim_end().to_owned())
    }
}
