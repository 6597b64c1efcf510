/**
 * The lab's name server: it knows no name at all and says so. The machines' names are in their hosts files; what
 * is not there does not exist, and must not take a resolver's time-out to say so.
 *
 * A program of its own: `node name-server.ts ADDRESS`, on UDP port 53.
 */
import * as dgram from "node:dgram";

process.title = "name-server";
const [address = "127.0.0.1"] = process.argv.slice(2);

/** RFC 1035, section 4.1.1: a response, recursion available, name error. */
const nameError = 0x8083;

const socket = dgram.createSocket("udp4");
socket.on("message", (query, sender) => {
  if (query.length < 12) return;
  const answer = Buffer.from(query.subarray(0, endOfQuestion(query)));
  answer.writeUInt16BE(nameError | (query.readUInt16BE(2) & 0x0100), 2);
  // One question, and nothing else: an extension record of the query is not repeated.
  answer.writeUInt16BE(1, 4);
  answer.fill(0, 6, 12);
  socket.send(answer, sender.port, sender.address);
});
socket.bind(53, address, () => process.stdout.write("ready\n"));

/** Where the question ends: its labels, then type and class. */
function endOfQuestion(query: Buffer): number {
  let at = 12;
  while (at < query.length && query[at] !== 0) at += 1 + (query[at] ?? 0);
  return Math.min(query.length, at + 5);
}
