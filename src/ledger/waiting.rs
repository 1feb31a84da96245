//! A ledger that comes through a pipe: whoever writes it may keep silent, and a signal must still
//! end the wait (contract, exit code 128+N).

use super::source::CHUNK;
use std::io::{self, Cursor, Read};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

/// Between two looks at `interrupted` while nothing comes.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// Chunks that are read ahead.
const AHEAD: usize = 2;

/// Reads on a thread of its own. Once interrupted, every read that would wait is an error.
pub(super) struct Waiting<'a> {
    chunks: Receiver<io::Result<Vec<u8>>>,
    chunk: Cursor<Vec<u8>>,
    interrupted: &'a dyn Fn() -> bool,
}

impl<'a> Waiting<'a> {
    pub fn on(bytes: Box<dyn Read + Send>, interrupted: &'a dyn Fn() -> bool) -> Waiting<'a> {
        let (sender, chunks) = sync_channel(AHEAD);
        // It ends with the pipe, with its reader, or with the process: a blocked read cannot be
        // ended otherwise.
        std::thread::spawn(move || hand_over(bytes, &sender));
        Waiting { chunks, chunk: Cursor::default(), interrupted }
    }
}

fn hand_over(mut bytes: Box<dyn Read + Send>, sender: &SyncSender<io::Result<Vec<u8>>>) {
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

impl Read for Waiting<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let length = self.chunk.read(buffer)?;
            if length > 0 || buffer.is_empty() {
                return Ok(length);
            }
            match self.chunks.recv_timeout(LOOK_EVERY) {
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
mod tests {
    use super::*;

    /// Gives what it has, and then never anything again.
    struct Silent(Cursor<Vec<u8>>);

    impl Read for Silent {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            match self.0.read(buffer)? {
                0 => loop {
                    std::thread::park();
                },
                length => Ok(length),
            }
        }
    }

    #[test]
    fn what_came_is_read_whole() {
        let content: Vec<u8> = (0..=255).cycle().take(3 * CHUNK + 7).collect();
        let mut read = Vec::new();
        let all = Box::new(Cursor::new(content.clone()));
        assert!(Waiting::on(all, &|| true).read_to_end(&mut read).is_ok());
        assert!(read == content);
    }

    #[test]
    fn silence_can_be_ended() {
        let mut read = Vec::new();
        let silent = Box::new(Silent(Cursor::new(b"order".to_vec())));
        assert!(Waiting::on(silent, &|| true).read_to_end(&mut read).is_err());
        assert_eq!(read, b"order");
    }
}
