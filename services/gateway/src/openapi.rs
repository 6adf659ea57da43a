//! The OpenAPI 3.1 document, made from the types that are read and written.

use contracts::action::{AUTHORITY, Action};
use contracts::commands as wire;
use contracts::directory_action::DirectoryAction;
use contracts::office_action::OfficeAction;
use contracts::problem::Problem;
use contracts::queries::{
    Changed, ClauseMap, DistrictView, DryRan, DryRun, Entry, FlexibilityRow, FlexibilityView, LedgerView, LoopRow,
    LoopView, Page, PatternRow, PatternView, PeopleFound, RegimeView, ReviewView, Similar, WaiverView, WordsView,
};
use contracts::register_action::RegisterAction;
use contracts::vocabulary::Role;
use schemars::generate::{SchemaGenerator, SchemaSettings};
use schemars::{JsonSchema, Schema};
use serde_json::{Map, Value, json};

use crate::api::documented::{Begun, Figures, Filed, Several, Stages, Versioned, WrittenDown};

struct Made {
    generator: SchemaGenerator,
    paths: Map<String, Value>,
}

impl Made {
    fn schema<T: JsonSchema>(&mut self) -> Schema {
        self.generator.subschema_for::<T>()
    }

    fn add(&mut self, path: &str, method: &str, operation: Value) {
        let entry = self.paths.entry(path.to_owned()).or_insert_with(|| json!({}));
        if let Some(object) = entry.as_object_mut() {
            object.insert(method.to_owned(), operation);
        }
    }
}

fn parameter(name: &str, place: &str, description: &str) -> Value {
    json!({"name": name, "in": place, "required": place == "path", "description": description, "schema": {"type": "string"}})
}

/// Asks for what was known at an earlier time.
fn as_of() -> Value {
    parameter(
        "as_of",
        "query",
        "As it was known then: the end of a day, or just after a place in the record; `known_at` in the answer says which \
         event was the last. For: contact, leader, auditor.",
    )
}

fn headers_of_change() -> Vec<Value> {
    vec![
        parameter(
            "Idempotency-Key",
            "header",
            "Makes a retry safe: the same key with the same body is done once.",
        ),
        parameter(
            "If-Match",
            "header",
            "The version you know, quoted; 412 where something happened since.",
        ),
    ]
}

fn body_of(action: Action, made: &mut Made) -> Schema {
    match action {
        Action::File => made.schema::<wire::FileTension>(),
        Action::Amend => made.schema::<wire::Amend>(),
        Action::Join => made.schema::<wire::Join>(),
        Action::Leave => made.schema::<wire::Leave>(),
        Action::HandOn => made.schema::<wire::HandOn>(),
        Action::Answer => made.schema::<wire::Answer>(),
        Action::Withdraw => made.schema::<wire::Withdraw>(),
        Action::Confirm => made.schema::<wire::Confirm>(),
        Action::Refuse => made.schema::<wire::Refuse>(),
        Action::Appeal => made.schema::<wire::Appeal>(),
        Action::FollowUp => made.schema::<wire::FollowUp>(),
        Action::Route => made.schema::<wire::Route>(),
        Action::Reroute => made.schema::<wire::Reroute>(),
        Action::Collaborate => made.schema::<wire::Collaborate>(),
        Action::Escalate => made.schema::<wire::Escalate>(),
        Action::DecideTeam | Action::DecideEscalation => made.schema::<wire::Decide>(),
        Action::ChangeDue => made.schema::<wire::ChangeDue>(),
        Action::Acknowledge => made.schema::<wire::Acknowledge>(),
        Action::Assign => made.schema::<wire::Assign>(),
        Action::Ask => made.schema::<wire::Ask>(),
        Action::Note => made.schema::<wire::Note>(),
        Action::PutBeforeTeam => made.schema::<wire::PutBeforeTeam>(),
        Action::Propose => made.schema::<wire::Propose>(),
        Action::Decline => made.schema::<wire::Decline>(),
        Action::WithdrawResolution => made.schema::<wire::WithdrawResolution>(),
        Action::StateAnswer => made.schema::<wire::StateAnswer>(),
        Action::CorrectRule => made.schema::<wire::CorrectRule>(),
        Action::Contest => made.schema::<wire::Contest>(),
        Action::Erase => made.schema::<wire::Erase>(),
        Action::Hold => made.schema::<wire::Hold>(),
        Action::LiftHold => made.schema::<wire::LiftHold>(),
        Action::Disclose => made.schema::<wire::Disclose>(),
    }
}

fn change(made: &mut Made, summary: &str, body: &Schema, status: &str, answer: &Schema, more: Vec<Value>) -> Value {
    let problem = made.schema::<Problem>();
    let parameters = [headers_of_change(), more].concat();
    json!({
        "summary": summary,
        "parameters": parameters,
        "requestBody": {"required": true, "content": {"application/json": {"schema": body}}},
        "responses": {
            status: {"description": "Done", "content": {"application/json": {"schema": answer}}},
            "default": {"description": "A problem: what is wrong and what to do", "content": {"application/problem+json": {"schema": problem}}},
        },
    })
}

fn read(made: &mut Made, summary: &str, answer: &Schema, parameters: Vec<Value>) -> Value {
    let problem = made.schema::<Problem>();
    let at_least = parameter(
        "Loopline-At-Least",
        "header",
        "The answer reflects at least this version.",
    );
    let parameters = [parameters, vec![at_least]].concat();
    json!({
        "summary": summary,
        "parameters": parameters,
        "responses": {
            "200": {"description": "The answer", "content": {"application/json": {"schema": answer}}},
            "default": {"description": "A problem: what is wrong and what to do", "content": {"application/problem+json": {"schema": problem}}},
        },
    })
}

/// What is given as it is, and not as JSON.
fn plain(made: &mut Made, summary: &str, content: &str, parameters: Vec<Value>) -> Value {
    let problem = made.schema::<Problem>();
    json!({
        "summary": summary,
        "parameters": parameters,
        "responses": {
            "200": {"description": "The answer", "content": {content: {}}},
            "default": {"description": "A problem: what is wrong and what to do", "content": {"application/problem+json": {"schema": problem}}},
        },
    })
}

/// Words that stand beside the loops.
fn words(made: &mut Made) {
    let whose = || {
        vec![
            parameter(
                "of",
                "path",
                "`flexibility`, `pattern`, `waiver`, `review` or `person`.",
            ),
            parameter("id", "path", "Which."),
        ]
    };
    let view = made.schema::<WordsView>();
    let operation = read(
        made,
        "The words of a thing beside the loops, one by one. For: central-office contact, auditor.",
        &view,
        whose(),
    );
    made.add("/api/v1/words/{of}/{id}", "get", operation);
    let answer = made.schema::<Versioned>();
    for (deed, what, body) in [
        (
            "erase",
            "Erase such words for good. For: central-office contact.",
            made.schema::<wire::EraseWords>(),
        ),
        (
            "hold",
            "Forbid erasing any of them. For: auditor.",
            made.schema::<wire::HoldWords>(),
        ),
        (
            "release",
            "Lift such a hold. For: auditor.",
            made.schema::<wire::ReleaseWords>(),
        ),
    ] {
        let operation = change(made, what, &body, "200", &answer, whose());
        made.add(&format!("/api/v1/words/{{of}}/{{id}}/{deed}"), "post", operation);
    }
}

/// The record that proves itself.
fn ledger(made: &mut Made) {
    let view = made.schema::<LedgerView>();
    let operation = read(
        made,
        "How the district's ledger stands. For: auditor, leader, administrator.",
        &view,
        vec![],
    );
    made.add("/api/v1/ledger", "get", operation);
    let (body, answer) = (made.schema::<wire::KeepCheckpoint>(), made.schema::<Versioned>());
    let operation = change(
        made,
        "Say that you keep a checkpoint outside. For: auditor, leader, administrator.",
        &body,
        "200",
        &answer,
        vec![],
    );
    made.add("/api/v1/ledger/keep-checkpoint", "post", operation);
    let of_loop = vec![parameter("id", "path", "The loop's id or number.")];
    let operation = plain(
        made,
        "The receipt of the last event of a loop that you may read of (C2SP tlog-proof, with the entry as its extra data)",
        "text/plain",
        of_loop,
    );
    made.add("/api/v1/loops/{id}/receipt", "get", operation);
    let given = vec![
        parameter("id", "path", "The loop's id or number."),
        parameter("event", "path", "The version that giving it out was answered with."),
    ];
    let operation = plain(
        made,
        "What was given out of a loop, as a zip file that `loopline verify` checks. For: auditor.",
        "application/zip",
        given,
    );
    made.add("/api/v1/loops/{id}/disclosed/{event}", "get", operation);
    let body = made.schema::<Several>();
    let problem = made.schema::<Problem>();
    let operation = json!({
        "summary": "Give loops of a school or a time out together: each is written down, then all are one zip file. For: auditor.",
        "parameters": headers_of_change(),
        "requestBody": {"required": true, "content": {"application/json": {"schema": body}}},
        "responses": {
            "200": {"description": "The file", "content": {"application/zip": {}}},
            "default": {"description": "A problem: what is wrong and what to do", "content": {"application/problem+json": {"schema": problem}}},
        },
    });
    made.add("/api/v1/disclosures", "post", operation);
    words(made);
    let district = || parameter("district", "path", "The district's short name.");
    let operation = plain(
        made,
        "The latest checkpoint (C2SP tlog-checkpoint); anybody may ask",
        "text/plain",
        vec![district()],
    );
    made.add("/ledger/{district}/checkpoint", "get", operation);
    let operation = plain(
        made,
        "The keys that checkpoints are signed with, the one in force first; anybody may ask",
        "text/plain",
        vec![district()],
    );
    made.add("/ledger/{district}/keys", "get", operation);
    let path = parameter(
        "path",
        "path",
        "`<L>/<N>[.p/<W>]` for hashes, `entries/<N>[.p/<W>]` for entries (C2SP tlog-tiles).",
    );
    let operation = plain(
        made,
        "Hashes of the tree for anybody, entries for the district's auditor",
        "application/octet-stream",
        vec![district(), path],
    );
    made.add("/ledger/{district}/tile/{path}", "get", operation);
}

/// Who may do it, in a sentence, from the one declared table.
fn who(action: Action) -> String {
    let roles: std::collections::BTreeSet<&str> = AUTHORITY
        .iter()
        .filter(|(listed, _, _)| *listed == action)
        .map(|(_, role, _)| role.label())
        .collect();
    format!(
        "For: {}.",
        roles.into_iter().collect::<Vec<_>>().join(", ").to_lowercase()
    )
}

/// The register: what is allowed, for whom.
fn register(made: &mut Made) {
    let id = || parameter("id", "path", "The id of a part of the register.");
    let on = || parameter("on", "query", "As it was at the end of this day.");
    let answer = made.schema::<Page<FlexibilityRow>>();
    let filters = [
        "q",
        "area",
        "school",
        "scope",
        "says",
        "department",
        "ended",
        "ends_before",
        "zone",
        "limit",
        "cursor",
    ]
    .map(|name| {
        parameter(
            name,
            "query",
            "Only parts that fit; scope is schools, zone or district.",
        )
    });
    let operation = read(
        made,
        "What is allowed, for whom",
        &answer,
        [filters.to_vec(), vec![on()]].concat(),
    );
    made.add("/api/v1/flexibilities", "get", operation);
    let (body, answer) = (made.schema::<wire::WriteDown>(), made.schema::<WrittenDown>());
    let operation = change(
        made,
        "Write something into the register",
        &body,
        "201",
        &answer,
        Vec::new(),
    );
    made.add("/api/v1/flexibilities", "post", operation);
    let answer = made.schema::<FlexibilityView>();
    let operation = read(made, "One part of the register", &answer, vec![id(), on()]);
    made.add("/api/v1/flexibilities/{id}", "get", operation);
    let answer = made.schema::<Similar>();
    let asked =
        ["text", "area", "limit"].map(|name| parameter(name, "query", "What is being typed; up to 20 of each."));
    let operation = read(made, "What is like what is being typed", &answer, asked.to_vec());
    made.add("/api/v1/similar", "get", operation);
    let answer = made.schema::<Versioned>();
    for action in RegisterAction::ALL {
        let body = match action {
            RegisterAction::WriteDown => continue,
            RegisterAction::Widen => made.schema::<wire::Widen>(),
            RegisterAction::ChangeConditions => made.schema::<wire::ChangeConditions>(),
            RegisterAction::PublishRationale => made.schema::<wire::PublishRationale>(),
            RegisterAction::ShowTo => made.schema::<wire::ShowTo>(),
            RegisterAction::Renew => made.schema::<wire::Renew>(),
            RegisterAction::Revoke => made.schema::<wire::Revoke>(),
            RegisterAction::Claim => made.schema::<wire::Claim>(),
            RegisterAction::AnswerPilot => made.schema::<wire::AnswerPilot>(),
        };
        let slug = action.slug();
        let operation = change(made, slug, &body, "200", &answer, vec![id()]);
        made.add(&format!("/api/v1/flexibilities/{{id}}/{slug}"), "post", operation);
    }
}

/// What the district office does about rules: patterns, requests to the state, reviews.
fn office(made: &mut Made) {
    let id = || parameter("id", "path", "Its id.");
    let paging = || {
        ["standing", "open", "loop", "limit", "cursor"]
            .map(|name| parameter(name, "query", "Only those that fit; a page of up to 200."))
            .to_vec()
    };
    let lists = [
        (
            "patterns",
            "Rules and areas that several schools meet",
            made.schema::<Page<PatternRow>>(),
        ),
        ("waivers", "Requests to the state", made.schema::<Page<WaiverView>>()),
        (
            "reviews",
            "Reviews of the district's own rules",
            made.schema::<Page<ReviewView>>(),
        ),
    ];
    for (path, summary, answer) in lists {
        let operation = read(made, summary, &answer, paging());
        made.add(&format!("/api/v1/{path}"), "get", operation);
    }
    let things = [
        ("patterns", "One pattern", made.schema::<PatternView>()),
        (
            "waivers",
            "One request to the state: the packet",
            made.schema::<WaiverView>(),
        ),
        ("reviews", "One review", made.schema::<ReviewView>()),
    ];
    for (path, summary, answer) in things {
        let operation = read(made, summary, &answer, vec![id()]);
        made.add(&format!("/api/v1/{path}/{{id}}"), "get", operation);
    }
    let answer = made.schema::<ClauseMap>();
    let from = parameter("from", "query", "From this day on; a year back where absent.");
    let operation = read(made, "Which rules are met where", &answer, vec![from]);
    made.add("/api/v1/patterns/clauses", "get", operation);
    let answer = made.schema::<Vec<RegimeView>>();
    let operation = read(made, "How states are asked", &answer, Vec::new());
    made.add("/api/v1/regimes", "get", operation);
    let (begun, versioned) = (made.schema::<Begun>(), made.schema::<Versioned>());
    for action in OfficeAction::ALL {
        let body = match action {
            OfficeAction::ProposeRevision => made.schema::<wire::ProposeRevision>(),
            OfficeAction::DecideRevision => made.schema::<wire::DecideRevision>(),
            OfficeAction::DraftWaiver => made.schema::<wire::DraftWaiver>(),
            OfficeAction::SubmitWaiver => made.schema::<wire::SubmitWaiver>(),
            OfficeAction::AnswerWaiver => made.schema::<wire::AnswerWaiver>(),
            OfficeAction::OpenReview => made.schema::<wire::OpenReview>(),
            OfficeAction::ExamineClause => made.schema::<wire::ExamineClause>(),
            OfficeAction::ConcludeReview => made.schema::<wire::ConcludeReview>(),
        };
        let things = format!("/api/v1/{}s", action.thing().token());
        let (path, status, answer, parameters) = if action.begins() {
            (things, "201", &begun, Vec::new())
        } else {
            (
                format!("{things}/{{id}}/{}", action.name()),
                "200",
                &versioned,
                vec![id()],
            )
        };
        let operation = change(made, action.slug(), &body, status, answer, parameters);
        made.add(&path, "post", operation);
    }
}

/// What a district sets about itself, and what it asks of it.
fn directory(made: &mut Made) {
    let (begun, answer) = (made.schema::<Begun>(), made.schema::<Versioned>());
    for action in DirectoryAction::ALL {
        let body = match action {
            DirectoryAction::SetCalendar => made.schema::<wire::SetCalendar>(),
            DirectoryAction::SetServiceLevel => made.schema::<wire::SetServiceLevel>(),
            DirectoryAction::PublishRoutingRules => made.schema::<wire::PublishRoutingRules>(),
            DirectoryAction::SetPatternThresholds => made.schema::<wire::SetPatternThresholds>(),
            DirectoryAction::SetAreas => made.schema::<wire::SetAreas>(),
            DirectoryAction::DesignateContact => made.schema::<wire::DesignateContact>(),
            DirectoryAction::SetSignOn => made.schema::<wire::SetSignOn>(),
            DirectoryAction::RemoveSignOn => made.schema::<wire::RemoveSignOn>(),
            DirectoryAction::SetSchool => made.schema::<wire::SetSchool>(),
            DirectoryAction::RetireSchool => made.schema::<wire::RetireSchool>(),
            DirectoryAction::SetDepartment => made.schema::<wire::SetDepartment>(),
            DirectoryAction::RetireDepartment => made.schema::<wire::RetireDepartment>(),
            DirectoryAction::KeepAnswer => made.schema::<wire::KeepAnswer>(),
            DirectoryAction::DropAnswer => made.schema::<wire::DropAnswer>(),
            DirectoryAction::FormTeam => made.schema::<wire::FormTeam>(),
            DirectoryAction::DefineZone => made.schema::<wire::DefineZone>(),
            DirectoryAction::SetPerson => made.schema::<wire::SetPerson>(),
            DirectoryAction::GrantRole | DirectoryAction::RevokeRole => made.schema::<wire::GrantRole>(),
            DirectoryAction::DisablePerson => made.schema::<wire::DisablePerson>(),
            DirectoryAction::EnablePerson => made.schema::<wire::EnablePerson>(),
            DirectoryAction::RemoveSecondStep => made.schema::<wire::RemoveSecondStep>(),
            DirectoryAction::NameStandIn => made.schema::<wire::NameStandIn>(),
            DirectoryAction::EndStandIn => made.schema::<wire::EndStandIn>(),
            DirectoryAction::MakeToken => made.schema::<wire::MakeToken>(),
            DirectoryAction::EndToken => made.schema::<wire::EndToken>(),
        };
        let roles: Vec<&str> = action.roles().iter().map(|role| role.label()).collect();
        let who = if roles.len() == Role::ALL.len() {
            "For: anybody, about themselves.".to_owned()
        } else {
            format!("For: {}.", roles.join(", ").to_lowercase())
        };
        let described = |mut operation: Value| {
            operation["description"] = json!(who);
            operation
        };
        let path = action.path();
        let parameters = if path.contains("{id}") {
            vec![parameter(
                "id",
                "path",
                &format!("The id of the {}.", action.thing().token()),
            )]
        } else {
            Vec::new()
        };
        let operation = change(made, action.slug(), &body, "200", &answer, parameters);
        made.add(&format!("/api/v1/directory/{path}"), "post", described(operation));
        if let Some(things) = action.makes() {
            let summary = format!("{}, of something new", action.slug());
            let operation = change(made, &summary, &body, "201", &begun, Vec::new());
            made.add(&format!("/api/v1/directory/{things}"), "post", described(operation));
        }
    }
    let (body, answer) = (made.schema::<DryRun>(), made.schema::<DryRan>());
    let summary = "Where past loops would have gone by other rules; nothing is changed";
    let operation = change(made, summary, &body, "200", &answer, Vec::new());
    made.add("/api/v1/directory/routing-rules/dry-run", "post", operation);
    let answer = made.schema::<PeopleFound>();
    let sought = ["q", "person"].map(|name| parameter(name, "query", "Part of a name or address, or one person's id."));
    let operation = read(made, "People, to administrators", &answer, sought.to_vec());
    made.add("/api/v1/directory/people", "get", operation);
    let answer = made.schema::<Vec<Changed>>();
    let of = ["school", "department", "team", "zone", "person"].map(|name| {
        parameter(
            name,
            "query",
            "Of this one; of the district's settings where none is named.",
        )
    });
    let operation = read(
        made,
        "What was changed, by whom, and what stood there before",
        &answer,
        of.to_vec(),
    );
    made.add("/api/v1/directory/changes", "get", operation);
}

/// The document.
pub fn document() -> Value {
    let mut settings = SchemaSettings::draft2020_12();
    "/components/schemas/".clone_into(settings.definitions_path.to_mut());
    settings.meta_schema = None;
    let mut made = Made {
        generator: settings.into_generator(),
        paths: Map::new(),
    };
    let id = || parameter("id", "path", "A loop's id, or its number such as 7F3-K9QM.");
    let paging = || {
        vec![
            parameter("limit", "query", "Up to 200."),
            parameter("cursor", "query", "From `next` of the page before."),
        ]
    };

    let (body, answer) = (made.schema::<wire::FileTension>(), made.schema::<Filed>());
    let operation = change(&mut made, "File a tension", &body, "201", &answer, Vec::new());
    made.add("/api/v1/tensions", "post", operation);

    let answer = made.schema::<Page<LoopRow>>();
    let filters = [
        "state",
        "open",
        "department",
        "team",
        "school",
        "level",
        "zone",
        "area",
        "q",
        "late",
        "joinable",
        "sort",
    ]
    .map(|name| {
        parameter(
            name,
            "query",
            "Only loops that fit; sort is newest, oldest, due or changed.",
        )
    });
    let operation = read(
        &mut made,
        "Loops one may see",
        &answer,
        [filters.to_vec(), vec![as_of()], paging()].concat(),
    );
    made.add("/api/v1/loops", "get", operation);
    let answer = made.schema::<LoopView>();
    let operation = read(&mut made, "One loop", &answer, vec![id(), as_of()]);
    made.add("/api/v1/loops/{id}", "get", operation);
    let answer = made.schema::<Page<Entry>>();
    let operation = read(
        &mut made,
        "What happened, ascending",
        &answer,
        [vec![id(), as_of()], paging()].concat(),
    );
    made.add("/api/v1/loops/{id}/timeline", "get", operation);
    ledger(&mut made);

    register(&mut made);
    office(&mut made);

    let answer = made.schema::<Versioned>();
    for action in Action::ALL {
        if matches!(action, Action::File | Action::DecideEscalation) {
            continue;
        }
        let slug = if *action == Action::DecideTeam {
            "decide"
        } else {
            action.slug()
        };
        let body = body_of(*action, &mut made);
        let mut operation = change(&mut made, slug, &body, "200", &answer, vec![id()]);
        if let Some(object) = operation.as_object_mut() {
            object.insert("description".to_owned(), json!(who(*action)));
        }
        made.add(&format!("/api/v1/loops/{{id}}/{slug}"), "post", operation);
    }

    let events = json!({
        "summary": "Changes one may see, as they happen (server-sent events; id is the stream sequence)",
        "parameters": [parameter("Last-Event-ID", "header", "Go on after this id.")],
        "responses": {"200": {"description": "A stream of `change` events", "content": {"text/event-stream": {}}}},
    });
    made.add("/api/v1/events", "get", events);
    let answer = made.schema::<contracts::Claims>();
    let operation = read(&mut made, "Who one is", &answer, Vec::new());
    made.add("/api/v1/me", "get", operation);
    let answer = made.schema::<DistrictView>();
    let operation = read(&mut made, "The district", &answer, Vec::new());
    made.add("/api/v1/directory", "get", operation);
    directory(&mut made);
    let period = || {
        let counted = ["from", "to", "department", "area", "school", "level", "zone"]
            .map(|name| parameter(name, "query", "The period and what is counted."));
        [counted.to_vec(), vec![as_of()]].concat()
    };
    let by = parameter(
        "by",
        "query",
        "The figures once more, told apart by `department`, `area` or `school`.",
    );
    let answer = made.schema::<Figures>();
    let operation = read(&mut made, "Leaders' figures", &answer, [period(), vec![by]].concat());
    made.add("/api/v1/metrics/summary", "get", operation);
    let answer = made.schema::<Stages>();
    let operation = read(&mut made, "Time in each stage", &answer, period());
    made.add("/api/v1/metrics/stages", "get", operation);
    let answer = made.schema::<contracts::queries::Trend>();
    let counted = ["to", "months", "department", "area", "school", "level", "zone"]
        .map(|name| parameter(name, "query", "The months and what is counted."));
    let operation = read(
        &mut made,
        "What came and ended, month by month",
        &answer,
        [counted.to_vec(), vec![as_of()]].concat(),
    );
    made.add("/api/v1/metrics/trend", "get", operation);

    let schemas = made.generator.take_definitions(true);
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Loopline",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Feedback loops between schools and their district.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": made.paths,
        "components": {"schemas": schemas, "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}}},
        "security": [{"bearer": []}],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reference_in_the_document_is_defined() {
        let document = document();
        let defined = document["components"]["schemas"].as_object().expect("schemas");
        let text = document.to_string();
        let mut references = 0;
        for part in text.split("\"#/components/schemas/").skip(1) {
            let name = part.split('"').next().expect("a name");
            assert!(defined.contains_key(name), "{name} is not defined");
            references += 1;
        }
        assert!(references > 50, "{references}");
    }

    #[test]
    fn every_action_has_its_address() {
        let document = document();
        let paths = document["paths"].as_object().expect("paths");
        for slug in [
            "acknowledge",
            "ask",
            "answer",
            "decide",
            "hand-on",
            "put-before-team",
            "follow-up",
        ] {
            assert!(paths.contains_key(&format!("/api/v1/loops/{{id}}/{slug}")), "{slug}");
        }
    }
}
