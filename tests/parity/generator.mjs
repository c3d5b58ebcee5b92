// Scripts from seeds. The grammar is in README.md. A little knowledge of the conversation (what was asked for, what may be answered)
// keeps most steps meaningful; steps without a subject are kept too: both players then do nothing, or refuse alike.
import { Random } from "./random.mjs"

const topics = ["room:lobby", "room:2", 'quote"d:\u00fc']
const events = ["msg", "note", "presence_state", "presence_diff"]
const payloads = ["{}", '{"a":1}', '{"b":[1,2,{"c":null}],"a":"\u00e9"}', '"text"', "[1,2]", "true"]
const garbage = ["not json", "{}", '{"topic":"room:lobby"}', "[", "", "null", "42", '[null,null,"room:lobby","msg",{]']
const strangers = ['[null,null,"room:unknown","msg",{}]', '["99","99","room:lobby","msg",{"old":true}]', '[null,null,"phoenix","phx_reply",{"status":"ok","response":{}}]']
const codes = [1000, 1001, 1005, 1006, 1008, 1011, 1012, 1013, 4000]
const users = ["u1", "u2", "u3", "__proto__", "constructor"]

class Script {
  constructor(seed) {
    this.seed = seed
    this.random = new Random(seed)
    this.steps = []
    this.channels = []
    this.operations = []
    this.handlers = []
    this.numbers = 0
  }

  config() {
    const r = this.random
    return {
      timeout: r.pick([10000, 10000, 1009, 433]), heartbeat: r.pick([30000, 30000, 2003, 811]), close_ms: r.pick([150, 450, 900]),
      auto: this.answers() }
  }

  /// What the server does by itself, so that deep states are reached.
  answers() {
    const r = this.random
    return { open: r.pick([null, 5, 121]), join: r.pick([null, null, 9, 307]), heartbeat: r.pick([null, 7, 7]) }
  }

  dt() {
    const r = this.random
    return r.weighted([[60, r.between(1, 40)], [20, r.between(41, 700)], [14, r.between(701, 5000)], [5, r.between(5001, 40000)]])
  }

  add(step) { this.steps.push({ dt: this.dt(), ...step }) }
  id() { return ++this.numbers }
  any() { return this.channels.length ? this.random.pick(this.channels) : undefined }
  timeout() { return this.random.chance(0.3) ? { timeout: this.random.pick([97, 641, 3001, 10000]) } : {} }

  // --- client ---
  channel() {
    const ch = this.id()
    this.channels.push(ch)
    this.add({ c: "channel", ch, topic: this.random.pick(topics), params: this.random.pick(payloads.slice(0, 3)),
      presence: this.random.chance(0.4) })
    if (this.random.chance(0.9)) this.add({ c: "join", ch, ...this.timeout() })
    if (this.random.chance(0.5)) this.on(ch)
  }

  on(ch = this.any()) {
    if (ch === undefined) return
    this.handlers.push(this.id())
    this.add({ c: "on", ch, id: this.numbers, event: this.random.pick(events), once: this.random.chance(0.2) })
  }

  off() {
    const r = this.random
    if (r.chance(0.6) && this.handlers.length) this.add({ c: "off", id: r.pick(this.handlers) })
    else if (this.channels.length) this.add({ c: "off", ch: this.any(), event: r.pick(events.slice(0, 2)) })
  }

  push() {
    if (!this.channels.length) return
    const r = this.random
    this.operations.push(this.id())
    this.add({ c: "push", ch: this.any(), id: this.numbers, event: r.pick(["msg", "save", "caf\u00e9"]), payload: r.pick(payloads.slice(0, 3)),
      binary: r.chance(0.15), late: r.chance(0.2), ...this.timeout() })
  }

  leave() {
    if (!this.channels.length) return
    this.operations.push(this.id())
    this.add({ c: "leave", ch: this.any(), id: this.numbers, late: this.random.chance(0.2), ...this.timeout() })
  }

  receive() {
    if (this.operations.length)
      this.add({ c: "receive", id: this.random.pick(this.operations), status: this.random.pick(["ok", "error", "timeout", "custom"]) })
  }

  disconnect() {
    const close = this.random.weighted([[3, {}], [1, { code: 1000 }], [1, { code: 4001, reason: "bye" }]])
    this.add({ c: "disconnect", id: this.id(), ...close })
  }

  // --- server ---
  reply() {
    const r = this.random
    const to = r.weighted([[6, "join"], [8, "push"], [1, "leave"], [1, "heartbeat"]])
    const status = to === "join" ? r.pick(["ok", "ok", "ok", "error"]) : r.pick(["ok", "ok", "ok", "error", "custom", "timeout"])
    const which = to !== "heartbeat" && this.channels.length && r.chance(0.5) ? { ch: this.any() } : {}
    this.add({ s: "reply", to, ...which, back: r.weighted([[8, 0], [2, 1], [1, 2]]), status, response: r.pick(payloads),
      binary: to === "push" && r.chance(0.1) })
  }

  serverPush() {
    const ch = this.any()
    if (ch === undefined) return
    const r = this.random
    const event = r.weighted([[6, "msg"], [2, "note"], [3, "phx_error"], [1, "phx_close"], [4, "presence_state"], [6, "presence_diff"]])
    const own = event === "phx_error" || event === "phx_close"
    const payload = event === "presence_state" ? this.presences() : event === "presence_diff" ? this.diff()
      : own ? "{}" : r.pick(payloads)
    const join_ref = own ? r.weighted([[8, "own"], [2, "old"]]) : r.pick(["own", "own", "none", "none", "old"])
    this.add({ s: "push", ch, join_ref, event, payload, binary: (event === "msg" || event === "note") && r.chance(0.15) })
  }

  presences() {
    const entry = () => {
      const metas = []
      for (const ref of ["r1", "r2", "r3", "r4"]) if (this.random.chance(0.4)) metas.push(`{"phx_ref":"${ref}","n":${this.random.below(3)}}`)
      if (!metas.length) metas.push('{"phx_ref":"r0"}')
      return `{"metas":[${metas}]${this.random.chance(0.3) ? ',"user":{"name":"Ada"}' : ""}}`
    }
    return `{${users.filter(() => this.random.chance(0.4)).map(user => `"${user}":${entry()}`)}}`
  }
  diff() { return `{"joins":${this.presences()},"leaves":${this.presences()}}` }

  close() {
    const code = this.random.pick(codes)
    this.add({ s: "close", code, reason: this.random.pick(["", "bye"]), clean: code !== 1006 })
  }

  step() {
    this.random.weighted([
      [6, () => this.channel()], [6, () => this.add({ c: "connect" })], [4, () => this.disconnect()], [2, () => this.on()], [2, () => this.off()],
      [14, () => this.push()], [4, () => this.leave()], [3, () => this.receive()], [2, () => this.add({ c: "ping" })],
      [2, () => this.channels.length && this.add({ c: "join", ch: this.any() })],
      [8, () => this.add({ s: "open" })], [18, () => this.reply()], [14, () => this.serverPush()], [6, () => this.close()],
      [3, () => this.add({ s: "error" })], [2, () => this.add({ s: "raw", text: this.random.pick(garbage) })],
      [2, () => this.add({ s: "raw", text: this.random.pick(strangers) })], [2, () => this.add({ s: "auto", ...this.answers() })],
    ])()
  }

  build() {
    const config = this.config()
    const length = this.random.between(10, 60)
    if (this.random.chance(0.8)) this.add({ c: "connect" })
    if (this.random.chance(0.8)) this.channel()
    if (this.random.chance(0.6)) this.add({ s: "open" })
    while (this.steps.length < length) this.step()
    return { seed: this.seed, config, steps: this.steps.slice(0, length) }
  }
}

export const generate = seed => new Script(seed).build()
