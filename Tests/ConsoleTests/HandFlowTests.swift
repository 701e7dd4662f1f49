import Market
import Postgres
import TestSupport
import Testing

@testable import Console

/// What people do about orders by hand, by keyboard alone, in the real program on a real database. Each script says how
/// many keys it takes besides what is typed.
@Suite struct HandFlowTests {
  private typealias Order = SeededMarket.Order

  @Test func supportAsksForAnotherAddressAndOpsAgreesInTheListOfAsks() async throws {
    try await SeededMarket.with { seeded in
      var session = try await ConsoleSession.start(try await seeded.person(.support))
      try await session.filter(Order.refused.number)
      session.terminal.type("A")
      try await session.terminal.sees("its later mails go there")
      session.terminal.type("right@example.org\ttyped it wrong\t\t\r")
      try await session.terminal.sees("goes to")
      session.terminal.type("\t\r")
      try await session.terminal.sees("Asked: ops or an admin agrees")
      try await session.quit()
      session = try await ConsoleSession.start(try await seeded.person(.ops))
      try await session.go("asks", waitingFor: "resend to right@")
      session.terminal.type("a")
      try await session.terminal.sees("It is done at once")
      session.terminal.type("looked into it\t\t\r")
      try await session.terminal.sees("Done: ask 1001")
      let email = try await seeded.market.database.sql(
        "SELECT customer_email FROM gkm.orders WHERE id = \(Order.refused.rawValue);")
      #expect(email == "right@example.org")
      try await session.quit()
    }
  }

  @Test func opsReplacesABadKeyAfterSeeingHowItsBatchFares() async throws {
    try await SeededMarket.with { seeded in
      let session = try await ConsoleSession.start(try await seeded.person(.ops))
      try await session.filter(Order.delivered.number)
      session.terminal.type("b")
      try await session.terminal.sees("Replace a key of")
      session.terminal.type("2\tused already\t\t\t\r")
      try await session.terminal.sees("in stock")
      session.terminal.type("\t\r")
      try await session.terminal.sees("is on its way")
      let bad = try await seeded.market.database.sql("SELECT count(*), min(reason) FROM gkm.bad_key;")
      #expect(bad == "1|used already")
      try await session.quit()
    }
  }

  @Test func anOrderIsHeldNotedOnAndReleasedFromItsTimeline() async throws {
    try await SeededMarket.with { seeded in
      let session = try await ConsoleSession.start(try await seeded.person(.ops))
      try await session.filter(Order.retrying.number)
      session.terminal.type("\r")
      try await session.terminal.sees("checkout.created")
      session.terminal.type("hlooks like fraud\t\t\r")
      try await session.terminal.sees("1 delivery is stopped")
      session.terminal.type("\t\r")
      try await session.terminal.sees("is held")
      try await session.terminal.sees("‖ held")
      session.terminal.type("nasked the bank\t\t\r")
      try await session.terminal.sees("Noted on")
      try await session.terminal.sees("order.noted")
      session.terminal.type("lit is fine\t\t\r")
      try await session.terminal.sees("1 delivery goes on")
      session.terminal.type("\t\r")
      try await session.terminal.sees("order.released")
      let held = try await seeded.market.database.sql(
        "SELECT held_at IS NULL FROM gkm.orders WHERE id = \(Order.retrying.rawValue);")
      #expect(held == "t")
      try await session.quit()
    }
  }

  @Test func anOrderIsSentAgain() async throws {
    try await SeededMarket.with { seeded in
      let session = try await ConsoleSession.start(try await seeded.person(.support))
      try await session.filter(Order.delivered.number)
      session.terminal.type("S\tnothing came\t\t\r")
      try await session.terminal.sees("Unit 2")
      session.terminal.type("\t\r")
      try await session.terminal.sees("goes to ada@example.com again")
      #expect(
        try await seeded.market.database.sql(
          "SELECT count(*) FROM gkm.delivery WHERE order_id = 1 AND state = 'retrying';") == "2")
      try await session.quit()
    }
  }

  @Test func colleaguesSeeWhoHasAnOrderOpen() async throws {
    let redis = try await PrivateRedis.shared()
    try await SeededMarket.with { seeded in
      let folder = try TemporaryFolder.make()
      defer { TemporaryFolder.remove(folder) }
      try TemporaryFolder.write("redis_url = \"\(try redis.url(.staff))\"\n", to: "\(folder)/gkm", named: "config.toml")
      let one = try await ConsoleSession.start(try await seeded.person(.ops), folder: folder)
      let two = try await ConsoleSession.start(try await seeded.person(.support), folder: folder)
      for session in [one, two] {
        try await session.filter(Order.refused.number)
        session.terminal.type("\r")
        try await session.terminal.sees("checkout.created")
      }
      try await two.terminal.sees("has it open since")
      #expect(two.terminal.screen.text.contains("ops_"))
      try await one.quit()
      try await two.quit()
    }
  }
}
