import Logging
import Market
import Postgres
import ServiceLifecycle
import Store

/// Hands webhooks' secrets out: each sealed to the key of the one program that asked for it.
struct WebhookSecretWorker: Sendable {
  let pool: PostgresPool
  let vault: KeyVault
  let limits: WorkLimits
  let logger: Logger

  func run(_ signals: AsyncStream<Void>) async {
    for await _ in signals.cancelOnGracefulShutdown() {
      do {
        while !Task.isShuttingDownGracefully, !Task.isCancelled {
          let lease = Lease(for: limits.lease)
          let jobs = try await pool.write { try JobQueue.claim($0, .webhookSecret, limit: 8, lease: lease) }
          if jobs.isEmpty { break }
          let vault = vault
          for job in jobs {
            try await pool.write { session in
              try WebhookSecretRequests.answer(session, job, lease: lease) { request in
                let secret = vault.webhookSecret(request.endpoint, generation: request.generation)
                return try SealedAnswer.seal(
                  Array(secret.text.utf8), to: request.publicKey, info: request.info)
              }
            }
          }
        }
      } catch is CancellationError {
        return
      } catch {
        logger.warning("a webhook's secret could not be handed out", metadata: ["error": "\(error)"])
        try? await Task.sleep(for: .milliseconds(.random(in: 200...600)))
      }
    }
  }
}
