/// Whom a configuration connects to as whom, once libpq has looked at its string, the environment and its files.
package struct PostgresTarget: Sendable, Equatable {
  package var user: String
  package var database: String
  /// A name, an address, the folder of a Unix socket, or several with commas; empty for libpq's default.
  package var host: String
  /// Empty for libpq's default.
  package var port: String

  package init(user: String, database: String, host: String, port: String) {
    self.user = user
    self.database = database
    self.host = host
    self.port = port
  }
}

extension PostgresConfiguration {
  /// Dials nothing.
  ///
  /// - Throws: `.usage` where libpq refuses what it was told: a string it cannot read, a service that nobody defined.
  package func target() throws(PostgresError) -> PostgresTarget {
    let values = try Dialer.options(of: self)
    func value(_ name: String) -> String { values[name] ?? "" }
    return PostgresTarget(
      user: value("user"), database: value("dbname"),
      host: value("host").isEmpty ? value("hostaddr") : value("host"), port: value("port"))
  }
}
