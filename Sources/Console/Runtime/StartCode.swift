import Glibc

/// What of the program's own code is in memory only because the start ran through it.
///
/// Linking, the session's handshakes and the first reading touch some ten megabytes of code that nobody runs again; on a
/// host with a hundred consoles that is a gigabyte which counts as theirs. Given back, a page comes again from the page
/// cache when it is run, and only what is in use comes again.
enum StartCode {
  /// Gives the pages back. Only of files mapped to be run, and only where no byte differs from the file.
  static func giveBack() {
    guard let maps = try? LocalFile.text("/proc/self/smaps") else { return }
    for range in untouched(maps) {
      guard let start = UnsafeMutableRawPointer(bitPattern: range.lowerBound) else { continue }
      _ = madvise(start, range.count, MADV_DONTNEED)
    }
  }

  /// Where code is mapped that is as its file has it, from the text of `/proc/self/smaps` (proc_pid_smaps(5)).
  static func untouched(_ smaps: String) -> [Range<UInt>] {
    var found: [Range<UInt>] = []
    var current: Range<UInt>?
    for line in smaps.split(separator: "\n") {
      if let range = mapping(line) {
        current = range.isCode ? range.place : nil
      } else if let place = current, let anonymous = kilobytes(line, of: "Anonymous:") {
        if anonymous == 0 { found.append(place) }
        current = nil
      }
    }
    return found
  }

  /// The head of a mapping: `start-end perms offset device inode path`.
  private static func mapping(_ line: Substring) -> (place: Range<UInt>, isCode: Bool)? {
    let words = line.split(separator: " ", maxSplits: 5, omittingEmptySubsequences: true)
    guard words.count >= 5, let dash = words[0].firstIndex(of: "-"),
      let start = UInt(words[0][..<dash], radix: 16),
      let end = UInt(words[0][words[0].index(after: dash)...], radix: 16), start < end
    else { return nil }
    return (start..<end, words[1] == "r-xp" && words.count == 6 && words[5].drop { $0 == " " }.first == "/")
  }

  private static func kilobytes(_ line: Substring, of name: String) -> Int? {
    guard line.hasPrefix(name) else { return nil }
    return line.dropFirst(name.count).split(separator: " ").first.flatMap { Int($0) }
  }
}
