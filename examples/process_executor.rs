//! What computes, on every core: an executor of processes. Workers begin anew and call a function by name.
//!
//! In Python: `concurrent.futures.ProcessPoolExecutor`, `submit`, `map`, `as_completed`, the primes of its documentation.

use osier::process::pool::ProcessPoolExecutor;
use osier::process::{cpu_count, functions};
use osier::thread::as_completed;

const NUMBERS: [u64; 6] = [
    112_272_535_095_293,
    112_582_705_942_171,
    112_272_535_095_297,
    115_280_095_190_773,
    115_797_848_077_099,
    1_099_726_899_285_419,
];

functions! {
    fn is_prime(n: u64) -> bool {
        n > 1 && (2..).take_while(|d| d * d <= n).all(|d| !n.is_multiple_of(d))
    }

    fn collatz(n: u64) -> (u64, u32) {
        let (mut steps, mut at) = (0, n);
        while at != 1 {
            at = if at.is_multiple_of(2) { at / 2 } else { 3 * at + 1 };
            steps += 1;
        }
        (n, steps)
    }
}

fn main() {
    osier::run(|| {
        let executor = ProcessPoolExecutor::new(cpu_count());
        for (number, prime) in NUMBERS.into_iter().zip(executor.map(is_prime, NUMBERS)) {
            println!("{number} is prime: {}", prime.unwrap());
        }
        let calls = [27, 97, 871].map(|n| executor.submit(collatz, (n,)).unwrap());
        let mut all: Vec<(u64, u32)> =
            as_completed(calls).map(|call| call.result().unwrap()).collect();
        all.sort_unstable(); // they come as they end
        for (n, steps) in all {
            println!("{n} takes {steps} steps");
        }
        executor.shutdown();
        println!("{}", executor.submit(is_prime, (7,)).unwrap_err());
    });
}
