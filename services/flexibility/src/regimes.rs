//! How states are asked: as data, shipped with the product, to be changed, added to and retired without a release.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use chrono::NaiveDate;
use contracts::Text;
use contracts::queries::RegimeView;
use serde::Deserialize;

/// What ships with the product.
const SHIPPED: [&str; 2] = [
    include_str!("../regimes/nc-115c-105-26.yaml"),
    include_str!("../regimes/tx-tec-7-056.yaml"),
];
/// The most descriptions that a folder may hold.
const FOLDER_MAX: usize = 200;

/// What silence means when the state's time is out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Silence {
    /// A yes.
    Granted,
    /// Nothing: one keeps waiting.
    Nothing,
}

/// From which of the loop's words a part is suggested.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// What gets in the way.
    Barrier,
    /// What the school is trying to do.
    Trying,
    /// The schools in it.
    Schools,
    /// The rule.
    Rule,
}

/// A sentence with the place in the law that says so.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Said {
    /// The sentence.
    pub text: String,
    /// Where the law says so.
    #[serde(default)]
    pub citation: Option<String>,
}

/// The state's time.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StateClock {
    /// Days of the calendar, from the day on which the state received it.
    #[serde(default)]
    pub days: Option<u32>,
    /// What silence means when they are out.
    pub silence: Silence,
    /// In words.
    pub text: String,
    /// Where the law says so.
    pub citation: String,
}

/// The longest term.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Longest {
    /// In months, where the law names it.
    #[serde(default)]
    pub months: Option<u32>,
    /// In words.
    pub text: String,
    /// Where the law says so.
    #[serde(default)]
    pub citation: Option<String>,
}

/// One part of a request.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// Its name on the wire.
    pub name: Text<60>,
    /// What is asked.
    pub label: String,
    /// What belongs in it.
    pub hint: String,
    /// Whether the law asks for it.
    pub needed: bool,
    /// Where the law says so.
    pub citation: String,
    /// From which of the loop's words it is suggested.
    #[serde(default)]
    pub from: Option<Source>,
}

/// A state's way of asking.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Regime {
    /// Its code.
    pub code: Text<60>,
    /// Which version of this description; the highest counts.
    pub version: u32,
    /// The state, by its two letters.
    pub state: String,
    /// Its name.
    pub name: String,
    /// The law.
    pub citation: String,
    /// Who decides.
    pub decided_by: Said,
    /// The state's time.
    pub clock: StateClock,
    /// The longest term.
    pub longest: Longest,
    /// What must be done before the request is used.
    #[serde(default)]
    pub before: Option<String>,
    /// What the request must hold.
    pub request: Vec<Part>,
    /// From which day on it is no longer in use: the law was repealed, or is another.
    #[serde(default)]
    pub retired_on: Option<NaiveDate>,
}

/// All that are known: every version, so that a request is read as it was written.
#[derive(Debug, Clone, Default)]
pub struct Regimes {
    all: Arc<BTreeMap<(Text<60>, u32), Regime>>,
}

impl Regimes {
    /// What ships, and what a folder adds: files that end in `.yaml`.
    pub fn load(folder: Option<&Path>) -> anyhow::Result<Self> {
        let mut all = BTreeMap::new();
        for text in SHIPPED {
            let regime: Regime = serde_norway::from_str(text).context("a shipped description cannot be read")?;
            all.insert((regime.code.clone(), regime.version), regime);
        }
        if let Some(folder) = folder {
            let entries = std::fs::read_dir(folder)
                .with_context(|| format!("the folder of descriptions, {}, cannot be read", folder.display()))?;
            for entry in entries.take(FOLDER_MAX) {
                let path = entry?.path();
                if path.extension().is_none_or(|extension| extension != "yaml") {
                    continue;
                }
                let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
                let regime: Regime =
                    serde_norway::from_str(&text).with_context(|| format!("{} cannot be read", path.display()))?;
                all.insert((regime.code.clone(), regime.version), regime);
            }
        }
        Ok(Self { all: Arc::new(all) })
    }

    /// A description in the version that a request was written by.
    pub fn version(&self, code: &str, version: u32) -> Option<&Regime> {
        self.all
            .values()
            .find(|regime| regime.code.as_str() == code && regime.version == version)
    }

    /// The latest version of a description.
    pub fn latest(&self, code: &str) -> Option<&Regime> {
        self.all
            .values()
            .filter(|regime| regime.code.as_str() == code)
            .max_by_key(|regime| regime.version)
    }

    /// The latest version of each.
    pub fn all(&self) -> Vec<&Regime> {
        let mut latest: BTreeMap<&str, &Regime> = BTreeMap::new();
        for regime in self.all.values() {
            latest.insert(regime.code.as_str(), regime);
        }
        latest.into_values().collect()
    }
}

impl Regime {
    /// Whether requests can be made by it on a day.
    pub fn in_use(&self, today: NaiveDate) -> bool {
        self.retired_on.is_none_or(|day| today < day)
    }

    /// As people see it.
    pub fn view(&self) -> RegimeView {
        let cited = |text: &str, citation: Option<&String>| match citation {
            Some(citation) => format!("{text} ({citation})"),
            None => text.to_owned(),
        };
        RegimeView {
            code: self.code.to_string(),
            version: self.version,
            state: self.state.clone(),
            name: self.name.clone(),
            citation: self.citation.clone(),
            decided_by: cited(&self.decided_by.text, self.decided_by.citation.as_ref()),
            decides_within: self
                .clock
                .days
                .map(|days| format!("{days} days ({})", self.clock.citation)),
            silence: [
                Some(cited(&self.clock.text, Some(&self.clock.citation))),
                self.before.clone(),
            ]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join(" "),
            longest: cited(&self.longest.text, self.longest.citation.as_ref()),
            retired_on: self.retired_on,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ships_can_be_read_and_every_part_says_where_the_law_asks_for_it() {
        let regimes = Regimes::load(None).expect("they can be read");
        let texas = regimes.latest("tx-tec-7-056").expect("Texas");
        assert_eq!((texas.clock.days, texas.longest.months), (Some(30), Some(36)));
        assert_eq!(texas.clock.silence, Silence::Granted);
        assert!(
            texas.view().silence.contains("31st day"),
            "what must be done before is shown"
        );
        let carolina = regimes.latest("nc-115c-105-26").expect("North Carolina");
        assert_eq!(
            (carolina.clock.days, carolina.clock.silence),
            (Some(60), Silence::Nothing)
        );
        for regime in regimes.all() {
            assert!(regime.request.iter().any(|part| part.needed));
            assert!(regime.request.iter().all(|part| part.citation.contains('§')));
        }
    }

    #[test]
    fn a_folder_adds_a_version_that_retires_and_requests_are_still_read_by_the_old_one() {
        let folder = std::env::temp_dir().join(format!("regimes-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        let retired = SHIPPED[0].replace("version: 1", "version: 2\nretired_on: 2027-07-01");
        std::fs::write(folder.join("nc.yaml"), retired).expect("it can be written");
        let regimes = Regimes::load(Some(&folder)).expect("they can be read");
        std::fs::remove_dir_all(&folder).expect("it can be removed");
        let latest = regimes.latest("nc-115c-105-26").expect("it is there");
        let day = |text: &str| text.parse::<NaiveDate>().expect("a day");
        assert!(latest.in_use(day("2027-06-30")) && !latest.in_use(day("2027-07-01")));
        assert_eq!(regimes.version("nc-115c-105-26", 1).expect("the old one").version, 1);
        assert_eq!(regimes.all().len(), 2);
    }
}
