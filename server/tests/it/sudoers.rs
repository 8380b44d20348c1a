//! `calm-ops init --sudoers` against the real `visudo` and `sudo`.

use std::{
    collections::BTreeSet,
    fs,
    io::Write as _,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Command, Stdio},
};

use crate::program::{
    Home,
    approved::{
        World, approved, at, calm_ops, catalogue, configuration, give, home, offered, said,
        vectors, write_catalogue,
    },
};

const NOBODY: u32 = 65_534;

fn has_sudo() -> bool {
    let there = Path::new("/usr/bin/sudo").exists() && Path::new("/usr/sbin/visudo").exists();
    if !there {
        eprintln!(
            "SKIPPED: there is no sudo here (Debian: apt-get install sudo); the lines for it were not tried"
        );
    }
    there
}

/// The built-in catalogue, without a PM2.
fn built_in() -> Home {
    let home = Home::new();
    fs::write(configuration(&home), "[pm2]\nenabled = false\n").unwrap();
    home
}

fn lines(text: &str) -> Vec<&str> {
    text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect()
}

#[test]
fn the_real_visudo_takes_what_is_printed() {
    let home = built_in();
    let (code, text, err) = said(at(calm_ops(), &home, &["init", "--sudoers", "nobody"]));
    assert_eq!(code, 0, "{err}");
    assert!(
        lines(&text).iter().all(|line| line.starts_with("nobody ALL=(root) NOPASSWD: /")),
        "{text}"
    );
    assert!(text.contains("visudo -f /etc/sudoers.d/calm-ops"), "{text}");
    if !has_sudo() {
        return;
    }
    let mut visudo = Command::new("/usr/sbin/visudo");
    let mut child = visudo
        .args(["-cf", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}\n{text}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn sudo_allows_exactly_what_is_printed_and_nothing_beside_it() {
    if !has_sudo() {
        return;
    }
    let home = built_in();
    let Some(world) = World::new(home.dir.path()) else { return };
    let (code, text, err) =
        said(at(world.command("root", "calm-ops"), &home, &["init", "--sudoers", "nobody"]));
    assert_eq!(code, 0, "{err}");
    world.set_sudoers(&text);
    let printed: BTreeSet<String> = lines(&text)
        .iter()
        .map(|line| line.strip_prefix("nobody ALL=").unwrap().to_owned())
        .collect();
    assert!(printed.iter().any(|line| line.ends_with("nginx -s reload")), "{printed:?}");
    let mut list = world.command("root", "sudo");
    list.args(["-l", "-U", "nobody"]);
    let (code, listed, err) = said(list);
    assert_eq!(code, 0, "{err}");
    let allowed: BTreeSet<String> = listed
        .lines()
        .map(str::trim)
        .filter(|line| line.starts_with('('))
        .map(str::to_owned)
        .collect();
    assert_eq!(allowed, printed, "{listed}");

    let nginx = printed
        .iter()
        .find_map(|line| line.strip_prefix("(root) NOPASSWD: ")?.strip_suffix(" -t"))
        .unwrap();
    let try_it = |arguments: &[&str]| {
        let mut command = world.command("nobody", "sudo");
        command.args(["-n", "-u", "root", "--"]).args(arguments);
        said(command).0 == 0
    };
    assert!(try_it(&[nginx, "-t"]) && try_it(&[nginx, "-s", "reload"]));
    for beside in [
        &[nginx][..],
        &[nginx, "-s", "stop"],
        &[nginx, "-s", "reload", "-c", "/tmp/x"],
        &[nginx, "-t", "-c", "/tmp/x"],
        &[nginx, "-t -c /tmp/x"],
        &["/bin/sh", "-c", "id"],
        &["/usr/bin/journalctl", "--vacuum-size=1M"],
        &["/usr/bin/systemctl", "restart", "ssh.service"],
    ] {
        assert!(!try_it(beside), "{beside:?}");
    }
}

#[test]
fn a_service_without_rights_runs_what_was_approved_by_the_lines_that_were_printed() {
    if !has_sudo() {
        return;
    }
    let home = home(&catalogue("nginx -s reload", "`nginx -t`", "`root`"), "");
    let Some(world) = World::new(home.dir.path()) else { return };
    let (_, text, _) =
        said(at(world.command("root", "calm-ops"), &home, &["init", "--sudoers", "nobody"]));
    fs::set_permissions(home.dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
    fs::create_dir(home.data()).unwrap();
    give(&home.data(), NOBODY);
    let program = home
        .start_from(
            world.command("nobody", "calm-ops"),
            &["--config", configuration(&home).to_str().unwrap()],
        )
        .unwrap();
    offered(&program);
    let (code, out, err) =
        said(at(world.command("nobody", "calm-ops"), &home, &["run", "--dry-run", "1-1"]));
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    assert!(out.contains("  command      /usr/bin/sudo -n -u root -- /"), "{out}");
    // Only now: without the lines it would not be started.
    world.set_sudoers(&text);
    let wanted: String = vectors(&out)
        .iter()
        .map(|vector| format!("argv {}\nuser root\n", vector.join(" ")))
        .collect();
    assert_eq!(approved(&program)["output"]["text"], wanted);
}

#[test]
fn nothing_is_printed_where_it_would_not_be_right_and_the_next_step_is_said() {
    let home = built_in();
    let ask = |user: &str| said(at(calm_ops(), &home, &["init", "--sudoers", user]));
    for user in [
        "no-such-user-here",
        "ALL",
        "%sudo",
        "#0",
        "nobody ALL=(ALL) NOPASSWD: ALL",
        "a\nb",
        "\u{1b}[2J",
        "../x",
    ] {
        let (code, out, err) = ask(user);
        assert!(
            code == 2 && out.is_empty() && err.contains("calm-ops init --sudoers USER"),
            "{user:?}: {code} {out} {err}"
        );
        assert!(!err.contains('\u{1b}'), "{user:?}");
    }
    let (code, out, err) = ask("root");
    assert!(code == 2 && out.is_empty() && err.contains("root needs no sudo lines"), "{err}");
    if rustix::process::geteuid().is_root() {
        let (code, out, err) = said(at(calm_ops(), &home, &["init", "--sudoers"]));
        assert!(code == 2 && out.is_empty() && err.contains("Give the user"), "{err}");
    }
    // A folder and lines at once is not one thing.
    assert_eq!(said(at(calm_ops(), &home, &["init", "/tmp/x", "--sudoers"])).0, 2);
    let path = home.ops().join("runbooks/recovery.commands.md");
    let good = fs::read_to_string(&path).unwrap();
    write_catalogue(&home, &good.replacen("`nginx -s reload`", "`nginx -s reload; id`", 2));
    let (code, out, err) = ask("nobody");
    assert!(code == 1 && out.is_empty() && err.contains("No recovery command runs until"), "{err}");
}
