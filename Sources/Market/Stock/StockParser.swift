/// Reads a vendor's file of keys piece by piece: one key to a line, or CSV (RFC 4180) with a column of keys. However
/// long the file is, no more than a line of it is kept.
///
/// It is CSV if its first line that is not blank has the named field. In a plain file blank lines and lines that begin
/// with `#` are left out. Line numbers are those of an editor, from 1.
package struct StockParser: Sendable {
  /// A row that was meant as a key.
  package enum Row: Equatable, Sendable {
    /// Without blanks around it; any bytes.
    case key(ArraySlice<UInt8>)
    /// The record ends before the column of keys.
    case noField
    /// Longer than `StockChunk.longestKey`.
    case tooLong
  }

  private enum Mode {
    /// Nothing but the beginning is known.
    case deciding
    case plain
    case csv(column: Int)
  }

  /// Where in a record of CSV the next byte stands.
  private enum Place {
    case fieldStart, bare, quoted, closed
  }

  private let column: String
  private let isColumnDemanded: Bool
  private var mode = Mode.deciding
  private var head: [UInt8] = []
  private var line = 1
  private var bytesInLine = 0

  private var value: [UInt8] = []
  private var isOverlong = false
  private var place = Place.fieldStart
  private var field = 0
  private var recordLine = 1
  private var opening = (line: 1, column: 1)
  private var isHeader = true
  private var hasContent = false
  private var found: ArraySlice<UInt8>?
  private var isFoundOverlong = false

  /// How much of the beginning may pass until the first line ends.
  private static let headLimit = 64 << 10
  private static let valueLimit = 4 << 10

  /// - Parameter column: the name of the column of keys, whatever its case; where it is not `nil` the file must have it.
  package init(column: String? = nil) {
    self.column = (column ?? "key").lowercased()
    isColumnDemanded = column != nil
  }

  /// Takes the next piece of the file; calls `each` for every row that ends in it.
  package mutating func feed(
    _ piece: some Sequence<UInt8>, _ each: (_ line: Int, Row) throws -> Void
  ) throws {
    guard case .deciding = mode else { return try take(piece, each) }
    head += piece
    try decide(atEnd: false, each)
  }

  /// The file is over.
  package mutating func finish(_ each: (_ line: Int, Row) throws -> Void) throws {
    if case .deciding = mode { try decide(atEnd: true, each) }
    switch mode {
    case .deciding: break
    case .plain: if bytesInLine > 0 { try endLine(each) }
    case .csv(let column):
      if place == .quoted {
        throw StockFileError(line: opening.line, column: opening.column, "this quote is never closed")
      }
      if hasContent || place != .fieldStart || field > 0 { try endRecord(column, each) }
    }
  }

  private mutating func decide(atEnd: Bool, _ each: (Int, Row) throws -> Void) throws {
    if !atEnd, head.count < 3 { return }
    let bom = head.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    guard let first = firstLine(from: bom, atEnd: atEnd) else { return }
    let names = Self.fields(ofHeader: first)
    if let index = names.firstIndex(of: column) {
      mode = .csv(column: index)
    } else if isColumnDemanded
      || names.count > 1 && names.contains(where: { $0.contains("key") || $0.contains("code") })
    {
      throw StockFileError(line: 1, column: 1, "this looks like CSV, and no column is called `\(column)`")
    } else {
      mode = .plain
    }
    let rest = head[bom...]
    head = []
    try take(rest, each)
  }

  /// The first line that is not blank; `nil` while it has not ended.
  private func firstLine(from start: Int, atEnd: Bool) -> ArraySlice<UInt8>? {
    var start = start
    while let end = head[start...].firstIndex(of: 0x0A) {
      if !Self.trimmed(head[start..<end]).isEmpty { return head[start..<end] }
      start = end + 1
    }
    return atEnd || head.count > Self.headLimit ? head[start...] : nil
  }

  private mutating func take(_ piece: some Sequence<UInt8>, _ each: (Int, Row) throws -> Void) throws {
    switch mode {
    case .deciding: break
    case .plain:
      for byte in piece {
        if byte == 0x0A {
          try endLine(each)
        } else {
          bytesInLine += 1
          add(byte)
        }
      }
    case .csv(let column):
      for byte in piece { try takeCSV(byte, column, each) }
    }
  }

  private mutating func add(_ byte: UInt8) {
    if value.count < Self.valueLimit { value.append(byte) } else { isOverlong = true }
  }

  // MARK: Plain

  private mutating func endLine(_ each: (Int, Row) throws -> Void) throws {
    let key = Self.trimmed(value[...])
    if !key.isEmpty, key.first != UInt8(ascii: "#") {
      try each(line, isOverlong || key.count > StockChunk.longestKey ? .tooLong : .key(key))
    }
    value.removeAll(keepingCapacity: true)
    isOverlong = false
    bytesInLine = 0
    line += 1
  }

  // MARK: CSV

  private mutating func takeCSV(_ byte: UInt8, _ column: Int, _ each: (Int, Row) throws -> Void) throws {
    bytesInLine += 1
    switch place {
    case .fieldStart where byte == UInt8(ascii: "\""):
      opening = (line, bytesInLine)
      place = .quoted
      hasContent = true
    case .fieldStart, .bare:
      if byte == 0x0A {
        try endRecord(column, each)
      } else if byte == UInt8(ascii: ",") {
        endField(column)
      } else {
        place = .bare
        keep(byte, column)
      }
    case .quoted:
      if byte == UInt8(ascii: "\"") {
        place = .closed
      } else {
        keep(byte, column)
        if byte == 0x0A { newLine() }
      }
    case .closed:
      switch byte {
      case UInt8(ascii: "\"") where !isPadded:
        keep(byte, column)
        place = .quoted
      case 0x20, 0x0D: isPadded = true
      case UInt8(ascii: ","): endField(column)
      case 0x0A: try endRecord(column, each)
      default:
        throw StockFileError(
          line: line, column: bytesInLine, "after a closing quote comes a comma or the line's end")
      }
    }
  }

  /// Blanks stood behind the closing quote: another quote there is none that was doubled.
  private var isPadded = false

  private mutating func keep(_ byte: UInt8, _ column: Int) {
    if byte != 0x20, byte != 0x09, byte != 0x0D { hasContent = true }
    if field == column { add(byte) }
  }

  private mutating func endField(_ column: Int) {
    if field == column {
      let key = Self.trimmed(value[...])
      found = ArraySlice(Array(key))
      isFoundOverlong = isOverlong || key.count > StockChunk.longestKey
    }
    value.removeAll(keepingCapacity: true)
    isOverlong = false
    isPadded = false
    hasContent = true
    field += 1
    place = .fieldStart
  }

  private mutating func endRecord(_ column: Int, _ each: (Int, Row) throws -> Void) throws {
    let isBlank = field == 0 && !hasContent
    endField(column)
    defer {
      newLine()
      recordLine = line
      field = 0
      hasContent = false
      found = nil
    }
    if isBlank { return }
    if isHeader {
      isHeader = false
      return
    }
    guard let found else { return try each(recordLine, .noField) }
    try each(recordLine, isFoundOverlong ? .tooLong : .key(found))
  }

  private mutating func newLine() {
    line += 1
    bytesInLine = 0
  }

  private static func fields(ofHeader line: ArraySlice<UInt8>) -> [String] {
    line.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false).map { field in
      let bare = trimmed(field).filter { $0 != UInt8(ascii: "\"") }
      return String(decoding: bare, as: UTF8.self).lowercased()
    }
  }

  static func trimmed(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0D }
    var bytes = bytes
    while let first = bytes.first, isBlank(first) { bytes.removeFirst() }
    while let last = bytes.last, isBlank(last) { bytes.removeLast() }
    return bytes
  }
}

/// A file of keys that cannot be read, and where.
package struct StockFileError: Error, Equatable, CustomStringConvertible {
  package let line: Int
  package let column: Int
  package let message: String

  package init(line: Int, column: Int, _ message: String) {
    self.line = line
    self.column = column
    self.message = message
  }

  package var description: String { "line \(line), column \(column): \(message)" }
}
