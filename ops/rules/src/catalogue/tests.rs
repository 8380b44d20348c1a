use super::*;

const DOCUMENT: &str = include_str!("../../../runbooks/recovery.commands.md");

fn catalogue() -> Catalogue {
    Catalogue::parse("runbooks/recovery.commands.md", DOCUMENT, &[]).unwrap_or_else(|refusals| panic!("{}", refusals[0]))
}

#[test]
fn the_documents_own_commands_are_read() {
    let catalogue = catalogue();
    let ids: Vec<&str> = catalogue.commands().iter().map(Command::id).collect();
    assert_eq!(
        ids,
        [
            "pm2-reload",
            "pm2-restart",
            "pm2-flush",
            "nginx-reload",
            "journal-vacuum",
            "certificate-renew",
            "systemd-restart",
            "query-cancel"
        ]
    );
}
