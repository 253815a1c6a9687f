//! Work that falls into pieces, on several threads; the results are in the order of the pieces.

use std::sync::{Mutex, PoisonError};

/// The result of each job.
pub(crate) fn parallel<J: Send, R: Send>(jobs: Vec<J>, threads: usize, run: impl Fn(J) -> R + Sync) -> Vec<R> {
    let threads = threads.min(jobs.len());
    if threads < 2 {
        return jobs.into_iter().map(run).collect();
    }
    let mut done: Vec<Option<R>> = jobs.iter().map(|_| None).collect();
    let left = Mutex::new(jobs.into_iter().zip(&mut done));
    let next = || left.lock().unwrap_or_else(PoisonError::into_inner).next();
    let work = || {
        while let Some((job, slot)) = next() {
            *slot = Some(run(job));
        }
    };
    std::thread::scope(|scope| {
        // Where a thread cannot be started the others do its work.
        (1..threads).for_each(|_| _ = std::thread::Builder::new().spawn_scoped(scope, work));
        work();
    });
    drop(left);
    done.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::parallel;

    #[test]
    fn results_are_in_order() {
        for threads in [1, 2, 7] {
            assert_eq!(
                parallel((0..50).collect(), threads, |n: i32| n * n),
                (0..50).map(|n| n * n).collect::<Vec<_>>()
            );
        }
    }
}
