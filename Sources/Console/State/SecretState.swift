import Market
import Terminal

/// A key that is looked at: there for seconds, then painted over.
package struct SecretState: Equatable, Sendable {
  package var key: RevealedKey
  package var order: RowAsShown
  package var place: Int
  /// What was typed for it: asking for more time asks again, with the same words.
  package var reason: String
  package var secondsLeft = RevealReport.seconds
  package var serial: Int
  package var isRenewing = false
}

/// Takes a key that came, and begins to count.
func take(
  _ key: RevealedKey, of order: RowAsShown, place: Int, reason: String, _ state: inout AppState
) -> [Effect] {
  // Whoever has gone on meanwhile, or is locked out, is shown nothing.
  switch state.overlay {
  case .form, .secret: break
  default: return []
  }
  let serial = state.nextGeneration
  state.nextGeneration += 1
  state.overlay = .secret(SecretState(key: key, order: order, place: place, reason: reason, serial: serial))
  return [.countSecret(serial: serial)]
}

/// A second has passed.
func countDown(_ serial: Int, _ state: inout AppState) -> [Effect] {
  guard case .secret(var secret) = state.overlay, secret.serial == serial else { return [] }
  secret.secondsLeft -= 1
  guard secret.secondsLeft > 0 else {
    state.overlay = nil
    return [.repaint]
  }
  state.overlay = .secret(secret)
  return [.countSecret(serial: serial)]
}

/// Keys while a key is shown: r asks for it again, anything else takes it away.
func updateSecret(_ secret: SecretState, _ key: Key, _ state: inout AppState) -> [Effect] {
  guard key == Key(.character("r")) else {
    state.overlay = nil
    return [.repaint]
  }
  guard !secret.isRenewing else { return [] }
  var secret = secret
  secret.isRenewing = true
  state.overlay = .secret(secret)
  return [
    .perform(
      .revealKey(secret.order, place: secret.place), values: ["place": String(secret.place), "reason": secret.reason])
  ]
}
