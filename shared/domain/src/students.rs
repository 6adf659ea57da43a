//! Words that look as if they name a student: pointed out before they are filed, since a record is kept for good. The
//! person who wrote them decides.
//!
//! It looks for a name beside a grade, an age or the word student; a number that may be a student's; a date that may be
//! somebody's birth. It knows no names: whatever stands in capitals where none belongs may be one.

/// Why some words look as if they name a student.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Looks {
    /// A name with a grade, an age, or the word student near it.
    NameOfStudent,
    /// A number as students have one.
    Number,
    /// A date of birth.
    Birth,
}

impl Looks {
    /// What it looks like, as a question to whoever wrote it.
    pub fn question(self) -> &'static str {
        match self {
            Self::NameOfStudent => "does this name a student?",
            Self::Number => "is this a student's number?",
            Self::Birth => "is this somebody's date of birth?",
        }
    }
}

/// Some words that look as if they name a student.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Named {
    /// The words.
    pub words: String,
    /// Why.
    pub looks: Looks,
}

/// How many words apart a name and what makes it a student's may stand.
const NEAR: usize = 6;
/// Digits of a number that may be a student's.
const NUMBER_DIGITS: std::ops::RangeInclusive<usize> = 6..=12;
/// How many are pointed out of one text.
const NAMED_MAX: usize = 5;

/// Words in capitals that are no names of people.
const NO_NAMES: &[&str] = &[
    "advanced",
    "algebra",
    "american",
    "ap",
    "april",
    "art",
    "august",
    "band",
    "biology",
    "board",
    "calculus",
    "central",
    "chemistry",
    "chromebook",
    "civics",
    "college",
    "council",
    "county",
    "december",
    "department",
    "district",
    "ela",
    "elementary",
    "english",
    "esl",
    "february",
    "fall",
    "french",
    "friday",
    "geography",
    "geometry",
    "german",
    "google",
    "government",
    "grade",
    "handbook",
    "health",
    "high",
    "history",
    "honors",
    "human",
    "i",
    "ib",
    "iep",
    "january",
    "july",
    "june",
    "kindergarten",
    "latin",
    "library",
    "literature",
    "march",
    "math",
    "mathematics",
    "may",
    "middle",
    "monday",
    "music",
    "november",
    "october",
    "office",
    "pe",
    "physics",
    "placement",
    "policy",
    "principal",
    "psychology",
    "public",
    "reading",
    "rule",
    "saturday",
    "school",
    "schools",
    "science",
    "section",
    "september",
    "social",
    "spanish",
    "spring",
    "state",
    "studies",
    "summer",
    "sunday",
    "superintendent",
    "technology",
    "thursday",
    "title",
    "tuesday",
    "united",
    "wednesday",
    "winter",
    "writing",
];

/// Words that begin sentences and phrases, and so stand in capitals without naming anybody.
const COMMON: &[&str] = &[
    "a", "after", "all", "an", "and", "another", "any", "as", "at", "because", "before", "but", "by", "each", "every",
    "for", "from", "he", "her", "his", "how", "if", "in", "is", "it", "its", "last", "let", "many", "more", "most",
    "my", "no", "not", "now", "of", "on", "once", "one", "only", "or", "our", "she", "since", "so", "some", "students",
    "student", "teachers", "that", "the", "their", "there", "these", "they", "this", "those", "to", "today", "two",
    "under", "until", "we", "what", "when", "where", "which", "while", "who", "why", "with", "you", "your",
];

/// What makes a name beside it a student's.
const OF_STUDENTS: &[&str] = &[
    "student",
    "pupil",
    "son",
    "daughter",
    "child",
    "kid",
    "boy",
    "girl",
    "kindergartner",
    "kindergartener",
    "freshman",
    "sophomore",
    "junior",
    "senior",
    "grader",
    "iep",
    "transcript",
    "504",
];

/// Months, as dates write them.
const MONTHS: &[&str] = &[
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
    "jan",
    "feb",
    "mar",
    "apr",
    "jun",
    "jul",
    "aug",
    "sep",
    "sept",
    "oct",
    "nov",
    "dec",
];

#[derive(Debug)]
struct Word<'a> {
    text: &'a str,
    plain: String,
    /// Whether a sentence begins with it.
    first: bool,
}

fn words(text: &str) -> Vec<Word<'_>> {
    let mut first = true;
    let mut words = Vec::new();
    for piece in text.split_whitespace() {
        let bare = piece.trim_matches(|letter: char| !letter.is_alphanumeric());
        if !bare.is_empty() {
            let whose = bare.strip_suffix("'s").or_else(|| bare.strip_suffix("\u{2019}s"));
            let bare = whose.unwrap_or(bare);
            words.push(Word {
                text: bare,
                plain: bare.to_lowercase(),
                first,
            });
        }
        first = piece.ends_with(['.', '!', '?', ':', ';', '\u{2014}']);
    }
    words
}

fn is_capital(word: &str) -> bool {
    let mut letters = word.chars();
    letters.next().is_some_and(char::is_uppercase) && letters.any(char::is_lowercase)
}

fn knows(list: &[&str], word: &str) -> bool {
    list.contains(&word)
}

/// Whether a grade or an age is named here: "grade 4", "4th grade", "fourth grade", "9-year-old".
fn is_grade(words: &[Word<'_>], at: usize) -> bool {
    const ORDINALS: &[&str] = &[
        "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh",
        "twelfth",
    ];
    let word = words[at].plain.as_str();
    let number = |word: &str| {
        let digits = word.trim_end_matches(|letter: char| letter.is_alphabetic());
        !digits.is_empty() && digits.len() <= 2 && digits.bytes().all(|byte| byte.is_ascii_digit())
    };
    let is_number = |at: Option<usize>| {
        at.and_then(|at| words.get(at))
            .is_some_and(|word| number(&word.plain) || knows(ORDINALS, &word.plain))
    };
    match word {
        "grade" | "gr" => is_number(Some(at + 1)) || is_number(at.checked_sub(1)),
        "years" | "year" => is_number(at.checked_sub(1)),
        word => {
            let aged = word.split_once("-year-old").or_else(|| word.split_once("-years-old"));
            let graded = word.strip_suffix("-grader");
            aged.is_some_and(|(age, _)| number(age)) || graded.is_some_and(|nth| number(nth) || knows(ORDINALS, nth))
        }
    }
}

/// Whether something here makes a name near it a student's: one of them alone, since classes and grades are many's.
fn makes_student(words: &[Word<'_>], at: usize) -> bool {
    knows(OF_STUDENTS, &words[at].plain) || is_grade(words, at)
}

/// A date with a day: `3/14/2016`, `2016-03-14`; or a month, a day and a year in words.
fn date_at(words: &[Word<'_>], at: usize) -> Option<String> {
    let word = words[at].text;
    let parts: Vec<&str> = word.split(['/', '-', '.']).collect();
    let digits = |part: &str, lengths: std::ops::RangeInclusive<usize>| {
        lengths.contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
    };
    if let [first, second, third] = parts.as_slice() {
        let written = (digits(first, 1..=2) && digits(second, 1..=2) && (digits(third, 4..=4) || digits(third, 2..=2)))
            || (digits(first, 4..=4) && digits(second, 1..=2) && digits(third, 1..=2));
        if written {
            return Some(word.to_owned());
        }
    }
    let day = |at: usize| {
        words.get(at).is_some_and(|word| {
            digits(
                word.plain.trim_end_matches(|letter: char| letter.is_alphabetic()),
                1..=2,
            )
        })
    };
    let year = |at: usize| words.get(at).is_some_and(|word| digits(&word.plain, 4..=4));
    if knows(MONTHS, &words[at].plain) && day(at + 1) && year(at + 2) {
        let shown: Vec<&str> = words[at..=at + 2].iter().map(|word| word.text).collect();
        return Some(shown.join(" "));
    }
    None
}

fn speaks_of_birth(words: &[Word<'_>], at: usize) -> bool {
    let start = at.saturating_sub(NEAR);
    words[start..at].iter().any(|word| {
        matches!(
            word.plain.as_str(),
            "born" | "birth" | "dob" | "d.o.b" | "birthday" | "birthdate"
        )
    })
}

/// What in a text looks as if it named a student, each once. `known` are names that are no students': of schools,
/// departments and of whoever writes.
pub fn named_in(text: &str, known: &[String]) -> Vec<Named> {
    let words = words(text);
    let known: Vec<String> = known
        .iter()
        .flat_map(|name| name.split_whitespace())
        .map(str::to_lowercase)
        .collect();
    let mut found: Vec<Named> = Vec::new();
    let mut add = |words: String, looks: Looks| {
        let named = Named { words, looks };
        if !found.contains(&named) && found.len() < NAMED_MAX {
            found.push(named);
        }
    };
    let mut at = 0;
    while at < words.len() {
        let word = &words[at];
        if let Some(date) = date_at(&words, at) {
            if speaks_of_birth(&words, at) {
                add(date, Looks::Birth);
            }
            at += 1;
            continue;
        }
        let bare: String = word.text.chars().filter(|letter| *letter != '-').collect();
        let digits = bare.bytes().all(|byte| byte.is_ascii_digit());
        let social = word.text.len() == 11 && word.text.split('-').map(str::len).eq([3, 2, 4]);
        let before = at.checked_sub(1).map(|before| words[before].plain.as_str());
        let said = matches!(before, Some("id" | "number" | "no" | "ssn" | "#")) && bare.len() >= 4;
        if digits && (social || said || (NUMBER_DIGITS.contains(&bare.len()) && !word.text.contains('-'))) {
            add(word.text.to_owned(), Looks::Number);
        }
        let is_name = |word: &Word<'_>| {
            is_capital(word.text)
                && !knows(NO_NAMES, &word.plain)
                && !knows(COMMON, &word.plain)
                && !known.contains(&word.plain)
        };
        if is_name(word) {
            let length = words[at..].iter().take_while(|next| is_name(next)).take(4).count();
            let near = at.saturating_sub(NEAR)..(at + length + NEAR).min(words.len());
            let students = near
                .filter(|place| !(at..at + length).contains(place))
                .any(|place| makes_student(&words, place));
            // Beside another word in capitals it is a title: School Improvement, Principal Ortega.
            let title = |place: Option<usize>| {
                place.and_then(|place| words.get(place)).is_some_and(|word| {
                    is_capital(word.text)
                        && !word.first
                        && (knows(NO_NAMES, &word.plain) || known.contains(&word.plain))
                })
            };
            let of_title = title(at.checked_sub(1)) || title(Some(at + length));
            // One word at the start of a sentence is in capitals whatever it is.
            if students && !of_title && (length > 1 || !word.first) {
                let shown: Vec<&str> = words[at..at + length].iter().map(|word| word.text).collect();
                add(shown.join(" "), Looks::NameOfStudent);
            }
            at += length;
            continue;
        }
        at += 1;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn looks(text: &str) -> Vec<(String, Looks)> {
        let known = ["Cane Creek Middle".to_owned(), "Rosa Delgado".to_owned()];
        named_in(text, &known)
            .into_iter()
            .map(|named| (named.words, named.looks))
            .collect()
    }

    fn one(text: &str, words: &str, what: Looks) {
        assert_eq!(looks(text), [(words.to_owned(), what)], "{text}");
    }

    #[test]
    fn names_of_students_are_pointed_out() {
        one(
            "Jamie Quillfeather of grade 4 passed in March.",
            "Jamie Quillfeather",
            Looks::NameOfStudent,
        );
        one("Our student Mateo sits there still.", "Mateo", Looks::NameOfStudent);
        one(
            "A 9-year-old, Lily Tran, reads above level.",
            "Lily Tran",
            Looks::NameOfStudent,
        );
        one(
            "We had to hold Deshawn back in the 7th grade.",
            "Deshawn",
            Looks::NameOfStudent,
        );
        one(
            "Maria's son waits. Her sophomore Priya too",
            "Priya",
            Looks::NameOfStudent,
        );
        one(
            "She is a ninth-grader: Ana Lucia Reyes.",
            "Ana Lucia Reyes",
            Looks::NameOfStudent,
        );
    }

    #[test]
    fn numbers_and_births_are_pointed_out() {
        one("His id 48213 is blocked.", "48213", Looks::Number);
        one("Student number 00918273 cannot log in.", "00918273", Looks::Number);
        one("SSN 123-45-6789 was asked for.", "123-45-6789", Looks::Number);
        one("He was born on 3/14/2016.", "3/14/2016", Looks::Birth);
        one("DOB: March 14, 2016", "March 14 2016", Looks::Birth);
    }

    #[test]
    fn what_schools_write_every_day_is_left_alone() {
        for text in [
            "Students in grade 4 cannot move on until June.",
            "The rule counts hours in the room for every student of Cane Creek Middle.",
            "Rosa Delgado teaches Algebra to a student group in grade 8.",
            "Board Policy 3420 section B says 135 hours.",
            "In grade 6 the Social Studies teacher may not co-teach with English.",
            "Last spring 43 students passed. Grade 7 had 12.",
            "The School Improvement plan of 2026-11-02 names no student.",
            "Chromebook filters block a student in AP Biology.",
            "We asked Marcus Tillery twice in September.",
        ] {
            assert_eq!(looks(text), [], "{text}");
        }
    }

    #[test]
    fn a_text_of_names_is_not_a_list_of_complaints() {
        let names: Vec<String> = (0..40).map(|nth| format!("student Zora{nth}ab,")).collect();
        let text = names.join(" ");
        assert!(looks(&text).len() <= NAMED_MAX);
        assert_eq!(looks(""), []);
        assert_eq!(looks("\u{1F600} \u{2014} - '"), []);
    }
}
