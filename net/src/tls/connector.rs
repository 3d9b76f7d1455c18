//! The client's side of a handshake.

use std::io::{self, Read, Write};
use std::sync::{Arc, OnceLock};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore};

use super::provider::{invalid, provider};
use super::stream::TlsStream;

/// Makes TLS connections as a client.
///
/// Cheap to clone; clones share their configuration and with it the memory of past sessions, which
/// shortens the handshake with a server met before.
///
/// ```
/// use osier::net::tls::TlsConnector;
///
/// let trusts_the_web = TlsConnector::new();
/// # let _ = trusts_the_web;
/// ```
#[derive(Debug, Clone)]
pub struct TlsConnector {
    config: Arc<ClientConfig>,
}

impl TlsConnector {
    /// Trusts Mozilla's roots, as bundled with the crate webpki-roots.
    ///
    /// # Blocking
    ///
    /// Never switches tasks.
    pub fn new() -> Self {
        // One for the process: building it copies 150 roots, and sessions are worth sharing.
        static WEB: OnceLock<TlsConnector> = OnceLock::new();
        let build = || {
            let roots = webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect();
            TlsConnector::trusting(roots).expect("ring has the default protocol versions")
        };
        WEB.get_or_init(build).clone()
    }

    /// Trusts the certificates of a PEM file, and nothing else.
    ///
    /// # Errors
    ///
    /// `InvalidInput` if it holds none, or one that cannot be a root.
    ///
    /// # Blocking
    ///
    /// Never switches tasks.
    pub fn from_pem(roots: &[u8]) -> io::Result<Self> {
        let mut store = RootCertStore::empty();
        for root in CertificateDer::pem_slice_iter(roots) {
            store.add(root.map_err(invalid)?).map_err(invalid)?;
        }
        if store.is_empty() {
            return Err(invalid("no certificate in the PEM text"));
        }
        Self::trusting(store)
    }

    /// Works by a configuration of rustls.
    ///
    /// For client certificates, ALPN, another provider.
    ///
    /// # Blocking
    ///
    /// Never switches tasks.
    pub fn with_config(config: Arc<ClientConfig>) -> Self {
        TlsConnector { config }
    }

    fn trusting(roots: RootCertStore) -> io::Result<Self> {
        let config = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(invalid)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self::with_config(Arc::new(config)))
    }

    /// Does the handshake over a connected stream.
    ///
    /// `name` is whom the server must prove to be, a DNS name or an IP address. When this returns
    /// the server has proved it.
    ///
    /// # Errors
    ///
    /// `InvalidInput` if `name` is neither; `InvalidData` around a [`rustls::Error`] if the server
    /// does not speak TLS or its certificate does not hold; `UnexpectedEof` if it closed; and the
    /// stream's own errors, [`TimedOut`](io::ErrorKind::TimedOut) where it has a time limit.
    ///
    /// # Blocking
    ///
    /// Waits where reading and writing the stream wait.
    pub fn connect<S: Read + Write>(&self, name: &str, stream: S) -> io::Result<TlsStream<S>> {
        let name = ServerName::try_from(name).map_err(invalid)?.to_owned();
        let connection = ClientConnection::new(Arc::clone(&self.config), name).map_err(invalid)?;
        TlsStream::handshake(connection.into(), stream)
    }
}

impl Default for TlsConnector {
    fn default() -> Self {
        TlsConnector::new()
    }
}
