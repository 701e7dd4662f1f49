import Market

/// `text` as the column type `safe_text` takes it: refused characters are replaced, and what lies beyond `limit`
/// characters is cut off. `nil` stays `nil`.
func safe(_ text: String?, limit: Int = 500) -> String? {
  text.map { SafeText.cleaned($0, limit: limit) }
}
