//! The server's side of a handshake.

use std::io::{self, Read, Write};
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection};

use super::provider::{invalid, provider};
use super::stream::TlsStream;

/// Makes TLS connections as a server.
///
/// Cheap to clone; clones share their configuration and with it the memory of past sessions.
///
/// ```no_run
/// use std::fs;
/// use std::io::{self, Write};
/// use osier::net::TcpListener;
/// use osier::net::tls::TlsAcceptor;
///
/// let acceptor = TlsAcceptor::from_pem(&fs::read("chain.pem")?, &fs::read("key.pem")?)?;
/// osier::run(|| {
///     let listener = TcpListener::bind("0.0.0.0:443")?;
///     for tcp in listener.incoming() {
///         let (tcp, acceptor) = (tcp?, acceptor.clone());
///         osier::spawn(move || {
///             let mut stream = acceptor.accept(tcp)?;
///             stream.write_all(b"hello\n")?;
///             stream.shutdown()
///         });
///     }
///     io::Result::Ok(())
/// })?;
/// # io::Result::Ok(())
/// ```
#[derive(Debug, Clone)]
pub struct TlsAcceptor {
    config: Arc<ServerConfig>,
}

impl TlsAcceptor {
    /// Presents the certificate chain and uses the key of two PEM texts.
    ///
    /// The chain has the server's own certificate first; the key is PKCS#8, PKCS#1 or SEC1. They
    /// may be one and the same text.
    ///
    /// # Errors
    ///
    /// `InvalidInput` if one of them is missing or unusable, or they do not belong together.
    ///
    /// # Blocking
    ///
    /// Never switches tasks.
    pub fn from_pem(chain: &[u8], key: &[u8]) -> io::Result<Self> {
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(chain).collect();
        let key = PrivateKeyDer::from_pem_slice(key).map_err(invalid)?;
        Self::from_der(chain.map_err(invalid)?, key)
    }

    /// Presents a certificate chain and uses a key, both in DER form.
    ///
    /// # Errors
    ///
    /// `InvalidInput` if they are unusable or do not belong together.
    ///
    /// # Blocking
    ///
    /// Never switches tasks.
    pub fn from_der(
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
    ) -> io::Result<Self> {
        let config = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(invalid)?
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .map_err(invalid)?;
        Ok(Self::with_config(Arc::new(config)))
    }

    /// Works by a configuration of rustls.
    ///
    /// For client certificates, ALPN, several hosts.
    ///
    /// # Blocking
    ///
    /// Never switches tasks.
    pub fn with_config(config: Arc<ServerConfig>) -> Self {
        TlsAcceptor { config }
    }

    /// Does the handshake over an accepted stream.
    ///
    /// A client that connects and says nothing holds the caller for as long as the stream lets
    /// it: set a read limit first, and do this in the connection's own task.
    ///
    /// # Errors
    ///
    /// `InvalidData` around a [`rustls::Error`] if the client does not speak TLS or does not
    /// accept the certificate; `UnexpectedEof` if it closed; and the stream's own errors,
    /// [`TimedOut`](io::ErrorKind::TimedOut) where it has a time limit.
    ///
    /// # Blocking
    ///
    /// Waits where reading and writing the stream wait.
    pub fn accept<S: Read + Write>(&self, stream: S) -> io::Result<TlsStream<S>> {
        let connection = ServerConnection::new(Arc::clone(&self.config)).map_err(invalid)?;
        TlsStream::handshake(connection.into(), stream)
    }
}
