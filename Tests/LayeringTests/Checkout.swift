import Foundation
import TestSupport

/// The files of the checkout, as the checks read them.
enum Checkout {
  /// A text file of the checkout.
  struct File {
    /// From the checkout's top: `Sources/Market/Money.swift`.
    let path: String
    let text: String

    /// Its lines, numbered from 1.
    var lines: [(number: Int, text: Substring)] {
      Array(text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()).map {
        ($0.offset + 1, $0.element)
      }
    }

    /// Its lines of code: comments that fill a line are left out.
    var code: [(number: Int, text: Substring)] {
      lines.filter { !$0.text.drop { $0 == " " }.hasPrefix("//") }
    }

    /// `Market` of `Sources/Market/Money.swift`.
    var target: String { path.split(separator: "/").dropFirst().first.map(String.init) ?? "" }
  }

  /// Where a finding is, as compilers write it.
  static func place(_ file: File, _ line: Int) -> String { "\(file.path):\(line)" }

  /// The text files below the given paths, build products left out.
  static func files(_ roots: String..., withSuffix suffix: String = "") throws -> [File] {
    var found: [File] = []
    for root in roots {
      let top = "\(TestRun.checkout)/\(root)"
      var paths = [root]
      var topIsFolder: ObjCBool = false
      if FileManager.default.fileExists(atPath: top, isDirectory: &topIsFolder), topIsFolder.boolValue,
        let below = FileManager.default.enumerator(atPath: top)
      {
        paths = below.compactMap { $0 as? String }.map { "\(root)/\($0)" }
      }
      for path in paths.sorted() where path.hasSuffix(suffix) && !path.contains("__pycache__") {
        var isFolder: ObjCBool = false
        let full = "\(TestRun.checkout)/\(path)"
        guard FileManager.default.fileExists(atPath: full, isDirectory: &isFolder), !isFolder.boolValue else {
          continue
        }
        if let text = String(data: try Data(contentsOf: URL(fileURLWithPath: full)), encoding: .utf8) {
          found.append(File(path: path, text: text))
        }
      }
    }
    return found
  }

  /// The targets: the folders of Sources.
  static func targets() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: "\(TestRun.checkout)/Sources").filter { !$0.hasPrefix(".") }
      .sorted()
  }
}
