/// Somebody who buys in the demo market.
struct DemoCustomer: Sendable {
  let name: String
  let email: String
  let locale: String
  let card: (brand: String, last4: String)
  let address: String
  let agent: String

  private static let people: [(name: String, ascii: String, locale: String)] = [
    ("Amélie Lefèvre", "amelie.lefevre", "en"), ("Lucía Fernández", "lucia.fernandez", "es"),
    ("José Ángel Núñez", "jangel.nunez", "es"), ("Zoë van den Berg", "zoe.vdberg", "en"),
    ("Jürgen Groß", "juergen.gross", "en"), ("Søren Ærøe", "soren.aeroe", "en"),
    ("Þórunn Jónsdóttir", "thorunn.j", "en"), ("Łukasz Wójcik", "lukasz.wojcik", "en"),
    ("Jiří Dvořák", "jiri.dvorak", "en"), ("Eszter Kovács", "eszter.kovacs", "en"),
    ("Ștefan Ionescu", "stefan.ionescu", "en"), ("Ayşe Yıldız", "ayse.yildiz", "en"),
    ("Ελένη Παπαδοπούλου", "eleni.pap", "en"), ("Νίκος Γεωργίου", "nikos.georgiou", "en"),
    ("Ольга Кузнецова", "olga.kuznetsova", "en"), ("Тарас Бондаренко", "taras.bondarenko", "en"),
    ("Георги Димитров", "georgi.dimitrov", "en"), ("Նարեկ Սարգսյան", "narek.sargsyan", "en"),
    ("ნინო ბერიძე", "nino.beridze", "en"), ("יעל כהן", "yael.cohen", "en"), ("אורי לוי", "uri.levi", "en"),
    ("محمد الفارسي", "m.alfarsi", "en"), ("فاطمة الزهراء", "fatima.z", "en"), ("نرگس احمدی", "narges.ahmadi", "en"),
    ("अनन्या शर्मा", "ananya.sharma", "en"), ("राहुल वर्मा", "rahul.verma", "en"),
    ("রহিম উদ্দিন", "rahim.uddin", "en"), ("ਗੁਰਪ੍ਰੀਤ ਸਿੰਘ", "gurpreet.singh", "en"),
    ("தமிழ்செல்வி", "tamilselvi", "en"), ("สมชาย ใจดี", "somchai.jaidee", "en"),
    ("សុខា ច័ន្ទ", "sokha.chan", "en"), ("Nguyễn Thị Hương", "nguyen.huong", "en"),
    ("王小明", "wang.xiaoming", "en"), ("陳美玲", "chan.meiling", "en"), ("李思远", "li.siyuan", "en"),
    ("山田 太郎", "yamada.taro", "en"), ("さくら 田中", "sakura.tanaka", "en"), ("ケイト・ミラー", "kate.miller", "en"),
    ("김민준", "kim.minjun", "en"), ("박서연", "park.seoyeon", "en"), ("አበበ ተስፋዬ", "abebe.t", "en"),
    ("Chukwuemeka Ọkọ́ńjọ", "c.okonjo", "en"), ("Nomvula Dlamini", "nomvula.d", "en"),
    ("Tāne Ngata", "tane.ngata", "en"), ("Siobhán O’Connor", "siobhan.oconnor", "en"),
    ("Ana Luísa Gonçalves", "analuisa.g", "en"), ("Ñusta Quispe", "nusta.quispe", "es"),
    ("María del Mar Ibáñez", "mdmar.ibanez", "es"), ("Mary-Jane Smith", "maryjane.smith", "en"),
    ("Oluwaseun Adébáyọ̀", "seun.adebayo", "en"), ("Diego Ramírez", "diego.ramirez", "es"),
  ]
  private static let cards: [(brand: String, last4: String)] = [
    ("visa", "4242"), ("mastercard", "4444"), ("amex", "0005"), ("visa", "1881"), ("mastercard", "8210"),
    ("jcb", "0505"), ("visa", "3155"), ("discover", "9424"), ("unionpay", "0005"),
  ]
  // Domains and addresses that are kept for examples (RFC 2606, RFC 5737, RFC 3849).
  private static let domains = ["example.com", "example.org", "example.net", "mail.example"]
  private static let networks = ["203.0.113.", "198.51.100.", "192.0.2."]
  private static let agents = [
    "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Version/17.5 Mobile Safari/604.1",
    "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Mobile Safari/537.36",
  ]

  static func anyone(_ random: inout DemoRandom) -> DemoCustomer {
    let person = random.pick(people)
    let number = random.number(1...9_999)
    let network = random.pick(networks) + String(random.number(1...254))
    let address = random.chance(0.2) ? "2001:db8:\(random.number(1...9999))::\(random.number(1...99))" : network
    return DemoCustomer(
      name: person.name, email: "\(person.ascii)\(number)@\(random.pick(domains))", locale: person.locale,
      card: random.pick(cards), address: address, agent: random.pick(agents))
  }
}
