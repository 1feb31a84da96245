//! The bytes of a file as text: other kinds of files are refused, the digest is taken, and another
//! encoding becomes UTF-8.

use crate::tabular::encoding::TextEncoding;
use crate::tabular::error::Fault;
use crate::tabular::source::CHUNK;
use encoding_rs::{Decoder, DecoderResult};
use sha2::{Digest, Sha256};
use std::io::{self, Read};

/// The first bytes that are looked at, to recognise other kinds of files.
const HEAD: u64 = 512;

/// What stands in the text for bytes that the encoding does not have: no text can have it.
const NOT_TEXT: u8 = 0xFF;

/// Reads a file's bytes as UTF-8. What is not valid in its encoding is not valid UTF-8 either.
pub(super) struct Content<R> {
    bytes: Bytes<R>,
    transcoder: Option<Transcoder>,
}

/// The unchanged bytes, and their digest.
struct Bytes<R> {
    inner: R,
    gzip: bool,
    /// Bytes that were looked at and not handed on yet.
    head: Vec<u8>,
    digest: Sha256,
}

impl<R: Read> Content<R> {
    /// Checks the first bytes, and leaves out a BOM. Fails where they are those of another kind of
    /// file.
    pub(super) fn new(
        mut inner: R,
        gzip: bool,
        encoding: TextEncoding,
    ) -> Result<Content<R>, Fault> {
        let mut head = Vec::new();
        if let Err(error) = inner.by_ref().take(HEAD).read_to_end(&mut head) {
            return Err(if gzip { Fault::Gzip(error) } else { Fault::Read(error) });
        }
        let mut digest = Sha256::new();
        digest.update(&head);
        match head[..] {
            [] => return Err(Fault::Empty),
            [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] if encoding.is_utf8() => return Err(Fault::Utf16),
            [b'P', b'K', 3, 4, ..] | [0xD0, 0xCF, 0x11, 0xE0, ..] => return Err(Fault::Archive),
            [0x1F, 0x8B, ..] => return Err(Fault::Compressed),
            _ if is_markup(&head) => return Err(Fault::Markup),
            _ => {}
        }
        if encoding.is_utf8() && head.starts_with(b"\xEF\xBB\xBF") {
            head.drain(..3);
        }
        let transcoder = (!encoding.is_utf8()).then(|| Transcoder::new(encoding));
        Ok(Content { bytes: Bytes { inner, gzip, head, digest }, transcoder })
    }

    /// Reads text into the buffer. Zero bytes: the end of the file.
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Fault> {
        match &mut self.transcoder {
            None => self.bytes.read(buffer),
            Some(transcoder) => transcoder.read(&mut self.bytes, buffer),
        }
    }

    /// The SHA-256 of the unchanged bytes, BOM included, in hexadecimal.
    pub(super) fn sha256(self) -> String {
        hex::encode(self.bytes.digest.finalize())
    }
}

impl<R: Read> Bytes<R> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Fault> {
        if !self.head.is_empty() {
            let count = self.head.len().min(buffer.len());
            let (first, _) = buffer.split_at_mut(count);
            first.copy_from_slice(&self.head[..count]);
            self.head.drain(..count);
            return Ok(count);
        }
        loop {
            match self.inner.read(buffer) {
                Ok(count) => {
                    self.digest.update(&buffer[..count]);
                    return Ok(count);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if self.gzip => return Err(Fault::Gzip(error)),
                Err(error) => return Err(Fault::Read(error)),
            }
        }
    }
}

/// Turns another encoding into UTF-8.
struct Transcoder {
    decoder: Decoder,
    input: Vec<u8>,
    /// The bytes of `input` that are not decoded yet.
    pending: std::ops::Range<usize>,
    output: Vec<u8>,
    /// The bytes of `output` that are not handed on yet.
    ready: std::ops::Range<usize>,
    is_input_over: bool,
    is_finished: bool,
}

impl Transcoder {
    fn new(encoding: TextEncoding) -> Transcoder {
        Transcoder {
            // A BOM is left out; one of another encoding tells that encoding.
            decoder: encoding.standard().new_decoder(),
            input: vec![0; CHUNK],
            pending: 0..0,
            // One byte more than the decoder gets, for `NOT_TEXT`.
            output: vec![0; 2 * CHUNK + 1],
            ready: 0..0,
            is_input_over: false,
            is_finished: false,
        }
    }

    fn read<R: Read>(&mut self, bytes: &mut Bytes<R>, buffer: &mut [u8]) -> Result<usize, Fault> {
        while self.ready.is_empty() && !self.is_finished {
            if self.pending.is_empty() && !self.is_input_over {
                let count = bytes.read(&mut self.input)?;
                self.pending = 0..count;
                self.is_input_over = count == 0;
            }
            self.decode();
        }
        let ready = &self.output[self.ready.clone()];
        let count = ready.len().min(buffer.len());
        buffer[..count].copy_from_slice(&ready[..count]);
        self.ready.start += count;
        Ok(count)
    }

    fn decode(&mut self) {
        let limit = self.output.len() - 1;
        let (result, read, written) = self.decoder.decode_to_utf8_without_replacement(
            &self.input[self.pending.clone()],
            &mut self.output[..limit],
            self.is_input_over,
        );
        self.pending.start += read;
        self.ready = 0..written;
        match result {
            DecoderResult::InputEmpty => self.is_finished = self.is_input_over,
            DecoderResult::OutputFull => {}
            DecoderResult::Malformed(..) => {
                self.output[written] = NOT_TEXT;
                self.ready.end += 1;
            }
        }
    }
}

/// Whether the first bytes are those of a web page or of XML.
fn is_markup(head: &[u8]) -> bool {
    const STARTS: [&str; 7] = ["<!doctype", "<html", "<head", "<body", "<table", "<meta", "<?xml"];
    let text = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head).trim_ascii_start();
    STARTS.iter().any(|start| {
        text.get(..start.len()).is_some_and(|text| text.eq_ignore_ascii_case(start.as_bytes()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads a whole content, so many bytes at a time.
    fn read(bytes: &[u8], label: &str, step: usize) -> Result<Vec<u8>, Fault> {
        let encoding = TextEncoding::from_label(label).unwrap_or_default();
        let mut content = Content::new(bytes, false, encoding)?;
        let (mut text, mut buffer) = (Vec::new(), vec![0; step]);
        loop {
            match content.read(&mut buffer)? {
                0 => break,
                count => text.extend_from_slice(&buffer[..count]),
            }
        }
        assert_eq!(content.sha256(), hex::encode(Sha256::digest(bytes)));
        Ok(text)
    }

    #[test]
    fn encodings_become_utf_8() {
        let long: String = "é,€\n".repeat(50_000);
        let utf16 =
            |text: &str| -> Vec<u8> { text.encode_utf16().flat_map(u16::to_le_bytes).collect() };
        let cases: [(Vec<u8>, &str, &[u8]); 9] = [
            (b"Gr\xF6\xDFe \x80".to_vec(), "windows-1252", "Größe €".as_bytes()),
            (utf16("é\u{1F419}"), "utf-16le", "é🐙".as_bytes()),
            (utf16("\u{feff}é"), "utf-16le", "é".as_bytes()),
            // A BOM says more than the configuration.
            (b"\xFE\xFF\0a".to_vec(), "utf-16le", b"a"),
            (b"\xEF\xBB\xBF\xC3\xA9".to_vec(), "windows-1252", "é".as_bytes()),
            (b"\xEF\xBB\xBF\xC3\xA9\xE9".to_vec(), "utf-8", b"\xC3\xA9\xE9"),
            // What the encoding does not have stays visible.
            (b"a\x81\x20b".to_vec(), "shift_jis", b"a\xFF b"),
            (b"a\0b".to_vec(), "utf-16le", b"a\xFF"),
            (utf16(&long), "utf-16le", long.as_bytes()),
        ];
        for (bytes, label, text) in cases {
            for step in [1, 7, CHUNK] {
                assert_eq!(read(&bytes, label, step).unwrap_or_default(), text, "{label} {step}");
            }
        }
    }

    #[test]
    fn other_kinds_of_files_are_refused() {
        for (bytes, fault) in [
            (&b""[..], "it is empty"),
            (b"PK\x03\x04....", "a workbook or an archive"),
            (b"\xD0\xCF\x11\xE0", "a workbook or an archive"),
            (b"\x1F\x8B", "compressed"),
            (b"\xFF\xFEa\0", "UTF-16"),
            (b"\xEF\xBB\xBF\n <!DOCTYPE html>", "a web page or XML"),
            (b"<html><body>", "a web page or XML"),
            (b"<?xml version", "a web page or XML"),
        ] {
            let got = read(bytes, "utf-8", 9).err().map(|fault| fault.to_string());
            assert!(got.as_deref().unwrap_or_default().contains(fault), "{bytes:?}: {got:?}");
        }
        assert_eq!(
            read(b"<order>,amount", "utf-8", 9).ok().as_deref(),
            Some(&b"<order>,amount"[..])
        );
    }
}
