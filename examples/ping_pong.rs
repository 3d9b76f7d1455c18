//! Two greenlets hand a ball to each other, with no hub and no queue: whoever has it decides who goes on.
//!
//! In Python, the first example of greenlet: `z = gr2.switch(x + y)` in the one, `gr1.switch(42)` in the other.
//! Values go both ways; what a greenlet ends with goes to its parent.

use std::cell::OnceCell;
use std::rc::Rc;

use osier::greenlet::Greenlet;

/// Where the two find each other.
type Table = [OnceCell<Greenlet<u32>>; 2];

fn player(table: &Rc<Table>, name: &'static str, opposite: usize) -> Greenlet<u32> {
    let table = Rc::downgrade(table); // or table and players would keep each other
    Greenlet::new(move |mut ball| {
        let opponent = table.upgrade().expect("main keeps it")[opposite].get().unwrap().clone();
        while ball < 6 {
            println!("{name} has {ball}");
            ball = opponent.switch(ball + 1);
        }
        println!("{name} lets {ball} go");
        ball
    })
}

fn main() {
    let table: Rc<Table> = Rc::default();
    let ping = table[0].get_or_init(|| player(&table, "ping", 1));
    let pong = table[1].get_or_init(|| player(&table, "pong", 0));

    let result = ping.switch(1);
    println!("main has {result}; ping is dead: {}, pong: {}", ping.is_dead(), pong.is_dead());
}
