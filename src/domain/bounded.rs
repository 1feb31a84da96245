//! Reading a file of which nobody knows how large it is: a device or a pipe may have no end.

use std::io::{self, Read};

/// Reads to the end, which comes after at most `most` bytes.
///
/// # Errors
/// Reading fails, or there are more bytes ([`io::ErrorKind::FileTooLarge`]).
pub(crate) fn read(file: impl Read, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length <= most) {
        return Ok(bytes);
    }
    let why = format!("it is larger than {} KiB", most / 1024);
    Err(io::Error::new(io::ErrorKind::FileTooLarge, why))
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn a_file_is_read_up_to_its_limit() {
        assert_eq!(read(&[b'x'; 2048][..], 2048).ok(), Some(vec![b'x'; 2048]));
        let error = read(std::io::repeat(b'x'), 2048).err().map(|error| error.to_string());
        assert_eq!(error.as_deref(), Some("it is larger than 2 KiB"));
        assert!(read(&[b'x'; 2049][..], 2048).is_err());
    }
}
