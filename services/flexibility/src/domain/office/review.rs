//! A review of the district's own rules.

use chrono::{DateTime, Utc};
use contracts::events::ReviewEvent;
use contracts::events::review::{ClauseExamined, ReviewConcluded, ReviewOpened};
use contracts::sealed::Sealed;
use decider::Decide;
use domain::Review;
use domain::review::ReviewRecord;

use super::{Acting, OfficeRefusal};

fn open(state: &Review) -> Result<&ReviewRecord, OfficeRefusal> {
    let record = state.record().ok_or(OfficeRefusal::NotThere)?;
    if record.concluded.is_some() {
        return Err(OfficeRefusal::Concluded);
    }
    Ok(record)
}

/// Opens a review.
#[derive(Debug, Clone)]
pub struct OpenReview {
    /// For whom the person acts.
    pub acting: Acting,
    /// What is looked at.
    pub opened: ReviewOpened,
}

impl Decide<Review> for OpenReview {
    type Event = ReviewEvent;
    type Rejection = OfficeRefusal;

    fn decide(&self, state: &Review, _: DateTime<Utc>) -> Result<Option<ReviewEvent>, OfficeRefusal> {
        self.acting.for_department(self.opened.department)?;
        Ok(state.record().is_none().then(|| self.opened.clone().into()))
    }
}

/// Says what one part of the document does; said again, the later word stands.
#[derive(Debug, Clone)]
pub struct ExamineClause {
    /// For whom the person acts.
    pub acting: Acting,
    /// What it does.
    pub examined: ClauseExamined,
}

impl Decide<Review> for ExamineClause {
    type Event = ReviewEvent;
    type Rejection = OfficeRefusal;

    fn permits(&self, state: &Review) -> Result<(), OfficeRefusal> {
        match state.record() {
            Some(record) => self.acting.for_department(record.department),
            None => Ok(()),
        }
    }

    fn decide(&self, state: &Review, _: DateTime<Utc>) -> Result<Option<ReviewEvent>, OfficeRefusal> {
        open(state)?;
        Ok(Some(self.examined.clone().into()))
    }
}

/// Closes a review.
#[derive(Debug, Clone)]
pub struct ConcludeReview {
    /// For whom the person acts.
    pub acting: Acting,
    /// What was found.
    pub summary: Sealed,
}

impl Decide<Review> for ConcludeReview {
    type Event = ReviewEvent;
    type Rejection = OfficeRefusal;

    fn permits(&self, state: &Review) -> Result<(), OfficeRefusal> {
        match state.record() {
            Some(record) => self.acting.for_department(record.department),
            None => Ok(()),
        }
    }

    fn decide(&self, state: &Review, _: DateTime<Utc>) -> Result<Option<ReviewEvent>, OfficeRefusal> {
        open(state)?;
        Ok(Some(
            ReviewConcluded {
                summary: self.summary.clone(),
            }
            .into(),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use contracts::text::Text;
    use contracts::vocabulary::Finding;
    use decider::given;
    use domain::samples::{department, filed, person, sealed};

    fn examine(clause: &str, finding: Finding) -> ExamineClause {
        ExamineClause {
            acting: Acting::District,
            examined: ClauseExamined {
                clause: Text::new(clause).expect("a clause"),
                finding,
                pillar: None,
                note: sealed("n"),
            },
        }
    }

    #[test]
    fn a_part_looked_at_again_stands_as_it_was_looked_at_last_and_the_end_is_the_end() {
        let begin = OpenReview {
            acting: Acting::District,
            opened: ReviewOpened {
                key: filed("alder").key,
                title: sealed("t"),
                citation: None,
                purpose: None,
                department: department("curriculum"),
                due_on: None,
            },
        };
        let conclude = ConcludeReview {
            acting: Acting::District,
            summary: sealed("s"),
        };
        let spec = given::<Review>()
            .done(&person("june"), &begin)
            .done(&person("june"), &examine("A", Finding::Keeps))
            .done(&person("june"), &examine("B", Finding::Bends))
            .done(&person("june"), &examine("A", Finding::Blocks));
        let found: Vec<Finding> = spec
            .state()
            .record()
            .expect("opened")
            .clauses
            .iter()
            .map(|clause| clause.finding)
            .collect();
        assert_eq!(found, [Finding::Blocks, Finding::Bends]);
        let spec = spec.done(&person("june"), &conclude);
        assert_eq!(spec.when(&examine("C", Finding::Keeps)), Err(OfficeRefusal::Concluded));
        assert_eq!(spec.when(&conclude), Err(OfficeRefusal::Concluded));
    }
}
