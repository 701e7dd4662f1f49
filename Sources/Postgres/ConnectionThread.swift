import Glibc
import Synchronization

/// The thread of one connection, and the executor of its actor.
///
/// Between jobs it sleeps in `poll(2)` on a wake signal and, if asked, on the connection's socket, so that
/// notifications and the end of the session are noticed at once. `stop()` ends the thread; a job enqueued later (a call
/// on a closed connection) is run, still one at a time, by a task.
///
/// `@unchecked Sendable`: `shared` is a mutex; `watch` is touched only by whoever runs the jobs, one at a time.
final class ConnectionThread: SerialExecutor, @unchecked Sendable {
  private struct Shared {
    var jobs: [UnownedJob] = []
    var isSleeping = false
    var isStopping = false
    /// Whether somebody, the thread or a task after it, is running the jobs.
    var isRunning = true
  }

  /// What to watch between jobs: a descriptor (negative: none), and what to do when it can be read; false ends the watch.
  struct Watch {
    let descriptor: () -> Int32
    let onReadable: () -> Bool
  }

  private let shared = Mutex(Shared())
  private var watch: Watch?
  let wake: WakeSignal

  init() throws(PostgresError) {
    wake = try WakeSignal()
    // The thread keeps this object alive until it ends.
    if !startThread({ self.run() }) {
      throw PostgresError(.connect, "no thread for a connection: \(String(cString: strerror(errno)))")
    }
  }

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    let (mustWake, mustRun) = shared.withLock { shared in
      shared.jobs.append(job)
      let mustWake = shared.isSleeping
      shared.isSleeping = false
      let mustRun = !shared.isRunning
      shared.isRunning = true
      return (mustWake, mustRun)
    }
    if mustWake { wake.signal() }
    if mustRun { Task.detached { self.run() } }
  }

  /// Ends the thread once its jobs are done.
  func stop() {
    shared.withLock { $0.isStopping = true }
    wake.signal()
  }

  /// Sets what is watched between jobs. Only from a job.
  func watch(_ watch: Watch?) {
    self.watch = watch
  }

  private enum Turn {
    case jobs([UnownedJob])
    case sleep
    case end
  }

  private func run() {
    while true {
      let turn = shared.withLock { shared -> Turn in
        if !shared.jobs.isEmpty {
          defer { shared.jobs = [] }
          return .jobs(shared.jobs)
        }
        if shared.isStopping { return .end }
        shared.isSleeping = true
        return .sleep
      }
      switch turn {
      case .jobs(let jobs):
        for job in jobs { job.runSynchronously(on: asUnownedSerialExecutor()) }
      case .sleep:
        sleep()
      case .end:
        watch = nil
        let isDone = shared.withLock { shared in
          if shared.jobs.isEmpty { shared.isRunning = false }
          return shared.jobs.isEmpty
        }
        if isDone { return }
      }
    }
  }

  private func sleep() {
    var descriptors = [pollfd(fd: wake.descriptor, events: Int16(POLLIN), revents: 0)]
    if let watch { descriptors.append(pollfd(fd: watch.descriptor(), events: Int16(POLLIN), revents: 0)) }
    _ = poll(&descriptors, nfds_t(descriptors.count), -1)
    shared.withLock { $0.isSleeping = false }
    if descriptors[0].revents != 0 { wake.drain() }
    if descriptors.count > 1, descriptors[1].revents != 0, let watch, !watch.onReadable() {
      self.watch = nil
    }
  }
}
