/// A message ready to be sent, and the version of the template that it was made from.
package struct RenderedMessage: Sendable, Equatable {
  /// One line.
  package let subject: String
  package let text: String
  /// A whole document.
  package let html: String
  /// For Telegram, Discord and webhooks.
  package let short: String
  /// Of the template's text: the one asked for, or the nearest there is.
  package let locale: String
  /// SHA-256 of the template's content, in hex: what the attempt that sends it names.
  package let version: String
}

/// A message that cannot be written.
package enum MessageError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The template needs a value that was not given.
  case missing(TemplateKey, String)

  package var description: String {
    switch self {
    case .missing(let key, let name): "a message of \(key.rawValue) needs the value '\(name)'"
    }
  }
}

/// All texts that are sent, by key and language: ours, and over them an operator's own.
package struct MessageTemplates: Sendable {
  private let templates: [TemplateID: MessageTemplate]
  private let shop: String

  /// Throws where a text of ours cannot be read.
  ///
  /// - Parameters:
  ///   - shop: the shop's name, which every template may use as `{{shop}}`.
  ///   - overrides: what takes the place of ours; a language that we do not have is added.
  package init(shop: String, overrides: [MessageTemplate] = []) throws(TemplateProblem) {
    self.shop = shop
    var templates: [TemplateID: MessageTemplate] = [:]
    for template in try BuiltInTemplates.all() + overrides { templates[template.id] = template }
    self.templates = templates
  }

  /// Every template, by key and language.
  package var all: [MessageTemplate] { templates.values.sorted { $0.id < $1.id } }

  /// The template for a customer's locale (`es-MX`, `es_MX`): that one, the language's, or English.
  package func template(_ key: TemplateKey, locale: String) -> MessageTemplate? {
    let wanted = locale.replacing("_", with: "-")
    let language = String(wanted.prefix { $0 != "-" }).lowercased()
    let found = templates[TemplateID(key, wanted)] ?? templates[TemplateID(key, language)]
    return found ?? templates[TemplateID(key, "en")]
  }

  /// Writes a message. Throws where a value that the key demands is missing or empty.
  package func render(
    _ key: TemplateKey, locale: String, values: TemplateValues
  ) throws(MessageError) -> RenderedMessage {
    for field in key.fields where field.isRequired && field.name != "shop" {
      guard values[field.name]?.isThere == true else { throw .missing(key, field.name) }
    }
    guard let template = template(key, locale: locale) else { throw .missing(key, "template") }
    return template.render(values.merging(["shop": .text(shop)]) { given, _ in given })
  }
}

extension MessageTemplate {
  /// The message, whatever values are missing.
  package func render(_ values: TemplateValues) -> RenderedMessage {
    RenderedMessage(
      subject: Self.singleLine(subject.render(values)), text: text.render(values) + "\n",
      html: html.render(values) + "\n", short: short.render(values), locale: id.locale, version: version)
  }

  /// Whatever was in the values: a subject is one line of at most 200 characters.
  private static func singleLine(_ text: String) -> String {
    let words = text.unicodeScalars.split { $0.value <= 0x20 || (0x7F...0x9F).contains($0.value) || $0 == "\u{2028}" }
    return String(words.map { String($0) }.joined(separator: " ").prefix(200))
  }
}
