import Glibc
import Testing

@testable import Console

@Suite("What the start leaves in memory") struct StartCodeTests {
  @Test("Only code of files of which no byte was changed is given back")
  func ranges() {
    let smaps = """
      55d000000000-55d000001000 r--p 00000000 08:01 42                         /usr/bin/gkm
      Size:                  4 kB
      Anonymous:             0 kB
      55d000001000-55d000005000 r-xp 00001000 08:01 42                         /usr/bin/gkm with blanks
      Size:                 16 kB
      Anonymous:             0 kB
      LazyFree:              0 kB
      55d000005000-55d000006000 rw-p 00005000 08:01 42                         /usr/bin/gkm
      Anonymous:             0 kB
      7f0000000000-7f0000002000 r-xp 00000000 08:01 43                         /lib/patched.so
      Anonymous:             4 kB
      7f0000002000-7f0000003000 r-xp 00000000 00:00 0
      Anonymous:             0 kB
      7ffd00000000-7ffd00002000 r-xp 00000000 00:00 0                          [vdso]
      Anonymous:             0 kB

      """
    #expect(StartCode.untouched(smaps) == [0x55d0_0000_1000..<0x55d0_0000_5000])
    #expect(StartCode.untouched("") == [] && StartCode.untouched("rubbish\n-\nr-xp") == [])
  }

  @Test("Code that was given back runs as before")
  func runs() {
    StartCode.giveBack()
    #expect(StartCode.untouched("") == [] && strlen("as before") == 9)
  }
}
