import Outbound

/// Where Stripe is and how long to try.
package struct StripeConfiguration: Sendable {
  /// `https://api.stripe.com`, or a stand-in's address; without a trailing slash or `/v1`.
  package var apiBase: String
  /// The secret or restricted key. Never logged.
  package var apiKey: String
  /// The version whose shapes this module decodes, pinned on every call.
  package var version: String
  /// How long one request may take.
  package var attemptTimeout: Duration
  /// How long a call may take with all its attempts and the waits between them.
  package var deadline: Duration
  package var retry: RetryPolicy

  package static let liveBase = "https://api.stripe.com"
  package static let pinnedVersion = "2025-09-30.clover"

  package init(
    apiBase: String = Self.liveBase, apiKey: String, version: String = Self.pinnedVersion,
    attemptTimeout: Duration = .seconds(20), deadline: Duration = .seconds(60), retry: RetryPolicy = RetryPolicy()
  ) {
    self.apiBase = apiBase.hasSuffix("/") ? String(apiBase.dropLast()) : apiBase
    self.apiKey = apiKey
    self.version = version
    self.attemptTimeout = attemptTimeout
    self.deadline = deadline
    self.retry = retry
  }

  /// Whether the key moves real money.
  package var isLive: Bool { apiKey.hasPrefix("sk_live_") || apiKey.hasPrefix("rk_live_") }
}

/// Stripe's API, as much of it as the market calls (https://docs.stripe.com/api).
///
/// Each call retries what is worth retrying until its deadline, every attempt of a POST under one Idempotency-Key, and
/// throws a ``StripeError`` that tells whether Stripe may have acted.
package struct StripeClient: Sendable {
  package let configuration: StripeConfiguration
  private let transport: any StripeTransport
  private let random: @Sendable () -> Double

  /// - Parameter random: a number from 0 up to 1 for jitter.
  package init(
    _ configuration: StripeConfiguration, over transport: any StripeTransport,
    random: @escaping @Sendable () -> Double = { Double.random(in: 0..<1) }
  ) {
    self.configuration = configuration
    self.transport = transport
    self.random = random
  }

  /// One call: its method, path from `/v1`, and what goes with it.
  struct Call {
    var method: String
    var path: String
    var parameters = FormParameters()
    /// At most 255 characters. A POST without one gets a random key, so that its retries are safe all the same.
    var idempotencyKey: String?

    static func get(_ path: String, _ parameters: FormParameters = FormParameters()) -> Call {
      Call(method: "GET", path: path, parameters: parameters)
    }

    static func post(_ path: String, _ parameters: FormParameters, idempotencyKey: String?) -> Call {
      Call(method: "POST", path: path, parameters: parameters, idempotencyKey: idempotencyKey)
    }
  }

  /// Performs `call` and decodes its answer.
  func perform<T: Decodable>(_ call: Call, as type: T.Type = T.self) async throws(StripeError) -> T {
    let response = try await answer(to: call)
    return try decode(type, from: response, of: call)
  }

  /// Decodes the answer to a call that succeeded.
  func decode<T: Decodable>(_ type: T.Type, from response: HTTPResponse, of call: Call) throws(StripeError) -> T {
    do {
      return try StripeJSON.decode(type, from: response.body)
    } catch {
      throw StripeError(
        kind: .unreadable, status: response.status, message: "the answer to \(call.method) \(call.path): \(error)",
        requestID: response.header("request-id"), isAmbiguous: call.method != "GET")
    }
  }

  /// Performs `call`, with retries, and gives Stripe's answer once it is a success.
  func answer(to call: Call) async throws(StripeError) -> HTTPResponse {
    let clock = ContinuousClock()
    let end = clock.now + configuration.deadline
    let request = makeRequest(call)
    var mayHaveActed = false
    var attempt = 0
    while true {
      attempt += 1
      let result = await send(request, timeout: min(configuration.attemptTimeout, end - clock.now))
      if case .success(let response) = result, (200..<300).contains(response.status) { return response }
      mayHaveActed = mayHaveActed || Self.mayHaveActed(result)
      var error = Self.error(result)
      error.attempts = attempt
      // A definite refusal under the same key says that no earlier attempt was carried out either.
      error.isAmbiguous = call.method != "GET" && mayHaveActed && (error.kind != .api || error.isTransient)
      guard error.kind != .cancelled,
        let delay = configuration.retry.delay(afterAttempt: attempt, outcome: Self.outcome(result), random: random())
      else { throw error }
      guard clock.now + delay < end else {
        if error.kind == .network { error.kind = .deadline }
        throw error
      }
      do {
        try await clock.sleep(for: delay)
      } catch {
        throw StripeError(
          kind: .cancelled, message: "cancelled between attempts", attempts: attempt,
          isAmbiguous: call.method != "GET" && mayHaveActed)
      }
    }
  }

  private func makeRequest(_ call: Call) -> HTTPRequest {
    var headers = [
      ("Authorization", "Bearer \(configuration.apiKey)"), ("Stripe-Version", configuration.version),
      ("Accept", "application/json"), ("User-Agent", "GlobalKeyMarket"),
    ]
    var url = "\(configuration.apiBase)/v1\(call.path)"
    var body: [UInt8] = []
    if call.method == "GET" {
      if !call.parameters.isEmpty { url += "?\(call.parameters.encoded)" }
    } else {
      headers.append(("Content-Type", "application/x-www-form-urlencoded"))
      headers.append(("Idempotency-Key", call.idempotencyKey.map { String($0.prefix(255)) } ?? Self.randomKey()))
      body = Array(call.parameters.encoded.utf8)
    }
    return HTTPRequest(method: call.method, url: url, headers: headers, body: body)
  }

  private func send(_ request: HTTPRequest, timeout: Duration) async -> Result<HTTPResponse, OutboundError> {
    var request = request
    request.timeout = max(timeout, .milliseconds(1))
    do throws(OutboundError) {
      return .success(try await transport.send(request))
    } catch {
      return .failure(error)
    }
  }

  private static func outcome(_ result: Result<HTTPResponse, OutboundError>) -> RetryPolicy.Outcome {
    switch result {
    case .failure: .unanswered
    case .success(let response):
      .answered(
        status: response.status, shouldRetry: response.header("stripe-should-retry"),
        retryAfter: response.header("retry-after"))
    }
  }

  /// Whether an attempt that did not succeed may still have been carried out.
  private static func mayHaveActed(_ result: Result<HTTPResponse, OutboundError>) -> Bool {
    switch result {
    case .success(let response): response.status >= 500 || response.status == 409
    case .failure(let error): error.mayHaveBeenSent
    }
  }

  private static func error(_ result: Result<HTTPResponse, OutboundError>) -> StripeError {
    switch result {
    case .failure(let error):
      let kind: StripeError.Kind = error.kind == .cancelled ? .cancelled : .network
      return StripeError(kind: kind, message: error.message)
    case .success(let response):
      let body = try? StripeJSON.decode(StripeErrorBody.self, from: response.body)
      return StripeError(
        kind: .api, status: response.status, type: body?.type, code: body?.code, declineCode: body?.declineCode,
        param: body?.param, message: body?.message ?? "answered \(response.status)",
        requestID: response.header("request-id"))
    }
  }

  private static func randomKey() -> String {
    var generator = SystemRandomNumberGenerator()
    return "gkm-" + String(generator.next(), radix: 36) + "-" + String(generator.next(), radix: 36)
  }
}
