// SPDX-License-Identifier: MIT
// pool fork: uses a pool of threads before a fork and after it. pool idle: neither the pool nor the main thread has
// anything to do. pool held: a thread holds a lock while it sleeps for long, and another one waits for the lock.
use std::sync::mpsc::{channel, Sender};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

extern "C" {
    fn fork() -> i32;
    fn getpid() -> i32;
    fn waitpid(pid: i32, status: *mut i32, options: i32) -> i32;
}

type Answer = Arc<(Mutex<Option<u32>>, Condvar)>;

fn start() -> Sender<(u32, Answer)> {
    let (questions, inbox) = channel::<(u32, Answer)>();
    thread::spawn(move || {
        for (n, answer) in inbox {
            *answer.0.lock().unwrap() = Some(n + 1);
            answer.1.notify_all();
        }
    });
    questions
}

fn ask(pool: &Sender<(u32, Answer)>, n: u32) -> u32 {
    let answer: Answer = Arc::new((Mutex::new(None), Condvar::new()));
    pool.send((n, answer.clone())).unwrap();
    let mut value = answer.0.lock().unwrap();
    while value.is_none() {
        value = answer.1.wait(value).unwrap();
    }
    value.unwrap()
}

fn ask_in_fork(pool: &Sender<(u32, Answer)>) {
    let pid = unsafe { fork() };
    if pid == 0 {
        println!("meant {}", unsafe { getpid() });
        println!("{}", ask(pool, 2));
        std::process::exit(0);
    }
    unsafe { waitpid(pid, std::ptr::null_mut(), 0) };
}

fn hold_for_long() {
    let held = Arc::new(Mutex::new((7u32, 1u32, 0u32)));
    let other = held.clone();
    thread::spawn(move || {
        let _guard = other.lock().unwrap();
        loop {
            thread::sleep(Duration::from_secs(1000));
        }
    });
    thread::sleep(Duration::from_millis(100));
    println!("ready");
    println!("{:?}", held.lock().unwrap());
}

fn main() {
    let pool = start();
    println!("{}", ask(&pool, 1));
    thread::sleep(Duration::from_millis(50));
    match std::env::args().nth(1).as_deref() {
        Some("fork") => ask_in_fork(&pool),
        Some("held") => hold_for_long(),
        _ => loop {
            println!("ready");
            thread::sleep(Duration::from_secs(1000));
        },
    }
}
