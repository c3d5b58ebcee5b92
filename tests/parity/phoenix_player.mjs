// Plays a script to the official client and writes down what it does. Twin of player.cpp; the grammar is in README.md.
import { createRequire } from "node:module"
import { FakeTime } from "./fake_time.mjs"
import { fakeWebSocket } from "./fake_websocket.mjs"
import { replyFrame, pushFrame } from "./server_frames.mjs"
import { amendChannel, amendSocket } from "./departures.mjs"

const require = createRequire(new URL("../interop/package.json", import.meta.url))
const { Socket, Presence } = require("phoenix")
const statuses = ["ok", "error", "timeout", "custom"]

const plain = value => value instanceof ArrayBuffer ? { $binary: Buffer.from(value).toString("base64") }
  : value && value.response instanceof ArrayBuffer ? { ...value, response: plain(value.response) } : value ?? null
const copy = value => JSON.parse(JSON.stringify(plain(value)))

class Game {
  constructor(script, departures) {
    this.script = script
    this.departures = departures
    this.config = { ...script.config }
    this.auto = { ...script.config.auto }
    this.time = new FakeTime()
    this.entries = []
    this.used = new Set()  // departures that made a difference
    this.wires = []
    this.frames = []
    this.channels = new Map()
    this.pushes = new Map()
    this.handlers = new Map()
    this.time.install()
    this.socket = new Socket("ws://localhost/socket", {
      transport: fakeWebSocket(this), timeout: this.config.timeout, heartbeatIntervalMs: this.config.heartbeat })
    amendSocket(this)
    this.socket.onOpen(() => this.log("open"))
    this.socket.onClose(e => this.log("close", e.code, e.reason, e.wasClean))
    this.socket.onError((_error, _transport, established) => this.log("error", established))
    this.socket.onMessage(m => this.log("message", [m.join_ref ?? null, m.ref ?? null, m.topic, m.event, copy(m.payload)]))
  }

  log(kind, ...rest) { this.entries.push([this.time.now, kind, ...rest]) }

  play() {
    for (const step of this.script.steps) {
      this.time.advance(step.dt)
      try {
        if (step.c) this.client[step.c].call(this, step)
        else this.server[step.s].call(this, step)
      } catch (error) {
        if (!(error instanceof Error) || error instanceof TypeError || error instanceof ReferenceError) throw error
        this.log("throw")
      }
      this.log("state", this.socket.connectionState(), Object.fromEntries([...this.channels].map(([id, c]) => [id, c.state])))
    }
    FakeTime.uninstall()
    return this.entries
  }

  /// A frame the client sent; what a server answers by itself is on its way from here.
  sent(wire, data) {
    const frame = typeof data === "string" ? JSON.parse(data) : this.decode(data)
    const [join_ref, ref, topic, event] = frame
    const sent = { join_ref, ref, topic, event, wire }
    this.frames.push(sent)
    const answer = (after, response) => this.time.network(after, () => wire.message(replyFrame(sent, "ok", response, false)))
    if (topic === "phoenix" && this.auto.heartbeat != null) answer(this.auto.heartbeat, "{}")
    if (event === "phx_join" && this.auto.join != null) answer(this.auto.join, "{}")
  }

  decode(data) {
    const bytes = Buffer.from(data)
    let at = 5
    return [1, 2, 3, 4].map(i => bytes.toString("utf8", at, at += bytes[i]))
  }

  /// The frames the scripted server may answer, newest last.
  select({ to, ch, back }) {
    const events = { join: f => f.event === "phx_join", leave: f => f.event === "phx_leave", heartbeat: f => f.topic === "phoenix" && f.wire === this.wire,
      push: f => f.topic !== "phoenix" && f.event !== "phx_join" && f.event !== "phx_leave" }
    const topic = ch === undefined ? undefined : this.channels.get(ch)?.topic
    const found = this.frames.filter(f => events[to](f) && (ch === undefined || f.topic === topic))
    return found[found.length - 1 - (back ?? 0)]
  }

  hooks(push, name, label, late) {
    const log = label === undefined ? (status, r) => this.log(name, status, copy(r)) : (status, r) => this.log(name, label, status, copy(r))
    if (!late) for (const status of statuses) push.receive(status, r => log(status, r))
  }

  get wire() { return this.wires[this.wires.length - 1] }

  client = {
    connect() { this.socket.connect() },
    disconnect({ id, code, reason }) { this.socket.disconnect(() => this.log("disconnected", id), code, reason) },
    ping() { this.log("ping", this.socket.ping(rtt => this.log("pong", rtt))) },
    channel({ ch, topic, params, presence }) {
      const channel = this.socket.channel(topic, JSON.parse(params))
      this.channels.set(ch, channel)
      amendChannel(this, channel)
      if (presence) this.client.presence.call(this, ch, channel)
      channel.onError(reason => this.log("channel_error", ch, copy(reason)))
      channel.onClose(payload => this.log("channel_close", ch, payload === "leave" ? "left" : "server"))
    },
    presence(ch, channel) {
      const presence = new Presence(channel)
      presence.onJoin((key, current, joined) => this.log("presence", ch, "join", key, copy(current), copy(joined)))
      presence.onLeave((key, current, left) => this.log("presence", ch, "leave", key, copy(current), copy(left)))
      presence.onSync(() => this.log("presence", ch, "sync", presence.list((key, p) => [key, copy(p)])))
    },
    join({ ch, timeout }) {
      const channel = this.channels.get(ch)
      if (channel) this.hooks(channel.join(timeout), "join", ch, false)
    },
    leave({ ch, id, timeout, late }) {
      const channel = this.channels.get(ch)
      if (!channel) return
      this.pushes.set(id, channel.leave(timeout))
      this.hooks(this.pushes.get(id), "push", id, late)
    },
    push({ ch, id, event, payload, binary, timeout, late }) {
      const channel = this.channels.get(ch)
      if (!channel) return
      const body = binary ? new TextEncoder().encode(payload).buffer : JSON.parse(payload)
      this.pushes.set(id, channel.push(event, body, timeout))
      this.hooks(this.pushes.get(id), "push", id, late)
    },
    receive({ id, status }) {
      this.pushes.get(id)?.receive(status, r => this.log("push", id, status, copy(r)))
    },
    on({ ch, id, event, once }) {
      const channel = this.channels.get(ch)
      if (!channel) return
      const ref = channel.on(event, (payload, r, joinRef) => {
        this.log("handler", ch, id, event, copy(payload), r ?? null, joinRef ?? null)
        if (once) channel.off(event, ref)
      })
      this.handlers.set(id, { channel, event, ref })
    },
    off({ id, ch, event }) {
      const handler = this.handlers.get(id)
      if (handler) handler.channel.off(handler.event, handler.ref)
      else if (event) this.channels.get(ch)?.off(event)
    },
  }

  server = {
    open() { this.wire?.opened() },
    close({ code, reason, clean }) { this.wire?.closed({ code, reason, wasClean: clean }) },
    error() { this.wire?.failed() },
    auto({ open, join, heartbeat }) { this.auto = { open, join, heartbeat } },
    raw({ text }) { this.wire?.message(text) },
    reply({ status, response, binary, ...which }) {
      const frame = this.select(which)
      if (frame) this.wire?.message(replyFrame(frame, status, response, binary && frame.join_ref != null))
    },
    push({ ch, join_ref, event, payload, binary }) {
      const topic = this.channels.get(ch)?.topic
      if (topic === undefined) return
      const join = join_ref === "none" ? { join_ref: null } : this.select({ to: "join", ch, back: join_ref === "old" ? 1 : 0 })
      if (!join) return
      const own = event === "phx_error" || event === "phx_close"
      this.wire?.message(pushFrame({ join_ref: join.join_ref, ref: own ? join.join_ref : null, topic, event }, payload, binary))
    },
  }
}

/// The log, the ids of the departures that mattered, and the milliseconds at which more than one timer of the client fired.
export function playPhoenix(script, departures) {
  const game = new Game(script, departures)
  try {
    return { log: game.play(), used: game.used, ties: game.time.ties }
  } finally {
    FakeTime.uninstall()
  }
}
