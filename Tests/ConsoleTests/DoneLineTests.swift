import Market
import Postgres
import Store
import TestSupport
import Testing

@testable import Console

/// What people come to the console for, from the first key to the last, by keyboard alone: how many keys each takes
/// besides what is typed is held here, and how long it took is told.
@Suite struct DoneLineTests {
  private typealias Order = SeededMarket.Order

  @Test("From an e-mail address alone to why there is no key, and to the key: 12 keys at most")
  func whyIsThereNoKey() async throws {
    try await SeededMarket.with { seeded in
      let address = try await seeded.market.database.sql(
        "SELECT customer_email FROM gkm.orders WHERE id = \(Order.refused.rawValue);")
      let hand = try await CountedHand.start(try await seeded.person(.ops))
      try await hand.press("F")
      try await hand.write(address)
      try await hand.press("enter", sees: "delivery.refused")
      try await hand.press("t", sees: "Reason")
      try await hand.write("mailbox is repaired")
      try await hand.press("tab", "tab", "enter", sees: "queued again")
      #expect(hand.keys <= 12, "\(hand.keys) keys")
      let asked = try await seeded.market.database.sql(
        "SELECT state, attempts_in_round FROM gkm.delivery WHERE order_id = \(Order.refused.rawValue);")
      #expect(asked == "retrying|0")
      try await hand.quit()

      // The address was wrong: support asks, and sees why nothing came in the same place.
      let support = try await CountedHand.start(try await seeded.person(.support))
      try await support.press("F")
      try await support.write(address)
      try await support.press("enter", sees: "delivery.refused")
      try await support.press("A", sees: "Address")
      try await support.write("right@example.org")
      try await support.press("tab")
      try await support.write("typed it wrong")
      try await support.press("tab", "tab", "enter", sees: "goes to")
      try await support.press("tab", "enter", sees: "Asked: ops or an admin agrees")
      #expect(support.keys <= 12, "\(support.keys) keys")
      try await support.quit()
    }
  }

  @Test("A bad key is replaced")
  func badKey() async throws {
    try await SeededMarket.with { seeded in
      let hand = try await CountedHand.start(try await seeded.person(.ops))
      try await hand.press("F")
      try await hand.write(Order.delivered.number)
      try await hand.press("enter", sees: "checkout.created")
      try await hand.press("b", sees: "Replace a key of")
      try await hand.write("1")
      try await hand.press("tab")
      try await hand.write("used already")
      try await hand.press("tab", "tab", "tab", "enter", sees: "in stock")
      try await hand.press("tab", "enter", sees: "is on its way")
      #expect(hand.keys <= 12, "\(hand.keys) keys")
      #expect(try await seeded.market.database.sql("SELECT count(*) FROM gkm.bad_key;") == "1")
      try await hand.quit()
    }
  }

  @Test("One of three units is refunded")
  func oneOfThree() async throws {
    try await Workbench.with(keys: 3) { bench in
      let order = try await bench.open(3)[0]
      let applied = try await bench.apply(Story(order: order).completed(), Story(order: order).succeeded(), express: 3)
      _ = try await bench.settle(
        applied.prepared.map { DeliveryOutcome($0, .confirmed, reply: "250 Ok", retryAfter: nil) })
      let hand = try await CountedHand.start(try await bench.market.person(.ops))
      try await hand.press("R", sees: "Units or amount")
      try await hand.press("right", "tab")
      try await hand.write("2")
      try await hand.press("tab")
      try await hand.write("bought one too many")
      try await hand.press("tab", "tab", "enter", sees: "go back out of")
      try await hand.write("19.99")
      try await hand.press("tab", "tab", "enter", sees: "Refund of 19.99 EUR")
      #expect(hand.keys <= 12, "\(hand.keys) keys")
      let asked = try await bench.sql(
        "SELECT r.amount, count(u.*) FROM gkm.refund_request r JOIN gkm.refund_request_unit u ON u.request_id = r.id GROUP BY 1;"
      )
      #expect(asked == "1999|1")
      try await hand.quit()
    }
  }

  @Test("Forty deliveries that failed while the mail server was away are tried again")
  func forty() async throws {
    try await Workbench.with(keys: 40) { bench in
      let orders = try await bench.open(
        10, 10, 10, 10)
      for order in orders {
        let applied = try await bench.apply(Story(order: order).completed(), express: 10)
        _ = try await bench.settle(
          applied.prepared.map { DeliveryOutcome($0, .refused, reply: "554 5.7.1 not now", retryAfter: nil) })
      }
      let hand = try await CountedHand.start(try await bench.market.person(.ops))
      try await hand.press("3", "/")
      try await hand.write("state:failed")
      try await hand.press("enter", sees: "1/40")
      try await hand.press("*", "t", sees: "Retry 40 deliveries")
      try await hand.write("the mail server is back")
      try await hand.press("tab")
      try await hand.write("40")
      try await hand.press("tab", "tab", "enter", sees: "40 queued again")
      #expect(hand.keys <= 12, "\(hand.keys) keys")
      #expect(try await bench.sql("SELECT count(*) FROM gkm.delivery WHERE state = 'retrying';") == "40")
      try await hand.quit()
    }
  }

  @Test("A dispute's evidence is prepared, previewed and sent to the bank")
  func evidence() async throws {
    try await SeededMarket.with { seeded in
      let hand = try await CountedHand.start(try await seeded.person(.ops), rows: 50, columns: 120)
      try await hand.press(":")
      try await hand.write("disputes")
      try await hand.press("enter", sees: "needs response")
      try await hand.press("a", sees: "Prepare evidence for dp_9")
      try await hand.press("enter", sees: "is prepared")
      try await hand.press("n", sees: "Edit the evidence")
      try await hand.press("tab")
      try await hand.write("The key was used the same day")
      try await hand.press("tab", "tab", "enter", sees: "uncategorized_text is kept")
      try await hand.press("S", sees: "can still be changed")
      try await hand.press("right", "tab")
      try await hand.write("it was used")
      try await hand.press("tab", "tab", "enter", sees: "The key was used the same day")
      try await hand.write("dp_9")
      try await hand.press("tab", "tab", "enter", sees: "on its way to the bank")
      let state = try await seeded.market.database.sql("SELECT state FROM gkm.dispute_evidence;")
      #expect(state == "submitting")
      try await hand.quit()
    }
  }

  @Test("Who looked at a key, when and from where")
  func whoLooked() async throws {
    try await SeededMarket.with { seeded in
      let hand = try await CountedHand.start(try await seeded.person(.support), rows: 50, columns: 160)
      try await hand.press("F")
      try await hand.write(Order.delivered.number)
      try await hand.press("enter", sees: "key.shown")
      let address = try await seeded.market.database.sql("SELECT address FROM gkm.reveal WHERE order_id = 1 LIMIT 1;")
      #expect(hand.screen.contains(address))
      #expect(hand.keys == 2)
      try await hand.quit()
    }
  }
}
