//! Nothing sends a message to customers: the modules that hold messages and those that send
//! something do not reach each other, in no crate, and do not name each other across crates.

use std::path::{Path, PathBuf};

use crate::{
    graph::reached_from,
    read::{self, Sources},
    resolve,
    tree::Tree,
    workspace,
};

/// A crate: its `src`, the modules that hold messages, and those that send something. A folder ends
/// with a slash.
struct Parts {
    source: &'static str,
    messages: &'static [&'static str],
    senders: &'static [&'static str],
}

const CRATES: &[Parts] = &[
    Parts { source: "ops/domain/src", messages: &["message.rs", "message/"], senders: &[] },
    Parts { source: "ops/policy/src", messages: &["messages.rs", "messages/"], senders: &[] },
    Parts {
        source: "ops/commands/src",
        messages: &["messages.rs", "messages/"],
        senders: &["notifications.rs", "notifications/"],
    },
    Parts {
        source: "ops/wording/src",
        messages: &["draft.rs", "draft/", "message.rs"],
        senders: &["notification.rs", "heartbeat.rs"],
    },
    Parts {
        source: "app/src",
        messages: &["routes/messages.rs", "routes/messages/", "forms/messages.rs"],
        senders: &[],
    },
    Parts {
        source: "server/src",
        messages: &["service/messages.rs", "http/api/messages.rs"],
        senders: &[
            "notifications.rs",
            "notifications/",
            "heartbeat.rs",
            "heartbeat/",
            "collectors/http/post.rs",
            "collectors/http/ask.rs",
        ],
    },
];

/// Names by which a message could come into the hands of what sends.
const MESSAGE_NAMES: &[&str] = &[
    "Draft",
    "message_draft",
    "MessageMarkedSent",
    "MessageVersion",
    "MessageSent",
    "MessagesPage",
    "MessageTemplate",
    "AudienceMessage",
    "GetMessages",
    "SaveMessage",
    "ReviewMessage",
    "MarkMessageSent",
    "domain::message",
    "commands::messages",
    "policy::messages",
    "wording::draft",
    "messages.txt",
];

/// Names by which a message could be sent.
const SENDER_NAMES: &[&str] = &[
    "notifications",
    "notification::",
    "heartbeat",
    "Outbound",
    "Notifier",
    "Mailer",
    "Poster",
    "lettre",
    "hyper",
    "reqwest",
    "TcpStream",
    "UnixStream",
    "std::process",
    "std::net::Tcp",
    "collectors::",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn sources(of: &Parts) -> Sources {
    read::parse(workspace::texts(&root().join(of.source)).unwrap()).unwrap()
}

/// True if a file is one of these, or in a folder of them.
fn is_in(file: &Path, parts: &[&str]) -> bool {
    let name = file.to_string_lossy();
    let is = |part: &str| if part.ends_with('/') { name.starts_with(part) } else { name == part };
    parts.iter().any(|part| is(part))
}

/// The files of a crate that are among some, by their indices.
fn files(tree: &Tree, parts: &[&str]) -> Vec<usize> {
    let all = tree.files.iter().enumerate();
    all.filter(|(_, file)| is_in(file, parts)).map(|(index, _)| index).collect()
}

#[test]
fn messages_and_what_sends_do_not_reach_each_other() {
    let mut wrong = Vec::new();
    for parts in CRATES {
        let tree = read::read(&sources(parts)).unwrap();
        let ties = resolve::ties(&tree);
        let (messages, senders) = (files(&tree, parts.messages), files(&tree, parts.senders));
        assert!(messages.len() >= parts.messages.len().div_ceil(2), "{}", parts.source);
        assert!(parts.senders.is_empty() || !senders.is_empty(), "{}", parts.source);
        for (from, to) in [(&messages, &senders), (&senders, &messages)] {
            for file in from {
                let reached = reached_from(*file, &ties);
                let found: Vec<_> = to
                    .iter()
                    .filter(|to| reached.contains(to))
                    .map(|to| &tree.files[*to])
                    .collect();
                if !found.is_empty() {
                    let file = tree.files[*file].display();
                    wrong.push(format!("{}: {file} reaches {found:?}", parts.source));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn messages_and_what_sends_do_not_name_each_other_in_any_crate() {
    let (mut held, mut sending) = (0, 0);
    for parts in CRATES {
        for (file, source) in sources(parts) {
            let named = |names: &[&'static str]| -> Vec<&'static str> {
                let code = source.text.lines().filter(|line| !line.trim_start().starts_with("//"));
                let code: Vec<&str> = code.collect();
                let is_named = |name: &&&str| code.iter().any(|line| line.contains(**name));
                names.iter().filter(is_named).copied().collect()
            };
            if is_in(&file, parts.messages) {
                held += 1;
                assert_eq!(named(SENDER_NAMES), [""; 0], "{}/{}", parts.source, file.display());
            }
            if is_in(&file, parts.senders) {
                sending += 1;
                assert_eq!(named(MESSAGE_NAMES), [""; 0], "{}/{}", parts.source, file.display());
            }
        }
    }
    assert!(held >= 15 && sending >= 15, "{held} and {sending} files were looked at");
}
