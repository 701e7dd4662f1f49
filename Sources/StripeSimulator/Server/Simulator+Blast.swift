/// `/_sim/blast`: the load generator for intake alone.
extension Simulator {
  private static let batch = 50
  /// How many deliveries may be ready before more are made.
  private static let readyLimit = 5_000

  /// Makes `orders` sessions, pays them, sends the events as fast as they are taken, and tells how that went.
  ///
  /// Each order is known to nobody: `client_reference_id` and `metadata[order_id]` are `blast-…`.
  func blast(_ form: Form) async throws -> JSON {
    let orders = min(max(form.text("orders").flatMap { Int($0) } ?? 1000, 1), 1_000_000)
    let tag = SimulatorState.newID("blast-", length: 8)
    let before = sender.totals
    let start = ContinuousClock.now
    var made = 0
    while made < orders {
      while sender.readyCount > Self.readyLimit { try await Task.sleep(for: .milliseconds(2)) }
      let range = made..<min(made + Self.batch, orders)
      try transact { (state) throws(APIError) in
        for number in range { try state.playOrder("\(tag)-\(number)", now: Self.now()) }
      }
      made = range.upperBound
    }
    while !sender.isQuiet { try await Task.sleep(for: .milliseconds(2)) }
    let took = ContinuousClock.now - start
    let after = sender.totals
    let acknowledged = after.acknowledged - before.acknowledged
    return [
      "orders": JSON(orders), "acknowledged": JSON(acknowledged), "refused": JSON(after.refused - before.refused),
      "seconds": .double(took / .seconds(1)),
      "acknowledged_per_second": .double((Double(acknowledged) / (took / .seconds(1))).rounded()),
      "webhooks": sender.json,
    ]
  }
}

extension SimulatorState {
  fileprivate mutating func playOrder(_ reference: String, now: Int64) throws(APIError) {
    let metadata = ["order_id": reference]
    let id = Self.newID("cs_test_a1", length: 56)
    let item = SimSession.Item(
      id: Self.newID("li_1"), name: "A digital key", currency: "eur", unitAmount: 1999, quantity: 1, metadata: [:])
    sessions[id] = SimSession(
      id: id, created: now, expiresAt: now + 86_400, currency: "eur", amountTotal: 1999, items: [item],
      clientReferenceID: reference, metadata: metadata, intentMetadata: metadata,
      successURL: "https://example.com/done", createsCustomer: true, url: "\(publicURL)/c/pay/\(id)")
    _ = try pay(id, Payment(), now: now)
  }
}
