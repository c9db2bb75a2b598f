//! Key logs that appear, grow, are cut, are replaced, and cannot be read.

use std::fs;
use std::io::Write;

use super::*;

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("tcp-sniffer-keys-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }

    fn append(&self, name: &str, text: &str) {
        let mut file = OpenOptions::new().append(true).create(true).open(self.0.join(name)).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Of connection `number`.
fn line(number: u8) -> String {
    format!("CLIENT_RANDOM {} {}\n", format!("{number:02x}").repeat(32), "ab".repeat(48))
}

#[test]
fn a_file_may_appear_and_grow_in_the_middle_of_a_line() {
    let folder = Folder::new("grow");
    let (mut files, mut store) = (KeyFiles::new(&[folder.path("a.log")]), KeyStore::default());
    files.poll(&mut store);
    assert_eq!(files.take_notices().len(), 1, "not there: said");
    files.poll(&mut store);
    assert!(files.take_notices().is_empty(), "once");
    let text = line(1) + &line(2);
    for (index, piece) in text.as_bytes().chunks(7).enumerate() {
        folder.append("a.log", std::str::from_utf8(piece).unwrap());
        files.poll(&mut store);
        assert_eq!(store.len(), ((index + 1) * 7).min(text.len()) / line(1).len());
    }
    assert_eq!((store.len(), store.counters.broken_lines), (2, 0));
}

#[test]
fn a_file_may_be_cut_and_replaced() {
    let folder = Folder::new("rotate");
    let (mut files, mut store) = (KeyFiles::new(&[folder.path("a.log")]), KeyStore::default());
    folder.append("a.log", &(line(1) + &line(2) + "CLIENT_RAN"));
    files.poll(&mut store);
    fs::write(folder.0.join("a.log"), line(3)).unwrap();
    files.poll(&mut store);
    assert_eq!(store.len(), 3, "cut");
    folder.append("a.log", &line(4));
    fs::rename(folder.0.join("a.log"), folder.0.join("a.log.1")).unwrap();
    folder.append("a.log", &line(5));
    files.poll(&mut store);
    assert_eq!((store.len(), store.counters.broken_lines), (5, 0), "what was written before it was replaced too");
    fs::remove_file(folder.0.join("a.log")).unwrap();
    files.poll(&mut store);
    folder.append("a.log", &line(6));
    files.poll(&mut store);
    assert_eq!(store.len(), 6);
}

/// As a program does that makes its log anew at each start: the other lines are as long as those before, or longer.
#[test]
fn a_file_may_be_cut_and_be_as_long_again_before_the_next_look() {
    let folder = Folder::new("anew");
    let (mut files, mut store) = (KeyFiles::new(&[folder.path("a.log")]), KeyStore::default());
    let header = "# made by a library that says so each time\n".repeat(3);
    for (number, more) in
        [(1, ""), (2, ""), (3, "CLIENT_RAN"), (4, "CLIENT_RAN"), (5, "# longer\n"), (6, "# even longer\n")]
    {
        fs::write(folder.0.join("a.log"), format!("{header}{}{more}", line(number))).unwrap();
        files.poll(&mut store);
        assert_eq!((store.len(), store.counters.broken_lines), (usize::from(number), 0), "{number}");
    }
    folder.append("a.log", &line(7));
    files.poll(&mut store);
    assert_eq!((store.len(), store.counters.secrets), (7, 7), "nothing is read twice");
}

#[test]
fn a_folder_is_followed_and_leads_nowhere_else() {
    let (folder, elsewhere) = (Folder::new("folder"), Folder::new("elsewhere"));
    elsewhere.append("b.log", &line(9));
    std::os::unix::fs::symlink(elsewhere.0.join("b.log"), folder.0.join("link")).unwrap();
    fs::create_dir(folder.0.join("sub")).unwrap();
    let (mut files, mut store) = (KeyFiles::new(&[folder.path("")]), KeyStore::default());
    files.poll(&mut store);
    folder.append("one", &line(1));
    folder.append("two", &line(2));
    files.poll(&mut store);
    assert_eq!((store.len(), files.take_notices().len()), (2, 0));
}

#[test]
fn all_is_read_before_a_savefile_the_last_line_too() {
    let folder = Folder::new("all");
    let filler = "# filler\n".repeat(2 * MAX_POLL_BYTES / 9);
    folder.append("a.log", &(line(1) + &filler + line(2).trim_end()));
    let (mut files, mut store) = (KeyFiles::new(&[folder.path("a.log")]), KeyStore::default());
    files.read_all(&mut store);
    assert_eq!(store.len(), 2);
}

#[test]
fn no_notice_shows_what_is_in_a_file() {
    let folder = Folder::new("quiet");
    folder.append("a.log", &("x".repeat(3_000) + "\nCLIENT_RANDOM zz " + &"cd".repeat(48) + "\n"));
    let (mut files, mut store) = (KeyFiles::new(&[folder.path("a.log")]), KeyStore::default());
    files.poll(&mut store);
    assert!(files.take_notices().is_empty() && !format!("{files:?}").contains("cdcd"));
    assert_eq!(store.counters.broken_lines, 2);
}
