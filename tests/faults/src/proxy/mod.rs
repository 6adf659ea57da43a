//! A proxy between one service and the broker that delays, cuts, holds, and lets single frames go missing: everything
//! from the seed.

pub mod frames;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};

use frames::{Frame, Splitter};

/// What the way to the broker is like.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Weather {
    /// The longest a frame is held back, in milliseconds; order stays.
    pub delay_ms_max: u64,
    /// Nothing passes, but nobody is told: connections stay open.
    pub held: bool,
    /// What settles deliveries goes missing.
    pub settles_lost: bool,
    /// Counts up when every connection is cut.
    pub cuts: u64,
}

#[derive(Debug)]
struct Shared {
    weather: watch::Sender<Weather>,
    // Acknowledgements still to go missing, and those that did.
    to_lose: AtomicU32,
    lost: AtomicU32,
    settles_lost: AtomicU32,
}

/// A proxy; it ends when it is dropped.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    shared: Arc<Shared>,
    _stop: DropGuard,
}

impl Proxy {
    /// Listens on a port of its own and passes on to the broker's.
    pub async fn start(broker: u16, seed: u64) -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let shared = Arc::new(Shared {
            weather: watch::Sender::new(Weather::default()),
            to_lose: AtomicU32::new(0),
            lost: AtomicU32::new(0),
            settles_lost: AtomicU32::new(0),
        });
        let stop = CancellationToken::new();
        let (accepting, inner) = (stop.clone(), shared.clone());
        tokio::spawn(stop.clone().run_until_cancelled_owned(async move {
            let mut connection = 0_u64;
            loop {
                let Ok((client, _)) = listener.accept().await else {
                    continue;
                };
                connection += 1;
                let task = pass(client, broker, inner.clone(), seed.wrapping_add(connection << 8));
                tokio::spawn(accepting.clone().run_until_cancelled_owned(task));
            }
        }));
        Ok(Self {
            port,
            shared,
            _stop: stop.drop_guard(),
        })
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Changes the weather.
    pub fn change(&self, change: impl FnOnce(&mut Weather)) {
        self.shared.weather.send_modify(change);
    }

    /// Cuts every connection.
    pub fn cut(&self) {
        self.change(|weather| weather.cuts += 1);
    }

    /// The next acknowledgements of stored events go missing, this many of them.
    pub fn lose_acknowledgements(&self, count: u32) {
        self.shared.to_lose.store(count, Ordering::SeqCst);
    }

    /// How many acknowledgements of stored events went missing so far.
    pub fn lost(&self) -> u32 {
        self.shared.lost.load(Ordering::SeqCst)
    }

    /// How many settlings of deliveries went missing so far.
    pub fn settles_lost(&self) -> u32 {
        self.shared.settles_lost.load(Ordering::SeqCst)
    }
}

impl Shared {
    /// Whether a frame goes missing.
    fn loses(&self, frame: &Frame) -> bool {
        if self.weather.borrow().settles_lost && frame.is_settling() {
            self.settles_lost.fetch_add(1, Ordering::SeqCst);
            return true;
        }
        if self.to_lose.load(Ordering::SeqCst) == 0 || !frame.is_stored() {
            return false;
        }
        let lost = self
            .to_lose
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1))
            .is_ok();
        self.lost.fetch_add(u32::from(lost), Ordering::SeqCst);
        lost
    }
}

async fn pass(client: TcpStream, broker: u16, shared: Arc<Shared>, seed: u64) {
    let Ok(server) = TcpStream::connect(("127.0.0.1", broker)).await else {
        return;
    };
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let mut weather = shared.weather.subscribe();
    let cuts = weather.borrow_and_update().cuts;
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    tokio::select! {
        () = pump(from_client, to_server, shared.clone(), seed) => {}
        () = pump(from_server, to_client, shared.clone(), seed + 1) => {}
        _ = weather.wait_for(|now| now.cuts != cuts) => {}
    }
}

async fn pump(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, shared: Arc<Shared>, seed: u64) {
    let mut random = StdRng::seed_from_u64(seed);
    let mut weather = shared.weather.subscribe();
    let mut splitter = Splitter::default();
    let mut chunk = vec![0_u8; 64 * 1024];
    loop {
        let Ok(taken @ 1..) = from.read(&mut chunk).await else {
            return;
        };
        splitter.push(&chunk[..taken]);
        let mut out = Vec::new();
        while let Some(frame) = splitter.frame() {
            if !shared.loses(&frame) {
                out.extend_from_slice(&frame.bytes);
            }
        }
        // While it is held, what the sender writes is taken up to what the sockets hold.
        if weather.wait_for(|now| !now.held).await.is_err() {
            return;
        }
        let delay_ms_max = weather.borrow().delay_ms_max;
        if delay_ms_max > 0 {
            let delay = random.random_range(0..=delay_ms_max);
            runtime::clock::pause(Duration::from_millis(delay)).await;
        }
        if to.write_all(&out).await.is_err() {
            return;
        }
    }
}
