//! The rate that an organization keeps when it is limited.

use domain::protection::ClassTraffic;

use crate::gate::fair_shares;

/// Organizations that have to send for their median to be a fair share.
const FEWEST: usize = 3;

/// The fair share of one class in requests per second: what each organization would get at most if
/// all together sent what is usual. Without a usual rate of anyone it is the median of what is sent;
/// `None` if too few send.
pub(super) fn fair_share(traffic: &[&ClassTraffic]) -> Option<f64> {
    let usual: f64 = traffic.iter().filter_map(|one| one.usual).sum();
    if usual > 0.0 {
        let sent: Vec<((), f64)> = traffic.iter().map(|one| ((), one.sent)).collect();
        let level = fair_shares(&sent, usual);
        return Some(if level.is_finite() { level } else { usual });
    }
    let mut sent: Vec<f64> =
        traffic.iter().map(|one| one.sent).filter(|sent| *sent > 0.0).collect();
    sent.sort_unstable_by(f64::total_cmp);
    (sent.len() >= FEWEST).then(|| sent.get((sent.len() - 1) / 2).copied())?
}

/// The rate that the organization of `one` keeps; `None` if its share is not known.
pub(super) fn kept(one: &ClassTraffic, of_class: &[&ClassTraffic], factor: f64) -> Option<f64> {
    let share = fair_share(of_class)?;
    Some(factor * share.max(one.usual.unwrap_or(0.0)))
}

#[cfg(test)]
mod tests {
    use domain::protection::LimitedRequests;

    use super::*;

    fn traffic(name: &str, sent: f64, usual: Option<f64>) -> ClassTraffic {
        let organization = format!("organization:{name}").parse().unwrap();
        ClassTraffic {
            requests: LimitedRequests { organization, class: "uploads".to_owned() },
            sent,
            refused: 0.0,
            above: 0.0,
            usual,
        }
    }

    fn kept_by_first(all: &[ClassTraffic]) -> Option<f64> {
        let of_class: Vec<&ClassTraffic> = all.iter().collect();
        kept(&all[0], &of_class, 1.5)
    }

    #[test]
    fn a_spike_is_reduced_to_what_is_usual_for_all() {
        let spike = |usual| {
            [
                traffic("acme", 120.0, usual),
                traffic("b", 10.0, Some(10.0)),
                traffic("c", 10.0, Some(10.0)),
            ]
        };
        assert_eq!(kept_by_first(&spike(Some(10.0))), Some(15.0));
        // A large customer keeps what is usual for it.
        assert_eq!(kept_by_first(&spike(Some(40.0))), Some(60.0));
        // One that is new brings no capacity.
        assert_eq!(kept_by_first(&spike(None)), Some(10.0));
        // Alone, it gets all that is usual.
        assert_eq!(kept_by_first(&[traffic("acme", 120.0, Some(30.0))]), Some(45.0));
    }

    #[test]
    fn without_usual_rates_the_others_tell_what_is_fair() {
        let all = [traffic("acme", 120.0, None), traffic("b", 4.0, None), traffic("c", 6.0, None)];
        assert_eq!(kept_by_first(&all), Some(9.0));
        assert_eq!(kept_by_first(&all[..2]), None);
    }
}
