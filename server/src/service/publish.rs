//! The contents of pages beside readings, sent to the stream whenever it has changed.

use std::{sync::Arc, time::Duration};

use commands::{day::Days, maintenance::cards, protection::Restriction, view::Overview};
use domain::time::Span;
use tokio_util::sync::CancellationToken;

use super::{at_hand::AtHand, handle::Service, inner::Inner};
use crate::current_status::Shown;

/// A burst of changes is sent as one.
const SETTLE: Duration = Duration::from_millis(20);
/// The period in which times without data are shown.
const BLIND_REACH: Span = Span::from_mins(24 * 60);

impl Service {
    /// Sends the lists of incidents and the overview to the stream until `stop`.
    pub async fn publish(self: Arc<Self>, stop: CancellationToken) {
        loop {
            self.inner.publish().await;
            tokio::select! {
                () = stop.cancelled() => break,
                () = self.inner.publishable.notified() => {}
                () = self.inner.board.changed() => {}
            }
            tokio::time::sleep(SETTLE).await;
        }
    }
}

impl Inner {
    async fn publish(&self) {
        let at_hand = match self.at_hand().await {
            Ok(at_hand) => at_hand,
            // That the database is away is told among the troubles.
            Err(_) => match self.last_at_hand() {
                Some(at_hand) => at_hand,
                None => return,
            },
        };
        self.live.publish_incidents(at_hand.lists());
        let shown = self.board.shown();
        self.draw_days(&shown, &at_hand.blind);
        self.live.publish_overview(self.overview(&shown, Some(&at_hand)));
    }

    /// The contents of the health page beside readings and incidents.
    pub(super) fn overview(&self, shown: &Shown, at_hand: Option<&AtHand>) -> Overview {
        let since = self.clock.now().wall.minus(BLIND_REACH);
        let documents = shown.documents.clone();
        let days = Days::clone(&self.days.drawn());
        let Some(at_hand) = at_hand else {
            return Overview { documents, days, ..Overview::default() };
        };
        let present = shown.readings.readings.iter().map(|one| &one.subject).collect();
        Overview {
            blind: at_hand.blind.iter().filter(|span| span.to >= since).cloned().collect(),
            documents,
            maintenance: cards(&at_hand.announcements, &shown.withheld, &present),
            days,
            restriction: Some(Restriction::from(&*at_hand.protection)),
        }
    }
}
