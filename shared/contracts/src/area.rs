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

/// An area as a district has it: one of its own, or one of ours that it calls otherwise or no longer offers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DistrictArea {
    /// The code.
    pub code: Area,
    /// The words for the screen.
    pub label: String,
    /// Whether nothing new is filed under it; what was stays.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub retired: bool,
}

/// The longest code.
const CODE_MAX: usize = 40;

impl Area {
    /// The area with this code, where it can be one: a district has areas of its own beside ours. Whether it is one there,
    /// the district's record says.
    pub fn from_code(code: &str) -> Option<Self> {
        let mut bytes = code.bytes();
        let well = bytes.next().is_some_and(|first| first.is_ascii_lowercase())
            && bytes.all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
        (well && code.len() <= CODE_MAX).then(|| Self(code.to_owned()))
    }

    /// Whether it ships with the product.
    pub fn is_ours(&self) -> bool {
        AREAS.iter().any(|(code, _)| *code == self.0)
    }

    /// The code.
    pub fn code(&self) -> &str {
        &self.0
    }

    /// The words for the screen, where the district has none of its own for it.
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
            serde::de::Error::custom(format!(
                "{code:?} cannot be the code of an area: small letters, digits and underscores, at most {CODE_MAX}"
            ))
        })
    }
}
