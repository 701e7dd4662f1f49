import Store
import Terminal

/// `gkm keys`: the cheat sheet, from the one table of commands.
package enum KeySheet {
  /// One line per command: its keys, its name in `config.toml`, what it does and where.
  package static func lines(_ commands: [Command], language: Language = .english) -> [String] {
    let rows = commands.map { command in
      (
        keys: command.keys.map(\.description).joined(separator: " "), name: command.id.name,
        title: language(command.title) + place(command.scope, language)
      )
    }
    let keys = rows.reduce(0) { max($0, TextWidth.of($1.keys)) }
    let names = rows.reduce(0) { max($0, TextWidth.of($1.name)) }
    return rows.map { row in
      "\(TextWidth.pad(row.keys, to: keys))  \(TextWidth.pad(row.name, to: names))  \(row.title)"
    }
  }

  private static func place(_ scope: Command.Scope, _ language: Language) -> String {
    switch scope {
    case .list(let kind), .about(let kind): " (\(language(kind.title)))"
    default: ""
    }
  }
}
