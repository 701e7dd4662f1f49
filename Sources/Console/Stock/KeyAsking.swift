package import Market
package import Postgres
package import Store

/// Asks the daemon for a key, or by one, and waits for its sealed answer: nothing but this process can open it.
package struct KeyAsking: Sendable {
  private let connection: PostgresConnection
  private let key: ExchangeKey

  private static let pollInterval = Duration.milliseconds(150)
  private static let patience = Duration.seconds(25)

  /// - Parameter key: the market's, which the caller has compared with the one it knows.
  package init(_ key: ExchangeKey, on connection: PostgresConnection) {
    self.key = key
    self.connection = connection
  }

  package enum Answer: Sendable {
    case key(RevealedKey)
    /// Somebody else has to agree, and it has to be asked for again then.
    case awaitsApproval(KeyRequestID)
  }

  /// A key of the stock.
  package func reveal(_ unit: StockUnitID, reason: String) async throws -> Answer {
    let answerKey = AnswerKey()
    let publicKey = answerKey.publicKey
    let asked = try await connection.write {
      try KeyActions.reveal($0, unit, reason: reason, answerKey: publicKey)
    }
    guard case .queued(let request) = asked else {
      guard case .awaitingApproval(let request) = asked else { throw Self.silence }
      return .awaitsApproval(request)
    }
    let sealed = try await waiting { try KeyActions.fetch($0, request) }
    guard let clear = try? answerKey.open(sealed, from: key, for: .reveal(request, unit)) else {
      throw ConsoleFailure("what came back does not open: it is not the market's answer", status: .noPermission)
    }
    return .key(RevealedKey(bytes: clear))
  }

  /// What a key is known to be, as it was typed or pasted by this login.
  package func find(_ text: String, login: String) async throws -> KeyActions.Found {
    let clear = Array(text.utf8)
    guard (1...StockChunk.longestKey).contains(clear.count) else {
      throw ConsoleFailure("a key has 1 to \(StockChunk.longestKey) bytes", status: .badData)
    }
    let sealed = try key.seal(clear, for: .find(login: login))
    let request = try await connection.write { try KeyActions.find($0, sealed: sealed) }
    return try await waiting { try KeyActions.found($0, request) }
  }

  private func waiting<T: Sendable>(
    _ take: @escaping @Sendable (borrowing Session) throws -> T?
  ) async throws -> T {
    let start = ContinuousClock.now
    while ContinuousClock.now - start < Self.patience {
      if let answer = try await connection.write({ try take($0) }) { return answer }
      try await Task.sleep(for: Self.pollInterval)
    }
    throw Self.silence
  }

  private static let silence = ConsoleFailure(
    "the daemon does not answer: see 'gkm work', or try again", status: .temporary)
}

/// A key in the clear, for as long as it is looked at. Never prints itself.
package struct RevealedKey: Sendable, Equatable {
  private let bytes: [UInt8]

  package init(bytes: [UInt8]) { self.bytes = bytes }

  /// As the vendor wrote it. Goes on a person's screen and nowhere else.
  package var text: String { String(decoding: bytes, as: UTF8.self) }
}

extension RevealedKey: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  package var description: String { "RevealedKey(redacted)" }
  package var debugDescription: String { description }
  package var customMirror: Mirror { Mirror(self, children: []) }
}
