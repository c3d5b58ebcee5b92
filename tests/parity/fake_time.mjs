// Time for the official client: setTimeout, clearTimeout and Date.now of this process, driven by hand.
// Timers due at the same millisecond fire in the order in which they were made, as in every JavaScript host; what the
// scripted network does comes before the client's own.

const real = { setTimeout: globalThis.setTimeout, clearTimeout: globalThis.clearTimeout, now: Date.now }

export class FakeTime {
  constructor() {
    this.now = 0
    this.timers = new Map()
    this.next = 1
    this.ties = new Set()  // milliseconds at which more than one timer of the client was due, also if the first to fire cancels the other
  }

  install() {
    globalThis.setTimeout = (run, delay) => this.after(delay, run)
    globalThis.clearTimeout = id => this.timers.delete(id)
    Date.now = () => this.now
  }

  static uninstall() {
    Object.assign(globalThis, { setTimeout: real.setTimeout, clearTimeout: real.clearTimeout })
    Date.now = real.now
  }

  after(delay, run, network = false) {
    this.timers.set(this.next, { at: this.now + Math.max(1, delay), from: this.now, network, run })
    return this.next++
  }

  network(delay, run) { this.after(delay, run, true) }

  advance(by) {
    const end = this.now + by
    for (;;) {
      let due
      for (const [id, timer] of this.timers)  // a Map iterates in order of creation: the first of equals wins
        if (timer.at <= end && (!due || timer.at < due.at || (timer.at === due.at && timer.network && !due.network))) due = { id, ...timer }
      if (!due) break
      this.timers.delete(due.id)
      this.now = due.at
      if (!due.network)
        for (const other of this.timers.values()) if (other.at === this.now && other.from !== due.from && !other.network) this.ties.add(this.now)
      due.run()
    }
    this.now = end
  }
}
