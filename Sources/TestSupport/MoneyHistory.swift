package import Market

/// What happens to one order's money, made of a seed: lines of several vendors, a payment, refunds of amounts and of
/// units, failures, disputes; and the same story told in Stripe's facts.
package struct MoneyHistory: Sendable {
  package struct Line: Sendable {
    package let id: OrderLineID
    package let vendor: VendorID
    package let unitPrice: Int64
    package let quantity: Int
    package let terms: CommissionTerms
    package let commission: Int64

    package var amount: Int64 { unitPrice * Int64(quantity) }
  }

  package struct Refund: Sendable {
    package let id: String
    package let amount: Int64
    /// By line, where it was asked for by units.
    package let parts: [OrderLineID: Int64]?
    /// The id of our own request for it, where it has parts.
    package let request: Int64?
    package let isKept: Bool
  }

  package enum Payment: Sendable { case exact, wrongAmount, wrongCurrency, twice }

  package let seed: UInt64
  package let currency: Currency
  package let payment: Payment
  package private(set) var lines: [Line] = []
  package private(set) var refunds: [Refund] = []
  /// What a bank took and kept.
  package private(set) var taken: Int64 = 0
  /// One for each event.
  package private(set) var facts: [StripeFact] = []

  package static let currencies: [Currency] = [.eur, .usd, .jpy, .kwd]

  package var total: Money { Money(lines.reduce(0) { $0 + $1.amount }, currency) }

  package var order: LedgerOrder {
    LedgerOrder(
      total: total,
      lines: lines.map { LedgerOrder.Line(id: $0.id, vendor: $0.vendor, amount: $0.amount, commission: $0.commission) },
      allocations: refunds.reduce(into: [:]) { $0[$1.id] = $1.parts })
  }

  /// - Parameters:
  ///   - firstLine: the lines are numbered from here on.
  ///   - vendors: who sells.
  ///   - prefix: a part of the ids of Stripe's objects.
  package init(seed: UInt64, firstLine: Int64 = 1, vendors: [VendorID], prefix: String = "") throws {
    var dice = Dice(seed: seed)
    self.seed = seed
    currency = dice.pick(Self.currencies)
    payment = dice.pick([.exact, .exact, .exact, .exact, .exact, .exact, .wrongAmount, .wrongCurrency, .twice])
    for place in 0..<dice.number(1...4) {
      let price = dice.amount(currency)
      let quantity = dice.number(1...3)
      let terms = dice.terms(currency)
      let split = try terms.split(unitPrice: Money(price, currency), quantity: quantity)
      lines.append(
        Line(
          id: OrderLineID(firstLine + Int64(place)), vendor: dice.pick(vendors), unitPrice: price, quantity: quantity,
          terms: terms, commission: split.commission.amount))
    }
    pay(&dice, prefix)
    if payment == .exact { giveBack(&dice, prefix) }
  }
}

extension MoneyHistory {
  private mutating func pay(_ dice: inout Dice, _ prefix: String) {
    let received =
      switch payment {
      case .exact, .twice: total
      case .wrongAmount: Money(total.amount + 10 * Int64(dice.number(1...50)), currency)
      case .wrongCurrency: Money(total.amount, .gbp)
      }
    facts = Self.paid(received, prefix, "1", byIntent: dice.chance(0.5))
    if payment == .twice { facts += Self.paid(received, prefix, "2", byIntent: true) }
    // Money that was not wanted goes back; of two payments either does.
    guard payment != .exact, dice.chance(0.6) else { return }
    let which = payment == .twice && dice.chance(0.5) ? "2" : "1"
    facts.append(
      .refund(
        id: "re_\(prefix)w", amount: received.amount, status: "succeeded", charge: "ch_\(prefix)\(which)",
        paymentIntent: "pi_\(prefix)\(which)"))
    refunds.append(Refund(id: "re_\(prefix)w", amount: received.amount, parts: nil, request: nil, isKept: true))
  }

  private static func paid(_ money: Money, _ prefix: String, _ number: String, byIntent: Bool) -> [StripeFact] {
    let intent = "pi_\(prefix)\(number)"
    let charge = "ch_\(prefix)\(number)"
    let succeeded = StripeFact.paymentIntentSucceeded(id: intent, received: money, latestCharge: charge)
    let charged = StripeFact.charge(id: charge, succeeded: true, amount: money, paymentIntent: intent)
    let completed = StripeFact.sessionCompleted(
      paymentStatus: "paid", total: money, paymentIntent: intent, customerEmail: nil)
    return byIntent ? [charged, succeeded] : [completed, charged, succeeded]
  }

  private mutating func giveBack(_ dice: inout Dice, _ prefix: String) {
    var left = total.amount
    let isWhole = dice.chance(0.35)
    let count = dice.number(0...4)
    for number in 0..<count where left > 0 {
      let isLast = isWhole && number == count - 1
      var parts = isLast || dice.chance(0.5) ? nil : units(&dice)
      var amount = parts?.values.reduce(0, +) ?? (isLast ? left : dice.part(of: left, currency))
      if amount > left { (parts, amount) = (nil, left) }
      guard amount > 0 else { continue }
      let isKept = isLast || dice.chance(0.8)
      if isKept { left -= amount }
      tellRefund("re_\(prefix)\(number)", amount, parts, isKept: isKept, &dice, prefix)
    }
    let gone = total.amount - left
    if gone > 0, dice.chance(0.4) {
      facts.append(.chargeRefunded(charge: "ch_\(prefix)1", amountRefunded: gone, paymentIntent: "pi_\(prefix)1"))
    }
    if left > 0, dice.chance(0.3) { contest(left, &dice, prefix) }
  }

  /// Some units of one or several lines.
  private func units(_ dice: inout Dice) -> [OrderLineID: Int64] {
    lines.reduce(into: [:]) { parts, line in
      let count = dice.number(0...line.quantity)
      if count > 0 { parts[line.id] = line.unitPrice * Int64(count) }
    }
  }

  private mutating func tellRefund(
    _ id: String, _ amount: Int64, _ parts: [OrderLineID: Int64]?, isKept: Bool, _ dice: inout Dice, _ prefix: String
  ) {
    let request = parts.map { _ in (lines.first?.id.rawValue ?? 0) * 100 + Int64(refunds.count) }
    refunds.append(Refund(id: id, amount: amount, parts: parts, request: request, isKept: isKept))
    let statuses = isKept ? dice.pick([["succeeded"], ["pending", "succeeded"]]) : ["pending", "failed"]
    facts += statuses.map {
      .refund(
        id: id, amount: amount, status: $0, charge: "ch_\(prefix)1", paymentIntent: "pi_\(prefix)1",
        request: request.map { String($0) })
    }
  }

  private mutating func contest(_ amount: Int64, _ dice: inout Dice, _ prefix: String) {
    func tell(_ type: String, _ status: String) -> StripeFact {
      .dispute(
        id: "dp_\(prefix)1", type: "charge.dispute.\(type)", event: "evt_\(prefix)\(type)", status: status,
        amount: amount, charge: "ch_\(prefix)1", paymentIntent: "pi_\(prefix)1", reason: "fraudulent", dueBy: nil)
    }
    facts.append(tell("created", "needs_response"))
    switch dice.number(0...3) {
    // Open, and the money is still here.
    case 0: break
    case 1:
      facts.append(tell("funds_withdrawn", "needs_response"))
      taken = amount
    case 2:
      facts += [tell("funds_withdrawn", "needs_response"), tell("closed", "lost")]
      taken = amount
    default:
      facts += [
        tell("funds_withdrawn", "needs_response"), tell("closed", "won"), tell("funds_reinstated", "won"),
      ]
    }
  }
}

/// A generator that a seed determines (SplitMix64), with what histories draw.
package struct Dice: RandomNumberGenerator, Sendable {
  private var state: UInt64

  package init(seed: UInt64) { state = seed &* 0xD129_0D3B_19E5_7A4B &+ 1 }

  package mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }

  package mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &self) }
  package mutating func chance(_ likelihood: Double) -> Bool { Double.random(in: 0..<1, using: &self) < likelihood }

  package mutating func pick<Element>(_ choices: [Element]) -> Element {
    choices[Int.random(in: choices.indices, using: &self)]
  }

  /// A price: some of a few minor units, where rounding shows, most as shops have them.
  mutating func amount(_ currency: Currency) -> Int64 {
    let step = currency.amountStep
    return step * Int64(chance(0.25) ? number(1...12) : number(13...90_000))
  }

  mutating func part(of amount: Int64, _ currency: Currency) -> Int64 {
    let steps = amount / currency.amountStep
    return steps < 1 ? amount : currency.amountStep * Int64.random(in: 1...steps, using: &self)
  }

  mutating func terms(_ currency: Currency) -> CommissionTerms {
    var terms = CommissionTerms(basisPoints: chance(0.1) ? 10_000 : number(0...3_000))
    if chance(0.3) { terms.fixed = Int64(number(0...60)) }
    if chance(0.2) { terms.minimum = Int64(number(0...100)) }
    if chance(0.2) { terms.maximum = (terms.minimum ?? 0) + Int64(number(0...400)) }
    return terms
  }
}
