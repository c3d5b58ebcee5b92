// The transport of the official client in a parity game: a WebSocket whose network is the script.
// Its twin is wire.hpp. `game` gives log(kind, ...), time, config, auto, wires and sent().

const CONNECTING = 0, OPEN = 1, CLOSING = 2, CLOSED = 3

export function fakeWebSocket(game) {
  return class FakeWebSocket {
    constructor(_url, _protocols) {
      this.readyState = CONNECTING
      this.bufferedAmount = 0
      this.number = game.wires.push(this)
      game.log("connect", this.number)
      if (game.auto.open != null) game.time.network(game.auto.open, () => this.opened())
    }

    // --- the client ---
    send(data) {
      if (typeof data === "string") game.log("send", data)
      else game.log("send_binary", Buffer.from(data).toString("base64"))
      game.sent(this, data)
    }

    close(code, reason) {
      if (this.readyState === CLOSING || this.readyState === CLOSED) return
      game.log("close_wire", this.number, code ?? null, reason ?? "")
      const answer = this.readyState === CONNECTING ? { code: 1006, reason: "", wasClean: false }
        : { code: code ?? 1005, reason: reason ?? "", wasClean: true }
      this.readyState = CLOSING
      if (game.config.close_ms != null) game.time.network(game.config.close_ms, () => this.closed(answer))
    }

    // --- the network ---
    opened() {
      if (this.readyState !== CONNECTING) return
      this.readyState = OPEN
      this.onopen()
    }

    closed(event) {
      if (this.readyState === CLOSED) return
      this.readyState = CLOSED
      this.onclose(event)
    }

    failed() {
      if (this.readyState === CLOSED) return
      this.readyState = CLOSED
      this.onerror(new Error("connection failed"))
      this.onclose({ code: 1006, reason: "", wasClean: false })
    }

    message(data) {
      if (this.readyState !== OPEN && this.readyState !== CLOSING) return
      try {
        this.onmessage({ data })
      } catch {  // a host reports an exception of onmessage and goes on
        game.log("bad_frame")
      }
    }
  }
}
