//! A receipt: that one entry is in what a checkpoint states (C2SP tlog-proof).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::Serialize;

use crate::signed::{Checkpoint, Key};
use crate::tree::{self, Node};
use crate::{Fault, tampered};

/// What is longer is no receipt: an entry of 64 KiB, a path of 63 hashes and a checkpoint.
const RECEIPT_BYTES_MAX: usize = 128 * 1024;
/// The longest path there can be.
const PATH_MAX: usize = 63;

/// What a receipt proves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Receipt {
    /// The record it is of.
    pub origin: String,
    /// The entry's place.
    pub index: u64,
    /// How many entries the record had when it was signed.
    pub size: u64,
    /// Whose signature holds.
    pub signed_by: String,
    /// The sequence that the message has in the log, where the entry is one.
    pub message: Option<u64>,
    /// The message itself: an event in JSON.
    #[serde(skip)]
    pub payload: Vec<u8>,
}

/// Reads a receipt and checks it against keys, as `name+id+base64`.
pub fn read_receipt(text: &str, keys: &[String]) -> Result<Receipt, Fault> {
    let keys = keys
        .iter()
        .map(|key| Key::read(key))
        .collect::<Result<Vec<_>, _>>()
        .map_err(Fault::Key)?;
    if text.len() > RECEIPT_BYTES_MAX {
        return Err(tampered("this is too long to be a receipt"));
    }
    let mut lines = text.split('\n');
    if lines.next() != Some("c2sp.org/tlog-proof@v1") {
        return Err(tampered("this is no receipt: it does not begin as one"));
    }
    let entry = lines.next().and_then(|line| line.strip_prefix("extra "));
    let entry = entry.and_then(|extra| BASE64.decode(extra).ok());
    let entry = entry.ok_or_else(|| tampered("the receipt does not carry the entry that it is for"))?;
    let index = lines.next().and_then(|line| line.strip_prefix("index "));
    let index_of = |text: &str| text.parse::<u64>().ok().filter(|index| index.to_string() == text);
    let index = index
        .and_then(index_of)
        .ok_or_else(|| tampered("the receipt does not say which entry it is for"))?;
    let mut path: Vec<Node> = Vec::new();
    for line in lines.by_ref() {
        if line.is_empty() {
            break;
        }
        let node = BASE64.decode(line).ok().and_then(|node| Node::try_from(node).ok());
        path.push(node.ok_or_else(|| tampered("the receipt holds something that is no hash"))?);
        if path.len() > PATH_MAX {
            return Err(tampered("the receipt's path is longer than any can be"));
        }
    }
    let note = lines.collect::<Vec<_>>().join("\n");
    let checkpoint = Checkpoint::read(&note, &keys).map_err(|bad| tampered(format!("its checkpoint: {bad}")))?;
    let root = tree::root_by(index, checkpoint.size, tree::leaf(&entry), &path);
    if root != Some(checkpoint.root) {
        return Err(tampered(
            "this entry is not in the record that was signed: the receipt was altered, or is for another entry",
        ));
    }
    let message = crate::record::decode(&entry);
    Ok(Receipt {
        message: message.as_ref().map(|message| message.sequence),
        payload: message.map(|message| message.payload.to_vec()).unwrap_or_default(),
        origin: checkpoint.origin,
        index,
        size: checkpoint.size,
        signed_by: checkpoint.signed_by,
    })
}
