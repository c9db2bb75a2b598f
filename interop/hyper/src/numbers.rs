//! The exchanges of bulk.mjs: `/N` is asked for with the N-th message as body.

use std::cell::Cell;

use futures_util::future::join_all;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http2::{self, SendRequest};
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use crate::{tls, Failure};

const STREAMS: usize = 100;

/// As bulk/content.mjs has it.
fn message(n: usize) -> Vec<u8> {
    let unit = format!("{n} ä€ ");
    let size = match n {
        _ if n.is_multiple_of(97) => 0,
        _ if n.is_multiple_of(1009) => 70_000,
        _ => n * 31 % 400,
    };
    let mut bytes = unit.repeat(size.div_ceil(unit.len())).into_bytes();
    if n.is_multiple_of(5) {
        bytes.reverse();
    }
    bytes
}

fn answer_of(n: usize) -> Vec<u8> {
    message(7 * n + 3)
}

pub async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Failure> {
    let n: usize = request.uri().path().trim_start_matches('/').parse()?;
    let sent = request.into_body().collect().await?.to_bytes();
    let data = answer_of(n);
    let response = Response::builder()
        .header("content-type", "application/octet-stream")
        .header("content-length", data.len())
        .header("x-number", n)
        .header("x-got", sent.len());
    Ok(response.body(Full::from(data))?)
}

async fn is_right(mut sender: SendRequest<Full<Bytes>>, origin: &str, n: usize) -> Result<bool, Failure> {
    let sent = message(n);
    let length = sent.len().to_string();
    let request = Request::post(format!("{origin}/{n}")).body(Full::from(sent))?;
    sender.ready().await?;
    let response = sender.send_request(request).await?;
    let has = |name, value: &str| response.headers().get(name).is_some_and(|field| field == value);
    let is_own = has("x-number", &n.to_string()) && has("x-got", &length);
    Ok(is_own && response.into_body().collect().await?.to_bytes() == answer_of(n))
}

async fn ask_over(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    origin: &str,
    count: usize,
) -> Result<(), Failure> {
    let (sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    let (next, right) = (Cell::new(0), Cell::new(0));
    let workers = (0..STREAMS).map(|_| async {
        while next.get() < count {
            let n = next.replace(next.get() + 1);
            match is_right(sender.clone(), origin, n).await {
                Ok(is_right) => right.set(right.get() + usize::from(is_right)),
                Err(error) => eprintln!("{n}: {error}"),
            }
        }
    });
    join_all(workers).await;
    println!("{}", serde_json::json!({ "right": right.get() }));
    Ok(())
}

/// `count` exchanges, of which 100 are in progress at a time, on one connection.
pub async fn ask(port: &str, count: &str, over: &str) -> Result<(), Failure> {
    let stream = TcpStream::connect(format!("127.0.0.1:{port}")).await?;
    stream.set_nodelay(true)?;
    let count = count.parse()?;
    if over != "h2" {
        return ask_over(stream, &format!("http://127.0.0.1:{port}"), count).await;
    }
    let secured = tls::connector(over)?.connect(ServerName::try_from("127.0.0.1")?, stream).await?;
    ask_over(secured, &format!("https://127.0.0.1:{port}"), count).await
}
