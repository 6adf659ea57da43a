//! `loopline invite`: a link with which somebody chooses a password, for a district's first administrator.

use std::time::Duration;

use contracts::commands::door::{LinkMade, MakeLink, OfficeMessage, Whom};
use gateway::front::digest;

use crate::cli::{InviteOptions, print, say};
use crate::reach::System;

/// How often a directory that does not answer yet is asked again.
const TRIES: u32 = 50;

/// Makes the link, and prints it.
pub(crate) async fn invite(options: InviteOptions) -> anyhow::Result<()> {
    let system = System::reach(&options.reach).await?;
    let secret = runtime::ids::secret_hex(32);
    let asked = OfficeMessage {
        district: options.district.clone(),
        by: None,
        step: MakeLink {
            whom: Whom::Email(options.email.clone()),
            link: digest(&secret),
            without_second_step: options.without_second_step,
        },
    };
    let mut tries = 0;
    let made = loop {
        let made = system
            .operator
            .ask::<_, LinkMade>("svc.directory.operator.make-link".to_owned(), &asked)
            .await;
        match made {
            Err(problem) if problem.status == 503 && tries < TRIES => {
                tries += 1;
                runtime::clock::pause(Duration::from_millis(200)).await;
            }
            made => break made,
        }
    };
    let address = options.public_url.or_else(|| system.address.clone());
    system.leave().await;
    let made = made.map_err(|problem| anyhow::anyhow!("{problem}"))?;
    say(&format!(
        "{} chooses a password for {} with this link, once, until {}. Whoever has it can sign in as them.",
        made.name,
        made.login,
        made.until.format("%-d %B %Y, %H:%M UTC")
    ));
    print(&format!(
        "{}/join/{secret}",
        address.unwrap_or_default().trim_end_matches('/')
    ))
}
