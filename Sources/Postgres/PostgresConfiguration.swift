/// How to reach a server, and the limits that hold on every connection.
package struct PostgresConfiguration: Sendable {
  /// A URI, a keyword string, or "" for libpq's own sources (PGHOST…, PGSERVICE, `~/.pgpass`), which also fill in
  /// whatever is not given. Several hosts and `target_session_attrs` work.
  package var conninfo: String
  /// Parameters by libpq's names that hold where `conninfo` does not say otherwise: what a program takes as options of
  /// its own, such as `host` and `user`.
  package var defaults: [String: String] = [:]
  /// Overrides the password from every other source.
  package var password: String?
  /// Overrides the database's name from every other source.
  package var database: String?
  /// The name in `pg_stat_activity`, unless `conninfo` or PGAPPNAME gives one.
  package var applicationName: String
  /// For all hosts together.
  package var connectTimeout: Duration
  /// The server's limit for one statement; the client gives up soon after it. Zero for none.
  package var statementTimeout: Duration
  /// The server's limit for one wait for a lock. Zero for none.
  package var lockTimeout: Duration
  /// How long the server lets a transaction lie idle before it ends the session. Zero for none.
  package var idleInTransactionTimeout: Duration
  /// How many prepared statements one connection keeps; the least recently used goes first.
  package var preparedStatementLimit: Int
  /// Further server settings, as `["search_path": "gkm"]`.
  package var settings: [String: String]
  /// Called on the connection's thread for each notice and warning of the server. It must not block.
  package var onNotice: (@Sendable (PostgresNotice) -> Void)?

  package init(
    conninfo: String = "", password: String? = nil, database: String? = nil, applicationName: String = "gkm",
    connectTimeout: Duration = .seconds(5), statementTimeout: Duration = .seconds(30),
    lockTimeout: Duration = .seconds(10), idleInTransactionTimeout: Duration = .seconds(30),
    preparedStatementLimit: Int = 256, settings: [String: String] = [:],
    onNotice: (@Sendable (PostgresNotice) -> Void)? = nil
  ) {
    self.conninfo = conninfo
    self.password = password
    self.database = database
    self.applicationName = applicationName
    self.connectTimeout = connectTimeout
    self.statementTimeout = statementTimeout
    self.lockTimeout = lockTimeout
    self.idleInTransactionTimeout = idleInTransactionTimeout
    self.preparedStatementLimit = preparedStatementLimit
    self.settings = settings
    self.onNotice = onNotice
  }

  /// Where to, in the form of libpq's parameters: the later of two values counts, and `dbname` stands for all that the
  /// string holds.
  var destination: [(String, String)] { defaults.sorted { $0.key < $1.key } + [("dbname", conninfo)] }

  /// The server settings in the form of libpq's `options`.
  var optionsText: String {
    var values = settings
    values["statement_timeout"] = statementTimeout.milliseconds
    values["lock_timeout"] = lockTimeout.milliseconds
    values["idle_in_transaction_session_timeout"] = idleInTransactionTimeout.milliseconds
    return values.sorted { $0.key < $1.key }
      .map { "-c \(Self.escaped("\($0.key)=\($0.value)"))" }
      .joined(separator: " ")
  }

  /// Spaces and backslashes are escaped by a backslash (libpq, `options`).
  private static func escaped(_ text: String) -> String {
    var out = ""
    for scalar in text.unicodeScalars {
      if scalar == "\\" || scalar.properties.isWhitespace { out += "\\" }
      out.unicodeScalars.append(scalar)
    }
    return out
  }
}

extension PostgresConfiguration: CustomStringConvertible, CustomReflectable {
  /// Says nothing that `conninfo` holds, for it may hold a password.
  package var description: String { "PostgresConfiguration(\(applicationName))" }
  package var customMirror: Mirror { Mirror(self, children: ["applicationName": applicationName]) }
}

extension Duration {
  /// Whole milliseconds, at least 1 for anything above zero.
  fileprivate var milliseconds: String {
    let (seconds, attoseconds) = components
    let value = max(0, seconds * 1000 + attoseconds / 1_000_000_000_000_000)
    return String(value == 0 && self > .zero ? 1 : value)
  }
}

/// A notice or warning of the server.
package struct PostgresNotice: Sendable {
  /// WARNING, NOTICE, INFO, LOG or DEBUG, in English whatever the server's language.
  package let severity: String
  package let sqlState: String
  package let message: String
  package let detail: String?
  package let hint: String?
}

/// What NOTIFY sent on a channel that the connection listens on.
package struct PostgresNotification: Sendable, Hashable {
  package let channel: String
  package let payload: String
  /// The process id of the server process that sent it.
  package let processID: Int32
}
