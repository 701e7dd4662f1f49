import NIOCore
import NIOPosix
import ServiceLifecycle

/// Runs tasks on the threads that read and write sockets: one that is on such a thread stays there.
///
/// Handling a request is short, and crossing between two pools of threads, several times for each, costs as much as the
/// handling. What blocks has threads of its own, and is not run here.
final class EventLoopExecutor: TaskExecutor {
  private let group: MultiThreadedEventLoopGroup

  init(_ group: MultiThreadedEventLoopGroup) { self.group = group }

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    // From one of its threads this is that thread's loop.
    group.any().execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
  }
}

/// A service whose requests are handled where they are read.
struct OnEventLoops<Inner: Service>: Service {
  let inner: Inner

  func run() async throws {
    try await withTaskExecutorPreference(EventLoopExecutor(.singleton)) { try await inner.run() }
  }
}
