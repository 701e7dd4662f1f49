import Foundation
import Market
import Outbound
import Postgres
import Store
import TestSupport
import Testing

@testable import Daemon

/// Every event that Stripe sends about an order, through the whole daemon, in many orders and each of them twice.
@Suite("Event histories") struct EventHistoryTests {
  @Test("However its events come, an order ends the same")
  func everyWay() async throws { try await EventHistoryRun.play(EventHistory.all, ways: 3) }

  @Test("Events that are nobody's, or nothing's, leave orders alone; what is signed is kept and answered")
  func noise() async throws {
    let mail = try await PrivateMail.start()
    try await Shop.open(parts: [.intake, .checkout, .workers], mail: mail.url) { shop in
      let hand = try await StripeHand.checkOut(shop, try await shop.listing(keys: 2))
      try await hand.pay()
      let paid = try await hand.events()
      let noise: [(body: [UInt8], state: String)] = [
        (
          Array(
            #"{"id":"evt_thin","object":"v2.core.event","type":"v1.billing.meter.error_report_triggered","created":"2026-01-01T00:00:00Z","livemode":false}"#
              .utf8), "ignored"
        ),
        (EventBody.make(id: "evt_unknown", type: "customer.subscription.paused"), "ignored"),
        (EventBody.make(id: "evt_live", livemode: true), "quarantined"),
        (EventBody.make(id: "evt_hollow", object: #"{"id":"cs_x"}"#), "quarantined"),
        (Array(#"{"id":"evt_cut","type":"charge.succeeded","data":{"#.utf8), "quarantined"),
        (
          Array(#"{"id":"evt_untyped","created":1767225600,"livemode":false,"data":{"object":{}}}"#.utf8), "quarantined"
        ),
        (
          EventBody.make(
            id: "evt_nobody", type: "charge.refunded",
            object:
              #"{"id":"ch_nobody","object":"charge","status":"succeeded","amount":5,"amount_refunded":5,"currency":"eur","payment_intent":"pi_nobody"}"#
          ), "parked"
        ),
      ]
      for (body, _) in noise + noise { #expect(try await shop.deliver(body).status == 200) }
      for body in paid { #expect(try await shop.deliver(body).status == 200) }
      try await shop.eventually { try await hand.ending() == EventHistory.all[0].ending }
      let wanted = noise.map(\.state).sorted().joined(separator: ",")
      let states = "SELECT string_agg(state, ',' ORDER BY state) FROM gkm.stripe_event WHERE state <> 'done'"
      try await shop.eventually { try await shop.sql(states) == wanted }
      // Where it went wrong is told to the byte, or to the field.
      let problems = try await shop.sql("SELECT problem FROM gkm.stripe_event WHERE state = 'quarantined'")
      #expect(problems.contains("at byte 50"))
      #expect(problems.contains("data.object.payment_status: missing"))
      #expect(problems.contains("a live event in a test market"))
      #expect(try await shop.count("audit_event", where: "action = 'stripe.event.quarantined'") == 4)
      try await EventHistoryRun.verify(shop)
    }
    try await mail.stop()
  }

  @Test("A quarantined event is looked into, and after a fix takes effect once, however often it is replayed")
  func replay() async throws {
    let mail = try await PrivateMail.start()
    try await Shop.open(parts: [.intake, .checkout, .workers], mail: mail.url) { shop in
      let hand = try await StripeHand.checkOut(shop, try await shop.listing(keys: 2))
      try await hand.pay()
      // The market was set up in the wrong mode, and every event of the order is put aside.
      try await shop.sql("UPDATE gkm.installation SET livemode = true")
      try await shop.eventually { try await shop.get("/readyz").text.contains("the market deals in real money") }
      let events = try await hand.events()
      for body in events { #expect(try await shop.deliver(body).status == 200) }
      let count = try await shop.count("stripe_event", where: "state = 'quarantined'")
      #expect(count == events.count)

      let ops = try await PostgresConnection.connect(try await shop.market.person(.ops))
      let support = try await PostgresConnection.connect(try await shop.market.person(.support))
      let rows = try await support.read {
        try EventList.page($0, where: [EventList.isQuarantined], after: nil, limit: 10)
      }
      #expect(rows.count == count && rows.allSatisfy { $0.problem == "a test event in a live market" })
      let first = try #require(rows.last?.event)
      let details = try #require(try await support.read { try EventDetails.read($0, event: first) })
      #expect(details.bytes.map { $0 > 400 } == true && details.audit.map(\.action) == ["stripe.event.quarantined"])
      await #expect(throws: ActionRefused.self) {
        _ = try await support.write { try ReplayEvent.replay($0, event: first, reason: "not mine to say") }
      }
      await #expect(throws: ActionRefused(.impossible, "an event of the other mode is not for this market")) {
        _ = try await ops.write { try ReplayEvent.replay($0, event: first, reason: "nothing was fixed") }
      }

      try await shop.sql("UPDATE gkm.installation SET livemode = false")
      for row in rows {
        #expect(
          try await ops.write { try ReplayEvent.replay($0, event: row.event, reason: "the mode was wrong") }
            == .quarantined)
      }
      try await shop.eventually { try await hand.ending() == EventHistory.all[0].ending }
      for row in rows {
        await #expect(throws: ActionRefused(.impossible, "an event that is done is not replayed")) {
          _ = try await ops.write { try ReplayEvent.replay($0, event: row.event, reason: "once more") }
        }
      }
      for body in events { #expect(try await shop.deliver(body).status == 200) }
      #expect(try await shop.count("audit_event", where: "action = 'stripe.event.replayed'") == count)
      let all = try await support.read { try EventList.page($0, where: [], after: nil, limit: 10) }
      #expect(all.map(\.state) == Array(repeating: .done, count: count))
      try await EventHistoryRun.verify(shop)
      await ops.close()
      await support.close()
    }
    try await mail.stop()
  }
}

/// Every order in which the events of a history can come, as far as there is time for.
@Suite struct EventHistoriesLongTests {
  @Test func inTwentyFourWaysEach() async throws { try await EventHistoryRun.play(EventHistory.all, ways: 24) }
}

enum EventHistoryRun {
  /// Plays each history in so many ways: as it happened, backwards, and at random; each event comes twice.
  static func play(_ histories: [EventHistory], ways: Int) async throws {
    let mail = try await PrivateMail.start()
    try await Shop.open(parts: [.intake, .checkout, .workers], mail: mail.url) { shop in
      let listing = try await shop.listing(keys: 3 * histories.count * ways)
      var hands: [(hand: StripeHand, history: EventHistory)] = []
      for way in 0..<ways {
        // Orders of one way live side by side, so that their events meet in batches.
        let played = try await withThrowingTaskGroup(of: (StripeHand, EventHistory, [[UInt8]]).self) { group in
          for history in histories {
            group.addTask {
              let hand = try await StripeHand.checkOut(shop, listing)
              try await history.acts(hand)
              let events = try await hand.events().map {
                Array(history.forgery(String(decoding: $0, as: UTF8.self)).utf8)
              }
              return (hand, history, arranged(events, way))
            }
          }
          return try await group.reduce(into: []) { $0.append($1) }
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
          for (_, history, events) in played {
            group.addTask {
              for event in events {
                let status = try await shop.deliver(event).status
                guard status == 200 else { throw Shop.Failure("\(history.name): an event was answered \(status)") }
              }
            }
          }
          try await group.waitForAll()
        }
        hands += played.map { ($0.0, $0.1) }
      }
      let ended = hands
      try? await shop.eventually(within: .seconds(60)) {
        for (hand, history) in ended where try await hand.ending() != history.ending { return false }
        return true
      }
      for (hand, history) in hands {
        let ending = try await hand.ending()
        #expect(ending == history.ending, "\(history.name): order \(hand.order)")
      }
      try await shop.eventually { try await shop.count("job") == 0 }
      #expect(try await shop.sql("SELECT count(*) FROM gkm.stripe_event WHERE state <> 'done'") == "0")
      for (hand, history) in hands { #expect(try await hand.ending() == history.ending, "\(history.name), in the end") }
      try await verify(shop)
    }
    try await mail.stop()
  }

  private static func arranged(_ events: [[UInt8]], _ way: Int) -> [[UInt8]] {
    switch way {
    case 0: events + events
    case 1: events.reversed() + events.reversed()
    default: (events + events).shuffled()
    }
  }

  /// Every promise is kept.
  static func verify(_ shop: Shop) async throws {
    let results = try await shop.pool.read { try Verification().look($0) }
    for result in results { #expect(result.isKept, "\(result.check): \(result.offenders.prefix(3))") }
  }
}
