package import Market
package import Postgres

/// One thing that an admin sets while the market runs.
package struct MarketSetting: Sendable, Equatable {
  package let name: String
  package let value: String
  package let version: Int64
  package let changedBy: String
  package let changedAt: Instant

  package var fields: [ListField] {
    [
      ListField("name", .text(name)), ListField("value", .text(value)), ListField("version", .integer(version)),
      ListField("changed_by", .text(changedBy)), ListField("changed_at", .time(changedAt)),
    ]
  }

  /// All of them, by name. For staff.
  package static func all(_ session: borrowing Session) throws -> [MarketSetting] {
    do {
      return try session.rows("SELECT name, value, version, changed_by, changed_at FROM gkm.setting ORDER BY name") {
        MarketSetting(
          name: try $0.string(0), value: try $0.string(1), version: try $0.int64(2), changedBy: try $0.string(3),
          changedAt: try $0.instant(4))
      }
    } catch let error as PostgresError {
      throw ActionRefused(error) ?? error
    }
  }

  /// Sets one that was at `version` when it was seen, 0 where there was none. For admins; throws `ActionRefused`.
  package static func set(
    _ session: borrowing Session, _ name: String, to value: String, version: Int64, reason: String
  ) throws {
    do {
      _ = try session.rows("SELECT api.set_setting(\(name), \(value), \(version), \(reason))") { _ in }
    } catch let error as PostgresError {
      throw ActionRefused(error) ?? error
    }
  }
}
