import CNcurses
import Glibc

/// Golden files: what a screen looked like when somebody last agreed to it.
///
/// They stand in `Goldens/` beside the test's file. With GKM_UPDATE_GOLDENS=1 in the environment they are written
/// instead of compared; read the difference in git before committing it.
package enum Golden {
  /// Nil if the grid looks as recorded, else what differs:
  /// `#expect(Golden.difference(grid, "orders-80x24") == nil)`.
  package static func difference(_ grid: Grid, _ name: String, testFile: String = #filePath) -> String? {
    difference(TestScreen(grid).golden, name, testFile: testFile)
  }

  /// The same for any text.
  package static func difference(_ text: String, _ name: String, testFile: String = #filePath) -> String? {
    let folder = testFile.prefix(upTo: testFile.lastIndex(of: "/") ?? testFile.startIndex) + "/Goldens"
    let path = "\(folder)/\(name).txt"
    if environment("GKM_UPDATE_GOLDENS") == "1" {
      mkdir(String(folder), 0o777)
      return writeFile(path, Array(text.utf8)) ? nil : "cannot write \(path): \(String(cString: strerror(errno)))"
    }
    guard let bytes = readFile(path, limit: 1 << 20) else {
      return "there is no \(path); write it with GKM_UPDATE_GOLDENS=1\n\(text)"
    }
    let expected = String(decoding: bytes, as: UTF8.self)
    return expected == text ? nil : "\(path) differs (- recorded, + now):\n\(lineDifference(expected, text))"
  }

  private static func lineDifference(_ old: String, _ new: String) -> String {
    let oldLines = old.split(separator: "\n", omittingEmptySubsequences: false)
    let newLines = new.split(separator: "\n", omittingEmptySubsequences: false)
    var report: [String] = []
    for index in 0..<max(oldLines.count, newLines.count) {
      let before = index < oldLines.count ? oldLines[index] : nil
      let after = index < newLines.count ? newLines[index] : nil
      guard before != after else { continue }
      if let before { report.append("\(index + 1)- \(before)") }
      if let after { report.append("\(index + 1)+ \(after)") }
    }
    return report.joined(separator: "\n")
  }

  private static func writeFile(_ path: String, _ bytes: [UInt8]) -> Bool {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    return gkm_write_all(descriptor, bytes, bytes.count) == 0
  }
}
