/// What is known of one try to pay: a charge, or a refusal before there was one.
package struct AttemptFact: Hashable, Sendable, Codable {
  /// A success outranks a failure, whichever was heard last.
  package enum Outcome: String, Comparable, Sendable, Codable {
    case failed
    case succeeded

    package static func < (left: Outcome, right: Outcome) -> Bool { left == .failed && right == .succeeded }
  }

  package var outcome: Outcome
  package var amount: Money?
  package var paymentIntent: String?
  /// Stripe's error code, such as `card_declined`.
  package var code: String?
  /// The bank's reason, such as `insufficient_funds`.
  package var declineCode: String?
  package var message: String?
  /// `normal`, `elevated` or `highest`.
  package var riskLevel: String?
  package var cardLast4: String?
  package var cardBrand: String?

  package init(
    outcome: Outcome, amount: Money? = nil, paymentIntent: String? = nil, code: String? = nil,
    declineCode: String? = nil, message: String? = nil, riskLevel: String? = nil, cardLast4: String? = nil,
    cardBrand: String? = nil
  ) {
    self.outcome = outcome
    self.amount = amount
    self.paymentIntent = paymentIntent
    self.code = code
    self.declineCode = declineCode
    self.message = message
    self.riskLevel = riskLevel
    self.cardLast4 = cardLast4
    self.cardBrand = cardBrand
  }

  func merged(with other: AttemptFact) -> AttemptFact {
    AttemptFact(
      outcome: max(outcome, other.outcome), amount: joined(amount, other.amount),
      paymentIntent: joined(paymentIntent, other.paymentIntent), code: joined(code, other.code),
      declineCode: joined(declineCode, other.declineCode), message: joined(message, other.message),
      riskLevel: joined(riskLevel, other.riskLevel), cardLast4: joined(cardLast4, other.cardLast4),
      cardBrand: joined(cardBrand, other.cardBrand))
  }

  /// Two reports of one charge's amount differ only if something is wrong: any fixed choice will do.
  private func joined(_ left: Money?, _ right: Money?) -> Money? {
    guard let left, let right else { return left ?? right }
    return (left.currency.code, left.amount) < (right.currency.code, right.amount) ? right : left
  }

  private func joined(_ left: String?, _ right: String?) -> String? { Market.joined(left, right) }
}
