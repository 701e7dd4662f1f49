import Synchronization

/// What most code uses: one shared, pipelined connection behind a circuit breaker. Safe from any task.
///
/// A caller with a small budget passes `timeout:`; once Redis has failed `breakerFailures` times in a row, calls fail
/// with `circuitOpen` without waiting, until a probe of the client's own finds Redis answering again.
package final class RedisClient: Sendable {
  package let configuration: RedisConfiguration
  private let connection: RedisConnection
  private let breaker: Mutex<CircuitBreaker>

  /// Starts the connection's thread; it connects with the first command.
  package init(_ configuration: RedisConfiguration) throws(RedisError) {
    self.configuration = configuration
    connection = try RedisConnection(configuration)
    breaker = Mutex(CircuitBreaker(failures: configuration.breakerFailures, pause: configuration.breakerPause))
  }

  /// Sends one command, `client.command("SET", key, bytes, "EX", 60)`. An error reply is thrown.
  package func command(
    _ arguments: any RedisArgument..., timeout: Duration? = nil
  ) async throws(RedisError) -> RedisValue {
    try await command(arguments, timeout: timeout)
  }

  /// Sends one command. An error reply is thrown.
  package func command(
    _ arguments: [any RedisArgument], timeout: Duration? = nil
  ) async throws(RedisError) -> RedisValue {
    let value = try await pipeline([arguments], timeout: timeout).first ?? .null
    if case .error(let text) = value { throw RedisError(reply: text) }
    return value
  }

  /// Sends several commands in one write; error replies stand as `.error` in their place.
  package func pipeline(
    _ commands: [[any RedisArgument]], timeout: Duration? = nil
  ) async throws(RedisError) -> [RedisValue] {
    switch breaker.withLock({ $0.admit(at: .now()) }) {
    case .proceed: break
    case .rejectAndProbe:
      probe()
      throw RedisError(.circuitOpen, "Redis failed lately and is being probed")
    case .reject:
      throw RedisError(.circuitOpen, "Redis failed lately")
    }
    do throws(RedisError) {
      let values = try await connection.pipeline(commands, timeout: timeout)
      breaker.withLock { $0.record(success: true, at: .now()) }
      return values
    } catch {
      switch error.kind {
      case .cancelled, .closed, .invalid: break
      default: breaker.withLock { $0.record(success: false, at: .now()) }
      }
      throw error
    }
  }

  /// Whether calls are being let through.
  package var isCircuitClosed: Bool {
    breaker.withLock { if case .closed = $0.state { true } else { false } }
  }

  /// Ends the connection; calls under way fail with `closed`.
  package func close() {
    connection.close()
  }

  private func probe() {
    Task {
      let alive: Bool
      do throws(RedisError) {
        _ = try await connection.command("PING", timeout: configuration.connectTimeout)
        alive = true
      } catch {
        alive = error.isServerReply && error.kind != .login
      }
      breaker.withLock { $0.recordProbe(success: alive, at: .now()) }
    }
  }
}
