//! What may follow what, as a table that is data.

use std::collections::{BTreeMap, HashMap};

/// The table's text, version 1.
pub const TABLE: &str = include_str!("order.v1.txt");
/// The events that a thing's record holds at most, told apart: one bit each.
const EVENTS_MAX: usize = 128;

/// What a line asks for.
#[derive(Debug, Clone, Copy)]
struct Line {
    bit: u32,
    thing: usize,
    first: bool,
    /// One of these came before; all bits where any may have.
    after: u128,
}

/// A table, read.
#[derive(Debug, Clone)]
pub struct Order {
    things: Vec<String>,
    lines: HashMap<String, Line>,
}

/// What happened to one thing so far: one bit for each event of the table.
pub type Happened = u128;

/// Why an event may not stand where it stands.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OutOfOrder {
    /// It happens to things of another kind.
    #[error("{event} does not happen to a {thing}")]
    Elsewhere {
        /// The event.
        event: String,
        /// The thing.
        thing: String,
    },
    /// It cannot begin a thing.
    #[error("a {thing} cannot begin with {event}")]
    NotFirst {
        /// The event.
        event: String,
        /// The thing.
        thing: String,
    },
    /// What must have come before did not.
    #[error("{event} came before anything it could follow")]
    TooEarly {
        /// The event.
        event: String,
    },
    /// It only begins a thing.
    #[error("{event} came again")]
    Again {
        /// The event.
        event: String,
    },
}

impl Order {
    /// The table that ships.
    pub fn shipped() -> Self {
        Self::read(TABLE)
    }

    /// Reads a table; lines that say nothing are passed over.
    pub fn read(text: &str) -> Self {
        let rows: Vec<(&str, &str, Vec<&str>)> = text
            .lines()
            .filter(|line| !line.starts_with('#'))
            .filter_map(|line| {
                let (head, after) = line.split_once(':')?;
                let (thing, event) = head.trim().split_once(' ')?;
                Some((thing, event, after.split_whitespace().collect()))
            })
            .take(EVENTS_MAX)
            .collect();
        let bits: BTreeMap<&str, u32> = rows.iter().zip(0..).map(|((_, event, _), bit)| (*event, bit)).collect();
        let mut things: Vec<String> = rows.iter().map(|(thing, ..)| (*thing).to_owned()).collect();
        things.sort();
        things.dedup();
        let lines = rows
            .iter()
            .map(|(thing, event, after)| {
                let line = Line {
                    bit: bits[event],
                    thing: things.iter().position(|known| known == thing).unwrap_or_default(),
                    first: after.contains(&"first"),
                    after: if after.contains(&"begun") {
                        u128::MAX
                    } else {
                        after
                            .iter()
                            .filter_map(|name| bits.get(name))
                            .fold(0, |all, bit| all | 1 << bit)
                    },
                };
                ((*event).to_owned(), line)
            })
            .collect();
        Self { things, lines }
    }

    /// Whether an event may follow what happened to a thing; what then happened. Nothing where the table does not know
    /// the event: it may be of a newer release.
    pub fn follow(&self, thing: &str, event: &str, happened: Happened) -> Option<Result<Happened, OutOfOrder>> {
        let line = self.lines.get(event)?;
        let event_name = || event.to_owned();
        let result = if self.things[line.thing] != thing {
            Err(OutOfOrder::Elsewhere {
                event: event_name(),
                thing: thing.to_owned(),
            })
        } else if happened == 0 {
            if line.first {
                Ok(())
            } else {
                Err(OutOfOrder::NotFirst {
                    event: event_name(),
                    thing: thing.to_owned(),
                })
            }
        } else if happened & line.after != 0 {
            Ok(())
        } else if line.first {
            Err(OutOfOrder::Again { event: event_name() })
        } else {
            Err(OutOfOrder::TooEarly { event: event_name() })
        };
        Some(result.map(|()| happened | 1 << line.bit))
    }

    /// Every event the table knows.
    pub fn events(&self) -> impl Iterator<Item = &str> {
        self.lines.keys().map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_begins_and_what_follows_is_told_apart() {
        let order = Order::shipped();
        let filed = order.follow("loop", "tension_filed", 0).expect("known").expect("legal");
        assert!(
            order
                .follow("loop", "case_acknowledged", filed)
                .expect("known")
                .is_err()
        );
        let routed = order
            .follow("loop", "tension_routed", filed)
            .expect("known")
            .expect("legal");
        assert!(
            order
                .follow("loop", "case_acknowledged", routed)
                .expect("known")
                .is_ok()
        );
        assert_eq!(
            order.follow("loop", "tension_filed", routed).expect("known"),
            Err(OutOfOrder::Again {
                event: "tension_filed".to_owned()
            })
        );
        assert!(order.follow("loop", "tension_routed", 0).expect("known").is_err());
        assert!(order.follow("flexibility", "tension_filed", 0).expect("known").is_err());
        assert!(order.follow("loop", "of_next_year", filed).is_none());
    }

    #[test]
    fn every_line_is_read() {
        let lines = TABLE
            .lines()
            .filter(|line| !line.starts_with('#') && !line.is_empty())
            .count();
        assert_eq!(Order::shipped().events().count(), lines);
        assert!(lines <= EVENTS_MAX);
    }
}
