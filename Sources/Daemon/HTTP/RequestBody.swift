import HTTPTypes
package import Hummingbird
import NIOCore
import Synchronization

/// How many bytes of request bodies may be in memory at once, over all connections.
package final class BodyBudget: Sendable {
  private let free: Mutex<Int>

  package init(bytes: Int) {
    free = Mutex(bytes)
  }

  fileprivate func take(_ bytes: Int) -> Bool {
    free.withLock { free in
      guard free >= bytes else { return false }
      free -= bytes
      return true
    }
  }

  fileprivate func giveBack(_ bytes: Int) {
    free.withLock { $0 += bytes }
  }
}

extension Request {
  /// Reads the whole body and lends it to `use`, whose bytes count against the budget as long as it runs.
  ///
  /// Throws a `Problem`: 413 beyond `limitBytes` (told by the announced length before a byte is read), 408 if it takes
  /// longer than `timeout`, 400 where its framing is wrong, 503 where the budget is spent. A connection whose request was not read to its end is closed.
  package func withBody<T: Sendable>(
    limitBytes: Int, timeout: Duration, budget: BodyBudget, _ use: ([UInt8]) async throws -> T
  ) async throws -> T {
    var taken = 0
    defer { budget.giveBack(taken) }
    let announced = headers[.contentLength].flatMap { Int($0) } ?? 0
    guard announced <= limitBytes else { throw await refuseTooLarge(limitBytes: limitBytes, timeout: timeout) }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(min(announced, 64 << 10))
    let start = ContinuousClock.now
    var iterator = body.makeAsyncIterator()
    while let chunk = try await Self.next(&iterator) {
      guard bytes.count + chunk.readableBytes <= limitBytes else {
        await Self.discard(&iterator, until: start + timeout)
        throw Problem.tooLarge(limitBytes)
      }
      guard ContinuousClock.now - start < timeout else {
        throw Problem(408, "TOO_SLOW", "The request's body took too long.", closesConnection: true)
      }
      guard budget.take(chunk.readableBytes) else {
        var problem = Problem.unavailable
        problem.closesConnection = true
        throw problem
      }
      taken += chunk.readableBytes
      chunk.withUnsafeReadableBytes { bytes.append(contentsOf: $0) }
    }
    return try await use(bytes)
  }

  /// What is framed wrongly, as a piece whose length is no number, is the client's fault and nothing of ours failed.
  private static func next(_ iterator: inout RequestBody.AsyncIterator) async throws -> ByteBuffer? {
    do {
      return try await iterator.next()
    } catch let error as CancellationError {
      throw error
    } catch {
      throw Problem(400, "BAD_BODY", "The request's body cannot be read to its end.", closesConnection: true)
    }
  }

  /// A client that waits for leave to send is told at once; another is read for a while, so that it hears the answer
  /// instead of a reset.
  private func refuseTooLarge(limitBytes: Int, timeout: Duration) async -> Problem {
    if headers[.expect] == nil {
      var iterator = body.makeAsyncIterator()
      await Self.discard(&iterator, until: .now + timeout)
    }
    return .tooLarge(limitBytes)
  }

  private static let discardLimitBytes = 8 << 20

  private static func discard(_ iterator: inout RequestBody.AsyncIterator, until end: ContinuousClock.Instant) async {
    var count = 0
    while count < discardLimitBytes, ContinuousClock.now < end, let chunk = try? await iterator.next() {
      count += chunk.readableBytes
    }
  }
}

extension Problem {
  static func tooLarge(_ limitBytes: Int) -> Problem {
    Problem(
      413, "TOO_LARGE", "The request's body is larger than \(limitBytes) bytes.", numbers: ["limit": Int64(limitBytes)],
      closesConnection: true)
  }
}
