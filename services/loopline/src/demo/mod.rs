//! The demonstration: two made-up districts whose history is filed through the real commands, once a data folder.

mod content;
mod facts;
mod plan;
mod seed;

pub(crate) use plan::begins;
pub(crate) use seed::Seeder;

use content::Story;

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
