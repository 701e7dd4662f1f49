import TOMLKit

/// What a person keeps in `config.toml`: nothing is needed, and nothing secret belongs there but a Redis URL of their
/// own file's rights. gkm-config(5) describes it.
package struct ConsoleSettings: Sendable, Equatable {
  package var theme: String?
  /// For live ticks. Staff only; without it lists are polled.
  package var redisURL: String?
  package var language: Language?
  package var isMouseOn = false
  package var isUTC = false
  package var isReadOnly = false
  package var isPlain = false
  /// Minutes without a key after which the console locks itself.
  package var idleLock = 10
  /// Answers kept ready for cases, by the names that they are chosen by.
  package var replies: [String: String] = [:]
  /// Keys by commands' names.
  package var keys: [String: [String]] = [:]

  package init(theme: String? = nil, redisURL: String? = nil) {
    self.theme = theme
    self.redisURL = redisURL
  }

  /// Bytes that are read at most.
  static let sizeLimit = 256 << 10
  /// All that there is: a test holds gkm-config(5) to it.
  package static let names = [
    "theme", "redis_url", "language", "mouse", "utc", "read_only", "plain", "idle_lock", "replies", "keys",
  ]
  static let idleLocks = 1...720

  /// The person's file, if there is one, under the environment.
  ///
  /// - Throws: `ConsoleFailure` with the file, line and column of what is wrong in it.
  package static func load() throws -> ConsoleSettings {
    var settings = ConsoleSettings()
    if let folder = ConsoleFolders.configuration,
      let text = try TextFileReader.read("\(folder)/config.toml", limit: sizeLimit)
    {
      settings = try ConsoleSettings(toml: text, file: "\(folder)/config.toml")
    }
    if let url = ConsoleFolders.environment("REDIS_URL") { settings.redisURL = url }
    return settings
  }

  /// The table of commands under the person's keys.
  package func commands(file: String = "config.toml") throws -> [Command] {
    do throws(KeyBindings.Problem) {
      return try KeyBindings.table(keys)
    } catch {
      throw ConsoleFailure("\(file): [keys] \(error.command): \(error.description)", status: .configuration)
    }
  }

  init(toml: String, file: String) throws {
    let table: TOMLTable
    do {
      table = try TOMLTable(string: toml)
    } catch let error as TOMLParseError {
      let place = error.source.begin
      throw ConsoleFailure("\(file):\(place.line):\(place.column): \(error.description)", status: .configuration)
    }
    for (name, value) in table {
      do {
        try set(name, value)
      } catch let problem as SettingProblem {
        throw ConsoleFailure("\(file): \(problem.text)", status: .configuration)
      }
    }
    _ = try commands(file: file)
  }

  private struct SettingProblem: Error { let text: String }

  private mutating func set(_ name: String, _ value: any TOMLValueConvertible) throws {
    switch name {
    case "theme": theme = try Self.text(name, value)
    case "redis_url": redisURL = try Self.text(name, value)
    case "language":
      guard let word = value.string, let known = Language(rawValue: word) else {
        throw SettingProblem(text: "language is \"en\" or \"es\"")
      }
      language = known
    case "mouse": isMouseOn = try Self.flag(name, value)
    case "utc": isUTC = try Self.flag(name, value)
    case "read_only": isReadOnly = try Self.flag(name, value)
    case "plain": isPlain = try Self.flag(name, value)
    case "idle_lock":
      guard let minutes = value.int, Self.idleLocks.contains(minutes) else {
        throw SettingProblem(text: "idle_lock is a number of minutes from 1 to 720")
      }
      idleLock = minutes
    case "replies":
      guard let table = value.table else { throw SettingProblem(text: "replies is a table: [replies]") }
      for (reply, text) in table { replies[reply] = try Self.text("replies.\(reply)", text) }
    case "keys":
      guard let table = value.table else { throw SettingProblem(text: "keys is a table: [keys]") }
      for (command, keys) in table { self.keys[command] = try Self.texts("keys.\(command)", keys) }
    default:
      throw SettingProblem(
        text: "there is no setting “\(name)”; there are \(Self.names.joined(separator: ", "))")
    }
  }

  private static func text(_ name: String, _ value: any TOMLValueConvertible) throws -> String {
    guard let text = value.string else { throw SettingProblem(text: "\(name) is a text in quotes") }
    return text
  }

  private static func flag(_ name: String, _ value: any TOMLValueConvertible) throws -> Bool {
    guard let flag = value.bool else { throw SettingProblem(text: "\(name) is true or false") }
    return flag
  }

  private static func texts(_ name: String, _ value: any TOMLValueConvertible) throws -> [String] {
    if let text = value.string { return [text] }
    let items = (value.array?.map(\.string) ?? [nil])
    let texts = items.compactMap(\.self)
    guard texts.count == items.count else { throw SettingProblem(text: "\(name) is a key or a list of keys in quotes") }
    return texts
  }
}
