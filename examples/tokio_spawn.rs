//! For those who know tokio: spawn, `JoinSet`, mpsc and oneshot, and a future awaited.
//!
//! There: `#[tokio::main]`, `tokio::spawn(async move { .. })`, `rx.recv().await`. Nothing is async here and nothing
//! has to be `Send`: a task is a closure, and an `Rc` may live across its waits.

use std::rc::Rc;

use osier::{AsyncResult, JoinError, channel, future};

fn main() -> Result<(), JoinError> {
    osier::run(|| {
        let greeting = Rc::new(String::from("hello"));
        let shared = greeting.clone();
        let length = osier::spawn(move || shared.len()); // tokio::spawn
        println!("{greeting} has {} letters", length.join()?); // handle.await?

        let (sender, numbers) = channel::bounded(1); // mpsc::channel(1)
        osier::spawn(move || (1..=4).try_for_each(|n| sender.send(n)));
        let mut sum = 0;
        while let Ok(n) = numbers.recv() {
            sum += n;
        }
        println!("the sum is {sum}");

        let answer = AsyncResult::new(); // oneshot::channel()
        let asked = answer.clone();
        osier::spawn(move || asked.set(42));
        println!("the answer is {}", answer.get()?);

        let task = osier::spawn(|| "done"); // async code runs as it is, and awaits our handles
        println!("awaited: {}", future::block_on(async { task.await.map(str::len) })?);
        Ok(())
    })
}
