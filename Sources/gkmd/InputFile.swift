import Glibc

/// Whole files and standard input, with bounds.
enum InputFile {
  /// The bytes of a file; `-` is standard input. Refuses more than `limit` bytes.
  static func read(_ path: String, limit: Int = 512 << 20) throws -> [UInt8] {
    let file = path == "-" ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw Failure("cannot read \(path): \(String(cString: strerror(errno)))", status: 66) }
    defer { close(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = Glibc.read(file, &chunk, chunk.count)
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw Failure("cannot read \(path): \(String(cString: strerror(errno)))", status: 66) }
      if count == 0 { return bytes }
      bytes += chunk[..<count]
      guard bytes.count <= limit else { throw Failure("\(path) is larger than \(limit >> 20) MB", status: 65) }
    }
  }

  /// The first line of a password file.
  static func password(_ path: String) throws -> String {
    let text = String(decoding: try read(path, limit: 1 << 16), as: UTF8.self)
    let line = text.split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
    guard !line.isEmpty else { throw Failure("\(path) holds no password", status: 66) }
    return line
  }
}
