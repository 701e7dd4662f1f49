import Foundation
import Market
import Outbound
import Store
import TestSupport
import Testing

/// Rows: events twice, in any order, days late, replayed, badly signed; and a clock that is wrong.
@Suite("Events as they should not come", .serialized) struct EventRowsLongTests {
  /// All that Stripe says of one paid order.
  private static func events(_ order: OpenedOrder) -> [[UInt8]] {
    let (amount, id) = (order.amount.amount, order.id)
    func event(_ name: String, _ type: String, _ object: String) -> [UInt8] {
      Array(
        """
        {"id":"evt_\(name)_\(id)","object":"event","type":"\(type)","created":1767225600,"livemode":false,
         "data":{"object":{\(object),"metadata":{"order_id":"\(id)"}}}}
        """.utf8)
    }
    return [
      StripeSide.body(order),
      event(
        "intent", "payment_intent.succeeded",
        """
        "id":"pi_\(id)","object":"payment_intent","amount":\(amount),"amount_received":\(amount),"currency":"eur",
        "status":"succeeded","latest_charge":"ch_\(id)"
        """),
      event(
        "charge", "charge.succeeded",
        """
        "id":"ch_\(id)","object":"charge","amount":\(amount),"currency":"eur","status":"succeeded","paid":true,
        "payment_intent":"pi_\(id)","created":1767225600
        """),
    ]
  }

  @Test("Twice, in any order, replayed and forged, to two daemons without a common Redis, and again days later")
  func storm() async throws {
    let other = try await PrivateRedis.start()
    try await Rig.open(keys: 100) { rig in
      let orders = try await rig.orders(40)
      let daemons = [try await rig.start(), try await rig.start(with: ["REDIS_URL": try other.url(.daemon)])]
      let urls = daemons.map(\.webhook)
      let bodies = orders.flatMap(Self.events)
      let tellings = (bodies + bodies + bodies).shuffled()
      try await withThrowingTaskGroup(of: Void.self) { group in
        for lane in 0..<8 {
          group.addTask {
            for index in stride(from: lane, to: tellings.count, by: 8) {
              let url = urls[index % 2]
              switch index % 7 {
              // Recorded by somebody four days ago, and forged: refused, whatever they say.
              case 0: #expect(await rig.stripe.send(tellings[index], to: url, age: 4 * 86_400) == 400)
              case 1: #expect(await rig.stripe.send(tellings[index], to: url, secret: "whsec_thief") == 400)
              default: #expect(await rig.stripe.send(tellings[index], to: url) == 200)
              }
            }
          }
        }
        try await group.waitForAll()
      }
      try await rig.stripe.tell(orders, at: urls)
      try await rig.delivered(orders)
      // Stripe's own retries, three days late: signed anew, and they change nothing.
      let before = try await rig.sql(Self.footprint)
      for body in bodies.shuffled() { #expect(await rig.stripe.send(body, to: urls[0]) == 200) }
      try await rig.eventually("they are applied") {
        try await rig.number("SELECT count(*) FROM gkm.job WHERE kind = 'apply'") == 0
      }
      #expect(try await rig.sql(Self.footprint) == before)
      for daemon in daemons { #expect(try await daemon.process.end() == .exited(0), "\(daemon.process.tail())") }
      try await rig.account(orders)
    }
    try await other.stop()
  }

  /// What events can change of orders, keys, mails and money.
  private static let footprint = """
    SELECT (SELECT count(*) FROM gkm.payment_intent), (SELECT count(*) FROM gkm.assignment),
      (SELECT sum(attempts) FROM gkm.delivery), (SELECT count(*) FROM gkm.orders WHERE state = 'delivered'),
      (SELECT sum(abs(amount)) FROM gkm.ledger_posting)
    """

  @Test(
    "Our clock is ten minutes wrong: all is refused and told of as an error at once; put right, all arrives",
    arguments: [600, -600])
  func clock(offset: Int) async throws {
    try await Rig.open(keys: 40) { rig in
      let orders = try await rig.orders(10)
      let wrong = try await rig.start(with: ["GKM_CLOCK_OFFSET": "\(offset)"])
      for order in orders { #expect(await rig.stripe.once(order, at: wrong.webhook) == 400) }
      #expect(try await rig.number("SELECT count(*) FROM gkm.stripe_event") == 0)
      try await rig.eventually("it is told of") { wrong.process.tail().contains("a clock is wrong") }
      #expect(wrong.process.tail().contains("\"error\""))
      #expect(try await wrong.process.end() == .exited(0))
      let right = try await rig.start(port: wrong.port)
      try await rig.stripe.tell(orders, at: [right.webhook])
      try await rig.delivered(orders)
      #expect(try await right.process.end() == .exited(0))
      try await rig.account(orders)
    }
  }

  @Test("Bodies and headers of any bytes: a clear refusal, no change, and the next event is taken")
  func fuzz() async throws {
    try await Rig.open(keys: 10) { rig in
      let orders = try await rig.orders(2)
      let daemon = try await rig.start()
      var dice = Dice(seed: 4_242)
      let good = StripeSide.body(orders[0])
      var refused = 0
      for _ in 0..<600 {
        var body = good
        for _ in 0..<dice.number(1...6) { body[dice.number(0...body.count - 1)] = UInt8(dice.number(0...255)) }
        let header = Self.header(&dice)
        let status = await rig.stripe.post(body, to: daemon.webhook, signature: header)
        // 0: what is no header at all does not leave the client.
        #expect(status == 400 || status == 0, "\(status) for \(header.debugDescription)")
        if status == 400 { refused += 1 }
      }
      #expect(refused > 300)
      #expect(try await rig.number("SELECT count(*) FROM gkm.stripe_event") == 0)
      // Rightly signed, any bytes are kept and answered 200: a refusal would only buy days of retries.
      for _ in 0..<100 {
        var body = good
        for _ in 0..<dice.number(1...30) { body[dice.number(0...body.count - 1)] = UInt8(dice.number(0...255)) }
        #expect(await rig.stripe.send(body, to: daemon.webhook) == 200)
      }
      try await rig.stripe.tell(orders, at: [daemon.webhook])
      try await rig.delivered([orders[1]])
      #expect(try await daemon.process.end() == .exited(0))
      try await rig.verify()
    }
  }

  private static func header(_ dice: inout Dice) -> String {
    let now = Int(Date().timeIntervalSince1970)
    let hex = (0..<64).map { _ in String(dice.number(0...15), radix: 16) }.joined()
    let parts = [
      "t=\(now)", "t=", "t=-1", "t=99999999999999999999", "t=\(now),t=\(now)", "v1=\(hex)", "v1=", "v0=\(hex)",
      "v1=\(hex.prefix(dice.number(0...63)))", "=", ",", ",,,", "t", "v1", "\u{FF}", " ", "v1=\(hex)\(hex)",
    ]
    return (0..<dice.number(0...6)).map { _ in dice.pick(parts) }.joined(separator: dice.pick([",", ", ", ";", ""]))
  }
}
