//! What a client asks for, and how it is known again.

use std::time::Duration;

use contracts::ids::LoopId;
use serde_json::Value;
use sha2::{Digest, Sha256};

/// How long a client waits for an answer before the outcome counts as unknown.
const ANSWER_MAX: Duration = Duration::from_secs(6);

/// The connections all clients share.
pub fn http() -> reqwest::Result<reqwest::Client> {
    reqwest::Client::builder().timeout(ANSWER_MAX).build()
}

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Wish {
    /// The action's name in addresses, or `file`.
    pub action: String,
    /// What kind of thing it is done to.
    pub of: &'static str,
    /// Where it is sent.
    pub path: String,
    /// The loop, or the thing of another kind; none where it is begun.
    pub thing: Option<LoopId>,
    /// The body.
    pub body: Value,
    /// `If-Match`.
    pub based_on: Option<u64>,
    /// Whether it is tried on another district's loop.
    pub foreign: bool,
}

impl Wish {
    /// Something done to a loop, or filed.
    pub fn of_loop(action: &str, thing: Option<LoopId>, body: Value) -> Self {
        let path = match thing {
            None => "/api/v1/tensions".to_owned(),
            Some(id) => format!("/api/v1/loops/{id}/{action}"),
        };
        Self {
            action: action.to_owned(),
            of: "loop",
            path,
            thing,
            body,
            based_on: None,
            foreign: false,
        }
    }
}

/// The digest that goes with a command: of the verb, the thing and the content.
pub fn request_hash(action: &str, thing: LoopId, body: &Value) -> String {
    use std::fmt::Write as _;
    let digest = Sha256::new()
        .chain_update(action)
        .chain_update([0])
        .chain_update(thing.0.as_bytes())
        .chain_update(body.to_string())
        .finalize();
    digest[..16].iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
