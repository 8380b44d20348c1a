//! The state of the stream, as far as a page can know, and what it says about that.

use domain::time::Timestamp;

use crate::clock;

/// The state of the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "hydrate"), expect(dead_code, reason = "only a browser has a stream"))]
pub(crate) enum Connection {
    /// Not open yet: the page came from the server just now.
    Starting,
    /// Events arrive.
    Live,
    /// Interrupted, and being opened again. Why is not known yet.
    Lost,
    /// The server does not answer.
    Away,
    /// The server answers, but its stream does not come through: the page asks every few seconds.
    HeldBack,
    /// The sign-in has ended.
    SignedOut,
}

impl Connection {
    /// Name for the style sheet.
    pub(crate) const fn class(self) -> &'static str {
        match self {
            Self::Starting => "live starting",
            Self::Live => "live on",
            Self::HeldBack => "live slow",
            Self::Lost | Self::Away | Self::SignedOut => "live lost",
        }
    }

    /// The words of the indicator; `heard` is when data came last, `loaded` of when the page is
    /// that the server made.
    pub(crate) fn sentence(
        self,
        heard: Option<Timestamp>,
        now: Option<Timestamp>,
        loaded: Option<Timestamp>,
    ) -> String {
        let age = match heard.zip(now) {
            Some((heard, now)) => format!("from {}", clock::ago(heard, now)),
            None => "from when the page was loaded".to_owned(),
        };
        match self {
            Self::Live => "Live".to_owned(),
            Self::Starting => match loaded {
                Some(loaded) => format!("As of {}", clock::utc_short(loaded)),
                None => "Loading".to_owned(),
            },
            Self::Lost => format!("Connection lost. Showing data {age}. Reconnecting."),
            Self::Away => format!("Can't reach Calm Ops. Showing data {age}. Reconnecting."),
            Self::HeldBack => {
                "Live updates are held back by the network. Updating every few seconds.".to_owned()
            }
            Self::SignedOut => format!("You are signed out. Showing data {age}."),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_indicator_says_why_and_how_old_the_data_is() {
        let (heard, now) = (Timestamp::from_secs(100), Timestamp::from_secs(112));
        let sentence = |connection: Connection| connection.sentence(Some(heard), Some(now), None);
        assert_eq!(sentence(Connection::Live), "Live");
        let loaded = Some(Timestamp::from_secs(1_795_341_600));
        assert_eq!(Connection::Starting.sentence(None, None, loaded), "As of 22 Nov, 10:00 UTC");
        assert_eq!(
            sentence(Connection::Lost),
            "Connection lost. Showing data from 12 s ago. Reconnecting."
        );
        assert_eq!(
            Connection::SignedOut.sentence(None, Some(now), None),
            "You are signed out. Showing data from when the page was loaded."
        );
    }
}
