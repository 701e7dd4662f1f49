import Crypto
import Hummingbird
import Market

/// How often one client, and one order's token, may ask.
struct RateGuard: Sendable {
  let limiter: RateLimiter
  let clients: ClientAddressRule

  /// Counts a request of the client under a purpose. Programs on this machine are not counted: they are a proxy that
  /// names no client, or our own.
  func admit(_ call: Call, _ purpose: String, perMinute limit: Int) async throws(Problem) {
    let client = clients.client(
      peer: call.context.peer, forwardedFor: call.request.headers[values: .xForwardedFor])
    guard let client, !client.isLoopback else { return }
    try await count("\(purpose):\(client.clientKey)", perMinute: limit)
  }

  /// Counts a request with an order's token, wherever it comes from.
  func admit(_ token: OrderToken, perMinute limit: Int) async throws(Problem) {
    try await count("token:\(Hex.encode(token.storedHash.prefix(12)))", perMinute: limit)
  }

  private func count(_ key: String, perMinute limit: Int) async throws(Problem) {
    guard await !limiter.allows(key, perMinute: limit) else { return }
    var problem = Problem.tooMany
    problem.retryAfter = limiter.secondsLeft
    throw problem
  }
}
