/// Where and how HTTP is served.
package struct HTTPSettings: Sendable {
  package var listen: ListenAddress
  package var metricsListen: ListenAddress
  /// What customers and Stripe reach us at: `https://shop.example`, without a slash at its end.
  package var publicURL: String
  package var addressRule: ClientAddressRule
  package var maximumConnections: Int
  /// A connection on which nothing comes for so long is closed: between requests, in a header, in a body.
  package var idleTimeout: Duration
  /// How long a whole body may take.
  package var bodyTimeout: Duration
  package var headerLimitBytes: Int
  /// Bytes of bodies in memory at once, over all connections.
  package var bodyBudgetBytes: Int
  /// How long the daemon says that it is not ready before it stops accepting.
  package var drainNotice: Duration
  /// How long requests under way may take once the daemon is told to stop.
  package var drainTimeout: Duration

  init(_ reader: inout ConfigurationReader) {
    listen =
      reader.parsed(
        "http.listen", env: ["GKM_LISTEN"], default: "127.0.0.1:8080", wanted: "host:port or unix:/path",
        ListenAddress.init(_:)) ?? .tcp(host: "127.0.0.1", port: 0)
    metricsListen =
      reader.parsed(
        "http.metrics_listen", env: ["GKM_METRICS_LISTEN"], default: "127.0.0.1:9464",
        wanted: "host:port or unix:/path", ListenAddress.init(_:)) ?? .tcp(host: "127.0.0.1", port: 0)
    let local = listen.isLocal ? "http://\(listen)" : "http://localhost"
    publicURL =
      reader.parsed(
        "http.public_url", env: ["GKM_PUBLIC_URL", "GKM_URL"], default: local,
        wanted: "an address that begins with https:// or http://", URLParts.base) ?? local
    let texts = reader.list("http.trusted_proxies", env: ["GKM_TRUSTED_PROXIES"])
    var ranges: [AddressRange] = []
    for text in texts {
      if let range = AddressRange(text) {
        ranges.append(range)
      } else {
        reader.problem("http.trusted_proxies", "\(text) is no address and no range like 10.0.0.0/8")
      }
    }
    var isUnix = false
    if case .unix = listen { isUnix = true }
    addressRule = ClientAddressRule(trusted: ranges, trustsUnixPeers: isUnix)
    maximumConnections = reader.number("http.maximum_connections", default: 4_096, in: 8...100_000)
    idleTimeout = reader.duration("http.idle_timeout", default: .seconds(60), in: .seconds(1)...(.seconds(600)))
    bodyTimeout = reader.duration("http.body_timeout", default: .seconds(10), in: .milliseconds(100)...(.seconds(120)))
    headerLimitBytes = reader.number("http.header_limit_bytes", default: 16 << 10, in: 1_024...(256 << 10))
    bodyBudgetBytes = reader.number("http.body_budget_bytes", default: 64 << 20, in: (1 << 20)...(4 << 30))
    drainNotice = reader.duration("http.drain_notice", default: .zero, in: .zero...(.seconds(60)))
    drainTimeout = reader.duration("http.drain_timeout", default: .seconds(20), in: .seconds(1)...(.seconds(300)))
  }
}

/// How Stripe's events are taken in.
package struct IntakeSettings: Sendable {
  /// A larger body is refused with 413.
  package var bodyLimitBytes: Int
  /// How far a signature's time may lie from ours, both ways.
  package var tolerance: Duration
  /// Batches under way at once, each on a connection of its own.
  package var lanes: Int
  /// Between the starts of two batches at least.
  package var pace: Duration
  /// Events in one batch at most.
  package var batchLimit: Int
  /// Events waiting at most; beyond it 503.
  package var queueLimit: Int
  /// Events waiting to be applied at most; beyond it 503.
  package var backlogLimit: Int
  /// How long the oldest of them may wait; beyond it 503. `nil`: however long.
  package var backlogAge: Duration?
  /// How long Redis may take to say whether an event was seen.
  package var redisBudget: Duration
  /// How long Redis remembers an event; Stripe retries for 3 days.
  package var seenFor: Duration
  /// How long an event may wait for PostgreSQL before Stripe is asked to come again.
  package var deadline: Duration

  init(_ reader: inout ConfigurationReader) {
    bodyLimitBytes = reader.number("intake.body_limit_bytes", default: 1 << 20, in: 1_024...(16 << 20))
    tolerance = reader.duration("intake.tolerance", default: .seconds(300), in: .seconds(1)...(.seconds(3_600)))
    lanes = reader.number("intake.lanes", default: 2, in: 1...16)
    pace = reader.duration("intake.pace", default: .milliseconds(4), in: .zero...(.milliseconds(100)))
    batchLimit = reader.number("intake.batch_limit", default: 256, in: 1...1_000)
    queueLimit = reader.number("intake.queue_limit", default: 8_192, in: 1...1_000_000)
    backlogLimit = reader.number("intake.backlog_limit", default: 50_000, in: 10...100_000_000)
    let age = reader.duration("intake.backlog_age", default: .zero, in: .zero...(.seconds(86_400)))
    backlogAge = age == .zero ? nil : age
    redisBudget = reader.duration(
      "intake.redis_budget", default: .milliseconds(25), in: .milliseconds(1)...(.seconds(1)))
    seenFor = reader.duration(
      "intake.seen_for", default: .seconds(5 * 86_400), in: .seconds(4 * 86_400)...(.seconds(60 * 86_400)))
    deadline = reader.duration("intake.deadline", default: .seconds(5), in: .milliseconds(100)...(.seconds(30)))
  }
}

/// How orders are opened.
package struct CheckoutSettings: Sendable {
  /// How long a Checkout Session can be paid; Stripe takes 30 minutes to 24 hours.
  package var sessionLifetime: Duration
  /// How long after it the stock is still held.
  package var reservationGrace: Duration
  /// Where Stripe sends the customer; may hold `{CHECKOUT_SESSION_ID}`.
  package var successURL: String
  package var cancelURL: String
  /// How long Stripe may take to make a session.
  package var stripeDeadline: Duration
  /// Buyers of one listing that share a transaction.
  package var groupLimit: Int
  /// Buyers waiting at most; beyond it 503.
  package var queueLimit: Int
  /// How often stock is looked for that is held too long.
  package var sweepInterval: Duration
  /// Checkouts that one client may open in a minute, where it is not on this machine.
  package var requestsPerMinute: Int
  /// How long an Idempotency-Key is remembered.
  package var idempotencyLifetime: Duration

  init(_ reader: inout ConfigurationReader, publicURL: String) {
    sessionLifetime = reader.duration(
      "checkout.session_lifetime", env: ["GKM_SESSION_LIFETIME"], default: .seconds(31 * 60),
      in: .seconds(1)...(.seconds(86_400)))
    reservationGrace = reader.duration(
      "checkout.reservation_grace", default: .seconds(60), in: .seconds(0)...(.seconds(3_600)))
    successURL = reader.text(
      "checkout.success_url", default: publicURL + "/thanks?session={CHECKOUT_SESSION_ID}")
    cancelURL = reader.text("checkout.cancel_url", default: publicURL + "/cancelled")
    stripeDeadline = reader.duration(
      "checkout.stripe_deadline", default: .seconds(10), in: .seconds(1)...(.seconds(60)))
    groupLimit = reader.number("checkout.group_limit", default: 64, in: 1...500)
    queueLimit = reader.number("checkout.queue_limit", default: 10_000, in: 1...1_000_000)
    sweepInterval = reader.duration(
      "checkout.sweep_interval", default: .seconds(5), in: .milliseconds(50)...(.seconds(600)))
    requestsPerMinute = reader.number(
      "checkout.requests_per_minute", default: 60, in: 1...1_000_000)
    idempotencyLifetime = reader.duration(
      "checkout.idempotency_lifetime", default: .seconds(86_400), in: .seconds(1)...(.seconds(30 * 86_400)))
  }
}

/// How the rest of the API is guarded and kept fast.
package struct APISettings: Sendable {
  /// Requests that one client may make in a minute, checkouts and pages aside, where it is not on this machine.
  package var requestsPerMinute: Int
  /// Requests with one order's token in a minute.
  package var tokenRequestsPerMinute: Int
  /// How long Redis keeps an answer of the catalogue; zero keeps none.
  package var catalogueTTL: Duration
  /// Where the customer's portal leads back to.
  package var portalReturnURL: String

  static let bodyLimitBytes = 16 << 10

  init(_ reader: inout ConfigurationReader, publicURL: String) {
    requestsPerMinute = reader.number("api.requests_per_minute", default: 600, in: 1...1_000_000)
    tokenRequestsPerMinute = reader.number("api.token_requests_per_minute", default: 60, in: 1...1_000_000)
    catalogueTTL = reader.duration("api.catalogue_ttl", default: .seconds(5), in: .zero...(.seconds(60)))
    portalReturnURL = reader.text("api.portal_return_url", default: publicURL)
  }
}

/// How the order page is guarded.
package struct PageSettings: Sendable {
  /// Views of pages that one client may have in a minute.
  package var viewsPerMinute: Int
  /// Reveals of one order in a minute.
  package var revealsPerMinute: Int
  /// Looks for orders by address that one client may have in a minute: requests for codes and codes tried.
  package var lookupsPerMinute: Int

  init(_ reader: inout ConfigurationReader) {
    viewsPerMinute = reader.number("page.views_per_minute", default: 60, in: 1...1_000_000)
    revealsPerMinute = reader.number("page.reveals_per_minute", default: 10, in: 1...1_000_000)
    lookupsPerMinute = reader.number("page.lookups_per_minute", default: 10, in: 1...1_000_000)
  }
}

/// The little of URLs that settings need.
enum URLParts {
  /// `https://shop.example` for `https://shop.example/`; `nil` for what is no address.
  static func base(_ text: String) -> String? {
    guard text.hasPrefix("https://") || text.hasPrefix("http://"), !host(text).isEmpty,
      text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "?") })
    else { return nil }
    return text.hasSuffix("/") ? String(text.dropLast()) : text
  }

  /// The host alone, without user, port and path.
  static func host(_ url: String) -> String {
    guard let start = url.firstRange(of: "://")?.upperBound else { return "" }
    var host = url[start...].prefix { $0 != "/" }
    if let at = host.lastIndex(of: "@") { host = host[host.index(after: at)...] }
    if host.hasPrefix("["), let close = host.firstIndex(of: "]") { return String(host[...close]) }
    return String(host.prefix { $0 != ":" })
  }

  /// A domain that mail can come from: an address alone is none.
  static func mailDomain(_ host: String) -> String {
    host.contains(".") && host.contains { $0.isLetter } ? host : "gkm.localdomain"
  }
}
