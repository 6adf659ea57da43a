//! The streams and the bucket as they must be; made or brought up to date by whoever runs the system.

use std::time::Duration;

use async_nats::Client;
use async_nats::jetstream::{self, kv, stream};
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
    let bucket = kv::Config {
        bucket: KEYS_BUCKET.to_owned(),
        description: "Sealing keys in pools, wrapped".to_owned(),
        history: 1,
        storage: stream::StorageType::File,
        num_replicas: options.replicas,
        ..kv::Config::default()
    };
    context
        .create_or_update_key_value(bucket)
        .await
        .map_err(|error| unavailable(&error))?;
    Ok(())
}
