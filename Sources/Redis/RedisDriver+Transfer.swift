internal import CHiredis
import Glibc

/// Moving bytes.
extension RedisDriver {
  /// Writes what waits, many calls in one go, as far as the socket takes it.
  func transmit() {
    while true {
      if case .ready = phase, listener == nil { gather() }
      guard outputSent < output.count, canWrite else { return }
      let progress = output.withUnsafeBytes { bytes in
        socket?.transmit(UnsafeRawBufferPointer(rebasing: bytes[outputSent...])) ?? .wouldBlock
      }
      switch progress {
      case .bytes(let count):
        outputSent += count
        if outputSent == output.count {
          output.removeAll(keepingCapacity: output.capacity <= Self.outputLimit * 4)
          outputSent = 0
        }
      case .wouldBlock:
        return
      case .ended, .failed:
        lost(progress)
        return
      }
    }
  }

  private var canWrite: Bool {
    switch phase {
    case .greeting, .ready: true
    default: false
    }
  }

  /// Appends waiting calls to the output while it is short.
  private func gather() {
    while output.count - outputSent < Self.outputLimit, let call = waiting.popFirst() {
      guard !call.finished else { continue }
      output += call.request.payload
      call.isSent = true
      inFlight.append(call)
    }
  }

  /// Sleeps until the socket or another thread stirs, or something is due.
  func wait() {
    var descriptors = [pollfd(fd: inbox.waker.descriptor, events: Int16(POLLIN), revents: 0)]
    if let descriptor = socket?.descriptor {
      var events = Int16(POLLIN)
      if case .connecting = phase { events = Int16(POLLOUT) }
      if outputSent < output.count { events |= Int16(POLLOUT) }
      descriptors.append(pollfd(fd: descriptor, events: events, revents: 0))
    }
    let next = nextEvent
    let left = next == .distantFuture ? -1 : next.remaining(from: .now())
    let count = gkm_hiredis_poll(&descriptors, nfds_t(descriptors.count), left)
    now = .now()
    guard count > 0 else { return }
    if descriptors[0].revents != 0 { inbox.waker.drain() }
    guard descriptors.count > 1, descriptors[1].revents != 0 else { return }
    if case .connecting(let deadline) = phase {
      connected(deadline)
    } else if descriptors[1].revents & Int16(POLLIN | POLLHUP | POLLERR) != 0 {
      receive()
    }
  }

  private func receive() {
    withUnsafeTemporaryAllocation(byteCount: Self.readSize, alignment: 16) { buffer in
      // Bounded, so that a flood of replies does not starve deadlines and new requests.
      for _ in 0..<16 {
        let progress = socket?.receive(into: buffer) ?? .wouldBlock
        switch progress {
        case .bytes(let count):
          lastReceived = now
          pinged = false
          guard take(UnsafeRawBufferPointer(rebasing: buffer[..<count])) else { return }
          if count < buffer.count { return }
        case .wouldBlock:
          return
        case .ended, .failed:
          lost(progress)
          return
        }
      }
    }
  }

  /// False when the connection did not survive what was read.
  private func take(_ bytes: UnsafeRawBufferPointer) -> Bool {
    do throws(RedisError) {
      try reader?.feed(bytes)
      while let value = try reader?.next() {
        deliver(value)
      }
    } catch {
      drop(error, reconnect: true)
    }
    return socket != nil
  }

  private func deliver(_ value: RedisValue) {
    if case .greeting = phase {
      greeted(value)
    } else if let listener {
      if let error = listener.onReply(value) { drop(error, reconnect: true) }
    } else if let call = inFlight.first {
      call.received += 1
      if !call.finished { call.values.append(value) }
      if call.received == call.request.replies {
        _ = inFlight.popFirst()
        finish(call, .success(call.values))
      }
    }
  }

  private func lost(_ progress: RedisSocket.Progress) {
    let reason = if case .failed(let code) = progress { describe(code) } else { "the server closed the connection" }
    if case .ready = phase {
      drop(RedisError(.disconnected, reason), reconnect: true)
    } else {
      drop(RedisError(.connect, "\(configuration): \(reason)"), reconnect: true)
    }
  }
}
