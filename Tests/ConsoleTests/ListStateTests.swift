import Store
import Testing

@testable import Console

@Suite struct ListStateTests {
  private func rows(_ ids: some Sequence<Int64>) -> [DisplayRow] { ids.map { DisplayRow(id: $0, cells: []) } }

  private func loaded(_ ids: some Sequence<Int64>, height: Int = 10) -> ListState {
    var list = ListState(kind: .orders)
    list.merge(firstPage: rows(ids), limit: 100, height: height)
    return list
  }

  @Test func theFirstReadingSelectsTheNewest() {
    #expect(loaded((1...50).reversed().map(Int64.init)).selected == 50)
  }

  @Test func newRowsNeverMoveWhatIsUnderTheCursor() {
    var list = loaded((1...50).reversed().map(Int64.init))
    list.move(by: 5, height: 10)
    #expect(list.selected == 45)
    list.merge(firstPage: rows((10...70).reversed().map(Int64.init)), limit: 61, height: 10)
    #expect(list.selected == 45)
    #expect(list.rows[list.topIndex].id == 50, "the view stays on its rows")
    #expect(list.newAbove == 20)
  }

  @Test func whoWatchesTheNewestRowSeesNewOnesCome() {
    var list = loaded((1...50).reversed().map(Int64.init))
    list.merge(firstPage: rows((2...51).reversed().map(Int64.init)), limit: 50, height: 10)
    #expect(list.selected == 51)
    #expect(list.topIndex == 0)
    list.move(by: 1, height: 10)
    list.merge(firstPage: rows((3...52).reversed().map(Int64.init)), limit: 50, height: 10)
    #expect(list.selected == 50, "the cursor was put there")
    #expect(list.newAbove == 1)
    list.move(by: -100, height: 10)
    list.merge(firstPage: rows((4...53).reversed().map(Int64.init)), limit: 50, height: 10)
    #expect(list.selected == 53, "back at the top")
    #expect(list.newAbove == 0)
  }

  @Test func aRowThatVanishedHandsTheCursorToTheNextOlder() {
    var list = loaded([9, 8, 7, 6, 5])
    list.move(by: 2, height: 10)
    list.merge(firstPage: rows([9, 8, 6, 5]), limit: 100, height: 10)
    #expect(list.selected == 6)
  }

  @Test func olderPagesStayWhenTheNewestIsReadAgain() {
    var list = loaded((101...200).reversed().map(Int64.init))
    list.append(rows((1...100).reversed().map(Int64.init)), limit: 100)
    list.merge(firstPage: rows((111...210).reversed().map(Int64.init)), limit: 100, height: 10)
    #expect(list.rows.count == 210)
    #expect(list.rows.map(\.id) == (1...210).reversed().map(Int64.init))
  }

  @Test func aPageThatIsNotFullIsTheEnd() {
    #expect(loaded([3, 2, 1]).reachedEnd)
  }

  @Test func theCursorStaysInView() {
    var list = loaded((1...50).reversed().map(Int64.init))
    for step in [1, 20, -3, 100, -100, 7] {
      list.move(by: step, height: 10)
      let index = list.selectedIndex ?? -1
      #expect(list.topIndex <= index && index < list.topIndex + 10)
    }
  }
}
