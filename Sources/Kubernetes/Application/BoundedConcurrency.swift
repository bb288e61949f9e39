extension Sequence where Element: Sendable {
  /// Transforms the elements, a few at a time, and gives the results in the order of the elements.
  ///
  /// A fleet has hundreds of objects, and each waits for the server's answer; an API server holds back clients that
  /// ask for too much at once.
  /// - Parameters:
  ///   - finished: called with each result as it comes, one after the other; false starts no more.
  /// - Returns: nil for what was not started.
  func mapConcurrently<Value: Sendable>(
    limit: Int = 8, _ transform: @escaping @Sendable (Element) async -> Value,
    finished: (Element, Value) -> Bool = { _, _ in true }
  ) async -> [Value?] {
    let elements = Array(self)
    var results = [Value?](repeating: nil, count: elements.count)
    await withTaskGroup(of: (Int, Value).self) { group in
      var next = 0
      func start() {
        guard next < elements.count else { return }
        let index = next
        let element = elements[index]
        group.addTask { (index, await transform(element)) }
        next += 1
      }
      for _ in 0..<limit { start() }
      var goesOn = true
      while let (index, value) = await group.next() {
        results[index] = value
        goesOn = finished(elements[index], value) && goesOn
        if goesOn { start() }
      }
    }
    return results
  }
}
