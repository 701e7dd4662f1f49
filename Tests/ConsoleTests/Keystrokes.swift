import Terminal

@testable import Console

/// Presses keys by their names, one after the other; answers what the last one asks for.
func press(_ names: String..., in state: inout AppState) -> [Effect] {
  var effects: [Effect] = []
  for name in names {
    guard let key = Key(name) else { continue }
    if case .character(let character) = key.code, key.modifiers.isEmpty {
      effects = update(&state, .input(.character(character)), now: Sample.now)
    } else {
      effects = update(&state, .input(.key(key)), now: Sample.now)
    }
  }
  return effects
}

/// Types a text, character by character.
func type(_ text: String, into state: inout AppState) {
  for character in text { _ = update(&state, .input(.character(character)), now: Sample.now) }
}
