//! Parts that several pages are made of.

pub(crate) mod awaited;
pub(crate) mod badge;
pub(crate) mod chart;
pub(crate) mod copy;
pub(crate) mod entrance;
pub(crate) mod error;
pub(crate) mod exact;
pub(crate) mod form;
pub(crate) mod incident_card;
pub(crate) mod live_indicator;
pub(crate) mod markdown;
pub(crate) mod notice;
pub(crate) mod page;
pub(crate) mod palette;
pub(crate) mod prose;
pub(crate) mod similar;
pub(crate) mod sparkline;
pub(crate) mod theme_switch;
pub(crate) mod time;
pub(crate) mod timeline;
pub(crate) mod uptime;
