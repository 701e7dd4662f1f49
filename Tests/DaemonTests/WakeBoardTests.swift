import Logging
import ServiceLifecycle
import Store
import Testing

@testable import Daemon

@Suite("Workers look for work by themselves, whether anybody wakes them or not") struct WakeBoardTests {
  @Test("Without any Redis every kind gets a signal each time it is to look")
  func polling() async throws {
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    let board = WakeBoard(poll: .milliseconds(100), redis: nil, logger: logger)
    let running = Task { try await board.run() }
    await withTaskGroup { group in
      for kind in JobKind.allCases {
        group.addTask {
          var signals = board.signals(kind).makeAsyncIterator()
          // One at once, the others by the clock alone.
          for _ in 0..<5 { await signals.next() }
        }
      }
    }
    running.cancel()
    _ = await running.result
  }

  @Test("No configuration lets them sleep for longer than a second")
  func atMostASecond() throws {
    #expect(throws: ConfigurationError.self) {
      try Configuration.parse("[workers]\npoll = \"1001ms\"", named: "x", environment: [:])
    }
    let usual = try Configuration.parse("", named: "x", environment: [:]).configuration.workers.poll
    #expect(usual <= .seconds(1))
  }
}
