/// One refund request as deciding about its order needs it.
package struct RefundRequestRecord: Hashable, Sendable {
  package let id: RefundRequestID
  package private(set) var state: RefundRequestState
  /// `re_…`
  package private(set) var stripeRefund: String?
  /// The units that it pays back.
  package let units: Set<OrderUnitID>

  package init(
    id: RefundRequestID, state: RefundRequestState, stripeRefund: String? = nil, units: Set<OrderUnitID> = []
  ) {
    self.id = id
    self.state = state
    self.stripeRefund = stripeRefund
    self.units = units
  }

  /// The request as the facts make it: once Stripe has a refund for it, what is written here counts no more.
  package func settled(by facts: PaymentFacts) -> RefundRequestRecord {
    guard let (refund, fact) = facts.refund(of: id) else { return self }
    var settled = self
    settled.state = RefundRequestState(refund: fact.status)
    settled.stripeRefund = refund
    return settled
  }

  /// What it makes of its units.
  package var unitState: OrderUnitState {
    switch state {
    case .approved, .sending: .refunding
    case .sent, .succeeded: .refunded
    case .awaitingApproval, .failed, .rejected, .cancelled: .sold
    }
  }

  /// What all of an order's requests make of one of its units.
  package static func state(of unit: OrderUnitID, _ requests: [RefundRequestRecord]) -> OrderUnitState {
    let states = requests.lazy.filter { $0.units.contains(unit) }.map(\.unitState)
    if states.contains(.refunded) { return .refunded }
    return states.contains(.refunding) ? .refunding : .sold
  }
}

extension PaymentFacts {
  /// The refund that carries a request out. One has one; should there be several, then one whose money goes, and of
  /// those the least id: so that it never depends on the order in which they were heard of.
  package func refund(of request: RefundRequestID) -> (id: String, fact: RefundFact)? {
    let name = request.description
    let named = refunds.filter { $0.value.request == name }
    let least = named.min { left, right in
      let (leftCounts, rightCounts) = (left.value.status.counts, right.value.status.counts)
      return leftCounts == rightCounts ? left.key < right.key : leftCounts
    }
    return least.map { ($0.key, $0.value) }
  }

  /// Whether any refund says that it is a request's.
  package var namesRefundRequests: Bool { refunds.values.contains { $0.request != nil } }
}
