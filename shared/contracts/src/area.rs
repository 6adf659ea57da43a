//! The areas a barrier can be in.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A code of the area list, such as `seat_time`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct Area(String);

/// Code and words for the screen of each area that ships with the product.
pub const AREAS: &[(&str, &str)] = &[
    ("accountability", "Student and school accountability"),
    ("assessment_timing", "Test windows and pacing"),
    ("grading", "Grading and mastery reporting"),
    ("grade_progression", "Grade progression"),
    ("seat_time", "Seat time"),
    ("scheduling", "Bells, calendars and class periods"),
    ("staffing", "Staffing and certified supervision"),
    ("class_size", "Class size"),
    ("teacher_evaluation", "Teacher evaluation"),
    ("principal_evaluation", "Principal evaluation"),
    ("postsecondary", "Transcripts and admissions"),
    ("curriculum_standards", "Curriculum and standards"),
    ("instructional_materials", "Instructional materials"),
    ("technology_access", "Devices and bandwidth"),
    ("platforms", "Learning platforms and content"),
    ("data_privacy", "Data privacy"),
    ("online_safety", "Filters and online safety"),
    ("professional_learning", "Professional learning"),
    ("facilities", "Facilities"),
    ("procurement_budget", "Procurement and budget"),
    ("family_communication", "Family communication"),
    ("out_of_school_learning", "Out-of-school learning"),
    ("other", "Something else"),
];

impl Area {
    /// The area with this code, where there is one.
    pub fn from_code(code: &str) -> Option<Self> {
        AREAS
            .iter()
            .any(|(known, _)| *known == code)
            .then(|| Self(code.to_owned()))
    }

    /// The code.
    pub fn code(&self) -> &str {
        &self.0
    }

    /// The words for the screen.
    pub fn label(&self) -> &str {
        AREAS
            .iter()
            .find(|(code, _)| *code == self.0)
            .map_or(self.0.as_str(), |(_, label)| label)
    }
}

impl<'de> Deserialize<'de> for Area {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let code = String::deserialize(deserializer)?;
        Self::from_code(&code).ok_or_else(|| {
            let known: Vec<&str> = AREAS.iter().map(|(code, _)| *code).collect();
            serde::de::Error::custom(format!("there is no area {code:?}; the areas are {}", known.join(", ")))
        })
    }
}
