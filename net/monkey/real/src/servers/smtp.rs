//! A sink for letters, which takes its time over each.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::thread;
use std::time::Duration;

use super::{Server, Trouble, slow};

/// Takes letters and forgets them; says the subject of each, after that long.
pub fn sink(wait: Duration) -> Result<Server, Trouble> {
    let addr = slow::each((Ipv4Addr::LOCALHOST, 0).into(), move |stream| talk(stream, wait))?;
    Ok(Server { addr, daemon: None })
}

fn talk(mut stream: TcpStream, wait: Duration) -> io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    stream.write_all(b"220 sink\r\n")?;
    while let Some(line) = lines.next().transpose()? {
        let verb = line.split(' ').next().unwrap_or_default().to_uppercase();
        match verb.as_str() {
            "DATA" => {
                stream.write_all(b"354 go on\r\n")?;
                let subject = letter(&mut lines)?;
                thread::sleep(wait);
                write!(stream, "250 taken: {subject}\r\n")?;
            }
            "QUIT" => return stream.write_all(b"221 bye\r\n"),
            _ => stream.write_all(b"250 yes\r\n")?,
        }
    }
    Ok(())
}

/// Reads a letter, and gives its subject.
fn letter(lines: &mut impl Iterator<Item = io::Result<String>>) -> io::Result<String> {
    let mut subject = String::new();
    while let Some(line) = lines.next().transpose()?.filter(|line| line != ".") {
        if let Some(text) = line.strip_prefix("Subject: ") {
            subject = text.to_owned();
        }
    }
    Ok(subject)
}
