//! axum on hyper. `interop-axum PORT`

use std::io::Write;

use axum::body::{to_bytes, Body};
use axum::extract::Request;
use axum::response::Response;
use axum::Router;
use flate2::{write::GzEncoder, Compression};
use sha2::{Digest, Sha256};

const PIECE_BYTES: usize = 4000;
const UPLOAD_BYTES: usize = 64 << 20;

fn sha256(data: &[u8]) -> String {
    Sha256::digest(data).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn gzip(data: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(data).expect("a Vec takes everything");
    encoder.finish().expect("a Vec takes everything")
}

async fn answer(request: Request) -> Response {
    let path = request.uri().path().to_owned();
    let parts: Vec<&str> = path.split('/').collect();
    let (id, kind, number) = (parts[1], parts[2], parts[3].parse::<usize>().expect("a number"));
    let Ok(upload) = to_bytes(request.into_body(), UPLOAD_BYTES).await else {
        return Response::new(Body::empty()); // The client went away.
    };
    let response = Response::builder()
        .header("x-got", id)
        .header("x-got-length", upload.len())
        .header("x-got-sha256", sha256(&upload));
    if kind == "status" {
        return response.status(number as u16).body(Body::empty()).expect("it is well-formed");
    }
    let content: Vec<u8> = match kind {
        "echo" => upload.to_vec(),
        _ => format!("{id}\n").bytes().cycle().take(number).collect(),
    };
    let response = response.header("x-length", content.len()).header("x-sha256", sha256(&content));
    let (response, content) = match kind.starts_with("gzip") {
        true => (response.header("content-encoding", "gzip"), gzip(&content)),
        false => (response, content),
    };
    let body = match kind {
        "chunked" | "gzip-chunked" => {
            let pieces: Vec<_> = content.chunks(PIECE_BYTES).map(|piece| Ok::<_, std::io::Error>(piece.to_vec())).collect();
            Body::from_stream(futures_util::stream::iter(pieces))
        }
        _ => Body::from(content),
    };
    response.body(body).expect("it is well-formed")
}

#[tokio::main]
async fn main() {
    let port = std::env::args().nth(1).expect("a port");
    let listener = tokio::net::TcpListener::bind(format!("127.0.0.1:{port}")).await.expect("it is free");
    axum::serve(listener, Router::new().fallback(answer)).await.expect("it serves");
}
