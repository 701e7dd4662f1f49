import Foundation
import TestSupport
import Testing

/// The manual and what the built programs say of themselves agree, both ways.
@Suite("Manual pages") struct ManualTests {
  static let programs = [("gkm", "man/gkm.1"), ("gkmd", "man/gkmd.8")]

  @Test("Commands and options are those of --help", arguments: programs)
  func agree(program: String, path: String) async throws {
    let page = ManualPage(try #require(try Checkout.files(path).first).text)
    let dump = try await ChildProcess.run(try TestRun.program(program), ["--experimental-dump-help"])
    let help = try JSONDecoder().decode(DumpedHelp.self, from: Data(dump.output.utf8))
    let built = help.command.leaves(above: "")
    #expect(Set(page.commands.keys) == Set(built.keys), "\(path)")
    for (name, options) in built {
      let documented = page.commands[name] ?? []
      #expect(documented.isSubset(of: options), "\(path), \(name): \(documented.subtracting(options)) is not taken")
      let missing = options.subtracting(documented).subtracting(page.commonOptions)
      #expect(missing.isEmpty, "\(path), \(name): \(missing) is not documented")
    }
    let everything = built.values.reduce(into: Set<String>()) { $0.formUnion($1) }
    let extra = page.commonOptions.subtracting(everything).subtracting(["--generate-completion-script"])
    #expect(extra.isEmpty, "\(path): no command takes \(extra)")
    let shown = page.synopsis.subtracting(everything)
    #expect(shown.isEmpty, "\(path): the synopsis shows \(shown)")
  }

  @Test("They are set without a warning", arguments: programs)
  func format(program: String, path: String) async throws {
    let result = try await ChildProcess.run(
      "groff", ["-ww", "-mandoc", "-Tutf8", "-z", "\(TestRun.checkout)/\(path)"])
    #expect(result.succeeded && result.errors.isEmpty, "\(result.errors)")
  }

  @Test("Every setting of gkmd is in its page with its variables, and no other")
  func settings() throws {
    let page = try #require(try Checkout.files("man/gkmd.8").first).text
    let call =
      /reader\.(text|optionalText|number|flag|duration|list|parsed|secret|secretInText)\(\s*"([a-z_.]+)"(?:,\s*env:\s*\[([^\]]*)\])?/
    var wanted: Set<String> = []
    var variables: Set<String> = []
    for file in try Checkout.files("Sources/Daemon/Configuration", withSuffix: ".swift") {
      for match in file.text.matches(of: call) {
        wanted.insert(match.1 == "secret" ? "\(match.2)_file" : String(match.2))
        for name in (match.3 ?? "").matches(of: /"(\w+)"/) { variables.insert(String(name.1)) }
      }
    }
    let entries = page.matches(of: /(?m)^\.It Va ([a-z_.]+)(.*)$/)
    #expect(Set(entries.map { String($0.1) }) == wanted)
    let documented = entries.flatMap { $0.2.matches(of: /Ev (\w+)/).map { String($0.1) } }
    #expect(Set(documented) == variables)
  }
}

/// What an mdoc page says of commands and options.
private struct ManualPage {
  /// Options by command: each `.Ss` of COMMANDS; `-h` and `--host` alike.
  private(set) var commands: [String: Set<String>] = [:]
  /// Those of the section OPTIONS.
  private(set) var commonOptions: Set<String> = []
  private(set) var synopsis: Set<String> = []

  init(_ text: String) {
    var section = ""
    var command: String?
    for line in text.split(separator: "\n") {
      let words = line.split(separator: " ").map(String.init)
      switch words.first {
      case ".Sh": (section, command) = (words.dropFirst().joined(separator: " "), nil)
      case ".Ss" where section == "COMMANDS":
        let name = words.dropFirst().joined(separator: " ")
        command = name
        commands[name] = []
      case ".It" where section == "OPTIONS": commonOptions.formUnion(Self.flags(words))
      case ".It":
        if let command { commands[command]?.formUnion(Self.flags(words)) }
      case ".Op" where section == "SYNOPSIS", ".Fl" where section == "SYNOPSIS":
        synopsis.formUnion(Self.flags(words.map { $0 == ".Fl" ? "Fl" : $0 }))
      default: break
      }
    }
  }

  /// `Fl h` is `-h`, `Fl -host` is `--host`.
  private static func flags(_ words: [String]) -> Set<String> {
    Set(zip(words, words.dropFirst()).filter { $0.0 == "Fl" }.map { "-" + $0.1.replacing("\\&", with: "") })
  }
}

/// The part of `--experimental-dump-help` that is compared.
private struct DumpedHelp: Decodable {
  struct Command: Decodable {
    struct Argument: Decodable {
      struct Name: Decodable {
        let kind: String
        let name: String
      }
      let kind: String
      let names: [Name]?
      let shouldDisplay: Bool
    }
    let commandName: String
    let subcommands: [Command]?
    let arguments: [Argument]?
    let shouldDisplay: Bool?
  }
  let command: Command
}

extension DumpedHelp.Command {
  /// Commands that do something, by their full names, each with its options.
  fileprivate func leaves(above parent: String) -> [String: Set<String>] {
    guard let subcommands, !subcommands.isEmpty else { return [parent: options] }
    var found: [String: Set<String>] = [:]
    for command in subcommands where command.shouldDisplay ?? true {
      let name = parent.isEmpty ? command.commandName : "\(parent) \(command.commandName)"
      found.merge(command.leaves(above: name)) { $1 }
    }
    return found
  }

  private var options: Set<String> {
    Set(
      (arguments ?? []).filter { $0.kind != "positional" && $0.shouldDisplay }
        .flatMap { ($0.names ?? []).map { ($0.kind == "short" ? "-" : "--") + $0.name } })
  }
}
