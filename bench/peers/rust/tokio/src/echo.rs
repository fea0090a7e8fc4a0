// SPDX-License-Identifier: MIT

//! echo: a TCP server that sends back what it gets, a task for each connection. bench/load.c is its
//! client.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

pub async fn serve() -> i64 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("no port");
    let port = listener.local_addr().expect("no address").port();
    println!("{port} {}", harness::workers());
    loop {
        let (connection, _) = listener.accept().await.expect("no connection");
        tokio::spawn(echo(connection));
    }
}

async fn echo(mut connection: TcpStream) {
    let mut buffer = [0; 4096];
    // As Go does of itself, and as one does for short answers.
    let _ = connection.set_nodelay(true);
    while let Ok(n @ 1..) = connection.read(&mut buffer).await {
        if connection.write_all(&buffer[..n]).await.is_err() {
            break;
        }
    }
}
