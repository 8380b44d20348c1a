//! The output of a run: the head and the tail are kept, the middle is counted. Readers keep a
//! position, never a queue, so that a slow one costs nothing and a late one gets what is kept, then
//! what comes.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use domain::time::Timestamp;
use serde::Serialize;
use tokio::sync::watch;

/// The cost of a line besides its text.
const LINE_COST: usize = 64;

/// The stream to which a line was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stream {
    /// Standard output.
    Out,
    /// Standard error.
    Err,
}

/// The program of a run that wrote it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// The check before it.
    Check,
    /// The command itself.
    Command,
}

/// One line, safe to show: without secrets, escapes and control characters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    /// Its place in the output, from 0, counting lines that were left out.
    pub number: u64,
    /// Time at which it arrived.
    pub at: Timestamp,
    /// The program.
    pub phase: Phase,
    /// The stream.
    pub stream: Stream,
    /// The text.
    pub text: Arc<str>,
}

/// A line, or how many were left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Piece {
    /// A line.
    Line(Line),
    /// So many lines stood here and were not kept.
    LeftOut(u64),
}

#[derive(Debug, Default)]
struct Kept {
    head: Vec<Line>,
    head_cost: usize,
    head_full: bool,
    tail: VecDeque<Line>,
    tail_cost: usize,
    /// The number of the next line.
    next: u64,
    bytes: u64,
    closed: bool,
}

/// The output of one run, while it lasts and afterwards.
#[derive(Clone, Debug)]
pub struct Output {
    kept: Arc<Mutex<Kept>>,
    news: watch::Sender<u64>,
    limit: usize,
}

impl Output {
    pub(super) fn new(limit: usize) -> Self {
        Self { kept: Arc::default(), news: watch::Sender::new(0), limit }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn push(&self, at: Timestamp, phase: Phase, stream: Stream, text: &str) {
        let mut guard = self.kept();
        let kept = &mut *guard;
        let line = Line { number: kept.next, at, phase, stream, text: text.into() };
        let cost = line.text.len() + LINE_COST;
        kept.next += 1;
        if !kept.head_full && kept.head_cost + cost <= self.limit / 2 {
            kept.head_cost += cost;
            kept.head.push(line);
        } else {
            kept.head_full = true;
            kept.tail_cost += cost;
            kept.tail.push_back(line);
            while kept.tail_cost > self.limit / 2
                && let Some(old) = kept.tail.pop_front()
            {
                kept.tail_cost -= old.text.len() + LINE_COST;
            }
        }
        drop(guard);
        self.news.send_modify(|version| *version += 1);
    }

    /// Lines that came too fast to be read one by one.
    pub(super) fn left_out(&self, lines: u64) {
        if lines > 0 {
            let mut kept = self.kept();
            kept.next += lines;
            // What stands before a gap is the head, whatever place was left in it.
            kept.head_full = true;
        }
    }

    pub(super) fn count(&self, bytes: usize) {
        self.kept().bytes += bytes as u64;
    }

    pub(super) fn close(&self) {
        self.kept().closed = true;
        self.news.send_modify(|version| *version += 1);
    }

    /// A reader from the beginning.
    pub fn reader(&self) -> Reader {
        self.reader_after(0)
    }

    /// A reader that has seen all lines before this number.
    pub fn reader_after(&self, number: u64) -> Reader {
        Reader { output: self.clone(), news: self.news.subscribe(), next: number }
    }

    /// Everything that is kept now.
    pub fn pieces(&self) -> Vec<Piece> {
        let kept = self.kept();
        let mut pieces = Vec::with_capacity(kept.head.len() + kept.tail.len() + 1);
        let mut next = 0;
        for line in kept.head.iter().chain(&kept.tail) {
            if line.number > next {
                pieces.push(Piece::LeftOut(line.number - next));
            }
            next = line.number + 1;
            pieces.push(Piece::Line(line.clone()));
        }
        if kept.next > next {
            pieces.push(Piece::LeftOut(kept.next - next));
        }
        pieces
    }

    /// Number of lines, and how many of them are not kept.
    pub fn lines(&self) -> (u64, u64) {
        let kept = self.kept();
        (kept.next, kept.next - (kept.head.len() + kept.tail.len()) as u64)
    }

    /// Number of bytes that were written, kept or not.
    pub fn bytes(&self) -> u64 {
        self.kept().bytes
    }

    /// The kept part as one text, for a journal.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for piece in self.pieces() {
            match piece {
                Piece::Line(line) => text.push_str(&line.text),
                Piece::LeftOut(lines) => text.push_str(&format!("[{lines} lines left out]")),
            }
            text.push('\n');
        }
        text
    }
}

/// Follows an output. It holds a position only.
#[derive(Debug)]
pub struct Reader {
    output: Output,
    news: watch::Receiver<u64>,
    next: u64,
}

impl Reader {
    /// The next line or gap; `None` when the run has ended and all is read. May be dropped and
    /// called again at any time.
    pub async fn next(&mut self) -> Option<Piece> {
        loop {
            self.news.borrow_and_update();
            {
                let kept = self.output.kept();
                let from = kept.head.partition_point(|line| line.number < self.next);
                let line = kept.head.get(from).or_else(|| {
                    kept.tail.get(kept.tail.partition_point(|line| line.number < self.next))
                });
                if let Some(line) = line {
                    let (gap, line) = (line.number - self.next, line.clone());
                    drop(kept);
                    return Some(self.pass(gap, line));
                }
                if kept.closed {
                    let gap = kept.next.saturating_sub(self.next);
                    self.next += gap;
                    return (gap > 0).then_some(Piece::LeftOut(gap));
                }
            }
            self.news.changed().await.ok()?;
        }
    }

    fn pass(&mut self, gap: u64, line: Line) -> Piece {
        if gap > 0 {
            self.next = line.number;
            return Piece::LeftOut(gap);
        }
        self.next = line.number + 1;
        Piece::Line(line)
    }
}
