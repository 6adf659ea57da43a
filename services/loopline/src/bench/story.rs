//! The made-up district in which is measured: as large as a big city's, with nothing filed yet.

use std::path::{Path, PathBuf};

use anyhow::Context;
use contracts::Claims;
use serde_json::{Value, json};

use super::lives::Cast;

/// Schools, each with somebody who reports.
const SCHOOLS: usize = 60;
/// Departments, each with somebody who decides, and the areas that go to it.
const DEPARTMENTS: [(&str, &[&str]); 6] = [
    (
        "curriculum",
        &[
            "grading",
            "grade_progression",
            "curriculum_standards",
            "instructional_materials",
        ],
    ),
    ("operations", &["seat_time", "scheduling", "class_size", "facilities"]),
    (
        "technology",
        &["technology_access", "platforms", "data_privacy", "online_safety"],
    ),
    ("people", &["staffing", "teacher_evaluation", "professional_learning"]),
    ("assessment", &["assessment_timing", "accountability"]),
    ("finance", &["procurement_budget", "family_communication"]),
];

/// Writes the story to a file of a folder.
pub(super) fn write(folder: &Path) -> anyhow::Result<PathBuf> {
    let schools: Vec<Value> = (0..SCHOOLS)
        .map(|nth| json!({"key": format!("s{nth}"), "name": format!("School {nth}"), "level": "high"}))
        .collect();
    let departments: Vec<Value> = DEPARTMENTS
        .iter()
        .map(|(key, _)| json!({"key": key, "name": format!("The {key} department")}))
        .collect();
    let mut people = Vec::new();
    let mut personas = serde_json::Map::new();
    let mut add = |key: String, roles: Value| {
        people.push(json!({"key": key, "name": format!("Person {key}"), "roles": roles}));
        personas.insert(key.clone(), json!(key));
    };
    for nth in 0..SCHOOLS {
        add(
            format!("reporter-{nth}"),
            json!([{"role": "reporter", "school": format!("s{nth}")}]),
        );
    }
    for (key, _) in DEPARTMENTS {
        add(
            format!("staff-{key}"),
            json!([{"role": "department_staff", "department": key}]),
        );
    }
    for role in ["contact", "leader", "auditor", "administrator"] {
        add(role.to_owned(), json!([{"role": role}]));
    }
    let rules: Vec<Value> = DEPARTMENTS
        .iter()
        .map(|(key, areas)| {
            json!({"id": key, "name": format!("To {key}"), "areas": areas, "department": key, "service_level": "standard"})
        })
        .collect();
    let story = json!({
        "district": {"slug": "measured", "name": "The measured district", "time_zone": "America/New_York"},
        "calendar": {"closed": []},
        "service_levels": [
            {"id": "standard", "name": "Standard", "acknowledge_days": 3, "next_word_days": 10, "resolve_days": 30, "due_soon_days": 2},
            {"id": "urgent", "name": "Blocking now", "acknowledge_days": 1, "next_word_days": 5, "resolve_days": 15, "due_soon_days": 1}
        ],
        "schools": schools, "departments": departments, "people": people, "personas": personas,
        "contact": {"person": "contact", "duties": "Keeps loops moving."},
        "routing_rules": rules, "loops": [],
    });
    let file = folder.join("story.yaml");
    // JSON is YAML.
    std::fs::write(&file, serde_json::to_string(&story)?)?;
    Ok(file)
}

/// Who speaks for what, with their tokens.
#[derive(Debug)]
pub(super) struct People {
    tokens: Value,
}

impl People {
    /// Reads the tokens of a data folder.
    pub(super) fn read(data: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(data.join("demo-tokens.json")).context("failed to read the tokens")?;
        Ok(Self {
            tokens: serde_json::from_str(&text)?,
        })
    }

    fn token(&self, persona: &str) -> anyhow::Result<String> {
        let token = self.tokens.get(persona).and_then(Value::as_str);
        Ok(token
            .with_context(|| format!("there is no token of {persona}"))?
            .to_owned())
    }

    fn claims(&self, persona: &str) -> anyhow::Result<Claims> {
        let claims = self.tokens.pointer(&format!("/people/{persona}"));
        let claims = claims.with_context(|| format!("nothing is known of {persona}"))?;
        Ok(serde_json::from_value(claims.clone())?)
    }

    /// The tokens of those who report, one a school.
    pub(super) fn reporters(&self) -> anyhow::Result<Vec<String>> {
        (0..SCHOOLS).map(|nth| self.token(&format!("reporter-{nth}"))).collect()
    }

    /// The token of the one who decides in a department.
    pub(super) fn staff(&self, department: usize) -> anyhow::Result<String> {
        self.token(&format!("staff-{}", DEPARTMENTS[department % DEPARTMENTS.len()].0))
    }

    /// The id of the one who decides in a department.
    pub(super) fn person_of_staff(&self, department: usize) -> anyhow::Result<String> {
        let claims = self.claims(&format!("staff-{}", DEPARTMENTS[department % DEPARTMENTS.len()].0))?;
        Ok(claims.person.to_string())
    }

    /// The id of the central-office contact.
    pub(super) fn person_of_contact(&self) -> anyhow::Result<String> {
        Ok(self.claims("contact")?.person.to_string())
    }

    /// The token of the central-office contact.
    pub(super) fn contact(&self) -> anyhow::Result<String> {
        self.token("contact")
    }

    /// Who is in the district.
    pub(super) fn cast(&self) -> anyhow::Result<Cast> {
        let staff = DEPARTMENTS.iter().map(|(key, _)| self.claims(&format!("staff-{key}")));
        let areas = DEPARTMENTS
            .iter()
            .enumerate()
            .flat_map(|(place, (_, areas))| areas.iter().map(move |area| (*area, place)));
        Ok(Cast {
            reporters: (0..SCHOOLS)
                .map(|nth| self.claims(&format!("reporter-{nth}")))
                .collect::<anyhow::Result<_>>()?,
            staff: staff.collect::<anyhow::Result<_>>()?,
            areas: areas.collect(),
        })
    }
}

/// The department that an area goes to, and one of its areas, by a number.
pub(super) fn area(nth: usize) -> (&'static str, usize) {
    let department = nth % DEPARTMENTS.len();
    (DEPARTMENTS[department].1[0], department)
}
