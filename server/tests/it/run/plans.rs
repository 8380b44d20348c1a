use std::{
    fs,
    os::unix::fs::{PermissionsExt, chown, symlink},
    path::Path,
};

use domain::time::Span;
use server::exec::{Outcome, Plan, Rule, Way};
use sha2::{Digest, Sha256};

use crate::run::{Bench, lines};

fn refused(path: impl AsRef<Path>) -> Rule {
    Plan::of(path.as_ref()).finish().unwrap_err().rule
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

#[test]
fn paths_that_are_not_plain_are_refused() {
    for path in [
        "true",
        "./true",
        "bin/true",
        "/bin/../bin/true",
        "/bin/./true",
        "//bin/true",
        "/bin//true",
        "/bin/true/",
        "/bin/true\n",
        "",
        "/",
    ] {
        assert_eq!(refused(path), Rule::AbsolutePath, "{path:?}");
    }
    assert_eq!(refused("/no/such/program"), Rule::Exists);
    assert_eq!(refused("/bin"), Rule::RegularFile);
    assert_eq!(refused("/dev/null"), Rule::NotWritableByOthers);
    assert_eq!(refused("/etc/passwd"), Rule::Executable);
}

#[test]
fn what_others_could_exchange_is_refused() {
    let bench = Bench::set_up();
    let program = bench.script("program", "exit 0");
    Plan::of(&program).finish().unwrap();
    for mode in [0o777, 0o757] {
        fs::set_permissions(&program, fs::Permissions::from_mode(mode)).unwrap();
        assert_eq!(refused(&program), Rule::NotWritableByOthers);
    }
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let open = bench.path("open");
    fs::create_dir(&open).unwrap();
    fs::rename(&program, open.join("program")).unwrap();
    let link = bench.path("link");
    symlink("open/../open/program", &link).unwrap();
    Plan::of(&link).finish().unwrap();
    fs::set_permissions(&open, fs::Permissions::from_mode(0o777)).unwrap();
    assert_eq!(refused(open.join("program")), Rule::NotWritableByOthers);
    assert_eq!(refused(&link), Rule::NotWritableByOthers);
    fs::set_permissions(&open, fs::Permissions::from_mode(0o755)).unwrap();
    if is_root() {
        chown(open.join("program"), Some(65534), None).unwrap();
        assert_eq!(refused(&link), Rule::TrustedOwner);
        chown(open.join("program"), Some(0), None).unwrap();
        chown(&open, Some(65534), None).unwrap();
        assert_eq!(refused(&link), Rule::TrustedOwner);
    }
    let circle = bench.path("circle");
    symlink(&circle, &circle).unwrap();
    assert_eq!(refused(&circle), Rule::Exists);
}

#[tokio::test]
async fn what_changed_after_the_plan_was_made_is_not_started() {
    let bench = Bench::set_up();
    let plan = bench.plan("exit 0");
    fs::set_permissions(bench.path("program"), fs::Permissions::from_mode(0o757)).unwrap();
    let report = bench.runner.start(plan).wait().await;
    let Outcome::NotStarted { refusal } = report.command.outcome else {
        panic!("{:?}", report.command)
    };
    assert_eq!(refusal.rule, Rule::NotWritableByOthers);
    assert!(bench.is_tidy());
}

#[tokio::test]
async fn a_file_that_the_system_cannot_execute_is_not_started() {
    let bench = Bench::set_up();
    let path = bench.script("program", "");
    fs::write(&path, "#!/no/such/interpreter\n").unwrap();
    let report = bench.runner.start(Plan::of(&path).finish().unwrap()).wait().await;
    let Outcome::NotStarted { refusal } = report.command.outcome else {
        panic!("{:?}", report.command)
    };
    assert_eq!(refusal.rule, Rule::Launch);
}

#[test]
fn odd_arguments_variables_limits_and_users_are_refused() {
    let plan = || Plan::of("/bin/true");
    let rule = |builder: server::exec::Builder| builder.finish().unwrap_err().rule;
    for argument in ["a\nb", "a\0b", "\u{1b}[2J", "a\u{202e}b", "\u{200b}", "a\tb"] {
        assert_eq!(rule(plan().arg(argument)), Rule::PlainArguments, "{argument:?}");
    }
    assert_eq!(rule(plan().args(vec!["x"; 65])), Rule::PlainArguments);
    assert_eq!(rule(plan().arg("x".repeat(5000))), Rule::PlainArguments);
    let variables = [
        ("LD_PRELOAD", "/tmp/x.so"),
        ("PATH", "/tmp"),
        ("NODE_OPTIONS", "--require=/tmp/x"),
        ("PM2_HOME", "relative"),
        ("PM2_HOME", "/a/../b"),
        ("PM2_HOME", "/a b"),
        ("SYSTEMD_PAGER", "/tmp/x"),
        ("PM2_HOME=x", "/a"),
        ("", ""),
    ];
    for (name, value) in variables {
        assert_eq!(rule(plan().env(name, value)), Rule::KnownVariable, "{name}={value}");
    }
    assert_eq!(rule(plan().env("PM2_HOME", "/a").env("PM2_HOME", "/b")), Rule::KnownVariable);
    assert_eq!(rule(plan().time_limit(Span::ZERO)), Rule::TimeLimit);
    assert_eq!(rule(plan().time_limit(Span::from_secs(3601))), Rule::TimeLimit);
    assert_eq!(rule(plan().output_limit(0)), Rule::OutputLimit);
    assert_eq!(rule(plan().user("no-such-user")), Rule::KnownUser);
    let check = || plan().finish().unwrap();
    assert_eq!(rule(plan().check(plan().check(check()).finish().unwrap())), Rule::OneCheck);
}

#[tokio::test]
async fn only_the_file_with_the_allowed_hash_is_executed_and_only_what_was_hashed() {
    let bench = Bench::set_up();
    let path = bench.script(
        "program",
        "echo \"allowed $1\"; case $0 in */places/run-*/program) echo copy;; esac",
    );
    let hash: [u8; 32] = Sha256::digest(fs::read(&path).unwrap()).into();
    let plan = Plan::of(&path).arg("one").sha256(hash).finish().unwrap();
    let report = bench.runner.start(plan.clone()).wait().await;
    assert!(report.command.outcome.is_success(), "{:?}", report.command);
    assert_eq!(lines(&report.output), ["allowed one", "copy"]);
    bench.script("program", "echo another");
    let report = bench.runner.start(plan).wait().await;
    let Outcome::NotStarted { refusal } = report.command.outcome else {
        panic!("{:?}", report.command)
    };
    assert_eq!(refusal.rule, Rule::Hash);
    assert_eq!(Plan::of(&path).sha256(hash).finish().unwrap_err().rule, Rule::Hash);
    assert!(bench.is_tidy());
}

#[tokio::test]
async fn it_runs_with_nothing_of_ours() {
    let bench = Bench::set_up();
    // What a careless parent or library left open for every child.
    let open = fs::File::open("/etc/passwd").unwrap();
    rustix::io::fcntl_setfd(&open, rustix::io::FdFlags::empty()).unwrap();
    let body = "env | sort | grep -v '^_=' | grep -v '^PWD='\nls -A | wc -l\nreadlink /proc/$$/fd/0\nfor fd in $(seq 0 63); do [ -e /proc/$$/fd/$fd ] && printf '%s ' $fd; done; echo\n\
                ps -o pgid= -p $$ | tr -d ' ' > /dev/null; [ \"$(cut -d' ' -f5 /proc/$$/stat)\" = $$ ] && echo own group";
    let plan =
        Plan::of(bench.script("program", body)).env("PM2_HOME", "/srv/pm2").finish().unwrap();
    let home = plan.user().home.display().to_string();
    let report = bench.runner.start(plan).wait().await;
    let shown = lines(&report.output);
    let wanted = [
        "LANG=C.UTF-8".to_owned(),
        format!("HOME={home}"),
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin".to_owned(),
        "PM2_HOME=/srv/pm2".to_owned(),
    ];
    assert_eq!(shown.len(), 8, "{shown:?}");
    for variable in wanted {
        assert!(shown[..4].contains(&variable), "{shown:?}");
    }
    // The shell reads its script by a descriptor of its own.
    assert_eq!(shown[4..], ["0", "/dev/null", "0 1 2 10 ", "own group"]);
}

#[tokio::test]
async fn it_runs_with_the_umask_that_we_were_started_with() {
    let given = rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o027));
    server::umask::make_strict();
    let bench = Bench::set_up();
    let plan = bench.plan("umask; : > made; stat -c %a made; cd ..; stat -c %a . work");
    let report = bench.runner.start(plan).wait().await;
    assert_eq!(lines(&report.output), ["0027", "640", "700", "700"]);
    let strict = rustix::process::umask(given);
    assert_eq!(strict.as_raw_mode(), 0o077);
}

#[tokio::test]
async fn root_gives_the_process_to_its_user_with_all_of_its_groups() {
    if !is_root() {
        eprintln!("SKIPPED: only root can become another user without a password");
        return;
    }
    let bench = Bench::set_up();
    for way in [Way::Setpriv, Way::Sudo] {
        if way == Way::Sudo && !Path::new("/usr/bin/sudo").exists() {
            eprintln!("SKIPPED: there is no sudo here");
            continue;
        }
        let plan = Plan::of(
            bench.script("program", "id -un; id -Gn; pwd > /dev/null && echo here; echo $HOME; touch /etc/x 2>/dev/null || echo refused"),
        );
        let plan = plan.user("nobody").way(way).finish().unwrap();
        let home = plan.user().home.display().to_string();
        let report = bench.runner.start(plan).wait().await;
        assert_eq!(
            lines(&report.output),
            ["nobody", "nogroup", "here", &home, "refused"],
            "{way:?}"
        );
        let plan =
            Plan::of(bench.script("program", "trap '' TERM HUP\nwhile :; do sleep 0.1; done"));
        let plan =
            plan.user("nobody").way(way).time_limit(Span::from_millis(500)).finish().unwrap();
        let report = bench.runner.start(plan).wait().await;
        assert_eq!(report.command.outcome, Outcome::TimedOut);
        assert!(!report.command.outlived, "{way:?}");
    }
    assert!(bench.is_tidy());
}

#[test]
fn a_dry_run_shows_exactly_what_would_be_executed() {
    let plan = Plan::of("/bin/echo")
        .args(["reload", "a b", "it's", "$(x)", ""])
        .env("NO_COLOR", "1")
        .time_limit(Span::from_secs(90));
    let check = Plan::of("/bin/true").arg("-t").finish().unwrap();
    let plan = plan.check(check).finish().unwrap();
    let told = plan.describe();
    assert_eq!(told.command, r"/bin/echo reload 'a b' 'it'\''s' '$(x)' ''");
    assert_eq!(told.arguments, ["reload", "a b", "it's", "$(x)", ""]);
    let text = told.to_string();
    for part in [
        "/bin/true -t",
        "argument 2   'a b'",
        "environment  NO_COLOR=1",
        "LANG=C.UTF-8",
        "time limit   1 min 30 s",
        "output kept  256 KiB",
    ] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
    if is_root() {
        let told = Plan::of("/bin/true").user("nobody").finish().unwrap().describe();
        assert!(
            told.command.starts_with(
                "/usr/bin/setpriv --reuid 65534 --regid 65534 --init-groups -- /bin/true"
            ),
            "{}",
            told.command
        );
        let plan = Plan::of("/bin/true")
            .user("nobody")
            .way(Way::Sudo)
            .env("PM2_HOME", "/srv/x")
            .finish()
            .unwrap();
        assert_eq!(
            plan.vector(),
            ["/usr/bin/sudo", "-n", "-u", "nobody", "PM2_HOME=/srv/x", "--", "/bin/true"]
        );
    }
}
