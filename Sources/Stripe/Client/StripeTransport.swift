package import Outbound

/// What carries a request to Stripe: the shared HTTP client, or a test's script of answers.
package protocol StripeTransport: Sendable {
  func send(_ request: HTTPRequest) async throws(OutboundError) -> HTTPResponse
}

extension OutboundClient: StripeTransport {}
