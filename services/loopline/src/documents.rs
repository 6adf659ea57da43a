//! The AsyncAPI document: events, commands and queries, made from the types that travel.

use contracts::action::Action;
use contracts::events::{
    CustodyEvent, DirectoryEvent, FlexibilityEvent, IntakeEvent, OwnedEvents, PatternEvent, RecordEvent,
    ResolutionEvent, ReviewEvent, RoutingEvent, WaiverEvent,
};
use contracts::office_action::OfficeAction;
use contracts::register_action::RegisterAction;
use contracts::subjects::Thing;
use schemars::Schema;
use schemars::generate::{SchemaGenerator, SchemaSettings};
use serde_json::{Map, Value, json};

/// JSON for people and for comparing: indented, with its last line ended by the printer.
pub(crate) fn pretty(document: &Value) -> String {
    serde_json::to_string_pretty(document).unwrap_or_default()
}

fn messages<E: OwnedEvents>(events: Vec<(&'static str, Schema)>, into: &mut Map<String, Value>) -> Vec<Value> {
    let versions: std::collections::BTreeMap<&str, u32> = E::KINDS.iter().copied().collect();
    events
        .into_iter()
        .map(|(kind, schema)| {
            let version = versions.get(kind).copied().unwrap_or(1);
            let name = format!("org.loopline.{}.{kind}.v{version}", E::OWNER);
            into.insert(
                name.clone(),
                json!({"name": name, "contentType": "application/cloudevents+json", "payload": envelope(&name, &schema)}),
            );
            json!({"$ref": format!("#/components/messages/{name}")})
        })
        .collect()
}

/// A CloudEvents envelope around one event's data.
fn envelope(event_type: &str, data: &Schema) -> Value {
    let text = json!({"type": "string"});
    json!({
        "type": "object",
        "required": ["specversion", "id", "source", "type", "subject", "time", "district", "actor", "commandid", "requesthash", "previous", "data"],
        "properties": {
            "specversion": {"const": "1.0"},
            "id": text,
            "source": text,
            "type": {"const": event_type},
            "subject": text,
            "time": {"type": "string", "format": "date-time"},
            "datacontenttype": {"const": "application/json"},
            "district": text,
            "actor": {"type": "string", "pattern": "^(person|policy)/.+$"},
            "commandid": text,
            "requesthash": text,
            "causationid": text,
            "previous": {"type": "string", "pattern": "^[0-9]+$"},
            "traceparent": text,
            "data": data,
        },
    })
}

/// The document.
pub(crate) fn asyncapi() -> Value {
    let mut settings = SchemaSettings::draft2020_12();
    "/components/schemas/".clone_into(settings.definitions_path.to_mut());
    settings.meta_schema = None;
    let mut generator: SchemaGenerator = settings.into_generator();
    let mut into = Map::new();
    let mut of_loop = messages::<IntakeEvent>(IntakeEvent::schemas(&mut generator), &mut into);
    of_loop.extend(messages::<RoutingEvent>(
        RoutingEvent::schemas(&mut generator),
        &mut into,
    ));
    of_loop.extend(messages::<ResolutionEvent>(
        ResolutionEvent::schemas(&mut generator),
        &mut into,
    ));
    of_loop.extend(messages::<CustodyEvent>(
        CustodyEvent::schemas(&mut generator),
        &mut into,
    ));
    let of_register = messages::<FlexibilityEvent>(FlexibilityEvent::schemas(&mut generator), &mut into);
    let of_patterns = messages::<PatternEvent>(PatternEvent::schemas(&mut generator), &mut into);
    let of_waivers = messages::<WaiverEvent>(WaiverEvent::schemas(&mut generator), &mut into);
    let of_reviews = messages::<ReviewEvent>(ReviewEvent::schemas(&mut generator), &mut into);
    let of_records = messages::<RecordEvent>(RecordEvent::schemas(&mut generator), &mut into);
    let of_directory = messages::<DirectoryEvent>(DirectoryEvent::schemas(&mut generator), &mut into);

    let refs = |list: &[Value]| -> Map<String, Value> {
        list.iter()
            .filter_map(|message| {
                let name = message.get("$ref")?.as_str()?.rsplit('/').next()?.to_owned();
                Some((name, message.clone()))
            })
            .collect()
    };
    let mut channels = Map::new();
    for thing in Thing::ALL {
        let list = match thing {
            Thing::Loop => &of_loop,
            Thing::Flexibility => &of_register,
            Thing::Pattern => &of_patterns,
            Thing::Waiver => &of_waivers,
            Thing::Review => &of_reviews,
            Thing::Record => &of_records,
            Thing::District
            | Thing::School
            | Thing::Department
            | Thing::Zone
            | Thing::Team
            | Thing::Person
            | Thing::Import => &of_directory,
        };
        channels.insert(
            thing.token().to_owned(),
            json!({
                "address": format!("loop.{{district}}.{}.{{id}}", thing.token()),
                "description": format!("Everything that happened to one {}, in order; in stream LOOP.", thing.token()),
                "parameters": {"district": {}, "id": {}},
                "messages": refs(list),
            }),
        );
    }
    for action in Action::ALL {
        let address = format!("svc.{}.user.{}", action.service(), action.slug());
        let description = "A person's command; only the gateway publishes here. Its body is the one of the HTTP API.";
        channels.insert(address.clone(), json!({"address": address, "description": description}));
    }
    let of_flexibility = RegisterAction::ALL.iter().map(|action| action.slug());
    for slug in of_flexibility.chain(OfficeAction::ALL.iter().map(|action| action.slug())) {
        let address = format!("svc.flexibility.user.{slug}");
        let description = "A person's command; only the gateway publishes here. Its body is the one of the HTTP API.";
        channels.insert(address.clone(), json!({"address": address, "description": description}));
    }
    let address = "svc.ledger.user.keep-checkpoint";
    let description = "A person's command; only the gateway publishes here. Its body is the one of the HTTP API.";
    channels.insert(
        address.to_owned(),
        json!({"address": address, "description": description}),
    );
    let asks = [
        "timeline.loops",
        "timeline.loop",
        "timeline.entries",
        "timeline.changes",
        "timeline.picture",
        "flexibility.register",
        "flexibility.flexibility",
        "flexibility.similar",
        "flexibility.public",
        "flexibility.patterns",
        "flexibility.pattern",
        "flexibility.clauses",
        "flexibility.regimes",
        "flexibility.waivers",
        "flexibility.waiver",
        "flexibility.reviews",
        "flexibility.review",
        "ledger.checkpoint",
        "ledger.keys",
        "ledger.tile",
        "ledger.entries",
        "ledger.receipt",
        "ledger.ledger",
        "ledger.check",
    ];
    for name in asks
        .into_iter()
        .chain(["directory.claims", "directory.person", "directory.overview"])
    {
        let address = format!("ask.{name}");
        channels.insert(
            address.clone(),
            json!({"address": address, "description": "A question, answered by request and reply."}),
        );
    }
    for service in [
        "routing",
        "intake",
        "resolution",
        "flexibility",
        "directory",
        "timeline",
    ] {
        let address = format!("dead.{service}");
        channels.insert(
            address.clone(),
            json!({"address": address, "description": "Messages set aside; in stream DEAD."}),
        );
    }
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "Loopline's messages",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Events are CloudEvents 1.0 in JSON, structured mode.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": channels,
        "components": {"messages": into, "schemas": generator.take_definitions(true)},
    })
}
