/// How a support case stands.
package enum CaseState: String, CaseIterable, Sendable, Codable {
  /// In its queue; nobody works on it.
  case open
  case taken
  /// For an answer of the customer or the vendor who was spoken to last.
  case waiting
  case closed
}

/// Whose work a case is.
package enum CaseQueue: String, CaseIterable, Sendable, Codable {
  case support, ops, admin
}

/// How soon a case has to be seen to; its due time follows from it when the case is opened.
package enum CasePriority: String, CaseIterable, Sendable, Codable {
  case urgent, high, normal, low
}

/// Who reads a message of a case, besides staff, who read all of them.
package enum CaseAudience: String, CaseIterable, Sendable, Codable {
  case `internal`, customer, vendor
}

/// The kinds of case that the market itself opens. People open these and any others.
package enum CaseKind: String, CaseIterable, Sendable {
  /// Paid, and there was no stock for it until its time ran out.
  case unfulfillable
  case refundFailed = "refund_failed"
  case dispute
  case paymentHeld = "payment_held"
  case deliveryFailed = "delivery_failed"
}
