import HTTPTypes
import Hummingbird

/// Every call of the API that the simulator knows.
extension Simulator {
  struct Route: Sendable {
    var method: HTTPRequest.Method
    var path: String
    var operation: Operation

    init(_ method: HTTPRequest.Method, _ path: String, _ operation: @escaping Operation) {
      self.method = method
      self.path = "/v1/\(path)"
      self.operation = operation
    }
  }

  static let operations: [Route] = sessionOperations + paymentOperations + refundOperations + otherOperations

  private static let sessionOperations: [Route] = [
    Route(.post, "checkout/sessions") { (state, call, _) throws(APIError) in try state.createSession(call) },
    Route(.get, "checkout/sessions") { (state, call, _) throws(APIError) in try state.listSessions(call) },
    Route(.get, "checkout/sessions/:id") { (state, call, id) throws(APIError) in
      try call.allow(["expand"])
      return try state.session(id).json
    },
    Route(.get, "checkout/sessions/:id/line_items") { (state, _, id) throws(APIError) in
      try state.session(id).lineItems
    },
    Route(.post, "checkout/sessions/:id/expire") { (state, call, id) throws(APIError) in
      try call.allow(["expand"])
      return try state.expireSession(id, cause: call.cause, now: call.now)
    },
  ]

  private static let paymentOperations: [Route] = [
    Route(.get, "payment_intents") { (state, call, _) throws(APIError) in try state.listIntents(call) },
    Route(.get, "payment_intents/:id") { (state, _, id) throws(APIError) in
      guard let intent = state.intents[id] else { throw .noSuch("payment_intent", id, param: "intent") }
      return intent.json
    },
    Route(.get, "charges") { (state, call, _) throws(APIError) in try state.listCharges(call) },
    Route(.get, "charges/:id") { (state, _, id) throws(APIError) in
      guard let charge = state.charges[id] else { throw .noSuch("charge", id) }
      return charge.json
    },
    Route(.get, "balance_transactions") { (state, call, _) throws(APIError) in try state.listBalance(call) },
    Route(.get, "balance_transactions/:id") { (state, _, id) throws(APIError) in
      guard let movement = state.balance[id] else { throw .noSuch("balance_transaction", id) }
      return movement.json
    },
  ]

  private static let refundOperations: [Route] = [
    Route(.post, "refunds") { (state, call, _) throws(APIError) in try state.createRefund(call) },
    Route(.get, "refunds") { (state, call, _) throws(APIError) in try state.listRefunds(call) },
    Route(.get, "refunds/:id") { (state, _, id) throws(APIError) in try state.refund(id).json },
    Route(.post, "refunds/:id") { (state, call, id) throws(APIError) in try state.updateRefund(id, call) },
    Route(.post, "refunds/:id/cancel") { (state, call, id) throws(APIError) in
      guard try state.refund(id).status == "pending" else {
        throw .invalid("Only pending refunds can be canceled.", param: "id")
      }
      return try state.moveRefund(id, to: "canceled", failureReason: nil, cause: call.cause, now: call.now)
    },
    Route(.get, "disputes") { (state, call, _) throws(APIError) in try state.listDisputes(call) },
    Route(.get, "disputes/:id") { (state, _, id) throws(APIError) in try state.dispute(id).json },
    Route(.post, "disputes/:id") { (state, call, id) throws(APIError) in try state.updateDispute(id, call) },
    Route(.post, "disputes/:id/close") { (state, call, id) throws(APIError) in
      guard try !state.dispute(id).isClosed else {
        throw .invalid("This dispute is already closed", code: "dispute_already_closed")
      }
      return try state.moveDispute(id, to: "lost", cause: call.cause, now: call.now)
    },
  ]

  private static let otherOperations: [Route] = [
    Route(.get, "customers") { (state, call, _) throws(APIError) in try state.listCustomers(call) },
    Route(.get, "customers/:id") { (state, _, id) throws(APIError) in
      guard let customer = state.customers[id] else { throw .noSuch("customer", id) }
      return customer.json
    },
    Route(.get, "events") { (state, call, _) throws(APIError) in try state.listEvents(call) },
    Route(.get, "events/:id") { (state, _, id) throws(APIError) in
      guard let event = state.events[id], event.isListed else { throw .noSuch("event", id) }
      return .raw(event.body)
    },
    Route(.post, "billing_portal/sessions") { (state, call, _) throws(APIError) in
      try state.createPortalSession(call)
    },
  ]
}

extension SimulatorState {
  mutating func createPortalSession(_ call: APICall) throws(APIError) -> JSON {
    try call.allow(["customer", "return_url", "configuration", "locale", "flow_data", "expand"])
    guard let customer = call.form.text("customer") else { throw .missing("customer") }
    guard customers.contains(customer) else { throw .noSuch("customer", customer, param: "customer") }
    let id = Self.newID("bps_1", length: 23)
    return SimPortalSession(
      id: id, created: call.now, customer: customer, returnURL: call.form.text("return_url"),
      url: "\(publicURL)/p/session/\(customer)"
    ).json
  }
}
