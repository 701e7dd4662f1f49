package import Market
package import Postgres
import Store
import Terminal

/// `gkm webhook`, `gkm vendor contact` and `gkm stock threshold`: where and of what vendors are told.
package enum WebhookReport {
  private static let memberNames = [
    "id", "vendor", "url", "events", "state", "breaker", "failures", "until", "last_reply", "last_success_at",
    "last_failure_at", "previous_until", "disabled_reason", "version",
  ]

  private static let columns: [TextTable.Column] = [
    .init("id", .right), .init("vendor", rank: 3), .init("url", least: 24), .init("events", least: 10, rank: 2),
    .init("state"), .init("breaker"), .init("failures", .right, rank: 1), .init("last_reply", least: 10, rank: 1),
  ]

  /// Prints the endpoints: a vendor's own, or for staff all or one vendor's.
  package static func list(
    vendor handle: String?, on connection: PostgresConnection, format: OutputFormat,
    terminal: OutputTerminal = .standardOutput()
  ) async throws {
    let rows = try await connection.read { session in
      try WebhookActions.list(session, vendor: try WebhookActions.vendor(session, handle))
    }
    var printer = RowPrinter(names: memberNames, table: TextTable(columns, terminal: terminal), format: format)
    try printer.print(rows.map(\.fields))
  }

  /// Adds an endpoint and fetches its secret; returns what to say.
  package static func add(
    vendor handle: String?, url: String, events: [VendorEvent], reason: String?, on connection: PostgresConnection
  ) async throws -> [String] {
    let endpoint = try await connection.write { session in
      try WebhookActions.add(
        session, vendor: try WebhookActions.vendor(session, handle), url: url, events: events, reason: reason)
    }
    let names = events.map(\.rawValue).joined(separator: ", ")
    return ["Endpoint \(endpoint) is told of \(names)."]
      + (try await secretLines(endpoint, reason: reason, on: connection))
  }

  package static func change(
    _ endpoint: WebhookEndpointID, url: String?, events: [VendorEvent]?, reason: String?,
    on connection: PostgresConnection
  ) async throws -> String {
    try await connection.write { session in
      let row = try WebhookActions.one(session, endpoint)
      _ = try WebhookActions.change(
        session, endpoint, version: row.version, url: url, events: events, reason: reason)
      return "Endpoint \(endpoint) is changed."
    }
  }

  /// Gives an endpoint a new secret and fetches it; returns what to say.
  package static func rotate(
    _ endpoint: WebhookEndpointID, overlapHours: Int32, reason: String?, on connection: PostgresConnection
  ) async throws -> [String] {
    try await connection.write { session in
      let row = try WebhookActions.one(session, endpoint)
      _ = try WebhookActions.rotate(
        session, endpoint, version: row.version, overlapHours: overlapHours, reason: reason)
    }
    let overlap = overlapHours == 0 ? "at once" : "in \(overlapHours) h; until then both sign"
    return ["Endpoint \(endpoint) has a new secret. The old one ends \(overlap)."]
      + (try await secretLines(endpoint, reason: reason, on: connection))
  }

  /// Fetches an endpoint's secret; returns what to say.
  package static func secretLines(
    _ endpoint: WebhookEndpointID, reason: String?, on connection: PostgresConnection,
    patience: Duration = .seconds(15)
  ) async throws -> [String] {
    guard let secret = try await secret(endpoint, reason: reason, on: connection, patience: patience) else {
      return ["No daemon answered. When one runs, 'gkm webhook secret \(endpoint)' shows the secret."]
    }
    return ["Its calls are signed with", "  \(Sanitizer.clean(secret))"]
  }

  private static func secret(
    _ endpoint: WebhookEndpointID, reason: String?, on connection: PostgresConnection, patience: Duration
  ) async throws -> String? {
    let key = SealedAnswer.Key()
    let request = try await connection.write {
      try WebhookActions.requestSecret($0, endpoint, publicKey: key.publicKey, reason: reason)
    }
    let end = ContinuousClock.now + patience
    while true {
      if let sealed = try await connection.read({ try WebhookActions.secret($0, request: request) }) {
        return String(decoding: try key.open(sealed, info: WebhookSecretRequests.info(request)), as: UTF8.self)
      }
      guard ContinuousClock.now < end else { return nil }
      try await Task.sleep(for: .milliseconds(150))
    }
  }

  /// Tries an endpoint and waits for its first answer; returns what to say. Throws where it gave none.
  package static func test(
    _ endpoint: WebhookEndpointID, reason: String?, on connection: PostgresConnection,
    patience: Duration = .seconds(30)
  ) async throws -> String {
    let notice = try await connection.write { try WebhookActions.test($0, endpoint, reason: reason) }
    let end = ContinuousClock.now + patience
    while true {
      let found = try await connection.read { try WebhookActions.result($0, notice) }
      let reply = Sanitizer.clean(found.reply ?? "no reply")
      if found.state == .sent { return "Endpoint \(endpoint) answered: \(reply)" }
      if found.state == .retrying || found.state == .failed || found.state == .cancelled {
        throw ConsoleFailure("endpoint \(endpoint) did not take it: \(reply)", status: .unavailable)
      }
      guard ContinuousClock.now < end else {
        throw ConsoleFailure("nothing came of it yet; 'gkm webhook list' shows the rest", status: .unavailable)
      }
      try await Task.sleep(for: .milliseconds(200))
    }
  }

  /// Enables, disables or removes an endpoint; returns what to say.
  package static func set(
    _ endpoint: WebhookEndpointID, state: String, reason: String?, on connection: PostgresConnection
  ) async throws -> String {
    try await connection.write { session in
      let row = try WebhookActions.one(session, endpoint)
      _ = try WebhookActions.set(session, endpoint, version: row.version, state: state, reason: reason)
      return "Endpoint \(endpoint) was \(row.state) and is \(state) now."
    }
  }

  /// Changes where a vendor is mailed and of what; returns what to say.
  package static func contact(
    vendor handle: String?, email: String?, locale: String?, events: [VendorEvent]?, reason: String?,
    on connection: PostgresConnection
  ) async throws -> String {
    try await connection.write { session in
      try WebhookActions.contact(
        session, vendor: try WebhookActions.vendor(session, handle), email: email, locale: locale, events: events,
        reason: reason)
    }
    return "Changed."
  }

  package static func threshold(
    _ listing: ListingID, _ keys: Int32, reason: String?, on connection: PostgresConnection
  ) async throws -> String {
    try await connection.write { try WebhookActions.threshold($0, listing, keys, reason: reason) }
    return keys == 0
      ? "Nothing is told when listing \(listing) runs out."
      : "The vendor is told when listing \(listing) falls to \(keys)."
  }
}
