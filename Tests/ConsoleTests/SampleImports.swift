import Market

@testable import Store

extension Sample {
  static let imports: [ImportRow] = ImportState.allCases.enumerated().map { index, state in
    let isOver = state == .imported || state == .checked
    return ImportRow(
      id: Int64(70 - index), vendor: "keyhaus", listing: 3, title: index % 2 == 0 ? "Starfall Odyssey" : "佐藤の冒険",
      source: index == 2 ? "evil\u{1B}[2J.csv" : "keys-2026-03.csv", state: state, isDryRun: state == .checked,
      rows: 1_000, done: state == .uploading ? 0 : 640, accepted: isOver ? 990 : 0, repeated: isOver ? 4 : 0,
      yours: isOver ? 3 : 0, review: isOver ? 2 : 0, malformed: isOver ? 1 : 0, tooLong: 0,
      problem: state == .failed ? "the sealed bytes do not belong to this row and key" : nil, importedBy: "v_keyhaus",
      createdAt: now - .seconds(600 * index), finishedAt: isOver ? now : nil, version: 2)
  }
}
