//! The gate: requests through nginx beside those with a trivial upstream, and the time of a decision.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    process::Stdio,
    thread,
    time::{Duration, Instant},
};

use tokio::{process::Command, task::JoinSet};

use crate::{Documents, Outcome, Server, expect, http::Connection};

const NGINX: &str = include_str!("../../../ops/protection/gate/nginx.conf");
const TOKEN: &str = "0123456789abcdef0123456789abcdef";
/// Connections through the proxy, and directly to the gate.
const CONNECTIONS: usize = 16;
/// The time of each measurement, and how many of each kind there are.
const TIME: Duration = Duration::from_secs(3);
const ROUNDS: usize = 5;

fn port() -> std::io::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// Sends requests for a time, each connection as fast as it is answered; requests a second.
async fn flood(port: u16) -> Result<f64, Box<dyn std::error::Error>> {
    let mut connections = JoinSet::new();
    let end = Instant::now() + TIME;
    for index in 0..CONNECTIONS {
        connections.spawn(async move {
            let host = format!("org-{index}.shop.example");
            let failed = |error: Box<dyn std::error::Error>| error.to_string();
            let mut connection =
                Connection::open(&format!("127.0.0.1:{port}"), "").await.map_err(failed)?;
            let mut count = 0_u32;
            while Instant::now() < end {
                let answer = connection.get("/orders", &[("X-Forwarded-Host", &host)]).await;
                let status = answer.map_err(failed)?.status;
                if status != 200 {
                    return Err(format!("the proxy answered {status}"));
                }
                count += 1;
            }
            Ok(count)
        });
    }
    let mut all = 0;
    while let Some(count) = connections.join_next().await {
        all += count??;
    }
    Ok(f64::from(all) / TIME.as_secs_f64())
}

/// Asks the gate itself at a rate, each question at its time whatever became of the one before;
/// latencies from when a question was meant to be sent. A thread for each connection, as timers of
/// the runtime are due to a millisecond and would be most of what is measured.
fn ask(port: u16, rate: f64) -> Result<Vec<Duration>, Box<dyn std::error::Error>> {
    let every = Duration::from_secs_f64(CONNECTIONS as f64 / rate);
    let began = Instant::now() + Duration::from_millis(100);
    let asked = |index: usize| -> std::io::Result<Vec<Duration>> {
        let mut stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_nodelay(true)?;
        let request = format!(
            "GET /api/gate/check HTTP/1.1\r\nHost: gate\r\nX-Gate-Token: {TOKEN}\r\n\
             X-Forwarded-Method: GET\r\nX-Forwarded-Uri: /orders\r\nX-Organization: org-{index}\r\n\r\n"
        );
        let mut latencies = Vec::new();
        let mut due = began + every.mul_f64(index as f64 / CONNECTIONS as f64);
        while due < began + TIME {
            thread::sleep(due.saturating_duration_since(Instant::now()));
            stream.write_all(request.as_bytes())?;
            read_head(&mut stream)?;
            latencies.push(due.elapsed());
            due += every;
        }
        Ok(latencies)
    };
    let all: std::io::Result<Vec<Vec<Duration>>> = thread::scope(|scope| {
        let connections: Vec<_> =
            (0..CONNECTIONS).map(|index| scope.spawn(move || asked(index))).collect();
        let joined = connections.into_iter().map(|one| one.join());
        joined
            .map(|one| one.unwrap_or_else(|_| Err(std::io::Error::other("a thread failed"))))
            .collect()
    });
    let mut all = all?.concat();
    all.sort_unstable();
    Ok(all)
}

/// Reads an answer without a body.
fn read_head(stream: &mut TcpStream) -> std::io::Result<()> {
    let (mut head, mut length) = ([0; 2_048], 0);
    loop {
        let more = stream.read(&mut head[length..])?;
        length += more;
        if head[..length].ends_with(b"\r\n\r\n") {
            break;
        }
        if more == 0 {
            return Err(std::io::Error::other("the gate ended an answer early"));
        }
    }
    if head.starts_with(b"HTTP/1.1 204") {
        Ok(())
    } else {
        Err(std::io::Error::other(String::from_utf8_lossy(&head[..length]).into_owned()))
    }
}

pub async fn measure() -> Outcome {
    if !std::path::Path::new("/usr/sbin/nginx").exists() {
        println!("gate: not measured, as nginx is not installed");
        return Ok(());
    }
    let dir = tempfile::tempdir()?;
    let [gate, with_gate, with_trivial, application, trivial] =
        [port()?, port()?, port()?, port()?, port()?];
    let at = |name: &str| dir.path().join(name).display().to_string();
    fs::write(at("token"), TOKEN)?;
    let configuration =
        format!("[gate]\nlisten = \"127.0.0.1:{gate}\"\ntoken_file = \"{}\"\n", at("token"));
    let documents = Documents { configuration: &configuration, ..Documents::default() };
    let server = Server::start_with(documents).await?;
    // The same proxy twice: once it asks the gate, once a server that answers 204 to everything.
    let recipe = |listen: u16, asks: u16, name: &str| {
        NGINX
            .replace("127.0.0.1:3001", &format!("127.0.0.1:{asks}"))
            .replace("127.0.0.1:8080", &format!("127.0.0.1:{listen} reuseport"))
            .replace("127.0.0.1:8081", &format!("127.0.0.1:{application}"))
            .replace(".shop.example;", ".shop.example \"\";")
            .replace("\"TOKEN\"", &format!("\"{TOKEN}\""))
            .replace("calm_ops_gate", name)
            .replace("map $host $organization", &format!("map $http_x_forwarded_host ${name}"))
            .replace("$organization", &format!("${name}"))
    };
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|kind| format!("{kind}_temp_path {};\n", at(kind)))
        .concat();
    let text = format!(
        "daemon off; master_process off; pid {}; error_log {} crit;\nevents {{ worker_connections 4096; }}\nhttp {{\naccess_log off;\n\
         keepalive_requests 10000000;\n{temporary}{}\n{}\n\
         server {{ listen 127.0.0.1:{application}; location / {{ return 200 ok; }} }}\nserver {{ listen 127.0.0.1:{trivial}; location / {{ return 204; }} }}\n}}\n",
        at("pid"),
        at("errors"),
        recipe(with_gate, gate, "gate"),
        recipe(with_trivial, trivial, "trivial"),
    );
    fs::write(at("nginx.conf"), text)?;
    let mut nginx = Command::new("/usr/sbin/nginx")
        .args(["-e", &at("errors"), "-c", &at("nginx.conf")])
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .spawn()?;
    tokio::time::sleep(Duration::from_millis(500)).await;
    let mut probe = Connection::open(&format!("127.0.0.1:{with_gate}"), "").await?;
    expect(probe.get("/orders", &[]).await?.status, 200)?;
    let (mut gated, mut plain) = (Vec::new(), Vec::new());
    // In turn, so that whatever else this machine does falls on both.
    for _ in 0..ROUNDS {
        plain.push(flood(with_trivial).await?);
        gated.push(flood(with_gate).await?);
    }
    for rates in [&mut gated, &mut plain] {
        rates.sort_unstable_by(f64::total_cmp);
    }
    let (gated, plain) = (gated[ROUNDS / 2], plain[ROUNDS / 2]);
    println!(
        "gate through nginx: {gated:.0} requests a second, with a trivial upstream {plain:.0}: {:.2} of it",
        gated / plain
    );
    let mut at_99 = Vec::new();
    for _ in 0..ROUNDS {
        let latencies = ask(gate, gated / 2.0)?;
        at_99.push(latencies[latencies.len() * 99 / 100]);
    }
    at_99.sort_unstable();
    println!(
        "a decision of the gate at half that rate: {:.2} ms for 99 %",
        at_99[ROUNDS / 2].as_secs_f64() * 1e3
    );
    nginx.kill().await?;
    server.stop().await
}
