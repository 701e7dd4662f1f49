import Market

/// A vendor's file of keys, read whole: for files that fit into memory.
package struct StockFile: Sendable {
  package private(set) var lines: [StockImport.Line] = []
  /// Lines that hold no key that could be read.
  package private(set) var refused: [StockImport.Refused] = []
  /// All lines that were meant as keys.
  package var count: Int { lines.count + refused.count }

  /// Throws `StockFileError` where the file as a whole cannot be read.
  package init(_ file: [UInt8]) throws {
    var parser = StockParser()
    var lines: [StockImport.Line] = []
    var refused: [StockImport.Refused] = []
    func take(_ line: Int, _ row: StockParser.Row) {
      switch row {
      case .noField: refused.append(.init(line: line, why: .noField))
      case .tooLong: refused.append(.init(line: line, why: .tooLong))
      case .key(let bytes):
        guard let key = String(validating: bytes, as: UTF8.self) else {
          refused.append(.init(line: line, why: .notUTF8))
          return
        }
        lines.append(StockImport.Line(number: line, key: key))
      }
    }
    try parser.feed(file, take)
    try parser.finish(take)
    self.lines = lines
    self.refused = refused
  }
}
