package import Logging
package import Postgres
import Store
package import Stripe
import Synchronization

/// Takes Stripe's events: verifies, recognises repeats, stores what is new together with whatever else came in the same
/// moment, and says "received" only after the commit.
package final class WebhookIntake: Sendable {
  package enum Answer: Sendable, Equatable {
    /// Stored, now or before.
    case received
    case badSignature(SignatureCheck)
    /// Not stored, or not known to be: Stripe is to come again.
    case unavailable
  }

  private struct Arrival: Sendable {
    let event: ReceivedEvent
    let deadline: ContinuousClock.Instant
  }

  private typealias Lanes = Batcher<Int, Arrival, Void>

  private let settings: IntakeSettings
  private let verifier: SignatureVerifier
  private let seen: SeenEvents
  private let recorder: EventRecorder
  private let installation: InstallationWatch
  private let gate: BacklogGate
  private let telemetry: Telemetry
  private let logger: Logger
  private let now: @Sendable () -> Int64
  private let lanes: Lanes
  private let vitals: Vitals?
  private let refusals = LogThrottle(every: .seconds(1))

  /// A flood is answered slowly: connections are bounded, so refusing costs next to nothing, however fast it comes.
  private static let refusalPause = Duration.seconds(1)

  /// - Parameter now: our clock, in Unix seconds.
  package init(
    settings: IntakeSettings, verifier: SignatureVerifier, pool: PostgresPool, seen: SeenEvents,
    installation: InstallationWatch, gate: BacklogGate, wake: WakeBoard, telemetry: Telemetry, vitals: Vitals? = nil,
    logger: Logger,
    now: @escaping @Sendable () -> Int64
  ) {
    self.settings = settings
    self.verifier = verifier
    self.seen = seen
    self.installation = installation
    self.gate = gate
    self.telemetry = telemetry
    self.vitals = vitals
    self.logger = logger
    self.now = now
    let recorder = EventRecorder(
      pool: pool, seen: seen, wake: wake, installation: installation, telemetry: telemetry, logger: logger)
    self.recorder = recorder
    lanes = Lanes(
      Lanes.Limits(
        lanes: settings.lanes, batch: settings.batchLimit, waiting: settings.queueLimit, pace: settings.pace)
    ) { _, arrivals in
      await recorder.record(arrivals.map { ($0.event, $0.deadline) })
    }
  }

  /// Events that wait for a lane.
  package var waiting: Int { lanes.waiting }

  /// Takes one request's body and `Stripe-Signature` header.
  package func receive(body: [UInt8], signature: String?) async -> Answer {
    guard !gate.isClosed else {
      telemetry.count(.overloaded)
      try? await Task.sleep(for: Self.refusalPause)
      return .unavailable
    }
    let start = ContinuousClock.now
    let check = verifier.verify(header: signature, body: body, now: now())
    guard check.isValid, let signature else {
      refuse(check, bytes: body.count)
      return .badSignature(check)
    }
    guard let state = await installation.known() else {
      telemetry.count(.unavailable)
      return .unavailable
    }
    FaultPoint.received.reached()
    let event = EventJudge.judge(body: body, signature: signature, livemode: state.livemode)
    do {
      try await lanes.submit(Arrival(event: event, deadline: start + settings.deadline), for: 0)
      telemetry.intakeSeconds.record(since: start)
      return .received
    } catch {
      telemetry.count(.unavailable)
      refusals.run { skipped in
        logger.warning(
          "an event was not stored: Stripe is asked to come again",
          metadata: ["event": "\(event.id)", "error": "\(error)", "like_it": "\(skipped)"])
      }
      return .unavailable
    }
  }

  /// A wrong clock refuses every event there is: that is told as an error. A wrong signature is somebody's probe.
  private func refuse(_ check: SignatureCheck, bytes: Int) {
    switch check {
    case .tooOld:
      telemetry.count(.tooOld)
      vitals?.refusedForItsTime()
    case .tooNew:
      telemetry.count(.tooNew)
      vitals?.refusedForItsTime()
    default: telemetry.count(.refused)
    }
    refusals.run { skipped in
      let metadata: Logger.Metadata = ["check": "\(check)", "bytes": "\(bytes)", "like_it": "\(skipped)"]
      switch check {
      case .tooOld, .tooNew:
        logger.error(
          "a rightly signed event lies outside the tolerance: replayed, or a clock is wrong", metadata: metadata)
      default: logger.notice("a webhook without a valid signature was refused", metadata: metadata)
      }
    }
  }
}
