//! Reads the file with descriptors, once, before the source is opened.

use std::fs::File;
use std::io::Read as _;

use crate::config::DescriptorFile;
use crate::error::{Cause, EngineError};
use crate::protobuf::Descriptors;

/// Larger files are refused: the descriptors of Google's whole public API take less, and `/dev/zero` has no end.
const MAX_FILE_BYTES: u64 = 64 << 20;

pub(super) fn read(file: &DescriptorFile) -> Result<(), EngineError> {
    let descriptors =
        decode(&file.path).map_err(|source| EngineError::OpenDescriptors { path: file.path.clone(), source })?;
    // It is there already only if the same options opened a capture before.
    let _ = file.content.set(descriptors);
    Ok(())
}

fn decode(path: &str) -> Result<Descriptors, Cause> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(format!("it has more than {MAX_FILE_BYTES} bytes").into());
    }
    Ok(Descriptors::decode(&bytes)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_none_is_an_error_with_its_path() {
        let told = |path: &str| {
            let file = DescriptorFile { path: path.to_owned(), content: Default::default() };
            let error = read(&file).unwrap_err();
            assert!(file.content.get().is_none());
            (error.code(), error.to_string())
        };
        let (code, text) = told("no/such/file");
        assert!(
            code == "CAPTURE_OPEN_FAILED" && text.starts_with("cannot read protoDescriptors 'no/such/file': "),
            "{text}"
        );
        let (_, text) = told("Cargo.toml");
        assert!(text.contains("FileDescriptorSet"), "{text}");
        let (_, text) = told("/dev/null");
        assert!(text.ends_with("the FileDescriptorSet has no service in it"), "{text}");
    }
}
