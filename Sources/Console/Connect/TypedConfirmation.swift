import Glibc
import Terminal

/// Has a person type a word before something that cannot be undone.
package enum TypedConfirmation {
  /// Asks on the terminal for `word`, whatever standard input and output are.
  ///
  /// - Throws: `ConsoleFailure` where there is no terminal, or something else was typed.
  package static func demand(_ word: String, _ question: String) throws {
    let terminal = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY)
    guard terminal >= 0 else {
      throw ConsoleFailure("there is no terminal to confirm on: --yes confirms in scripts", status: .usage)
    }
    defer { close(terminal) }
    let prompt = Array("\(Sanitizer.clean(question))\nType \(Sanitizer.clean(word)) to go on: ".utf8)
    _ = write(terminal, prompt, prompt.count)
    var typed: [UInt8] = []
    while typed.count < 1_000 {
      var byte: UInt8 = 0
      let count = read(terminal, &byte, 1)
      if count < 0, errno == EINTR { continue }
      if count != 1 || byte == 0x0A { break }
      typed.append(byte)
    }
    guard String(decoding: typed, as: UTF8.self) == word else {
      throw ConsoleFailure("not confirmed: nothing was done", status: .interrupted)
    }
  }
}
