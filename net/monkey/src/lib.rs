//! Unmodified blocking code on green threads.
//!
//! A program that says `use osier_monkey as _;` has the libc calls that `std` and C libraries wait in
//! defined here: in a task they let the other tasks run, anywhere else they are the kernel's as before.
//!
//! # Why unsafe
//! What is defined here is called by C, with C's pointers, and calls the kernel with them.
#![cfg(all(target_os = "linux", target_arch = "x86_64", target_env = "gnu"))]
#![allow(unsafe_code)]

mod children;
mod futex;
mod patience;
mod pidfd;
mod threads;
