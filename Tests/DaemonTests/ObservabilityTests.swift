import CoreMetrics
import Foundation
import Glibc
import Logging
import Testing

@testable import Daemon

@Suite("Logs and metrics")
struct ObservabilityTests {
  @Test("Metrics are written as Prometheus reads them")
  func exposition() {
    let registry = PrometheusRegistry(help: ["jobs_total": "Jobs done."])
    Counter(label: "jobs_total", dimensions: [("kind", "a\"b\\c\nd")], factory: registry).increment(by: 2)
    Counter(label: "jobs_total", dimensions: [("kind", "a\"b\\c\nd")], factory: registry).increment()
    Meter(label: "queue.depth", factory: registry).set(4.5)
    let timer = CoreMetrics.Timer(label: "took_seconds", dimensions: [], factory: registry)
    for milliseconds in [0.4, 3, 30_000, 90_000] { timer.recordNanoseconds(Int64(milliseconds * 1e6)) }
    let text = registry.exposition()
    #expect(text.hasPrefix("# HELP jobs_total Jobs done.\n# TYPE jobs_total counter\n"))
    #expect(text.contains(#"jobs_total{kind="a\"b\\c\nd"} 3"# + "\n"))
    #expect(text.contains("# TYPE queue_depth gauge\nqueue_depth 4.5\n"))
    #expect(text.contains(#"took_seconds_bucket{le="0.0005"} 1"# + "\n"))
    #expect(text.contains(#"took_seconds_bucket{le="30"} 3"# + "\n"))
    #expect(text.contains(#"took_seconds_bucket{le="+Inf"} 4"# + "\n"))
    #expect(text.contains("took_seconds_count 4\n"))
  }

  @Test("A log line is one JSON object with its metadata, whatever is in it")
  func logLine() throws {
    let line = JSONLogHandler.line(
      level: .warning, message: "a\u{1} \"b\"\n", label: "gkmd",
      metadata: ["order": "GK-1", "event": .stringConvertible(7)])
    #expect(line.last == 0x0A)
    #expect(line.filter { $0 == 0x0A }.count == 1)
    let json = try #require(try JSONSerialization.jsonObject(with: Data(line)) as? [String: String])
    #expect(json["message"] == "a\u{1} \"b\"\n")
    #expect(json["order"] == "GK-1" && json["event"] == "7" && json["level"] == "warning")
    #expect(json["time"]?.hasSuffix("Z") == true)
  }

  @Test("A log that nobody reads holds nobody up: lines are dropped and counted")
  func fullLog() throws {
    var ends: [Int32] = [0, 0]
    try #require(pipe(&ends) == 0)
    let sink = LogSink(descriptor: ends[1], capacityBytes: 10_000)
    let line = Array((String(repeating: "x", count: 99) + "\n").utf8)
    let start = ContinuousClock.now
    for _ in 0..<5_000 { sink.write(line) }
    #expect(ContinuousClock.now - start < .seconds(2))
    let reader = Thread { [ends] in
      var buffer = [UInt8](repeating: 0, count: 1 << 16)
      while read(ends[0], &buffer, buffer.count) > 0 {}
    }
    reader.start()
    sink.flush(within: .seconds(5))
    close(ends[1])
  }

  @Test("Callers of one batch share it, order is kept, and too many are refused")
  func batches() async throws {
    let batcher = Batcher<Int, Int, [Int]>(.init(lanes: 1, batch: 8, waiting: 100)) { _, items in
      try? await Task.sleep(for: .milliseconds(20))
      return items.map { _ in .success(items) }
    }
    let groups = try await withThrowingTaskGroup(of: [Int].self) { group in
      for number in 0..<33 { group.addTask { try await batcher.submit(number, for: 0) } }
      return try await group.reduce(into: Set<[Int]>()) { $0.insert($1) }
    }
    #expect(groups.reduce(0) { $0 + $1.count } == 33)
    #expect(groups.map(\.count).max() == 8)
    #expect(batcher.waiting == 0)

    let narrow = Batcher<Int, Int, Int>(.init(lanes: 1, batch: 1, waiting: 2)) { _, items in
      try? await Task.sleep(for: .milliseconds(100))
      return items.map { .success($0) }
    }
    let refused = await withTaskGroup(of: Bool.self) { group in
      for number in 0..<10 {
        group.addTask {
          do {
            _ = try await narrow.submit(number, for: 0)
            return false
          } catch { return error is BatcherFull }
        }
      }
      return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
    }
    #expect(refused >= 7)
  }

  @Test("With a pace, whoever comes on the heels of a batch shares the next; a quiet key waits for nothing")
  func paced() async throws {
    let pace = Duration.milliseconds(300)
    let batcher = Batcher<Int, Int, [Int]>(.init(lanes: 3, batch: 8, waiting: 100, pace: pace)) { _, items in
      items.map { _ in .success(items) }
    }
    let start = ContinuousClock.now
    #expect(try await batcher.submit(0, for: 0) == [0])
    #expect(ContinuousClock.now - start < pace)
    let groups = try await withThrowingTaskGroup(of: [Int].self) { group in
      for number in 1...5 { group.addTask { try await batcher.submit(number, for: 0) } }
      return try await group.reduce(into: Set<Set<Int>>()) { $0.insert(Set($1)) }
    }
    #expect(groups == [[1, 2, 3, 4, 5]])
    #expect(ContinuousClock.now - start >= pace)
    // A batch that is full waits for nobody, and of a quiet key none does.
    let full = try await withThrowingTaskGroup(of: [Int].self) { group in
      for number in 0..<16 { group.addTask { try await batcher.submit(number, for: 1) } }
      return try await group.reduce(into: Set<[Int]>()) { $0.insert($1) }
    }
    #expect(full.reduce(0) { $0 + $1.count } == 16)
    try await Task.sleep(for: pace * 2)
    let quiet = ContinuousClock.now
    #expect(try await batcher.submit(6, for: 0) == [6])
    #expect(ContinuousClock.now - quiet < pace)
  }
}
