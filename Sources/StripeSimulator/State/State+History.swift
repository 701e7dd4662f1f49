import Stripe

/// What was paid before the simulator was there, so that it can be refunded and disputes of it answered.
extension SimulatorState {
  /// A line of a history that cannot be read.
  struct BadHistory: Error, CustomStringConvertible {
    let line: Int
    let problem: String

    var description: String { "line \(line): \(problem)" }
  }

  /// Takes a history in: one JSON object on each line, a payment that succeeded.
  ///
  /// Its members are `payment_intent`, `charge`, `amount`, `currency` and `created` (Unix seconds), and, where there are
  /// any, `amount_refunded`, `email`, `name`, `card_brand`, `card_last4`, `metadata` and `disputes`: of each `id`,
  /// `amount`, `reason`, `status`, `created` and `due_by`. No event is sent and no movement booked: both were long ago.
  mutating func remember(history bytes: [UInt8]) throws(BadHistory) {
    var number = 0
    for line in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
      number += 1
      guard !line.isEmpty else { continue }
      let payment: JSON
      do { payment = try JSON.parse(Array(line)) } catch { throw BadHistory(line: number, problem: "\(error)") }
      try remember(payment, line: number)
    }
  }

  private mutating func remember(_ payment: JSON, line: Int) throws(BadHistory) {
    let intentID = try Self.text(payment, "payment_intent", line)
    let chargeID = try Self.text(payment, "charge", line)
    let metadata = payment["metadata"].map(Self.map) ?? [:]
    var card = SimCharge.Card()
    if let brand = payment["card_brand"]?.text { card.brand = brand }
    if let last4 = payment["card_last4"]?.text { card.last4 = last4 }
    var charge = SimCharge(
      id: chargeID, created: try Self.number(payment, "created", line),
      amount: try Self.number(payment, "amount", line), currency: try Self.text(payment, "currency", line),
      status: "succeeded", paymentIntent: intentID, paymentMethod: Self.newID("pm_1", length: 23), card: card,
      buyer: SimSession.Buyer(email: payment["email"]?.text, name: payment["name"]?.text), metadata: metadata)
    charge.amountRefunded = payment["amount_refunded"]?.integer ?? 0
    for told in payment["disputes"]?.elements ?? [] {
      let created = try Self.number(told, "created", line)
      let dispute = SimDispute(
        id: try Self.text(told, "id", line), created: created, amount: try Self.number(told, "amount", line),
        currency: charge.currency, charge: chargeID, paymentIntent: intentID,
        reason: told["reason"]?.text ?? "general", status: try Self.text(told, "status", line),
        dueBy: told["due_by"]?.integer ?? created + 9 * 86_400)
      disputes[dispute.id] = dispute
      charge.disputes.append(dispute.id)
    }
    charges[chargeID] = charge
    intents[intentID] = SimIntent(
      id: intentID, created: charge.created, amount: charge.amount, amountReceived: charge.amount,
      currency: charge.currency, status: "succeeded", metadata: metadata, latestCharge: chargeID,
      paymentMethod: charge.paymentMethod, charges: [chargeID])
  }

  private static func text(_ object: JSON, _ name: String, _ line: Int) throws(BadHistory) -> String {
    guard let text = object[name]?.text else { throw BadHistory(line: line, problem: "\(name): a text is wanted") }
    return text
  }

  private static func number(_ object: JSON, _ name: String, _ line: Int) throws(BadHistory) -> Int64 {
    guard let number = object[name]?.integer else {
      throw BadHistory(line: line, problem: "\(name): a whole number is wanted")
    }
    return number
  }

  private static func map(_ object: JSON) -> [String: String] {
    guard case .object(let members) = object else { return [:] }
    return Dictionary(members.compactMap { member in member.value.text.map { (member.name, $0) } }) { $1 }
  }
}

extension Simulator {
  /// Takes in payments of before; see `SimulatorState.remember`.
  package func remember(history bytes: [UInt8]) throws {
    try transact { (state) throws(SimulatorState.BadHistory) in try state.remember(history: bytes) }
  }
}
