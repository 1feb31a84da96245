//! A pipe: the program that writes it may stay silent, and a signal must still end the wait
//! (contract, exit code 128+N).

use super::CHUNK;
use crate::tabular::error::Fault;
use std::io::{self, Cursor, Read};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

/// How often `interrupted` is polled while nothing arrives.
const POLL_INTERVAL: Duration = Duration::from_millis(100);
/// Chunks that are read ahead.
const CHUNKS_AHEAD: usize = 2;

/// Reads on a thread of its own. Once interrupted, a read that would block fails instead.
pub(in crate::tabular) struct InterruptibleReader<'a> {
    chunks: Receiver<io::Result<Vec<u8>>>,
    chunk: Cursor<Vec<u8>>,
    interrupted: &'a dyn Fn() -> bool,
}

impl<'a> InterruptibleReader<'a> {
    pub(in crate::tabular) fn new(
        bytes: Box<dyn Read + Send>,
        interrupted: &'a dyn Fn() -> bool,
    ) -> Result<InterruptibleReader<'a>, Fault> {
        let (sender, chunks) = sync_channel(CHUNKS_AHEAD);
        // The thread ends with the pipe, with the receiver, or with the process: nothing else can
        // end a blocked read.
        thread::Builder::new()
            .name("read".to_owned())
            .spawn(move || send_chunks(bytes, &sender))
            .map_err(Fault::Thread)?;
        Ok(InterruptibleReader { chunks, chunk: Cursor::default(), interrupted })
    }
}

fn send_chunks(mut bytes: Box<dyn Read + Send>, sender: &SyncSender<io::Result<Vec<u8>>>) {
    loop {
        let mut chunk = vec![0; CHUNK];
        let read = match bytes.read(&mut chunk) {
            Ok(0) => return,
            Ok(length) => {
                chunk.truncate(length);
                Ok(chunk)
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => Err(error),
        };
        let failed = read.is_err();
        if sender.send(read).is_err() || failed {
            return;
        }
    }
}

impl Read for InterruptibleReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let length = self.chunk.read(buffer)?;
            if length > 0 || buffer.is_empty() {
                return Ok(length);
            }
            match self.chunks.recv_timeout(POLL_INTERVAL) {
                Ok(chunk) => self.chunk = Cursor::new(chunk?),
                Err(RecvTimeoutError::Disconnected) => return Ok(0),
                Err(RecvTimeoutError::Timeout) if (self.interrupted)() => {
                    return Err(io::Error::other("interrupted"));
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed setup fails the test")]
mod tests {
    use super::*;

    /// Gives its content, and then blocks for ever.
    struct SilentPipe(Cursor<Vec<u8>>);

    impl Read for SilentPipe {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            match self.0.read(buffer)? {
                0 => loop {
                    thread::park();
                },
                length => Ok(length),
            }
        }
    }

    #[test]
    fn the_whole_content_is_read() {
        let content: Vec<u8> = (0..=255).cycle().take(3 * CHUNK + 7).collect();
        let mut read = Vec::new();
        let all = Box::new(Cursor::new(content.clone()));
        let mut reader = InterruptibleReader::new(all, &|| true).unwrap();
        assert!(reader.read_to_end(&mut read).is_ok());
        assert!(read == content);
    }

    #[test]
    fn a_silent_pipe_can_be_interrupted() {
        let mut read = Vec::new();
        let silent = Box::new(SilentPipe(Cursor::new(b"order".to_vec())));
        let mut reader = InterruptibleReader::new(silent, &|| true).unwrap();
        assert!(reader.read_to_end(&mut read).is_err());
        assert_eq!(read, b"order");
    }
}
