import Stripe

/// How a simulator is set up.
package struct SimulatorConfiguration: Sendable {
  /// Loopback only: this is a stand-in without any protection of its own.
  package var host: String
  /// 0 takes any free port.
  package var port: Int
  /// The secret key that callers must show.
  package var apiKey: String
  /// Where events go; nil keeps them for the list alone.
  package var webhookURL: String?
  /// What events are signed with.
  package var webhookSecret: String
  /// The types that the endpoint is subscribed to; `*` means all.
  package var webhookTypes: [String]
  /// Deliveries in flight at most.
  package var webhookConcurrency: Int
  /// How long an endpoint may take to answer.
  package var webhookTimeout: Duration
  /// How many times faster than Stripe's the retries come: 60 makes 5 minutes 5 seconds.
  package var timeScale: Double
  package var knobs: Knobs
  package var limits: Limits

  /// How much is remembered; the oldest is forgotten first.
  package struct Limits: Sendable {
    package var objects = 200_000
    package var events = 100_000
    package var idempotencyKeys = 100_000
    package var queuedDeliveries = 200_000
    package var deliveryRecords = 20_000
    package var bodyBytes = 1 << 20

    package init() {}
  }

  package static let defaultAPIKey = "sk_test_stripesim"
  package static let defaultWebhookSecret = "whsec_stripesim"

  package init(
    host: String = "127.0.0.1", port: Int = 0, apiKey: String = Self.defaultAPIKey, webhookURL: String? = nil,
    webhookSecret: String = Self.defaultWebhookSecret, webhookTypes: [String] = StripeEvent.handledTypes,
    webhookConcurrency: Int = 32, webhookTimeout: Duration = .seconds(10), timeScale: Double = 60,
    knobs: Knobs = Knobs(), limits: Limits = Limits()
  ) {
    self.host = host
    self.port = port
    self.apiKey = apiKey
    self.webhookURL = webhookURL
    self.webhookSecret = webhookSecret
    self.webhookTypes = webhookTypes
    self.webhookConcurrency = webhookConcurrency
    self.webhookTimeout = webhookTimeout
    self.timeScale = timeScale
    self.knobs = knobs
    self.limits = limits
  }

  /// Whether `host` can only be reached from this machine.
  package static func isLoopback(_ host: String) -> Bool {
    host == "localhost" || host == "::1" || (host.hasPrefix("127.") && host.split(separator: ".").count == 4)
  }
}
