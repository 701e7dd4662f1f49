import Market

@testable import Console
@testable import Store

extension Sample {
  static let notices: [NoticeRow] = NoticeState.allCases.enumerated().map { index, state in
    let isHook = index % 3 == 1
    return NoticeRow(
      id: Int64(60 - index), audience: isHook ? .vendor : index % 3 == 0 ? .customer : .team,
      channel: isHook ? .webhook : index % 3 == 0 ? .email : .telegram,
      template: isHook ? "vendor_new_order" : index % 3 == 0 ? "order_received" : "alert",
      order: index % 3 == 2 ? nil : "GK-7Q2M-4XK\(index)-9R", vendor: isHook ? "keyhaus" : nil,
      endpoint: isHook ? 7 : nil, state: state, attempts: Int64(index), messageID: isHook ? "evt_\(index)" : nil,
      templateVersion: nil, lastReply: state == .retrying ? "503" : nil,
      nextAttemptAt: state == .retrying ? now + .seconds(8) : nil, createdAt: now - .seconds(Int64(60 * index)),
      sentAt: state == .sent ? now : nil, version: 1)
  }
}
