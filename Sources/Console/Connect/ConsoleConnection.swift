package import Postgres
import Store

/// Which database the console speaks to and as whom: said the way psql takes it, and filled in by libpq from the
/// environment, service files and `~/.pgpass`.
package struct ConsoleConnection: Sendable {
  /// A database's name, a URI or a keyword string; "" leaves all to libpq.
  package var conninfo: String
  /// Hold where `conninfo` names no other, as with psql.
  package var hostName: String?
  package var port: String?
  package var user: String?
  /// Changes nothing in the market, whatever the person may do.
  package var isReadOnly: Bool
  /// Whether a password may be asked for.
  package var asksPassword: Bool
  package var applicationName: String

  package init(
    conninfo: String = "", hostName: String? = nil, port: String? = nil, user: String? = nil,
    isReadOnly: Bool = false, asksPassword: Bool = true, applicationName: String = "gkm"
  ) {
    self.conninfo = conninfo
    self.hostName = hostName
    self.port = port
    self.user = user
    self.isReadOnly = isReadOnly
    self.asksPassword = asksPassword
    self.applicationName = applicationName
  }

  /// How to connect. `password` overrides every other source.
  package func configuration(password: String? = nil) -> PostgresConfiguration {
    // A list's plan depends on what is looked for: one for all values would be wrong for most.
    var settings = ["plan_cache_mode": "force_custom_plan"]
    if isReadOnly { settings["default_transaction_read_only"] = "on" }
    var configuration = PostgresConfiguration(
      conninfo: conninfo, password: password, applicationName: applicationName, preparedStatementLimit: 64,
      settings: settings)
    if let hostName { configuration.defaults["host"] = hostName }
    if let port { configuration.defaults["port"] = port }
    if let user { configuration.defaults["user"] = user }
    return configuration
  }

  /// Whom the person is about to be, and where: `ops@gkm localhost`. Empty where libpq cannot read what it was told;
  /// connecting then says why.
  package var host: String {
    guard let target = try? configuration().target() else { return "" }
    return Self.label(target)
  }

  static func label(_ target: PostgresTarget) -> String {
    let isLocal = target.host.isEmpty || target.host.hasPrefix("/") || target.host.hasPrefix("@")
    let port = target.port.isEmpty || target.port == "5432" || isLocal ? "" : ":\(target.port)"
    return "\(target.user)@\(target.database) \(isLocal ? "localhost" : target.host)\(port)"
  }

  /// Connects for a command: asks for a password on the terminal where the server wants one and libpq knows none.
  package func connect() async throws -> PostgresConnection {
    let target = try configuration().target()
    do {
      return try await PostgresConnection.connect(configuration())
    } catch {
      guard error.needsPassword else { throw error }
      guard asksPassword else {
        throw ConsoleFailure(
          "the server wants a password for \(target.user), and --no-password is given", status: .noPermission)
      }
      let password = try PasswordPrompt.ask("Password for \(target.user): ")
      return try await PostgresConnection.connect(configuration(password: password))
    }
  }

  /// Connects for the time of `body`.
  package func connected<T: Sendable>(_ body: (PostgresConnection) async throws -> T) async throws -> T {
    let connection = try await connect()
    do {
      let value = try await body(connection)
      // Also a command's short session is a sign of life. Whatever becomes of it, the command was done.
      if !isReadOnly { try? await connection.write { try PeopleAdministration.noteHere($0) } }
      await connection.close()
      return value
    } catch {
      await connection.close()
      throw error
    }
  }
}
