/// One call of the API, as the operations see it.
struct APICall: Sendable {
  var method: String
  /// With `/v1`, without the query.
  var path: String
  var form: Form
  var requestID: String
  var idempotencyKey: String?
  /// Unix seconds.
  var now: Int64

  var cause: SimulatorState.Cause {
    .init(requestID: requestID, idempotencyKey: idempotencyKey)
  }

  /// Refuses parameters that the operation does not know, as Stripe does.
  func allow(_ names: Set<String>) throws(APIError) {
    let unknown = form.names.filter { !names.contains($0) }
    guard unknown.isEmpty else {
      let list = unknown.joined(separator: ", ")
      throw .invalid(
        "Received unknown parameter\(unknown.count > 1 ? "s" : ""): \(list)", param: unknown.first,
        code: "parameter_unknown")
    }
  }
}
