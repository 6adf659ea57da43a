//! Getting in: with a password, with a link that lets somebody choose one, and with a second step.

use chrono::Duration;
use contracts::claims::{Authority, Claims};
use contracts::commands::door::{
    LinkMade, LinkView, LookAtLink, LookAtSecondStep, MakeLink, NewSession, OfficeMessage, SecondStepView, SetPassword,
    SignInByPassword, SignedIn, TakeSecondStep, Whom,
};
use contracts::events::directory::{PasswordChosen, SecondStepRemoved, SecondStepSet, SignInLinkMade};
use contracts::ids::{District, PersonId};
use contracts::problem::Problem;
use contracts::vocabulary::Role;

use crate::Directory;
use crate::accounts::{as_login, tried};
use crate::commands::{away, put_on_record};
use crate::credentials::Holder;
use crate::importing::OPERATOR;
use crate::passwords::weakness;
use crate::read_model::{claims, email_of, people_by_email, person_by_email, stands_in_for};
use crate::second_step;

/// How long a link can be used.
const LINK_DAYS: i64 = 7;

/// What somebody may be now; nothing where they may not sign in.
pub(crate) async fn known(
    directory: &Directory,
    district: &District,
    person: PersonId,
) -> Result<Option<Claims>, Problem> {
    let position = directory.people.position.get();
    claims(&directory.people.db, district, person, position)
        .await
        .map_err(away)
}

/// Somebody has shown who they are, by something that they know: lets them in, or asks for the second step, which whoever
/// can let others in always takes.
async fn admit(directory: &Directory, whose: &Claims, session: &NewSession) -> Result<SignedIn, Problem> {
    let (district, person, now) = (&whose.district, whose.person, directory.clock.now());
    let second = directory.second_steps.is_set(district, person).await.map_err(away)?;
    if second || whose.has(Role::Administrator) {
        let begun = directory.credentials.begin_half(session, district, person, now).await;
        begun.map_err(away)?;
        return Ok(SignedIn::SecondStep);
    }
    let begun = directory
        .credentials
        .begin_session(session, district, person, now)
        .await;
    begun.map_err(away)?;
    Ok(SignedIn::Welcome)
}

/// Signs somebody in.
pub(crate) async fn sign_in(directory: &Directory, asked: SignInByPassword) -> Result<SignedIn, Problem> {
    let (accounts, now) = (&directory.accounts, directory.clock.now());
    let login = as_login(&asked.login);
    let mut those = Vec::new();
    for (district, person) in people_by_email(&directory.people.db, &login).await.map_err(away)? {
        those.extend(accounts.of(person, &district).await.map_err(away)?);
    }
    let device = match &asked.device {
        Some(device) if accounts.knows_device(device, &those).await.map_err(away)? => Some(device),
        Some(_) | None => None,
    };
    let tried = match device {
        Some(device) => tried("device", device),
        None => tried("login", &login),
    };
    if let Some(seconds) = accounts.tries(&tried, now).await.map_err(away)? {
        return Ok(SignedIn::Later { seconds });
    }
    let mut found = None;
    for account in &those {
        if directory.hasher.is(asked.password.clone(), Some(&account.hash)).await? {
            found = Some(account);
            break;
        }
    }
    if those.is_empty() {
        directory.hasher.is(asked.password, None).await?;
    }
    let Some(account) = found else {
        return Ok(SignedIn::Refused);
    };
    let Some(whose) = known(directory, &account.district, account.person).await? else {
        return Ok(SignedIn::Refused);
    };
    accounts.succeeded(&tried).await.map_err(away)?;
    if let Some(device) = &asked.device {
        accounts.keep_device(device, account.person, now).await.map_err(away)?;
    }
    admit(directory, &whose, &asked.session).await
}

fn no_half() -> Problem {
    Problem::new(
        "sign-in-over",
        404,
        "Signing in took too long",
        "begin again with your e-mail address and your password",
    )
}

/// Whose second step it is.
async fn of_half(directory: &Directory, half: &str) -> Result<Claims, Problem> {
    let now = directory.clock.now();
    let found = directory.credentials.half(half, now).await.map_err(away)?;
    let (district, person) = found.ok_or_else(no_half)?;
    known(directory, &district, person).await?.ok_or_else(no_half)
}

/// What the second step asks for: a code, or first to set up what makes them.
pub(crate) async fn look_at_second_step(
    directory: &Directory,
    asked: LookAtSecondStep,
) -> Result<SecondStepView, Problem> {
    let whose = of_half(directory, &asked.half).await?;
    if directory
        .second_steps
        .is_set(&whose.district, whose.person)
        .await
        .map_err(away)?
    {
        return Ok(SecondStepView {
            name: whose.name,
            secret: None,
            address: None,
        });
    }
    let kept = second_step::kept(directory, &whose.district, whose.person, &asked.half).await?;
    let login = email_of(&directory.people.db, &whose.district, whose.person).await;
    let login = login.map_err(away)?.unwrap_or_else(|| whose.name.clone());
    Ok(SecondStepView {
        name: whose.name,
        secret: Some(kept.by_hand()),
        address: Some(kept.address(&login)),
    })
}

/// Takes the second step: whoever has the code is in.
pub(crate) async fn take_second_step(directory: &Directory, asked: TakeSecondStep) -> Result<SignedIn, Problem> {
    let (accounts, now) = (&directory.accounts, directory.clock.now());
    let whose = of_half(directory, &asked.half).await?;
    let person = whose.person;
    let tried = tried("second step", &person.to_string());
    if let Some(seconds) = accounts.tries(&tried, now).await.map_err(away)? {
        return Ok(SignedIn::Later { seconds });
    }
    let kept = second_step::kept(directory, &whose.district, person, &asked.half).await?;
    let Some(step) = kept.step_of(&asked.code, now) else {
        return Ok(SignedIn::Refused);
    };
    // On record before it is in force; where it is on record already, nothing is said twice.
    let of = format!("second step {}", asked.half);
    put_on_record(
        directory,
        &whose.district,
        person,
        by(&whose),
        &of,
        SecondStepSet {}.into(),
    )
    .await?;
    if !directory
        .second_steps
        .use_up(&whose.district, person, step)
        .await
        .map_err(away)?
    {
        return Ok(SignedIn::Refused);
    }
    accounts.succeeded(&tried).await.map_err(away)?;
    directory.credentials.end(&asked.half).await.map_err(away)?;
    let begun = directory
        .credentials
        .begin_session(&asked.session, &whose.district, person, now)
        .await;
    begun.map_err(away)?;
    Ok(SignedIn::Welcome)
}

fn by(whose: &Claims) -> Authority {
    Authority::Person(whose.clone())
}

fn no_link() -> Problem {
    Problem::new(
        "link-over",
        404,
        "This link is over",
        "it was used, or is older than a week, or another came after it; ask your district's administrator for a new one",
    )
}

/// Whose link it is, and what they sign in with.
async fn of_link(directory: &Directory, link: &str) -> Result<(Claims, String), Problem> {
    let (person, district) = directory
        .accounts
        .link(link, directory.clock.now())
        .await
        .map_err(away)?
        .ok_or_else(no_link)?;
    let whose = known(directory, &district, person).await?.ok_or_else(no_link)?;
    let login = email_of(&directory.people.db, &district, person).await.map_err(away)?;
    Ok((whose, login.ok_or_else(no_link)?))
}

/// What a link is for.
pub(crate) async fn look_at_link(directory: &Directory, asked: LookAtLink) -> Result<LinkView, Problem> {
    let (whose, login) = of_link(directory, &asked.link).await?;
    let district = directory.districts.with(&whose.district, |record| record.name.clone());
    Ok(LinkView {
        again: directory
            .accounts
            .has(&whose.district, whose.person)
            .await
            .map_err(away)?,
        name: whose.name,
        district: district.unwrap_or_default(),
        login,
    })
}

/// Chooses a password; other sessions of the person end.
pub(crate) async fn set_password(directory: &Directory, asked: SetPassword) -> Result<SignedIn, Problem> {
    let (whose, login) = of_link(directory, &asked.link).await?;
    let district = directory.districts.with(&whose.district, |record| record.name.clone());
    let about = [
        whose.name.as_str(),
        login.as_str(),
        district.as_deref().unwrap_or_default(),
    ];
    if let Some(weakness) = weakness(&asked.password, &about) {
        return Err(Problem::invalid_field("password", weakness));
    }
    let mut salt = [0; 16];
    rand::Rng::fill_bytes(&mut rand::rng(), &mut salt);
    let hash = directory.hasher.hash(asked.password, salt).await?;
    let of = format!("password {}", asked.link);
    put_on_record(
        directory,
        &whose.district,
        whose.person,
        by(&whose),
        &of,
        PasswordChosen {}.into(),
    )
    .await?;
    // Of two who hold the link, one uses it.
    if !directory.accounts.use_link(&asked.link).await.map_err(away)? {
        return Err(no_link());
    }
    let now = directory.clock.now();
    directory
        .accounts
        .keep(whose.person, &whose.district, &as_login(&login), &hash, now)
        .await
        .map_err(away)?;
    directory
        .credentials
        .end_sessions(&whose.district, whose.person)
        .await
        .map_err(away)?;
    admit(directory, &whose, &asked.session).await
}

/// Makes a link; on behalf of an administrator of the district, or of nobody where whoever has the machine asks. That it
/// was made is on record before it is there: whoever makes it could use it.
pub(crate) async fn make_link(directory: &Directory, message: OfficeMessage<MakeLink>) -> Result<LinkMade, Problem> {
    let OfficeMessage { district, by, step } = message;
    let (db, trusted) = (&directory.people.db, by.is_none());
    let person = match &step.whom {
        Whom::Person(person) => *person,
        Whom::Email(email) => {
            let found = person_by_email(db, &district, &as_login(email)).await.map_err(away)?;
            found.ok_or_else(|| Problem::not_found("person with this e-mail address"))?
        }
    };
    let whose = known(directory, &district, person).await?;
    let whose = whose.ok_or_else(|| Problem::not_found("person"))?;
    let login = email_of(db, &district, person).await.map_err(away)?.ok_or_else(|| {
        Problem::conflict(
            "no-address",
            format!(
                "{} has no e-mail address, by which people sign in; add one to the roster",
                whose.name
            ),
        )
    })?;
    let until = directory.clock.now() + Duration::days(LINK_DAYS);
    let authority = by.map_or_else(
        || Authority::Policy {
            name: OPERATOR.to_owned(),
        },
        Authority::Person,
    );
    let of = format!("link {}", step.link);
    let made = SignInLinkMade { until }.into();
    put_on_record(directory, &district, person, authority.clone(), &of, made).await?;
    if trusted && step.without_second_step && directory.second_steps.is_set(&district, person).await.map_err(away)? {
        let of = format!("no second step {}", step.link);
        put_on_record(
            directory,
            &district,
            person,
            authority,
            &of,
            SecondStepRemoved {}.into(),
        )
        .await?;
        directory.second_steps.forget(&district, person).await.map_err(away)?;
    }
    directory
        .accounts
        .keep_link(&step.link, person, &district, until)
        .await
        .map_err(away)?;
    Ok(LinkMade {
        person,
        name: whose.name,
        login,
        until,
    })
}

/// What whoever holds a secret may be now: where they act for somebody who is away, that person's roles under their own
/// name, but for those of an administrator and an auditor, which nobody lends.
pub(crate) async fn by_holder(directory: &Directory, holder: Holder) -> Result<Option<Claims>, Problem> {
    let Some(mut own) = known(directory, &holder.district, holder.person).await? else {
        return Ok(None);
    };
    own.token = holder.token;
    let Some(absent) = holder.acting_for else {
        return Ok(Some(own));
    };
    if may_stand_in(directory, &holder.district, holder.person, absent)
        .await
        .is_err()
    {
        return Ok(Some(own));
    }
    // Somebody who left altogether has no roles to lend.
    let Some(theirs) = known(directory, &holder.district, absent).await? else {
        return Ok(Some(own));
    };
    let mut claims = Claims {
        person: own.person,
        name: format!("{}, for {}", own.name, theirs.name),
        token: own.token,
        acting_for: Some(absent),
        ..theirs
    };
    claims.roles.remove(&Role::Administrator);
    claims.roles.remove(&Role::Auditor);
    Ok(Some(claims))
}

/// Makes sure that somebody stands in for another today.
pub(crate) async fn may_stand_in(
    directory: &Directory,
    district: &District,
    person: PersonId,
    absent: PersonId,
) -> Result<(), Problem> {
    let today = directory.today(district);
    let those = stands_in_for(&directory.people.db, district, person, today).await;
    if those.map_err(away)?.iter().any(|(known, _)| *known == absent) {
        return Ok(());
    }
    Err(Problem::forbidden("you do not stand in for this person today"))
}
