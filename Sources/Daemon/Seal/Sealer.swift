import Logging
import Market
import Postgres
import ServiceLifecycle
import Store

/// Seals the audit log: one step after another, on one connection, as long as it holds the sealers' lock.
///
/// The order of things is what makes a kill at any moment harmless: leaves and head are committed together, then the
/// head is kept outside, then it is sent away. A head that was committed and not kept is found again as one's own; what
/// was not sent is sent at the next start.
struct Sealer: Service {
  let step: SealStep
  let database: PostgresConfiguration
  let state: SealState
  let interval: Duration
  /// Takes the database's newest head for right where none is kept.
  let adopts: Bool
  let publishers: [HeadPublisher]
  let telemetry: SealTelemetry
  let logger: Logger

  private static let pauses = [Duration.milliseconds(200), .seconds(1), .seconds(3), .seconds(8)]

  func run() async throws {
    try await cancelWhenGracefulShutdown {
      var failures = 0
      while !Task.isCancelled {
        do {
          try await work { failures = 0 }
        } catch is CancellationError {
          return
        } catch let refusal as SealRefusal {
          throw refusal
        } catch let conflict as SealConflict {
          // What the start finds then says what is wrong.
          logger.error(
            "the tree is not the one that was sealed",
            metadata: ["expected": "\(conflict.expected)", "found": "\(conflict.found)"])
        } catch {
          if Task.isCancelled { return }
          logger.warning("sealing pauses", metadata: ["error": "\(error)"])
        }
        telemetry.isWorking(false)
        try? await Task.sleep(for: Self.pauses[min(failures, Self.pauses.count - 1)])
        failures += 1
      }
    }
  }

  /// Connects, waits for the lock, looks at the log, and seals until something fails.
  private func work(_ succeeded: () -> Void) async throws {
    let connection = try await PostgresConnection.connect(database)
    do {
      try await waitForLock(connection)
      var position = try await start(connection)
      telemetry.isWorking(true)
      while true {
        let begun = ContinuousClock.now
        let (from, step, now) = (position, step, SystemClock.now())
        let result = try await connection.write { try step.run($0, from, now: now) }
        position = result.position
        if let head = result.head {
          telemetry.sealed(result.sealed, since: begun)
          try state.write(head)
          publish(head)
          logger.debug("sealed", metadata: ["events": "\(result.sealed)", "size": "\(head.size)"])
        }
        succeeded()
        try Task.checkCancellation()
        if !result.isFull { try await Task.sleep(for: interval) }
      }
    } catch {
      await connection.close()
      throw error
    }
  }

  private func waitForLock(_ connection: PostgresConnection) async throws {
    var isTold = false
    while try await !connection.run({ try SealLock.take($0) }) {
      if !isTold { logger.notice("another sealer is at work: waiting for it to end") }
      isTold = true
      telemetry.isWorking(false)
      try await Task.sleep(for: interval)
    }
  }

  /// Compares the log with the kept head.
  private func start(_ connection: PostgresConnection) async throws -> SealStep.Position {
    let kept = try state.read()
    let (key, adopts) = (step.signer.verifier, adopts)
    if let kept, !adopts, kept.note.signer(among: [key]) == nil {
      throw SealRefusal.notOurs(size: kept.size, keyID: Self.keyID(kept))
    }
    let start = try await connection.read(isolation: .repeatableRead) {
      try SealStart($0, kept: kept, key: key, adopts: adopts)
    }
    let newest = try start.newest.map { try SignedHead(parsing: $0.note) }
    if let resumption = start.resumption {
      logger.notice(
        "resumed after a restore: the kept head is given up",
        metadata: [
          "lost_size": "\(resumption.lostSize)", "by": "\(resumption.actor)", "event": "\(resumption.event)",
          "size": "\(newest?.size ?? 0)",
        ])
    }
    // An empty log has a head too: so that a first head which was committed and could not be kept is known as one's own.
    let empty = Checkpoint(origin: step.origin, size: 0, root: .empty, at: SystemClock.now())
    let right = try newest ?? SignedHead(empty, signedBy: step.signer)
    if right.root != kept?.root { try state.write(right) }
    if let newest { publish(newest) }
    logger.info(
      "sealing", metadata: ["size": "\(start.position.tree.size)", "key": "\(key.keyID)", "origin": "\(step.origin)"])
    return start.position
  }

  private func publish(_ head: SignedHead) {
    for publisher in publishers { publisher.offer(head) }
  }

  private static func keyID(_ head: SignedHead) -> String {
    head.note.signatures.first.map { Hex.encode($0.keyHash) } ?? ""
  }
}
