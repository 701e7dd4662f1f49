package import Market
import Postgres
package import Store

/// The daemon's hand for imports and requests for keys, in this process: publishes the key and does what is queued.
package struct KeyHand: Sendable {
  package let vault: KeyVault
  private let daemon: PostgresConnection
  private let requests: KeyRequests

  /// Works while `body` runs.
  package static func with<T: Sendable>(
    _ market: MarketDatabase, vault: KeyVault, isWorking: Bool = true,
    _ body: @Sendable @escaping (KeyHand) async throws -> T
  ) async throws -> T {
    let daemon = try await PostgresConnection.connect(market.daemon)
    let hand = KeyHand(vault: vault, daemon: daemon, requests: KeyRequests(vault, keys: DataKeyCache(vault)))
    _ = try await daemon.write { try ExchangeKeys.publish($0, vault) }
    let worker = Task {
      while isWorking, !Task.isCancelled {
        _ = try? await hand.work()
        try? await Task.sleep(for: .milliseconds(30))
      }
    }
    do {
      let value = try await body(hand)
      worker.cancel()
      await worker.value
      await daemon.close()
      return value
    } catch {
      worker.cancel()
      await worker.value
      await daemon.close()
      throw error
    }
  }

  /// Does all that is queued, once; answers what came of imports.
  @discardableResult
  package func work() async throws -> [StockIntake.Outcome] {
    var outcomes: [StockIntake.Outcome] = []
    for kind in [JobKind.importStock, .reveal, .findKey] {
      while let (job, lease) = try await claim(kind) {
        if kind == .importStock {
          if let outcome = try await carryOut(job, lease) { outcomes.append(outcome) }
        } else {
          try await daemon.write { try requests.answer($0, job, lease: lease) }
        }
      }
    }
    return outcomes
  }

  private func claim(_ kind: JobKind) async throws -> (ClaimedJob, Lease)? {
    let lease = Lease(for: .seconds(60))
    let jobs = try await daemon.write { try JobQueue.claim($0, kind, limit: 1, lease: lease) }
    return jobs.first.map { ($0, lease) }
  }

  private func carryOut(_ job: ClaimedJob, _ lease: Lease) async throws -> StockIntake.Outcome? {
    let intake = StockIntake(vault, job, lease: lease) { _ in }
    do {
      return try await daemon.write { try intake.run($0) }.outcome
    } catch let error where error is StockChunkError || error is VaultError {
      try await daemon.write { try intake.fail($0, problem: "\(error)") }
      return nil
    }
  }
}
