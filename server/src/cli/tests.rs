use std::{fs, path::Path};

use super::*;
use crate::config;

/// A machine without environment whose files are the real ones.
struct Bare;

impl Sources for Bare {
    fn environment(&self) -> Vec<(String, String)> {
        Vec::new()
    }

    fn read_file(&self, path: &Path) -> std::io::Result<String> {
        fs::read_to_string(path)
    }
}

fn said(arguments: &[&str]) -> (Outcome, String, String) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let arguments = ["calm-ops"].iter().chain(arguments).map(OsString::from);
    let outcome = run(arguments, &Bare, &mut out, &mut err);
    (outcome, String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
}

#[test]
fn help_teaches_with_examples_and_exit_codes() {
    let (outcome, out, err) = said(&["--help"]);
    assert_eq!(outcome, Outcome::Fine);
    for part in [
        "calm-ops init /etc/calm-ops",
        "Exit codes:",
        "CALM_OPS_LISTEN",
        "127.0.0.1:3000",
        "journal verify",
        "calm-ops simulate upload-spike",
    ] {
        assert!(out.contains(part), "{part} is not in:\n{out}");
    }
    assert!(err.is_empty());
    assert!(said(&["serve", "--help"]).1.contains("--data-dir"));
}

#[test]
fn the_version_is_told() {
    assert_eq!(said(&["--version"]).1, format!("calm-ops {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn a_wrong_flag_or_value_is_a_usage_error() {
    let (outcome, _, err) = said(&["serve", "--lissten", "x"]);
    assert_eq!(outcome, Outcome::Usage);
    assert!(err.contains("--listen"), "{err}");
    let (outcome, _, err) = said(&["serve", "--listen", "everywhere"]);
    assert_eq!(outcome, Outcome::Usage);
    assert!(err.contains("an address and a port"), "{err}");
}

#[test]
fn a_simulation_that_can_not_begin_says_why_and_what_to_do() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let nobody = format!("http://127.0.0.1:{free}/");
    let never = "--target=http://192.0.2.1/";
    for (arguments, outcome, told) in [
        (&["upload-spike"][..], Outcome::Usage, "gate.listen"),
        (&["tsunami"], Outcome::Usage, "upload-spike"),
        (&["flapping", "--rate", "50"], Outcome::Usage, "'10/s'"),
        (&["flapping", "--rate", "0/s"], Outcome::Usage, "'10/s'"),
        (&["flapping", "--for", "60"], Outcome::Usage, "'30 s'"),
        (&["flapping", "--host", "shop.example"], Outcome::Usage, "'*.shop.example'"),
        (&["flapping", "--path", "upload"], Outcome::Usage, "'/upload'"),
        (&["flapping", "--organization", "a@b"], Outcome::Usage, "'acme'"),
        (&["flapping", "--organization", "Zürich", "--target", &nobody], Outcome::Usage, "ASCII"),
        (&["flapping", "--rate", "100000/s"], Outcome::Usage, "at most 3000000"),
        (&["slow-clients"], Outcome::Usage, "--target"),
        (&["flapping", "--without-gate"], Outcome::Usage, "retry-storm"),
        (&["retry-storm"], Outcome::Usage, "gate.listen"),
        (&["retry-storm", "--without-gate", "--workers", "1"], Outcome::Usage, "capacity"),
        (&["retry-storm", "--timeout", "0 s"], Outcome::Usage, "above zero"),
        (&["retry-storm", "--target", &nobody], Outcome::Usage, "of its own"),
        (&["flapping", never], Outcome::Usage, "--i-own-this-target"),
        (&["flapping", "--i-own-this-target"], Outcome::Usage, "--target"),
        (&["flapping", "--target", "https://127.0.0.1/"], Outcome::Usage, "http://"),
        (&["flapping", "--target", &nobody], Outcome::Wrong, "Is the proxy running?"),
    ] {
        let line: Vec<&str> = ["simulate"].iter().chain(arguments).copied().collect();
        let (found, out, err) = said(&line);
        assert_eq!(found, outcome, "{arguments:?}: {err}");
        assert!(err.contains(told) && out.is_empty(), "{told:?} is not in: {err}");
    }
    let (outcome, help, _) = said(&["simulate", "--help"]);
    assert_eq!(outcome, Outcome::Fine);
    assert!(help.contains("many-names") && help.contains("Exit codes:"), "{help}");
}

#[test]
fn a_past_is_made_only_where_the_command_line_says() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let folder = data.to_str().unwrap();
    for (arguments, told) in [
        (&["week"][..], "--data-dir"),
        (&["history"], "--data-dir"),
        (&["week", "--into-database", "--data-dir", folder], "DATABASE_URL"),
        (&["history", "--incidents", "100000", "--data-dir", folder], "at most 17046 incidents"),
        (&["history", "--entries", "100000", "--data-dir", folder], "at least 20 entries"),
        (&["history", "--incidents", "0", "--data-dir", folder], "--incidents"),
    ] {
        let line: Vec<&str> = ["simulate"].iter().chain(arguments).copied().collect();
        let (found, out, err) = said(&line);
        assert_eq!(found, Outcome::Usage, "{arguments:?}: {err}");
        assert!(err.contains(told) && out.is_empty(), "{told:?} is not in: {err}");
    }
    let file = dir.path().join("calm-ops.toml");
    fs::write(&file, "database_url = 'postgres://nobody@127.0.0.1:1/none'\n").unwrap();
    let config = file.to_str().unwrap();
    let line = ["simulate", "week", "--data-dir", folder, "--config", config];
    let (found, _, err) = said(&line);
    assert_eq!(found, Outcome::Usage, "{err}");
    assert!(err.contains("--into-database"), "{err}");
    assert!(!data.exists(), "nothing was made");
}

#[test]
fn generated_documents_never_replace_own_ones() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let own = data.join("ops/alerts/thresholds.md");
    fs::create_dir_all(own.parent().unwrap()).unwrap();
    fs::write(&own, "mine").unwrap();
    let (found, _, err) = said(&["simulate", "week", "--data-dir", data.to_str().unwrap()]);
    assert_eq!(found, Outcome::Failed, "{err}");
    assert!(err.contains("exists already and is kept"), "{err}");
    assert_eq!(fs::read_to_string(&own).unwrap(), "mine");
}

#[test]
fn a_unit_and_a_line_of_cron_are_printed() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("calm-ops.toml");
    fs::write(&file, "data_dir = '/var/lib/calm-ops'\n").unwrap();
    let config = file.to_str().unwrap();
    let (outcome, unit, err) = said(&["init", "--systemd", "nobody", "--config", config]);
    assert_eq!((outcome, err.as_str()), (Outcome::Fine, ""));
    for part in [
        "User=nobody\n".to_owned(),
        format!(" serve --config {config} --data-dir /var/lib/calm-ops\n"),
        "Restart=always\n".to_owned(),
    ] {
        assert!(unit.contains(&part), "{part} is not in:\n{unit}");
    }
    let (outcome, line, _) = said(&["init", "--cron", "--config", config]);
    assert_eq!(outcome, Outcome::Fine);
    let last = line.lines().last().unwrap();
    assert!(last.starts_with("*/5 * * * * /"), "{last}");
    assert!(last.ends_with(&format!(" health --config {config} >/dev/null")), "{last}");
    let odd = dir.path().join("50% $HOME.toml");
    fs::write(&odd, "").unwrap();
    let (outcome, _, err) = said(&["init", "--cron", "--config", odd.to_str().unwrap()]);
    assert_eq!(outcome, Outcome::Usage);
    assert!(err.contains("can't be used there"), "{err}");
    assert_eq!(said(&["init"]).0, Outcome::Usage);
    assert_eq!(said(&["init", "x", "--cron"]).0, Outcome::Usage);
}

#[test]
fn what_can_not_work_at_its_interval_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let ops = dir.path().join("ops");
    assert_eq!(said(&["init", ops.to_str().unwrap()]).0, Outcome::Fine);
    let path = ops.join("alerts/thresholds.md");
    let text = fs::read_to_string(&path).unwrap();
    let file = dir.path().join("calm-ops.toml");
    let check = |thresholds: &str, config: &str| {
        fs::write(&path, thresholds).unwrap();
        fs::write(&file, config).unwrap();
        let (ops, file) = (ops.to_str().unwrap(), file.to_str().unwrap());
        said(&["check", "--ops-dir", ops, "--config", file])
    };
    // Silence follows the interval, and the check says so.
    let seldom = "[[endpoint]]\nname = 'shop'\nurl = 'https://shop.example/'\ninterval = '3 min'\n";
    let (outcome, out, err) = check(&text, seldom);
    assert_eq!((outcome, err.as_str()), (Outcome::Fine, ""));
    let note = "'no data after 5 min' of 'endpoint.up' is shorter than three rounds of endpoint:shop, which is checked every 3 min. Missing data is reported after 9 min there.";
    assert!(out.contains(note), "{out}");
    // A rise within less than two rounds is never seen.
    let rises = text.replace("rises 300 MiB in 30 min", "rises 300 MiB in 1 min");
    let rises = rises.replace("rises 1 GiB in 30 min", "rises 1 GiB in 1 min");
    let rises = rises.replace("100 MiB in 30 min", "50 MiB in 1 min");
    assert_eq!(check(&rises, "interval = '5 s'\n").0, Outcome::Fine);
    // A level that no value reaches.
    let (outcome, _, err) = check(&text.replace("above 94%", "above 100%"), "");
    assert_eq!(outcome, Outcome::Wrong);
    assert!(
        err.contains(
            "this row of 'host.memory.used' can't work: the critical threshold can never be reached"
        ),
        "{err}"
    );
}

#[test]
fn the_built_in_documents_are_good() {
    let (outcome, out, err) = said(&["check"]);
    assert_eq!((outcome, err.as_str()), (Outcome::Fine, ""));
    assert!(out.contains("alerts/thresholds.md"), "{out}");
}

#[test]
fn init_writes_everything_once_and_never_overwrites() {
    let dir = tempfile::tempdir().unwrap();
    let ops = dir.path().join("new/ops");
    let (outcome, out, _) = said(&["init", ops.to_str().unwrap()]);
    assert_eq!(outcome, Outcome::Fine);
    assert!(out.contains("wrote alerts/thresholds.md") && out.contains("0 kept"), "{out}");
    assert_eq!(fs::read_to_string(ops.join("calm-ops.example.toml")).unwrap(), config::EXAMPLE);
    assert_eq!(said(&["check", "--ops-dir", ops.to_str().unwrap()]).0, Outcome::Fine);

    fs::write(ops.join("alerts/thresholds.md"), "mine").unwrap();
    fs::remove_file(ops.join("agent/flow.md")).unwrap();
    let (outcome, out, _) = said(&["init", ops.to_str().unwrap()]);
    assert_eq!(outcome, Outcome::Fine);
    assert!(
        out.contains("kept  alerts/thresholds.md")
            && out.contains("wrote agent/flow.md")
            && out.contains("1 written"),
        "{out}"
    );
    assert_eq!(fs::read_to_string(ops.join("alerts/thresholds.md")).unwrap(), "mine");
}

#[test]
fn init_says_when_it_cannot_write() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, "").unwrap();
    let (outcome, _, err) = said(&["init", file.to_str().unwrap()]);
    assert_eq!(outcome, Outcome::Failed);
    assert!(err.contains("can't be written"), "{err}");
}

#[test]
fn check_names_a_broken_document_with_its_place() {
    let dir = tempfile::tempdir().unwrap();
    let ops = dir.path().to_str().unwrap();
    said(&["init", ops]);
    fs::write(dir.path().join("runbooks/when-things-break.md"), "no format").unwrap();
    let (outcome, _, err) = said(&["check", "--ops-dir", ops]);
    assert_eq!(outcome, Outcome::Wrong);
    assert!(
        err.contains("runbooks/when-things-break.md:1:1")
            && err.contains("1 problem in the documents."),
        "{err}"
    );
}

#[test]
fn check_names_a_missing_document_and_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let (outcome, _, err) = said(&["check", "--ops-dir", dir.path().to_str().unwrap()]);
    assert_eq!(outcome, Outcome::Wrong);
    assert!(err.contains("calm-ops init"), "{err}");
}

#[test]
fn check_names_a_section_of_the_guide_that_is_missing() {
    let dir = tempfile::tempdir().unwrap();
    let ops = dir.path().to_str().unwrap();
    said(&["init", ops]);
    let path = dir.path().join("alerts/thresholds.md");
    let text = fs::read_to_string(&path).unwrap();
    let line = text.lines().position(|line| line.contains("| disk-full |")).unwrap() + 1;
    fs::write(&path, text.replacen("| disk-full |", "| disk-fulll |", 1)).unwrap();
    let (outcome, _, err) = said(&["check", "--ops-dir", ops]);
    assert_eq!(outcome, Outcome::Wrong);
    for part in [
        &format!("alerts/thresholds.md:{line}:"),
        "'disk-fulll' does not exist",
        "disk-full,",
        "1 problem in the documents.",
    ] {
        assert!(err.contains(part), "{part} is not in:\n{err}");
    }
}

#[test]
fn check_refuses_thresholds_that_would_never_report_anything() {
    let dir = tempfile::tempdir().unwrap();
    let ops = dir.path().to_str().unwrap();
    said(&["init", ops]);
    fs::write(dir.path().join("alerts/thresholds.md"), "format: 1\n\n# Thresholds\n").unwrap();
    let (outcome, _, err) = said(&["check", "--ops-dir", ops]);
    assert_eq!(outcome, Outcome::Wrong);
    assert!(err.contains("there is no threshold") && err.contains("calm-ops init DIR"), "{err}");
}

#[test]
fn check_names_a_certificate_file_that_cannot_be_read() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("calm-ops.toml");
    let endpoint = |ca: &Path| {
        format!(
            "[[endpoint]]\nname = 'shop'\nurl = 'https://localhost/'\nca_file = '{}'\n",
            ca.display()
        )
    };
    fs::write(&file, endpoint(&dir.path().join("none.pem"))).unwrap();
    let (outcome, _, err) = said(&["check", "--config", file.to_str().unwrap()]);
    assert_eq!(outcome, Outcome::Wrong);
    assert!(
        err.contains("the endpoint 'shop' can't be checked") && err.contains("calm-ops.toml:4"),
        "{err}"
    );
}

#[test]
fn check_looks_once_and_tells_why_what_is_watched_is_not_as_expected() {
    let dir = tempfile::tempdir().unwrap();
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let file = dir.path().join("calm-ops.toml");
    let text = format!(
        "[[endpoint]]\nname = \"shop\"\nurl = \"http://{closed}/\"\nmethod = \"POST\"\nheaders = [\"X-Key: hunter2\"]\n"
    );
    fs::write(&file, &text).unwrap();
    let (outcome, out, err) = said(&["check", "--config", file.to_str().unwrap()]);
    assert_eq!(outcome, Outcome::Fine, "{err}");
    assert!(out.contains("endpoint:shop (endpoint.up): The connection to"), "{out}");
    assert!(out.contains("was refused"), "{out}");
    // Everything that each source would report now.
    for part in ["  host: ", "    host.memory.used ", "  endpoint:shop: 1 reading in ", "no   "] {
        assert!(out.contains(part), "{part} is not in:\n{out}");
    }
    assert!(out.contains("Not configured: Gate. Set gate.listen"), "{out}");
    fs::write(&file, text.replace("X-Key: hunter2", "Host: hunter2")).unwrap();
    let (outcome, _, err) = said(&["check", "--config", file.to_str().unwrap()]);
    assert!(
        outcome == Outcome::Wrong && err.contains("headers") && !err.contains("hunter2"),
        "{err}"
    );
}

#[test]
fn check_names_what_is_wrong_in_the_configuration() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("calm-ops.toml");
    fs::write(&file, "interval = 5\n").unwrap();
    let (outcome, _, err) = said(&["check", "--config", file.to_str().unwrap()]);
    assert_eq!(outcome, Outcome::Wrong);
    assert!(
        err.contains("calm-ops.toml:1:12") && err.contains("1 problem in the configuration."),
        "{err}"
    );
}

#[test]
fn a_folder_without_data_is_not_taken_for_an_empty_journal() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("mistyped");
    for command in [&["journal", "verify"][..], &["backup", "/tmp/never-written"]] {
        let (outcome, _, err) = said(&[command, &["--data-dir", data.to_str().unwrap()]].concat());
        assert_eq!(outcome, Outcome::Failed);
        assert!(err.contains("there is no database at") && err.contains("--data-dir"), "{err}");
    }
    assert!(!data.exists());
}

#[test]
fn a_restore_that_is_refused_leaves_nothing_behind() {
    let dir = tempfile::tempdir().unwrap();
    let [file, data] = ["backup", "data"].map(|name| dir.path().join(name));
    fs::write(&file, "not a backup").unwrap();
    let (outcome, _, err) =
        said(&["restore", file.to_str().unwrap(), "--data-dir", data.to_str().unwrap()]);
    assert_eq!(outcome, Outcome::Failed, "{err}");
    assert!(!data.exists());
}

#[test]
fn a_noted_head_is_read_as_it_is_shown() {
    let hash = "0f".repeat(32);
    assert_eq!(data::head(&format!("42:{hash}")).unwrap().number, 42);
    for text in
        ["", "42", "42:", ":0f", "x:0f", &format!("-1:{hash}"), &format!("1:{}", "0g".repeat(32))]
    {
        assert!(data::head(text).is_err(), "{text}");
    }
    let (outcome, _, err) = said(&["journal", "verify", "--head", "42"]);
    assert_eq!(outcome, Outcome::Usage);
    assert!(err.contains("a head as it is printed"), "{err}");
}

#[test]
fn what_is_not_a_bundle_is_told_in_a_sentence() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("bundle.json");
    assert_eq!(said(&["replay", file.to_str().unwrap()]).0, Outcome::Failed);
    fs::write(&file, "{}").unwrap();
    let (outcome, _, err) = said(&["replay", file.to_str().unwrap()]);
    assert_eq!(outcome, Outcome::Wrong);
    assert!(err.contains("is not a replay bundle"), "{err}");
}

#[test]
fn a_journal_is_saved_restored_and_proved() {
    let dir = tempfile::tempdir().unwrap();
    let [first, second, file] = ["first", "second", "backup"]
        .map(|name| dir.path().join(name).to_str().unwrap().to_owned());
    fs::create_dir(&first).unwrap();
    let config = Config { data_dir: first.clone().into(), ..Config::standard() };
    database::run(
        async { crate::store::open(&config.place()).await.map(drop).unwrap() },
        &mut Vec::new(),
    )
    .unwrap();

    let (outcome, out, err) = said(&["backup", &file, "--data-dir", &first]);
    assert_eq!((outcome, err.as_str()), (Outcome::Fine, ""));
    let head =
        out.lines().find_map(|line| line.strip_prefix("Its journal head is ")).unwrap().to_owned();
    let (outcome, _, err) = said(&["backup", &file, "--data-dir", &first]);
    assert_eq!(outcome, Outcome::Failed, "a backup is not overwritten: {err}");
    let lines = dir.path().join("lines");
    said(&["journal", "export", lines.to_str().unwrap(), "--data-dir", &first]);
    let lines = fs::read_to_string(lines).unwrap();
    assert_eq!(lines.matches("\"kind\":\"backed_up\"").count(), 1, "only what was saved");

    let (outcome, out, err) = said(&["restore", &file, "--data-dir", &second]);
    assert_eq!((outcome, err.as_str()), (Outcome::Fine, ""), "{out}");
    assert!(out.contains("Nobody is notified yet"), "{out}");
    let (outcome, out, err) = said(&["journal", "verify", "--head", &head, "--data-dir", &second]);
    assert_eq!((outcome, err.as_str()), (Outcome::Fine, ""));
    assert!(
        out.contains("The journal is intact: 1 entry,")
            && out.contains("It contains the head that you noted."),
        "{out}"
    );

    let foreign = format!("1:{}", "0f".repeat(32));
    let (outcome, _, err) = said(&["journal", "verify", "--head", &foreign, "--data-dir", &second]);
    assert_eq!(outcome, Outcome::Wrong);
    assert!(
        err.contains("the journal is not intact")
            && err.contains("neither that entry nor any before it is proven"),
        "{err}"
    );

    use std::os::unix::fs::PermissionsExt as _;
    let mode = |name: &str| {
        fs::metadata(Path::new(&second).join(name)).unwrap().permissions().mode() & 0o777
    };
    assert_eq!(
        mode("calm-ops.db"),
        0o600,
        "what was said in an incident is not for everyone on the machine"
    );
}
