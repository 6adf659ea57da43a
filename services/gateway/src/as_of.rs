//! As of when an address asks.

use contracts::problem::Problem;
use contracts::queries::AsOf;

/// The moment of the past that a query string asks for, and the rest of it.
pub(crate) fn asked(raw: Option<&str>) -> Result<(Option<AsOf>, String), Problem> {
    let pairs = raw.unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
    let (of, rest): (Vec<&str>, Vec<&str>) = pairs.partition(|pair| pair.starts_with("as_of="));
    let of = of
        .iter()
        .filter_map(|pair| pair.strip_prefix("as_of="))
        .find(|text| !text.is_empty());
    let of = of.map(|text| {
        text.parse()
            .map_err(|message: String| Problem::invalid_field("as_of", message))
    });
    Ok((of.transpose()?, rest.join("&")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_or_a_place_is_taken_out_of_the_rest() {
        let day = chrono::NaiveDate::from_ymd_opt(2026, 10, 1).expect("a day");
        let (of, rest) = asked(Some("open=true&as_of=2026-10-01&q=a")).expect("read");
        assert_eq!((of, rest.as_str()), (Some(AsOf::Day(day)), "open=true&q=a"));
        assert_eq!(asked(Some("as_of=1042")).expect("read").0, Some(AsOf::Sequence(1042)));
        assert_eq!(asked(Some("as_of=&q=a")).expect("a field left alone").0, None);
        assert_eq!(asked(None).expect("read").0, None);
        for absurd in ["-262143-01-01", "%2B262142-12-31", "0001-01-01", "9999-12-31"] {
            let refused = asked(Some(&format!("as_of={absurd}"))).expect_err(absurd);
            assert_eq!(refused.fields[0].field, "as_of", "{absurd}");
        }
        assert_eq!(
            asked(Some("as_of=yesterday")).expect_err("no day").fields[0].field,
            "as_of"
        );
    }
}
