//! Reads both pipes as fast as they are written, so that the program never waits for us, and turns
//! bytes into lines as fast as is cheap.
//!
//! A line leaves only when it is whole: half of `password=hunter2` has no form that could be
//! recognized. What comes faster than lines can be looked at waits as bytes in a queue of bounded
//! size, oldest dropped first and counted.

use std::{collections::VecDeque, os::fd::OwnedFd, time::Instant};

use domain::{redact::Redactor, time::Timestamp};
use tokio::{io::AsyncReadExt, net::unix::pipe::Receiver};
use tokio_util::sync::CancellationToken;

use super::output::{Output, Phase, Stream};
use crate::clock::Clock;

/// The number of bytes that are read at once.
const READ: usize = 64 * 1024;
/// Bytes that wait to become lines.
const QUEUE: usize = 256 * 1024;
/// The cost of a waiting piece besides its bytes.
const CHUNK_COST: usize = 64;
/// Of a line without an end, this much is looked at...
const LONGEST_RAW: usize = 16 * 1024;
/// ...and this much is shown.
const LONGEST_SHOWN: usize = 4 * 1024;
/// Lines in a second, and at once.
const LINES_A_SECOND: f64 = 20_000.0;
const LINES_AT_ONCE: f64 = 2_000.0;

struct Chunk {
    stream: Stream,
    at: Timestamp,
    bytes: Vec<u8>,
    done: usize,
}

/// One stream on its way to lines.
#[derive(Default)]
struct Assembler {
    redactor: Redactor,
    line: Vec<u8>,
    /// Bytes of this line beyond what is looked at.
    more: usize,
    /// The last byte was a carriage return: a line feed after it is the same end.
    returned: bool,
    /// The beginning of this line was left out: so is the rest.
    skip: bool,
}

/// Both streams.
pub(super) struct Capture {
    clock: Clock,
    phase: Phase,
    output: Output,
    queue: VecDeque<Chunk>,
    queued: usize,
    out: Assembler,
    err: Assembler,
    allowance: f64,
    refilled: Instant,
}

impl Capture {
    pub(super) fn new(clock: Clock, phase: Phase, output: Output) -> Self {
        let (out, err) = (Assembler::default(), Assembler::default());
        Self {
            clock,
            phase,
            output,
            queue: VecDeque::new(),
            queued: 0,
            out,
            err,
            allowance: LINES_AT_ONCE,
            refilled: Instant::now(),
        }
    }

    /// Reads until both are closed, or until it is told to stop; then what was read becomes lines.
    pub(super) async fn run(
        mut self,
        out: OwnedFd,
        err: OwnedFd,
        stop: CancellationToken,
    ) -> std::io::Result<()> {
        let mut out = Some(Receiver::from_owned_fd(out)?);
        let mut err = Some(Receiver::from_owned_fd(err)?);
        let (mut from_out, mut from_err) = (vec![0; READ], vec![0; READ]);
        while out.is_some() || err.is_some() {
            tokio::select! {
                () = stop.cancelled() => break,
                read = read(&mut out, &mut from_out) => self.arrived(Stream::Out, &from_out[..read]),
                read = read(&mut err, &mut from_err) => self.arrived(Stream::Err, &from_err[..read]),
                () = tokio::time::sleep(std::time::Duration::from_millis(20)), if !self.queue.is_empty() => {}
            }
            self.refill();
            self.work();
        }
        while !self.queue.is_empty() {
            self.allowance = LINES_AT_ONCE;
            self.work();
            tokio::task::yield_now().await;
        }
        let at = self.clock.now().wall;
        for stream in [Stream::Out, Stream::Err] {
            let assembler = if stream == Stream::Out { &mut self.out } else { &mut self.err };
            if !assembler.line.is_empty() && !assembler.skip {
                let text = assembler.finish();
                self.output.push(at, self.phase, stream, &text);
            }
        }
        Ok(())
    }

    fn arrived(&mut self, stream: Stream, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        self.output.count(bytes.len());
        self.queue.push_back(Chunk {
            stream,
            at: self.clock.now().wall,
            bytes: bytes.to_vec(),
            done: 0,
        });
        self.queued += bytes.len() + CHUNK_COST;
        while self.queued > QUEUE
            && let Some(chunk) = self.queue.pop_front()
        {
            self.queued -= chunk.bytes.len() + CHUNK_COST;
            let lines = chunk.bytes[chunk.done..].iter().filter(|byte| **byte == b'\n').count();
            self.output.left_out(lines as u64);
            self.assembler(chunk.stream).gap(chunk.bytes.last() == Some(&b'\n'));
        }
    }

    fn assembler(&mut self, stream: Stream) -> &mut Assembler {
        if stream == Stream::Out { &mut self.out } else { &mut self.err }
    }

    fn refill(&mut self) {
        let passed = self.refilled.elapsed().as_secs_f64();
        self.refilled = Instant::now();
        self.allowance = (self.allowance + passed * LINES_A_SECOND).min(LINES_AT_ONCE);
    }

    fn work(&mut self) {
        while self.allowance >= 1.0
            && let Some(mut chunk) = self.queue.pop_front()
        {
            while self.allowance >= 1.0 && chunk.done < chunk.bytes.len() {
                let (phase, stream, at) = (self.phase, chunk.stream, chunk.at);
                let (taken, line) = self.assembler(stream).take(&chunk.bytes[chunk.done..]);
                chunk.done += taken;
                self.allowance -= 1.0;
                match line {
                    Some(Some(text)) => self.output.push(at, phase, stream, &text),
                    Some(None) => self.output.left_out(1),
                    None => {}
                }
            }
            if chunk.done < chunk.bytes.len() {
                self.queue.push_front(chunk);
            } else {
                self.queued -= chunk.bytes.len() + CHUNK_COST;
            }
        }
    }
}

/// Reads what is there; a closed pipe is gone.
async fn read(pipe: &mut Option<Receiver>, buffer: &mut [u8]) -> usize {
    match pipe {
        None => std::future::pending().await,
        Some(open) => match open.read(buffer).await {
            Ok(read) if read > 0 => read,
            _ => {
                *pipe = None;
                0
            }
        },
    }
}

impl Assembler {
    /// Notes that the part before is incomplete.
    fn gap(&mut self, whole: bool) {
        self.redactor.gap();
        self.line.clear();
        self.more = 0;
        self.skip = !whole;
        self.returned = false;
    }

    /// Takes bytes up to an end of line. The line is `Some(None)` if its beginning was left out.
    fn take(&mut self, bytes: &[u8]) -> (usize, Option<Option<String>>) {
        if std::mem::take(&mut self.returned) && bytes.first() == Some(&b'\n') {
            return (1, None);
        }
        let end = bytes.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
        let part = &bytes[..end.unwrap_or(bytes.len())];
        let room = LONGEST_RAW.saturating_sub(self.line.len()).min(part.len());
        self.line.extend_from_slice(&part[..room]);
        self.more += part.len() - room;
        let Some(end) = end else { return (bytes.len(), None) };
        self.returned = bytes[end] == b'\r';
        let text = self.finish();
        (end + 1, Some((!std::mem::take(&mut self.skip)).then_some(text)))
    }

    fn finish(&mut self) -> String {
        let mut shown = self.redactor.line(&String::from_utf8_lossy(&self.line));
        let more = std::mem::take(&mut self.more);
        self.line.clear();
        // The last word of a line that was cut may be half a secret: if it would be shown, it is
        // not.
        if more > 0 && shown.len() <= LONGEST_SHOWN {
            shown.truncate(shown.rfind(' ').unwrap_or(0));
        }
        let over = shown.len().saturating_sub(LONGEST_SHOWN);
        if over > 0 {
            shown.truncate(shown.floor_char_boundary(LONGEST_SHOWN));
        }
        if over + more > 0 {
            shown.push_str(&format!(" [about {} more bytes in this line]", over + more));
        }
        shown
    }
}
