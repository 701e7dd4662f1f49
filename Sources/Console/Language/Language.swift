/// The language of what the program itself says. What comes from the database, names and codes above all, stays as it
/// is.
package enum Language: String, CaseIterable, Sendable {
  case english = "en"
  case spanish = "es"

  /// `text` in this language; as it is where there is no other wording for it.
  package func callAsFunction(_ text: String) -> String {
    switch self {
    case .english: text
    case .spanish: Spanish.texts[text] ?? text
    }
  }

  /// What a cell says: `● delivered` is a sign and a word of ours, `! for 3 min` a span of time; all else, names and
  /// amounts above all, stays as it is.
  package func cell(_ text: String) -> String {
    guard self == .spanish, let sign = text.first, !sign.isLetter, !sign.isNumber, text.dropFirst().first == " " else {
      return text
    }
    let words = String(text.dropFirst(2))
    if let said = Spanish.states[words] { return "\(sign) \(said)" }
    return words.hasPrefix("for ") ? "\(sign) \(self("for")) \(words.dropFirst(4))" : text
  }

  /// The language of a locale's name such as `es_ES.UTF-8`; English where it is none of these.
  package init(locale: String?) {
    self =
      locale.map { $0.hasPrefix("es") && ["", "_", ".", "@"].contains(String($0.dropFirst(2).prefix(1))) } == true
      ? .spanish : .english
  }

  /// The person's, as their environment says it.
  package static var ofEnvironment: Language {
    let name = ["LC_ALL", "LC_MESSAGES", "LANG"].lazy.compactMap(ConsoleFolders.environment).first
    return Language(locale: name)
  }
}
