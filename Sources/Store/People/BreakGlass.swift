import Crypto
package import Market
package import Postgres

/// The envelope behind glass: a code that an admin sealed, with which one of the staff is an admin for a while when no
/// admin can be had. Everybody is told.
package enum BreakGlass {
  /// How long it may be broken, in minutes.
  package static let minutes = 5...240

  /// Seals a new code: the one before it is good for nothing any more. It is nowhere but in what this answers.
  package static func seal(_ session: borrowing Session, reason: String) throws -> String {
    let code = RandomWords.make(groups: 8)
    try refusing {
      _ = try session.rows("SELECT api.break_glass_seal(\(digest(of: proof(of: code))), \(reason))") { _ in }
    }
    return code
  }

  /// Makes whoever is signed in an admin; answers until when, `nil` where the code was wrong. The sessions that are open
  /// know it at once.
  package static func use(
    _ session: borrowing Session, code: String, minutes: Int, reason: String
  ) throws -> Instant? {
    try refusing {
      try session.first("SELECT api.break_glass(\(proof(of: code)), \(reason), \(minutes)::integer)") {
        try $0.instantOrNil(0)
      } ?? nil
    }
  }

  /// How it stands with the glass, for admins.
  package struct Standing: Sendable, Equatable {
    /// Who sealed the code that is good, and when; `nil`: there is none. What it is nobody can say.
    package let sealedBy: String?
    package let sealedAt: Instant?
    /// Who is an admin by it now.
    package let broken: [Broken]
    /// Wrong codes within the last hour.
    package let wrongTries: Int64
  }

  package struct Broken: Sendable, Equatable {
    package let login: String
    package let until: Instant
    package let reason: String
  }

  package static func standing(_ session: borrowing Session) throws -> Standing {
    let sealed = try session.first("SELECT sealed_by, sealed_at FROM gkm.break_glass WHERE state = 'sealed'") {
      (by: try $0.string(0), at: try $0.instant(1))
    }
    let broken = try session.rows(
      """
      SELECT p.role_name, g.until, g.reason::text FROM gkm.break_glass g JOIN gkm.person p ON p.id = g.person_id
      WHERE g.state = 'broken' ORDER BY g.id
      """
    ) { Broken(login: try $0.string(0), until: try $0.instant(1), reason: try $0.string(2)) }
    let tries = try session.first(
      "SELECT count(*) FROM gkm.break_glass_try WHERE tried_at > now() - interval '1 hour'"
    ) { try $0.int64(0) }
    return Standing(sealedBy: sealed?.by, sealedAt: sealed?.at, broken: broken, wrongTries: tries ?? 0)
  }

  /// Ends it before its time.
  package static func end(_ session: borrowing Session, login: String, reason: String) throws {
    try refusing { _ = try session.rows("SELECT api.break_glass_end(\(login), \(reason))") { _ in } }
  }

  /// What shows that somebody has the code, without saying it.
  private static func proof(of code: String) -> [UInt8] {
    Array(SHA256.hash(data: Array(RandomWords.plain(code).utf8)))
  }

  /// What is kept: from it the proof is not to be had.
  private static func digest(of proof: [UInt8]) -> [UInt8] { Array(SHA256.hash(data: proof)) }
}

/// Runs a function of schema `api`, and says in one sentence why it refused.
func refusing<T>(_ body: () throws -> T) throws -> T {
  do {
    return try body()
  } catch let error as PostgresError {
    throw ActionRefused(error) ?? error
  }
}
