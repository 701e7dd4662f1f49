/// What is on record of a disputed order, as far as a bank should hear it.
package struct EvidenceSource: Sendable {
  package struct Item: Sendable {
    package var title: String
    package var platform: String
    package var quantity: Int64
    package var unitPrice: Money

    package init(title: String, platform: String, quantity: Int64, unitPrice: Money) {
      self.title = title
      self.platform = platform
      self.quantity = quantity
      self.unitPrice = unitPrice
    }
  }

  /// One mail with a key, and what the recipient's server said of it.
  package struct Delivery: Sendable {
    package var messageID: String
    package var confirmedAt: Instant?
    package var reply: String?

    package init(messageID: String, confirmedAt: Instant?, reply: String?) {
      self.messageID = messageID
      self.confirmedAt = confirmedAt
      self.reply = reply
    }
  }

  /// The customer looked at a key.
  package struct Reveal: Sendable {
    package var at: Instant
    package var address: String?
    package var agent: String?

    package init(at: Instant, address: String?, agent: String?) {
      self.at = at
      self.address = address
      self.agent = agent
    }
  }

  package struct Refund: Sendable {
    package var id: String
    package var amount: Money
    package var status: String
    package var at: Instant

    package init(id: String, amount: Money, status: String, at: Instant) {
      self.id = id
      self.amount = amount
      self.status = status
      self.at = at
    }
  }

  package var order: String
  package var customerName: String?
  package var customerEmail: String
  package var total: Money
  package var placedAt: Instant
  package var paidAt: Instant?
  /// `visa •••• 4242`, of the attempt that carried the money.
  package var card: String?
  package var charge: String?
  package var items: [Item]
  package var unitsTotal: Int64
  package var deliveries: [Delivery]
  /// The customer's alone: what staff looked at proves nothing.
  package var reveals: [Reveal]
  package var refunds: [Refund]
  package var failedAttempts: Int
  /// `fraudulent`, `product_not_received`, …
  package var reason: String?

  package init(
    order: String, customerName: String?, customerEmail: String, total: Money, placedAt: Instant, paidAt: Instant?,
    card: String?, charge: String?, items: [Item], unitsTotal: Int64, deliveries: [Delivery], reveals: [Reveal],
    refunds: [Refund], failedAttempts: Int, reason: String?
  ) {
    self.order = order
    self.customerName = customerName
    self.customerEmail = customerEmail
    self.total = total
    self.placedAt = placedAt
    self.paidAt = paidAt
    self.card = card
    self.charge = charge
    self.items = items
    self.unitsTotal = unitsTotal
    self.deliveries = deliveries
    self.reveals = reveals
    self.refunds = refunds
    self.failedAttempts = failedAttempts
    self.reason = reason
  }
}
