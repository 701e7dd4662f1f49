import Crypto
import Market

/// Which template, in which language.
package struct TemplateID: Hashable, Sendable, Comparable, CustomStringConvertible {
  package let key: TemplateKey
  /// `en`, `es`, `pt-BR`.
  package let locale: String

  package init(_ key: TemplateKey, _ locale: String) {
    self.key = key
    self.locale = locale
  }

  /// As a file's name spells it: `key_delivered.es`.
  package var description: String { "\(key.rawValue).\(locale)" }

  /// From a file's name: `key_delivered.es.txt`.
  package init?(fileName: String) {
    let parts = fileName.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 3, parts[2] == "txt", let key = TemplateKey(rawValue: String(parts[0])),
      Self.isLocale(parts[1])
    else { return nil }
    self.init(key, String(parts[1]))
  }

  package static func < (left: TemplateID, right: TemplateID) -> Bool {
    (left.key.rawValue, left.locale) < (right.key.rawValue, right.locale)
  }

  /// Two or three letters, and a country where it matters: `es`, `pt-BR`.
  package static func isLocale(_ text: some StringProtocol) -> Bool {
    let parts = text.split(separator: "-", omittingEmptySubsequences: false)
    guard (1...2).contains(parts.count), (2...3).contains(parts[0].utf8.count),
      parts[0].utf8.allSatisfy({ (0x61...0x7A).contains($0) })
    else { return false }
    return parts.count == 1 || parts[1].utf8.count == 2 && parts[1].utf8.allSatisfy { (0x41...0x5A).contains($0) }
  }
}

/// A template's file: the parts `[subject]`, `[short]`, `[text]` and `[html]`, each under a line that names it.
///
/// `[short]` is what Telegram and Discord show; without it they show the subject. A `[html]` part that is no whole
/// document is set into ours. What is numbered and kept is all of it, the document around it included: whatever
/// changes in what is sent is another version.
package struct MessageTemplate: Sendable {
  package let id: TemplateID
  /// The whole template in its own spelling: what is hashed, kept, and shown by `gkm template show`.
  package let content: String
  /// SHA-256 of the content, in hex.
  package let version: String
  package let subject: TemplateText
  package let short: TemplateText
  package let text: TemplateText
  package let html: TemplateText

  private enum Part: String, CaseIterable {
    case subject, short, text, html
  }

  /// Bytes of a template's file, at most.
  package static let limitBytes = 64 << 10

  /// Reads a template's file. Throws what is wrong with it, and where: names that its key has no value for, too.
  package init(_ id: TemplateID, file: String) throws(TemplateProblem) {
    let parts = try Self.parts(file)
    func part(_ part: Part, _ kind: TemplateText.Kind) throws(TemplateProblem) -> TemplateText {
      guard let found = parts[part] else {
        throw TemplateProblem(line: 1, column: 1, message: "there is no [\(part.rawValue)] part")
      }
      return try Self.checked(TemplateText(found.body, kind, firstLine: found.line), id.key)
    }
    self.id = id
    subject = try part(.subject, .plain)
    short = parts[.short] == nil ? subject : try part(.short, .plain)
    text = try part(.text, .plain)
    let body = try part(.html, .html)
    let written = parts[.html]?.body ?? ""
    let isDocument = written.lowercased().hasPrefix("<!doctype")
    let document = isDocument ? written : Self.document(written, id.locale)
    html = isDocument ? body : try TemplateText(document, .html)
    content = Part.allCases.reduce("# gkm template \(id)\n") { content, part in
      guard let body = part == .html ? document : parts[part]?.body else { return content }
      return content + "[\(part.rawValue)]\n\(body)\n"
    }
    version = Hex.encode(Array(SHA256.hash(data: Array(content.utf8))))
  }

  /// The parts with the line on which each begins, blank lines around them left out.
  private static func parts(_ file: String) throws(TemplateProblem) -> [Part: (line: Int, body: String)] {
    let text = file.replacing("\r\n", with: "\n")
    if let bad = text.unicodeScalars.first(where: { $0.value < 0x20 && $0 != "\n" && $0 != "\t" }) {
      let before = text.unicodeScalars.prefix { $0 != bad }
      throw TemplateProblem(
        line: before.count { $0 == "\n" } + 1, column: 1, message: "a control character (U+\(bad.value)) stands here")
    }
    var found: [Part: (line: Int, lines: [Substring])] = [:]
    var current: Part?
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      if line.hasPrefix("["), line.hasSuffix("]"), let part = Part(rawValue: String(line.dropFirst().dropLast())) {
        guard found[part] == nil else {
          throw TemplateProblem(line: index + 1, column: 1, message: "\(line) stands here a second time")
        }
        found[part] = (index + 2, [])
        current = part
      } else if let current {
        found[current]?.lines.append(line)
      } else if !line.isEmpty, line.first != "#" {
        throw TemplateProblem(
          line: index + 1, column: 1, message: "[subject], [short], [text] or [html] is wanted before any text")
      }
    }
    var parts: [Part: (line: Int, body: String)] = [:]
    for (part, (line, lines)) in found {
      let body = lines.drop { $0.isEmpty }
      let end = body.lastIndex { !$0.isEmpty }.map { $0 + 1 } ?? body.startIndex
      parts[part] = (line + body.startIndex, body[..<end].joined(separator: "\n"))
    }
    return parts
  }

  private static func checked(_ text: TemplateText, _ key: TemplateKey) throws(TemplateProblem) -> TemplateText {
    let names = key.names
    for use in text.uses where !names.contains(use.name) {
      throw TemplateProblem(
        line: use.line, column: use.column,
        message: "\(key.rawValue) has no value '\(use.name)'; it has \(names.sorted().joined(separator: ", "))")
    }
    return text
  }

  private static func document(_ body: String, _ locale: String) -> String {
    "<!DOCTYPE html>\n<html lang=\"\(locale)\">\n<body style=\"font-family: sans-serif; line-height: 1.5\">\n"
      + body + "\n</body>\n</html>"
  }
}
