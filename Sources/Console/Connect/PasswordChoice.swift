package import Store

/// Where a new password comes from.
package enum PasswordChoice: Sendable, Equatable {
  /// Typed twice on the terminal, without being shown.
  case ask
  /// The first line of a file; `-` is standard input, `/dev/fd/3` a descriptor that the shell opened.
  case file(String)
  /// Made by chance and printed once.
  case generate

  /// The password as it is kept, and in the clear where it has to be handed on.
  package func verifier(for login: String) throws -> (verifier: SCRAMVerifier, generated: String?) {
    let (password, isNew) = try password(for: login)
    do throws(PasswordError) {
      return (try SCRAMVerifier(password: password), isNew ? password : nil)
    } catch {
      throw ConsoleFailure("\(error)", status: .badData)
    }
  }

  private func password(for login: String) throws -> (String, isNew: Bool) {
    switch self {
    case .generate: return (RandomWords.make(groups: 5), true)
    case .file(let path):
      let text = try TextInput.read(path, limit: 4 << 10)
      let line = text.split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
      guard !line.isEmpty else { throw ConsoleFailure("\(path) holds no password", status: .noInput) }
      return (line, false)
    case .ask:
      let first = try PasswordPrompt.ask("New password for \(login): ")
      guard try PasswordPrompt.ask("Once more: ") == first else {
        throw ConsoleFailure("the two passwords are not the same", status: .badData)
      }
      return (first, false)
    }
  }
}
