import Market
import Store
import TestSupport

/// A secret that a run uses, and every way in which it could have been written.
struct Canary: Sendable {
  let name: String
  let bytes: [UInt8]
  /// Where it lies by its nature, by parts of paths: what lets PostgreSQL know a password is in PostgreSQL's own files.
  let home: [String]

  init(_ name: String, _ text: String, home: [String] = []) {
    self.init(name, bytes: Array(text.utf8), home: home)
  }

  init(_ name: String, bytes: [UInt8], home: [String] = []) {
    self.name = name
    self.bytes = bytes
    self.home = home
  }

  private var isText: Bool { bytes.allSatisfy { (0x20...0x7E).contains($0) } }

  /// As it is, in hexadecimal of either case, in base64 and base64url wherever in a longer text of that kind it stands.
  var spellings: [Spelling] {
    let hex = Hex.encode(bytes)
    var all = [Spelling("hexadecimal", hex), Spelling("hexadecimal in capitals", hex.uppercased())]
    if isText { all.append(Spelling("as it is", String(decoding: bytes, as: UTF8.self))) }
    for shift in 0..<3 {
      let core = Self.base64(bytes, behind: shift)
      all.append(Spelling("base64, \(shift) bytes behind a boundary", core))
      let url = core.replacing("+", with: "-").replacing("/", with: "_")
      if url != core { all.append(Spelling("base64url, \(shift) bytes behind a boundary", url)) }
    }
    return all
  }

  struct Spelling: Sendable {
    let way: String
    let words: String

    init(_ way: String, _ words: String) {
      self.way = way
      self.words = words
    }
  }

  /// The letters of base64 that say nothing but these bytes, where `shift` others come before them.
  private static func base64(_ bytes: [UInt8], behind shift: Int) -> String {
    let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
    var (text, bits, count) = ("", 0, 0)
    for byte in [UInt8](repeating: 0, count: shift) + bytes {
      bits = bits << 8 | Int(byte)
      count += 8
      while count >= 6 {
        count -= 6
        text.append(letters[bits >> count & 63])
      }
      bits &= (1 << count) - 1
    }
    return String(text.dropFirst((8 * shift + 5) / 6))
  }

  /// Another secret of the same kind, which nobody uses: put where it has to be found, so that the search is known to
  /// search.
  var control: Canary {
    var random = SystemRandomNumberGenerator()
    guard isText else { return Canary("control: \(name)", bytes: random.bytes(bytes.count)) }
    let letters = Array("ABCDEFGHJKMNPQRSTUVWXYZabcdefghjkmnpqrstuvwxyz23456789".utf8)
    return Canary(
      "control: \(name)", bytes: bytes.map { _ in letters[Int(random.next(upperBound: UInt32(letters.count)))] })
  }
}

/// Looks for words in everything that lies in some folders, in one reading of each file.
enum CanarySearch {
  /// Which files hold which words.
  static func find(_ words: [String], in places: [String]) async throws -> [String: Set<String>] {
    let found = try await ChildProcess.run(
      "/usr/bin/python3", ["-c", script] + places, environment: ["LC_ALL": "C"],
      input: words.joined(separator: "\n") + "\n", within: .seconds(240))
    guard found.succeeded else { throw TestSupportError("the search failed: \(found.errors)") }
    var holders: [String: Set<String>] = [:]
    for line in found.output.split(separator: "\n") {
      let parts = line.split(separator: "\t", maxSplits: 1)
      guard parts.count == 2 else { continue }
      holders[String(parts[0]), default: []].insert(String(parts[1]))
    }
    return holders
  }

  /// Words that begin alike would hide one another from a reading that goes on behind each match: what is found is
  /// looked for once more by itself. The write-ahead log is read without the headers of its pages, which stand in the
  /// middle of whatever crosses a page's end (XLogPageHeaderData: 24 bytes, 40 at a segment's beginning).
  private static let script = """
    import os, subprocess, sys
    words = [word.encode() for word in sys.stdin.read().split("\\n") if word]
    files = []
    for place in sys.argv[1:]:
        if os.path.isfile(place): files.append(place)
        for folder, _, names in os.walk(place):
            files += [path for path in (os.path.join(folder, name) for name in names) if os.path.isfile(path)]
    patterns = os.memfd_create("words")
    os.write(patterns, b"\\n".join(words))
    for path in files:
        with open(path, "rb") as file: held = file.read()
        if "/pg_wal/" in path and len(held) % 8192 == 0:
            held = b"".join(held[at + (24 if at else 40):at + 8192] for at in range(0, len(held), 8192))
        command = ["grep", "-aqFf", f"/proc/{os.getpid()}/fd/{patterns}"]
        done = subprocess.Popen(command, stdin=subprocess.PIPE)
        try: done.communicate(held)
        except BrokenPipeError: pass
        if done.wait() == 1: continue
        if done.returncode: sys.exit(f"grep: {path}")
        for word in words:
            if held.find(word) >= 0: print(word.decode(), path, sep="\\t")
    """
}
