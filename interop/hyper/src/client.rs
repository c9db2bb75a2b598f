//! A client as interop/README.md describes it.

use std::convert::Infallible;
use std::io::Read;
use std::sync::Arc;

use flate2::read::GzDecoder;
use futures_util::future::join_all;
use futures_util::stream;
use http_body_util::{combinators::UnsyncBoxBody, BodyExt, Full, StreamBody};
use hyper::body::{Bytes, Frame, Incoming};
use hyper::client::conn::{http1, http2};
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::ServerName;
use serde::Deserialize;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::{sha256, tls, Failure};

const PIECE_BYTES: usize = 4000;
/// Read of an answer from which the client is to go away.
const ENOUGH_BYTES: usize = 1000;

#[derive(Deserialize)]
struct Plan {
    host: String,
    port: u16,
    over: String,
    origin: String,
    groups: Vec<Group>,
}

#[derive(Deserialize)]
struct Group {
    #[serde(default)]
    concurrent: bool,
    exchanges: Vec<Exchange>,
}

#[derive(Deserialize)]
struct Exchange {
    id: String,
    method: String,
    target: String,
    body: Option<String>,
    abort: Option<String>,
    #[serde(default)]
    chunked: bool,
}

type Body = UnsyncBoxBody<Bytes, Infallible>;

enum Sender {
    One(http1::SendRequest<Body>),
    Many(http2::SendRequest<Body>),
}

impl Sender {
    async fn ready(&mut self) -> hyper::Result<()> {
        match self {
            Sender::One(sender) => sender.ready().await,
            Sender::Many(sender) => sender.ready().await,
        }
    }

    async fn send(&mut self, request: Request<Body>) -> hyper::Result<Response<Incoming>> {
        match self {
            Sender::One(sender) => sender.send_request(request).await,
            Sender::Many(sender) => sender.send_request(request).await,
        }
    }
}

/// One server, and the connection to it while it is open.
struct Peer {
    plan: Arc<Plan>,
    connector: Option<TlsConnector>,
    sender: Option<Sender>,
}

impl Peer {
    async fn speak(&self, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) -> Result<Sender, Failure> {
        let io = TokioIo::new(stream);
        if matches!(self.plan.over.as_str(), "h2" | "h2c") {
            let (sender, connection) = http2::handshake(TokioExecutor::new(), io).await?;
            tokio::spawn(connection);
            return Ok(Sender::Many(sender));
        }
        let (sender, connection) = http1::handshake(io).await?;
        tokio::spawn(connection);
        Ok(Sender::One(sender))
    }

    async fn connect(&self) -> Result<Sender, Failure> {
        let stream = TcpStream::connect((self.plan.host.as_str(), self.plan.port)).await?;
        stream.set_nodelay(true)?;
        match &self.connector {
            None => self.speak(stream).await,
            Some(connector) => {
                let name = ServerName::try_from(self.plan.host.clone())?;
                self.speak(connector.connect(name, stream).await?).await
            }
        }
    }

    /// The connection that is open, or a new connection.
    async fn sender(&mut self) -> Result<&mut Sender, Failure> {
        let is_open = match &mut self.sender {
            Some(sender) => sender.ready().await.is_ok(),
            None => false,
        };
        if !is_open {
            self.sender = Some(self.connect().await?);
        }
        self.sender.as_mut().ok_or_else(|| "it was set above".into())
    }

    fn request(&self, exchange: &Exchange) -> Result<Request<Body>, Failure> {
        let is_h2 = matches!(self.plan.over.as_str(), "h2" | "h2c");
        let uri = if is_h2 { format!("{}{}", self.plan.origin, exchange.target) } else { exchange.target.clone() };
        let mut request = Request::builder().method(exchange.method.as_str()).uri(uri);
        if !is_h2 {
            request = request.header("host", format!("{}:{}", self.plan.host, self.plan.port));
        }
        let content = exchange.body.as_ref().map(std::fs::read).transpose()?;
        let body = match content {
            Some(content) if exchange.chunked => {
                let pieces: Vec<_> =
                    content.chunks(PIECE_BYTES).map(|piece| Ok(Frame::data(Bytes::copy_from_slice(piece)))).collect();
                StreamBody::new(stream::iter(pieces)).boxed_unsync()
            }
            content => Full::new(Bytes::from(content.unwrap_or_default())).boxed_unsync(),
        };
        Ok(request.body(body)?)
    }

    /// A request that was never sent is sent over another connection.
    async fn answer(&mut self, exchange: &Exchange) -> Result<Response<Incoming>, Failure> {
        loop {
            let request = self.request(exchange)?;
            match self.sender().await?.send(request).await {
                Err(error) if error.is_canceled() => self.sender = None,
                answered => return Ok(answered?),
            }
        }
    }
}

/// The content of an answer, without content-coding; nothing of an answer that the client leaves.
async fn read(response: Response<Incoming>, exchange: &Exchange) -> Result<Option<Vec<u8>>, Failure> {
    let is_coded = response.headers().contains_key("content-encoding");
    let mut body = response.into_body();
    if exchange.abort.as_deref() != Some("download") {
        let sent = body.collect().await?.to_bytes();
        let mut content = Vec::new();
        if is_coded && !sent.is_empty() {
            GzDecoder::new(&sent[..]).read_to_end(&mut content)?;
        } else {
            content.extend_from_slice(&sent);
        }
        return Ok(Some(content));
    }
    let mut seen = 0;
    while seen < ENOUGH_BYTES {
        let Some(frame) = body.frame().await else { break };
        seen += frame?.data_ref().map_or(0, Bytes::len);
    }
    Ok(None)
}

async fn exchanged(answer: Result<Response<Incoming>, Failure>, exchange: &Exchange) -> serde_json::Value {
    let record = async {
        let response = answer?;
        let status = response.status().as_u16();
        let got = response.headers().get("x-got").map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        let record = read(response, exchange).await?.map(|content| {
            serde_json::json!({
                "id": exchange.id, "status": status, "got": got, "length": content.len(), "sha256": sha256(&content),
            })
        });
        Ok::<_, Failure>(record)
    };
    match record.await {
        Ok(Some(record)) => record,
        Err(error) if exchange.abort.is_none() => serde_json::json!({ "id": exchange.id, "error": error.to_string() }),
        _ => serde_json::json!({ "id": exchange.id, "aborted": true }),
    }
}

async fn together(peer: &mut Peer, exchanges: &[Exchange]) -> Result<(), Failure> {
    let requests = exchanges.iter().map(|exchange| peer.request(exchange)).collect::<Result<Vec<_>, _>>()?;
    let Sender::Many(sender) = peer.sender().await? else {
        return Err("one request at a time".into());
    };
    let sender = sender.clone();
    let all =
        exchanges.iter().zip(requests).map(|(exchange, request)| {
            let mut sender = sender.clone();
            async move {
                println!("{}", exchanged(sender.send_request(request).await.map_err(Failure::from), exchange).await)
            }
        });
    join_all(all).await;
    Ok(())
}

pub async fn ask(path: &str) -> Result<(), Failure> {
    let plan: Arc<Plan> = Arc::new(serde_json::from_slice(&std::fs::read(path)?)?);
    let is_secure = matches!(plan.over.as_str(), "https" | "h2");
    let connector = if is_secure { Some(tls::connector(&plan.over)?) } else { None };
    for group in &plan.groups {
        let mut peer = Peer { plan: Arc::clone(&plan), connector: connector.clone(), sender: None };
        if group.concurrent {
            together(&mut peer, &group.exchanges).await?;
            continue;
        }
        for exchange in &group.exchanges {
            let answer = peer.answer(exchange).await;
            println!("{}", exchanged(answer, exchange).await);
        }
    }
    Ok(())
}
