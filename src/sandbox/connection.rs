//! Connections that the sandbox can slow down or cut in the middle of a call, as a failing gateway
//! or network does. An HTTP handler can only answer, so this sits below HTTP, in the socket.

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use std::io::{self, ErrorKind, IoSlice};
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Sleep;

/// How an answer reaches its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Delivery {
    /// As it should.
    #[default]
    Whole,
    /// So many bytes a second, its head too.
    Slow(NonZeroU32),
    /// Up to a point only.
    Cut {
        /// Where it ends.
        at: CutPoint,
        /// Whether the connection is reset there, or only closed.
        reset: bool,
    },
    /// Not at all: the caller waits.
    Silent,
}

/// Where an answer is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CutPoint {
    /// Before its first byte.
    Before,
    /// In its head.
    Head,
    /// In the middle of its body.
    Body,
}

/// What of an answer's head gets out when it is cut there: not even the status line is whole.
const PART_OF_HEAD: usize = 12;

/// What a caller has to read the part of an answer that comes before a reset.
const TIME_TO_READ: Duration = Duration::from_millis(20);

/// A handle on the connection that a call came over.
#[derive(Debug, Clone)]
pub struct Connection {
    peer: SocketAddr,
    /// How the next answer is delivered, and how long its body is.
    next: Arc<Mutex<(Delivery, usize)>>,
}

impl Connection {
    /// Says how the answer that is sent next is delivered; its body has so many bytes.
    pub fn deliver(&self, delivery: Delivery, body_length: usize) {
        *self.next.lock().unwrap_or_else(PoisonError::into_inner) = (delivery, body_length);
    }

    /// Who calls.
    pub fn peer(&self) -> SocketAddr {
        self.peer
    }
}

impl Connected<IncomingStream<'_, UnreliableListener>> for Connection {
    fn connect_info(stream: IncomingStream<'_, UnreliableListener>) -> Connection {
        stream.io().connection.clone()
    }
}

/// Accepts connections that can be slow or cut.
pub struct UnreliableListener(pub TcpListener);

impl Listener for UnreliableListener {
    type Io = UnreliableStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (UnreliableStream, SocketAddr) {
        let (stream, peer) = Listener::accept(&mut self.0).await;
        // Answers are small: waiting to fill a packet would only add 40 ms to each. A socket that
        // refuses the option still works.
        let _ = stream.set_nodelay(true);
        let connection = Connection { peer, next: Arc::default() };
        (UnreliableStream { stream, connection, sent: Sent::default(), pause: None }, peer)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

/// A socket and its handle.
pub struct UnreliableStream {
    stream: TcpStream,
    connection: Connection,
    /// Of an answer that is cut.
    sent: Sent,
    /// Until the next bytes of a slow answer.
    pause: Option<Pin<Box<Sleep>>>,
}

/// What has left of an answer.
#[derive(Debug, Clone, Copy, Default)]
struct Sent {
    bytes: usize,
    /// How much of the empty line that ends a head has been seen last.
    line_ends: usize,
    /// Where the body begins.
    body: Option<usize>,
}

impl Sent {
    /// How many of these next bytes still get out.
    fn allowance(self, bytes: &[u8], at: CutPoint, body_length: usize) -> usize {
        let mut sent = self;
        let gets_out = |byte: &&u8| {
            let limit = match at {
                CutPoint::Before => 0,
                CutPoint::Body if body_length > 0 => {
                    sent.body.map_or(usize::MAX, |begin| begin + body_length / 2)
                }
                // An empty body has no middle.
                CutPoint::Head | CutPoint::Body => PART_OF_HEAD,
            };
            let gets_out = sent.bytes < limit;
            sent.note(**byte);
            gets_out
        };
        bytes.iter().take_while(gets_out).count()
    }

    fn note(&mut self, byte: u8) {
        const END: &[u8; 4] = b"\r\n\r\n";
        self.bytes += 1;
        self.line_ends = match END.get(self.line_ends) {
            Some(expected) if *expected == byte => self.line_ends + 1,
            _ => usize::from(byte == END[0]),
        };
        if self.line_ends == END.len() && self.body.is_none() {
            self.body = Some(self.bytes);
        }
    }
}

impl UnreliableStream {
    fn next(&self) -> (Delivery, usize) {
        *self.connection.next.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn poll_cut(
        &mut self,
        context: &mut Context<'_>,
        bytes: &[u8],
        (at, reset): (CutPoint, bool),
        body_length: usize,
    ) -> Poll<io::Result<usize>> {
        let allowance = self.sent.allowance(bytes, at, body_length);
        if allowance == 0 {
            if reset {
                // A reset overtakes what the caller has not read yet.
                if self.sent.bytes > 0 {
                    let pause = || Box::pin(tokio::time::sleep(TIME_TO_READ));
                    ready!(self.pause.get_or_insert_with(pause).as_mut().poll(context));
                }
                // The server closes a connection that it cannot write to: without lingering, that
                // is a reset.
                self.stream.set_zero_linger()?;
            }
            return Poll::Ready(Err(io::Error::new(ErrorKind::ConnectionAborted, "as scripted")));
        }
        let written = ready!(Pin::new(&mut self.stream).poll_write(context, &bytes[..allowance]))?;
        bytes[..written].iter().for_each(|byte| self.sent.note(*byte));
        Poll::Ready(Ok(written))
    }

    fn poll_slow(
        &mut self,
        context: &mut Context<'_>,
        bytes: &[u8],
        bytes_per_second: NonZeroU32,
    ) -> Poll<io::Result<usize>> {
        const PORTIONS_A_SECOND: u32 = 10;
        if let Some(pause) = &mut self.pause {
            ready!(pause.as_mut().poll(context));
        }
        // Some ten portions a second, or single bytes where it is slower than that.
        let rate = bytes_per_second.get();
        let portion = (rate / PORTIONS_A_SECOND).max(1);
        let length = usize::try_from(portion).unwrap_or(usize::MAX).min(bytes.len());
        let written = ready!(Pin::new(&mut self.stream).poll_write(context, &bytes[..length]))?;
        let pause = Duration::from_secs(1) * portion / rate;
        self.pause = Some(Box::pin(tokio::time::sleep(pause)));
        Poll::Ready(Ok(written))
    }
}

impl AsyncRead for UnreliableStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for UnreliableStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.next() {
            (Delivery::Whole, _) => Pin::new(&mut self.stream).poll_write(context, bytes),
            (Delivery::Slow(rate), _) => self.poll_slow(context, bytes, rate),
            (Delivery::Cut { at, reset }, body_length) => {
                self.poll_cut(context, bytes, (at, reset), body_length)
            }
            (Delivery::Silent, _) => self.poll_cut(context, bytes, (CutPoint::Before, false), 0),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.next().0 == Delivery::Whole {
            return Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        }
        let first = slices.iter().find(|slice| !slice.is_empty());
        self.poll_write(context, first.map_or(&[], |slice| slice))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
