import Foundation
import Market
import Outbound
import Postgres
import Store
import StripeSimulator
import TestSupport
import Testing

/// Rows: Stripe's answers are lost, and stock is gone after the payment: what cannot be delivered is paid back, once.
@Suite("When Stripe fails", .serialized) struct StripeRowsLongTests {
  @Test(
    "Stock is gone after payment, and refunds meet a network that cuts, loses and slices: each is made once",
    arguments: [
      FaultProxy.Fault.cutAfter("POST /v1/refunds"), .cutBefore("POST /v1/refunds"), .cutAfterBytes(200, .toClient),
      .stall("POST /v1/refunds"), .slice, .halfOpen,
    ])
  func refunds(_ fault: FaultProxy.Fault) async throws {
    let settings = Rig.hasty + "\n[stripe]\ndeadline = \"2s\"\n"
    try await Rig.open(keys: 4, settings: settings) { rig in
      let simulator = SimulatorConfiguration(apiKey: "sk_test_rig", webhookSecret: Rig.secret)
      try await Simulator.with(simulator, over: rig.http) { url, _ in
        let toStripe = try FaultProxy(to: Int(url.split(separator: ":").last ?? "") ?? 0)
        defer { toStripe.close() }
        let stripe = ["STRIPE_API_BASE": "http://127.0.0.1:\(toStripe.port)", "GKM_RESTOCK_WINDOW": "2s"]
        let daemons = [
          try await rig.start("intake,checkout,workers", with: stripe),
          try await rig.start("intake,checkout,workers", with: stripe),
        ]
        _ = try await rig.form("\(url)/_sim/webhook", "url=\(daemons[0].webhook)")
        // Four whose stock went to four others before they paid.
        let late = try await rig.checkOut(4, at: daemons[0].url)
        for one in late {
          _ = try await rig.bench.daemon.write { try ReservationRelease.release($0, one.order, .expired) }
        }
        let quick = try await rig.checkOut(4, at: daemons[1].url)
        for one in quick { _ = try await rig.form("\(url)/_sim/sessions/\(one.session)/pay", "") }
        try await rig.state("delivered", of: quick.map(\.order))
        toStripe.set(fault, times: 4)
        for one in late { _ = try await rig.form("\(url)/_sim/sessions/\(one.session)/pay", "") }
        try await Task.sleep(for: .seconds(6))
        toStripe.set(.none)
        try await rig.state("refunded", of: late.map(\.order))
        #expect(try await rig.number("SELECT count(*) FROM gkm.refund") == 4)
        let stats = try await rig.http.send(HTTPRequest(url: "\(url)/_sim/stats"))
        let json = try JSONSerialization.jsonObject(with: Data(stats.body)) as? [String: Any]
        #expect((json?["counters"] as? [String: Any])?["refunds"] as? Int == 4)
        for daemon in daemons { #expect(try await daemon.process.end() == .exited(0), "\(daemon.process.tail())") }
      }
      #expect(try await rig.sql("SELECT count(*), count(DISTINCT stock_unit_id) FROM gkm.assignment") == "4|4")
      try await rig.verify()
    }
  }
}

extension Rig {
  fileprivate func form(_ url: String, _ body: String) async throws -> HTTPResponse {
    let answer = try await http.send(
      HTTPRequest(
        method: "POST", url: url, headers: [("Content-Type", "application/x-www-form-urlencoded")],
        body: Array(body.utf8)))
    guard (200..<300).contains(answer.status) else { throw TestSupportError("\(url): \(answer.status)") }
    return answer
  }

  /// Buyers of one key each, whose sessions are open at Stripe.
  fileprivate func checkOut(_ count: Int, at url: String) async throws -> [(order: OrderID, session: String)] {
    var sold: [(OrderID, String)] = []
    for number in 0..<count {
      let body = #"{"lines":[{"listing_id":\#(bench.listing),"quantity":1}],"email":"buyer\#(number)@example.com"}"#
      let answer = try await http.send(
        HTTPRequest(
          method: "POST", url: "\(url)/v1/checkout", headers: [("Content-Type", "application/json")],
          body: Array(body.utf8)))
      let json = try JSONSerialization.jsonObject(with: Data(answer.body)) as? [String: Any]
      guard let session = json?["checkout_session"] as? String,
        let order = (json?["order"] as? [String: Any])?["id"] as? Int
      else { throw TestSupportError("no checkout: \(String(decoding: answer.body, as: UTF8.self))") }
      sold.append((OrderID(Int64(order)), session))
    }
    return sold
  }

  fileprivate func state(_ state: String, of orders: [OrderID]) async throws {
    let ids = orders.map { "\($0)" }.joined(separator: ",")
    try await eventually("they are \(state): \(orders)", within: .seconds(90)) {
      try await number("SELECT count(*) FROM gkm.orders WHERE id IN (\(ids)) AND state = '\(state)'") == orders.count
    }
  }
}
