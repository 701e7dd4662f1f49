import Glibc
import TestSupport
import Testing

/// Row: PostgreSQL is gone, and the team hears of it although every alert is kept there.
@Suite("When nobody can be told through the database", .serialized) struct DatabaseGoneLongTests {
  private static let settings =
    Rig.hasty + """

      [alerts]
      calm_for = "1s"
      [alerts.database]
      for = "2s"
      [notices]
      team_mail = ["ops@example.com"]
      """

  @Test("two daemons tell the team once that it is gone and once that it is back; without Redis each of them does")
  func told() async throws {
    try await Rig.open(keys: 2, settings: Self.settings) { rig in
      let daemons = [try await rig.start(), try await rig.start()]
      rig.toPostgres.set(.refuse)
      try await rig.eventually("the team is told") { try rig.mails("Subject: [page] The database cannot") == 1 }
      // Time enough for the other one, too.
      try await Task.sleep(for: .seconds(4))
      #expect(try rig.mails("Subject: [page] The database cannot") == 1)
      rig.toPostgres.set(.none)
      try await rig.eventually("the team hears of its end") { try rig.mails("Subject: Recovered: The database") == 1 }
      try await Task.sleep(for: .seconds(3))
      #expect(try rig.mails("Subject: Recovered: The database") == 1)

      try rig.redis.kill()
      rig.toPostgres.set(.blackHole)
      try await rig.eventually("each of them tells") { try rig.mails("Subject: [page] The database cannot") == 3 }
      rig.toPostgres.set(.none)
      try await rig.eventually("and of its end") { try rig.mails("Subject: Recovered: The database") == 3 }
      // It was an outage like another: what comes then is delivered.
      try await rig.redis.start()
      let orders = try await rig.orders(1, units: [1])
      try await rig.stripe.tell(orders, at: daemons.map(\.webhook))
      try await rig.delivered(orders)
      for daemon in daemons { #expect(try await daemon.process.end() == .exited(0), "\(daemon.process.tail())") }
      #expect(try rig.mails("Subject: [page] The database cannot") == 3)
      try await rig.account(orders)
    }
  }
}

extension Rig {
  /// How many mails hold this.
  fileprivate func mails(_ text: String) throws -> Int { try mail.messages().count { $0.contains(text) } }
}
