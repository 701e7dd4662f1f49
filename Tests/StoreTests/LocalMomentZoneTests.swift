import Market
import Postgres
import Store
import TestSupport
import Testing

@Suite("Moments in zones") struct LocalMomentZoneTests {
  private func placed(_ text: String, _ zone: String, _ connection: PostgresConnection) async throws -> Instant? {
    let moment = try #require(LocalMoment(typed: text))
    return try await connection.read { try moment.placed($0, in: zone) }.instant
  }

  @Test("A day is one of the zone, in summer and in winter; a clock put forward goes on, one put back is the later")
  func zones() async throws {
    try await MarketDatabase.with { market in
      let admin = try await PostgresConnection.connect(try await market.person(.admin))
      for (text, zone, wanted) in [
        ("2026-07-01 00:00", "Europe/Madrid", "2026-06-30T22:00:00Z"),
        ("2026-12-01", "europe/madrid", "2026-11-30T23:00:00Z"),
        ("2026-12-01 09:30", "UTC", "2026-12-01T09:30:00Z"), ("2026-12-01", "Asia/Kolkata", "2026-11-30T18:30:00Z"),
        ("2026-03-29 02:30", "Europe/Madrid", "2026-03-29T01:30:00Z"),
        ("2026-10-25 02:30", "Europe/Madrid", "2026-10-25T01:30:00Z"),
      ] {
        #expect(try await placed(text, zone, admin) == Instant(rfc3339: wanted), "\(text) \(zone)")
      }
      #expect(try await placed("now", "nowhere", admin) == nil)
      for zone in ["Europe/Berln", "Foo/Bar3", "", "posix/Europe/Madrid", "EST+5"] {
        await #expect(throws: ActionRefused.self, "\(zone)") { try await placed("monday", zone, admin) }
      }
      await admin.close()
    }
  }

  @Test("The next such day is never today, and at most a week ahead")
  func weekdays() async throws {
    try await MarketDatabase.with { market in
      let admin = try await PostgresConnection.connect(try await market.person(.admin))
      let today = try #require(try await placed("today", "Pacific/Auckland", admin))
      for day in ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"] {
        let next = try #require(try await placed(day, "Pacific/Auckland", admin))
        // A day on which a clock is changed has 23 or 25 hours.
        #expect(next - today >= .seconds(23 * 3_600) && next - today <= .seconds(7 * 86_400 + 3_600), "\(day)")
      }
      await admin.close()
    }
  }
}
