/// How well what was typed fits a title: its letters must come in order. Higher is better; `nil` is no match.
package func fuzzyScore(_ typed: String, in title: String) -> Int? {
  guard !typed.isEmpty else { return 0 }
  var score = 0
  var run = 0
  var previous: Character = " "
  var wanted = typed.lowercased().filter { $0 != " " }[...]
  for character in title.lowercased() {
    guard let next = wanted.first else { break }
    if character == next {
      wanted = wanted.dropFirst()
      run += 1
      // Letters side by side and at the beginning of words say most.
      score += run * 2 + (previous == " " ? 4 : 0)
    } else {
      run = 0
      score -= 1
    }
    previous = character
  }
  return wanted.isEmpty ? score : nil
}
