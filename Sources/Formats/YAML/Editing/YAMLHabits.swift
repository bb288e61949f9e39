/// How a file is written, so that what is added to it looks the same.
struct YAMLHabits {
  var lineBreak = "\n"
  /// Columns by which a mapping stands right of its key.
  var indentation = 2
  /// Columns by which a list stands right of its key; 0 where the dashes stand below it.
  var listIndentation = 2
  /// The least column of the lines of a literal scalar: a comment below it that stood as far right would be part of it.
  var blockFloor = 0

  init() {}

  init(of layout: YAMLLayout, in bytes: [UInt8], reader: YAMLLayoutReader) {
    if let index = bytes.firstIndex(of: 0x0a), index > 0, bytes[index - 1] == 0x0d { lineBreak = "\r\n" }
    var mappings: [Int: Int] = [:]
    var lists: [Int: Int] = [:]
    func visit(_ node: YAMLLayout.Node) {
      guard node.isBlockCollection, let children = node.children else { return }
      let column = reader.column(of: node.contentStart)
      for child in children {
        let node = child.node
        if node.isBlockCollection, case .mapping = layoutContent(of: node), isEntry(child),
          reader.column(of: node.contentStart) > column
        {
          mappings[reader.column(of: node.contentStart) - column, default: 0] += 1
        }
        if node.isBlockCollection, case .list = layoutContent(of: node), isEntry(child) {
          lists[reader.column(of: node.contentStart) - column, default: 0] += 1
        }
        visit(node)
      }
    }
    func layoutContent(of node: YAMLLayout.Node) -> YAMLLayout.Node.Content { node.content }
    func isEntry(_ child: YAMLLayout.Child) -> Bool { bytes[child.start..<child.introEnd].last == UInt8(ascii: ":") }
    visit(layout.root)
    if let usual = Self.mostFrequent(mappings) { indentation = usual }
    listIndentation = Self.mostFrequent(lists) ?? indentation
  }

  /// The smaller of two that are as frequent.
  private static func mostFrequent(_ counts: [Int: Int]) -> Int? {
    counts.min { ($1.value, $0.key) < ($0.value, $1.key) }?.key
  }
}
