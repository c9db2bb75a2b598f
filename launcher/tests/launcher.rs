//! The launcher as a process. A test that needs root and file capabilities says if it did not run, and fails with CI set.

#![allow(clippy::unwrap_used, reason = "a test, outside of its test functions too")]

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

const LAUNCHER: &str = env!("CARGO_BIN_EXE_tcp-sniffer-launcher");
/// The user of the image.
const USER: &str = "65532";
const NET_RAW: u64 = 1 << 13;

fn launch(words: &[&str]) -> Output {
    Command::new(LAUNCHER).args(words).output().unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn becomes_the_program_with_its_own_process_id() {
    let child = Command::new(LAUNCHER).args(["sh", "-c", "echo $$; exit 7"]).stdout(Stdio::piped()).spawn().unwrap();
    let id = child.id();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(7));
    assert_eq!(String::from_utf8(output.stdout).unwrap().trim(), id.to_string());
}

#[test]
fn hands_on_every_argument_as_it_is() {
    let output = launch(&["printf", "%s|", "--help", "", "two words", "$HOME"]);
    assert_eq!(output.stdout, b"--help||two words|$HOME|");
}

#[test]
fn one_clear_line_and_a_code_for_each_way_to_fail() {
    for (words, code, said) in [
        (&[][..], 125, "usage: tcp-sniffer-launcher PROGRAM [ARGUMENT...]"),
        (&["/nowhere/program"], 127, "cannot run /nowhere/program: No such file or directory"),
        (&["/dev/null"], 126, "cannot run /dev/null: Permission denied"),
    ] {
        let output = launch(words);
        assert_eq!(output.status.code(), Some(code), "{words:?}");
        assert!(stderr(&output).starts_with(&format!("tcp-sniffer-launcher: {said}")), "{}", stderr(&output));
        assert_eq!(stderr(&output).lines().count(), 1, "{}", stderr(&output));
    }
}

/// A copy with the file capability of the image, where any user may run it; removed at the end.
struct WithCapability(PathBuf);

impl WithCapability {
    fn new(name: &str) -> Option<Self> {
        let path = std::env::temp_dir().join(format!("tcp-sniffer-{name}-{}", std::process::id()));
        fs::copy(LAUNCHER, &path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        let copy = Self(path);
        let missing = match Command::new("setcap").arg("cap_net_raw=p").arg(&copy.0).output() {
            Ok(output) if output.status.success() => return Some(copy),
            Ok(output) => stderr(&output),
            Err(error) if error.kind() == ErrorKind::NotFound => "setcap is missing (libcap2-bin)".to_owned(),
            Err(error) => error.to_string(),
        };
        assert!(std::env::var_os("CI").is_none(), "no right to set a file capability: {missing}");
        eprintln!("NOT RUN, no right to set a file capability: {missing}");
        None
    }

    /// The capability sets of a plain program that the image's user runs through it.
    fn sets_of_the_program(&self, setpriv: &[&str]) -> Sets {
        let output = Command::new("setpriv")
            .args(["--reuid", USER, "--regid", USER, "--clear-groups"])
            .args(setpriv)
            .arg(&self.0)
            .args(["cat", "/proc/self/status"])
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
        Sets::read(&String::from_utf8(output.stdout).unwrap())
    }
}

impl Drop for WithCapability {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

#[derive(Debug, PartialEq)]
struct Sets {
    inheritable: u64,
    permitted: u64,
    effective: u64,
    ambient: u64,
}

impl Sets {
    fn read(status: &str) -> Self {
        let set = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
            u64::from_str_radix(line.trim(), 16).unwrap()
        };
        Self {
            inheritable: set("CapInh:"),
            permitted: set("CapPrm:"),
            effective: set("CapEff:"),
            ambient: set("CapAmb:"),
        }
    }

    fn all(bits: u64) -> Self {
        Self { inheritable: bits, permitted: bits, effective: bits, ambient: bits }
    }
}

#[test]
fn a_plain_program_of_another_user_gets_net_raw_and_nothing_else() {
    let Some(launcher) = WithCapability::new("granted") else { return };
    assert_eq!(launcher.sets_of_the_program(&[]), Sets::all(NET_RAW));
}

#[test]
fn where_net_raw_is_not_granted_the_program_runs_without() {
    let Some(launcher) = WithCapability::new("refused") else { return };
    assert_eq!(launcher.sets_of_the_program(&["--bounding-set", "-net_raw"]), Sets::all(0));
}

fn is_root() -> bool {
    let root = fs::read_to_string("/proc/self/status").unwrap().contains("\nUid:\t0\t0\t");
    assert!(root || std::env::var_os("CI").is_none(), "not root");
    if !root {
        eprintln!("NOT RUN, not root");
    }
    root
}

/// The words of that line.
fn field<'a>(status: &'a str, name: &str) -> Vec<&'a str> {
    status.lines().find_map(|line| line.strip_prefix(name)).unwrap().split_whitespace().collect()
}

#[test]
fn root_becomes_the_user_of_the_image_with_net_raw_alone() {
    if !is_root() {
        return;
    }
    let output = launch(&["cat", "/proc/self/status"]);
    assert_eq!(stderr(&output), "");
    let status = String::from_utf8(output.stdout).unwrap();
    assert_eq!(field(&status, "Uid:"), [USER; 4]);
    assert_eq!(field(&status, "Gid:"), [USER; 4]);
    assert!(field(&status, "Groups:").is_empty());
    assert_eq!(Sets::read(&status), Sets::all(NET_RAW));
    assert_eq!(u64::from_str_radix(field(&status, "CapBnd:").first().unwrap(), 16).unwrap(), NET_RAW);
}

/// Kubernetes gives a container the group of its volumes (`fsGroup`) as a further group; those of the system are root's own.
#[test]
fn root_keeps_the_groups_that_the_pod_was_given() {
    if !is_root() {
        return;
    }
    let folder = std::env::temp_dir().join(format!("tcp-sniffer-launcher-keys-{}", std::process::id()));
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("web.keys"), "read by the group\n").unwrap();
    for (path, mode) in [(folder.clone(), 0o750), (folder.join("web.keys"), 0o640)] {
        chown(&path, Some(0), Some(2_000)).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    }
    let command = format!("cat {}/web.keys /proc/self/status", folder.display());
    let output = Command::new("setpriv")
        .args(["--groups", "0,6,999,1000,2000", LAUNCHER, "sh", "-c", &command])
        .output()
        .unwrap();
    fs::remove_dir_all(&folder).unwrap();
    assert_eq!(stderr(&output), "");
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.starts_with("read by the group\n"), "{text}");
    assert_eq!(field(&text, "Uid:"), [USER; 4]);
    assert_eq!(field(&text, "Groups:"), ["1000", "2000"]);
    assert_eq!(Sets::read(&text), Sets::all(NET_RAW));
}

/// As Kubernetes starts root with `drop: [ALL]`, `add: [NET_RAW]`.
#[test]
fn root_that_may_not_change_its_user_goes_on_with_net_raw_alone_and_says_so() {
    if !is_root() {
        return;
    }
    let output = Command::new("setpriv")
        .args(["--bounding-set", "-all,+net_raw", "--inh-caps", "-all", LAUNCHER, "cat", "/proc/self/status"])
        .output()
        .unwrap();
    assert!(output.status.success());
    assert!(stderr(&output).contains("its user cannot be changed"), "{}", stderr(&output));
    let status = String::from_utf8(output.stdout).unwrap();
    assert_eq!(field(&status, "Uid:"), ["0"; 4]);
    assert_eq!(Sets::read(&status), Sets::all(NET_RAW));
}
