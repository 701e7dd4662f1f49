import FoundationEssentials
package import Market
package import Postgres

/// What admins do with commission rules. All of it throws `ActionRefused`, and `PostgresError` for what the database
/// could not do.
package enum CommissionRules {
  /// A rule that is to begin.
  package struct Draft: Sendable {
    package var scope: CommissionScope
    package var basisPoints: Int
    package var amounts: [Currency: CommissionAmounts]
    /// `nil`: now.
    package var from: Instant?
    /// `nil`: for good.
    package var until: Instant?

    package init(
      scope: CommissionScope, basisPoints: Int, amounts: [Currency: CommissionAmounts] = [:], from: Instant? = nil,
      until: Instant? = nil
    ) {
      self.scope = scope
      self.basisPoints = basisPoints
      self.amounts = amounts
      self.from = from
      self.until = until
    }
  }

  /// What was made: the rule, and which one was cut short for it.
  package struct Made: Sendable, Decodable {
    package let rule: CommissionRuleID
    package let version: Int64
    package let replaces: CommissionRuleID?
  }

  /// The rule of exactly this scope that holds at `time` (`nil`: now): what a new one would replace.
  package static func current(
    _ session: borrowing Session, _ scope: CommissionScope, at time: Instant?
  ) throws -> CommissionRow? {
    try CommissionList.rows(
      session,
      where: """
        r.vendor_id IS NOT DISTINCT FROM \(scope.vendor) AND r.category IS NOT DISTINCT FROM \(scope.category)
          AND r.product_id IS NOT DISTINCT FROM \(scope.product) AND r.withdrawn_at IS NULL
          AND r.valid @> coalesce(\(time), now())
        """, order: "r.id", limit: 1
    ).first
  }

  package static func rule(_ session: borrowing Session, _ id: CommissionRuleID) throws -> CommissionRow {
    guard let row = try CommissionList.rows(session, where: "r.id = \(id)", order: "r.id", limit: 1).first else {
      throw ActionRefused(.notFound, "there is no commission rule \(id)")
    }
    return row
  }

  /// Lets a rule begin. `version` is that of the rule it replaces, 0 where there is none.
  package static func set(
    _ session: borrowing Session, _ draft: Draft, version: Int64, reason: String
  ) throws -> Made {
    let amounts = Array(
      try JSONEncoder().encode(
        Dictionary(uniqueKeysWithValues: draft.amounts.map { ($0.key.code, $0.value) })))
    let answer = try refusing {
      try session.first(
        """
        SELECT api.commission_set(\(draft.scope.vendor), \(draft.scope.category), \(draft.scope.product),
          \(Int32(clamping: draft.basisPoints)), \(PostgresBind.json(utf8: amounts)), \(draft.from), \(draft.until),
          \(version), \(reason))
        """
      ) { try $0.bytes(0) }
    }
    guard let answer, let made = try? JSONDecoder().decode(Made.self, from: Data(answer)) else {
      throw StoreError.badRow("api.commission_set gave no rule")
    }
    return made
  }

  /// Lets a rule end at `until` (`nil`: now); answers its new version.
  package static func end(
    _ session: borrowing Session, _ rule: CommissionRuleID, version: Int64, until: Instant?, reason: String
  ) throws -> Int64 {
    try refusing {
      try session.first("SELECT api.commission_end(\(rule), \(version), \(until), \(reason))") { try $0.int64(0) }
    } ?? 0
  }

  /// Takes a rule back that has not begun; answers its new version.
  package static func withdraw(
    _ session: borrowing Session, _ rule: CommissionRuleID, version: Int64, reason: String
  ) throws -> Int64 {
    try refusing {
      try session.first("SELECT api.commission_withdraw(\(rule), \(version), \(reason))") { try $0.int64(0) }
    } ?? 0
  }

  private static func refusing<T>(_ body: () throws -> T) throws -> T {
    do {
      return try body()
    } catch let error as PostgresError {
      throw ActionRefused(error) ?? error
    }
  }
}
