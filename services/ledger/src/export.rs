//! A district's record as a folder that anybody can check: checkpoints, tiles and entries as C2SP lays them out.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context;
use contracts::District;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::Ledger;
use crate::merkle::TILE_HEIGHT;
use crate::store::{self, Signed};

/// Hashes in a full tile, and entries in a full bundle.
const WIDTH: u64 = 256;
/// Checkpoints that travel with a record: the latest so many.
const CHECKPOINTS_MAX: i64 = 10_000;

/// What was exported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exported {
    /// The district.
    pub district: District,
    /// How many entries.
    pub entries: u64,
    /// The root over them, in base64.
    pub root: String,
}

/// A folder being filled, with a digest of every file.
#[derive(Debug)]
struct Bundle {
    root: PathBuf,
    digests: Vec<(String, String)>,
}

impl Bundle {
    /// An empty folder; one that holds something is refused, since nothing may be mixed up.
    fn begin(root: &Path) -> anyhow::Result<Self> {
        std::fs::create_dir_all(root).with_context(|| format!("failed to make the folder {}", root.display()))?;
        let mut within = std::fs::read_dir(root).with_context(|| format!("failed to read {}", root.display()))?;
        anyhow::ensure!(
            within.next().is_none(),
            "{} is not empty; name a folder that is, or that is not there yet",
            root.display()
        );
        Ok(Self {
            root: root.to_owned(),
            digests: Vec::new(),
        })
    }

    /// Writes one file.
    fn put(&mut self, name: &str, bytes: &[u8]) -> anyhow::Result<()> {
        let path = self.root.join(name);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).with_context(|| format!("failed to make {}", folder.display()))?;
        }
        let failed = || format!("failed to write {}", path.display());
        let mut file = BufWriter::new(File::create(&path).with_context(failed)?);
        file.write_all(bytes).with_context(failed)?;
        file.into_inner()
            .map_err(std::io::IntoInnerError::into_error)?
            .sync_all()
            .with_context(failed)?;
        self.digests
            .push((runtime::ids::hex(&Sha256::digest(bytes)), name.to_owned()));
        Ok(())
    }

    /// Writes the digests of all files, as `sha256sum --check` reads them.
    fn finish(mut self) -> anyhow::Result<()> {
        self.digests.sort_by(|(_, one), (_, other)| one.cmp(other));
        let lines: Vec<String> = self
            .digests
            .iter()
            .map(|(digest, name)| format!("{digest}  {name}"))
            .collect();
        let text = lines.join("\n") + "\n";
        std::fs::write(self.root.join("SHA256SUMS"), text).context("failed to write SHA256SUMS")
    }
}

fn place(index: u64, width: u64) -> String {
    let mut parts = vec![format!("{:03}", index % 1000)];
    let mut rest = index / 1000;
    while rest > 0 {
        parts.insert(0, format!("x{:03}", rest % 1000));
        rest /= 1000;
    }
    let partial = if width < WIDTH {
        format!(".p/{width}")
    } else {
        String::new()
    };
    parts.join("/") + &partial
}

impl Ledger {
    /// Writes a district's ledger, as it was last signed, into a folder that is empty or not there. `progress` hears how
    /// many entries of how many.
    pub async fn export(
        &self,
        district: &District,
        out: &Path,
        mut progress: impl FnMut(u64, u64),
    ) -> anyhow::Result<Exported> {
        let mut bundle = Bundle::begin(out)?;
        let none = || format!("there is no ledger of {district}; nothing was recorded there, or its name is another");
        let book = store::book(&self.db, district.as_str()).await?.with_context(none)?;
        let signed = book.signed(CHECKPOINTS_MAX).await?;
        let latest: &Signed = signed.first().with_context(none)?;
        let size = latest.size.unsigned_abs();
        bundle.put("checkpoint", latest.note.as_bytes())?;
        bundle.put(
            "keys",
            (self.signer.verifier_keys(district.as_str()).join("\n") + "\n").as_bytes(),
        )?;
        for older in signed.iter().skip(1) {
            bundle.put(&format!("checkpoints/{:020}", older.size), older.note.as_bytes())?;
        }
        for level in 0_u32.. {
            let hashes = size >> (TILE_HEIGHT * level);
            if hashes == 0 {
                break;
            }
            for index in 0..hashes.div_ceil(WIDTH) {
                let first = index * WIDTH;
                let width = WIDTH.min(hashes - first);
                let tile = book.nodes(level, first, width).await?.concat();
                bundle.put(&format!("tile/{level}/{}", place(index, width)), &tile)?;
            }
        }
        for index in 0..size.div_ceil(WIDTH) {
            let first = index * WIDTH;
            let width = WIDTH.min(size - first);
            let mut bytes = Vec::new();
            for entry in book.entries(first, width).await? {
                bytes.extend_from_slice(&u16::try_from(entry.len())?.to_be_bytes());
                bytes.extend_from_slice(&entry);
            }
            bundle.put(&format!("tile/entries/{}", place(index, width)), &bytes)?;
            progress(first + width, size);
        }
        bundle.put("legal/order.v1.txt", verify::TABLE.as_bytes())?;
        bundle.finish()?;
        Ok(Exported {
            district: district.clone(),
            entries: size,
            root: latest.note.lines().nth(2).unwrap_or_default().to_owned(),
        })
    }
}
