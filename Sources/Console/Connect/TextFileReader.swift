import Glibc

/// Reads small text files whole.
enum TextFileReader {
  /// A file's text; `nil` where there is no such file.
  static func read(_ path: String, limit: Int) throws -> String? {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else {
      if errno == ENOENT || errno == ENOTDIR { return nil }
      throw ConsoleFailure("cannot read \(path): \(String(cString: strerror(errno)))", status: .configuration)
    }
    defer { close(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 16 << 10)
    while bytes.count <= limit {
      let count = Glibc.read(file, &chunk, chunk.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else {
        throw ConsoleFailure("cannot read \(path): \(String(cString: strerror(errno)))", status: .configuration)
      }
      if count == 0 { return String(decoding: bytes, as: UTF8.self) }
      bytes += chunk[..<count]
    }
    throw ConsoleFailure("\(path) is larger than \(limit >> 10) kB", status: .configuration)
  }
}
