/// One connection to Redis on its own thread. Callers may share it freely: what they send at the same time is written
/// together and answered in order, and each keeps its own deadline.
///
/// It connects with the first command (or `connect`), logs in, and reconnects by itself with growing, jittered pauses;
/// while it cannot, calls fail at once with the reason. Commands are never sent twice.
package final class RedisConnection: Sendable {
  package let configuration: RedisConfiguration
  private let inbox: RedisInbox

  /// Starts the thread, without connecting. Throws `connect` when the process has no thread or descriptor left.
  package init(_ configuration: RedisConfiguration) throws(RedisError) {
    let inbox = try RedisInbox(maximumPending: configuration.maximumPending)
    self.configuration = configuration
    self.inbox = inbox
    let started = startThread(named: "redis") {
      RedisDriver(configuration: configuration, inbox: inbox, listener: nil).run()
    }
    if !started { throw RedisError(.connect, "no thread for the Redis connection") }
  }

  deinit {
    inbox.close()
  }

  /// A connection that has answered a PING.
  package static func connect(_ configuration: RedisConfiguration) async throws(RedisError) -> RedisConnection {
    let connection = try RedisConnection(configuration)
    _ = try await connection.command("PING", timeout: configuration.connectTimeout)
    return connection
  }

  /// Sends one command. An error reply is thrown. `timeout` counts from now and includes connecting.
  package func command(
    _ arguments: any RedisArgument..., timeout: Duration? = nil
  ) async throws(RedisError) -> RedisValue {
    try await command(arguments, timeout: timeout)
  }

  /// Sends one command. An error reply is thrown. `timeout` counts from now and includes connecting.
  package func command(
    _ arguments: [any RedisArgument], timeout: Duration? = nil
  ) async throws(RedisError) -> RedisValue {
    let value = try await pipeline([arguments], timeout: timeout).first ?? .null
    if case .error(let text) = value { throw RedisError(reply: text) }
    return value
  }

  /// Sends several commands in one write; their replies come back in order, error replies as `.error` in their place.
  /// Not a transaction: other clients' commands may run in between, unless MULTI and EXEC are among them.
  package func pipeline(
    _ commands: [[any RedisArgument]], timeout: Duration? = nil
  ) async throws(RedisError) -> [RedisValue] {
    guard !commands.isEmpty else { return [] }
    var payload: [UInt8] = []
    for arguments in commands {
      guard !arguments.isEmpty else { throw RedisError(.invalid, "a command needs at least its name") }
      encodeCommand(arguments, to: &payload)
    }
    if Task.isCancelled { throw RedisError(.cancelled, "the task was cancelled") }
    let id = inbox.nextID()
    let deadline = MonotonicTime.now() + (timeout ?? configuration.commandTimeout)
    let bytes = payload
    let result = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let request = RedisRequest(id: id, payload: bytes, replies: commands.count, deadline: deadline) {
          continuation.resume(returning: $0)
        }
        if let refusal = inbox.submit(request) { continuation.resume(returning: .failure(refusal)) }
        // A cancellation that came before the request found nothing to cancel.
        if Task.isCancelled { inbox.cancel(id) }
      }
    } onCancel: {
      inbox.cancel(id)
    }
    return try result.get()
  }

  /// Calls submitted and not yet answered.
  package var pending: Int { inbox.pending }

  /// Ends the connection and its thread; calls under way fail with `closed`. May be called twice.
  package func close() {
    inbox.close()
  }
}
