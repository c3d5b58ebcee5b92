// Repeatable randomness (mulberry32): one seed, one script.
export class Random {
  constructor(seed) { this.state = seed >>> 0 }
  unit() {
    this.state = (this.state + 0x6d2b79f5) >>> 0
    let t = this.state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
  below(n) { return Math.floor(this.unit() * n) }
  between(low, high) { return low + this.below(high - low + 1) }
  chance(p) { return this.unit() < p }
  pick(list) { return list[this.below(list.length)] }
  /// pairs [[weight, value], ...]
  weighted(pairs) {
    let at = this.unit() * pairs.reduce((sum, [weight]) => sum + weight, 0)
    for (const [weight, value] of pairs) if ((at -= weight) < 0) return value
    return pairs[pairs.length - 1][1]
  }
}
