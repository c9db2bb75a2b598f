//! A server as interop/README.md describes it.

use std::convert::Infallible;
use std::io::Write;

use flate2::{write::GzEncoder, Compression};
use futures_util::stream;
use http_body_util::{combinators::UnsyncBoxBody, BodyExt, Full, StreamBody};
use hyper::body::{Bytes, Frame, Incoming};
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;

use crate::{numbers, sha256, tls, Failure};

const PIECE_BYTES: usize = 4000;

type Body = UnsyncBoxBody<Bytes, std::io::Error>;

fn whole(data: impl Into<Bytes>) -> Body {
    Full::new(data.into()).map_err(|never: Infallible| match never {}).boxed_unsync()
}

/// Without a length; `broken` fails at its end, which resets a stream of HTTP/2 and closes a connection of HTTP/1.
fn pieces(content: &[u8], broken: bool) -> Body {
    let mut all: Vec<std::io::Result<Bytes>> =
        content.chunks(PIECE_BYTES).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
    if broken {
        all.push(Err(std::io::Error::other("it was to break off")));
    }
    let each = stream::unfold(all.into_iter(), |mut rest| async move {
        // Other tasks send meanwhile what there is.
        tokio::task::yield_now().await;
        rest.next().map(|piece| (piece.map(Frame::data), rest))
    });
    StreamBody::new(each).boxed_unsync()
}

fn gzip(data: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(data)?;
    encoder.finish()
}

async fn answer(request: Request<Incoming>) -> Result<Response<Body>, Failure> {
    let path = request.uri().path().to_owned();
    let [_, id, kind, number] = path.split('/').collect::<Vec<_>>()[..] else {
        return Err(format!("{path} is not /ID/KIND/SIZE").into());
    };
    let number: usize = number.parse()?;
    let is_head = request.method() == "HEAD";
    let upload = request.into_body().collect().await?.to_bytes();
    let response = Response::builder()
        .header("x-got", id)
        .header("x-got-length", upload.len())
        .header("x-got-sha256", sha256(&upload));
    if kind == "status" {
        return Ok(response.status(u16::try_from(number)?).body(whole(""))?);
    }
    let content = match kind {
        "echo" => upload.to_vec(),
        _ => format!("{id}\n").bytes().cycle().take(number).collect(),
    };
    let response = response.header("x-length", content.len()).header("x-sha256", sha256(&content));
    let (response, content) = match kind.starts_with("gzip") {
        true => (response.header("content-encoding", "gzip"), gzip(&content)?),
        false => (response, content),
    };
    if kind == "chunked" || kind == "gzip-chunked" {
        return Ok(response.body(pieces(&content, false))?);
    }
    let response = response.header("content-length", content.len());
    Ok(match kind {
        "reset" => response.body(pieces(&content[..content.len() / 2], true))?,
        _ if is_head => response.body(whole(""))?,
        _ => response.body(whole(content))?,
    })
}

/// To the end of the connection, however that comes.
async fn talk(stream: impl AsyncRead + AsyncWrite + Unpin + 'static, over: &str, is_bulk: bool) {
    let io = TokioIo::new(stream);
    let h2 = || http2::Builder::new(TokioExecutor::new());
    let _ = match over {
        "h2" | "h2c" if is_bulk => h2().serve_connection(io, service_fn(numbers::answer)).await,
        "h2" | "h2c" => h2().serve_connection(io, service_fn(answer)).await,
        _ => http1::Builder::new().serve_connection(io, service_fn(answer)).await,
    };
}

/// `version` is the only one of TLS that it speaks, if it is named; `is_bulk`: for a row of bulk.mjs.
pub async fn serve(port: &str, over: &str, version: Option<&str>, is_bulk: bool) -> Result<(), Failure> {
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    let acceptor = if matches!(over, "https" | "h2") { Some(tls::acceptor(over, version)?) } else { None };
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let (acceptor, over) = (acceptor.clone(), over.to_owned());
        tokio::spawn(async move {
            match acceptor {
                None => talk(stream, &over, is_bulk).await,
                Some(acceptor) => {
                    if let Ok(secured) = acceptor.accept(stream).await {
                        talk(secured, &over, is_bulk).await;
                    }
                }
            }
        });
    }
}
