import Synchronization
import Terminal

/// What effects hand to the main thread: any thread puts events in, the main thread takes them out when it is woken.
final class Mailbox: Sendable {
  private let events = Mutex<[Event]>([])
  private let waker: Waker

  init(waker: Waker) { self.waker = waker }

  func post(_ event: Event) {
    events.withLock { $0.append(event) }
    waker.wake()
  }

  func takeAll() -> [Event] {
    events.withLock { events in
      let taken = events
      events.removeAll()
      return taken
    }
  }
}
