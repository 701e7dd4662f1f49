/// Why a call to Stripe did not give what was asked for.
package struct StripeError: Error, Sendable, Equatable, CustomStringConvertible {
  package enum Kind: Sendable, Equatable {
    /// Stripe answered with an error; `type`, `code` and the rest say which.
    case api
    /// No answer could be had: name, connection, TLS, or cut on the way.
    case network
    /// The call's deadline passed.
    case deadline
    /// The task was cancelled.
    case cancelled
    /// Stripe answered with something we cannot read.
    case unreadable
  }

  package var kind: Kind
  /// The HTTP status of the last answer; nil where there was none.
  package var status: Int?
  /// `api_error`, `card_error`, `idempotency_error`, `invalid_request_error`.
  package var type: String?
  /// https://docs.stripe.com/error-codes
  package var code: String?
  /// https://docs.stripe.com/declines/codes
  package var declineCode: String?
  /// The parameter at fault, as `line_items[0][quantity]`.
  package var param: String?
  package var message: String
  /// Stripe's `req_…`, to quote to their support.
  package var requestID: String?
  /// How many requests were sent.
  package var attempts: Int
  /// Whether Stripe may have done what was asked although we were not told. Never true of a call that only reads.
  ///
  /// The same call under the same Idempotency-Key settles it within 24 h; later, look the object up by its metadata.
  package var isAmbiguous: Bool

  package init(
    kind: Kind, status: Int? = nil, type: String? = nil, code: String? = nil, declineCode: String? = nil,
    param: String? = nil, message: String, requestID: String? = nil, attempts: Int = 1, isAmbiguous: Bool = false
  ) {
    self.kind = kind
    self.status = status
    self.type = type
    self.code = code
    self.declineCode = declineCode
    self.param = param
    self.message = message
    self.requestID = requestID
    self.attempts = attempts
    self.isAmbiguous = isAmbiguous
  }

  /// Whether the object asked for is not there (`resource_missing`).
  package var isMissing: Bool { status == 404 || code == "resource_missing" }

  /// Whether trying the same call again later may do better; false where Stripe refused it for what it says.
  package var isTransient: Bool {
    switch kind {
    case .network, .deadline: true
    case .cancelled, .unreadable: false
    case .api: status.map { $0 == 409 || $0 == 429 || $0 >= 500 } ?? false
    }
  }

  package var description: String {
    var text = "Stripe: \(message)"
    let details: [(String, String?)] = [
      ("status", status.map(String.init)), ("type", type), ("code", code), ("decline_code", declineCode),
      ("param", param), ("request", requestID), ("attempts", attempts > 1 ? String(attempts) : nil),
      ("ambiguous", isAmbiguous ? "yes" : nil),
    ]
    let known = details.compactMap { name, value in value.map { "\(name)=\($0)" } }
    if !known.isEmpty { text += " (\(known.joined(separator: " ")))" }
    return text
  }
}

/// The body of an error answer: `{"error":{"type":…,"code":…,…}}`.
struct StripeErrorBody: Decodable {
  var type: String?
  var code: String?
  var declineCode: String?
  var param: String?
  var message: String?

  init(from decoder: any Decoder) throws {
    guard let error = try decoder.container(keyedBy: StripeKey.self).nested("error") else { return }
    type = try? error.optional("type")
    code = try? error.optional("code")
    declineCode = try? error.optional("decline_code")
    param = try? error.optional("param")
    message = try? error.optional("message")
  }
}
