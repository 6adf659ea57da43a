//! The checker is worth what it finds: good evidence passes, and whatever is spoilt in it is reported.

mod good;
mod log;
mod reads;
mod told;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::{Evidence, Invariant, check};

/// How often each way of spoiling is tried, each time elsewhere.
const PLACES: u64 = 40;
/// At how many of them there must have been something to spoil.
const TRIED_MIN: u64 = 2;

/// A way of spoiling: false where there was nothing to spoil at the place chosen.
type Spoil = fn(&mut Evidence, &mut StdRng) -> bool;

/// Spoils good evidence at many places; each time something against one of these invariants must be reported.
async fn always_reported(ways: &[(&str, Spoil, &[Invariant])]) {
    let good = good::evidence().await;
    for (name, spoil, against) in ways {
        let mut tried = 0;
        for seed in 0..PLACES {
            let mut random = StdRng::seed_from_u64(seed);
            let mut spoilt = good.clone();
            if !spoil(&mut spoilt, &mut random) {
                continue;
            }
            tried += 1;
            let found = check(&spoilt);
            assert!(
                found.iter().any(|violation| against.contains(&violation.invariant)),
                "{name}, seed {seed}: {found:?}"
            );
        }
        assert!(tried >= TRIED_MIN, "{name} was tried only {tried} times");
    }
}

fn any<'a, T>(random: &mut StdRng, of: &'a mut [T]) -> Option<&'a mut T> {
    let length = of.len();
    (length > 0).then(|| &mut of[random.random_range(0..length)])
}

#[tokio::test]
async fn a_good_run_passes() {
    let evidence = good::evidence().await;
    assert_eq!(check(&evidence), []);
    assert!(evidence.log.len() >= 48 && evidence.history.len() > 300);
}
