import Foundation
import Market
import Outbound
import Store
import Stripe
import Synchronization
import TestSupport

/// What Stripe does: sends events, signed anew each time, and comes again until somebody says 200. What was said so is
/// remembered: it is what may never be lost.
final class StripeSide: Sendable {
  private let http: OutboundClient
  private let said = Mutex<[String: ContinuousClock.Instant]>([:])
  private let refusals = Mutex<[Int: Int]>([:])

  init(over http: OutboundClient) { self.http = http }

  /// The events that somebody said 200 to, each with the moment.
  var acknowledged: [String: ContinuousClock.Instant] { said.withLock { $0 } }

  /// How often each other status was answered; 0 stands for no answer.
  var refused: [Int: Int] { refusals.withLock { $0 } }

  static func event(_ order: OpenedOrder) -> String { "evt_\(order.id)" }

  /// `checkout.session.completed` of an order that is paid.
  static func body(_ order: OpenedOrder, created: Int64 = 1_767_225_600) -> [UInt8] {
    Array(
      """
      {"id":"\(event(order))","object":"event","type":"checkout.session.completed","created":\(created),
       "livemode":false,"data":{"object":{"id":"cs_\(order.id)","object":"checkout.session","mode":"payment",
       "payment_status":"paid","amount_total":\(order.amount.amount),"currency":"eur",
       "payment_intent":"pi_\(order.id)","metadata":{"order_id":"\(order.id)"}}}}
      """.utf8)
  }

  /// Sends a body once; the status, 0 where none came.
  func send(
    _ body: [UInt8], to url: String, secret: String = Rig.secret, age: Int64 = 0, timeout: Duration = .seconds(10)
  ) async -> Int {
    let at = Int64(Date().timeIntervalSince1970) - age
    let header = SignatureSigner(secret: secret).header(body: body, timestamp: at)
    return await post(body, to: url, signature: header, timeout: timeout)
  }

  func post(_ body: [UInt8], to url: String, signature: String, timeout: Duration = .seconds(10)) async -> Int {
    let request = HTTPRequest(
      method: "POST", url: url, headers: [("Stripe-Signature", signature), ("Content-Type", "application/json")],
      body: body, timeout: timeout)
    return (try? await http.send(request).status) ?? 0
  }

  /// Tells of one order, once; the status.
  func once(_ order: OpenedOrder, at url: String) async -> Int {
    let status = await send(Self.body(order), to: url)
    if status == 200 { said.withLock { if $0[Self.event(order)] == nil { $0[Self.event(order)] = .now } } }
    return status
  }

  /// Tells of one order until it is heard, by one of `urls` after the other.
  func tell(
    _ order: OpenedOrder, at urls: [String], within limit: Duration = .seconds(120),
    pauses: ClosedRange<Int> = 100...300
  ) async throws {
    let end = ContinuousClock.now + limit
    var turn = Int.random(in: 0..<max(1, urls.count))
    while true {
      let status = await once(order, at: urls[turn % urls.count])
      if status == 200 { return }
      refusals.withLock { $0[status, default: 0] += 1 }
      turn += 1
      guard ContinuousClock.now < end else {
        throw TestSupportError("\(Self.event(order)) was not taken within \(limit): last \(status)")
      }
      try await Task.sleep(for: .milliseconds(Int.random(in: pauses)))
    }
  }

  /// Tells of orders, several at once.
  ///
  /// - Parameter perSecond: how many are first told of in a second; nil: as fast as they are taken.
  func tell(
    _ orders: [OpenedOrder], at urls: [String], lanes: Int = 8, perSecond: Double? = nil,
    within limit: Duration = .seconds(120)
  ) async throws {
    let start = ContinuousClock.now
    try await withThrowingTaskGroup(of: Void.self) { group in
      for lane in 0..<lanes {
        group.addTask {
          for index in stride(from: lane, to: orders.count, by: lanes) {
            if let perSecond { try await Task.sleep(until: start + .seconds(1) * (Double(index) / perSecond)) }
            try await self.tell(orders[index], at: urls, within: limit)
          }
        }
      }
      try await group.waitForAll()
    }
  }
}
