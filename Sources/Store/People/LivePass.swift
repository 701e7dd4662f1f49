import Crypto
package import Market
package import Postgres

/// What a console of the staff opens Redis with: a password that it made up and nobody else ever has. The database is
/// told its digest, and whoever keeps Redis in step makes a user of it.
package struct LivePass: Sendable {
  /// The user of Redis.
  package let user: String
  package let password: String

  /// A new one for a login.
  package init(login: String) {
    var random = SystemRandomNumberGenerator()
    user = RedisPolicy.user(of: login)
    password = Hex.encode(random.bytes(32))
  }

  /// Redis' own digest of a password, in hex.
  package static func digest(of password: String) -> String {
    Hex.encode(SHA256.hash(data: Array(password.utf8)))
  }

  /// Tells the database of it; to be said again before it stops to hold. Answers until when it does.
  package func register(_ session: borrowing Session) throws -> Instant? {
    let digest = Array(SHA256.hash(data: Array(password.utf8)))
    return try refusing { try session.first("SELECT api.live_pass(\(digest))") { try $0.instant(0) } }
  }

  /// All that hold, as Redis has to know them: by user, the digests in hex.
  package static func all(_ session: borrowing Session) throws -> [String: [String]] {
    let rows = try session.rows(
      """
      SELECT p.role_name, encode(l.digest, 'hex') FROM gkm.live_pass l JOIN gkm.person p ON p.id = l.person_id
      WHERE l.expires_at > now() AND p.disabled_at IS NULL AND (p.expires_at IS NULL OR p.expires_at > now())
        AND p.role <> 'vendor'
      ORDER BY p.role_name, l.id
      """
    ) { (try $0.string(0), try $0.string(1)) }
    return Dictionary(grouping: rows) { RedisPolicy.user(of: $0.0) }.mapValues { $0.map(\.1) }
  }
}
