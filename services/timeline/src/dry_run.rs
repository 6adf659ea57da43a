//! Where past loops would have gone by other rules: before those are published.

use std::collections::{BTreeMap, BTreeSet};

use crate::Timeline;
use crate::endpoints::{Asked, away};
use crate::read_model::{Filed, filed_of_late, first_routed};
use crate::views::words;
use contracts::events::intake::TensionFiled;
use contracts::events::routing::TensionRouted;
use contracts::ids::{DepartmentId, LoopId};
use contracts::problem::Problem;
use contracts::queries::{DryRan, DryRun, WentElsewhere, WouldGo};
use contracts::vocabulary::Role;
use domain::rules::{Facts, choose};
use sealing::Keyring;

/// Loops that are looked at where nothing is said.
const LOOPS: u32 = 500;
/// The most that are looked at.
const LOOPS_MAX: u32 = 2000;
/// Loops that are named.
const NAMED_MAX: usize = 100;
/// The most rules.
const RULES_MAX: usize = 500;

/// Tries rules on what was filed of late.
pub(crate) async fn dry_run(timeline: Timeline, asked: Asked<DryRun>) -> Result<DryRan, Problem> {
    let viewer = &asked.viewer;
    if !viewer.has(Role::Administrator) && !viewer.has(Role::Contact) {
        return Err(Problem::not_found("page"));
    }
    let rules = &asked.query.rules;
    if rules.len() > RULES_MAX {
        return Err(Problem::invalid_field("rules", format!("are more than {RULES_MAX}")));
    }
    let limit = asked.query.loops.unwrap_or(LOOPS).clamp(1, LOOPS_MAX);
    let db = &asked.model.db;
    let filed = filed_of_late(db, &viewer.district, limit).await.map_err(away)?;
    let went = first_routed(db, &viewer.district, limit).await.map_err(away)?;
    let by_words = rules.iter().any(|rule| !rule.when.words.is_empty());
    // Titles are for those who see every loop.
    let names = viewer.has(Role::Contact);
    let mut ran = DryRan::default();
    let mut elsewhere: BTreeMap<(Option<DepartmentId>, Option<DepartmentId>), u64> = BTreeMap::new();
    for one in &filed {
        let Ok(tension) = serde_json::from_str::<TensionFiled>(&one.data) else {
            continue;
        };
        let Some(from) = went.get(&one.id).map(|data| department(data)) else {
            // Not routed yet: nothing to compare with.
            continue;
        };
        let text = if by_words {
            text_of(&timeline.keyring, &tension).await?
        } else {
            String::new()
        };
        let zones = zones_of(&timeline, &asked, &tension);
        let facts = Facts {
            area: tension.area.code(),
            kind: tension.kind,
            rule_source: tension.rule_source,
            school: tension.school,
            zones: &zones,
            urgency: tension.urgency,
            text: &text,
        };
        let chosen = choose(rules, &facts);
        let to = chosen.map(|rule| rule.department);
        ran.looked_at += 1;
        if let Some(rule) = chosen {
            *ran.chosen.entry(rule.id.clone()).or_default() += 1;
        }
        if from == to {
            ran.same += 1;
            continue;
        }
        *elsewhere.entry((from, to)).or_default() += 1;
        if names && ran.loops.len() < NAMED_MAX {
            ran.loops.push(named(one, from, to, chosen.map(|rule| rule.id.clone())));
        }
    }
    let counted = |((from, to), count)| WentElsewhere { from, to, count };
    ran.elsewhere = elsewhere.into_iter().map(counted).collect();
    ran.elsewhere.sort_by_key(|one| std::cmp::Reverse(one.count));
    Ok(ran)
}

fn named(one: &Filed, from: Option<DepartmentId>, to: Option<DepartmentId>, rule: Option<String>) -> WouldGo {
    WouldGo {
        id: LoopId(one.id),
        title: one.title.clone(),
        from,
        to,
        rule,
    }
}

/// The department that an event routed to; triage where it is no such event.
fn department(data: &str) -> Option<DepartmentId> {
    serde_json::from_str::<TensionRouted>(data)
        .ok()
        .map(|routed| routed.department)
}

/// The zones that a school is in now.
fn zones_of(timeline: &Timeline, asked: &Asked<DryRun>, tension: &TensionFiled) -> BTreeSet<contracts::ids::ZoneId> {
    timeline
        .districts
        .with(&asked.viewer.district, |record| record.zones_of(tension.school))
        .unwrap_or_default()
}

/// What rules about words look at, as it was filed.
async fn text_of(keyring: &Keyring, tension: &TensionFiled) -> Result<String, Problem> {
    let mut text = String::new();
    let all = [
        Some(&tension.title),
        Some(&tension.trying),
        Some(&tension.barrier),
        tension.tried.as_ref(),
        tension.would_help.as_ref(),
    ];
    for sealed in all.into_iter().flatten() {
        text.push_str(&words(keyring, sealed).await?.to_lowercase());
        text.push('\n');
    }
    Ok(text)
}
