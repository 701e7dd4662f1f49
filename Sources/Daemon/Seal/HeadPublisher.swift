import Logging
import Market
import ServiceLifecycle

/// Takes heads away from the database's machine. Only the newest matters: what comes while one is under way replaces
/// what waits.
struct HeadPublisher: Service {
  /// What is sent, and how.
  protocol Way: Sendable {
    /// For logs and metrics.
    var name: String { get }
    /// How far apart two heads are at least.
    var interval: Duration { get }
    /// How long to wait before the first, for what was sent before the process began.
    var firstPause: Duration { get }
    /// Returns when the head is where it should be.
    func send(_ head: SignedHead) async throws
  }

  private let way: any Way
  private let telemetry: SealTelemetry
  private let logger: Logger
  private let heads: AsyncStream<SignedHead>
  private let feed: AsyncStream<SignedHead>.Continuation

  private static let pauses = [Duration.seconds(1), .seconds(5), .seconds(30), .seconds(120)]

  init(_ way: any Way, telemetry: SealTelemetry, logger: Logger) {
    self.way = way
    self.telemetry = telemetry
    self.logger = logger
    (heads, feed) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
  }

  /// Never waits.
  func offer(_ head: SignedHead) { feed.yield(head) }

  func run() async throws {
    await cancelWhenGracefulShutdown {
      try? await Task.sleep(for: way.firstPause)
      for await head in heads {
        await deliver(head)
        try? await Task.sleep(for: way.interval)
        if Task.isCancelled { return }
      }
    }
  }

  /// Tries until it is sent. A newer head waits meanwhile: the older one is consistent with it, and never wrong.
  private func deliver(_ head: SignedHead) async {
    var failures = 0
    while !Task.isCancelled {
      do {
        try await way.send(head)
        telemetry.published(to: way.name, size: head.size)
        return
      } catch {
        if Task.isCancelled { return }
        telemetry.published(to: way.name, size: nil)
        logger.warning(
          "a head could not be sent away", metadata: ["to": "\(way.name)", "error": "\(error)", "size": "\(head.size)"])
      }
      try? await Task.sleep(for: Self.pauses[min(failures, Self.pauses.count - 1)])
      failures += 1
    }
  }
}

extension HeadPublisher.Way {
  var firstPause: Duration { .zero }
}

/// Into a folder on another volume: `heads` gets each one at its end, `latest` holds the newest.
struct FolderWay: HeadPublisher.Way {
  let folder: String
  let interval: Duration
  let name = "folder"

  func send(_ head: SignedHead) async throws {
    let note = Array(head.note.spelled.utf8)
    // A head that was written just before the end of the process is not written twice.
    if try DurableFile.read("\(folder)/latest", limitBytes: 64 << 10) == note { return }
    try DurableFile.append("\(folder)/heads", note + [0x0A])
    try DurableFile.replace("\(folder)/latest", with: note)
  }
}
