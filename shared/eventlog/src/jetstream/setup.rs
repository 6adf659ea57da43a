//! The streams and the bucket as they must be; made or brought up to date by whoever runs the system.

use std::time::Duration;

use async_nats::Client;
use async_nats::jetstream::{self, stream};
use contracts::subjects::{DEAD_STREAM, KEYS_BUCKET, STREAM};

use crate::LogError;

/// The most a message may weigh, headers included: a ledger leaf must hold it.
const MESSAGE_BYTES_MAX: i32 = 48 * 1024;

/// What differs between one machine and a cluster.
#[derive(Debug, Clone, Copy)]
pub struct StreamOptions {
    /// Copies of each stream: 1 alone, 3 in a cluster.
    pub replicas: usize,
}

/// Makes the streams and the bucket, or brings them up to date.
pub async fn set_up(client: &Client, options: StreamOptions) -> Result<(), LogError> {
    let context = jetstream::new(client.clone());
    let unavailable = |error: &dyn std::fmt::Display| LogError::Unavailable(error.to_string());
    context
        .create_or_update_stream(stream::Config {
            name: STREAM.to_owned(),
            description: Some("Every event of every thing, for good".to_owned()),
            subjects: vec!["loop.>".to_owned()],
            retention: stream::RetentionPolicy::Limits,
            storage: stream::StorageType::File,
            num_replicas: options.replicas,
            max_message_size: MESSAGE_BYTES_MAX,
            duplicate_window: Duration::from_mins(2),
            deny_delete: true,
            deny_purge: true,
            allow_direct: true,
            allow_atomic_publish: true,
            ..stream::Config::default()
        })
        .await
        .map_err(|error| unavailable(&error))?;
    context
        .create_or_update_stream(stream::Config {
            name: DEAD_STREAM.to_owned(),
            description: Some("Messages set aside, until somebody has looked at them".to_owned()),
            subjects: vec!["dead.>".to_owned()],
            retention: stream::RetentionPolicy::Limits,
            storage: stream::StorageType::File,
            num_replicas: options.replicas,
            max_messages: 100_000,
            discard: stream::DiscardPolicy::New,
            allow_direct: true,
            ..stream::Config::default()
        })
        .await
        .map_err(|error| unavailable(&error))?;
    // A bucket as others make it, but for this: what a pool was before a key in it was destroyed stays until it is
    // overwritten on disk, which deleting it does.
    let bucket = |overwrites: bool| stream::Config {
        name: format!("KV_{KEYS_BUCKET}"),
        description: Some("Sealing keys in pools, wrapped".to_owned()),
        subjects: vec![format!("$KV.{KEYS_BUCKET}.>")],
        storage: stream::StorageType::File,
        num_replicas: options.replicas,
        max_messages_per_subject: if overwrites { 2 } else { 1 },
        discard: stream::DiscardPolicy::New,
        deny_delete: !overwrites,
        allow_rollup: true,
        allow_direct: true,
        ..stream::Config::default()
    };
    if context.create_or_update_stream(bucket(true)).await.is_err() {
        // One that was made without it cannot learn it: there, what a pool was before goes when the broker next tidies up.
        context
            .create_or_update_stream(bucket(false))
            .await
            .map_err(|error| unavailable(&error))?;
    }
    Ok(())
}
