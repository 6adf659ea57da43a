//! Rosters written by hand to the 1EdTech tables, and what vendors make of them.

use std::io::Write as _;
use std::path::Path;

use chrono::NaiveDate;
use contracts::roster::OrgKind;
use contracts::vocabulary::StaffRole;
use proptest::prelude::*;
use zip::write::SimpleFileOptions;

use super::*;

const ORGS_CSV: &str = "sourcedId,status,dateLastModified,name,type,identifier,parentSourcedId\n\
    d1,,,Cedar Falls Public Schools,district,3700450,\n\
    s1,,,Alder Street Elementary,school,370045001234,d1\n\
    s2,,,Birch Middle,school,,d1\n\
    o1,,,Transportation,department,,d1\n\
    x1,,,The State,state,,\n";

const USERS_1_1: &str = "sourcedId,status,dateLastModified,enabledUser,orgSourcedIds,role,username,userIds,givenName,familyName,\
    middleName,identifier,email,sms,phone,agentSourcedIds,grades,password\n\
    u1,,,true,\"s1,s2\",teacher,rosa,{LDAP:rosa},Rosa,Vega,,,Rosa.Vega@cedar.example,,,,,\n\
    u2,,,true,s1,student,tim,,Tim,Green,,,tim@cedar.example,,,,05,hunter2\n\
    u3,,,true,s1,parent,,,Pat,Green,,,,,,,,\n\
    u4,,,true,d1,administrator,kim,,Kim,Ode,,,kim@cedar.example,,,,,\n\
    u5,,,false,s2,principal,lee,,Lee,Ash,,,,,,,,\n";

const USERS_1_2: &str = "sourcedId,status,dateLastModified,enabledUser,username,userIds,givenName,familyName,middleName,identifier,\
    email,sms,phone,agentSourcedIds,grades,password,userMasterIdentifier,resourceSourcedIds,preferredGivenName,\
    preferredMiddleName,preferredFamilyName,primaryOrgSourcedId,pronouns\n\
    u1,,,true,rosa,,Rosalinda,Vega,,,rosa@cedar.example,,,,,,,,Rosa,,,s1,\n\
    u2,,,true,tim,,Tim,Green,,,tim@cedar.example,,,,05,hunter2,,,,,,s1,\n\
    u3,,,true,,,Pat,Green,,,,,,,,,,,,,,,\n\
    u4,,,true,kim,,Kim,Ode,,,,,,,,,,,,,,d1,\n";

const ROLES_CSV: &str = "sourcedId,status,dateLastModified,userSourcedId,roleType,role,beginDate,endDate,orgSourcedId,\
    userProfileSourcedId\n\
    r1,,,u1,primary,teacher,,,s1,\n\
    r2,,,u1,secondary,counselor,2026-08-01,2027-06-30,s2,\n\
    r3,,,u1,secondary,principal,2020-08-01,2021-06-30,s2,\n\
    r4,,,u2,primary,student,,,s1,\n\
    r5,,,u3,primary,guardian,,,s1,\n\
    r6,,,u4,primary,districtAdministrator,,,d1,\n";

const MANIFEST_1_2: &str = "propertyName,value\nmanifest.version,1.0\noneroster.version,1.2\nfile.orgs,bulk\nfile.users,bulk\n\
    file.roles,bulk\nfile.classes,absent\nsource.systemName,Records\n";

fn day() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, 23).expect("a day")
}

fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, bytes) in files {
        std::fs::write(folder.path().join(name), bytes).expect("written");
    }
    folder
}

fn read_at(path: &Path, known: &[&str]) -> Result<Roster, RosterError> {
    read(
        path,
        &mut Reading {
            today: day(),
            known: &|id| known.contains(&id),
            progress: &mut |_| {},
        },
    )
}

fn read_these(files: &[(&str, &str)]) -> Result<Roster, RosterError> {
    let files: Vec<(&str, &[u8])> = files.iter().map(|(name, text)| (*name, text.as_bytes())).collect();
    read_at(folder(&files).path(), &[])
}

fn zipped(files: &[(&str, &[u8])]) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().expect("a file");
    let mut zip = zip::ZipWriter::new(file.reopen().expect("open"));
    for (name, bytes) in files {
        zip.start_file(*name, SimpleFileOptions::default()).expect("begun");
        zip.write_all(bytes).expect("written");
    }
    zip.finish().expect("closed");
    file
}

fn told(roster: &Roster) -> Vec<String> {
    roster
        .problems
        .problems
        .iter()
        .map(|problem| {
            format!(
                "{} {} {}: {}",
                problem.file, problem.row, problem.column, problem.message
            )
        })
        .collect()
}

#[test]
fn version_1_1_gives_staff_and_leaves_students_guardians_and_passwords_behind() {
    let roster = read_these(&[("orgs.csv", ORGS_CSV), ("users.csv", USERS_1_1)]).expect("a roster");
    assert_eq!(told(&roster), Vec::<String>::new());
    assert_eq!((roster.head.version.as_str(), roster.head.users), ("1.1", Extent::Bulk));
    let kinds: Vec<OrgKind> = roster.orgs.iter().map(|org| org.kind).collect();
    assert_eq!(
        kinds,
        [OrgKind::District, OrgKind::School, OrgKind::School, OrgKind::Department]
    );
    assert_eq!(roster.orgs[1].identifier.as_deref(), Some("370045001234"));
    let ignored = roster.head.ignored;
    assert_eq!(
        (ignored.students, ignored.guardians, ignored.others, ignored.orgs),
        (1, 1, 0, 1)
    );
    let [rosa, kim, lee] = &roster.people[..] else {
        panic!("three are staff: {:?}", roster.people)
    };
    let facts = rosa.facts.as_ref().expect("who she is");
    assert_eq!(
        (facts.name.as_str(), facts.email.as_deref()),
        ("Rosa Vega", Some("rosa.vega@cedar.example"))
    );
    assert_eq!(facts.user_ids, ["{LDAP:rosa}"]);
    let held: Vec<(&str, StaffRole)> = rosa.roles.iter().map(|held| (held.org.as_str(), held.role)).collect();
    assert_eq!(held, [("s1", StaffRole::Teacher), ("s2", StaffRole::Teacher)]);
    assert_eq!(kim.roles[0].role, StaffRole::Administrator);
    assert!(!lee.facts.as_ref().expect("who").enabled);
    let all = format!("{roster:?}");
    for never in ["hunter2", "Tim", "Pat", "tim@"] {
        assert!(!all.contains(never), "{never}");
    }
}

#[test]
fn version_1_2_takes_what_somebody_is_today_from_its_own_file() {
    let roster = read_these(&[
        ("manifest.csv", MANIFEST_1_2),
        ("orgs.csv", ORGS_CSV),
        ("users.csv", USERS_1_2),
        ("roles.csv", ROLES_CSV),
    ])
    .expect("a roster");
    assert_eq!(told(&roster), Vec::<String>::new());
    assert_eq!(roster.head.from.as_deref(), Some("Records"));
    let [rosa, kim] = &roster.people[..] else {
        panic!("two are staff: {:?}", roster.people)
    };
    assert_eq!(rosa.facts.as_ref().expect("who").name, "Rosa Vega");
    let held: Vec<(&str, StaffRole, bool)> = rosa
        .roles
        .iter()
        .map(|held| (held.org.as_str(), held.role, held.gone))
        .collect();
    assert_eq!(
        held,
        [
            ("s1", StaffRole::Teacher, false),
            ("s2", StaffRole::Counselor, false),
            ("s2", StaffRole::Principal, true)
        ]
    );
    assert_eq!(kim.roles[0].role, StaffRole::DistrictAdministrator);
    assert_eq!((roster.head.ignored.students, roster.head.ignored.guardians), (1, 1));
}

#[test]
fn what_vendors_do_differently_reads_the_same() {
    let plain = read_these(&[("orgs.csv", ORGS_CSV), ("users.csv", USERS_1_1)]).expect("a roster");
    // A byte order mark, Windows' line ends, columns in another order with others between, a quoted name over two lines
    // in a column nobody asks for, a folder packed with its files.
    let users = "\u{feff}password,familyName,givenName,role,metadata.badge,orgSourcedIds,sourcedId,enabledUser,email,userIds,username\r\n\
                 ,Vega,Rosa,teacher,\"two\r\nlines, quoted\"\"\",\"s1, s2\",u1,TRUE,rosa.vega@cedar.example,{LDAP:rosa},rosa\r\n\
                 hunter2,Green,Tim,student,,s1,u2,true,,,tim\r\n\
                 ,Green,Pat,parent,,s1,u3,true,,,\r\n\
                 ,Ode,Kim,administrator,,d1,u4,1,kim@cedar.example,,kim\r\n\
                 ,Ash,Lee,principal,,s2,u5,False,,,lee\r\n";
    let file = zipped(&[
        ("__MACOSX/roster/._users.csv", b"\x00\x05"),
        ("roster/orgs.csv", ORGS_CSV.replace('\n', "\r\n").as_bytes()),
        ("roster/users.csv", users.as_bytes()),
    ]);
    let other = read_at(file.path(), &[]).expect("a roster");
    assert_eq!(told(&other), Vec::<String>::new());
    assert_eq!(other.people, plain.people);
    assert_eq!(other.orgs, plain.orgs);
    assert_ne!(other.head.digest, plain.head.digest);
    // The same again is the same.
    assert_eq!(read_at(file.path(), &[]).expect("a roster"), other);
}

#[test]
fn a_row_that_cannot_be_taken_is_named_and_the_others_go_on() {
    let users = "sourcedId,status,enabledUser,orgSourcedIds,role,username,givenName,familyName,email\n\
        u1,,true,s1,teacher,a,Rosa,Vega,rosa@cedar.example\n\
        ,,true,s1,teacher,a,No,Id,\n\
        u3,,maybe,s1,teacher,a,En,Abled,\n\
        u4,,true,s1,janitor,a,Un,Known,\n\
        u5,,true,s1,teacher,a,Ad,Dress,not-an-address\n\
        u6,,true,,teacher,a,No,Where,\n\
        u7,,true,s1,teacher,a,,,\n\
        u8,active,true,s1,teacher,a,Too,Many,,,\n\
        u1,,true,s1,teacher,a,Twice,There,\n\
        u9,gone,true,s1,teacher,a,Sta,Tus,\n\
        u10,,true,s1,aide,a,Last,One,\n";
    let roster = read_these(&[("orgs.csv", ORGS_CSV), ("users.csv", users)]).expect("a roster");
    let ids: Vec<&str> = roster.people.iter().map(|person| person.sourced_id.as_str()).collect();
    assert_eq!(ids, ["u1", "u10"]);
    let told = told(&roster);
    let begins = [
        "users.csv 3 sourcedId: it is empty",
        "users.csv 4 enabledUser: \"maybe\" is neither",
        "users.csv 5 role: \"janitor\" is none of administrator, aide",
        "users.csv 6 email: \"not-an-address\" is not",
        "users.csv 7 orgSourcedIds: it is empty",
        "users.csv 8 familyName: neither",
        "users.csv 9 : it has 11 fields, and the header 9",
        "users.csv 10 sourcedId: \"u1\" stands in an earlier row",
        "users.csv 11 status: \"gone\" is neither",
    ];
    assert_eq!(told.len(), begins.len(), "{told:#?}");
    for (told, begins) in told.iter().zip(begins) {
        assert!(told.starts_with(begins), "{told} / {begins}");
    }
}

#[test]
fn what_is_not_utf_8_is_named_where_it_stands() {
    let mut users = USERS_1_1.as_bytes().to_vec();
    let at = users.windows(4).position(|word| word == b"Vega").expect("there");
    users[at + 1] = 0xe9;
    let roster = read_at(
        folder(&[("orgs.csv", ORGS_CSV.as_bytes()), ("users.csv", &users)]).path(),
        &[],
    )
    .expect("a roster");
    assert_eq!(roster.people.len(), 2);
    let told = told(&roster);
    assert!(
        told[0].starts_with("users.csv 2 familyName: \"V\u{fffd}ga\" is not UTF-8"),
        "{told:?}"
    );
}

#[test]
fn a_student_who_is_staff_too_is_not_taken_in_and_is_named() {
    let roles = format!("{ROLES_CSV}r7,,,u2,secondary,aide,,,s1,\n");
    let roster = read_these(&[
        ("manifest.csv", MANIFEST_1_2),
        ("orgs.csv", ORGS_CSV),
        ("users.csv", USERS_1_2),
        ("roles.csv", &roles),
    ])
    .expect("a roster");
    assert!(roster.people.iter().all(|person| person.sourced_id != "u2"));
    let told = told(&roster);
    assert!(
        told[0].starts_with("users.csv 3 sourcedId: \"u2\" is a student and staff"),
        "{told:?}"
    );
    assert!(!format!("{roster:?}").contains("Tim"));
}

#[test]
fn changes_say_what_has_changed_and_nothing_of_students() {
    let manifest = "propertyName,value\noneroster.version,1.2\nfile.orgs,absent\nfile.users,delta\nfile.roles,delta\n";
    let users = "sourcedId,status,dateLastModified,givenName,familyName\n\
        u1,active,2026-11-01T00:00:00Z,Rosa,Vega-Ruiz\n\
        u2,active,2026-11-01T00:00:00Z,Tim,Green\n\
        u5,tobedeleted,2026-11-01T00:00:00Z,Lee,Ash\n";
    let roles =
        "sourcedId,status,userSourcedId,role,orgSourcedId\nr9,tobedeleted,u4,teacher,s1\nr8,active,u7,teacher,s1\n";
    let folder = folder(&[
        ("manifest.csv", manifest.as_bytes()),
        ("users.csv", users.as_bytes()),
        ("roles.csv", roles.as_bytes()),
    ]);
    let roster = read_at(folder.path(), &["u1", "u4", "u5"]).expect("a roster");
    let [rosa, kim, lee] = &roster.people[..] else {
        panic!("three have changed: {:?}", roster.people)
    };
    assert_eq!(rosa.facts.as_ref().expect("who").name, "Rosa Vega-Ruiz");
    assert!(kim.facts.is_none() && kim.roles[0].gone);
    assert!(lee.gone && lee.facts.is_none());
    assert_eq!(roster.head.ignored.others, 1);
    assert!(!format!("{roster:?}").contains("Tim"));
    let told = told(&roster);
    assert!(
        told[0].starts_with("roles.csv 3 userSourcedId: nobody with the id \"u7\""),
        "{told:?}"
    );
}

#[test]
fn whoever_a_bad_row_is_about_is_named_as_still_there() {
    let users = USERS_1_2.replace("kim,,Kim,Ode", "kim,,,");
    let roles = format!("{ROLES_CSV}r8,,,u8,primary,janitor,,,s1,\nr9,,,u9,primary,teacher,,,s1,\n");
    let of = |users: &str| {
        read_these(&[
            ("manifest.csv", MANIFEST_1_2),
            ("orgs.csv", ORGS_CSV),
            ("users.csv", users),
            ("roles.csv", &roles),
        ])
        .expect("a roster")
    };
    let roster = of(&users);
    assert_eq!(roster.head.spared, ["u4", "u8", "u9"], "{:?}", told(&roster));
    assert!(!roster.head.somebody_unread);
    assert!(of(&format!("{users}u5,too,few\n")).head.somebody_unread);
}

#[test]
fn what_makes_no_sense_is_refused_with_what_to_do() {
    let says = |files: &[(&str, &str)]| read_these(files).expect_err("refused").to_string();
    assert!(says(&[]).contains("users.csv is not there"));
    assert!(says(&[("users.csv", "")]).contains("users.csv is empty"));
    let wrong = says(&[
        ("orgs.csv", ORGS_CSV),
        ("users.csv", "sourcedid,givenName,familyName\n"),
    ]);
    assert!(wrong.contains("sourcedId (there is sourcedid"), "{wrong}");
    let wrong = says(&[("users.csv", "sourcedId,givenName,familyName\nu1,A,B\n")]);
    assert!(wrong.contains("no column role, nor orgSourcedIds"), "{wrong}");
    let wrong = says(&[("users.csv", "sourcedId,givenName,familyName,role,role\n")]);
    assert!(wrong.contains("column role twice"), "{wrong}");
    let manifest = |text: &str| says(&[("manifest.csv", text), ("orgs.csv", ORGS_CSV), ("users.csv", USERS_1_1)]);
    assert!(manifest("propertyName,value\noneroster.version,2.0\n").contains("\"2.0\" is neither 1.1 nor 1.2"));
    assert!(manifest("propertyName,value\nfile.users,some\n").contains("none of absent, bulk, delta"));
    assert!(manifest("propertyName,value\noneroster.version,1.2\nfile.users,bulk\n").contains("roles.csv must too"));
    assert!(
        manifest("propertyName,value\noneroster.version,1.2\nfile.users,bulk\nfile.roles,bulk\n")
            .contains("roles.csv is not there; manifest.csv says it is")
    );
    // A quotation mark that is never closed swallows the rest: said with its row, and memory stays bounded.
    let open = format!("{USERS_1_1}u6,,,true,s1,teacher,a,,\"A,{}", "x".repeat(600 * 1024));
    let wrong = says(&[("orgs.csv", ORGS_CSV), ("users.csv", &open)]);
    assert!(
        wrong.contains("users.csv cannot be read from row 7 on") && wrong.contains("quotation mark"),
        "{wrong}"
    );
    let text = folder(&[("roster.zip", b"sourcedId,givenName")]);
    let wrong = read_at(&text.path().join("roster.zip"), &[])
        .expect_err("refused")
        .to_string();
    assert!(wrong.contains("not a zip file"), "{wrong}");
}

#[test]
fn a_zip_bomb_is_noticed_before_it_fills_anything() {
    let mut bomb = USERS_1_1.as_bytes().to_vec();
    let row = format!("u,,,true,s1,student,{},,A,B,,,,,,,,\n", "a".repeat(4000));
    bomb.extend(std::iter::repeat_n(row.as_bytes(), 20_000).flatten());
    let file = zipped(&[("orgs.csv", ORGS_CSV.as_bytes()), ("users.csv", &bomb)]);
    assert!(std::fs::metadata(file.path()).expect("there").len() < 400_000);
    let wrong = read_at(file.path(), &[]).expect_err("refused").to_string();
    assert!(wrong.contains("made to fill the memory"), "{wrong}");
    let names: Vec<String> = (0..600).map(|nth| format!("{nth}.csv")).collect();
    let many: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), &b""[..])).collect();
    assert!(matches!(
        read_at(zipped(&many).path(), &[]),
        Err(RosterError::TooMany { files: 600 })
    ));
}

#[test]
fn problems_are_named_up_to_a_bound_and_counted_beyond() {
    let mut users = "sourcedId,orgSourcedIds,role,givenName,familyName\n".to_owned();
    for nth in 0..1500 {
        users.push('u');
        users.push_str(&nth.to_string());
        users.push_str(",s1,janitor,A,B\n");
    }
    let roster = read_these(&[("orgs.csv", ORGS_CSV), ("users.csv", &users)]).expect("a roster");
    assert_eq!(
        (roster.problems.problems.len(), roster.problems.count()),
        (Problems::NAMED_MAX, 1500)
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Whatever bytes are changed, something is said, and no student comes through.
    #[test]
    fn damaged_rosters_neither_crash_nor_let_students_in(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0_u8..4), 1..12),
        which in 0_usize..4,
    ) {
        let mut files: Vec<(&str, Vec<u8>)> = [
            ("manifest.csv", MANIFEST_1_2), ("orgs.csv", ORGS_CSV), ("roles.csv", ROLES_CSV), ("users.csv", USERS_1_2),
        ].map(|(name, text)| (name, text.as_bytes().to_vec())).into();
        let roles_whole = which != 2;
        let bytes = &mut files[which].1;
        for (at, byte, how) in changes {
            if bytes.is_empty() { break; }
            let at = at.index(bytes.len());
            match how {
                0 => bytes[at] = byte,
                1 => { bytes.remove(at); }
                2 => bytes.insert(at, byte),
                _ => bytes.truncate(at),
            }
        }
        let files: Vec<(&str, &[u8])> = files.iter().map(|(name, bytes)| (*name, &bytes[..])).collect();
        let by_folder = read_at(folder(&files).path(), &[]);
        let by_zip = read_at(zipped(&files).path(), &[]);
        prop_assert_eq!(by_folder.as_ref().ok(), by_zip.as_ref().ok());
        if let Ok(roster) = by_folder && roles_whole {
            let people = format!("{:?}", roster.people);
            prop_assert!(!people.contains("hunter2"));
        }
    }

    /// A zip file that was damaged is refused, or what can be read of it is right.
    #[test]
    fn damaged_archives_neither_crash_nor_hang(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let file = zipped(&[("orgs.csv", ORGS_CSV.as_bytes()), ("users.csv", USERS_1_1.as_bytes())]);
        let mut bytes = std::fs::read(file.path()).expect("read");
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        std::fs::write(file.path(), &bytes).expect("written");
        if let Ok(roster) = read_at(file.path(), &[]) {
            let people = format!("{:?}", roster.people);
            prop_assert!(!people.contains("hunter2"));
        }
    }
}
