import CNcurses
import Glibc

/// Wakes the thread that waits in `nextEvent`, from any other. Wakes before the next look count as one.
package final class Waker: Sendable {
  private let descriptor: Int32

  init() throws(TerminalError) {
    descriptor = gkm_eventfd()
    guard descriptor >= 0 else { throw .system("eventfd", errno) }
  }

  deinit { close(descriptor) }

  /// Never blocks, and may be called from any thread at any time.
  package func wake() {
    var one: UInt64 = 1
    // Full means that a wake is already due.
    _ = write(descriptor, &one, 8)
  }

  var fileDescriptor: Int32 { descriptor }

  func drain() {
    var count: UInt64 = 0
    _ = read(descriptor, &count, 8)
  }
}

/// Everything the main thread waits for, in one poll(2): the terminal's input, signals, and wakes. There are no timers
/// of its own but the one that tells a lone Escape from the beginning of a sequence, so that waiting costs nothing.
///
/// One at a time in a process: it owns the handlers of SIGWINCH, SIGTERM, SIGHUP, SIGINT, SIGTSTP and SIGCONT while it
/// lives. A second SIGTERM before the first was taken ends the process, so that a stuck program can still be ended.
package final class EventLoop {
  package let waker: Waker
  let input: Int32
  private let signalRead: Int32
  private let signalWrite: Int32
  private var decoder = InputDecoder()
  private var queue: [InputEvent] = []
  private var lastByteAt: Int64 = 0
  private var hungUp = false
  private var buffer = [UInt8](repeating: 0, count: 4_096)

  /// Signals that the screen itself has to do something about first.
  enum RawSignal { case resized, stop, continued }
  var onRawSignal: (RawSignal) -> InputEvent? = { _ in nil }

  package init(input: Int32 = STDIN_FILENO) throws(TerminalError) {
    self.input = input
    waker = try Waker()
    var ends: [Int32] = [-1, -1]
    guard gkm_pipe(&ends) == 0 else { throw .system("pipe2", errno) }
    (signalRead, signalWrite) = (ends[0], ends[1])
    gkm_signals_route(signalWrite)
  }

  deinit {
    gkm_signals_unroute()
    close(signalRead)
    close(signalWrite)
  }

  /// The next event, or nil when `timeout` passes without one. Without a timeout it waits as long as it takes.
  package func nextEvent(timeout: Duration? = nil) -> InputEvent? {
    let deadline = timeout.map { now() + $0.milliseconds }
    while true {
      if let event = takeQueued() { return event }
      if hungUp { return .hangup }
      let flushAt = decoder.flushAfterMilliseconds.map { lastByteAt + Int64($0) }
      let wakeAt = [deadline, flushAt].compactMap { $0 }.min()
      let ready = wait(until: wakeAt)
      if let event = ready { return event }
      let present = now()
      if let flushAt, present >= flushAt, queue.isEmpty { queue += decoder.flush() }
      if let deadline, present >= deadline, queue.isEmpty, !hungUp { return nil }
    }
  }

  /// Whether something is waiting to be taken: then drawing can be put off until it has been.
  package var hasPending: Bool {
    if !queue.isEmpty || hungUp { return true }
    var watched = pollfd(fd: input, events: Int16(POLLIN), revents: 0)
    return poll(&watched, 1, 0) > 0
  }

  private func takeQueued() -> InputEvent? { queue.isEmpty ? nil : queue.removeFirst() }

  /// One poll. Returns an event that does not come from input; input is queued.
  private func wait(until wakeAt: Int64?) -> InputEvent? {
    var watched = [
      pollfd(fd: signalRead, events: Int16(POLLIN), revents: 0),
      pollfd(fd: input, events: Int16(POLLIN), revents: 0),
      pollfd(fd: waker.fileDescriptor, events: Int16(POLLIN), revents: 0),
    ]
    let timeout = wakeAt.map { Int32(clamping: max(0, $0 - now())) } ?? -1
    guard poll(&watched, nfds_t(watched.count), timeout) > 0 else { return nil }
    if watched[0].revents != 0, let event = takeSignal() { return event }
    if watched[1].revents & Int16(POLLIN) != 0 {
      readInput()
    } else if watched[1].revents != 0 {
      hungUp = true
    }
    if watched[2].revents != 0 {
      waker.drain()
      return .wake
    }
    return nil
  }

  private func readInput() {
    let count = read(input, &buffer, buffer.count)
    if count > 0 {
      lastByteAt = now()
      queue += decoder.feed(buffer[..<count])
    } else if count == 0 || (errno != EINTR && errno != EAGAIN) {
      hungUp = true
    }
  }

  private func takeSignal() -> InputEvent? {
    var byte: UInt8 = 0
    guard read(signalRead, &byte, 1) == 1 else { return nil }
    let number = Int32(byte)
    gkm_signals_taken(number)
    switch number {
    case SIGTERM: return .signal(.terminate)
    case SIGINT: return .signal(.interrupt)
    case SIGHUP:
      hungUp = true
      return .hangup
    case SIGWINCH: return onRawSignal(.resized)
    case SIGTSTP: return onRawSignal(.stop)
    case SIGCONT: return onRawSignal(.continued)
    default: return nil
    }
  }

  private func now() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
  }
}

extension Duration {
  /// Rounded up, so that a wait is never cut to nothing.
  var milliseconds: Int64 {
    let (seconds, attoseconds) = components
    // A thousand years are as good as ever, and cannot overflow.
    if seconds > 31_557_600_000 { return 31_557_600_000_000 }
    return seconds * 1_000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
  }
}
