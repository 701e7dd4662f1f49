package import Market

/// What a run of reconciliation goes through.
package enum ReconKind: String, CaseIterable, Sendable {
  /// Stripe's list of events, against those that came.
  case events
  /// Sessions, payments, refunds and disputes, against our orders.
  case objects
  /// The lines of Stripe's balance, against what should have moved.
  case balance

  /// Where a run begins.
  package var firstStage: ReconStage {
    switch self {
    case .events: .events
    case .objects: .sessions
    case .balance: .unsettled
    }
  }
}

/// One part of a run; parts come in this order.
package enum ReconStage: String, CaseIterable, Sendable {
  case events

  case sessions, intents, charges, refunds, disputes
  /// What of ours Stripe's lists did not show.
  case ours
  /// What is older than the window and still waits for something.
  case waiting
  /// What we asked Stripe for and it did not do.
  case requests

  /// Lines whose difference is still open.
  case unsettled
  case lines
  /// What moved here and has no line.
  case unlisted

  /// What comes after it; `nil` at a run's end.
  package var next: ReconStage? {
    switch self {
    case .events, .requests, .unlisted: nil
    case .sessions: .intents
    case .intents: .charges
    case .charges: .refunds
    case .refunds: .disputes
    case .disputes: .ours
    case .ours: .waiting
    case .waiting: .requests
    case .unsettled: .lines
    case .lines: .unlisted
    }
  }
}

/// When runs of a kind are due, and how far back they look.
package struct ReconPlan: Sendable {
  package var kind: ReconKind
  /// One run for each such span of the database's clock.
  package var interval: Duration
  /// How far a run looks back behind the end of the last good one.
  package var overlap: Duration
  /// What is younger is in flight, and left to the next run.
  package var lateness: Duration

  package init(kind: ReconKind, interval: Duration, overlap: Duration, lateness: Duration) {
    self.kind = kind
    self.interval = interval
    self.overlap = overlap
    self.lateness = lateness
  }

  /// Stripe lists events of the last 30 days (https://docs.stripe.com/api/events).
  package static let longestWindow = Duration.seconds(30 * 86_400)
}

/// A run that is this process' until its lease runs out.
package struct ReconRun: Sendable {
  package let id: ReconRunID
  package let kind: ReconKind
  /// By Stripe's clock, both ends included; an events' run has no upper end.
  package let from: Instant
  package let until: Instant?
  package let startedAt: Instant
  package let lease: Lease
  /// Failures since it last came forward.
  package let failures: Int
  package let stage: ReconStage
  /// Behind what to go on.
  package let cursor: String?
  /// It only tells what it would do, and writes nothing.
  package let isDry: Bool

  init(
    id: ReconRunID, kind: ReconKind, from: Instant, until: Instant?, startedAt: Instant, lease: Lease, failures: Int,
    stage: ReconStage, cursor: String?, isDry: Bool = false
  ) {
    self.id = id
    self.kind = kind
    self.from = from
    self.until = until
    self.startedAt = startedAt
    self.lease = lease
    self.failures = failures
    self.stage = stage
    self.cursor = cursor
    self.isDry = isDry
  }

  /// A run that only looks.
  package static func dry(_ kind: ReconKind, from: Instant, until: Instant?, now: Instant) -> ReconRun {
    ReconRun(
      id: ReconRunID(0), kind: kind, from: from, until: until, startedAt: now, lease: Lease(for: .zero), failures: 0,
      stage: kind.firstStage, cursor: nil, isDry: true)
  }
}

/// How far a run came by one page.
package struct ReconProgress: Sendable {
  package var stage: ReconStage
  package var cursor: String?
  package var newestSeen: Instant?
  package var lookedAt: Int
  package var missed: Int
  package var rechecks: Int
  package var breaks: Int

  package init(
    _ stage: ReconStage, cursor: String?, newestSeen: Instant? = nil, lookedAt: Int = 0, missed: Int = 0,
    rechecks: Int = 0, breaks: Int = 0
  ) {
    self.stage = stage
    self.cursor = cursor
    self.newestSeen = newestSeen
    self.lookedAt = lookedAt
    self.missed = missed
    self.rechecks = rechecks
    self.breaks = breaks
  }
}
