//! Work on several threads whose results do not show it.

use std::thread;

/// Each item's result, in the order of the items, on at most `threads` threads and no more than there are cores.
///
/// # Panics
/// If `work` does.
pub(crate) fn map<T: Sync, R: Send>(items: &[T], threads: usize, work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let threads = thread::available_parallelism().map_or(1, usize::from).min(threads);
    let part = |items: &[T]| items.iter().map(&work).collect::<Vec<_>>();
    let mut chunks = items.chunks(items.len().div_ceil(threads.max(1)).max(1));
    let Some(first) = chunks.next() else { return Vec::new() };
    let part = &part;
    thread::scope(|scope| {
        let workers: Vec<_> = chunks.map(|items| scope.spawn(move || part(items))).collect();
        let mut results = part(first);
        for worker in workers {
            match worker.join() {
                Ok(more) => results.extend(more),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        results
    })
}

#[cfg(test)]
mod tests {
    use super::map;

    #[test]
    fn results_stand_in_order() {
        let items: Vec<usize> = (0..1000).collect();
        for threads in [0, 1, 2, 7, 5000] {
            assert_eq!(map(&items, threads, |n| n * 2), items.iter().map(|n| n * 2).collect::<Vec<_>>());
        }
        assert!(map(&[0; 0], 3, |n: &i32| *n).is_empty());
    }
}
