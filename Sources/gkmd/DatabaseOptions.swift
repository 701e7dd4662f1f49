import ArgumentParser
import Postgres

/// Which database a command speaks to.
struct DatabaseOptions: ParsableArguments {
  @Option(
    name: [.short, .customLong("database")],
    help: ArgumentHelp(
      "A connection URI or keyword string; by default libpq's own sources.",
      discussion: "Keep passwords out of it: other users can read command lines. Use PGPASSFILE or PGSERVICE.",
      valueName: "conninfo"))
  var database: String?

  /// How to connect. `name` overrides the database's name.
  func configuration(name: String? = nil, statementTimeout: Duration = .seconds(120)) -> PostgresConfiguration {
    PostgresConfiguration(
      conninfo: database ?? "", database: name, applicationName: "gkmd", statementTimeout: statementTimeout,
      lockTimeout: .seconds(60))
  }

  /// Connects for the time of `body`.
  func connected<T: Sendable>(
    name: String? = nil, statementTimeout: Duration = .seconds(120),
    _ body: (PostgresConnection) async throws -> T
  ) async throws -> T {
    let connection = try await PostgresConnection.connect(
      configuration(name: name, statementTimeout: statementTimeout))
    do {
      let value = try await body(connection)
      await connection.close()
      return value
    } catch {
      await connection.close()
      throw error
    }
  }
}
