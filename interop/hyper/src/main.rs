//! hyper and rustls. `interop-hyper serve PORT OVER [1.2]` or `interop-hyper ask PLAN`; for bulk.mjs `interop-hyper serve-bulk PORT
//! h2c|h2` or `interop-hyper ask-bulk PORT COUNT h2c|h2`. With SSLKEYLOGFILE it logs the secrets of TLS.

mod client;
mod numbers;
mod server;
mod tls;

use sha2::{Digest, Sha256};

/// As the program says it of itself: another version may be tested.
type Failure = Box<dyn std::error::Error + Send + Sync>;

fn sha256(data: &[u8]) -> String {
    Sha256::digest(data).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["serve", port, over, version @ ..] => server::serve(port, over, version.first().copied(), false).await,
        ["serve-bulk", port, over] => server::serve(port, over, None, true).await,
        ["ask-bulk", port, count, over] => numbers::ask(port, count, over).await,
        ["ask", plan] => client::ask(plan).await,
        _ => Err("serve PORT OVER [1.2] | ask PLAN | serve-bulk PORT OVER | ask-bulk PORT COUNT OVER".into()),
    }
}
