import Crypto

/// A piece of a vendor's file as it travels: rows with the lines they stand on, and the digest of all rows before it, so
/// that pieces of two files never make one import.
///
/// Format 1: a byte 1, the digest (32 bytes), then for each row its line (4 bytes), its kind (1), its length (2) and so
/// many bytes; numbers are big-endian.
package struct StockChunk: Sendable {
  /// What stands in a row.
  package enum Kind: UInt8, Sendable {
    case key = 0
    /// There is no such field, or nothing in it that could be a key; it has no bytes.
    case malformed = 1
    /// Longer than any key; its bytes are left out.
    case tooLong = 2
  }

  /// In bytes.
  package static let longestKey = 1_000
  package static let format: UInt8 = 1
  static let headCount = 33
  /// Rows and bytes after which a chunk is full.
  package static let fullAt = (rows: 4_000, bytes: 192 << 10)
}

/// Fills chunks one after another.
package struct StockChunkWriter: Sendable {
  private var digest = SHA256()
  private var body: [UInt8] = []
  /// Rows in the chunk that is being filled.
  package private(set) var rows = 0

  package init() { body.reserveCapacity(StockChunk.fullAt.bytes + 2_048) }

  package var isFull: Bool { rows >= StockChunk.fullAt.rows || body.count >= StockChunk.fullAt.bytes }

  package mutating func add(line: Int, _ kind: StockChunk.Kind, _ key: some Collection<UInt8> = EmptyCollection()) {
    body += bigEndian(UInt32(clamping: line))
    body.append(kind.rawValue)
    body += bigEndian(UInt16(clamping: key.count))
    body += key
    rows += 1
  }

  /// The chunk as it is sealed, and how many rows it has; begins the next one.
  package mutating func take() -> (clear: [UInt8], rows: Int) {
    let before = Array(digest.finalize())
    defer {
      digest.update(data: body)
      body.removeAll(keepingCapacity: true)
      rows = 0
    }
    return ([StockChunk.format] + before + body, rows)
  }
}

/// Reads chunks in the order in which they were filled.
package struct StockChunkReader: Sendable {
  private var digest = SHA256()

  package init() {}

  /// Calls `each` for the rows of the next chunk.
  ///
  /// - Throws: `StockChunkError` where it is no chunk, not of this many rows, or not the one behind those read before.
  package mutating func read(
    _ clear: [UInt8], rows: Int, _ each: (_ line: Int, StockChunk.Kind, ArraySlice<UInt8>) throws -> Void
  ) throws {
    guard clear.count > StockChunk.headCount, clear[0] == StockChunk.format else { throw StockChunkError.malformed }
    guard Array(digest.finalize()) == Array(clear[1..<StockChunk.headCount]) else { throw StockChunkError.otherFile }
    digest.update(data: clear[StockChunk.headCount...])
    var at = StockChunk.headCount
    var count = 0
    while at < clear.count {
      guard at + 7 <= clear.count, let kind = StockChunk.Kind(rawValue: clear[at + 4]) else {
        throw StockChunkError.malformed
      }
      let line = clear[at..<at + 4].reduce(0) { $0 << 8 | Int($1) }
      let length = Int(clear[at + 5]) << 8 | Int(clear[at + 6])
      at += 7
      guard at + length <= clear.count, line >= 1, line <= Int(Int32.max) else { throw StockChunkError.malformed }
      try each(line, kind, clear[at..<at + length])
      at += length
      count += 1
    }
    guard count == rows else { throw StockChunkError.malformed }
  }
}

/// A chunk that is not what it should be.
package enum StockChunkError: Error, CustomStringConvertible {
  case malformed
  case otherFile

  package var description: String {
    switch self {
    case .malformed: "a chunk of it cannot be read"
    case .otherFile: "its chunks are not of one file: it changed while it was sent"
    }
  }
}

/// What becomes of a row of an import.
package enum StockVerdict: String, CaseIterable, Sendable {
  case imported
  /// A dry run would have taken it.
  case wouldImport = "would_import"
  /// The same key stands on an earlier line.
  case repeated
  /// It is, or was, in this vendor's stock.
  case yours
  /// Not taken: it is looked into. Says nothing of anybody else.
  case review
  case malformed
  case tooLong = "too_long"

  /// For people.
  package var title: String {
    switch self {
    case .imported: "imported"
    case .wouldImport: "would be imported"
    case .repeated: "duplicate in the file"
    case .yours: "already in your stock"
    case .review: "refused: under review"
    case .malformed: "malformed"
    case .tooLong: "too long"
    }
  }
}
