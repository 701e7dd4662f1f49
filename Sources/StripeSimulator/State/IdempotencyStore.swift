/// Answers by Idempotency-Key (https://docs.stripe.com/api/idempotent_requests), kept for 24 hours.
struct IdempotencyStore: Sendable {
  struct Answer: Sendable {
    var status: Int
    var body: [UInt8]
    var requestID: String
  }

  private struct Entry: Sendable {
    var fingerprint: String
    var at: Int64
    var answer: Answer
  }

  private static let lifetimeSeconds: Int64 = 86_400
  private var entries: BoundedStore<Entry>

  init(limit: Int) {
    entries = BoundedStore(limit: limit)
  }

  /// The answer given before to the same call, or nil for a new key. Another call under the same key is an error.
  func answer(to key: String, fingerprint: String, now: Int64) throws(APIError) -> Answer? {
    guard let entry = entries[key], now - entry.at < Self.lifetimeSeconds else { return nil }
    guard entry.fingerprint == fingerprint else {
      throw APIError(
        type: "idempotency_error",
        message: "Keys for idempotent requests can only be used with the same parameters they were first used with. "
          + "Try using a key other than '\(key)' if you meant to execute a different request.")
    }
    return entry.answer
  }

  mutating func keep(_ answer: Answer, for key: String, fingerprint: String, now: Int64) {
    entries[key] = Entry(fingerprint: fingerprint, at: now, answer: answer)
  }
}
