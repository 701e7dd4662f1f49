import ArgumentParser
import Console
import Market

/// Judges the words that name a command, before the parser takes a wrong one for an argument of the console's.
enum CommandWords {
  /// Throws where a word stands in the place of a command and is none, naming the nearest that there is.
  static func judge(_ arguments: [String], under root: any ParsableCommand.Type) throws(ConsoleFailure) {
    var command = root
    var path = root._commandName
    for word in arguments {
      let known = command.configuration.subcommands
      guard !known.isEmpty, !word.hasPrefix("-"), word != "help" else { return }
      guard let next = known.first(where: { $0._commandName == word }) else {
        // What a command's default one takes may be any word; the console takes none.
        guard command == root || command.configuration.defaultSubcommand == nil else { return }
        let near = Nearest.match(to: word, among: known.map { $0._commandName })
        let hint = near.map { "did you mean `\($0)`?" } ?? "`\(path) --help` lists them"
        throw ConsoleFailure("\(path) has no command “\(word)”; \(hint)", status: .usage)
      }
      command = next
      path += " \(word)"
    }
  }
}
