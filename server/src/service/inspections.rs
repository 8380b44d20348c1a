//! Inspections: what an incident offers, and carrying one out.

use domain::{
    error::{Conflict, Entity, Error},
    id::IncidentNumber,
    incident::Incident,
    inspection::{Inspection, InspectionOutcome, UnitName, offered},
};
use policy::catalogue::Kind;

use super::{failure::refuse, inner::Inner};

impl Inner {
    /// The looks at this host that an incident offers while it is active.
    pub(super) fn offered_inspections(&self, incident: &Incident) -> Vec<Inspection> {
        let Some(here) = self.inspections.here(self.units(incident)) else { return Vec::new() };
        if incident.is_active() { offered(&incident.subjects(), &here) } else { Vec::new() }
    }

    /// The services of the approved commands that help a signal of the incident.
    fn units(&self, incident: &Incident) -> Vec<UnitName> {
        let Some(catalogue) = self.recovery.catalogue() else { return Vec::new() };
        let mut units: Vec<UnitName> = Vec::new();
        let signals = incident.breaches.iter().map(|known| &known.breach.key.signal);
        for command in signals.flat_map(|signal| catalogue.that_help(signal)) {
            for placeholder in command.placeholders() {
                if let Kind::Unit { of } = placeholder.kind() {
                    units.extend(of.iter().filter_map(|unit| unit.parse().ok()));
                }
            }
        }
        units.sort();
        units.dedup();
        units
    }

    /// Looks at something that the incident offers; nothing else is looked at, whatever a caller
    /// names.
    pub(super) async fn inspect(
        &self,
        number: IncidentNumber,
        inspection: &Inspection,
    ) -> Result<InspectionOutcome, Error> {
        let incident = self.store.incident(number).await.map_err(refuse)?;
        let incident = incident.ok_or(Error::NotFound(Entity::Incident(number)))?;
        if !incident.is_active() {
            return Err(Conflict::ResolvedInspection(number).into());
        }
        if !self.offered_inspections(&incident).contains(inspection) {
            return Err(Conflict::NotOffered(number).into());
        }
        self.inspections.run(number, inspection, self.clock.now()).await
    }
}
