/// SplitMix64: the same seed gives the same numbers on every machine.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
    return mixed ^ mixed >> 31
  }

  mutating func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8.random(in: 0...255, using: &self) } }
}

/// Calls `body` with every order of `items` (Heap's algorithm).
func forEachPermutation<Item>(of items: [Item], _ body: ([Item]) -> Void) {
  var items = items
  var counters = [Int](repeating: 0, count: items.count)
  body(items)
  var index = 0
  while index < items.count {
    if counters[index] < index {
      items.swapAt(index % 2 == 0 ? 0 : counters[index], index)
      body(items)
      counters[index] += 1
      index = 0
    } else {
      counters[index] = 0
      index += 1
    }
  }
}
