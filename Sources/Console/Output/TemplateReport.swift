import Market
package import Messages
package import Postgres
import Store
import Terminal

/// `gkm template`: the texts that are sent, their versions, and what they look like.
package enum TemplateReport {
  /// Which text is meant.
  package struct Choice: Sendable {
    package var key: TemplateKey
    package var locale: String
    /// The beginning of a version's name; `nil`: the one that was taken into use last, or ours where none was.
    package var version: String?

    package init(key: TemplateKey, locale: String, version: String?) {
      self.key = key
      self.locale = locale
      self.version = version
    }
  }

  /// What of a message is shown.
  package enum Part: Sendable {
    case whole, text, html, short
  }

  /// Reads a key as people type it.
  package static func key(_ text: String) throws -> TemplateKey {
    if let key = TemplateKey(rawValue: text) { return key }
    let names = TemplateKey.allCases.map(\.rawValue).joined(separator: ", ")
    throw ConsoleFailure("there is no template \(text); there are \(names)", status: .noInput)
  }

  /// Every text: ours, and every version that anything was sent from, the newest first.
  package static func list(json: Bool, on connection: PostgresConnection) async throws -> [String] {
    let used = try await connection.read { try TemplateRegister.entries($0) }
    let ours = try builtIn()
    var rows: [[ListField]] = []
    for template in ours {
      let versions = used.filter {
        $0.template.key == template.id.key.rawValue && $0.template.locale == template.id.locale
      }
      if !versions.contains(where: { $0.template.version == template.version }) {
        rows.append(row(template.id.key.rawValue, template.id.locale, template.version, isOurs: true, since: nil))
      }
      rows += versions.map { row($0, ours: template.version) }
    }
    let known = Set(ours.map { "\($0.id)" })
    rows += used.filter { !known.contains("\($0.template.key).\($0.template.locale)") }.map { row($0, ours: nil) }
    guard !json else { return rows.map(JSONText.object) }
    return aligned(rows)
  }

  private static func row(_ entry: TemplateRegister.Entry, ours: String?) -> [ListField] {
    row(
      entry.template.key, entry.template.locale, entry.template.version, isOurs: entry.template.version == ours,
      since: entry.firstUsedAt)
  }

  private static func row(
    _ key: String, _ locale: String, _ version: String, isOurs: Bool, since: Instant?
  ) -> [ListField] {
    [
      ListField("key", .text(key)), ListField("locale", .text(locale)), ListField("version", .text(version)),
      ListField("built_in", .flag(isOurs)), ListField("first_used_at", .optional(since)),
      ListField("purpose", .text(TemplateKey(rawValue: key)?.purpose ?? "")),
    ]
  }

  private static func aligned(_ rows: [[ListField]]) -> [String] {
    let heading = ["KEY", "LOCALE", "VERSION", "FROM", "USED SINCE", "WHAT FOR"]
    let cells =
      [heading]
      + rows.map { row in
        row.map { field in
          switch (field.name, field.value) {
          case ("version", .text(let text)): String(text.prefix(12))
          case (_, .text(let text)): text
          case (_, .flag(let isOurs)): isOurs ? "gkm" : "operator"
          case (_, .time(let at)): at.rfc3339
          default: "never"
          }
        }
      }
    let widths = heading.indices.map { column in cells.reduce(0) { max($0, TextWidth.of($1[column])) } }
    return cells.map { row in
      Sanitizer.clean(zip(row, widths).map { TextWidth.pad($0, to: $1) }.joined(separator: "  ").trimmedEnd)
    }
  }

  /// A text as its file spells it.
  package static func show(_ choice: Choice, on connection: PostgresConnection) async throws -> [String] {
    lines(try await template(choice, on: connection).content)
  }

  /// A message with sample values.
  package static func preview(
    _ choice: Choice, _ part: Part, on connection: PostgresConnection
  ) async throws -> [String] {
    preview(try await template(choice, on: connection), part)
  }

  /// The same of a file that is not in use yet: `-` is standard input.
  package static func preview(_ choice: Choice, _ part: Part, file path: String) throws -> [String] {
    let text = try TextInput.read(path, limit: MessageTemplate.limitBytes)
    do {
      return preview(try MessageTemplate(TemplateID(choice.key, choice.locale), file: text), part)
    } catch {
      throw ConsoleFailure("\(path):\(error)", status: .badData)
    }
  }

  private static func preview(_ template: MessageTemplate, _ part: Part) -> [String] {
    let message = template.render(template.id.key.samples)
    return switch part {
    case .text: lines(message.text)
    case .html: lines(message.html)
    case .short: lines(message.short)
    case .whole:
      lines("Template: \(template.id) \(template.version.prefix(12))\nSubject: \(message.subject)\n\n\(message.text)")
    }
  }

  private static func template(_ choice: Choice, on connection: PostgresConnection) async throws -> MessageTemplate {
    let used = try await connection.read { try TemplateRegister.entries($0) }
    let ours = try builtIn()
    let mine = used.filter { $0.template.key == choice.key.rawValue && $0.template.locale == choice.locale }
    let found = mine.first { choice.version.map($0.template.version.hasPrefix) ?? true }
    do {
      if let found {
        return try MessageTemplate(TemplateID(choice.key, choice.locale), file: found.template.content)
      }
      let own = ours.first { $0.id == TemplateID(choice.key, choice.locale) }
      if let own, choice.version.map(own.version.hasPrefix) ?? true { return own }
    } catch {
      throw ConsoleFailure("the version \(found?.template.version ?? "") cannot be read: \(error)", status: .badData)
    }
    let version = choice.version.map { " of version \($0)" } ?? ""
    let locales = Set(ours.map(\.id.locale) + used.map(\.template.locale)).sorted().joined(separator: ", ")
    throw ConsoleFailure(
      "there is no \(choice.key.rawValue) in \(choice.locale)\(version); languages are \(locales)", status: .noInput)
  }

  private static func builtIn() throws -> [MessageTemplate] {
    do {
      return try MessageTemplates(shop: "").all
    } catch {
      throw ConsoleFailure("a text of this program cannot be read: \(error)", status: .software)
    }
  }

  /// Line by line, so that nothing in a text moves a cursor.
  private static func lines(_ text: String) -> [String] {
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { Sanitizer.clean(String($0)) }
    while lines.last?.isEmpty == true { lines.removeLast() }
    return lines
  }
}

extension String {
  fileprivate var trimmedEnd: String { String(reversed().drop { $0 == " " }.reversed()) }
}
