import Glibc
import TOMLKit

/// The file that a person's choices are kept in: `remembered.toml` beside `config.toml`.
///
/// Nothing depends on it: one that cannot be read is as none, and one that cannot be written stays as it is.
package struct RememberedFile: Sendable, Equatable {
  package let path: String

  package init(path: String) { self.path = path }

  /// Bytes that are read at most.
  static let sizeLimit = 256 << 10

  /// The person's own; `nil` where they have no folder for it and none can be made in their home.
  package static var ofPerson: RememberedFile? {
    guard let folder = ConsoleFolders.configuration else { return nil }
    let parent = String(folder.prefix(upTo: folder.lastIndex(of: "/") ?? folder.startIndex))
    // A home has no folder for settings until somebody has some; beyond that nothing is made.
    if access(parent, F_OK) != 0, parent.hasSuffix("/.config") { mkdir(parent, 0o700) }
    mkdir(folder, 0o700)
    return access(folder, W_OK) == 0 ? RememberedFile(path: "\(folder)/remembered.toml") : nil
  }

  package func read() -> Remembered {
    guard let text = try? TextFileReader.read(path, limit: Self.sizeLimit), let table = try? TOMLTable(string: text)
    else { return Remembered() }
    var remembered = Remembered()
    remembered.theme = table["theme"]?.string
    remembered.isPaneHidden = table["pane_hidden"]?.bool ?? false
    remembered.isHintSeen = table["hint_seen"]?.bool ?? false
    remembered.hiddenColumns = Self.texts(table["hidden_columns"]?.table)
    remembered.filters = Self.texts(table["filters"]?.table)
    return remembered
  }

  package func write(_ remembered: Remembered) {
    let table = TOMLTable()
    if let theme = remembered.theme { table["theme"] = theme }
    table["pane_hidden"] = remembered.isPaneHidden
    table["hint_seen"] = remembered.isHintSeen
    table["hidden_columns"] = Self.table(remembered.hiddenColumns)
    table["filters"] = Self.table(remembered.filters)
    let text = "# What gkm remembers of your choices; it writes this file anew.\n\(table.convert())\n"
    // Written beside and moved over, so that two consoles at once leave one whole file.
    let fresh = "\(path).\(getpid())"
    let file = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard file >= 0 else { return }
    var output = OutputWriter(descriptor: file)
    let isWritten = (try? output.write(text)) != nil && (try? output.flush()) != nil
    close(file)
    if !isWritten || rename(fresh, path) != 0 { unlink(fresh) }
  }

  private static func texts(_ table: TOMLTable?) -> [String: [String]] {
    guard let table else { return [:] }
    var found: [String: [String]] = [:]
    for (key, value) in table {
      let texts = (value.array ?? TOMLArray()).compactMap(\.string)
      if !texts.isEmpty { found[key] = Array(texts.prefix(Remembered.filterLimit)) }
    }
    return found
  }

  private static func table(_ texts: [String: [String]]) -> TOMLTable {
    let table = TOMLTable()
    for (key, values) in texts {
      let array = TOMLArray()
      for value in values { array.append(value) }
      table[key] = array
    }
    return table
  }
}
