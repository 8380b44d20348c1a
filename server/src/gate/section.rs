//! The gate's section of the configuration.

use std::{net::SocketAddr, path::PathBuf};

use crate::config::{
    found::{self, Found},
    section::{Key, Section, key},
};

/// Keys of the gate.
pub const KEYS: &[Key] = &[
    key("gate.listen", &["CALM_OPS_GATE_LISTEN"], None),
    key("gate.token_file", &["CALM_OPS_GATE_TOKEN_FILE"], None),
    key("gate.access_log", &["CALM_OPS_GATE_ACCESS_LOG"], None),
    key("gate.safe_mode_flag", &["CALM_OPS_GATE_SAFE_MODE_FLAG"], None),
];

/// The place at which proxies ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GateAddress {
    /// An address and a port.
    Tcp(SocketAddr),
    /// A socket in the file system, open to its user and group.
    Unix(PathBuf),
}

/// Settings of the gate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// The place at which proxies ask; `None` for no gate.
    pub listen: Option<GateAddress>,
    /// The file with the gate's own token. A TCP address has one.
    pub token_file: Option<PathBuf>,
    /// The access log of the proxy, from which results are taken; `None` for none.
    pub access_log: Option<PathBuf>,
    /// The file that is there while safe mode is in force; `None` for none.
    pub safe_mode_flag: Option<PathBuf>,
}

impl Settings {
    pub(crate) fn read(section: &mut Section<'_>) -> Self {
        let token_file =
            section.value("gate.token_file", None, |found| found::path(found).map(Some));
        let has_token = token_file.is_some();
        let listen =
            section.value("gate.listen", None, |found| address(found, has_token).map(Some));
        let access_log = section.value("gate.access_log", None, |found| {
            if listen.is_some() {
                return log(found);
            }
            Err("also gate.listen: the log tells how the requests ended about which the proxy has asked".to_owned())
        });
        let safe_mode_flag =
            section.value("gate.safe_mode_flag", None, |found| flag(found).map(Some));
        Self { listen, token_file, access_log, safe_mode_flag }
    }
}

fn log(found: &Found) -> Result<Option<PathBuf>, String> {
    file(found).map(Some).ok_or_else(|| {
        "the path of a file from the root, such as '/var/log/nginx/calm-ops-gate.json'".to_owned()
    })
}

fn file(found: &Found) -> Option<PathBuf> {
    let path = found::path(found).ok()?;
    let fits = path.is_absolute() && path.file_name().is_some() && path.parent().is_some();
    fits.then_some(path)
}

fn flag(found: &Found) -> Result<PathBuf, String> {
    file(found).ok_or_else(|| {
        "the path of a file from the root, such as '/var/lib/calm-ops-gate/safe-mode'".to_owned()
    })
}

fn address(found: &Found, has_token: bool) -> Result<GateAddress, String> {
    let text = found.text();
    if let Some(path) = text.strip_prefix("unix:") {
        let path = PathBuf::from(path);
        let fits = path.is_absolute() && path.as_os_str().len() <= 100;
        return fits.then_some(GateAddress::Unix(path)).ok_or_else(|| {
            "a path from the root of at most 100 bytes: unix:/run/calm-ops/gate.sock".to_owned()
        });
    }
    let address: SocketAddr = text.parse().map_err(|_| {
        "an address and a port (127.0.0.1:3001), or a socket (unix:/run/calm-ops/gate.sock)"
            .to_owned()
    })?;
    if has_token {
        Ok(GateAddress::Tcp(address))
    } else {
        Err("also gate.token_file, a file with the token of the gate: whoever reaches a port could ask otherwise".to_owned())
    }
}
