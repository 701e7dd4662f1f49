import Market
import Testing

/// Staff's hold on an order: a gate that nothing goes through, and that leaves no trace once it is open again.
@Suite("Staff's hold") struct StaffHoldTests {
  private static func word(_ generation: Int64, _ isHeld: Bool) -> PaymentFacts {
    var facts = PaymentFacts()
    facts.staffHold = StaffHold(generation: generation, isHeld: isHeld)
    return facts
  }

  static let stories = Stories.all.filter { $0.facts.count <= 5 }

  @Test("held and released anywhere in a history, it ends as without", arguments: stories)
  func passesByWithoutATrace(story: PaymentStory) {
    forEachPermutation(of: story.facts) { events in
      for begin in 0...events.count {
        for end in begin...events.count {
          var facts = PaymentFacts()
          var shop = SimulatedShop(terms: Stories.terms)
          var decision: OrderDecision?
          for place in 0...events.count {
            if place == begin {
              facts.merge(Self.word(1, true))
              decision = shop.settle(Stories.terms, facts)
            }
            if place == end {
              facts.merge(Self.word(2, false))
              decision = shop.settle(Stories.terms, facts)
            }
            guard place < events.count else { break }
            facts.merge(events[place].delta)
            decision = shop.settle(Stories.terms, facts)
          }
          if decision?.state != story.state {
            Issue.record("\(decision?.state.rawValue ?? "none"), held from \(begin) to \(end) of \(events)")
            return
          }
        }
      }
    }
  }

  @Test("while it is held nothing is bound, sent on or taken from stock", arguments: Stories.all)
  func letsNothingThrough(story: PaymentStory) {
    var facts = Self.word(1, true)
    for event in story.facts {
      facts.merge(event.delta)
      let fulfilment = Fulfilment(reserved: 2, isFrozen: true)
      for action in OrderReducer.reduce(order: Stories.terms, facts: facts, fulfilment: fulfilment).actions {
        switch action {
        case .bindKeys, .reserveAgain, .resumeDelivery, .releaseSpare: Issue.record("\(action) after \(event)")
        default: break
        }
      }
    }
  }

  @Test("the words of staff count by their order, however they are heard")
  func wordsCommute() {
    let words = [Self.word(1, true), Self.word(2, false), Self.word(3, true), Self.word(4, false)]
    forEachPermutation(of: words) { words in
      var facts = PaymentFacts()
      for word in words { facts.merge(word) }
      if facts.staffHold != StaffHold(generation: 4, isHeld: false) { Issue.record("\(words)") }
    }
  }
}
