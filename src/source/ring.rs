//! The size of the kernel's ring that a container has room for: a part of the memory that it may take, as its control groups say
//! (cgroups(7); `memory.max` of version 2, `memory.limit_in_bytes` of version 1).

use std::fs::read_to_string;
use std::path::{Component, Path};

/// Some blocks of the largest packet; with less the kernel drops packets of any burst.
const MIN_BYTES: u32 = 2 << 20;
/// The share of the limit that the ring may take: the rest is for Node, connections, bodies and the waiting lines of outputs.
const SHARE: u64 = 8;

const CGROUPS_OF_THIS_PROCESS: &str = "/proc/self/cgroup";
const MOUNTED_AT: &str = "/sys/fs/cgroup";

/// Without a limit there is room for all.
pub(super) fn most_bytes() -> u32 {
    bytes_for(memory_limit(Path::new(CGROUPS_OF_THIS_PROCESS), Path::new(MOUNTED_AT)))
}

fn bytes_for(limit: Option<u64>) -> u32 {
    let part = limit.map_or(u64::MAX, |limit| limit / SHARE);
    u32::try_from(part).unwrap_or(u32::MAX).max(MIN_BYTES)
}

/// The least limit of the groups that this process is in, and of those that they are in. `None` if no file says any.
fn memory_limit(cgroups: &Path, mounted_at: &Path) -> Option<u64> {
    let cgroups = read_to_string(cgroups).ok()?;
    let limits = cgroups.lines().filter_map(|line| {
        let mut parts = line.splitn(3, ':');
        let (_, controllers, path) = (parts.next()?, parts.next()?, parts.next()?);
        if controllers.is_empty() {
            least_from(mounted_at, path, "memory.max")
        } else if controllers.split(',').any(|controller| controller == "memory") {
            least_from(&mounted_at.join("memory"), path, "memory.limit_in_bytes")
        } else {
            None
        }
    });
    limits.min()
}

/// The least of the files of this name from `root` down to the group. In a container `root` is the container's own group, whatever
/// `path` the host has for it: folders that are not there say nothing.
fn least_from(root: &Path, path: &str, name: &str) -> Option<u64> {
    let mut folder = root.to_owned();
    let mut least = limit_in(&folder.join(name));
    for part in Path::new(path).components() {
        // A group outside of the namespace begins with `..` (cgroup_namespaces(7)).
        if let Component::Normal(part) = part {
            folder.push(part);
            least = least.into_iter().chain(limit_in(&folder.join(name))).min();
        }
    }
    least
}

/// `max` is no limit.
fn limit_in(file: &Path) -> Option<u64> {
    read_to_string(file).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use std::fs::{create_dir_all, write};
    use std::path::PathBuf;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    /// A folder like `/sys/fs/cgroup`, and a file like `/proc/self/cgroup`.
    struct Fake(PathBuf);

    impl Fake {
        fn new(cgroups: &str, files: &[(&str, &str)]) -> Self {
            static COUNT: AtomicU32 = AtomicU32::new(0);
            let name = format!("tcp-sniffer-ring-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
            let folder = std::env::temp_dir().join(name);
            create_dir_all(&folder).unwrap();
            write(folder.join("cgroup"), cgroups).unwrap();
            for (path, text) in files {
                let file = folder.join("mounted").join(path);
                create_dir_all(file.parent().unwrap()).unwrap();
                write(file, text).unwrap();
            }
            Self(folder)
        }

        fn limit(&self) -> Option<u64> {
            memory_limit(&self.0.join("cgroup"), &self.0.join("mounted"))
        }
    }

    impl Drop for Fake {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn the_least_limit_of_the_group_and_those_around_it_counts() {
        const V1: &str = "3:cpu,cpuacct:/pod\n2:memory:/pod/one\n1:name=systemd:/pod\n";
        type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], Option<u64>);
        let cases: [Case<'_>; 10] = [
            ("0::/\n", &[("memory.max", "134217728\n")], Some(134_217_728)),
            ("0::/\n", &[("memory.max", "max\n")], None),
            ("0::/\n", &[], None),
            ("", &[("memory.max", "1")], None),
            // The host's path of a container that has no namespace of its own.
            ("0::/kubepods/pod1/one\n", &[("memory.max", "5000000\n")], Some(5_000_000)),
            ("0::/pod/one\n", &[("pod/memory.max", "7\n"), ("pod/one/memory.max", "max\n")], Some(7)),
            (
                "0::/pod/one\n",
                &[("pod/memory.max", "max\n"), ("pod/one/memory.max", "9\n"), ("other/memory.max", "1")],
                Some(9),
            ),
            ("0::/../../one\n", &[("one/memory.max", "3"), ("memory.max", "max")], Some(3)),
            (V1, &[("memory/memory.limit_in_bytes", "8\n"), ("cpu/memory.limit_in_bytes", "1")], Some(8)),
            (
                V1,
                &[
                    ("memory/memory.limit_in_bytes", "9223372036854771712"),
                    ("memory/pod/one/memory.limit_in_bytes", "4"),
                ],
                Some(4),
            ),
        ];
        for (cgroups, files, expected) in cases {
            assert_eq!(Fake::new(cgroups, files).limit(), expected, "{cgroups} {files:?}");
        }
        assert_eq!(memory_limit(Path::new("/nowhere"), Path::new("/nowhere")), None);
    }

    #[test]
    fn an_eighth_of_the_limit_and_no_less_than_a_burst_takes() {
        let mib = |limit: u64| bytes_for(Some(limit << 20)) >> 20;
        assert_eq!([1, 16, 64, 128, 256, 512].map(mib), [2, 2, 8, 16, 32, 64]);
        assert_eq!([None, Some(u64::MAX), Some(0)].map(bytes_for), [u32::MAX, u32::MAX, MIN_BYTES]);
    }
}
