/// A tar archive in memory, in the format of POSIX.1-1988 (ustar): every tar reads it.
struct TarFile {
  private(set) var bytes: [UInt8] = []
  private let seconds: Int64

  /// - Parameter seconds: the time that every file gets, since 1970.
  init(seconds: Int64) { self.seconds = seconds }

  /// `path` is at most 100 bytes.
  mutating func add(_ path: String, _ content: [UInt8], isExecutable: Bool = false) {
    precondition(path.utf8.count <= 100, "the name fits the header")
    var header: [UInt8] = []
    func field(_ text: String, _ width: Int) {
      header += text.utf8
      header += [UInt8](repeating: 0, count: width - text.utf8.count)
    }
    func octal(_ value: Int64, _ width: Int) {
      let digits = String(value, radix: 8)
      field(String(repeating: "0", count: width - 1 - digits.utf8.count) + digits, width)
    }
    field(path, 100)
    octal(isExecutable ? 0o755 : 0o644, 8)
    octal(0, 8)
    octal(0, 8)
    octal(Int64(content.count), 12)
    octal(max(0, seconds), 12)
    // The sum is made with blanks in its own place.
    field("        ", 8)
    field("0", 1)
    field("", 100)
    field("ustar", 6)
    field("00", 2)
    field("root", 32)
    field("root", 32)
    octal(0, 8)
    octal(0, 8)
    field("", 155 + 12)
    let sum = header.reduce(0) { $0 + Int($1) }
    let digits = String(sum, radix: 8)
    header.replaceSubrange(
      148..<156, with: Array((String(repeating: "0", count: 6 - digits.utf8.count) + digits).utf8) + [0, 0x20])
    bytes += header + content
    bytes += [UInt8](repeating: 0, count: (512 - content.count % 512) % 512)
  }

  /// The archive with its end.
  var whole: [UInt8] { bytes + [UInt8](repeating: 0, count: 1_024) }
}
