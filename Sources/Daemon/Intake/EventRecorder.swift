import CoreMetrics
import Logging
import Market
import Postgres
import Store

/// Carries out one batch of intake: asks Redis, stores the rest in one commit, remembers them.
struct EventRecorder: Sendable {
  let pool: PostgresPool
  let seen: SeenEvents
  let wake: WakeBoard
  let installation: InstallationWatch
  let telemetry: Telemetry
  let logger: Logger

  /// Why an event was not stored in time.
  struct TooLate: Error {}

  private static let pauses: [Duration] = [.milliseconds(20), .milliseconds(80), .milliseconds(200)]

  /// Answers each arrival, in order: stored, or the error that kept it from being so.
  func record(_ arrivals: [(event: ReceivedEvent, deadline: ContinuousClock.Instant)]) async -> [Result<
    Void, any Error
  >] {
    let epoch = installation.current?.epoch ?? 0
    let unique = Dictionary(arrivals.map { ($0.event.id, $0) }) { first, _ in first }
    let known = await seen.known(Array(unique.keys), epoch: epoch)
    let seenCount = arrivals.count { known.contains($0.event.id) }
    telemetry.count(.seen, by: seenCount)
    // One order everywhere, or two batches could wait for each other's rows.
    let rest = unique.values.filter { !known.contains($0.event.id) }.sorted { $0.event.id < $1.event.id }
    var failures: [String: any Error] = [:]
    if !rest.isEmpty {
      let deadline = rest.map(\.deadline).max() ?? .now
      do {
        let fresh = try await store(rest.map(\.event), until: deadline)
        FaultPoint.persisted.reached()
        report(rest.map(\.event), fresh: fresh, epoch: epoch)
        // The same event, more than once in this batch.
        telemetry.count(.duplicate, by: arrivals.count - seenCount - rest.count)
      } catch let error as PostgresError where error.kind == .server && !error.isRetryable && rest.count > 1 {
        // One event that cannot be stored must not keep the others from it.
        logger.error("a batch of events was refused: storing them one by one", metadata: ["error": "\(error)"])
        for one in rest {
          do {
            let fresh = try await store([one.event], until: deadline)
            report([one.event], fresh: fresh, epoch: epoch)
          } catch { failures[one.event.id] = error }
        }
      } catch {
        for one in rest { failures[one.event.id] = error }
      }
    }
    return arrivals.map { arrival in
      failures[arrival.event.id].map { .failure($0) } ?? .success(())
    }
  }

  /// One commit. Unique ids make it safe to do again, whatever became of the last try.
  private func store(_ events: [ReceivedEvent], until deadline: ContinuousClock.Instant) async throws -> Set<String> {
    var attempt = 0
    while true {
      let left = deadline - .now
      guard left > .zero else { throw TooLate() }
      do {
        telemetry.intakeBatch.record(events.count)
        if events.contains(where: { $0.state == .quarantined }) {
          return try await pool.write(timeout: left) { try EventIntake.recordWithAudit($0, events) }
        }
        return try await pool.run(timeout: left) { try EventIntake.record($0, events) }
      } catch let error as PostgresError where error.isRetryable || error.isCommitUnknown || error.isConnectionLost {
        let pause = Self.pauses[min(attempt, Self.pauses.count - 1)] * Double.random(in: 0.5...1)
        attempt += 1
        guard ContinuousClock.now + pause < deadline else { throw error }
        try? await Task.sleep(for: pause)
      }
    }
  }

  private func report(_ events: [ReceivedEvent], fresh: Set<String>, epoch: Int64) {
    let hasWork = events.contains { $0.state == .pending && fresh.contains($0.id) }
    if hasWork { wake.wake(.apply) }
    telemetry.count(.duplicate, by: events.count - fresh.count)
    let quarantined = events.filter { $0.state == .quarantined && fresh.contains($0.id) }
    telemetry.count(.quarantined, by: quarantined.count)
    telemetry.count(.stored, by: fresh.count - quarantined.count)
    for event in quarantined {
      logger.warning(
        "an event was quarantined", metadata: ["event": "\(event.id)", "problem": "\(event.problem ?? "")"])
    }
    let ids = events.map(\.id)
    // Not waited for: an answer does not depend on Redis.
    Task { await seen.remember(ids, epoch: epoch, announce: hasWork) }
  }
}
