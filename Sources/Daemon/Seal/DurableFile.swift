import Glibc

/// Files whose content is on the disk when a call returns.
enum DurableFile {
  struct Problem: Error, CustomStringConvertible {
    let description: String

    init(_ what: String, _ path: String, _ code: Int32 = errno) {
      description = "cannot \(what) \(path): \(String(cString: strerror(code)))"
    }
  }

  /// Puts a new content in the file's place: whoever reads it meets the old one or the new one, whole.
  static func replace(_ path: String, with bytes: [UInt8], mode: mode_t = 0o644) throws {
    let temporary = path + ".new"
    let file = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode)
    guard file >= 0 else { throw Problem("write", temporary) }
    do {
      defer { close(file) }
      try write(bytes, to: file, temporary)
    }
    guard rename(temporary, path) == 0 else { throw Problem("replace", path) }
    try sync(folderOf: path)
  }

  /// Makes a file that must not be there yet.
  static func create(_ path: String, with bytes: [UInt8], mode: mode_t) throws {
    let file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
    guard file >= 0 else { throw Problem("make", path) }
    do {
      defer { close(file) }
      try write(bytes, to: file, path)
    }
    try sync(folderOf: path)
  }

  /// Adds to the end.
  static func append(_ path: String, _ bytes: [UInt8]) throws {
    let file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0o644)
    guard file >= 0 else { throw Problem("write", path) }
    defer { close(file) }
    try write(bytes, to: file, path)
  }

  /// `nil` where there is no such file.
  static func read(_ path: String, limitBytes: Int) throws -> [UInt8]? {
    if access(path, F_OK) != 0, errno == ENOENT { return nil }
    return try FileContents.read(path, limitBytes: limitBytes)
  }

  private static func write(_ bytes: [UInt8], to file: Int32, _ path: String) throws {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw Problem("write", path) }
      rest = rest.dropFirst(count)
    }
    guard fsync(file) == 0 else { throw Problem("write", path) }
  }

  private static func sync(folderOf path: String) throws {
    let slash = path.lastIndex(of: "/")
    let folder = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
    let file = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard file >= 0 else { throw Problem("open", folder) }
    defer { close(file) }
    guard fsync(file) == 0 else { throw Problem("write", folder) }
  }
}
