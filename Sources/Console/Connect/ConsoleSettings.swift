import TOMLKit

/// What a person keeps in `config.toml`: nothing is needed, and nothing secret belongs there but a Redis URL of their
/// own file's rights.
///
/// ```toml
/// theme = "light"                                    # see: gkm themes
/// redis_url = "redis://staff:…@127.0.0.1:6379/0"     # REDIS_URL comes first
/// ```
package struct ConsoleSettings: Sendable, Equatable {
  package var theme: String?
  /// For live ticks. Staff only; without it lists are polled.
  package var redisURL: String?

  package init(theme: String? = nil, redisURL: String? = nil) {
    self.theme = theme
    self.redisURL = redisURL
  }

  /// Bytes that are read at most.
  static let sizeLimit = 256 << 10
  private static let names = ["theme", "redis_url"]

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

  init(toml: String, file: String) throws {
    let table: TOMLTable
    do {
      table = try TOMLTable(string: toml)
    } catch let error as TOMLParseError {
      let place = error.source.begin
      throw ConsoleFailure("\(file):\(place.line):\(place.column): \(error.description)", status: .configuration)
    }
    for (name, value) in table {
      guard Self.names.contains(name) else {
        throw ConsoleFailure(
          "\(file): there is no setting “\(name)”; there are \(Self.names.joined(separator: " and "))",
          status: .configuration)
      }
      guard let text = value.string else {
        throw ConsoleFailure("\(file): \(name) is a text in quotes", status: .configuration)
      }
      if name == "theme" { theme = text } else { redisURL = text }
    }
  }
}
