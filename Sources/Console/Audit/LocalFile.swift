import Glibc

/// Files that a command is told of by name; `-` is standard input or output.
package enum LocalFile {
  /// The whole text. Refuses more than `limitBytes`, and what is not UTF-8.
  package static func text(_ path: String, limitBytes: Int = 256 << 20) throws -> String {
    let file = path == "-" ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw problem("read", path, .noInput) }
    defer { close(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 64 << 10)
    while true {
      let count = Glibc.read(file, &chunk, chunk.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw problem("read", path, .noInput) }
      if count == 0 { break }
      bytes += chunk[..<count]
      guard bytes.count <= limitBytes else {
        throw ConsoleFailure("\(path) is larger than \(limitBytes >> 20) MB", status: .badData)
      }
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw ConsoleFailure("\(path) is not UTF-8", status: .badData)
    }
    return text
  }

  /// Whether there is a file of that name.
  static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

  /// Puts a new file, or a new content, in place at once; readable by others as the umask says.
  package static func write(_ path: String, _ bytes: [UInt8]) throws {
    if path == "-" { return try write(bytes, to: STDOUT_FILENO, path) }
    let temporary = path + ".new"
    let file = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
    guard file >= 0 else { throw problem("write", temporary, .cannotCreate) }
    do {
      defer { close(file) }
      try write(bytes, to: file, path)
    }
    guard rename(temporary, path) == 0 else { throw problem("write", path, .cannotCreate) }
  }

  private static func write(_ bytes: [UInt8], to file: Int32, _ path: String) throws {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw problem("write", path, .inputOutput) }
      rest = rest.dropFirst(count)
    }
  }

  private static func problem(_ what: String, _ path: String, _ status: CommandStatus) -> ConsoleFailure {
    ConsoleFailure("cannot \(what) \(path): \(String(cString: strerror(errno)))", status: status)
  }
}
