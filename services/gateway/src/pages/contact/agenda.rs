//! `GET /contact/agenda`: what there is to talk about on a visit to a school, or with a team, to print.

use askama::Template;
use axum::extract::Query;
use axum::response::Response;
use contracts::ids::{SchoolId, TeamId};
use contracts::problem::Problem;
use contracts::queries::{LoopRow, LoopsQuery, PAGE_MAX, Page, PatternRow, PatternsQuery, Sort};
use contracts::vocabulary::{LoopState, PatternStanding, Role};

use super::super::forms::Typed;
use super::super::rows::{Group, Row};
use super::super::shell::{self, Here, Shell};
use super::super::viewer::{Desk, Viewer};
use super::super::words;

/// An agenda.
#[derive(Debug, Clone, Template)]
#[template(path = "pages/agenda.html")]
pub(in crate::pages) struct AgendaPage {
    pub shell: Shell,
    pub heading: String,
    pub groups: Vec<Group>,
    /// Changes of rules that lie before a team: address, title, and how many schools meet the rule.
    pub revisions: Vec<(String, String, String)>,
    pub nothing: bool,
}

/// With whom one meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::pages) enum With {
    School(SchoolId),
    Team(TeamId),
}

impl AgendaPage {
    /// Draws the agenda from open loops, and from the patterns that lie before teams.
    pub(in crate::pages) fn new(viewer: &Viewer, with: With, open: &[LoopRow], patterns: &[PatternRow]) -> Self {
        let rows = |wanted: &dyn Fn(&&LoopRow) -> bool| Row::all(open.iter().filter(wanted), viewer);
        let (heading, groups) = match with {
            With::School(school) => {
                let here = |row: &&LoopRow| row.schools.iter().any(|part| part.id == school);
                let asked = |row: &&LoopRow| {
                    row.schools.iter().any(|part| {
                        part.id == school
                            && (part.follow_up_asked
                                || matches!(part.state, LoopState::Proposed | LoopState::WaitingForSchool))
                    })
                };
                let groups = vec![
                    Group::new(
                        "asked",
                        "The school is asked for a word",
                        "",
                        rows(&|row| here(row) && asked(row)),
                    ),
                    Group::new(
                        "late",
                        "The office owes a word, and is late",
                        "",
                        rows(&|row| here(row) && !asked(row) && row.late),
                    ),
                    Group::new(
                        "open",
                        "Open, with somebody",
                        "",
                        rows(&|row| here(row) && !asked(row) && !row.late),
                    ),
                ];
                (
                    format!("A visit to {}", words::school(&viewer.district, school)),
                    groups,
                )
            }
            With::Team(team) => {
                let name = words::team(&viewer.district, team);
                let groups = vec![Group::new("before", "Before the team, to decide", "", rows(&|_| true))];
                (format!("A meeting of {name}"), groups)
            }
        };
        let before = |row: &&PatternRow| row.before_team.is_some_and(|team| With::Team(team) == with);
        let revisions = patterns.iter().filter(before);
        let revisions: Vec<_> = revisions
            .map(|row| {
                let schools = super::super::days::counted(row.schools, "school meets it", "schools meet it");
                (format!("/patterns/{}", row.id), row.title.clone(), schools)
            })
            .collect();
        Self {
            shell: viewer.shell("Agenda", Here::Contact),
            heading,
            nothing: revisions.is_empty() && groups.iter().all(|group| group.rows.is_empty()),
            groups,
            revisions,
        }
    }
}

pub(in crate::pages) async fn show(desk: Desk, Query(typed): Query<Vec<(String, String)>>) -> Response {
    desk.or_trouble(page(&desk, &Typed::from(typed)).await)
}

async fn page(desk: &Desk, typed: &Typed) -> Result<Response, Problem> {
    if !desk.viewer.has(Role::Contact) {
        return Err(Problem::forbidden("agendas are for the central-office contact"));
    }
    let district = &desk.viewer.district;
    let school = typed.read::<SchoolId>("school").map(With::School);
    let team = typed.read::<TeamId>("team").map(With::Team);
    let known = |with: &With| match with {
        With::School(id) => district.schools.iter().any(|school| school.id == *id),
        With::Team(id) => district.teams.iter().any(|team| team.id == *id),
    };
    let with = school.or(team).filter(known).ok_or_else(|| {
        Problem::new(
            "nobody-chosen",
            404,
            "Nobody is chosen",
            "go back and choose a school or a team",
        )
    })?;
    let query = LoopsQuery {
        open: Some(true),
        school: match with {
            With::School(school) => Some(school),
            With::Team(_) => None,
        },
        team: match with {
            With::School(_) => None,
            With::Team(team) => Some(team),
        },
        sort: Sort::Due,
        limit: Some(PAGE_MAX),
        ..LoopsQuery::default()
    };
    let patterns = PatternsQuery {
        standing: Some(PatternStanding::Proposed),
        ..PatternsQuery::default()
    };
    let open: Page<LoopRow> = desk.ask("timeline", "loops", query).await?;
    // Without what the register says, the agenda is made all the same.
    let patterns: Result<Page<PatternRow>, Problem> = desk.ask("flexibility", "patterns", patterns).await;
    let patterns = patterns.map(|page| page.items).unwrap_or_default();
    shell::page(&AgendaPage::new(&desk.viewer, with, &open.items, &patterns))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::samples;

    #[test]
    fn a_team_talks_about_what_lies_before_it_and_a_school_about_no_rule() {
        let viewer = samples::viewer();
        let theirs = TeamId::derived(&["theirs"]);
        let pattern = |title: &str, team: TeamId| PatternRow {
            before_team: Some(team),
            ..samples::pattern_row(PatternStanding::Proposed, title)
        };
        let patterns = [pattern("Ours", theirs), pattern("Another", TeamId::derived(&["other"]))];
        let of = |with: With| AgendaPage::new(&viewer, with, &[], &patterns);
        let titles: Vec<String> = of(With::Team(theirs))
            .revisions
            .into_iter()
            .map(|(_, title, _)| title)
            .collect();
        assert_eq!(titles, ["Ours"]);
        let visit = of(With::School(SchoolId::derived(&["x"])));
        assert!(visit.revisions.is_empty() && visit.nothing);
    }
}
