//! Passwords on the command lines of common programs, in the options that each has for it.

use std::{borrow::Cow, ops::Range, sync::LazyLock};

use regex::Regex;

use crate::redact::replace::{MARK, pattern};

/// Options of a program that carry a password.
struct Client {
    names: &'static [&'static str],
    /// Options whose value follows without a space: `-psecret`.
    attached: &'static [&'static str],
    /// Options whose value is the next word: `-a secret`.
    separate: &'static [&'static str],
    /// Options whose value is `user:password`, `user%password` or `user,password`.
    pair: &'static [&'static str],
    /// Words whose next word is a password: `AUTH secret`. With a number, so many words later.
    after: &'static [(&'static str, usize)],
    /// The options count only behind this word: `docker login -p`, not `docker run -p`.
    only_with: Option<&'static str>,
}

const PLAIN: Client =
    Client { names: &[], attached: &[], separate: &[], pair: &[], after: &[], only_with: None };

const CLIENTS: &[Client] = &[
    Client {
        names: &[
            "mysql",
            "mysqldump",
            "mysqlimport",
            "mysqlcheck",
            "mysqlshow",
            "mysqlbinlog",
            "mysqlsh",
            "mycli",
            "mariadb",
            "mariadb-dump",
            "mydumper",
            "xtrabackup",
            "mariabackup",
        ],
        attached: &["-p"],
        ..PLAIN
    },
    Client {
        names: &["mysqladmin", "mariadb-admin"],
        attached: &["-p"],
        after: &[("password", 1)],
        ..PLAIN
    },
    Client { names: &["sshpass"], attached: &["-p"], separate: &["-p"], ..PLAIN },
    Client {
        names: &["redis-cli", "valkey-cli", "keydb-cli", "redis-benchmark"],
        separate: &["-a", "--pass"],
        after: &[("auth", 1), ("auth", 2), ("requirepass", 1), ("masterauth", 1)],
        ..PLAIN
    },
    Client {
        names: &[
            "mongo",
            "mongosh",
            "mongodump",
            "mongorestore",
            "mongoexport",
            "mongoimport",
            "mongostat",
            "mongotop",
            "cqlsh",
            "cypher-shell",
            "beeline",
            "rabbitmqadmin",
        ],
        attached: &["-p"],
        separate: &["-p"],
        ..PLAIN
    },
    Client {
        names: &[
            "docker", "podman", "nerdctl", "buildah", "skopeo", "crane", "oras", "helm", "oc",
            "az", "cf",
        ],
        attached: &["-p"],
        separate: &["-p"],
        only_with: Some("login"),
        ..PLAIN
    },
    Client {
        names: &[
            "ldapsearch",
            "ldapmodify",
            "ldapadd",
            "ldapdelete",
            "ldapwhoami",
            "ldapmodrdn",
            "ldapcompare",
        ],
        attached: &["-w"],
        separate: &["-w"],
        ..PLAIN
    },
    Client { names: &["ldappasswd"], separate: &["-w", "-s", "-a"], ..PLAIN },
    Client {
        names: &["sqlcmd", "bcp", "osql", "isql", "tsql", "zip", "unzip"],
        attached: &["-P"],
        separate: &["-P"],
        ..PLAIN
    },
    Client {
        names: &["mosquitto_pub", "mosquitto_sub", "mosquitto_rr", "ipmitool"],
        separate: &["-P", "--pw"],
        ..PLAIN
    },
    Client {
        names: &["7z", "7za", "7zz", "7zr", "rar", "unrar"],
        attached: &["-p", "-hp"],
        ..PLAIN
    },
    Client {
        names: &["smbclient", "smbget", "rpcclient", "net", "smbcacls"],
        attached: &["--password="],
        pair: &["-U", "--user"],
        ..PLAIN
    },
    Client { names: &["lftp", "ncftpget", "ncftpput"], separate: &["-p"], pair: &["-u"], ..PLAIN },
    Client {
        names: &["curl", "wget", "http", "https", "xh", "xhs"],
        separate: &["--oauth2-bearer", "--pass", "--proxy-pass", "--tlspassword"],
        pair: &["-u", "--user", "-U", "--proxy-user", "-a", "--auth"],
        ..PLAIN
    },
    Client {
        names: &["keytool", "jarsigner"],
        separate: &[
            "-storepass",
            "-keypass",
            "-srcstorepass",
            "-deststorepass",
            "-srckeypass",
            "-destkeypass",
            "-new",
        ],
        ..PLAIN
    },
    Client {
        names: &[
            "snmpwalk",
            "snmpget",
            "snmpset",
            "snmpgetnext",
            "snmpbulkwalk",
            "snmpbulkget",
            "snmptable",
            "snmpstatus",
        ],
        separate: &["-c", "-A", "-X"],
        ..PLAIN
    },
    Client { names: &["xfreerdp", "xfreerdp3", "wlfreerdp"], attached: &["/p:"], ..PLAIN },
    Client { names: &["rdesktop"], separate: &["-p"], ..PLAIN },
    Client { names: &["useradd", "usermod", "newusers"], separate: &["-p"], ..PLAIN },
    Client {
        names: &["rabbitmqctl"],
        after: &[("add_user", 2), ("change_password", 2), ("authenticate_user", 2)],
        ..PLAIN
    },
    Client { names: &["vault", "bao"], after: &[("login", 1), ("unseal", 1)], ..PLAIN },
    Client { names: &["neo4j-admin"], after: &[("set-initial-password", 1)], ..PLAIN },
    Client { names: &["wpa_passphrase"], after: &[("wpa_passphrase", 2)], ..PLAIN },
    Client { names: &["nmcli"], after: &[("password", 1)], ..PLAIN },
    Client {
        names: &["gh", "glab"],
        separate: &["-b", "--body"],
        only_with: Some("secret"),
        ..PLAIN
    },
];

/// Programs whose last word is the password: `htpasswd -b file user password`.
const LAST: &[(&str, char)] = &[("htpasswd", 'b')];

/// Programs of Oracle, to which `user/password@service` is given.
const SLASHED: &[&str] = &["sqlplus", "rman", "expdp", "impdp", "sqlldr"];

/// Options that hold `name=value` pairs of secrets, and words behind which such pairs stand.
const PAIRS: &[&str] = &["--from-literal", "config:set", "secrets:set", "config:add"];

static TRIGGER: LazyLock<Regex> = LazyLock::new(|| {
    let clients = CLIENTS.iter().flat_map(|client| client.names).copied();
    let names = clients
        .chain(LAST.iter().map(|(name, _)| *name))
        .chain(SLASHED.iter().copied())
        .chain(PAIRS.iter().copied())
        .chain(["pass:", "chpasswd", "stdin", "secrets set", "kv put", "-S"])
        .map(regex::escape)
        .collect::<Vec<_>>();
    pattern(&names.join("|"))
});

/// The same line without the passwords that it hands to such programs.
pub(super) fn hide(line: &str) -> Cow<'_, str> {
    if !TRIGGER.is_match(line) {
        return Cow::Borrowed(line);
    }
    let words = words(line);
    let mut secrets: Vec<Range<usize>> = Vec::new();
    let mut commands = words.as_slice();
    while !commands.is_empty() {
        let end = commands.iter().position(|word| ends_command(&line[word.clone()]));
        let (command, rest) = commands.split_at(end.map_or(commands.len(), |end| end + 1));
        of_command(line, command, &mut secrets);
        commands = rest;
    }
    piped(line, &words, &mut secrets);
    without(line, secrets)
}

/// Secrets of one command, as ranges of `line`.
fn of_command(line: &str, words: &[Range<usize>], secrets: &mut Vec<Range<usize>>) {
    let text = |word: &Range<usize>| &line[word.clone()];
    for (place, word) in words.iter().enumerate() {
        let name = program(text(word));
        for client in CLIENTS.iter().filter(|client| client.names.contains(&name)) {
            let after = match client.only_with {
                Some(with) => words[place..].iter().position(|word| text(word) == with),
                None => Some(0),
            };
            if let Some(after) = after {
                of_client(line, client, &words[place + after..], secrets);
            }
        }
        if LAST
            .iter()
            .any(|(last, option)| *last == name && has_option(line, &words[place..], *option))
        {
            let positional = words[place + 1..].iter().filter(|word| !text(word).starts_with('-'));
            if let Some(last) = positional.skip(1).last() {
                secrets.push(unquoted(line, last));
            }
        }
        if SLASHED.contains(&name) {
            for word in &words[place + 1..] {
                let Some(slash) = text(word).find('/').filter(|slash| *slash > 0) else { continue };
                let end = text(word).find('@').unwrap_or(text(word).len());
                if end > slash + 1 {
                    secrets.push(word.start + slash + 1..word.start + end);
                }
                break;
            }
        }
        if let Some(value) = text(word).strip_prefix("pass:").filter(|value| !value.is_empty()) {
            secrets.push(word.end - value.len()..word.end);
        }
    }
    of_pairs(line, words, secrets);
}

fn of_client(line: &str, client: &Client, words: &[Range<usize>], secrets: &mut Vec<Range<usize>>) {
    for (place, word) in words.iter().enumerate() {
        let text = &line[word.clone()];
        let next = words.get(place + 1);
        if client.separate.contains(&text) {
            secrets.extend(next.map(|next| unquoted(line, next)));
            continue;
        }
        if let Some(option) = client.pair.iter().find(|option| text.starts_with(**option)) {
            let glued = word.start + option.len()..word.end;
            let value = if text == *option { next.cloned() } else { Some(glued) };
            secrets.extend(value.and_then(|value| second_half(line, value)));
            continue;
        }
        for (before, distance) in client.after {
            if text.eq_ignore_ascii_case(before) || (place == 0 && program(text) == *before) {
                let value = words.get(place + distance);
                let option = value.is_some_and(|value| line[value.clone()].starts_with('-'));
                secrets.extend(value.filter(|_| !option).map(|value| unquoted(line, value)));
            }
        }
        let is_attached = |option: &&&str| text.len() > option.len() && text.starts_with(**option);
        if let Some(option) = client.attached.iter().rfind(is_attached) {
            secrets.push(unquoted(line, &(word.start + option.len()..word.end)));
        }
    }
}

/// Values of `name=value` pairs behind options and words that announce secrets.
fn of_pairs(line: &str, words: &[Range<usize>], secrets: &mut Vec<Range<usize>>) {
    let text = |word: &Range<usize>| &line[word.clone()];
    let mut announced = false;
    for (place, word) in words.iter().enumerate() {
        let before = place.checked_sub(1).map(|place| text(&words[place])).unwrap_or_default();
        announced |= matches!((before, text(word)), ("secrets", "set") | ("kv", "put"));
        let (prefix, pair) = match text(word).split_once('=') {
            Some((option, rest)) if PAIRS.contains(&option) => (option.len() + 1, rest),
            _ => (0, text(word)),
        };
        announced |= PAIRS.contains(&text(word));
        if prefix == 0 && !announced {
            continue;
        }
        if let Some((name, value)) = pair.split_once('=').filter(|(_, value)| !value.is_empty()) {
            let start = word.start + prefix + name.len() + 1;
            secrets.push(unquoted(line, &(start..start + value.len())));
        }
    }
}

/// The words that `echo` or `printf` hands to a program that reads a password.
fn piped(line: &str, words: &[Range<usize>], secrets: &mut Vec<Range<usize>>) {
    let text = |word: &Range<usize>| &line[word.clone()];
    let reads = |word: &Range<usize>| {
        matches!(text(word), "--stdin" | "--password-stdin" | "-S")
            || program(text(word)) == "chpasswd"
    };
    let Some(pipe) = words.iter().position(|word| text(word) == "|") else { return };
    if !words[pipe..].iter().any(reads) {
        return;
    }
    let Some(echo) =
        words[..pipe].iter().position(|word| matches!(program(text(word)), "echo" | "printf"))
    else {
        return;
    };
    let given = words[echo + 1..pipe].iter().filter(|word| !text(word).starts_with('-'));
    secrets.extend(given.map(|word| unquoted(line, word)));
}

/// The line with the mark in place of each range.
fn without(line: &str, mut secrets: Vec<Range<usize>>) -> Cow<'_, str> {
    secrets.retain(|secret| !matches!(&line[secret.clone()], "" | "\\" | MARK));
    secrets.sort_by_key(|secret| secret.start);
    let mut shown = String::new();
    let mut done = 0;
    for secret in secrets.iter().filter(|secret| secret.start <= secret.end) {
        if secret.start < done {
            continue;
        }
        shown.push_str(&line[done..secret.start]);
        shown.push_str(MARK);
        done = secret.end;
    }
    if done == 0 { Cow::Borrowed(line) } else { Cow::Owned(shown + &line[done..]) }
}

/// The name of a program without its folder and the marks around it.
fn program(word: &str) -> &str {
    let word = word.trim_matches(['"', '\'', '[', ']', '(', ')', '{', '}', ',', '`', '$']);
    let name = word.rsplit('/').next().unwrap_or(word);
    name.strip_suffix(".exe").unwrap_or(name)
}

fn has_option(line: &str, words: &[Range<usize>], option: char) -> bool {
    words
        .iter()
        .map(|word| &line[word.clone()])
        .any(|word| word.starts_with('-') && !word.starts_with("--") && word.contains(option))
}

fn ends_command(word: &str) -> bool {
    matches!(word, "|" | "||" | "&&" | ";" | "&") || word.ends_with(';')
}

/// The password in `user:password`, `user%password` or `user,password`.
fn second_half(line: &str, pair: Range<usize>) -> Option<Range<usize>> {
    let pair = unquoted(line, &pair);
    let text = line[pair.clone()].trim_start_matches('=');
    let start = pair.end - text.len();
    let mark = text.find([':', '%', ','])?;
    let password = start + mark + 1..pair.end;
    (mark > 0 && !password.is_empty()).then_some(password)
}

/// The range without quotation marks around it and without `;` behind it.
fn unquoted(line: &str, word: &Range<usize>) -> Range<usize> {
    let text = &line[word.clone()];
    let text = text.trim_end_matches([';', ',', ']', ')']);
    let end = word.start + text.len();
    let mut bytes = text.bytes();
    match (bytes.next(), bytes.next_back()) {
        (Some(first @ (b'"' | b'\'')), Some(last)) if first == last => word.start + 1..end - 1,
        (Some(b'"' | b'\''), _) => word.start + 1..end,
        (_, Some(b'"' | b'\'')) if text.matches(['"', '\'']).count() == 1 => word.start..end - 1,
        _ => word.start..end,
    }
}

/// Words as a shell divides them: white space within quotation marks belongs to the word. The
/// quoted list of arguments that programs print is divided at its commas as well.
fn words(line: &str) -> Vec<Range<usize>> {
    let mut words = Vec::new();
    let mut start = None;
    let mut quote = None;
    let mut escaped = false;
    let mut before = ' ';
    for (place, c) in line.char_indices() {
        let inside = quote.is_some();
        let list = c == ',' && !inside && matches!(before, '"' | '\'');
        if (c.is_whitespace() && !inside && !escaped) || list {
            if let Some(start) = start.take() {
                words.push(start..place);
            }
        } else if c == '|' && !inside && !escaped {
            if let Some(start) = start.take() {
                words.push(start..place);
            }
            words.push(place..place + 1);
        } else {
            start = start.or_else(|| (!matches!(c, '[' | '(' | '{')).then_some(place));
        }
        match quote {
            Some(open) if c == open && !escaped => quote = None,
            None if matches!(c, '"' | '\'') && !escaped => quote = Some(c),
            _ => {}
        }
        escaped = c == '\\' && !escaped;
        before = c;
    }
    // A quotation without an end is none: an apostrophe stands in most sentences.
    if quote.is_some() {
        return plain_words(line);
    }
    words.extend(start.map(|start| start..line.len()));
    words.iter().map(|word| bare(line, word)).collect()
}

/// The word without quotation marks around the whole of it.
fn bare(line: &str, word: &Range<usize>) -> Range<usize> {
    let text = line[word.clone()].trim_end_matches([']', '}', ')']);
    let quoted = text.len() > 1
        && ['"', '\''].iter().any(|quote| {
            text.starts_with(*quote) && text.ends_with(*quote) && text.matches(*quote).count() == 2
        });
    if quoted { word.start + 1..word.start + text.len() - 1 } else { word.clone() }
}

fn plain_words(line: &str) -> Vec<Range<usize>> {
    let from = |word: &str| word.as_ptr() as usize - line.as_ptr() as usize;
    line.split_whitespace().map(|word| from(word)..from(word) + word.len()).collect()
}
