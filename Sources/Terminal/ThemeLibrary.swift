import Glibc

/// Finds themes by name: files first, then the embedded ones.
package struct ThemeLibrary: Sendable {
  /// Folders with `NAME.toml`, the first wins.
  package let directories: [String]

  static let maximumBytes = 64 * 1024
  static let maximumInheritance = 8

  package init(directories: [String] = []) { self.directories = directories }

  /// Every name that can be asked for, sorted.
  package var names: [String] {
    var names = Set(BuiltInThemes.sources.keys)
    for directory in directories {
      for file in fileNames(in: directory) where file.hasSuffix(".toml") { names.insert(String(file.dropLast(5))) }
    }
    return names.sorted()
  }

  /// The theme with everything it inherits. Throws what is wrong with the file, line and column.
  package func theme(named name: String) throws(ThemeError) -> Theme {
    guard let source = try source(named: name) else {
      throw ThemeError(
        file: name, line: 0, column: 0,
        message: "there is no theme \"\(name)\"; there are \(names.joined(separator: ", "))")
    }
    return try compose(source, name: name)
  }

  /// A theme from its text, as if it were a file of that name.
  package func theme(named name: String, toml: String, file: String) throws(ThemeError) -> Theme {
    try compose(ThemeSource(toml: toml, file: file), name: name)
  }

  // MARK: -

  private func compose(_ source: ThemeSource, name: String) throws(ThemeError) -> Theme {
    var chain = [source]
    var seen = [name]
    while let last = chain.last, let parent = last.inherits {
      // A file may extend the embedded theme of its own name.
      let own = parent == name && seen.count == 1
      guard own || !seen.contains(parent), chain.count < ThemeLibrary.maximumInheritance else {
        throw ThemeError(
          file: last.file, line: 0, column: 0,
          message: "inherits goes in a circle: \((seen + [parent]).joined(separator: " → "))")
      }
      guard let found = own ? try embedded(parent) : try self.source(named: parent) else {
        throw ThemeError(
          file: last.file, line: 0, column: 0,
          message: "inherits \"\(parent)\", and there is no such theme; there are \(names.joined(separator: ", "))")
      }
      if found.file == last.file {
        throw ThemeError(file: last.file, line: 0, column: 0, message: "inherits itself")
      }
      seen.append(parent)
      chain.append(found)
    }
    var palette: [String: Color] = [:]
    for source in chain.reversed() { palette.merge(source.palette) { $1 } }
    var styles: [StyleRole: Style] = [:]
    for source in chain.reversed() { styles.merge(try source.styles(palette: palette)) { $1 } }
    return Theme(name: name, summary: source.summary ?? "", styles: styles)
  }

  private func source(named name: String) throws(ThemeError) -> ThemeSource? {
    // A name is not a path: it comes from a setting that may be shared.
    guard !name.isEmpty, !name.contains("/"), !name.hasPrefix(".") else { return nil }
    for directory in directories {
      let path = "\(directory)/\(name).toml"
      guard let bytes = readFile(path, limit: ThemeLibrary.maximumBytes) else { continue }
      return try ThemeSource(toml: String(decoding: bytes, as: UTF8.self), file: path)
    }
    return try embedded(name)
  }

  private func embedded(_ name: String) throws(ThemeError) -> ThemeSource? {
    guard let toml = BuiltInThemes.sources[name] else { return nil }
    return try ThemeSource(toml: toml, file: "\(name) (built in)")
  }
}

/// A file's bytes; nil if it cannot be read or is longer than `limit`.
func readFile(_ path: String, limit: Int) -> [UInt8]? {
  let descriptor = open(path, O_RDONLY | O_CLOEXEC)
  guard descriptor >= 0 else { return nil }
  defer { close(descriptor) }
  var bytes: [UInt8] = []
  var buffer = [UInt8](repeating: 0, count: 16_384)
  while true {
    let count = read(descriptor, &buffer, buffer.count)
    if count < 0, errno == EINTR { continue }
    guard count >= 0, bytes.count + count <= limit else { return nil }
    if count == 0 { return bytes }
    bytes += buffer[..<count]
  }
}

/// The names in a folder; none if it cannot be read.
func fileNames(in directory: String) -> [String] {
  guard let handle = opendir(directory) else { return [] }
  defer { closedir(handle) }
  var names: [String] = []
  while let entry = readdir(handle) {
    let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
      String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
    names.append(name)
  }
  return names
}
