/// What the simulator does wrong on purpose. Rates go from 0 (never) to 1 (always).
package struct Knobs: Sendable, Equatable {
  /// Deliveries sent a second time.
  package var webhookDuplicateRate = 0.0
  /// Deliveries held back by up to `webhookReorderWindowMilliseconds`, so that later ones overtake them.
  package var webhookReorderRate = 0.0
  package var webhookReorderWindowMilliseconds = 2000.0
  /// How long every delivery waits before its first attempt, and up to how much longer.
  package var webhookDelayMilliseconds = 0.0
  package var webhookJitterMilliseconds = 0.0
  /// Events never delivered, though listed.
  package var webhookDropRate = 0.0
  /// Deliveries signed with a wrong secret.
  package var webhookBadSignatureRate = 0.0
  /// Seconds added to the signatures' clock.
  package var webhookSkewSeconds = 0.0
  /// Events delivered, though never listed.
  package var eventUnlistedRate = 0.0
  /// API calls answered with 429, 500 or 409 without doing anything.
  package var api429Rate = 0.0
  package var api500Rate = 0.0
  package var api409Rate = 0.0
  /// API calls left without an answer for `apiHoldMilliseconds`, without doing anything.
  package var apiTimeoutRate = 0.0
  /// API calls carried out and then left without an answer for `apiHoldMilliseconds`.
  package var apiCommitThenTimeoutRate = 0.0
  package var apiHoldMilliseconds = 30_000.0
  /// How long every API call takes.
  package var apiDelayMilliseconds = 0.0
  /// The least time a Checkout Session must be open; Stripe's is 30 minutes.
  package var minimumSessionSeconds = 1800.0
  /// Refunds that start `pending` and succeed only when told, or that fail after `pending`.
  package var refundPendingRate = 0.0

  /// How long a bank looks at submitted evidence; 0: until it is told to decide. And how often it decides for us.
  package var disputeReviewSeconds = 0.0
  package var disputeWinRate = 0.5

  package init() {}

  /// Every knob's name, as `/_sim/knobs` and `--knob` spell it, with its place.
  private static let places: [(String, any WritableKeyPath<Knobs, Double> & Sendable)] = [
    ("webhook_duplicate_rate", \.webhookDuplicateRate), ("webhook_reorder_rate", \.webhookReorderRate),
    ("webhook_reorder_window_ms", \.webhookReorderWindowMilliseconds), ("webhook_delay_ms", \.webhookDelayMilliseconds),
    ("webhook_jitter_ms", \.webhookJitterMilliseconds), ("webhook_drop_rate", \.webhookDropRate),
    ("webhook_bad_signature_rate", \.webhookBadSignatureRate), ("webhook_skew_s", \.webhookSkewSeconds),
    ("event_unlisted_rate", \.eventUnlistedRate), ("api_429_rate", \.api429Rate), ("api_500_rate", \.api500Rate),
    ("api_409_rate", \.api409Rate), ("api_timeout_rate", \.apiTimeoutRate),
    ("api_commit_then_timeout_rate", \.apiCommitThenTimeoutRate), ("api_hold_ms", \.apiHoldMilliseconds),
    ("api_delay_ms", \.apiDelayMilliseconds), ("minimum_session_s", \.minimumSessionSeconds),
    ("refund_pending_rate", \.refundPendingRate), ("dispute_review_s", \.disputeReviewSeconds),
    ("dispute_win_rate", \.disputeWinRate),
  ]

  package static var names: [String] { places.map(\.0) }

  /// Turns the knob called `name`; false where there is none, or the value is out of its range.
  package mutating func set(_ name: String, to value: Double) -> Bool {
    guard let place = Self.places.first(where: { $0.0 == name })?.1, value.isFinite else { return false }
    if name.hasSuffix("_rate"), !(0...1).contains(value) { return false }
    if name != "webhook_skew_s", value < 0 { return false }
    self[keyPath: place] = value
    return true
  }

  var json: JSON {
    .object(Self.places.map { JSON.Member(name: $0.0, value: JSON(self[keyPath: $0.1])) })
  }
}

/// A fault that strikes the next calls that match it, then is gone: for tests that need a certain one.
struct ScriptedFault: Sendable {
  enum Kind: String, Sendable, CaseIterable {
    case rateLimited = "429"
    case serverError = "500"
    case conflict = "409"
    case timeout
    case commitThenTimeout = "commit_then_timeout"
  }

  var method: String?
  var path: String
  var kind: Kind
  var times: Int

  func matches(method: String, path: String) -> Bool {
    times > 0 && (self.method == nil || self.method == method) && path.hasPrefix(self.path)
  }
}
