package import Hummingbird
import NIOCore

/// What is known of one request beside its own bytes.
package struct WebContext: RequestContext {
  package var coreContext: CoreRequestContextStorage
  private let channel: any Channel

  package init(source: ApplicationRequestContextSource) {
    coreContext = CoreRequestContextStorage(source: source)
    channel = source.channel
  }

  /// The address at the other end of the connection; `nil` on a Unix socket.
  package var peer: String? { channel.remoteAddress?.ipAddress }
}
