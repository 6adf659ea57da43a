//! What is injected when: every fault that was asked for at least once, in an order from the seed.

use rand::rngs::StdRng;
use rand::seq::SliceRandom;

use super::Fault;

/// The faults of a round, in its order.
pub fn round(faults: &[Fault], random: &mut StdRng) -> Vec<Fault> {
    let mut order = faults.to_vec();
    order.shuffle(random);
    order
}

/// The faults of these names; all where none is named.
pub fn named(names: &[String]) -> anyhow::Result<Vec<Fault>> {
    let all = Fault::all();
    if names.is_empty() {
        return Ok(all);
    }
    names
        .iter()
        .map(|name| {
            all.iter()
                .copied()
                .find(|fault| fault.to_string() == *name)
                .ok_or_else(|| {
                    let known: Vec<String> = all.iter().map(ToString::to_string).collect();
                    anyhow::anyhow!("there is no fault {name}; the faults are {}", known.join(", "))
                })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    #[test]
    fn one_seed_gives_one_order_and_every_fault_is_in_it() {
        let all = Fault::all();
        let order = |seed| round(&all, &mut StdRng::seed_from_u64(seed));
        assert_eq!(order(1), order(1));
        assert_ne!(order(1), order(2));
        assert!(all.iter().all(|fault| order(3).contains(fault)));
    }

    #[test]
    fn a_fault_is_known_by_its_name() {
        let named_ones = named(&["kill-all".to_owned(), "crash-append.after".to_owned()]).expect("known");
        assert_eq!(named_ones.len(), 2);
        assert!(named(&["no-such".to_owned()]).is_err());
    }
}
