import Dispatch
import Glibc
import Synchronization

/// Takes finished log lines from any thread and writes them to a descriptor from a thread of its own, so that a slow
/// reader of the log never holds up the work that is logged.
///
/// At most `capacityBytes` wait; beyond it lines are dropped and counted, and the count is written once there is room.
package final class LogSink: Sendable {
  private struct State {
    var waiting: [UInt8] = []
    var dropped = 0
    var isWriting = false
    var isClosed = false
  }

  private let state = Mutex(State())
  private let wake = DispatchSemaphore(value: 0)
  private let capacityBytes: Int
  private let descriptor: Int32

  /// Writes to `descriptor`, which stays the caller's.
  package init(descriptor: Int32 = STDERR_FILENO, capacityBytes: Int = 1 << 20) {
    self.descriptor = descriptor
    self.capacityBytes = capacityBytes
    let box = Unmanaged.passRetained(self)
    var thread = pthread_t()
    let failure = pthread_create(&thread, nil, { LogSink.main($0) }, box.toOpaque())
    if failure == 0 {
      pthread_detach(thread)
    } else {
      // Without a thread lines are written where they are logged.
      box.release()
      state.withLock { $0.isClosed = true }
    }
  }

  /// Queues one line, its line end included.
  package func write(_ line: [UInt8]) {
    let (isDirect, needsWake) = state.withLock { state in
      if state.isClosed { return (true, false) }
      let wasIdle = state.waiting.isEmpty && state.dropped == 0
      if state.waiting.count + line.count > capacityBytes {
        state.dropped += 1
      } else {
        state.waiting.append(contentsOf: line)
      }
      return (false, wasIdle)
    }
    if isDirect { Self.writeAll(line, to: descriptor) }
    if needsWake { wake.signal() }
  }

  /// Returns when all that was queued before is written, or after `limit`.
  package func flush(within limit: Duration = .seconds(1)) {
    let end = ContinuousClock.now + limit
    while ContinuousClock.now < end {
      if state.withLock({ ($0.waiting.isEmpty && !$0.isWriting) || $0.isClosed }) { return }
      usleep(1_000)
    }
  }

  private static func main(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let argument else { return nil }
    let sink = Unmanaged<LogSink>.fromOpaque(argument).takeRetainedValue()
    var signals = sigset_t()
    sigfillset(&signals)
    pthread_sigmask(SIG_BLOCK, &signals, nil)
    while true {
      sink.wake.wait()
      sink.drain()
    }
  }

  private func drain() {
    while true {
      let (bytes, dropped) = state.withLock { state in
        let taken = (state.waiting, state.dropped)
        state.waiting = []
        state.dropped = 0
        state.isWriting = !taken.0.isEmpty || taken.1 > 0
        return taken
      }
      if bytes.isEmpty && dropped == 0 { return }
      Self.writeAll(bytes, to: descriptor)
      if dropped > 0 {
        let note = "{\"level\":\"warning\",\"message\":\"log lines were dropped\",\"dropped\":\(dropped)}\n"
        Self.writeAll(Array(note.utf8), to: descriptor)
      }
    }
  }

  private static func writeAll(_ bytes: [UInt8], to descriptor: Int32) {
    var offset = 0
    while offset < bytes.count {
      let count = bytes[offset...].withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count > 0 {
        offset += count
      } else if errno != EINTR {
        if errno != EAGAIN { return }
        var waiting = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        poll(&waiting, 1, 1_000)
      }
    }
  }
}
