import Glibc
import Market
import Postgres
import TestSupport
import Testing

@testable import Console

/// What people do in the console, by keyboard alone, in the real program on a real database.
@Suite struct ConsoleFlowTests {
  private typealias Order = SeededMarket.Order

  @Test func opsRefundsAnOrderAfterSeeingWhatItComesTo() async throws {
    try await SeededMarket.with { seeded in
      let session = try await ConsoleSession.start(try await seeded.person(.ops))
      try await session.filter(Order.delivered.number)
      session.terminal.type("R")
      try await session.terminal.sees("Units or amount")
      session.terminal.type("\t\tthe key was used before\t\t\r")
      try await session.terminal.sees("go back out of")
      try await session.terminal.sees("Type ")
      let digits = try await seeded.market.database.sql(
        "SELECT to_char((received - refunded) / 100.0, 'FM999990.00') FROM gkm.payment WHERE order_id = 1;")
      session.terminal.type("\(digits)\t\t\r")
      try await session.terminal.sees("Refund of")
      let asked = try await seeded.market.database.sql(
        "SELECT count(*) FROM gkm.refund_request WHERE order_id = 1 AND reason = 'the key was used before';")
      #expect(asked == "1")
      try await session.quit()
    }
  }

  @Test func supportOpensTakesAnswersAndClosesACase() async throws {
    try await SeededMarket.with { seeded in
      let session = try await ConsoleSession.start(try await seeded.person(.support))
      try await session.filter(Order.retrying.number)
      session.terminal.type("o\t\tthe customer asks where the key is\t\t\r")
      try await session.terminal.sees("is open")
      try await session.go("cases", waitingFor: "PRIORITY")
      try await session.filter("order:\(Order.retrying.number)")
      session.terminal.type("t")
      try await session.terminal.sees("You have taken")
      session.terminal.type("\r")
      try await session.terminal.sees("the customer asks where the key is")
      session.terminal.type("a\t\twe look into it\t\t\r")
      try await session.terminal.sees("waits for them now")
      // What was just done is read again before anything else is.
      _ = try await session.terminal.settled()
      session.terminal.type("xit came in the meantime\t\t\r")
      try await session.terminal.sees("is closed")
      let state = try await seeded.market.database.sql(
        "SELECT state || ' ' || (SELECT count(*) FROM gkm.case_message m WHERE m.case_id = c.id AND audience = 'customer') FROM gkm.support_case c WHERE order_id = 3 ORDER BY id DESC LIMIT 1;"
      )
      #expect(state == "closed 1")
      try await session.quit()
    }
  }

  @Test func markedDeliveriesAreRetriedTogether() async throws {
    try await SeededMarket.with { seeded in
      let session = try await ConsoleSession.start(try await seeded.person(.ops))
      session.terminal.type("3/state:failed,retrying\r")
      try await session.terminal.until("two rows") { $0.text.contains("1/2\n") || $0.text.contains("1/2 \n") }
      session.terminal.type("*t")
      try await session.terminal.sees("Retry 2 deliveries")
      session.terminal.type("the mail server is back\t\t\r")
      try await session.terminal.sees("2 queued again")
      let count = try await seeded.market.database.sql(
        "SELECT count(*) FROM gkm.audit_event WHERE action = 'delivery.retry.requested';")
      #expect(count == "2")
      try await session.quit()
    }
  }

  @Test func aRowThatMovedOnSinceItWasShownIsNotActedOn() async throws {
    try await SeededMarket.with { seeded in
      let session = try await ConsoleSession.start(try await seeded.person(.ops))
      session.terminal.type("3")
      try await session.filter("state:failed")
      session.terminal.type("pt")
      try await session.terminal.sees("Reason")
      try await seeded.market.database.sql(
        """
        ALTER TABLE gkm.delivery DISABLE TRIGGER ALL;
        UPDATE gkm.delivery SET version = version + 1 WHERE state = 'failed';
        ALTER TABLE gkm.delivery ENABLE TRIGGER ALL;
        """)
      session.terminal.type("nothing came\t\t\r")
      try await session.terminal.sees("changed since it was shown")
      try await session.quit()
    }
  }

  @Test func fromAnAddressToWhyThereIsNoKeyToAnotherTry() async throws {
    try await SeededMarket.with { seeded in
      let address = try await seeded.market.database.sql(
        "SELECT customer_email FROM gkm.orders WHERE id = \(Order.refused.rawValue);")
      let session = try await ConsoleSession.start(try await seeded.person(.ops))
      session.terminal.type("F\(address)\r")
      try await session.terminal.sees("delivery.refused")
      // Three keys to the delivery, and three to its next try.
      session.terminal.type("3")
      try await session.filter("order:\(Order.refused.number)")
      session.terminal.type("tmailbox is repaired\t\t\r")
      try await session.terminal.sees("is queued again")
      try await session.quit()
    }
  }

  @Test func aFigureOfThePulseLeadsToItsList() async throws {
    try await SeededMarket.with { seeded in
      let session = try await ConsoleSession.start(try await seeded.person(.support))
      session.terminal.type("0")
      try await session.terminal.sees("Deliveries failed")
      session.terminal.type("jjjjjjjjj\r")
      try await session.terminal.sees("/state:failed")
      try await session.terminal.sees(Order.refused.number)
      session.terminal.type("[")
      try await session.terminal.sees("To look after")
      try await session.go("work", waitingFor: "Queues")
      try await session.quit()
    }
  }

  @Test func keysColumnsAndFiltersOfOnesOwnHoldTillTheNextTime() async throws {
    try await SeededMarket.with { seeded in
      let folder = try TemporaryFolder.make()
      defer { TemporaryFolder.remove(folder) }
      try TemporaryFolder.write(
        "[keys]\ncolumns = \"K\"\n\n", to: "\(folder)/gkm", named: "config.toml")
      let person = try await seeded.person(.ops)
      var session = try await ConsoleSession.start(person, folder: folder)
      session.terminal.type("Kjj ")
      try await session.terminal.sees("· CUSTOMER")
      session.terminal.type("\u{1B}")
      try await session.terminal.until("the list alone") { !$0.text.contains("Columns") }
      session.terminal.type("/state:held\u{13}")
      try await session.terminal.sees("Kept")
      try await session.quit()
      session = try await ConsoleSession.start(person, folder: folder)
      #expect(!session.terminal.screen.text.contains("CUSTOMER"))
      session.terminal.type("f")
      try await session.terminal.sees("state:held")
      session.terminal.type("\r")
      try await session.terminal.sees(Order.held.number)
      try await session.quit()
    }
  }

  @Test func theLinearModeSaysTheListAndCarriesOutWhatIsTyped() async throws {
    try await SeededMarket.with { seeded in
      let person = try await seeded.person(.ops)
      let session = try await ConsoleSession.start(person, arguments: ["--plain"], columns: 200)
      session.terminal.type("deliveries\r")
      try await session.terminal.sees("Deliveries: ")
      session.terminal.type("/state:failed\r")
      try await session.terminal.sees("Deliveries /state:failed: 1")
      session.terminal.type("retry-delivery\r")
      try await session.terminal.sees("Reason:")
      session.terminal.type("nothing came\r")
      try await session.terminal.sees("Type yes")
      session.terminal.type("yes\r")
      try await session.terminal.sees("is queued again")
      session.terminal.type("quit\r")
      #expect(try await session.terminal.ended() == .exited(0))
    }
  }
}
