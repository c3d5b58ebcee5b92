// What the scripted server says, as bytes. Twin of server_frames.cpp.
const text = bytes => new TextEncoder().encode(bytes ?? "")

function binary(kind, lengths, parts) {
  const bytes = Buffer.concat([Buffer.from([kind, ...lengths]), ...parts.map(p => Buffer.from(p))])
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length)
}

/// A reply to a frame the client sent ({join_ref, ref, topic}); `response` is JSON text, or text sent as bytes.
export function replyFrame(to, status, response, asBinary) {
  if (!asBinary) return `[${JSON.stringify(to.join_ref)},${JSON.stringify(to.ref)},${JSON.stringify(to.topic)},"phx_reply",` +
    `{"status":${JSON.stringify(status)},"response":${response}}]`
  const names = [to.join_ref, to.ref, to.topic, status].map(text)
  return binary(1, names.map(n => n.length), [...names, text(response)])
}

/// A push (with join_ref) or a broadcast (without); `ref` only in text frames.
export function pushFrame({ join_ref, ref, topic, event }, payload, asBinary) {
  if (!asBinary) return `[${JSON.stringify(join_ref)},${JSON.stringify(ref)},${JSON.stringify(topic)},${JSON.stringify(event)},${payload}]`
  const names = (join_ref == null ? [topic, event] : [join_ref, topic, event]).map(text)
  return binary(join_ref == null ? 2 : 0, names.map(n => n.length), [...names, text(payload)])
}
