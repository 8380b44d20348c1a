//! Places for connections, requests and files: nobody takes them all, and running out of them is no
//! fault of what is watched.

use std::{
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    process::Command,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Resource, Rlimit, prlimit};

use crate::program::{Home, Running};

/// So many files the program may open.
const FILES: u64 = 240;

/// A server that answers everything.
fn well() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let _ = stream.set_read_timeout(Some(Duration::from_secs(1)));
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok");
        }
    });
    port
}

/// A program that watches it, with few files.
fn start() -> (Home, Running) {
    let home = Home::new();
    let config = format!(
        "[[endpoint]]\nname = \"well\"\nurl = \"http://127.0.0.1:{}/\"\ninterval = \"1 s\"\n",
        well()
    );
    let file = home.dir.path().join("calm-ops.toml");
    std::fs::write(&file, config).unwrap();
    let thresholds = home.ops().join("alerts/thresholds.md");
    let row = "| `endpoint.up` | `*` | - | below 1 | 0 s | 1 | 5 s | It does not answer. | queue | - |\n\n## How";
    let text = std::fs::read_to_string(&thresholds).unwrap().replacen("\n## How", row, 1);
    std::fs::write(&thresholds, text).unwrap();
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("ulimit -n {FILES}; exec \"$0\" \"$@\"")]);
    shell.arg(env!("CARGO_BIN_EXE_calm-ops"));
    let program = home.start_from(shell, &["--config", file.to_str().unwrap()]).unwrap();
    program.until("the first answer", |program| (up(program)?.0 == "healthy").then_some(()));
    (home, program)
}

/// The status of the endpoint, and why.
fn up(program: &Running) -> Option<(String, String)> {
    let readings = program.get("/api/ops/health").json()["now"]["readings"].clone();
    let reading = readings.as_array()?.iter().find(|one| one["signal"] == "endpoint.up")?.clone();
    Some((reading["status"].as_str()?.to_owned(), reading["reason"].to_string()))
}

fn active(program: &Running) -> String {
    program.get("/api/ops/incidents").json()["active"].to_string()
}

fn connect(program: &Running) -> TcpStream {
    let stream = TcpStream::connect(&program.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
    stream
}

/// Sends a request, and whether anything came back.
fn is_answered(stream: &mut TcpStream, request: &str) -> bool {
    stream.write_all(request.as_bytes()).is_ok()
        && stream.read(&mut [0; 4096]).is_ok_and(|read| read > 0)
}

fn open_files(program: &Running) -> u64 {
    std::fs::read_dir(format!("/proc/{}/fd", program.child.id())).unwrap().count() as u64
}

#[test]
fn one_address_that_keeps_connections_keeps_nobody_out() {
    let (_home, program) = start();
    let ask = format!("GET /api/health HTTP/1.1\r\nHost: {}\r\n\r\n", program.address);
    let stream = format!(
        "GET /api/ops/events HTTP/1.1\r\nHost: {}\r\nCookie: {}\r\n\r\n",
        program.address, program.cookie
    );
    let mut reader = connect(&program);
    assert!(is_answered(&mut reader, &stream));
    // Some are idle, some have begun a request, some take nothing of what they asked for.
    let begun = "POST /api/people/sign-in HTTP/1.1\r\n";
    let pipelined = format!("GET /sign-in HTTP/1.1\r\nHost: {}\r\n\r\n", program.address);
    let mut held = Vec::new();
    for round in 0..400 {
        let mut one = connect(&program);
        match round % 4 {
            0 => drop(one.write_all(begun.as_bytes())),
            1 => drop(one.write_all(pipelined.repeat(50).as_bytes())),
            _ => assert!(is_answered(&mut one, &ask), "number {round}"),
        }
        held.push(one);
    }
    for _ in 0..50 {
        assert!(is_answered(&mut connect(&program), &ask), "a stranger");
        assert_eq!(program.get("/api/ops/incidents").status, 200, "the owner");
    }
    assert!(open_files(&program) < FILES - 16, "files are left for the program itself");
    assert_eq!(up(&program).unwrap().0, "healthy");
    // The reader is still there: it hears of what happens.
    assert_eq!(program.push("service:imports", 9_000.0).status, 202);
    let mut told = String::new();
    while !told.contains("service:imports") {
        let mut part = [0; 4096];
        let read = reader.read(&mut part).unwrap();
        assert!(read > 0, "the stream ended: {told}");
        told.push_str(&String::from_utf8_lossy(&part[..read]));
    }
    drop(held);
}

#[test]
fn one_account_that_keeps_streams_keeps_no_other_out() {
    let home = Home::new();
    let file = home.dir.path().join("calm-ops.toml");
    std::fs::write(&file, "[limits]\nstreams = 3\n").unwrap();
    let program = home.start_with(&["--config", file.to_str().unwrap()]).unwrap();
    let viewer = program.invite("viewer", "Somebody else");
    let open = |cookie: &str| {
        let mut stream = connect(&program);
        let request = format!(
            "GET /api/ops/events HTTP/1.1\r\nHost: {}\r\nCookie: {cookie}\r\nConnection: close\r\n\r\n",
            program.address
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut head = [0; 12];
        stream.read_exact(&mut head).unwrap();
        (stream, String::from_utf8_lossy(&head[9..]).into_owned())
    };
    let mut held: Vec<_> = (0..3).map(|_| open(&viewer)).collect();
    assert_eq!(open(&viewer).1, "503", "there are no more for them");
    assert_eq!(open(&program.cookie).1, "200", "one has to go for who has none");
    let ends = |stream: &mut TcpStream| {
        let mut part = [0; 4096];
        loop {
            match stream.read(&mut part) {
                Ok(0) => return true,
                Ok(_) => {}
                Err(_) => return false,
            }
        }
    };
    assert!(ends(&mut held[0].0), "the oldest one");
    assert!(!ends(&mut held[2].0));
}

#[test]
fn running_out_of_files_is_not_measured_and_never_down() {
    let (_home, program) = start();
    let pid = Pid::from_child(&program.child);
    let limit = |files: u64| {
        let limit = Rlimit { current: Some(files), maximum: Some(FILES) };
        prlimit(Some(pid), Resource::Nofile, limit).unwrap();
    };
    // A connection that is open already: no other can be made meanwhile.
    let mut open = connect(&program);
    let ask = format!(
        "GET /api/ops/health HTTP/1.1\r\nHost: {}\r\nCookie: {}\r\n\r\n",
        program.address, program.cookie
    );
    assert!(is_answered(&mut open, &ask));
    limit(open_files(&program) - 4);
    let refused: Vec<TcpStream> = (0..20).map(|_| connect(&program)).collect();
    std::thread::sleep(Duration::from_secs(3));
    limit(FILES);
    let (status, why) = up(&program).unwrap();
    assert!(status == "healthy" || why.contains("own_limit"), "{status}: {why}");
    let began = Instant::now();
    let incidents = program.get("/api/ops/incidents").json().to_string();
    assert!(!incidents.contains("endpoint:well"), "{incidents}");
    program.until("the next answer", |program| (up(program)?.0 == "healthy").then_some(()));
    assert!(began.elapsed() < Duration::from_secs(5));
    assert_eq!(active(&program), "[]");
    drop(refused);
}
