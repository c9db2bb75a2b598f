//! From the bytes of a Protocol Buffers message to JSON, by descriptors that the user has given.
//!
//! In: a FileDescriptorSet, once; then a service, a method, a direction, a message. Out: its JSON
//! (<https://protobuf.dev/programming-guides/json/>), within a limit, or nothing. Refuses to know: gRPC's frames, where the
//! JSON goes. Bytes are hostile, descriptors are not.

mod json;
#[cfg(test)]
mod tests;

pub use json::MAX_JSON_MESSAGE_BYTES;

use std::collections::HashSet;

use prost_reflect::prost::{DecodeError, Message as _};
use prost_reflect::prost_types::{FileDescriptorProto, FileDescriptorSet};
use prost_reflect::{DescriptorError, DescriptorPool, MessageDescriptor};

use crate::message::Direction;

/// Why bytes do not serve as descriptors.
#[derive(Debug, thiserror::Error)]
pub enum DescriptorsError {
    #[error("not a FileDescriptorSet, as protoc --include_imports --descriptor_set_out writes it")]
    NotASet(#[from] DecodeError),
    #[error("the FileDescriptorSet does not hold together: {0}")]
    Invalid(#[from] DescriptorError),
    #[error("{file}: the syntax {syntax:?} is not known")]
    UnknownSyntax { file: String, syntax: String },
    #[error("the FileDescriptorSet has no service in it")]
    NoService,
}

/// The types of all services in a FileDescriptorSet.
#[derive(Debug, Clone)]
pub struct Descriptors {
    pool: DescriptorPool,
}

/// The type of the messages that go one way in a method's calls.
#[derive(Debug, Clone)]
pub struct MessageType {
    descriptor: MessageDescriptor,
}

impl Descriptors {
    /// The well-known types (`google/protobuf/timestamp.proto` and the like) may be missing from the set.
    ///
    /// # Errors
    /// When the bytes are no FileDescriptorSet, a file has an unknown syntax, a file or a type that they refer to is missing, or there is no service.
    pub fn decode(bytes: &[u8]) -> Result<Self, DescriptorsError> {
        let mut set = FileDescriptorSet::decode(bytes)?;
        add_well_known(&mut set);
        set.file.iter_mut().try_for_each(make_known_syntax)?;
        let pool = DescriptorPool::from_file_descriptor_set(set)?;
        if pool.services().len() == 0 {
            return Err(DescriptorsError::NoService);
        }
        Ok(Self { pool })
    }

    /// `service` is the full name, as it stands in the path of a call.
    pub fn message_type(&self, service: &[u8], method: &[u8], direction: Direction) -> Option<MessageType> {
        let service = self.pool.get_service_by_name(std::str::from_utf8(service).ok()?)?;
        let method = service.methods().find(|known| known.name().as_bytes() == method)?;
        let descriptor = match direction {
            Direction::Request => method.input(),
            Direction::Response => method.output(),
        };
        Some(MessageType { descriptor })
    }
}

/// The library knows proto2 and proto3. The messages of a file of an edition are written alike, but for fields that are
/// encoded as DELIMITED: for those the library returns an error, since they are groups on the wire.
fn make_known_syntax(file: &mut FileDescriptorProto) -> Result<(), DescriptorsError> {
    match file.syntax() {
        "" | "proto2" | "proto3" => {}
        "editions" => file.syntax = Some("proto2".into()),
        other => {
            return Err(DescriptorsError::UnknownSyntax { file: file.name().into(), syntax: other.into() });
        }
    }
    Ok(())
}

/// Adds the files with well-known types that others import and that are not in the set.
fn add_well_known(set: &mut FileDescriptorSet) {
    let known = DescriptorPool::global();
    let mut there: HashSet<String> = set.file.iter().map(|file| file.name().to_owned()).collect();
    let mut wanted: Vec<String> = set.file.iter().flat_map(|file| file.dependency.iter().cloned()).collect();
    while let Some(name) = wanted.pop() {
        if let Some(file) = known.get_file_by_name(&name).filter(|_| there.insert(name)) {
            let file = file.file_descriptor_proto().clone();
            wanted.extend(file.dependency.iter().cloned());
            set.file.push(file);
        }
    }
}
