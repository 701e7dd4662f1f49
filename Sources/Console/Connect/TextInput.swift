import Glibc

/// Small texts from files, for commands.
package enum TextInput {
  /// The text of a file; `-` is standard input.
  ///
  /// - Parameter limit: in bytes; a larger one is refused.
  /// - Throws: `ConsoleFailure` with the file's name.
  package static func read(_ path: String, limit: Int) throws -> String {
    let file = path == "-" ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw failure(path) }
    defer { close(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 16 << 10)
    while true {
      let count = Glibc.read(file, &chunk, chunk.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw failure(path) }
      if count == 0 { break }
      bytes += chunk[..<count]
      guard bytes.count <= limit else {
        throw ConsoleFailure("\(path) is larger than \(limit >> 10) kB", status: .badData)
      }
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw ConsoleFailure("\(path) is not UTF-8", status: .badData)
    }
    return text
  }

  private static func failure(_ path: String) -> ConsoleFailure {
    ConsoleFailure("cannot read \(path): \(String(cString: strerror(errno)))", status: .noInput)
  }
}
