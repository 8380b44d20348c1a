//! The access log of a real nginx, followed: results of requests, rotations, and what is left out.

use std::{
    fs,
    io::Write as _,
    net::TcpStream,
    path::{Path, PathBuf},
    time::Duration,
};

use crate::{
    gate::{Application, Around, Gated, Proxy, TOKEN, configuration, free_port, question, talk},
    program::{Home, calm_ops},
};

const LIMITS: &str = "format: 1\n\n# Limits\n\n\
| organization from | pattern |\n| --- | --- |\n| header | `X-Organization` |\n\n\
| class | methods | paths | kind | critical | largest body |\n| --- | --- | --- | --- | --- | --- |\n\
| `uploads` | POST | `/upload*` | batch | no | - |\n| `reads` | GET | `*` | interactive | yes | - |\n\n\
| plan | class | rate | burst | at a time | state |\n| --- | --- | --- | --- | --- | --- |\n\
| `default` | `uploads` | 100/s | 100 | 2 | on |\n";

struct Story {
    gated: Gated,
    proxy: Proxy,
    log: PathBuf,
    _application: Application,
}

impl Story {
    fn start() -> Option<Self> {
        let home = Home::new();
        fs::write(home.ops().join("protection/limits.md"), LIMITS).unwrap();
        let (port, log) = (free_port(), home.dir.path().join("access.json"));
        let file = configuration(&home, &format!("127.0.0.1:{port}"));
        add_log(&file, &log);
        let program = home.start_with(&["--config", &file]).unwrap();
        let gated = Gated { home, program, port };
        let application = Application::start();
        let flag = gated.home.dir.path().join("safe-mode");
        let around = Around { gate: port, application: application.port, flag: &flag };
        let proxy = Proxy::nginx_with_log(around, &log)?;
        Some(Self { gated, proxy, log, _application: application })
    }

    fn reading(&self, subject: &str, signal: &str) -> Option<f64> {
        let health = self.gated.program.get("/api/ops/health").json();
        let readings = health["now"]["readings"].as_array()?.clone();
        let is_it = |one: &&serde_json::Value| {
            // The gate's own subject has its host.
            let known = one["subject"].as_str().and_then(|known| known.split('@').next());
            known == Some(subject) && one["signal"] == signal
        };
        readings.iter().find(is_it)?["value"].as_f64()
    }

    fn errors(&self, organization: &str) -> Option<f64> {
        self.reading(&format!("organization:{organization}"), "organization.errors")
    }

    fn get(&self, organization: &str, uri: &str) -> u16 {
        self.proxy.send("GET", uri, organization, "").status
    }

    /// Waits until a failure of an organization is read that nobody has heard of before.
    fn hears_of(&self, organization: &str) {
        self.gated.program.until(organization, |_| {
            assert_eq!(self.get(organization, "/broken"), 500);
            (self.errors(organization)? == 100.0).then_some(())
        });
    }

    /// Waits until the health page tells it, or no longer does.
    fn told(&self, sentence: &str, is_told: bool) -> String {
        self.gated.program.until(sentence, |program| {
            let health = program.get("/api/ops/health").body;
            (health.contains(sentence) == is_told).then_some(health)
        })
    }
}

fn add_log(configuration: &str, log: &Path) {
    let mut file = fs::File::options().append(true).open(configuration).unwrap();
    writeln!(file, "access_log = \"{}\"", log.display()).unwrap();
}

#[test]
fn each_line_of_nginx_is_the_result_of_its_request() {
    let Some(story) = Story::start() else { return };
    story.gated.program.until("results", |_| {
        assert_eq!((story.get("acme", "/broken"), story.get("acme", "/slow")), (500, 200));
        let latency = story.reading("organization:acme", "organization.latency")?;
        let under_way = story.reading("organization:acme", "organization.under_way")?;
        let errors = story.errors("acme")?;
        ((75.0..1_000.0).contains(&latency) && errors > 0.0 && errors < 100.0 && under_way < 9.0)
            .then_some(())
    });
    // Two uploads may be under way. Each that nginx has logged is over.
    let upload = || story.proxy.send("POST", "/uploads?x=\\\"%00\u{e4}", "beta", "").status;
    for _ in 0..6 {
        assert_eq!(upload(), 200);
        std::thread::sleep(Duration::from_millis(300));
    }
    let ask = || story.gated.ask(&question("POST", "/uploads", "gamma")).status;
    assert_eq!([ask(), ask(), ask()], [204, 204, 429], "their ends are in no log");

    // A report adds how long requests waited, and no result.
    let result = r#"{"results":[{"method":"POST","uri":"/uploads","headers":{"X-Organization":"gamma"},"status":500,"duration_ms":1,"queue_ms":40}]}"#;
    story.gated.program.until("the queueing time", |_| {
        let stream = TcpStream::connect(("127.0.0.1", story.gated.port)).unwrap();
        let head = format!("POST /api/gate/report HTTP/1.1\r\nHost: gate\r\nX-Gate-Token: {TOKEN}");
        assert_eq!(talk(stream, &format!("{head}\r\n\r\n{result}")).status, 204);
        (story.reading("gate:gate", "gate.queueing")? > 30.0).then_some(())
    });
    assert_eq!((story.errors("gamma"), ask()), (None, 429));

    // What safe mode refuses is no failure of the application.
    let begun = story.gated.program.post("/api/ops/safe-mode", r#"{"reason":"Writes fail"}"#);
    assert_eq!(begun.status, 200, "{begun:?}");
    story.gated.program.until("requests that are paused", |_| {
        assert_eq!(story.proxy.send("POST", "/uploads", "delta", "").status, 503);
        (story.reading("organization:delta", "organization.paused")? > 0.0).then_some(())
    });
    assert_eq!(story.errors("delta"), None);
}

#[test]
fn a_log_is_followed_through_rotations_and_what_is_left_out_is_told() {
    let Some(story) = Story::start() else { return };
    story.hears_of("acme");
    // Renamed: nginx goes on with the old file until it is told.
    fs::rename(&story.log, story.log.with_extension("1")).unwrap();
    story.hears_of("renamed");
    story.told("is not there", true);
    story.proxy.reopen();
    story.told("is not there", false);
    story.hears_of("reopened");
    // Copied and truncated.
    fs::copy(&story.log, story.log.with_extension("2")).unwrap();
    fs::File::options().write(true).open(&story.log).unwrap().set_len(0).unwrap();
    story.hears_of("truncated");
    // Lines that are none.
    let mut file = fs::File::options().append(true).open(&story.log).unwrap();
    writeln!(file, "a-secret that is no JSON").unwrap();
    let health = story.told("could not be read", true);
    assert!(health.contains("no JSON from column 1") && !health.contains("a-secret"), "{health}");
    story.hears_of("afterwards");
}

#[test]
fn a_log_needs_a_gate_and_the_path_of_a_file() {
    let home = Home::new();
    let file = configuration(&home, "127.0.0.1:0");
    let check = || {
        let output = calm_ops(&["check".as_ref(), "--config".as_ref(), file.as_ref()]);
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    add_log(&file, Path::new("access.json"));
    let told = check();
    assert!(told.contains("gate.access_log") && told.contains("from the root"), "{told}");
    fs::write(&file, "[gate]\n").unwrap();
    add_log(&file, Path::new("/var/log/access.json"));
    let told = check();
    assert!(told.contains("gate.access_log") && told.contains("also gate.listen"), "{told}");
}
