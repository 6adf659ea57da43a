//! The demonstration: two made-up districts whose history is filed through the real commands, once a data folder.

mod content;
mod facts;
mod plan;
mod seed;

pub(crate) use plan::begins;
pub(crate) use seed::Seeder;

use content::Story;

/// One story from a file.
pub(crate) fn story(file: &std::path::Path) -> anyhow::Result<Vec<Story>> {
    let text = std::fs::read_to_string(file)?;
    Ok(vec![serde_norway::from_str(&text)?])
}

/// The stories that ship with the product.
pub(crate) fn stories() -> anyhow::Result<Vec<Story>> {
    [
        ("cedar-valley", include_str!("../../demo/cedar-valley.yaml")),
        ("harbor-point", include_str!("../../demo/harbor-point.yaml")),
    ]
    .into_iter()
    .map(|(name, text)| {
        serde_norway::from_str(text)
            .map_err(|error| anyhow::anyhow!("the demonstration {name} cannot be read: {error}"))
    })
    .collect()
}
