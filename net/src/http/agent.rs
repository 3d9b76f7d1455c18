//! Agents: ureq's, over our connector and resolver.

use std::fmt;
use std::sync::OnceLock;
use std::time::Duration;

use ureq::RequestBuilder;
use ureq::config::ConfigBuilder;
use ureq::http::Uri;
use ureq::typestate::{AgentScope, WithoutBody};
use ureq::unversioned::transport::{ConnectProxyConnector, Connector, RustlsConnector};

use super::Agent;
use super::connector::TcpConnector;
use super::names::Names;

/// Idle connections an agent keeps, whatever their hosts.
///
/// At every request ureq walks through all of them, once for each host among them. A request took
/// 18 us with 1 idle connection; with 64 it took 23 us if all went to one host and 66 us if each
/// went to another, with 256 it took 37 and 755, with 1,000 it took 77 and 15,200. Tasks that
/// fetch one page after the other leave few idle, so little is lost.
const IDLE: usize = 64;

/// How long an agent goes by the addresses it has found; curl's figure.
const REMEMBER: Duration = Duration::from_secs(60);

/// ureq's limit of a response head, which is all that its buffers for TLS have to hold.
const INPUT: usize = 64 * 1024;

/// A TLS record's worth.
const OUTPUT: usize = 16 * 1024;

/// Gives the process's own agent, with default settings.
///
/// It has one pool of connections for all tasks and threads. /// It is a handle; clones and further calls mean the same agent.
///
/// ```no_run
/// use osier::net::http;
///
/// let response = http::agent().post("https://example.org/form").send("a=b")?;
/// # Ok::<(), http::Error>(())
/// ```
///
/// # Blocking
///
/// Never switches tasks. What the agent is asked to do waits for the network.
pub fn agent() -> Agent {
    static SHARED: OnceLock<Agent> = OnceLock::new();
    SHARED.get_or_init(|| builder().build()).clone()
}

/// Starts a GET request with the process's own [`agent`].
///
/// ```
/// use std::io::{Read, Write};
/// use osier::net::{TcpListener, http};
///
/// osier::run(|| {
///     let listener = TcpListener::bind("127.0.0.1:0")?;
///     let addr = listener.local_addr()?;
///     osier::spawn(move || {
///         let (mut peer, _) = listener.accept()?;
///         let _request = peer.read(&mut [0; 1024])?;
///         peer.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
///     });
///
///     let mut response = http::get(format!("http://{addr}/")).call()?;
///     assert_eq!(response.body_mut().read_to_string()?, "hello");
///     Ok::<(), http::Error>(())
/// })?;
/// # Ok::<(), osier::net::http::Error>(())
/// ```
///
/// # Blocking
///
/// Never switches tasks; `call` on what it returns waits for the network.
pub fn get<T>(uri: T) -> RequestBuilder<WithoutBody>
where
    Uri: TryFrom<T>,
    <Uri as TryFrom<T>>::Error: Into<ureq::http::Error>,
{
    agent().get(uri)
}

/// Starts an agent with settings and a connection pool of its own.
///
/// ```
/// use std::time::Duration;
/// use osier::net::http;
///
/// let agent = http::builder()
///     .configure(|c| c.timeout_global(Some(Duration::from_secs(10))).http_status_as_error(false))
///     .build();
/// # let _ = agent;
/// ```
///
/// # Blocking
///
/// Never switches tasks.
pub fn builder() -> Builder {
    let config = Agent::config_builder()
        .max_idle_connections(IDLE)
        .max_idle_connections_per_host(IDLE)
        .input_buffer_size(INPUT)
        .output_buffer_size(OUTPUT);
    Builder { config, remember: REMEMBER }
}

/// Settings of an agent to be.
///
/// Made by [`builder`].
///
/// ```
/// use std::time::Duration;
/// use osier::net::http;
///
/// let agent = http::builder()
///     .configure(|c| c.max_redirects(3).user_agent("osier"))
///     .remember_names(Duration::ZERO)
///     .build();
/// assert_eq!(agent.config().max_redirects(), 3);
/// ```
pub struct Builder {
    config: ConfigBuilder<AgentScope>,
    remember: Duration,
}

impl Builder {
    /// Changes ureq's settings.
    ///
    /// That is timeouts, redirects, proxy, roots of trust, pool, headers. The closure gets ureq's own builder, with the settings made so far.
    ///
    /// A larger pool than the 64 idle connections of the start is for few hosts only: the time
    /// ureq takes to find one grows with their number times the number of their hosts. A thousand
    /// idle connections cost each request 0.06 ms if they go to one host, and 15 ms if they go to
    /// a thousand.
    ///
    /// # Blocking
    ///
    /// Never switches tasks.
    pub fn configure(
        mut self,
        change: impl FnOnce(ConfigBuilder<AgentScope>) -> ConfigBuilder<AgentScope>,
    ) -> Self {
        self.config = change(self.config);
        self
    }

    /// Sets how long the addresses of a host are kept.
    ///
    /// It is one minute to begin with. With zero, each request costs a look-up, also one that
    /// finds a connection in the pool.
    ///
    /// # Blocking
    ///
    /// Never switches tasks.
    pub fn remember_names(mut self, span: Duration) -> Self {
        self.remember = span;
        self
    }

    /// Makes the agent.
    ///
    /// # Blocking
    ///
    /// Never switches tasks.
    pub fn build(self) -> Agent {
        let names = Names::new(self.remember);
        let connector =
            ().chain(ConnectProxyConnector::default())
                .chain(TcpConnector::new(names.clone()))
                .chain(RustlsConnector::default());
        Agent::with_parts(self.config.build(), connector, names)
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder").field("remember", &self.remember).finish_non_exhaustive()
    }
}
