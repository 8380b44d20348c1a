//! An application with a known capacity: workers that each take the same time for a request, and a
//! queue before them, first in, first out. What it does is computed from the times at which
//! requests come (a queue G/D/c), so that late timers take nothing from its capacity.

use std::{
    cmp::Reverse,
    collections::BinaryHeap,
    io,
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
    runtime,
};

use crate::micros;

/// A request that came to the application.
#[derive(Clone, Copy, Debug)]
pub struct Work {
    /// The arrival, in microseconds of the wall clock.
    pub came: u64,
    /// Time that it waited for a worker.
    pub waited: Duration,
}

struct State {
    service_time: Duration,
    /// The times at which the workers are free.
    free: BinaryHeap<Reverse<Instant>>,
    done: Vec<Work>,
}

/// The application; it runs on a thread of its own until the process ends.
#[derive(Clone)]
pub struct Application(Arc<Mutex<State>>);

impl Application {
    pub fn start(port: u16, workers: usize, service_time: Duration) -> io::Result<Self> {
        let free = vec![Reverse(Instant::now()); workers].into();
        let state = State { service_time, free, done: Vec::new() };
        let application = Self(Arc::new(Mutex::new(state)));
        let listener = std::net::TcpListener::bind(("127.0.0.1", port))?;
        listener.set_nonblocking(true)?;
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        let serving = application.clone();
        thread::Builder::new().name("application".to_owned()).spawn(move || {
            runtime.block_on(async move {
                let Ok(listener) = TcpListener::from_std(listener) else { return };
                loop {
                    if let Ok((stream, _)) = listener.accept().await {
                        tokio::spawn(serving.clone().serve(stream));
                    }
                }
            });
        })?;
        Ok(application)
    }

    /// Takes the requests that came since the last call.
    pub fn take(&self) -> Vec<Work> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner).done)
    }

    /// Gives a request to the worker that is free first: how long it waits, and when it is done.
    fn accept(&self) -> (Duration, Instant) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let begins = state.free.pop().map_or(now, |Reverse(free)| free.max(now));
        let done = begins + state.service_time;
        state.free.push(Reverse(done));
        let waited = begins - now;
        state.done.push(Work { came: micros(), waited });
        (waited, done)
    }

    /// One request on a connection, as nginx sends it without further configuration.
    async fn serve(self, stream: TcpStream) -> io::Result<()> {
        let mut reader = BufReader::new(stream);
        let (mut length, mut line) = (0, String::new());
        loop {
            line.clear();
            if reader.read_line(&mut line).await? == 0 {
                return Ok(());
            }
            let lower = line.trim_end().to_ascii_lowercase();
            if lower.is_empty() {
                break;
            }
            if let Some(value) = lower.strip_prefix("content-length:") {
                length = value.trim().parse().map_err(io::Error::other)?;
            }
        }
        reader.read_exact(&mut vec![0; length]).await?;
        let (waited, done) = self.accept();
        tokio::time::sleep_until(done.into()).await;
        let answer = format!(
            "HTTP/1.1 200 OK\r\nX-Queue-Ms: {:.1}\r\nContent-Length: 5\r\nConnection: close\r\n\r\ndone\n",
            waited.as_secs_f64() * 1e3
        );
        reader.get_mut().write_all(answer.as_bytes()).await?;
        reader.get_mut().shutdown().await
    }
}
