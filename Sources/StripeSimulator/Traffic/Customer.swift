/// Somebody who buys.
struct Customer: Sendable {
  var name: String
  var email: String
  var country: String
  var card: Card

  struct Card: Sendable {
    var brand: String
    var last4: String
  }

  /// Names as they are written where people live, with how they are spelled in an address, and the country.
  private static let people: [(name: String, ascii: String, country: String)] = [
    ("Amélie Lefèvre", "amelie.lefevre", "FR"), ("José Ángel Núñez", "jose.nunez", "ES"),
    ("Zoë van den Berg", "zoe.vandenberg", "NL"), ("Jürgen Groß", "juergen.gross", "DE"),
    ("Søren Ærøskøbing", "soren.aeroskobing", "DK"), ("Þórunn Jónsdóttir", "thorunn.jonsdottir", "IS"),
    ("Łukasz Wójcik", "lukasz.wojcik", "PL"), ("Jiří Dvořák", "jiri.dvorak", "CZ"),
    ("Eszter Kovács", "eszter.kovacs", "HU"), ("Ștefan Ionescu", "stefan.ionescu", "RO"),
    ("Ελένη Παπαδοπούλου", "eleni.papadopoulou", "GR"), ("Ольга Кузнецова", "olga.kuznetsova", "KZ"),
    ("Тарас Шевчук", "taras.shevchuk", "UA"), ("Георги Димитров", "georgi.dimitrov", "BG"),
    ("Նարեկ Սարգսյան", "narek.sargsyan", "AM"), ("ნინო ბერიძე", "nino.beridze", "GE"),
    ("יעל כהן", "yael.cohen", "IL"), ("محمد الفارسي", "mohammed.alfarsi", "AE"),
    ("فاطمه احمدی", "fateme.ahmadi", "TR"), ("ئاراس قادر", "aras.qadir", "IQ"),
    ("अनन्या शर्मा", "ananya.sharma", "IN"), ("রহিম উদ্দিন", "rahim.uddin", "BD"),
    ("ਗੁਰਪ੍ਰੀਤ ਸਿੰਘ", "gurpreet.singh", "CA"), ("தமிழ்செல்வி", "tamilselvi", "LK"),
    ("స్వాతి రెడ్డి", "swathi.reddy", "IN"), ("สมชาย ใจดี", "somchai.jaidee", "TH"),
    ("ສົມພອນ", "somphone", "LA"), ("សុខា ច័ន្ទ", "sokha.chan", "KH"), ("မောင်မောင်", "maung.maung", "MM"),
    ("Nguyễn Thị Hương", "nguyen.huong", "VN"), ("王小明", "wang.xiaoming", "TW"), ("陳美玲", "chan.meiling", "HK"),
    ("山田 太郎", "yamada.taro", "JP"), ("さくら", "sakura", "JP"), ("김민준", "kim.minjun", "KR"),
    ("አበበ ቢቂላ", "abebe.bikila", "ET"), ("Chukwuemeka Ọkọ́ńjọ", "chukwuemeka.okonjo", "NG"),
    ("Nomvula Dlamini", "nomvula.dlamini", "ZA"), ("Kwame Asante", "kwame.asante", "GH"),
    ("Tāne Ngata", "tane.ngata", "NZ"), ("Siobhán O’Connor", "siobhan.oconnor", "IE"),
    ("Ana Luísa Gonçalves", "analuisa.goncalves", "BR"), ("Ñusta Quispe", "nusta.quispe", "PE"),
    ("Mary-Jane Smith", "maryjane.smith", "US"), ("Li Wei", "li.wei", "SG"), ("Ayşe Yıldız", "ayse.yildiz", "TR"),
    ("Gintarė Žukauskaitė", "gintare.zukauskaite", "LT"), ("Õnne Pärn", "onne.parn", "EE"),
  ]
  private static let cards = [
    Card(brand: "visa", last4: "4242"), Card(brand: "mastercard", last4: "4444"), Card(brand: "amex", last4: "0005"),
    Card(brand: "visa", last4: "1881"), Card(brand: "mastercard", last4: "8210"), Card(brand: "jcb", last4: "0505"),
  ]

  /// Somebody at random; addresses differ, and lie under a domain that never receives mail (RFC 2606).
  static func anyone(using generator: inout some RandomNumberGenerator) -> Customer {
    let person = people[Int.random(in: 0..<people.count, using: &generator)]
    let number = Int.random(in: 1...99_999, using: &generator)
    return Customer(
      name: person.name, email: "\(person.ascii).\(number)@example.com", country: person.country,
      card: cards[Int.random(in: 0..<cards.count, using: &generator)])
  }
}
