package import Market
package import Outbound
package import Store
package import Stripe
import Synchronization

/// What this process alone can know of how it goes, kept for the next heartbeat to tell. Safe to use from any thread.
package final class Vitals: Sendable {
  private struct State {
    var refusals: [(at: Instant, count: Int)] = []
    var stripeFailures = 0
    var stripeFailingSince: Instant?
    var redisDownSince: Instant?
    var isDraining = false
  }

  private let state = Mutex(State())
  private let now: @Sendable () -> Instant
  /// How far back refusals are counted.
  private static let window = Duration.seconds(300)

  package init(now: @escaping @Sendable () -> Instant) { self.now = now }

  /// A rightly signed event was refused for its time.
  package func refusedForItsTime() {
    let at = now()
    state.withLock { state in
      state.refusals.removeAll { at - $0.at > Self.window }
      // By the second: a flood of replays is no flood of memory.
      if let last = state.refusals.last, at - last.at < .seconds(1) {
        state.refusals[state.refusals.count - 1].count += 1
      } else {
        state.refusals.append((at, 1))
      }
    }
  }

  /// Stripe's API answered a call, or did not.
  package func stripe(answered: Bool) {
    let at = now()
    state.withLock { state in
      state.stripeFailures = answered ? 0 : state.stripeFailures + 1
      state.stripeFailingSince = answered ? nil : state.stripeFailingSince ?? at
    }
  }

  func redis(answers: Bool) {
    let at = now()
    state.withLock { $0.redisDownSince = answers ? nil : $0.redisDownSince ?? at }
  }

  func startDraining() { state.withLock { $0.isDraining = true } }

  /// All of it, as it stands.
  package func condition(clockOffset: Duration) -> Worker.Condition {
    let at = now()
    return state.withLock { state in
      var condition = Worker.Condition()
      condition.isDraining = state.isDraining
      condition.clockOffset = clockOffset
      condition.redisDownSince = state.redisDownSince
      condition.stripeFailures = state.stripeFailures
      condition.stripeFailingSince = state.stripeFailingSince
      condition.signatureRefusals = state.refusals.reduce(0) { at - $1.at > Self.window ? $0 : $0 + $1.count }
      return condition
    }
  }
}

/// The way to Stripe, with a note of whether it answers.
package struct WatchedTransport: StripeTransport {
  private let transport: any StripeTransport
  private let vitals: Vitals

  package init(_ transport: any StripeTransport, vitals: Vitals) {
    self.transport = transport
    self.vitals = vitals
  }

  package func send(_ request: HTTPRequest) async throws(OutboundError) -> HTTPResponse {
    do throws(OutboundError) {
      let response = try await transport.send(request)
      // A key that is not taken is as bad as no answer; too many requests are an answer.
      vitals.stripe(answered: response.status < 500 && response.status != 401 && response.status != 403)
      return response
    } catch {
      if error.kind != .cancelled && error.kind != .closed { vitals.stripe(answered: false) }
      throw error
    }
  }
}
