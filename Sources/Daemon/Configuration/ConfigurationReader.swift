import Glibc

/// Takes settings out of the file, the environment and the credentials folder, and keeps an account of each: what is in
/// force and from where, and every problem met, so that all are told at once.
struct ConfigurationReader {
  private let file: [String: WrittenValue]
  private let environment: [String: String]
  private(set) var entries: [ConfigurationEntry] = []
  private(set) var problems: [ConfigurationProblem] = []
  private var known: Set<String> = []
  /// Whether secrets may come from the environment.
  var allowsSecretsInEnvironment = true

  init(file: [String: WrittenValue], environment: [String: String]) {
    self.file = file
    self.environment = environment
  }

  // MARK: Kinds of settings

  mutating func text(_ name: String, env: [String] = [], default fallback: String) -> String {
    optionalText(name, env: env) ?? note(name, fallback, from: "default")
  }

  /// A text that may be absent.
  mutating func optionalText(_ name: String, env: [String] = []) -> String? {
    guard let written = written(name, env) else { return nil }
    guard case .text(let text) = written.content else { return refuse(name, written, "a text in quotes is wanted") }
    return note(name, text, from: written.place)
  }

  mutating func number(_ name: String, env: [String] = [], default fallback: Int, in range: ClosedRange<Int>) -> Int {
    guard let written = written(name, env) else { return note(name, fallback, from: "default") }
    let number: Int? =
      switch written.content {
      case .number(let number): number
      // The environment has texts only.
      case .text(let text): Int(text)
      default: nil
      }
    guard let number, range.contains(number) else {
      return refuse(name, written, "a whole number from \(range.lowerBound) to \(range.upperBound) is wanted")
        ?? fallback
    }
    return note(name, number, from: written.place)
  }

  mutating func flag(_ name: String, env: [String] = [], default fallback: Bool) -> Bool {
    guard let written = written(name, env) else { return note(name, fallback, from: "default") }
    switch written.content {
    case .flag(let flag): return note(name, flag, from: written.place)
    case .text("true"), .text("1"): return note(name, true, from: written.place)
    case .text("false"), .text("0"): return note(name, false, from: written.place)
    default: return refuse(name, written, "true or false is wanted") ?? fallback
    }
  }

  /// A number with its unit: `25ms`, `30s`, `5m`, `2h`, `4d`.
  mutating func duration(
    _ name: String, env: [String] = [], default fallback: Duration, in range: ClosedRange<Duration>
  ) -> Duration {
    guard let written = written(name, env) else {
      return note(name, fallback, shownAs: DurationText.spell(fallback), from: "default")
    }
    guard case .text(let text) = written.content, let duration = DurationText.parse(text), range.contains(duration)
    else {
      let limits = "\(DurationText.spell(range.lowerBound)) to \(DurationText.spell(range.upperBound))"
      return refuse(name, written, "a time from \(limits) is wanted, as \"30s\" or \"25ms\"") ?? fallback
    }
    return note(name, duration, shownAs: text, from: written.place)
  }

  /// Texts; in the environment parted by commas.
  mutating func list(_ name: String, env: [String] = [], default fallback: [String] = []) -> [String] {
    guard let written = written(name, env) else {
      return note(name, fallback, shownAs: fallback.joined(separator: ","), from: "default")
    }
    switch written.content {
    case .list(let texts): return note(name, texts, shownAs: texts.joined(separator: ","), from: written.place)
    case .text(let text):
      let texts = text.split(separator: ",").map { String($0.drop { $0 == " " }) }
      return note(name, texts, shownAs: text, from: written.place)
    default: return refuse(name, written, "a list of texts is wanted") ?? fallback
    }
  }

  /// A text that `parse` makes something of.
  mutating func parsed<T>(
    _ name: String, env: [String] = [], default fallback: String, wanted: String, _ parse: (String) -> T?
  ) -> T? {
    let written = written(name, env)
    let text = self.text(name, env: env, default: fallback)
    if let value = parse(text) { return value }
    let place = written ?? WrittenValue(content: .text(text), place: "default")
    return refuse(name, place, "\(wanted) is wanted")
  }

  /// A secret: from the file that `NAME_file` names, from the credential of that name, or, in development, from the
  /// environment. Never from the configuration file itself.
  mutating func secret(_ name: String, env: [String], credential: String) -> Secret? {
    known.insert(name)
    let fileSetting = "\(name)_file"
    if let written = file[name] {
      return refuse(name, written, "a secret does not belong in this file: use \(fileSetting) or a credential")
    }
    let set = env.first { environment[$0] != nil }
    if let path = optionalText(fileSetting, env: env.map { "\($0)_FILE" }) {
      return readSecret(name, path: path)
    }
    if let folder = environment["CREDENTIALS_DIRECTORY"], access("\(folder)/\(credential)", R_OK) == 0 {
      return readSecret(name, path: "\(folder)/\(credential)")
    }
    guard let set, let value = environment[set] else {
      entries.append(ConfigurationEntry(name: name, value: "(not set)", origin: "default"))
      return nil
    }
    guard allowsSecretsInEnvironment else {
      let written = WrittenValue(content: .text(""), place: set)
      return refuse(name, written, "in production a secret comes from a file or a credential, not the environment")
    }
    guard !value.isEmpty else { return nil }
    return note(name, Secret(value), shownAs: "(secret)", from: set)
  }

  /// A text that may hold a password: in force, and never shown.
  mutating func secretInText(_ name: String, env: [String]) -> String {
    guard let written = written(name, env) else { return note(name, "", from: "default") }
    guard case .text(let text) = written.content else { return refuse(name, written, "a text is wanted") ?? "" }
    return note(name, text, shownAs: "(secret)", from: written.place)
  }

  private mutating func readSecret(_ name: String, path: String) -> Secret? {
    do {
      let bytes = try FileContents.read(path, limitBytes: 64 << 10)
      return note(name, Secret(bytes: bytes), shownAs: "(secret)", from: path)
    } catch {
      problems.append(ConfigurationProblem(place: path, message: "\(name): \(error)"))
      return nil
    }
  }

  /// A problem of a file that a setting names.
  mutating func add(_ problem: ConfigurationProblem) { problems.append(problem) }

  mutating func problem(_ name: String, _ message: String) {
    let place = file[name]
    problems.append(
      ConfigurationProblem(
        place: place?.place ?? "configuration", line: place?.line, column: place?.column, message: "\(name): \(message)"
      )
    )
  }

  /// Names in the file that no setting has.
  mutating func refuseUnknownNames() {
    for (name, written) in file.sorted(by: { $0.key < $1.key }) where !known.contains(name) {
      let near = known.min { editDistance($0, name) < editDistance($1, name) }
      let hint = near.flatMap { editDistance($0, name) <= 4 ? ": did you mean \($0)?" : nil } ?? ""
      problems.append(
        ConfigurationProblem(
          place: written.place, line: written.line, column: written.column, message: "unknown setting \(name)\(hint)"))
    }
  }

  // MARK: Keeping account

  private mutating func written(_ name: String, _ env: [String]) -> WrittenValue? {
    known.insert(name)
    for variable in env {
      if let text = environment[variable], !text.isEmpty {
        return WrittenValue(content: .text(text), place: variable)
      }
    }
    return file[name]
  }

  private mutating func note<T>(_ name: String, _ value: T, shownAs text: String? = nil, from place: String) -> T {
    if !entries.contains(where: { $0.name == name }) {
      entries.append(ConfigurationEntry(name: name, value: text ?? "\(value)", origin: place))
    }
    return value
  }

  private mutating func refuse<T>(_ name: String, _ written: WrittenValue, _ message: String) -> T? {
    problems.append(
      ConfigurationProblem(
        place: written.place, line: written.line, column: written.column, message: "\(name): \(message)"))
    return nil
  }
}

/// One setting in force.
package struct ConfigurationEntry: Sendable, Equatable {
  package let name: String
  /// `(secret)` for a secret.
  package let value: String
  /// A file, an environment variable, or `default`.
  package let origin: String
}

/// How many single-letter changes lead from one word to the other.
private func editDistance(_ left: String, _ right: String) -> Int {
  let a = Array(left.utf8)
  let b = Array(right.utf8)
  var row = Array(0...b.count)
  for (i, x) in a.enumerated() {
    var diagonal = row[0]
    row[0] = i + 1
    for (j, y) in b.enumerated() {
      let above = row[j + 1]
      row[j + 1] = min(above + 1, row[j] + 1, diagonal + (x == y ? 0 : 1))
      diagonal = above
    }
  }
  return row[b.count]
}
