//! The last looks: what callers were told is what stands in the log, and every way to fold it gives the same.

use contracts::Action;
use domain::{Fold, Loop};

use crate::broken::{Broken, holds};
use crate::calls::has_its_event;
use crate::dice::Dice;
use crate::watching::InMemory;
use crate::world::World;

impl World {
    /// Every acknowledged command stands in the log once, where it was said to be; every other at most once.
    pub(crate) fn what_was_told_is_so(&self) -> Result<(), Broken> {
        for deed in &self.deeds {
            let what = deed.action.slug();
            let story = self.history.loops.get(&deed.of_loop());
            let times = story.map_or(0, |story| {
                story.seen.iter().filter(|seen| seen.command == deed.id).count()
            });
            match (deed.told.done, story) {
                (Some(version), Some(story)) => has_its_event(story, deed, version)?,
                (Some(version), None) => {
                    return Err(Broken::new(format!(
                        "a {what} was acknowledged at {version}, and its loop is not in the log"
                    )));
                }
                (None, _) => {
                    let nothing = deed.told.unknown == 0;
                    holds!(
                        times == 0 || !nothing,
                        "a {what} was never said to be recorded, and stands in the log {times} times"
                    );
                }
            }
            holds!(times <= 1, "a {what} stands in the log {times} times");
            if let Some(story) = story {
                holds!(
                    times == 0 || story.subject.district == deed.claims.district,
                    "a {what} of {} stands under {}",
                    deed.claims.district,
                    story.subject
                );
            }
        }
        for (id, story) in &self.history.loops {
            let filed = self.deeds.iter().any(|deed| {
                deed.thing == id.0 && deed.action == Action::File && deed.district == story.subject.district
            });
            holds!(filed, "a loop stands under {} that nobody there filed", story.subject);
        }
        Ok(())
    }

    /// Folding event by event, from zero, by way of the stored form, and the read model all come to the same.
    pub(crate) fn folds_are_the_same(&mut self) -> Result<(), Broken> {
        for story in self.history.loops.values() {
            let mut folded = Loop::default();
            for seen in &story.seen {
                folded.evolve(&seen.meta, &seen.event);
                if self.dice.chance(100) {
                    let stored = serde_json::to_string(&folded).map_err(|error| Broken::new(error.to_string()))?;
                    folded = serde_json::from_str(&stored).map_err(|error| Broken::new(error.to_string()))?;
                }
            }
            holds!(
                folded == story.state,
                "{} folds to another state from zero",
                story.subject
            );
            holds!(
                folded.record() == Some(story.record()),
                "{} folds to another record from zero",
                story.subject
            );
        }
        self.watching.take_in(self.history.position);
        let again = InMemory::new(self.log.inner.clone(), self.storm.clone(), Dice::new(0, 0), None);
        again.take_in(self.history.position);
        holds!(
            again.kept() == self.watching.kept(),
            "the read model made again is another one"
        );
        for (id, kept) in self.watching.kept() {
            let story = self.history.loops.get(&id);
            holds!(
                story.is_some_and(|story| story.state == kept.state),
                "the read model's {id} is not what the log folds to"
            );
        }
        Ok(())
    }
}
