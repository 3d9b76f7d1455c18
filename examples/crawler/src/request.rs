//! The head of an HTTP/1 request, as far as the demo site cares.

/// More than this is no request.
pub const HEAD_LIMIT: usize = 16 * 1024;

/// What a client asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// `GET`, `HEAD` and so on.
    pub method: String,
    /// The path asked for, without the query.
    pub path: String,
    /// Whether the client will send more requests on this connection.
    pub keep_alive: bool,
    /// How many bytes the head took.
    pub length: usize,
}

/// It is no request, or none that can be answered and followed by another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed;

impl Request {
    /// Reads the head that `bytes` begins with; `None` when its end has not arrived.
    ///
    /// # Errors
    ///
    /// [`Malformed`] when more bytes would not help.
    pub fn parse(bytes: &[u8]) -> Result<Option<Request>, Malformed> {
        let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
            return if bytes.len() < HEAD_LIMIT { Ok(None) } else { Err(Malformed) };
        };
        let head = std::str::from_utf8(&bytes[..end]).map_err(|_| Malformed)?;
        let mut lines = head.split("\r\n");
        let mut words = lines.next().unwrap_or_default().split(' ');
        let (Some(method), Some(target), Some(version), None) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            return Err(Malformed);
        };
        let mut keep_alive = match version {
            "HTTP/1.1" => true,
            "HTTP/1.0" => false,
            _ => return Err(Malformed),
        };
        for line in lines {
            let (name, value) = line.split_once(':').ok_or(Malformed)?;
            let value = value.trim();
            if name.eq_ignore_ascii_case("connection") {
                keep_alive = value.eq_ignore_ascii_case("keep-alive")
                    || (keep_alive && !value.eq_ignore_ascii_case("close"));
            }
            // A body would have to be read before the next request; nothing here takes one.
            if name.eq_ignore_ascii_case("transfer-encoding")
                || (name.eq_ignore_ascii_case("content-length") && value != "0")
            {
                return Err(Malformed);
            }
        }
        let path = target.split('?').next().unwrap_or_default().to_owned();
        let method = method.to_owned();
        Ok(Some(Request { method, path, keep_alive, length: end + 4 }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(head: &str) -> Result<Option<Request>, Malformed> {
        Request::parse(head.as_bytes())
    }

    #[test]
    fn heads_are_read_when_complete() {
        let whole = "GET /a?b HTTP/1.1\r\nHost: h\r\n\r\n";
        for end in 0..whole.len() {
            assert_eq!(parse(&whole[..end]), Ok(None));
        }
        let request = parse(&format!("{whole}GET")).unwrap().unwrap();
        assert_eq!((request.method.as_str(), request.path.as_str()), ("GET", "/a"));
        assert_eq!(request.length, whole.len());
    }

    #[test]
    fn connections_stay_open_as_the_version_and_the_header_say() {
        for (head, keep_alive) in [
            ("GET / HTTP/1.1\r\n\r\n", true),
            ("GET / HTTP/1.1\r\nConnection: close\r\n\r\n", false),
            ("GET / HTTP/1.1\r\nCONNECTION:Close\r\n\r\n", false),
            ("GET / HTTP/1.0\r\n\r\n", false),
            ("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", true),
        ] {
            assert_eq!(parse(head).unwrap().unwrap().keep_alive, keep_alive, "{head:?}");
        }
    }

    #[test]
    fn what_is_no_request_is_refused() {
        for head in [
            "\r\n\r\n",
            "GET /\r\n\r\n",
            "GET / HTTP/2\r\n\r\n",
            "GET / HTTP/1.1 x\r\n\r\n",
            "GET / HTTP/1.1\r\nno colon\r\n\r\n",
            "POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc",
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
        ] {
            assert_eq!(parse(head), Err(Malformed), "{head:?}");
        }
        assert_eq!(Request::parse(b"\xFF / HTTP/1.1\r\n\r\n"), Err(Malformed));
        assert_eq!(Request::parse(&[b'x'; HEAD_LIMIT]), Err(Malformed));
    }
}
