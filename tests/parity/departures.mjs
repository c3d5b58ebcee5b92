// Where the two may differ, each named after its line of the client semantics: a D-number of the list of departures that
// compat::phoenix_js() cannot switch off, or the rule that our machines follow and phoenix.js 1.8.12 does not.
// Each changes the official client into what the line says, and tells (`met`) when that made a difference.
// Everything else must be equal to the byte and the millisecond.

const CLOSED = 3

function detach(conn) { for (const event of ["onopen", "onerror", "onmessage", "onclose"]) conn[event] = () => {} }

export const departures = {
  "D-7": {
    what: "a transport that is replaced is closed for the user at that moment, and its later events are dropped",
    socket({ socket }, met) {
      const connect = socket.transportConnect
      socket.transportConnect = function () {
        if (this.conn && this.conn.readyState !== CLOSED) {
          met()
          const old = this.conn
          this.closeWasClean = true
          this.disconnecting = false
          this.onConnClose({ code: 1000, reason: "", wasClean: true })
          detach(old)
        }
        connect.call(this)
      }
    },
  },
  "D-4": {
    what: "no heartbeat ticks while the connection closes (H5); phoenix.js goes on until the close event, and sends the tick on the next open",
    socket({ socket }, met) {
      const disconnect = socket.disconnect
      socket.disconnect = function (...args) {
        if (this.conn && this.conn.readyState !== CLOSED) met()
        this.clearHeartbeats()
        this.pendingHeartbeatRef = null
        disconnect.apply(this, args)
      }
    },
  },
  "S1": {
    what: "connect() works while any disconnect() is in progress, and once; the end of an earlier one makes phoenix.js forget the later one, and a " +
      "second connect() replaces what the first has begun",
    socket({ socket }, met) {
      const connect = socket.transportConnect
      socket.transportConnect = function () {
        if (this.disconnecting) met()
        this.disconnecting = false
        connect.call(this)
      }
      const disconnect = socket.disconnect
      socket.disconnect = function (done, ...how) {
        const conn = this.conn
        if (conn) conn.ending = true
        disconnect.call(this, () => {
          if (this.conn && this.conn !== conn && this.conn.ending) {
            met()
            this.disconnecting = true
          }
          done?.()
        }, ...how)
      }
    },
  },
  "S5": {
    what: "after a disconnect() nothing reconnects by itself, also when it came while a dead heartbeat's or a reconnect's teardown was under way",
    socket({ socket }, met) {
      socket.reconnectTimer.callback = () => socket.teardown(() => socket.closeWasClean ? met() : socket.connect())
      const schedule = socket.reconnectTimer.scheduleTimeout
      socket.reconnectTimer.scheduleTimeout = function () {
        if (socket.closeWasClean || (socket.conn && socket.conn.readyState !== CLOSED)) return met()
        schedule.call(this)
      }
    },
  },
  "N7": {
    what: "Presence does not change the message it is given; phoenix.js cuts the metas down that later handlers and onMessage see",
    channel(_game, channel, met) {
      const on = channel.on
      channel.on = function (event, callback) {
        if (event !== "presence_state") return on.call(this, event, callback)
        return on.call(this, event, (payload, ...rest) => {
          const text = JSON.stringify(payload), own = JSON.parse(text)
          callback(own, ...rest)
          if (JSON.stringify(own) !== text) met()
        })
      }
    },
  },
  "C10": {
    what: "a channel that the server closes while joining stays closed; phoenix.js lets the join time out, leave and rejoin",
    channel(_game, channel, met) {
      channel.onClose(() => {
        if (channel.joinPush.timeoutTimer) met()
        channel.joinPush.cancelTimeout()
      })
    },
  },
  "D-18": {
    what: "a channel that was left before its first join can be joined; phoenix.js sends the join but has forgotten the channel",
    channel({ socket }, channel, met) {
      const last = list => list[list.length - 1]
      const callbacks = { error: last(socket.stateChangeCallbacks.error), open: last(socket.stateChangeCallbacks.open) }
      const join = channel.join
      channel.join = function (...args) {
        if (!this.joinedOnce && !socket.channels.includes(this)) {
          met()
          for (const kind in callbacks) insert(socket.stateChangeCallbacks[kind], callbacks[kind], ([ref]) => Number(ref))
          insert(socket.channels, this, c => Number(c.stateChangeRefs[0]))
        }
        return join.apply(this, args)
      }
    },
  },
}

/// Back to its place by age.
function insert(list, item, age) {
  const at = list.findIndex(other => age(other) > age(item))
  list.splice(at < 0 ? list.length : at, 0, item)
}

export const amendSocket = game => each(game, "socket")
export const amendChannel = (game, channel) => each(game, "channel", channel)

function each(game, part, ...subject) {
  for (const id of game.departures) departures[id][part]?.(game, ...subject, () => game.used.add(id))
}
