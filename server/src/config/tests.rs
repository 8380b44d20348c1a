use std::{
    io,
    path::{Path, PathBuf},
};

use domain::{report::ReportKind, time::Span};

use super::*;
use crate::collectors::{http::Endpoint, redis::RedisAddress};

/// The machine as a test describes it.
#[derive(Default)]
struct Fake {
    environment: Vec<(&'static str, &'static str)>,
    files: Vec<(&'static str, String)>,
}

impl Fake {
    fn file(text: &str) -> Self {
        Self {
            environment: vec![("CALM_OPS_CONFIG", "calm-ops.toml")],
            files: vec![("calm-ops.toml", text.to_owned())],
        }
    }
}

impl Sources for Fake {
    fn environment(&self) -> Vec<(String, String)> {
        self.environment
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    fn read_file(&self, path: &Path) -> io::Result<String> {
        let file = self.files.iter().find(|(name, _)| Path::new(name) == path);
        file.map(|(_, text)| text.clone()).ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
    }
}

fn load(sources: &Fake) -> Result<Config, String> {
    Config::load(&Flags::default(), sources).map_err(|error| error.to_string())
}

#[test]
fn without_anything_the_defaults_hold() {
    assert_eq!(load(&Fake::default()).unwrap(), Config::standard());
}

#[test]
fn the_example_file_says_exactly_the_defaults() {
    let config = load(&Fake::file(EXAMPLE)).unwrap();
    assert_eq!(Config { file: None, ..config }, Config::standard());
}

#[test]
fn every_key_stands_in_the_example_file_and_every_line_of_it_is_understood() {
    // With the comment signs before `key = value` and `[[endpoint]]` taken away, every key is set.
    let mut text = String::new();
    for line in EXAMPLE.lines() {
        let bare = line.strip_prefix("# ").filter(|rest| {
            rest.starts_with("[[")
                || rest.split_once(" = ").is_some_and(|(key, _)| !key.contains(' '))
        });
        text.push_str(bare.unwrap_or(line));
        text.push('\n');
    }
    for key in keys::all() {
        let name = key.name.rsplit('.').next().unwrap();
        assert!(
            text.lines().any(|line| line.starts_with(&format!("{name} = "))),
            "{} is not in the example file",
            key.name
        );
    }
    for entries in keys::entries() {
        let section = format!("[[{}]]", entries.name);
        for key in entries.keys {
            assert!(
                text.split_once(&section).unwrap().1.contains(&format!("\n{key} = ")),
                "{key} of {} is not in the example file",
                entries.what
            );
        }
    }
    // Only one of the two may be set.
    let text = text.replace("database_url_file =", "# database_url_file =");
    let mut sources = Fake::file(&text);
    sources.files.push(("/run/secrets/calm-ops-mail-password", "hunter2\n".to_owned()));
    let config = load(&sources).unwrap();
    let mail = config.mail.unwrap();
    assert_eq!(
        (mail.server.as_str(), mail.port, mail.tls),
        ("smtp.example.com", 587, MailTls::Start)
    );
    assert_eq!(mail.login.unwrap().1.expose(), "hunter2");
    assert_eq!(config.ops_dir, Some(PathBuf::from("/etc/calm-ops")));
    assert_eq!(
        (config.product.as_deref(), config.status.title.as_str()),
        (Some("Example"), "Status")
    );
    assert_eq!(config.scripts[0].path(), "/opt/team/clear-cache");
    assert_eq!(config.collectors.http.endpoints[0].name, "checkout");
    assert!(
        config.collectors.http.endpoints[0].expect_status.contain(200)
            && !config.collectors.http.endpoints[0].expect_status.contain(204)
    );
}

#[test]
fn a_flag_wins_over_the_environment_and_it_over_the_file() {
    let mut sources = Fake::file("listen = '127.0.0.1:1'\ndata_dir = 'file'\ninterval = '7 s'");
    sources
        .environment
        .extend([("CALM_OPS_LISTEN", "127.0.0.1:2"), ("CALM_OPS_DATA_DIR", "environment")]);
    let flags = Flags { listen: Some("[::1]:3".to_owned()), ..Flags::default() };
    let config = Config::load(&flags, &sources).unwrap();
    assert_eq!(config.listen.to_string(), "[::1]:3");
    assert_eq!(config.data_dir, PathBuf::from("environment"));
    assert_eq!(config.interval, Duration::from_secs(7));
}

#[test]
fn an_empty_variable_is_like_none() {
    let sources = Fake {
        environment: vec![("CALM_OPS_LISTEN", ""), ("DATABASE_URL", "")],
        files: Vec::new(),
    };
    assert_eq!(load(&sources).unwrap(), Config::standard());
}

#[test]
fn an_unknown_key_is_told_with_its_place_and_the_nearest_known_one() {
    let message = load(&Fake::file("data_dir = 'x'\n[limits]\nseris = 3\n")).unwrap_err();
    assert!(message.contains("calm-ops.toml:3:1"), "{message}");
    assert!(message.contains("the key 'seris' is unknown"), "{message}");
    assert!(message.contains("expected series, perhaps"), "{message}");

    let message = load(&Fake::file("  lissten = '127.0.0.1:1'")).unwrap_err();
    assert!(message.contains(":1:3") && message.contains("expected listen, perhaps"), "{message}");

    let message = load(&Fake::file("level = 'info'")).unwrap_err();
    assert!(message.contains("level under [log], perhaps"), "{message}");

    let message =
        load(&Fake::file("[[endpoint]]\nname = 'a'\nurl = 'http://a'\nexpect_satus = 200"))
            .unwrap_err();
    assert!(
        message.contains(":4:1") && message.contains("expected expect_status, perhaps"),
        "{message}"
    );
}

#[test]
fn an_unknown_variable_names_the_nearest_known_one() {
    let message =
        load(&Fake { environment: vec![("CALM_OPS_LISTN", "x")], files: Vec::new() }).unwrap_err();
    assert_eq!(
        message,
        "error: the environment variable CALM_OPS_LISTN is unknown: did you mean CALM_OPS_LISTEN?"
    );
}

#[test]
fn a_renamed_key_is_refused_with_its_new_name() {
    for (text, place, expected) in [
        ("[call]\ninside = ['ntfy.lan']", ":2:1", "allowed_internal_hosts under [notifications]"),
        ("sign_in.fresh_for = '5 min'", ":1:9", "recent_sign_in under [auth]"),
    ] {
        let message = load(&Fake::file(text)).unwrap_err();
        assert!(message.contains(&format!("calm-ops.toml{place}")), "{text}: {message}");
        assert!(message.contains("has a new name"), "{text}: {message}");
        assert!(message.contains(&format!("expected {expected}")), "{text}: {message}");
    }
    let old = vec![("CALM_OPS_SIGN_IN_FRESH_FOR", "5 min")];
    assert_eq!(
        load(&Fake { environment: old, files: Vec::new() }).unwrap_err(),
        "error: the environment variable CALM_OPS_SIGN_IN_FRESH_FOR has a new name: set CALM_OPS_AUTH_RECENT_SIGN_IN instead."
    );
}

#[test]
fn a_bad_value_says_what_was_found_where_and_what_was_expected() {
    for (text, place, expected) in [
        ("interval = '5'", ":1:12", "a duration from 1 s to 5 min"),
        ("interval = 5", ":1:12", "a duration from 1 s to 5 min"),
        ("interval = '500 ms'", ":1:12", "a duration from 1 s to 5 min"),
        ("listen = 'everywhere'", ":1:10", "an address and a port"),
        ("listen = 3000", ":1:10", "an address and a port"),
        ("ops_dir = ''", ":1:11", "a path"),
        ("allowed_hosts = 'a'", ":1:17", "names without scheme"),
        ("allowed_hosts = ['https://a']", ":1:17", "names without scheme"),
        ("[log]\nformat = 'xml'", ":2:10", "'text' or 'json'"),
        ("[log]\nlevel = 'server=[loud'", ":2:9", "error, warn"),
        ("[pm2]\nenabled = 'true'", ":2:11", "true or false, without quotes"),
        ("[limits]\nseries = '5000'", ":2:10", "a whole number from 100 to 1000000"),
        ("[limits]\npush_bytes = '1 GiB'", ":2:14", "a size from 1 KiB to 64 MiB"),
        ("[limits]\nseries = -1", ":2:10", "a whole number"),
        ("log = 'info'", ":1:7", "a section: [log]"),
        ("endpoint = 'x'", ":1:12", "sections: [[endpoint]]"),
        ("listen = ", ":1:", "TOML"),
        ("host_name = 'a b'", ":1:13", "a name of letters"),
        ("product = ''", ":1:11", "a name of 1 to 60 characters"),
        ("product = \"a\\u202eb\"", ":1:11", "a name of 1 to 60 characters"),
        (
            "[review]\nissue_url = 'javascript:alert({title})'",
            ":2:13",
            "an address with {title} and {body}",
        ),
        ("[reports]\ntime_zone = 'Mars/Base'", ":2:13", "the name of a time zone"),
        (
            "[review]\nissue_url = 'https://git.example.com/new'",
            ":2:13",
            "an address with {title} and {body}",
        ),
    ] {
        let message = load(&Fake::file(text)).unwrap_err();
        assert!(message.contains(&format!("calm-ops.toml{place}")), "{text}: {message}");
        assert!(message.contains(&format!("expected {expected}")), "{text}: {message}");
    }
}

#[test]
fn reports_of_days_and_months_are_made_by_themselves_where_they_are_switched_on() {
    let made = |text: &str| load(&Fake::file(text)).unwrap().reports;
    let (daily, weekly, monthly) = (ReportKind::Daily, ReportKind::Weekly, ReportKind::Monthly);
    assert_eq!(made(""), [weekly]);
    assert_eq!(made("[reports]\nmonthly = true"), [weekly, monthly]);
    assert_eq!(made("[reports]\ndaily = true\nmonthly = true"), [daily, weekly, monthly]);
    let message = load(&Fake::file("[reports]\ndaily = 'yes'")).unwrap_err();
    assert!(message.contains(":2:9") && message.contains("true or false"), "{message}");
}

#[test]
fn all_problems_are_told_at_once() {
    let error =
        Config::load(&Flags::default(), &Fake::file("interval = 1\nlisten = 2\nnobody = 3"))
            .unwrap_err();
    assert_eq!(error.problems.len(), 3);
}

#[test]
fn how_it_is_reached_from_outside_is_read_strictly() {
    let public = |text: &str| {
        load(&Fake::file(&format!("public_url = '{text}'")))
            .map(|config| config.public_url.unwrap())
    };
    let url = public("https://Ops.Example.com/").unwrap();
    assert_eq!(
        (url.host(), url.is_secure(), url.page("/ops/health")),
        ("ops.example.com", true, "https://ops.example.com/ops/health".to_owned())
    );
    assert_eq!(public("http://10.0.0.1:3000").unwrap().origin(), "http://10.0.0.1:3000");
    for text in [
        "ops.example.com",
        "ftp://ops.example.com",
        "https://ops.example.com/calm",
        "https://a:b@ops.example.com",
        "https://x?y=1",
    ] {
        let message = public(text).unwrap_err();
        assert!(
            message.contains(":1:14") && message.contains("an address without a path"),
            "{message}"
        );
    }
    assert_eq!(
        load(&Fake::file("trusted_proxies = ['127.0.0.1', '10.0.0.0/8']"))
            .unwrap()
            .trusted_proxies
            .len(),
        2
    );
    assert!(
        load(&Fake::file("trusted_proxies = ['everyone']"))
            .unwrap_err()
            .contains("addresses or networks")
    );
    for address in ["0.0.0.0:3000", "[::]:3000", "localhost:8080"] {
        let flags = Flags { listen: Some(address.to_owned()), ..Flags::default() };
        assert!(Config::load(&flags, &Fake::default()).is_ok());
    }
}

#[test]
fn the_address_of_the_database_may_lie_in_a_file_of_its_own() {
    let mut sources = Fake::file("database_url_file = '/run/secrets/url'");
    sources.files.push(("/run/secrets/url", "postgres://calm:secret@db/calm\n".to_owned()));
    assert_eq!(
        load(&sources).unwrap().database_url.unwrap().expose(),
        "postgres://calm:secret@db/calm"
    );

    sources.environment.push(("DATABASE_URL", "postgres://other@db/calm"));
    assert_eq!(
        load(&sources).unwrap().database_url.unwrap().expose(),
        "postgres://other@db/calm",
        "the environment wins over the file"
    );

    let message = load(&Fake::file("database_url_file = '/nowhere'")).unwrap_err();
    assert!(message.contains(":1:21") && message.contains("a file that can be read"), "{message}");
    let message =
        load(&Fake::file("database_url_file = '/nowhere'\ndatabase_url = 'postgres://a'"))
            .unwrap_err();
    assert!(message.contains("only one of"), "{message}");
}

#[test]
fn a_password_is_never_shown() {
    let secret = "mysql://calm:hunter2@db/calm";
    let in_file = format!("database_url = '{secret}'");
    let mut from_file = Fake::file("database_url_file = '/url'");
    from_file.files.push(("/url", secret.to_owned()));
    for sources in [
        Fake { environment: vec![("DATABASE_URL", secret)], files: Vec::new() },
        Fake::file(&in_file),
        from_file,
    ] {
        let message = load(&sources).unwrap_err();
        assert!(message.contains("the address of a PostgreSQL database"), "{message}");
        assert!(!message.contains("hunter2"), "{message}");
    }
    let config = load(&Fake {
        environment: vec![("DATABASE_URL", "postgres://calm:hunter2@db/calm")],
        files: Vec::new(),
    })
    .unwrap();
    assert!(!format!("{config:?}").contains("hunter2"));
}

#[test]
fn the_address_of_the_heartbeat_is_not_shown() {
    let url = "https://hc-ping.com/hunter2";
    let config = load(&Fake::file(&format!("[heartbeat]\nurl = '{url}'\ninterval = '5 min'")));
    let heartbeat = config.as_ref().unwrap().heartbeat.clone().unwrap();
    assert_eq!((heartbeat.host(), heartbeat.interval.as_secs()), ("hc-ping.com", 300));
    assert!(!format!("{config:?}").contains("hunter2"));
    for url in ["ftp://x/hunter2", "hunter2", "https://a:hunter2@x/"] {
        let message = load(&Fake::file(&format!("[heartbeat]\nurl = '{url}'"))).unwrap_err();
        assert!(
            message.contains("receives heartbeats") && !message.contains("hunter2"),
            "{message}"
        );
    }
    let soon = load(&Fake::file("[notifications]\nescalate_after = '10 s'")).unwrap_err();
    assert!(soon.contains("a duration from 1 min to 1 d"), "{soon}");
}

#[test]
fn a_missing_file_is_told_in_a_sentence() {
    let flags = Flags { config: Some(PathBuf::from("nowhere.toml")), ..Flags::default() };
    let message = Config::load(&flags, &Fake::default()).unwrap_err().to_string();
    assert!(message.contains("the configuration file nowhere.toml can't be read"), "{message}");
}

#[test]
fn endpoints_are_read_with_their_defaults() {
    let text = "[[endpoint]]\nname = 'shop'\nurl = 'https://shop.example/'\n[[endpoint]]\nname = 'api'\nurl = 'http://127.0.0.1:8080/health'\n\
                expect_status = '204,300-302'\nfollow_redirects = false\nexpect_text = 'ok'\ninterval = '1 min'\ntime_limit = '2 s'\nca_file = 'ca.pem'";
    let endpoints = load(&Fake::file(text)).unwrap().collectors.http.endpoints;
    assert_eq!(endpoints[0].interval, Span::from_secs(15));
    assert!(endpoints[0].follow_redirects);
    let api = Endpoint {
        expect_status: "204,300-302".parse().unwrap(),
        expect_text: Some("ok".to_owned()),
        follow_redirects: false,
        interval: Span::from_mins(1),
        time_limit: Span::from_secs(2),
        ca_file: Some(PathBuf::from("ca.pem")),
        ..Endpoint::new("api", "http://127.0.0.1:8080/health".parse().unwrap())
    };
    assert_eq!(endpoints[1], api);
}

#[test]
fn an_endpoint_that_cannot_be_asked_is_refused() {
    for (text, expected) in [
        ("[[endpoint]]\nname = 'a'", "an endpoint without 'url'"),
        ("[[endpoint]]\nurl = 'http://a'", "an endpoint without 'name'"),
        ("[[endpoint]]\nname = 'a'\nurl = 'file:///etc/passwd'", "an http or https address"),
        ("[[endpoint]]\nname = 'a'\nurl = 'http://me:secret@a/'", "without user and password"),
        ("[[endpoint]]\nname = 'a b'\nurl = 'http://a'", "a name of letters"),
        (
            "[[endpoint]]\nname = 'a'\nurl = 'http://a'\n[[endpoint]]\nname = 'a'\nurl = 'http://b'",
            "two endpoints have the name 'a'",
        ),
        (
            "[[endpoint]]\nname = 'a'\nurl = 'http://a'\nexpect_status = 99",
            "statuses from 100 to 599",
        ),
    ] {
        let message = load(&Fake::file(text)).unwrap_err();
        assert!(message.contains(expected), "{text}: {message}");
    }
}

#[test]
fn a_reload_brings_new_endpoints_and_a_bad_file_brings_its_problem() {
    let config = load(&Fake::file("")).unwrap();
    let good = Fake::file("[[endpoint]]\nname = 'shop'\nurl = 'https://shop.example/'");
    assert_eq!(config.reload(&good).unwrap().unwrap().http.endpoints[0].name, "shop");
    assert!(config.reload(&Fake::file("[[endpoint]]\nname = 'shop'")).unwrap().is_err());
    assert!(Config::standard().reload(&good).is_none(), "nothing to read again without a file");
}

proptest::proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in "\\PC{0,200}", lines in "([a-z_]{1,9} ?= ?['\"0-9a-zäß \\[\\]]{0,9}\n){0,9}") {
        for text in [text, lines] {
            let _ = load(&Fake::file(&text));
        }
    }
}

#[test]
fn a_script_that_cannot_be_trusted_is_a_problem_with_its_place() {
    let hash = "0".repeat(64);
    for (text, problem) in [
        (format!("[[script]]\nname = \"a\"\nsha256 = \"{hash}\"\n"), "a script without 'path'"),
        (
            format!("[[script]]\nname = \"a\"\npath = \"../a\"\nsha256 = \"{hash}\"\n"),
            "a script with '../a'",
        ),
        (
            "[[script]]\nname = \"a\"\npath = \"/opt/a\"\nsha256 = \"abc\"\n".to_owned(),
            "a script with 'abc'",
        ),
        (
            format!("[[script]]\nname = \"a\"\npath = \"/opt/a\"\nsha256 = \"{hash}\"\n").repeat(2),
            "two scripts have the name 'a'",
        ),
        ("[[script]]\nhash = \"a\"\n".to_owned(), "the key 'hash' is unknown"),
    ] {
        let error = load(&Fake::file(&text)).unwrap_err().to_string();
        assert!(error.contains(problem), "{problem} is not in:\n{error}");
    }
}

#[test]
fn a_text_that_is_needed_is_never_empty() {
    let database = |key: &str, value: &str| {
        let mut lines: BTreeMap<&str, &str> = [
            ("name", "main"),
            ("url", "https://main.example:9273/metrics"),
            ("user", "metrics"),
            ("password_file", "/run/secrets/password"),
        ]
        .into();
        lines.insert(key, value);
        let lines: String =
            lines.iter().map(|(key, value)| format!("{key} = '{value}'\n")).collect();
        format!("[[managed_database]]\n{lines}")
    };
    let whole = load(&Fake::file(&database("user", "metrics"))).unwrap();
    assert_eq!(whole.collectors.digitalocean.databases[0].name, "main");
    for value in ["", " "] {
        for (key, place, expected) in [
            ("name", ":2:8", "the name of the database cluster"),
            ("password_file", ":3:17", "the path of a file"),
            ("url", ":4:7", "the address of its metrics"),
            ("user", ":5:8", "the user of its metrics"),
            ("ca_file", ":2:11", "a path"),
        ] {
            let message = load(&Fake::file(&database(key, value))).unwrap_err();
            let found = format!("calm-ops.toml{place}");
            assert!(message.contains(&found), "{key}: {message}");
            assert!(message.contains(&format!("{key} is '{value}'")), "{key}: {message}");
            assert!(message.contains(&format!("expected {expected}")), "{key}: {message}");
        }
        for (section, key, expected) in [
            ("", "database_url_file", "a path"),
            ("", "host_name", "a name of letters"),
            ("[mail]", "user", "the user of the mail server"),
            ("[mail]", "server", "a name of letters"),
            ("[mail]", "password_file", "a path"),
            ("[tls]", "key", "a path"),
            ("[gate]", "token_file", "a path"),
            ("[gate]", "safe_mode_flag", "the path of a file from the root"),
            ("[digitalocean]", "token_file", "a path"),
            ("[pm2]", "home", "a path"),
            ("[status]", "title", "a line of 1 to 60 characters"),
            ("[reports]", "time_zone", "the name of a time zone"),
        ] {
            let message = load(&Fake::file(&format!("{section}\n{key} = '{value}'"))).unwrap_err();
            assert!(message.contains("calm-ops.toml:2:"), "{section} {key}: {message}");
            assert!(message.contains(&format!("expected {expected}")), "{key}: {message}");
        }
    }
    let list = load(&Fake::file("[mail]\nuser = ['calm']")).unwrap_err();
    assert!(list.contains("user is a list"), "{list}");
}

#[test]
fn what_belongs_to_mail_belongs_together() {
    let mail = |text: &str| {
        let mut sources = Fake::file(&format!("[mail]\n{text}"));
        sources.files.push(("secret", "hunter2".to_owned()));
        load(&sources).map(|config| config.mail)
    };
    let usual = |text: &str| {
        mail(&format!("server = 'smtp.example.com'\nfrom = 'calm-ops@example.com'\n{text}"))
            .unwrap()
            .unwrap()
    };
    assert_eq!(
        (usual("").port, usual("tls = 'wrapped'").port, usual("tls = 'none'").port),
        (587, 465, 25)
    );
    assert_eq!(usual("tls = 'none'\nport = 2525").port, 2_525);
    assert!(!format!("{:?}", usual("user = 'calm'\npassword_file = 'secret'")).contains("hunter2"));
    for (text, expected) in [
        ("server = 'smtp.example.com'", "mail.from"),
        ("from = 'calm-ops@example.com'", "mail.server"),
        ("server = 'smtp.example.com'\nfrom = 'nobody'", "an e-mail address"),
        (
            "server = 'smtp.example.com'\nfrom = 'a@b.example'\nuser = 'calm'",
            "also mail.password_file",
        ),
        (
            "server = 'smtp.example.com'\nfrom = 'a@b.example'\npassword_file = 'secret'",
            "also mail.user",
        ),
        (
            "server = 'smtp.example.com'\nfrom = 'a@b.example'\nuser = 'calm'\npassword_file = 'missing'",
            "a file that can be read",
        ),
        (
            "server = 'smtp.example.com'\nfrom = 'a@b.example'\ntls = 'perhaps'",
            "'start', 'wrapped' or 'none'",
        ),
        ("server = 'smtp.example.com:25'\nfrom = 'a@b.example'", "a name of letters"),
        ("server = 'smtp.example.com'\nfrom = 'a@b.example'\nport = 70000", "from 1 to 65535"),
    ] {
        let told = mail(text).unwrap_err();
        assert!(told.contains(expected) && !told.contains("hunter2"), "{text}: {told}");
    }
}

#[test]
fn redis_servers_are_read_and_what_is_wrong_is_told_without_a_password() {
    let whole = "[[redis]]\nname = 'main'\naddress = 'redis://127.0.0.1'\n[[redis]]\nname = 'cache'\naddress = 'unix:/run/redis.sock'\nuser = 'calm-ops'\npassword_file = '/run/secrets/cache'\n";
    let servers = load(&Fake::file(whole)).unwrap().collectors.redis.servers;
    assert_eq!(servers.len(), 2);
    let address: RedisAddress = "redis://127.0.0.1:6379".parse().unwrap();
    assert_eq!(servers[0].address, address);
    assert_eq!(servers[1].user.as_deref(), Some("calm-ops"));
    assert_eq!(servers[1].password_file, Some(PathBuf::from("/run/secrets/cache")));
    for (text, expected) in [
        ("name = 'a'", "a Redis without 'address'"),
        ("address = 'redis://a'", "a Redis without 'name'"),
        ("name = 'a b'\naddress = 'redis://a'", "a name of letters"),
        ("name = ''\naddress = 'redis://a'", "a name of letters"),
        ("name = 'a'\naddress = 'http://a'", "'redis://127.0.0.1:6379'"),
        ("name = 'a'\naddress = 'redis://a/0'", "without user, password and database"),
        ("name = 'a'\naddress = 'redis://:hunter2@a'", "without user, password and database"),
        ("name = 'a'\naddress = 'redis://a'\nuser = ''", "the name of a user"),
        ("name = 'a'\naddress = 'redis://a'\nuser = 'b'", "also 'password_file'"),
        ("name = 'a'\naddress = 'redis://a'\npassword = 'hunter2'", "'password' is unknown"),
        (
            "name = 'a'\naddress = 'redis://a'\n[[redis]]\nname = 'a'\naddress = 'redis://b'",
            "two Redis servers have the name 'a'",
        ),
    ] {
        let told = load(&Fake::file(&format!("[[redis]]\n{text}"))).unwrap_err();
        assert!(told.contains(expected), "{text}: {told}");
        // The line of a key that does not exist is shown as any other.
        assert!(!told.contains("hunter2") || expected.contains("unknown"), "{told}");
    }
}
