//! A database of one's own: a folder of SQLite files, or a fresh database in a PostgreSQL server that this process
//! starts once.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use sql::Location;
use sqlx::{AssertSqlSafe, Executor};
use tokio::sync::OnceCell;

/// A PostgreSQL server that ends with the process.
#[derive(Debug)]
pub struct PostgresServer {
    socket: PathBuf,
    port: u16,
    // Reaped with this process; a watcher stops it then.
    _server: std::process::Child,
}

static SERVER: OnceCell<Option<PostgresServer>> = OnceCell::const_new();
static NEXT: AtomicU32 = AtomicU32::new(0);

/// Whoever sets the server up, for whom no lock holds.
const SUPERUSER: &str = "postgres";
/// An ordinary role that owns a database, as a district's would.
const ROLE: &str = "loopline";

/// The same database as a superuser reaches it.
pub fn as_superuser(url: &str) -> String {
    url.replace(&format!("//{ROLE}@"), &format!("//{SUPERUSER}@"))
}

/// Somewhere to keep tables: SQLite, or PostgreSQL where its binaries are there.
pub async fn location(postgres: bool) -> Option<Location> {
    if !postgres {
        // Left behind for the length of the process; the operating system's folder for such things is swept.
        return Some(Location::Folder(tempfile::tempdir().ok()?.keep()));
    }
    let server = SERVER
        .get_or_init(|| async { PostgresServer::start().await })
        .await
        .as_ref()?;
    let name = format!("test_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::SeqCst));
    let admin = sqlx::PgPool::connect(&server.url("postgres", SUPERUSER))
        .await
        .expect("the server answers");
    admin
        .execute(AssertSqlSafe(format!("CREATE DATABASE {name} OWNER {ROLE}")))
        .await
        .expect("a database");
    admin.close().await;
    Some(Location::Url(server.url(&name, ROLE)))
}

/// A command that does not run as root, which PostgreSQL refuses.
fn as_postgres(program: &Path) -> Command {
    let root = std::fs::metadata("/proc/self").is_ok_and(|it| std::os::unix::fs::MetadataExt::uid(&it) == 0);
    if root {
        let mut command = Command::new("runuser");
        command.args(["-u", "postgres", "--"]).arg(program);
        command
    } else {
        Command::new(program)
    }
}

impl PostgresServer {
    async fn start() -> Option<Self> {
        let bin = PathBuf::from(std::env::var_os("LOOPLINE_TEST_PG_BIN")?);
        let folder = tempfile::tempdir().ok()?.keep();
        // The server's user must get in.
        std::fs::set_permissions(&folder, std::os::unix::fs::PermissionsExt::from_mode(0o777)).ok()?;
        let data = folder.join("data");
        let made = as_postgres(&bin.join("initdb"))
            .args([
                "--no-sync",
                "--auth=trust",
                "--username=postgres",
                "--encoding=UTF8",
                "--locale=C",
                "-D",
            ])
            .arg(&data)
            .stdout(Stdio::null())
            .status()
            .expect("initdb runs");
        assert!(made.success(), "initdb failed");
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .ok()?
            .local_addr()
            .ok()?
            .port();
        let options = [
            "fsync=off".to_owned(),
            "max_connections=300".to_owned(),
            "listen_addresses=".to_owned(),
            format!("port={port}"),
            format!("unix_socket_directories={}", folder.display()),
        ];
        let mut server = as_postgres(&bin.join("postgres"));
        server.arg("-D").arg(&data);
        for option in &options {
            server.args(["-c", option]);
        }
        // It is a child of a shell that ends it when this process ends, however that happens.
        let child = server
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("postgres");
        end_with_this_process(&data);
        let server = Self {
            socket: folder,
            port,
            _server: child,
        };
        let url = server.url("postgres", SUPERUSER);
        crate::until("PostgreSQL answers", async || match sqlx::PgPool::connect(&url).await {
            Ok(pool) => {
                let role = AssertSqlSafe(format!("CREATE ROLE {ROLE} LOGIN"));
                pool.execute(role).await.expect("a role");
                pool.close().await;
                true
            }
            Err(_) => false,
        })
        .await;
        Some(server)
    }

    fn url(&self, database: &str, role: &str) -> String {
        let socket = self.socket.to_string_lossy().replace('/', "%2F");
        format!(
            "postgres://{role}@localhost/{database}?host={socket}&port={}",
            self.port
        )
    }
}

/// A small watcher that outlives this process and then stops the server.
fn end_with_this_process(data: &Path) {
    let script = "while kill -0 \"$1\" 2>/dev/null; do sleep 1; done; \
                  pid=$(head -n 1 \"$2/postmaster.pid\") && kill -INT \"$pid\"; sleep 2; rm -rf \"$(dirname \"$2\")\"";
    let watcher = Command::new("setsid")
        .args(["sh", "-c", script, "watch"])
        .arg(std::process::id().to_string())
        .arg(data)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    drop(watcher);
}
