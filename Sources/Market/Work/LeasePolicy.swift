/// What follows from how long a claimed job is its worker's.
///
/// A job whose worker died is due again when its lease has run out, so the lease bounds how late a crash makes an order.
/// Whoever works on lengthens it in time; whoever cannot stops in time.
package struct LeasePolicy: Hashable, Sendable {
  package let duration: Duration

  package init(_ duration: Duration) { self.duration = duration }

  /// How often a lease is lengthened while its job is under way: one lost beat costs nothing.
  package var heartbeat: Duration { duration / 3 }

  /// How long a commit is tried again under one lease: the other half is for whatever the last try still takes.
  package var patience: Duration { duration / 2 }
}
