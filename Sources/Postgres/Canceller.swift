import CLibpq
import Synchronization

/// One request to cancel what a connection is doing, sent from a thread of its own.
///
/// `PQcancel` blocks on a server that accepts but does not answer, so it never runs on a connection's thread; and since
/// such a thread may stay for as long as the server is frozen, there is a limit on how many there are.
final class Canceller: Sendable {
  private static let limit = 32
  private static let running = Atomic<Int>(0)
  private let done = Atomic<Bool>(false)

  /// Whether the request has been delivered, or has failed.
  var isDone: Bool { done.load(ordering: .acquiring) }

  /// Carries libpq's own copy of what it takes to cancel to the thread that uses and frees it.
  ///
  /// `@unchecked Sendable`: handed over once; libpq documents `PQcancel` as safe from any thread.
  private final class Request: @unchecked Sendable {
    let pointer: OpaquePointer
    init(_ pointer: OpaquePointer) { self.pointer = pointer }
    deinit { PQfreeCancel(pointer) }
  }

  /// Sends the request; `wake` is signalled when it is done. Nil if it cannot be sent.
  static func start(_ connection: OpaquePointer, wake: WakeSignal) -> Canceller? {
    guard running.wrappingAdd(1, ordering: .relaxed).newValue <= limit, let pointer = PQgetCancel(connection) else {
      running.wrappingSubtract(1, ordering: .relaxed)
      return nil
    }
    let request = Request(pointer)
    let canceller = Canceller()
    let started = startThread {
      withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
        _ = PQcancel(request.pointer, buffer.baseAddress, Int32(buffer.count))
      }
      running.wrappingSubtract(1, ordering: .relaxed)
      canceller.done.store(true, ordering: .releasing)
      wake.signal()
    }
    if !started { running.wrappingSubtract(1, ordering: .relaxed) }
    return started ? canceller : nil
  }
}
