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
