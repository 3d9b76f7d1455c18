//! What computes, on every core: an executor of processes. Workers begin anew (spawn) and call a function by name.
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
        let mut divisor = 2;
        while divisor * divisor <= n && !n.is_multiple_of(divisor) {
            divisor += 1;
        }
        n > 1 && divisor * divisor > n
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
        let began = osier::clock::now();
        let alone = NUMBERS.map(*is_prime); // the function itself, called right here
        println!("one after the other in {:.1?}", began.elapsed());

        let executor = ProcessPoolExecutor::new(cpu_count());
        let began = osier::clock::now();
        let primes: Vec<bool> = executor.map(is_prime, NUMBERS).map(Result::unwrap).collect();
        println!("by a process for each core in {:.1?}", began.elapsed());
        assert_eq!(primes, alone);
        for (number, prime) in NUMBERS.into_iter().zip(primes) {
            println!("{number} is prime: {prime}");
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
