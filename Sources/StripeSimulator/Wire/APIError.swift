/// An error in Stripe's shape (https://docs.stripe.com/api/errors).
struct APIError: Error, Sendable, Equatable {
  var status = 400
  var type = "invalid_request_error"
  var code: String?
  var declineCode: String?
  var param: String?
  var message: String
  /// What `Stripe-Should-Retry` says; nil leaves it out.
  var shouldRetry: Bool?

  func json(requestID: String) -> JSON {
    var members: [JSON.Member] = []
    func add(_ name: String, _ value: String?) {
      if let value { members.append(.init(name: name, value: .string(value))) }
    }
    add("code", code)
    add("decline_code", declineCode)
    if let code { add("doc_url", "https://stripe.com/docs/error-codes/\(code.replacing("_", with: "-"))") }
    add("message", message)
    add("param", param)
    add("request_log_url", "https://dashboard.stripe.com/test/logs/\(requestID)")
    add("type", type)
    return ["error": .object(members)]
  }

  static func invalid(_ message: String, param: String? = nil, code: String? = nil) -> APIError {
    APIError(code: code, param: param, message: message)
  }

  static func missing(_ param: String) -> APIError {
    APIError(code: "parameter_missing", param: param, message: "Missing required param: \(param).")
  }

  /// `kind` as Stripe names it in words: `checkout.session`, `payment_intent`, …
  static func noSuch(_ kind: String, _ id: String, param: String? = nil) -> APIError {
    APIError(
      status: param == nil ? 404 : 400, code: "resource_missing", param: param ?? "id",
      message: "No such \(kind): '\(id)'")
  }

  static let rateLimited = APIError(
    status: 429, code: "rate_limit",
    message:
      "Request rate limit exceeded. You can learn more about rate limits here https://stripe.com/docs/rate-limits.")
  static let serverError = APIError(
    status: 500, type: "api_error", message: "An unknown error occurred (simulated).")
  static let lockTimeout = APIError(
    status: 409, code: "lock_timeout",
    message: "This object cannot be accessed right now because another API request is currently accessing it.")
}
