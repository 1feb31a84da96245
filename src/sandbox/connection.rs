//! Connections that the sandbox can slow down or cut during a call, like a failing gateway or
//! network. An HTTP handler can only answer, so this is in the socket, below HTTP.

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

/// How a response reaches the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Delivery {
    /// Complete, without delay.
    #[default]
    Whole,
    /// This many bytes per second, including the head.
    Slow(NonZeroU32),
    /// Cut at a point.
    Cut {
        /// Where it is cut.
        at: CutPoint,
        /// Whether the connection is reset there, or closed.
        reset: bool,
    },
    /// Never: the caller waits.
    Silent,
}

/// Where a response is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum CutPoint {
    /// Before the first byte.
    Before,
    /// In the head.
    Head,
    /// In the middle of the body.
    Body,
}

/// The bytes sent of a response that is cut in its head: less than the status line.
const PART_OF_HEAD: usize = 12;

/// The caller's time to read the bytes before a reset.
const TIME_TO_READ: Duration = Duration::from_millis(20);

/// A handle on the connection of a call.
#[derive(Debug, Clone)]
pub(super) struct Connection {
    peer: SocketAddr,
    /// The delivery of the next response, and the length of its body.
    next: Arc<Mutex<(Delivery, usize)>>,
}

impl Connection {
    /// Sets the delivery of the next response, whose body has `body_length` bytes.
    pub(super) fn deliver(&self, delivery: Delivery, body_length: usize) {
        *self.next.lock().unwrap_or_else(PoisonError::into_inner) = (delivery, body_length);
    }

    /// The caller's address.
    pub(super) fn peer(&self) -> SocketAddr {
        self.peer
    }
}

impl Connected<IncomingStream<'_, UnreliableListener>> for Connection {
    fn connect_info(stream: IncomingStream<'_, UnreliableListener>) -> Connection {
        stream.io().connection.clone()
    }
}

/// Accepts connections that can be slow or cut.
pub(super) struct UnreliableListener(pub TcpListener);

impl Listener for UnreliableListener {
    type Io = UnreliableStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (UnreliableStream, SocketAddr) {
        let (stream, peer) = Listener::accept(&mut self.0).await;
        // Responses are small: without the option each would wait 40 ms for a full packet. An error
        // is ignored, because the socket works without it.
        let _ = stream.set_nodelay(true);
        let connection = Connection { peer, next: Arc::default() };
        (UnreliableStream { stream, connection, sent: Sent::default(), pause: None }, peer)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

/// A socket and its handle.
pub(super) struct UnreliableStream {
    stream: TcpStream,
    connection: Connection,
    /// The bytes sent of a response that is cut.
    sent: Sent,
    /// The wait before the next bytes of a slow response.
    pause: Option<Pin<Box<Sleep>>>,
}

/// The bytes sent of a response.
#[derive(Debug, Clone, Copy, Default)]
struct Sent {
    bytes: usize,
    /// How many bytes of the end of the head (CR LF CR LF) were sent last.
    line_ends: usize,
    /// Where the body begins.
    body: Option<usize>,
}

impl Sent {
    /// How many of these bytes may be sent before the cut.
    fn allowance(self, bytes: &[u8], at: CutPoint, body_length: usize) -> usize {
        let mut sent = self;
        let may_be_sent = |byte: &&u8| {
            let limit = match at {
                CutPoint::Before => 0,
                CutPoint::Body if body_length > 0 => {
                    sent.body.map_or(usize::MAX, |begin| begin + body_length / 2)
                }
                // An empty body has no middle.
                CutPoint::Head | CutPoint::Body => PART_OF_HEAD,
            };
            let is_before_cut = sent.bytes < limit;
            sent.count(**byte);
            is_before_cut
        };
        bytes.iter().take_while(may_be_sent).count()
    }

    fn count(&mut self, byte: u8) {
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
                // A reset discards the bytes that the caller has not read yet.
                if self.sent.bytes > 0 {
                    let pause = || Box::pin(tokio::time::sleep(TIME_TO_READ));
                    ready!(self.pause.get_or_insert_with(pause).as_mut().poll(context));
                }
                // The server closes a connection after a write error. With zero linger, closing
                // resets it.
                self.stream.set_zero_linger()?;
            }
            return Poll::Ready(Err(io::Error::new(ErrorKind::ConnectionAborted, "as scripted")));
        }
        let written = ready!(Pin::new(&mut self.stream).poll_write(context, &bytes[..allowance]))?;
        bytes[..written].iter().for_each(|byte| self.sent.count(*byte));
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
        // About ten portions per second, or single bytes if the rate is lower.
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
