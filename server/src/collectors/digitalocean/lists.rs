//! The contents of whole lists of an account: what is watched, under which labels, what is in
//! doubt, and what is gone.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    reason::FailureReason,
    subject::Subject,
    time::{MonotonicTime, Now},
};

use super::{
    account::{Account, Value, seconds},
    call::{Call, Item, Metric},
    catalog::EMPTY_LISTS,
    databases::OF_PAGE,
    inventory::{Droplet, Standing, Thing, ThingKind},
    signals::{DROPLET, OF_THIS_HOST},
    watched::{Names, Watched, labels, numbered_label, plain_label},
};

/// The most things of an account that are watched.
const MOST: usize = 1_000;

impl Account {
    /// Takes a whole list of droplets.
    pub(super) fn list_droplets(&mut self, all: &[Droplet], now: Now) {
        for droplet in all {
            self.unnamed.remove(&droplet.id);
        }
        if !self.trusts(None, all.len(), now.mono) {
            return;
        }
        let is_first = self.catalogs.get(&None).is_none_or(|known| known.subjects.is_none());
        let (selected, others): (Vec<&Droplet>, Vec<&Droplet>) =
            all.iter().partition(|droplet| self.selection.wants(droplet));
        let named = selected.iter().map(|one| (Item::Droplet(one.id), one.name.as_str()));
        let named = labels(named);
        self.relabel(None, &named);
        for droplet in selected {
            let item = Item::Droplet(droplet.id);
            let Some(label) = named.get(&item) else { continue };
            let here = (self.is_this_host)(droplet).then(|| self.host.clone());
            if self.watch(&item, label, here.as_deref()).is_some() {
                self.see(&item, droplet, now);
            }
        }
        for droplet in others {
            self.deselect(droplet, is_first);
        }
        if !self.watched.values().any(|watched| watched.is_this_host) {
            let host = Subject::build("host", &self.host, None);
            self.at_rest.extend(OF_THIS_HOST.map(|signal| (host.clone(), signal)));
        }
        self.conclude(None, &named, now);
    }

    /// Takes a whole list of another kind.
    pub(super) fn list_things(&mut self, kind: ThingKind, all: &[Thing], now: Now) {
        if !self.trusts(Some(kind), all.len(), now.mono) {
            return;
        }
        let item = |thing: &Thing| Item::Thing(kind, thing.id.clone());
        let named = labels(all.iter().map(|thing| (item(thing), thing.name.as_str())));
        self.relabel(Some(kind), &named);
        for thing in all {
            let item = item(thing);
            let Some(label) = named.get(&item) else { continue };
            let Some(watched) = self.watch(&item, label, None) else { continue };
            watched.standing = thing.standing.clone();
            let subject = watched.subject.clone();
            // Its page of metrics may have been taken out of the configuration.
            if kind == ThingKind::Database && !self.selection.databases.contains(&subject) {
                self.at_rest.extend(OF_PAGE.map(|signal| (subject.clone(), signal)));
            }
        }
        self.conclude(Some(kind), &named, now);
    }

    /// Takes an answer about one droplet.
    pub(super) fn see_one(&mut self, droplet: &Droplet, now: Now) {
        let item = Item::Droplet(droplet.id);
        if !self.selection.wants(droplet) {
            return self.deselect(droplet, false);
        }
        self.doubted.remove(&item);
        self.see(&item, droplet, now);
        self.tell(&item, now);
    }

    /// Takes how a droplet is. What its samples are shares of is asked for at once when it got
    /// another size.
    fn see(&mut self, item: &Item, droplet: &Droplet, now: Now) {
        let Some(watched) = self.watched.get_mut(item) else { return };
        if watched.see(droplet, seconds(now.wall)) {
            for metric in [Metric::MemoryTotal, Metric::DiskSize] {
                self.planner.hurry(&Call::Metric(item.clone(), metric), now.mono);
            }
        }
    }

    /// True if a list is believed: one that is empty only when it stays so.
    fn trusts(&mut self, kind: Option<ThingKind>, count: usize, now: MonotonicTime) -> bool {
        let catalog = self.catalogs.entry(kind).or_default();
        catalog.problem = None;
        catalog.read_at = Some(now);
        catalog.count = count;
        catalog.empties = if count == 0 { catalog.empties.saturating_add(1) } else { 0 };
        count > 0 || catalog.empties >= EMPTY_LISTS
    }

    /// Brings what is watched in line with the labels of a whole list: what has another label now
    /// goes on under it, and what the list does not name makes room for what has its label.
    fn relabel(&mut self, kind: Option<ThingKind>, named: &BTreeMap<Item, String>) {
        let taken: BTreeSet<&String> = named.values().collect();
        let items: Vec<Item> =
            self.watched.keys().filter(|item| item.kind() == kind).cloned().collect();
        for item in items {
            let Some(watched) = self.watched.get_mut(&item) else { continue };
            match named.get(&item) {
                Some(label) if *label != watched.label => {
                    self.removed.extend(watched.parts());
                    if !watched.is_this_host {
                        self.removed.insert(watched.subject.clone());
                    }
                    watched.rename(Names::of(&item).kind, label);
                }
                None if taken.contains(&watched.label) => {
                    self.release(&item);
                }
                _ => {}
            }
        }
    }

    /// Finds an item, or begins to watch it, while there is room.
    fn watch(&mut self, item: &Item, label: &str, host: Option<&str>) -> Option<&mut Watched> {
        if self.watched.len() >= MOST && !self.watched.contains_key(item) {
            return None;
        }
        let begin = || Watched::new(Names::of(item).kind, label, host);
        Some(self.watched.entry(item.clone()).or_insert_with(begin))
    }

    /// Watches an item no more; its parts go with it.
    fn release(&mut self, item: &Item) -> Option<Watched> {
        self.doubted.remove(item);
        let watched = self.watched.remove(item)?;
        self.removed.extend(watched.parts());
        Some(watched)
    }

    /// A droplet that is in the account and not selected, or no longer: nothing is expected of it.
    /// In the first list of a run it may be one that was selected before, as its number tells, or
    /// its name where no number was kept, unless another droplet of that name is watched, or known
    /// to be gone.
    fn deselect(&mut self, droplet: &Droplet, is_first: bool) {
        let item = Item::Droplet(droplet.id);
        if let Some(watched) = self.release(&item) {
            if !watched.is_this_host {
                self.removed.insert(watched.subject);
            }
        } else if is_first {
            let plain = plain_label(&droplet.name);
            let labels = [numbered_label(&plain, &item), plain];
            let named = labels.map(|label| Subject::build(DROPLET, &label, None));
            let named = named.into_iter().filter(|one| !self.numbers.contains_key(one));
            let own = self.numbers.iter().filter(|(_, number)| **number == droplet.id);
            let own = own.map(|(subject, _)| subject.clone());
            self.removed.extend(own.chain(named).filter(|one| !self.gone.contains(one)));
        }
    }

    /// Ends a whole list: what it does not name is in doubt, what it names is told.
    fn conclude(&mut self, kind: Option<ThingKind>, named: &BTreeMap<Item, String>, now: Now) {
        let items: Vec<Item> =
            self.watched.keys().filter(|item| item.kind() == kind).cloned().collect();
        for item in &items {
            if named.contains_key(item) {
                self.doubted.remove(item);
                self.tell(item, now);
            } else {
                self.doubted.insert(item.clone());
            }
        }
        let watched = items.iter().filter_map(|item| self.watched.get(item));
        let subjects: BTreeSet<Subject> = watched.map(|one| one.subject.clone()).collect();
        self.removed.retain(|subject| !subjects.contains(subject));
        self.gone.retain(|subject| !subjects.contains(subject));
        let is_known = kind.is_some() || self.gpus.are_known();
        let catalog = self.catalogs.entry(kind).or_default();
        if is_known || catalog.subjects.is_some() {
            catalog.subjects = Some(subjects);
        }
    }

    /// An item that does not exist any more: the list of its kind tells it from now on.
    pub(super) fn forget(&mut self, item: &Item) {
        let Some(watched) = self.release(item) else { return };
        if self.watched.values().any(|other| other.subject == watched.subject) {
            return;
        }
        if let Some(subjects) = &mut self.catalogs.entry(item.kind()).or_default().subjects {
            subjects.remove(&watched.subject);
        }
        if !watched.is_this_host {
            self.gone.insert(watched.subject);
        }
        if self.gone.len() > MOST {
            self.gone.pop_first();
        }
    }

    /// Tells how an item is.
    pub(super) fn tell(&mut self, item: &Item, now: Now) {
        let Some(watched) = self.watched.get(item) else { return };
        let names = Names::of(item);
        let mut tell = |signal, value, reason| {
            let subject = watched.subject.clone();
            self.values.push(Value { subject, signal, at: now.wall, value, reason });
        };
        if !watched.is_this_host {
            tell(names.listed, 1.0, None);
        }
        match watched.standing {
            Standing::Up => tell(names.up, 1.0, None),
            Standing::Down => {
                let own = |id| *item == Item::Droplet(id);
                let told = match self.in_progress.values().find(|action| own(action.droplet)) {
                    Some(action) => format!(
                        "DigitalOcean says that it is off; an action is in progress: {}",
                        action.kind
                    ),
                    None => match item.kind() {
                        None => "DigitalOcean says that it is off".to_owned(),
                        Some(ThingKind::App) => {
                            "DigitalOcean has no deployment of it that works".to_owned()
                        }
                        Some(_) => "DigitalOcean says that it failed".to_owned(),
                    },
                };
                tell(names.up, 0.0, Some(FailureReason::told(&told)));
            }
            Standing::Unclear(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::catalog::Gpus, *};

    fn droplet(id: u64) -> Droplet {
        Droplet {
            id,
            name: format!("web-{id}"),
            standing: Standing::Up,
            processors: 1,
            size: (1, 1),
            tags: Vec::new(),
            addresses: Vec::new(),
        }
    }

    #[test]
    fn droplets_with_gpus_follow_those_without_and_are_looked_for_seldom_where_there_are_none() {
        let at = |seconds: u64| MonotonicTime::from_micros(seconds * 1_000_000);
        let mut gpus = Gpus::default();
        for round in 0..EMPTY_LISTS {
            assert!(!gpus.are_known(), "{round}");
            assert_eq!(gpus.join(vec![droplet(1)], at(0)), None);
            assert!(gpus.are_read());
            assert_eq!(gpus.join(Vec::new(), at(0)), Some(vec![droplet(1)]));
        }
        assert!(gpus.are_known() && !gpus.are_read());
        assert_eq!(gpus.join(vec![droplet(1)], at(599)), Some(vec![droplet(1)]));
        assert_eq!(gpus.join(vec![droplet(1)], at(600)), None);
        let both = Some(vec![droplet(1), droplet(2)]);
        assert_eq!(gpus.join(vec![droplet(2)], at(600)), both);
        // Now there are some, and they are read each time.
        assert_eq!(gpus.join(vec![droplet(1)], at(601)), None);
        assert!(gpus.are_known());
    }
}
