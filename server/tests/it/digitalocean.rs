//! The real program against a fake of DigitalOcean over HTTP.

use std::{
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use boon::{Compiler, Schemas};
use serde_json::{Value, json};
use server::clock::Clock;

use crate::program::{Home, Running, calm_ops};

mod prism;

const TOKEN: &str = "dop_v1_hunter2hunter2";
/// The user and password of the database's metrics.
const METRICS_USER: &str = "Basic bWV0cmljczpodW50ZXIz";

const THRESHOLDS: &str = "format: 1\n\n# Quick thresholds\n\n## Thresholds\n\n\
| signal | subject | warning | critical | for | recovers at | no data after | what it means | runbook | commands |\n\
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n\
| `droplet.disk.used` | - | above 88% | above 95% | 0 s | 85% | - | A file system of a droplet is nearly full. | digitalocean | - |\n\
| `droplet.up` | - | - | below 1 | 0 s | 1 | - | A droplet is not active. | digitalocean | - |\n\
| `managed_database.disk` | - | above 80% | above 90% | 0 s | 75% | - | The disk of a managed database is nearly full. | digitalocean | - |\n\
| `digitalocean.up` | - | below 1 | - | 0 s | 1 | - | DigitalOcean gives no answers. | digitalocean | - |\n\n\
## How incidents behave\n\n| rule | value |\n| --- | --- |\n| quiet for | 1 s |\n| reopen within | 10 s |\n";

/// The ways in which the fake answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Mood {
    #[default]
    Fine,
    /// The token is not known.
    Rejected,
    /// Half of each answer.
    Half,
}

/// A fake of the API, and of the metrics page of a database.
#[derive(Clone, Default)]
struct Fake {
    mood: Arc<Mutex<Mood>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Fake {
    /// Listens, and answers on threads of its own; its address.
    fn listen(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let fake = self.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let fake = fake.clone();
                std::thread::spawn(move || fake.serve(stream));
            }
        });
        url
    }

    fn serve(&self, mut stream: TcpStream) {
        let (mut bytes, mut part) = (Vec::new(), [0; 4_096]);
        while !bytes.windows(4).any(|end| end == b"\r\n\r\n") {
            match stream.read(&mut part) {
                Ok(length @ 1..) => bytes.extend_from_slice(&part[..length]),
                _ => return,
            }
        }
        let request = String::from_utf8_lossy(&bytes).into_owned();
        let target = request.split(' ').nth(1).unwrap_or_default().to_owned();
        self.asked.lock().unwrap().push(request.clone());
        let mood = *self.mood.lock().unwrap();
        let has = |secret: &str| request.contains(&format!("authorization: {secret}\r\n"));
        let (status, mut body) = if target.starts_with("/metrics") {
            if has(METRICS_USER) { (200, PAGE.to_owned()) } else { (401, String::new()) }
        } else if !has(&format!("Bearer {TOKEN}")) || mood == Mood::Rejected {
            (
                401,
                json!({"id": "Unauthorized", "message": "Unable to authenticate you"}).to_string(),
            )
        } else {
            let (status, body) = answer(&target);
            (status, body.to_string())
        };
        let length = body.len();
        if mood == Mood::Half {
            body.truncate(length / 2);
        }
        let head = format!(
            "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nratelimit-limit: 5000\r\nratelimit-remaining: 4816\r\nratelimit-reset: 1444931833\r\nconnection: close\r\n\r\n"
        );
        let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes()));
    }
}

const PAGE: &str = "# HELP disk_used_percent Telegraf collected metric\n# TYPE disk_used_percent gauge\n\
disk_used_percent{host=\"main-1\",path=\"/\"} 84.5\ncpu_usage_idle{cpu=\"cpu-total\",host=\"main-1\"} 77.5\n";

fn seconds() -> i64 {
    Clock::start().now().wall.as_micros() / 1_000_000
}

/// The answer of the API.
fn answer(target: &str) -> (u16, Value) {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let list = |name: &str, items: Value| {
        let total = items.as_array().unwrap().len();
        (200, json!({name: items, "links": {}, "meta": {"total": total}}))
    };
    if let Some(metric) = path.strip_prefix("/v2/monitoring/metrics/") {
        let number = |name: &str| -> i64 {
            let part = query.split('&').find_map(|part| part.strip_prefix(name));
            part.unwrap().parse().unwrap()
        };
        return (200, samples(metric, number("start="), number("end=")));
    }
    match path {
        "/v2/droplets" if query.contains("type=gpus") => list("droplets", json!([])),
        "/v2/droplets" => {
            list("droplets", json!([droplet(3_164_444, "web-1"), droplet(3_164_445, "web-2")]))
        }
        "/v2/actions" => list("actions", json!([])),
        "/v2/load_balancers" => list(
            "load_balancers",
            json!([{"id": "4de7ac8b-495b-4884-9a69-1050c6793cd6", "name": "edge", "status": "active", "size": "lb-small",
                "forwarding_rules": [{"entry_protocol": "https", "entry_port": 443, "target_protocol": "http", "target_port": 80}]}]),
        ),
        "/v2/apps" => list(
            "apps",
            json!([{"id": "4f6c71e2-1e90-4762-9fee-6cc4a0a9f2cf", "spec": {"name": "shop"}, "active_deployment": {"phase": "ACTIVE"}}]),
        ),
        "/v2/databases" => list(
            "databases",
            json!([{"id": "9cc10173-e9ea-4176-9dbc-a4cee4c4ff30", "name": "main", "engine": "pg", "num_nodes": 1,
                "size": "db-s-1vcpu-1gb", "region": "fra1", "status": "online"}]),
        ),
        _ => (404, json!({"id": "not_found", "message": "The resource was not found"})),
    }
}

fn droplet(id: u64, name: &str) -> Value {
    let region = json!({"name": "Frankfurt 1", "slug": "fra1", "features": [], "available": true, "sizes": []});
    let size = json!({"slug": "s-1vcpu-1gb", "memory": 1024, "vcpus": 1, "disk": 25, "transfer": 1.0,
        "price_monthly": 6.0, "price_hourly": 0.00893, "regions": ["fra1"], "available": true, "description": "Basic"});
    json!({
        "id": id, "name": name, "memory": 1024, "vcpus": 1, "disk": 25, "disk_info": [], "locked": false,
        "status": "active", "created_at": "2026-07-21T18:37:44Z", "features": ["monitoring"],
        "backup_ids": [], "next_backup_window": null, "snapshot_ids": [], "image": {}, "volume_ids": [],
        "size": size, "size_slug": "s-1vcpu-1gb", "region": region, "tags": ["production"],
        "networks": {"v4": [{"ip_address": "203.0.113.7", "netmask": "255.255.255.0", "gateway": "203.0.113.1", "type": "public"}], "v6": []},
    })
}

/// The samples of a metric: the disk of each droplet fills up, and is nearly full at the last one.
fn samples(metric: &str, start: i64, end: i64) -> Value {
    let times: Vec<i64> = (start / 120..=(end - 30) / 120)
        .map(|step| step * 120)
        .filter(|at| *at >= start && *at <= end - 30)
        .collect();
    let series = |labels: Value, value: &dyn Fn(i64) -> f64| {
        let values: Vec<Value> =
            times.iter().map(|at| json!([at, value(*at).to_string()])).collect();
        json!({"metric": labels, "values": values})
    };
    let host = "3164444";
    let disk = json!({"host_id": host, "device": "/dev/vda1", "fstype": "ext4", "mountpoint": "/"});
    let now = seconds();
    let result = match metric {
        "droplet/cpu" => {
            let mode = |mode: &str, share: f64| {
                series(json!({"host_id": host, "mode": mode}), &|at| {
                    (at - 1_700_000_000) as f64 * share
                })
            };
            vec![mode("idle", 0.75), mode("user", 0.25)]
        }
        "droplet/filesystem_size" => vec![series(disk, &|_| 25e9)],
        // 2 % in 2 min, up to 97 %.
        "droplet/filesystem_free" => {
            vec![series(disk, &|at| 25e9 * (0.03 + (now - 30 - at) as f64 / 6_000.0))]
        }
        "load_balancer/droplets_health_checks" => {
            let check = |host: &str, value: f64| series(json!({"host": host}), &|_| value);
            vec![check("3164444", 1.0), check("3164445", 0.0)]
        }
        "apps/memory_percentage" => vec![series(json!({"app_component": "web"}), &|_| 42.0)],
        _ if metric.starts_with("droplet/") => {
            vec![series(json!({"host_id": host}), &|_| 1e9)]
        }
        _ => vec![series(json!({}), &|_| 1.0)],
    };
    json!({"status": "success", "data": {"resultType": "matrix", "result": result}})
}

/// The output and the errors of `calm-ops check` with the configuration of a folder.
fn checked(home: &Home) -> (String, String) {
    let config = home.dir.path().join("calm-ops.toml");
    let checked = calm_ops(&[
        "check".as_ref(),
        "--config".as_ref(),
        config.as_os_str(),
        "--ops-dir".as_ref(),
        home.ops().as_os_str(),
    ]);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&checked.stdout), text(&checked.stderr))
}

/// A folder with a configuration that leads to the fake.
fn home(url: &str) -> Home {
    let home = Home::new();
    std::fs::write(home.ops().join("alerts/thresholds.md"), THRESHOLDS).unwrap();
    let path = |name: &str| home.dir.path().join(name);
    std::fs::write(path("token"), format!("{TOKEN}\n")).unwrap();
    std::fs::write(path("password"), "hunter3\n").unwrap();
    let config = format!(
        "[digitalocean]\ntoken_file = \"{}\"\ntags = [\"production\"]\nbudget_percent = 90\napi_url = \"{url}\"\n\n\
         [[managed_database]]\nname = \"main\"\nurl = \"{url}/metrics\"\nuser = \"metrics\"\npassword_file = \"{}\"\n",
        path("token").display(),
        path("password").display()
    );
    std::fs::write(path("calm-ops.toml"), config).unwrap();
    home
}

fn start(home: &Home) -> Running {
    let config = home.dir.path().join("calm-ops.toml");
    home.start_with(&["--config", config.to_str().unwrap()]).unwrap()
}

/// The same as the program's, with more patience: requests come five seconds apart.
fn wait<T>(program: &Running, what: &str, mut found: impl FnMut(&Running) -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = found(program) {
            return found;
        }
        assert!(began.elapsed() < Duration::from_secs(60), "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(200));
    }
}

fn incident(program: &Running, cause: &str) -> Value {
    wait(program, cause, |program| {
        let incidents = program.get("/api/ops/incidents").json();
        incidents["active"].as_array()?.iter().find(|one| one["cause"] == cause).cloned()
    })
}

#[test]
fn a_droplet_whose_disk_fills_up_becomes_an_incident_with_summary_and_runbook() {
    let fake = Fake::default();
    let url = fake.listen();
    let home = home(&url);
    let program = start(&home);
    let found = incident(&program, "droplet-disk:/@web-1");
    let page = program.get(&format!("/ops/incidents/{}", found["number"])).body;
    assert!(page.contains("The disk / on web-1"), "{page}");
    assert!(page.contains("<a href=\"/ops/runbook#digitalocean\">DigitalOcean"), "{page}");
    assert!(program.get("/ops/runbook").body.contains("status.digitalocean.com"));
    // The database's own page tells of its disk.
    let database = incident(&program, "managed-database:main");
    assert!(database["number"].as_u64().is_some());
    // Load balancers and apps are there too, with their own samples.
    for (subject, signal, value) in [
        ("load-balancer:edge", "load_balancer.up", 1.0),
        ("load-balancer:edge", "load_balancer.healthy", 50.0),
        ("platform-app:shop", "app_platform.up", 1.0),
        ("platform-app:shop", "app_platform.memory", 42.0),
    ] {
        wait(&program, signal, |program| {
            let health = program.get("/api/ops/health").json();
            let readings = health["now"]["readings"].as_array()?.clone();
            readings.into_iter().find(|one| {
                one["subject"] == subject && one["signal"] == signal && one["value"] == value
            })
        });
    }
    // Neither token nor password is told anywhere.
    let health = program.get("/api/ops/health").body;
    assert!(!health.contains("hunter") && !page.contains("hunter"));
    let asked = fake.asked.lock().unwrap().len();
    assert!(asked < 200, "{asked}");
}

#[test]
fn a_token_that_is_rejected_is_told_and_no_droplet_is_shown_as_healthy() {
    let fake = Fake::default();
    *fake.mood.lock().unwrap() = Mood::Rejected;
    let url = fake.listen();
    let home = home(&url);
    let (told, problems) = checked(&home);
    assert!(told.contains("a DigitalOcean account, 1 managed database"), "{told}{problems}");
    assert!(told.contains("DigitalOcean rejected the token (status 401)"), "{told}");
    assert!(!told.contains("hunter"), "{told}");
    // A file without a token is a mistake of the configuration.
    std::fs::write(home.dir.path().join("token"), "\n").unwrap();
    let (_, problems) = checked(&home);
    assert!(problems.contains("has no token. Write a token with read scopes"), "{problems}");
}

/// Writes `nullable` of OpenAPI 3.0 as JSON Schema does.
fn allow_null(schema: &mut Value) {
    match schema {
        Value::Object(parts) => {
            let is_nullable = parts.get("nullable") == Some(&json!(true));
            if let Some(kind) = parts.get_mut("type").filter(|kind| is_nullable && kind.is_string())
            {
                *kind = json!([kind.clone(), "null"]);
            }
            parts.values_mut().for_each(allow_null);
        }
        Value::Array(parts) => parts.iter_mut().for_each(allow_null),
        _ => {}
    }
}

#[test]
fn the_answers_of_the_fake_are_those_of_the_description() {
    let description: Value =
        serde_json::from_str(include_str!("digitalocean/description.json")).unwrap();
    let now = seconds();
    let window = format!("host_id=3164444&start={}&end={now}", now - 900);
    for (path, target) in [
        ("/v2/droplets", "/v2/droplets".to_owned()),
        ("/v2/actions", "/v2/actions".to_owned()),
        ("/v2/load_balancers", "/v2/load_balancers".to_owned()),
        ("/v2/apps", "/v2/apps".to_owned()),
        ("/v2/databases", "/v2/databases".to_owned()),
        (
            "/v2/monitoring/metrics/droplet/cpu",
            format!("/v2/monitoring/metrics/droplet/cpu?{window}"),
        ),
        (
            "/v2/monitoring/metrics/droplet/filesystem_free",
            format!("/v2/monitoring/metrics/droplet/filesystem_free?{window}"),
        ),
        (
            "/v2/monitoring/metrics/load_balancer/droplets_health_checks",
            format!("/v2/monitoring/metrics/load_balancer/droplets_health_checks?{window}"),
        ),
        (
            "/v2/monitoring/metrics/apps/memory_percentage",
            format!("/v2/monitoring/metrics/apps/memory_percentage?{window}"),
        ),
    ] {
        let content = &description["paths"][path]["get"]["responses"]["200"]["content"];
        let mut schema = content["application/json"]["schema"].clone();
        assert!(schema.is_object(), "{path}");
        allow_null(&mut schema);
        let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
        compiler.add_resource("mem:answer", schema).unwrap();
        let place = compiler.compile("mem:answer", &mut schemas).unwrap();
        let (status, body) = answer(&target);
        assert_eq!(status, 200, "{path}");
        if let Err(error) = schemas.validate(&body, place) {
            panic!("{path}: {error:#}");
        }
    }
}
