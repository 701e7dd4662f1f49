import Market

/// A vendor's file of keys: one to a line, or CSV (RFC 4180) with a column `key`.
///
/// It is CSV if its first line that is not blank has a field `key`. In a plain file blank lines and lines that begin
/// with `#` are left out. Line numbers are those of an editor, from 1.
package struct StockFile: Sendable {
  package private(set) var lines: [StockImport.Line] = []
  /// Lines that hold no key that could be read.
  package private(set) var refused: [StockImport.Refused] = []
  /// All lines that were meant as keys.
  package var count: Int { lines.count + refused.count }

  /// Throws `StockFileError` where the file as a whole cannot be read.
  package init(_ file: [UInt8]) throws {
    let text = file.starts(with: [0xEF, 0xBB, 0xBF]) ? file[3...] : file[...]
    let first = text.split(separator: 0x0A, maxSplits: 64).first { !Self.trimmed($0).isEmpty } ?? []
    let header = Self.fields(ofHeader: first)
    if let column = header.firstIndex(of: "key") {
      try readCSV(text, column: column)
    } else if header.count > 1, header.contains(where: { $0.contains("key") || $0.contains("code") }) {
      throw StockFileError(line: 1, column: 1, "this looks like CSV, and no column is called `key`")
    } else {
      readPlain(text)
    }
  }

  private mutating func readPlain(_ text: ArraySlice<UInt8>) {
    for (index, bytes) in text.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated() {
      let key = Self.trimmed(bytes)
      if key.isEmpty || key.first == UInt8(ascii: "#") { continue }
      add(key, line: index + 1)
    }
  }

  private mutating func readCSV(_ text: ArraySlice<UInt8>, column: Int) throws {
    var reader = CSVReader(text)
    var isHeader = true
    while let record = try reader.next() {
      if record.fields.count == 1, Self.trimmed(record.fields[0][...]).isEmpty { continue }
      defer { isHeader = false }
      if isHeader { continue }
      guard record.fields.count > column else {
        refused.append(.init(line: record.line, why: .noField))
        continue
      }
      add(Self.trimmed(record.fields[column][...]), line: record.line)
    }
  }

  private mutating func add(_ key: ArraySlice<UInt8>, line: Int) {
    guard let key = String(validating: key, as: UTF8.self) else {
      refused.append(.init(line: line, why: .notUTF8))
      return
    }
    lines.append(StockImport.Line(number: line, key: key))
  }

  private static func fields(ofHeader line: ArraySlice<UInt8>) -> [String] {
    line.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false).map { field in
      let bare = trimmed(field).filter { $0 != UInt8(ascii: "\"") }
      return String(decoding: bare.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }, as: UTF8.self)
    }
  }

  private static func trimmed(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
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

/// Takes records of CSV one by one.
private struct CSVReader {
  struct Record {
    /// Where it begins.
    let line: Int
    var fields: [[UInt8]] = []
  }

  private let bytes: ArraySlice<UInt8>
  private var position: Int
  private var line = 1
  private var lineStart: Int

  init(_ bytes: ArraySlice<UInt8>) {
    self.bytes = bytes
    position = bytes.startIndex
    lineStart = bytes.startIndex
  }

  mutating func next() throws(StockFileError) -> Record? {
    guard position < bytes.endIndex else { return nil }
    var record = Record(line: line)
    while true {
      record.fields.append(try field())
      guard position < bytes.endIndex else { return record }
      let separator = bytes[position]
      position += 1
      if separator == UInt8(ascii: ",") { continue }
      line += 1
      lineStart = position
      return record
    }
  }

  /// Stops at a comma, a line's end or the end of all.
  private mutating func field() throws(StockFileError) -> [UInt8] {
    guard position < bytes.endIndex, bytes[position] == UInt8(ascii: "\"") else { return bare() }
    let opening = error("this quote is never closed")
    position += 1
    var value: [UInt8] = []
    while position < bytes.endIndex {
      let byte = bytes[position]
      position += 1
      if byte == 0x0A {
        line += 1
        lineStart = position
      } else if byte == UInt8(ascii: "\"") {
        guard position < bytes.endIndex, bytes[position] == byte else { return try closed(value) }
        position += 1
      }
      value.append(byte)
    }
    throw opening
  }

  private mutating func bare() -> [UInt8] {
    let start = position
    while position < bytes.endIndex, bytes[position] != 0x0A, bytes[position] != UInt8(ascii: ",") { position += 1 }
    return Array(bytes[start..<position])
  }

  private mutating func closed(_ value: [UInt8]) throws(StockFileError) -> [UInt8] {
    while position < bytes.endIndex, bytes[position] == 0x20 || bytes[position] == 0x0D { position += 1 }
    guard position == bytes.endIndex || bytes[position] == 0x0A || bytes[position] == UInt8(ascii: ",") else {
      throw error("after a closing quote comes a comma or the line's end")
    }
    return value
  }

  private func error(_ message: String) -> StockFileError {
    StockFileError(line: line, column: position - lineStart + 1, message)
  }
}
