//! The flags that every command shares.

use std::path::PathBuf;

use clap::Args;

/// Flags; what is not given comes from the environment, the file, or the default.
#[derive(Args, Clone, Debug, Default)]
pub struct Flags {
    /// Address of the pages. Only a loopback address until there is an owner.
    ///
    /// [default: 127.0.0.1:3000] [environment: CALM_OPS_LISTEN]
    #[arg(long, value_name = "ADDR:PORT", global = true)]
    pub listen: Option<String>,

    /// Address that browsers use from outside, such as `https://ops.example.com`.
    ///
    /// [default: none] [environment: CALM_OPS_PUBLIC_URL]
    #[arg(long, value_name = "URL", global = true)]
    pub public_url: Option<String>,

    /// Data directory.
    ///
    /// [default: ./data] [environment: CALM_OPS_DATA_DIR]
    #[arg(long, value_name = "DIR", global = true)]
    pub data_dir: Option<String>,

    /// Folder with your own documents (thresholds, runbooks); `calm-ops init DIR` writes the built-in
    /// ones to start from.
    ///
    /// [default: the built-in documents] [environment: CALM_OPS_OPS_DIR]
    #[arg(long, value_name = "DIR", global = true)]
    pub ops_dir: Option<String>,

    /// Configuration file.
    ///
    /// [default: none] [environment: CALM_OPS_CONFIG]
    #[arg(long, value_name = "FILE", global = true)]
    pub config: Option<PathBuf>,

    /// The interval of checks of the host, such as '5 s'.
    ///
    /// [default: 5 s] [environment: CALM_OPS_INTERVAL]
    #[arg(long, value_name = "DURATION", global = true)]
    pub interval: Option<String>,

    /// Log level: error, warn, info, debug, trace, or directives such as 'warn,server=debug'.
    ///
    /// [default: warn] [environment: CALM_OPS_LOG_LEVEL]
    #[arg(long, value_name = "LEVEL", global = true)]
    pub log_level: Option<String>,

    /// Log format: text or json.
    ///
    /// [default: text] [environment: CALM_OPS_LOG_FORMAT]
    #[arg(long, value_name = "FORMAT", global = true)]
    pub log_format: Option<String>,
}

impl Flags {
    /// The flag of a key, if it was given.
    pub(super) fn get(&self, key: &str) -> Option<&str> {
        match key {
            "listen" => self.listen.as_deref(),
            "public_url" => self.public_url.as_deref(),
            "data_dir" => self.data_dir.as_deref(),
            "ops_dir" => self.ops_dir.as_deref(),
            "interval" => self.interval.as_deref(),
            "log.level" => self.log_level.as_deref(),
            "log.format" => self.log_format.as_deref(),
            _ => None,
        }
    }
}
