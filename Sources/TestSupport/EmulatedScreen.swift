/// A small terminal: what a program's bytes look like. It knows what ncurses sends to xterm-256color, and keeps a list
/// of what it does not know, so that a test cannot pass by misunderstanding.
package struct EmulatedScreen: Sendable {
  package struct Cell: Sendable, Equatable {
    /// Empty in the right half of a wide character.
    package var text: String = " "
    package var bold = false
    package var dim = false
    package var italic = false
    package var underline = false
    package var reverse = false
    /// -1 is the default.
    package var foreground = -1
    package var background = -1
  }

  package private(set) var rows: Int
  package private(set) var columns: Int
  package private(set) var cells: [[Cell]]
  package private(set) var cursor = (row: 0, column: 0)
  /// Private modes that are on, such as 25 (cursor shown), 1049 (other screen), 2004 (bracketed paste).
  package private(set) var modes: Set<Int> = [7, 25]
  /// Sequences that were not understood.
  package private(set) var unknown: [String] = []
  /// Texts put on the clipboard, still in base64.
  package private(set) var clipboard: [String] = []

  private var pen = Cell()
  private var region = 0...23
  private var wrapDue = false
  private var lastText = " "
  private var pending: [UInt8] = []

  package init(rows: Int, columns: Int) {
    (self.rows, self.columns) = (rows, columns)
    cells = Array(repeating: Array(repeating: Cell(), count: columns), count: rows)
    region = 0...(rows - 1)
  }

  package mutating func resize(rows: Int, columns: Int) {
    var next = EmulatedScreen(rows: rows, columns: columns)
    for row in 0..<min(rows, self.rows) {
      for column in 0..<min(columns, self.columns) { next.cells[row][column] = cells[row][column] }
    }
    (next.modes, next.unknown, next.clipboard, next.pen) = (modes, unknown, clipboard, pen)
    (next.pending, next.cursor) = (pending, (min(cursor.row, rows - 1), min(cursor.column, columns - 1)))
    self = next
  }

  /// One row without trailing spaces.
  package func line(_ row: Int) -> String {
    var line = cells[row].map(\.text).joined()
    while line.last == " " { line.removeLast() }
    return line
  }

  package var lines: [String] { (0..<rows).map(line) }
  package var text: String { lines.map { $0 + "\n" }.joined() }
  package var isOtherScreen: Bool { modes.contains(1049) }
  package var isCursorShown: Bool { modes.contains(25) }

  // MARK: - Bytes

  package mutating func feed(_ bytes: some Sequence<UInt8>) {
    pending += bytes
    var at = 0
    while at < pending.count {
      let used = take(pending[at...])
      if used == 0 { break }
      at += used
    }
    pending.removeFirst(at)
  }

  /// Takes one character or sequence; 0 if it is not whole yet.
  private mutating func take(_ bytes: ArraySlice<UInt8>) -> Int {
    let first = bytes[bytes.startIndex]
    switch first {
    case 0x1B: return takeEscape(bytes)
    case 0x08:
      cursor.column = max(0, cursor.column - 1)
      wrapDue = false
    case 0x09: cursor.column = min(columns - 1, (cursor.column / 8 + 1) * 8)
    case 0x0A: lineFeed()
    case 0x0D:
      cursor.column = 0
      wrapDue = false
    case 0x07, 0x0E, 0x0F: break
    case 0..<0x20: unknown.append("control \(first)")
    default:
      let length = first < 0x80 ? 1 : first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2
      guard bytes.count >= length else { return 0 }
      put(String(decoding: bytes.prefix(length), as: UTF8.self))
      return length
    }
    return 1
  }

  private mutating func takeEscape(_ bytes: ArraySlice<UInt8>) -> Int {
    let all = Array(bytes.prefix(100_000))
    guard all.count > 1 else { return 0 }
    switch all[1] {
    case 0x5B:
      guard let end = all[2...].firstIndex(where: { $0 >= 0x40 && $0 <= 0x7E }) else { return 0 }
      control(String(decoding: all[2..<end], as: UTF8.self), Character(Unicode.Scalar(all[end])))
      return end + 1
    case 0x5D:
      guard let end = all.firstIndex(where: { $0 == 0x07 }) else { return 0 }
      let text = String(decoding: all[2..<end], as: UTF8.self)
      if text.hasPrefix("52;c;") { clipboard.append(String(text.dropFirst(5))) } else { unknown.append("OSC \(text)") }
      return end + 1
    case 0x28, 0x29: return all.count > 2 ? 3 : 0
    case 0x4D: reverseLineFeed()
    case 0x37, 0x38, 0x3D, 0x3E: break
    default: unknown.append("ESC \(Character(Unicode.Scalar(all[1])))")
    }
    return 2
  }

  private mutating func put(_ text: String) {
    guard let scalar = text.unicodeScalars.first else { return }
    let width = EmulatedScreen.width(scalar)
    if width == 0 {
      var column = wrapDue ? cursor.column : max(0, cursor.column - 1)
      if cells[cursor.row][column].text.isEmpty, column > 0 { column -= 1 }
      cells[cursor.row][column].text += text
      return
    }
    if wrapDue || cursor.column + width > columns {
      cursor.column = 0
      lineFeed()
    }
    wrapDue = false
    lastText = text
    tear(cursor.column)
    if width == 2 { tear(cursor.column + 1) }
    cells[cursor.row][cursor.column] = pen
    cells[cursor.row][cursor.column].text = text
    if width == 2 {
      cells[cursor.row][cursor.column + 1] = pen
      cells[cursor.row][cursor.column + 1].text = ""
    }
    cursor.column += width
    if cursor.column >= columns {
      cursor.column = columns - 1
      wrapDue = true
    }
  }

  /// What is left of a wide character that is written over is a space.
  private mutating func tear(_ column: Int) {
    guard column < columns else { return }
    if cells[cursor.row][column].text.isEmpty, column > 0 { cells[cursor.row][column - 1].text = " " }
    if column + 1 < columns, cells[cursor.row][column + 1].text.isEmpty { cells[cursor.row][column + 1].text = " " }
  }

  /// Coarse on purpose, and not the program's own table.
  private static func width(_ scalar: Unicode.Scalar) -> Int {
    switch scalar.properties.generalCategory {
    case .nonspacingMark, .enclosingMark: return 0
    default: break
    }
    switch scalar.value {
    case 0x1160...0x11FF: return 0
    case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F,
      0xFF01...0xFF60, 0x1F300...0x1F64F, 0x1F680...0x1F6FF, 0x1F900...0x1FAFF, 0x20000...0x3FFFD:
      return 2
    default: return 1
    }
  }

  // MARK: - Control sequences

  private mutating func control(_ parameters: String, _ final: Character) {
    if parameters.hasPrefix("?") {
      for mode in parameters.dropFirst().split(separator: ";").compactMap({ Int($0) }) {
        if final == "h" { modes.insert(mode) } else if final == "l" { modes.remove(mode) }
      }
      return
    }
    let numbers = parameters.split(separator: ";", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
    let count = max(1, numbers.first ?? 1)
    switch final {
    case "H", "f": move(count - 1, max(1, numbers.count > 1 ? numbers[1] : 1) - 1)
    case "A": move(cursor.row - count, cursor.column)
    case "B": move(cursor.row + count, cursor.column)
    case "C": move(cursor.row, cursor.column + count)
    case "D": move(cursor.row, cursor.column - count)
    case "G", "`": move(cursor.row, count - 1)
    case "d": move(count - 1, cursor.column)
    case "J": eraseDisplay(numbers.first ?? 0)
    case "K": eraseLine(numbers.first ?? 0)
    case "X": blank(cursor.row, cursor.column..<min(columns, cursor.column + count))
    case "b": for _ in 0..<count { put(lastText) }
    case "P", "@": shift(count, inserting: final == "@")
    case "L", "M": scroll(cursor.row...region.upperBound, by: final == "M" ? count : -count)
    case "S", "T": scroll(region, by: final == "S" ? count : -count)
    case "r":
      region = (count - 1)...((numbers.count > 1 ? max(1, numbers[1]) : rows) - 1)
      move(0, 0)
    case "m": rendition(numbers.isEmpty ? [0] : numbers)
    case "l", "h", "t": break
    default: unknown.append("CSI \(parameters)\(final)")
    }
  }

  private mutating func move(_ row: Int, _ column: Int) {
    cursor = (min(max(0, row), rows - 1), min(max(0, column), columns - 1))
    wrapDue = false
  }

  private mutating func lineFeed() {
    if cursor.row == region.upperBound { scroll(region, by: 1) } else { cursor.row = min(rows - 1, cursor.row + 1) }
  }

  private mutating func reverseLineFeed() {
    if cursor.row == region.lowerBound { scroll(region, by: -1) } else { cursor.row = max(0, cursor.row - 1) }
  }

  private var blankCell: Cell { Cell(background: pen.background) }

  private mutating func scroll(_ range: ClosedRange<Int>, by count: Int) {
    let empty = Array(repeating: blankCell, count: columns)
    for _ in 0..<min(abs(count), range.count) {
      if count > 0 {
        cells.remove(at: range.lowerBound)
        cells.insert(empty, at: range.upperBound)
      } else {
        cells.remove(at: range.upperBound)
        cells.insert(empty, at: range.lowerBound)
      }
    }
  }

  private mutating func shift(_ count: Int, inserting: Bool) {
    for _ in 0..<min(count, columns - cursor.column) {
      if inserting {
        cells[cursor.row].removeLast()
        cells[cursor.row].insert(blankCell, at: cursor.column)
      } else {
        cells[cursor.row].remove(at: cursor.column)
        cells[cursor.row].append(blankCell)
      }
    }
  }

  private mutating func blank(_ row: Int, _ range: Range<Int>) {
    for column in range { cells[row][column] = blankCell }
  }

  private mutating func eraseLine(_ how: Int) {
    blank(cursor.row, how == 0 ? cursor.column..<columns : how == 1 ? 0..<(cursor.column + 1) : 0..<columns)
  }

  private mutating func eraseDisplay(_ how: Int) {
    if how != 2 && how != 3 { eraseLine(how) }
    let others = how == 0 ? (cursor.row + 1)..<rows : how == 1 ? 0..<cursor.row : 0..<rows
    for row in others { blank(row, 0..<columns) }
  }

  private mutating func rendition(_ numbers: [Int]) {
    var index = 0
    while index < numbers.count {
      let number = numbers[index]
      index += 1
      switch number {
      case 0: pen = Cell()
      case 1: pen.bold = true
      case 2: pen.dim = true
      case 3: pen.italic = true
      case 4: pen.underline = true
      case 7: pen.reverse = true
      case 22: (pen.bold, pen.dim) = (false, false)
      case 23: pen.italic = false
      case 24: pen.underline = false
      case 27: pen.reverse = false
      case 30...37: pen.foreground = number - 30
      case 90...97: pen.foreground = number - 82
      case 39: pen.foreground = -1
      case 40...47: pen.background = number - 40
      case 100...107: pen.background = number - 92
      case 49: pen.background = -1
      case 38 where index + 1 < numbers.count && numbers[index] == 5:
        pen.foreground = numbers[index + 1]
        index += 2
      case 48 where index + 1 < numbers.count && numbers[index] == 5:
        pen.background = numbers[index + 1]
        index += 2
      default: unknown.append("SGR \(number)")
      }
    }
  }
}
