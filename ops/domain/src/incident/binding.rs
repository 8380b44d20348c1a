//! The binding of an approval.

use sha2::{Digest, Sha256};

use crate::{
    breach::BreachKey, hash::Hash, id::RecommendationId, incident::Incident,
    recommendation::Recommendation,
};

impl Recommendation {
    /// The hash of what is decided upon: argument vector, a script's bytes, host, user, risk, blast
    /// radius, severity, the catalogue's version, and which breaches hold. An approval is for
    /// exactly this; readings and forecasts are not in it.
    pub fn binding(&self, incident: &Incident) -> Hash {
        let mut holding: Vec<&BreachKey> = incident
            .breaches
            .iter()
            .filter(|known| known.cleared_at.is_none())
            .map(|known| &known.breach.key)
            .collect();
        holding.sort();
        let mut hasher = Sha256::new();
        // Each part with its length before it, so that no two decisions can look alike.
        let mut part = |text: &str| {
            hasher.update((text.len() as u64).to_be_bytes());
            hasher.update(text.as_bytes());
        };
        part("calm-ops approval 1");
        part(&RecommendationId { incident: incident.number, place: self.place }.to_string());
        part(&self.shown);
        for vector in [Some(&self.argv), self.check.as_ref()] {
            let vector = vector.map_or(&[][..], Vec::as_slice);
            part(&vector.len().to_string());
            vector.iter().for_each(|argument| part(argument));
        }
        for text in [
            &self.host,
            &self.user,
            self.risk.as_str(),
            &self.blast_radius,
            incident.severity.as_str(),
            &self.catalogue,
        ] {
            part(text);
        }
        for key in holding {
            part(key.subject.as_str());
            part(key.signal.as_str());
        }
        Hash(hasher.finalize().into())
    }
}
