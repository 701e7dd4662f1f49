import Market
import Postgres
import Redis
import Store

/// How this console opens Redis.
enum RedisEntry {
  /// For staff, with a password of this console's own making where the URL names no user; the database is told its
  /// digest, and within a few seconds Redis knows it. `nil` where there is no Redis for this person: vendors have none.
  static func open(
    _ url: String?, for viewer: Viewer, on connection: PostgresConnection
  ) async -> RedisConfiguration? {
    guard viewer.role.isStaff, let url, var configuration = try? RedisConfiguration(url: url) else { return nil }
    guard configuration.user == nil, configuration.password == nil else { return configuration }
    let pass = LivePass(login: viewer.login)
    guard (try? await connection.write({ try pass.register($0) })) != nil else { return nil }
    configuration.user = pass.user
    configuration.password = pass.password
    return configuration
  }
}
