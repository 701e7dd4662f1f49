import Glibc
package import Market
package import Postgres
import Store

/// Sends a vendor's file of keys to the market: read piece by piece, sealed chunk by chunk, so that neither a large file
/// nor a slow line costs memory, and nothing leaves this process in the clear.
package struct StockUpload: Sendable {
  /// What is being imported, and how.
  package struct Wish: Sendable, Equatable {
    package var listing: ListingID
    /// A file's name; `-` is standard input.
    package var path: String
    /// The column of keys in a CSV file; `nil`: `key`, if the file has one.
    package var column: String?
    package var isDryRun = false
    package var reason: String?
    /// An import of the same file whose sending was broken off.
    package var resuming: StockImportID?

    package init(listing: ListingID, path: String) {
      self.listing = listing
      self.path = path
    }

    /// What the import is called: the file's name without its folders.
    var source: String {
      path == "-" ? "standard input" : path.split(separator: "/").last.map(String.init) ?? path
    }
  }

  private let wish: Wish
  private let connection: PostgresConnection
  private let key: ExchangeKey

  private static let pieceCount = 64 << 10

  /// - Parameter key: the market's, which the caller has compared with the one it knows.
  package init(_ wish: Wish, to key: ExchangeKey, on connection: PostgresConnection) {
    self.wish = wish
    self.key = key
    self.connection = connection
  }

  /// Sends all of it; the daemon has it then. `tell` is told how many rows are sent, after each chunk.
  ///
  /// - Throws: `ConsoleFailure` where the file cannot be read, with line and column; what was sent is given up then.
  package func run(tell: @Sendable (StockImportID, Int) -> Void = { _, _ in }) async throws -> StockImportID {
    // A login without a shell has no business with this machine's files.
    guard wish.path == "-" || !RestrictedLogin.isActive else {
      throw ConsoleFailure("here keys come by standard input: ssh … stock import - … < file", status: .noPermission)
    }
    let file = wish.path == "-" ? dup(STDIN_FILENO) : open(wish.path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw Self.failure(wish.path) }
    defer { close(file) }
    var sending: Sending
    if let id = wish.resuming {
      let standing = try await connection.read { try StockActions.standing($0, id) }
      guard standing.isMine, standing.state == .uploading else {
        throw ConsoleFailure(
          "import \(id) is \(standing.state.rawValue): there is nothing to go on with", status: .badData)
      }
      sending = Sending(id: id, skipped: standing.chunks)
    } else {
      sending = Sending(id: nil, skipped: 0)
    }
    do {
      try await send(file, &sending, tell)
    } catch let error as StockFileError {
      if let id = sending.id { try? await give(up: id) }
      throw ConsoleFailure("\(wish.path): \(error)", status: .badData)
    }
    guard let id = sending.id else { throw ConsoleFailure("\(wish.path) holds no keys", status: .badData) }
    let (chunks, rows) = (sending.position, sending.rows)
    try await connection.write { try StockActions.end($0, id, chunks: chunks, rows: rows) }
    return id
  }

  private struct Sending {
    var id: StockImportID?
    /// Chunks that are there already.
    let skipped: Int
    var position = 0
    var rows = 0
    var writer = StockChunkWriter()
  }

  private func send(_ file: Int32, _ sending: inout Sending, _ tell: @Sendable (StockImportID, Int) -> Void)
    async throws
  {
    var parser = StockParser(column: wish.column)
    var piece = [UInt8](repeating: 0, count: Self.pieceCount)
    var isOver = false
    while !isOver {
      let count = read(file, &piece, piece.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw Self.failure(wish.path) }
      isOver = count == 0
      // A row that does not fit any more stands in the next chunk: those that are full are put aside until sent.
      var full: [(clear: [UInt8], rows: Int)] = []
      let add: (Int, StockParser.Row) -> Void = { line, row in
        switch row {
        case .key(let key): sending.writer.add(line: line, .key, key)
        case .noField: sending.writer.add(line: line, .malformed)
        case .tooLong: sending.writer.add(line: line, .tooLong)
        }
        if sending.writer.isFull { full.append(sending.writer.take()) }
      }
      if isOver { try parser.finish(add) } else { try parser.feed(piece[..<count], add) }
      if isOver, sending.writer.rows > 0 { full.append(sending.writer.take()) }
      for chunk in full { try await put(chunk, &sending, tell) }
    }
    for index in piece.indices { piece[index] = 0 }
  }

  private func put(
    _ chunk: (clear: [UInt8], rows: Int), _ sending: inout Sending, _ tell: @Sendable (StockImportID, Int) -> Void
  ) async throws {
    if sending.position >= sending.skipped {
      let wish = wish
      let id: StockImportID
      if let known = sending.id {
        id = known
      } else {
        id = try await connection.write {
          try StockActions.begin(
            $0, listing: wish.listing, source: wish.source, isDryRun: wish.isDryRun, reason: wish.reason)
        }
        sending.id = id
      }
      let position = sending.position
      let sealed = try key.seal(chunk.clear, for: .stock(id, position: position, rows: chunk.rows))
      try await connection.write {
        try StockActions.put($0, id, position: position, rows: chunk.rows, sealed: sealed)
      }
    }
    sending.position += 1
    sending.rows += chunk.rows
    if let id = sending.id { tell(id, sending.rows) }
  }

  /// A file that cannot be read to its end imports nothing.
  private func give(up id: StockImportID) async throws {
    try await connection.write { try StockActions.cancel($0, id, reason: "the file cannot be read to its end") }
  }

  private static func failure(_ path: String) -> ConsoleFailure {
    ConsoleFailure("cannot read \(path): \(String(cString: strerror(errno)))", status: .noInput)
  }
}
