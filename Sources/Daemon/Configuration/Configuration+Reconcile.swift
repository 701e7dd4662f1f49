package import Store

/// How often what Stripe says is held against what we know, and how far back.
package struct ReconcileSettings: Sendable {
  /// How often Stripe's list of events is read.
  package var eventsInterval: Duration
  /// How far behind the newest event seen it is read again.
  package var eventsOverlap: Duration
  /// A younger event may still come by itself.
  package var eventsLateness: Duration
  /// How often sessions, payments, refunds and disputes are listed.
  package var objectsInterval: Duration
  package var objectsOverlap: Duration
  /// How often the lines of Stripe's balance are.
  package var balanceInterval: Duration
  package var balanceOverlap: Duration
  /// Younger objects and lines are in flight: a difference about them is none yet.
  package var lateness: Duration
  /// Pages asked for in a second, so that the account's limit is left to others.
  package var requestsPerSecond: Int

  init(_ reader: inout ConfigurationReader) {
    let day = Duration.seconds(86_400)
    eventsInterval = reader.duration("reconcile.events_interval", default: .seconds(60), in: .milliseconds(100)...day)
    eventsOverlap = reader.duration("reconcile.events_overlap", default: .seconds(600), in: .zero...(day * 29))
    eventsLateness = reader.duration("reconcile.events_lateness", default: .seconds(20), in: .zero...day)
    objectsInterval = reader.duration(
      "reconcile.objects_interval", default: .seconds(3_600), in: .milliseconds(100)...day)
    objectsOverlap = reader.duration("reconcile.objects_overlap", default: day, in: .zero...(day * 29))
    balanceInterval = reader.duration(
      "reconcile.balance_interval", default: day, in: .milliseconds(100)...(day * 7))
    balanceOverlap = reader.duration("reconcile.balance_overlap", default: day * 3, in: .zero...(day * 29))
    lateness = reader.duration("reconcile.lateness", default: .seconds(300), in: .zero...day)
    requestsPerSecond = reader.number("reconcile.requests_per_second", default: 10, in: 1...100)
  }

  /// When runs of a kind are due, and how far back they look.
  package func plan(_ kind: ReconKind) -> ReconPlan {
    switch kind {
    case .events:
      ReconPlan(kind: kind, interval: eventsInterval, overlap: eventsOverlap, lateness: eventsLateness)
    case .objects: ReconPlan(kind: kind, interval: objectsInterval, overlap: objectsOverlap, lateness: lateness)
    case .balance: ReconPlan(kind: kind, interval: balanceInterval, overlap: balanceOverlap, lateness: lateness)
    }
  }
}
